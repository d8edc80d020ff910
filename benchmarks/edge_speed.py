"""Times a DCGAN of digits, picture by picture, in every runtime and form."""

import argparse
import json
import multiprocessing
import os
import platform
import random
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from train_step import median_and_interval, seconds_of_others

import keras_gan
from keras_gan.export.artefact import load_artefact
from keras_gan.export.card.machine import machine, versions
from keras_gan.export.conversion.source import Source
from keras_gan.export.faster import faster_generator
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.modes import ARTEFACTS
from keras_gan.export.quality import psnr
from keras_gan.export.samplers import Uniform
from keras_gan.export.spec import GeneratorSpec
from keras_gan.networks import dcgan_generator
from keras_gan.recipes import RECIPES

IMAGE_SIZE = 32
NUM_LATENTS = 512  # the 5th percentile is then the 26th worst picture
AIMS = {"psnr_p5": 40.0, "size": 1 / 3, "speed": 2.0}
# How a generator is written, and what in: `plain` as it is, `folded` without batch
# normalisation, `sub_pixel` as `faster_generator` has it for the mode.
CLAIM = "sub_pixel:tflite-int8"
FLOAT = ("plain:tflite", "sub_pixel:tflite", "plain:onnx", "sub_pixel:onnx")
OTHERS = ("plain:tflite-int8", "plain:onnx-int8", "sub_pixel:onnx-int8")
TENSORFLOW = ("tf_function", "tf_function_xla")
FORMS = [
    f"{form}:{artefact}"
    for artefact in ("tflite", "tflite-int8", "tflite-dynamic", "onnx", "onnx-int8")
    for form in ("plain", "folded", "sub_pixel")
] + ["plain:tflite-int16x8", "plain:onnx-dynamic"]
FORM_SHAPES = ((28, 28, 1), (32, 32, 1), (64, 64, 3))
TURN_SECONDS = 0.03
PAUSE = 0.01  # onnxruntime's threads spin for a while after a run
PROTOCOL = (
    "Batch 1, latents to picture as NumPy arrays. In each round every route has a turn "
    f"of about {TURN_SECONDS} s, in a random order, after a pause of {PAUSE} s; "
    "TensorFlow in a process of its own for each number of threads. A route counts "
    "with the number of threads whose median is lowest. Ratios are of the fastest "
    "float route's time to the int8 one's in the same round; median with its 95 % "
    "bootstrap interval. PSNR in dB, of pairs, against Keras. Forms: processor time."
)


class KeptAsItIs(keras.Model):
    """A generator whose graph the exporter does not see, and so does not rewrite."""

    def __init__(self, generator):
        super().__init__(name=generator.name)
        self.generator = generator

    def call(self, latents, training=None):
        return self.generator(latents, training=training)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="generator of an earlier run")
    parser.add_argument("--epochs", type=int, default=14, help="of the training")
    parser.add_argument("--save", type=Path, help="where to keep the trained generator")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--forms", action="store_true", help="and all forms, sizes")
    parser.add_argument("--out", type=Path, help="JSON file, beside standard output")
    return parser.parse_args()


def trained_generator(args: argparse.Namespace) -> Any:
    """Returns the averaged generator of the recipe `dcgan` on digits."""
    if args.model:
        return keras.saving.load_model(args.model)
    keras.utils.set_random_seed(0)
    digits = keras_gan.data.digits(image_size=IMAGE_SIZE)
    recipe = RECIPES["dcgan"]
    gan = keras_gan.GAN(
        *recipe.networks(digits.example_shape, recipe.latent_dim),
        latent_dim=recipe.latent_dim,
        latent_distribution=recipe.latent_distribution,
        seed=0,
    )
    gan.compile(recipe.optimizer, recipe.optimizer, loss=recipe.loss)
    gan.fit(digits, epochs=args.epochs, verbose=0)
    if args.save:
        gan.ema_generator.save(args.save)
    return gan.ema_generator


