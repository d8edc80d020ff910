"""How fast artefacts draw, measured in turns on this machine."""

import dataclasses
import pathlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.artefact import Artefact, load_artefact
from keras_gan.export.card.machine import num_cores
from keras_gan.export.card.tflite_file import SIGNATURE
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.packages import require
from keras_gan.export.quiet import quiet
from keras_gan.export.spec import GeneratorSpec

ROUNDS = 10
WARM_UP_RUNS = 2
THROUGHPUT_BATCH = 32

Inputs = dict[str, np.ndarray]
Call = Callable[[], Any]


@dataclasses.dataclass(frozen=True)
class Timed:
    """Something that draws, ready to be timed.

    Args:
        single: Draws the smallest batch, with inputs that are there already.
        batch_size: The size of that batch.
        many: Draws a larger batch; the same as `single` where the size is fixed.
        many_size: The size of that batch.
        num_threads: How many threads it may use.
        frame_size: Height and width of the pictures that go in, of a generator that
            makes pictures of pictures.
    """

    single: Call
    batch_size: int
    many: Call
    many_size: int
    num_threads: int
    frame_size: tuple[int, int] | None = None


def measured(
    candidates: Mapping[str, Timed], seconds: float = 2.0
) -> dict[str, dict[str, Any]]:
    """Time what draws, in turns, so that a busy moment strikes all alike.

    After warm-up runs come `ROUNDS` rounds; in each of them every candidate draws for
    its share of the time. One that has used up more sits rounds out, but three.

    Args:
        candidates: What draws, by name.
        seconds: About how long the rounds take in all.

    Returns:
        By name: median and 95th percentile of the time of one batch, and pictures
        per second, with batch sizes, threads and number of runs. Of pictures made of
        pictures the frames per second too: one smallest batch after the other, as a
        camera gives them.
    """
    share = seconds / (2 * ROUNDS * max(len(candidates), 1))
    times = {name: ([], []) for name in candidates}
    for item in candidates.values():
        for _ in range(WARM_UP_RUNS):
            item.single()
            item.many()
    for turn in range(ROUNDS):
        for name, item in candidates.items():
            for call, runs in zip((item.single, item.many), times[name], strict=True):
                # What is slow sits rounds out, or it would take all of the time.
                if sum(runs) <= turn * share or turn in (ROUNDS // 2, ROUNDS - 1):
                    runs += _times(call, share)
    return {name: _summary(item, *times[name]) for name, item in candidates.items()}


def _times(call: Call, share: float) -> list[float]:
    times: list[float] = []
    left = share
    while not times or left > 0:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
        left -= times[-1]
    return times


def _summary(item: Timed, singles: list[float], many: list[float]) -> dict[str, Any]:
    latency = float(np.median(singles))
    frames: dict[str, Any] = {}
    if item.frame_size is not None:
        frames = {
            "frames_per_second": item.batch_size / latency,
            "frame_size": list(item.frame_size),
        }
    return {
        "latency_ms_median": 1e3 * latency,
        "latency_ms_p95": 1e3 * float(np.percentile(singles, 95)),
        "batch_size": item.batch_size,
        "pictures_per_second": item.many_size / float(np.median(many)),
        "throughput_batch_size": item.many_size,
        "num_threads": item.num_threads,
        "num_runs": len(singles),
        **frames,
    }


def timed_keras(flat: FlatGenerator, seed: int = 0) -> dict[str, Timed]:
    """Return the ways to call the Keras model itself, ready to be timed.

    Args:
        flat: The generator.
        seed: Seed of the inputs.

    Returns:
        `keras predict` (left out where the model takes what `predict` cannot),
        `keras call` and `keras tf.function`.
    """
    single_size, many_size = _batch_sizes(flat.spec, None)
    many = flat.spec.draw(many_size, seed)
    single = _first_rows(many, single_size)
    function, threads = flat.function(), tensorflow_threads()
    frame = _frame_size(flat.spec, single)

    def predicted(inputs: Inputs) -> Call:
        (values,) = flat.arguments(inputs)
        return lambda: flat.model.predict(values, batch_size=many_size, verbose=0)

    def called(inputs: Inputs) -> Call:
        arguments = flat.arguments(inputs)
        return lambda: _fetched(flat.model(*arguments, training=False))

    def compiled(inputs: Inputs) -> Call:
        tensors = [tf.constant(inputs[name]) for name in flat.spec.input_names]
        return lambda: _fetched(function(*tensors))

    ways = {"keras call": called, "keras tf.function": compiled}
    if _can_predict(flat, single):
        ways = {"keras predict": predicted, **ways}
    return {
        name: Timed(way(single), single_size, way(many), many_size, threads, frame)
        for name, way in ways.items()
    }


def _can_predict(flat: FlatGenerator, inputs: Inputs) -> bool:
    has_rows = all(item.shape for item in flat.spec.inputs)
    return has_rows and len(flat.arguments(inputs)) == 1


def timed_artefact(
    path: pathlib.Path,
    format_name: str,
    spec: GeneratorSpec,
    num_threads: int,
    seed: int = 0,
) -> Timed:
    """Return an artefact loaded and ready to be timed in its runtime.

    Args:
        path: The artefact.
        format_name: `"saved_model"`, `"tflite"` or `"onnx"`.
        spec: Inputs and outputs of the generator.
        num_threads: Threads of LiteRT or onnxruntime; TensorFlow's are those of the
            process.
        seed: Seed of the inputs.
    """
    # Whoever calls has written it, or asked whether it may be loaded.
    artefact = load_artefact(path, num_threads, allow_untrusted=True)
    single_size, many_size = _batch_sizes(spec, artefact.batch_size)
    many_inputs = spec.draw(many_size, seed)
    inputs = _first_rows(many_inputs, single_size)
    frame = _frame_size(spec, inputs)
    if format_name == "tflite":
        single = tflite_call(path, inputs, num_threads)
        is_fixed = many_size == single_size
        many = single if is_fixed else tflite_call(path, many_inputs, num_threads)
        return Timed(single, single_size, many, many_size, num_threads, frame)
    if format_name == "saved_model":
        num_threads = tensorflow_threads()
    single, many = _run(artefact, inputs), _run(artefact, many_inputs)
    return Timed(single, single_size, many, many_size, num_threads, frame)


def _frame_size(spec: GeneratorSpec, inputs: Inputs) -> tuple[int, int] | None:
    pictures = [item.name for item in spec.inputs if item.role == "image"]
    if not pictures or all(item.role != "image" for item in spec.outputs):
        return None
    height, width = inputs[pictures[0]].shape[1:3]
    return height, width


def _run(artefact: Artefact, inputs: Inputs) -> Call:
    typed = {name: np.asarray(inputs[name], artefact.inputs[name]) for name in inputs}
    return lambda: artefact.run(typed)


def tflite_call(path: pathlib.Path, inputs: Inputs, num_threads: int) -> Call:
    """Return a call that draws with a TFLite file as an app does: copy, invoke, copy.

    Args:
        path: The file.
        inputs: Real values by input name; they are quantised beforehand for a file
            that takes integers.
        num_threads: Threads of LiteRT.
    """
    litert = require("ai_edge_litert.interpreter")
    with quiet():
        interpreter = litert.Interpreter(model_path=str(path), num_threads=num_threads)
        runner = interpreter.get_signature_runner(SIGNATURE)
        given, made = runner.get_input_details(), runner.get_output_details()
        del runner  # as long as it lives, sizes cannot change
        for name, value in inputs.items():
            if tuple(given[name]["shape"]) != value.shape:
                interpreter.resize_tensor_input(given[name]["index"], value.shape)
        interpreter.allocate_tensors()
    values = {given[n]["index"]: _stored(v, given[n]) for n, v in inputs.items()}
    results = [detail["index"] for detail in made.values()]

    def call():
        for index, value in values.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in results]

    return call


