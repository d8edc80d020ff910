"""Draw with an .onnx generator where there is no TensorFlow.

pip install numpy onnxruntime
python run_onnx.py generator.onnx --seed 7 --out picture.png
"""

import argparse
import struct
import time
import zlib

import numpy as np
import onnxruntime

RUNS = 50  # the median of so many says what a picture takes


def draw(item, rng):
    """Values for an input, with 1 for every free size: latents, or labels 0 and 1."""
    shape = [size if isinstance(size, int) else 1 for size in item.shape]
    if "int" in item.type:
        return rng.integers(0, 2, shape).astype(item.type[len("tensor(") : -1])
    return rng.standard_normal(shape).astype("float32")


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

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(
        args.model, options, providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(args.seed)
    inputs = {item.name: draw(item, rng) for item in session.get_inputs()}
    times, pictures = [], np.zeros(())
    for _ in range(RUNS):
        start = time.perf_counter()
        pictures = np.asarray(session.run(None, inputs)[0])
        times.append(1e3 * (time.perf_counter() - start))
    pixels = np.clip(np.rint((pictures[0] + 1) * 127.5), 0, 255).astype("uint8")
    with open(args.out, "wb") as file:
        file.write(png(pixels))
    print(f"{args.out}: {np.median(times):.3f} ms a picture, {args.threads} threads")


if __name__ == "__main__":
    main()