def written(generator: keras.Model, routes, folder: Path) -> dict[str, Path]:
    """Returns the files of all routes."""
    spec = GeneratorSpec.of(generator).adjusted(latents=Uniform(-(3**0.5), 3**0.5))
    paths = {}
    for route in routes:
        form, _, artefact = route.partition(":")
        mode = ARTEFACTS[artefact]
        flat = FlatGenerator(in_form(generator, form, mode), spec)
        paths[route] = folder / route.replace(":", "-") / mode.file_name
        paths[route].parent.mkdir()
        options = {"opset": 17} if mode.format == "onnx" else {"batch_size": 1}
        with Source(flat) as source:
            source.convert(mode, paths[route], **options)
    return paths


def in_form(generator: keras.Model, form: str, mode) -> keras.Model:
    if form == "sub_pixel":
        return faster_generator(generator, mode)
    if form == "folded":  # all that is done for this one
        generator = faster_generator(generator, ARTEFACTS["onnx-dynamic"])
    return KeptAsItIs(generator)


def drawing(path: Path, num_threads: int, latents: np.ndarray):
    """Returns a function that draws one picture as a user of the runtime does."""
    if path.suffix == ".onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        name = session.get_inputs()[0].name
        return lambda: session.run(None, {name: latents})[0]
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=num_threads)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]

    def draw():
        interpreter.set_tensor(source, latents)
        interpreter.invoke()
        return interpreter.get_tensor(target)

    return draw


def serve_tensorflow(connection, model_path: Path, num_threads: int) -> None:
    """Takes names of TensorFlow's routes and answers with milliseconds a picture."""
    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(num_threads)
    tf.config.threading.set_inter_op_parallelism_threads(num_threads)
    generator: Any = keras.saving.load_model(model_path)
    latents = tf.zeros((1, *generator.input_shape[1:]))
    draws = {}
    for name, is_compiled in zip(TENSORFLOW, (False, True), strict=True):
        draws[name] = tf.function(
            lambda x: generator(x, training=False),
            input_signature=[tf.TensorSpec(latents.shape)],
            jit_compile=is_compiled,
        )
        draws[name](latents)
    while (name := connection.recv()) is not None:
        draw = draws[name]
        connection.send(milliseconds(lambda draw=draw: draw(latents).numpy()))


class TensorFlow:
    """TensorFlow with a number of threads, in a process of its own."""

    def __init__(self, model_path: Path, num_threads: int):
        context = multiprocessing.get_context("spawn")
        self.connection, end = context.Pipe()
        arguments = (end, model_path, num_threads)
        self.process = context.Process(target=serve_tensorflow, args=arguments)
        self.process.start()

    def turn(self, name: str) -> float:
        self.connection.send(name)
        return self.connection.recv()

    def close(self) -> None:
        self.connection.send(None)
        self.process.join()


def milliseconds(draw, clock=time.perf_counter) -> float:
    """Returns what a picture takes, measured over a turn."""
    draw()
    start, count = clock(), 0
    while count < 3 or clock() - start < TURN_SECONDS:
        draw()
        count += 1
    return 1e3 * (clock() - start) / count


def played(turns: dict, num_rounds: int) -> tuple[dict[str, list[float]], float]:
    """Returns milliseconds by route and round, and the cores that others took."""
    order = random.Random(0)
    rounds = []
    start, others = time.perf_counter(), seconds_of_others()
    for _ in range(num_rounds):
        now = {}
        for name in order.sample(list(turns), len(turns)):
            time.sleep(PAUSE)
            now[name] = turns[name]()
        rounds.append(now)
    others = (seconds_of_others() - others) / (time.perf_counter() - start)
    return {name: [now[name] for now in rounds] for name in turns}, others


def measure_claim(generator, args, folder: Path) -> dict:
    """Times all routes of the trained generator against each other."""
    paths = written(generator, (CLAIM, *FLOAT, *OTHERS), folder)
    latents = np.zeros((1, *generator.input_shape[1:]), "float32")
    generator.save(folder / "generator.keras")
    turns, workers = {}, []
    for count in args.threads:
        workers.append(TensorFlow(folder / "generator.keras", count))
        for name in TENSORFLOW:
            turns[f"{name}@{count}"] = lambda w=workers[-1], name=name: w.turn(name)
        for name, path in paths.items():
            draw = drawing(path, count, latents)
            turns[f"{name}@{count}"] = lambda draw=draw: milliseconds(draw)
    times, others = played(turns, args.rounds)
    for worker in workers:
        worker.close()
    return verdict(generator, paths, times) | {"cores_of_others": round(others, 2)}


