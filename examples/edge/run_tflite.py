"""Draw with a .tflite generator where there is no TensorFlow.

pip install numpy ai-edge-litert
python run_tflite.py generator.tflite --seed 7 --out picture.png
"""

import argparse
import struct
import time
import zlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter

RUNS = 50  # the median of so many says what a picture takes


def draw(detail, rng):
    """Values for an input: normal latents, or labels 0 and 1."""
    if detail["quantization"][0] == 0 and np.issubdtype(detail["dtype"], np.integer):
        return rng.integers(0, 2, detail["shape"]).astype(detail["dtype"])
    values = rng.standard_normal(detail["shape"]).astype("float32")
    scale, zero_point = detail["quantization"]
    if scale:  # an integer file: real value = scale * (integer - zero point)
        limits = np.iinfo(detail["dtype"])
        values = np.clip(np.round(values / scale) + zero_point, limits.min, limits.max)
    return values.astype(detail["dtype"])


def real(values, detail):
    scale, zero_point = detail["quantization"]
    return scale * (values.astype("float32") - zero_point) if scale else values


def png(pixels):
    """Bytes of a PNG of uint8 pixels of shape (height, width, 1 or 3)."""
    height, width, channels = pixels.shape
    header = struct.pack(">2I5B", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    file = b"\x89PNG\r\n\x1a\n"
    for tag, data in chunks:
        file += struct.pack(">I", len(data)) + tag + data
        file += struct.pack(">I", zlib.crc32(tag + data))
    return file


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="picture.png")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    interpreter = Interpreter(model_path=args.model, num_threads=args.threads)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(args.seed)
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], draw(detail, rng))
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(1e3 * (time.perf_counter() - start))
    [output] = interpreter.get_output_details()
    picture = real(interpreter.get_tensor(output["index"]), output)[0]
    pixels = np.clip(np.rint((picture + 1) * 127.5), 0, 255).astype("uint8")
    with open(args.out, "wb") as file:
        file.write(png(pixels))
    print(f"{args.out}: {np.median(times):.3f} ms a picture, {args.threads} threads")


if __name__ == "__main__":
    main()