def _stored(value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    (scale, zero_point), dtype = detail["quantization"], np.dtype(detail["dtype"])
    if not scale or dtype.kind not in "iu":
        return value.astype(dtype)
    ends = np.iinfo(dtype)
    return np.clip(np.rint(value / scale) + zero_point, ends.min, ends.max).astype(
        dtype
    )


def tensorflow_threads() -> int:
    """Return how many threads TensorFlow uses within an operation."""
    return tf.config.threading.get_intra_op_parallelism_threads() or num_cores()


def ask_tensorflow_for(num_threads: int) -> None:
    """Set TensorFlow's threads, which it takes only before it has run anything."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(num_threads)
        tf.config.threading.set_inter_op_parallelism_threads(num_threads)
    except RuntimeError:
        # The number that it keeps is the one that `tensorflow_threads` reports.
        return


def _batch_sizes(spec: GeneratorSpec, artefact_size: int | None) -> tuple[int, int]:
    fixed = spec.fixed_batch or artefact_size
    return (1, THROUGHPUT_BATCH) if fixed is None else (fixed, fixed)


def _first_rows(inputs: Inputs, num_rows: int) -> Inputs:
    return {name: v[:num_rows] if v.ndim else v for name, v in inputs.items()}


def _fetched(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(value) for value in tf.nest.flatten(outputs)]