def verdict(generator, paths: dict, times: dict) -> dict:
    medians = {route: float(np.median(values)) for route, values in times.items()}

    def best(names):
        own = [route for route in times if route.partition("@")[0] in names]
        return min(own, key=medians.__getitem__)

    fastest, ours = best((*FLOAT, *TENSORFLOW)), best((CLAIM,))
    pairs = zip(times[fastest], times[ours], strict=True)
    quality = {r: quality_of(generator, p) for r, p in paths.items() if "int8" in r}
    size = file_size(paths[CLAIM]) / file_size(paths["plain:tflite"])
    speed = median_and_interval([other / own for other, own in pairs])
    return {
        "ms": {route: median_and_interval(values) for route, values in times.items()},
        "kilobytes": {route: file_size(path) for route, path in paths.items()},
        "psnr": quality,
        "claim": {
            "int8": ours,
            "fastest_float": fastest,
            "speed": speed,
            "size": round(size, 4),
            "psnr_p5": quality[CLAIM]["p5"],
            "aims": AIMS,
            "met": speed["interval"] is not None
            and speed["interval"][0] >= AIMS["speed"]
            and size <= AIMS["size"]
            and quality[CLAIM]["p5"] >= AIMS["psnr_p5"],
        },
    }


def quality_of(generator, path: Path) -> dict:
    ends = -(3**0.5), 3**0.5
    shape = (NUM_LATENTS, *generator.input_shape[1:])
    latents = np.random.default_rng(1).uniform(*ends, shape).astype("float32")
    expected = generator.predict(latents, verbose=0)
    values = psnr(expected, load_artefact(path)(latents), peak=2.0)
    p5 = np.percentile(values, 5)
    return {"mean": round(float(values.mean()), 2), "p5": round(float(p5), 2)}


def file_size(path: Path) -> float:
    return round(path.stat().st_size / 1024, 1)


def measure_forms(shape, args, folder: Path) -> dict:
    """Times one thread on every form of an untrained network of the recipe.

    In processor time: a single thread waits for nobody, and so neighbours on the
    machine hardly show.
    """
    keras.utils.set_random_seed(0)
    generator = dcgan_generator(shape)
    for weight in generator.weights:
        if "norm" in weight.path:
            rng = np.random.default_rng(0)
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    folder.mkdir()
    paths = written(generator, FORMS, folder)
    latents = np.zeros((1, *generator.input_shape[1:]), "float32")
    draws = {route: drawing(path, 1, latents) for route, path in paths.items()}
    turns = {
        route: lambda draw=draw: milliseconds(draw, time.thread_time)
        for route, draw in draws.items()
    }
    times, others = played(turns, max(args.rounds // 3, 6))
    return {
        "image_shape": shape,
        "ms": {route: median_and_interval(values) for route, values in times.items()},
        "kilobytes": {route: file_size(path) for route, path in paths.items()},
        "cores_of_others": round(others, 2),
    }


def print_table(title: str, result: dict) -> None:
    print(f"\n{title}", file=sys.stderr)
    for route, value in sorted(result["ms"].items(), key=lambda x: x[1]["median"]):
        size = result["kilobytes"].get(route.partition("@")[0], "")
        print(f"{route:32}{value['median']:9.3f} ms {size:>9}", file=sys.stderr)


def main() -> None:
    args = parse_arguments()
    generator = trained_generator(args)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = measure_claim(generator, args, folder)
        print_table("dcgan on digits", result)
        print(json.dumps(result["claim"], indent=1), file=sys.stderr)
        forms = []
        for shape in FORM_SHAPES if args.forms else ():
            forms.append(measure_forms(shape, args, folder / str(shape[0])))
            print_table(f"dcgan {shape}", forms[-1])
    report = {
        "benchmark": "edge_speed",
        "command": shlex.join(["python", *sys.argv]),
        "machine": machine() | {"platform": platform.platform()},
        "versions": versions(),
        "protocol": PROTOCOL,
        "rounds": args.rounds,
        "epochs": args.epochs,
        "parameters": generator.count_params(),
        "image_shape": generator.output_shape[1:],
        "digits": result,
        "forms": forms,
    }
    text = json.dumps(report)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
