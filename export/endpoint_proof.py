"""Requests to the endpoints of a SavedModel, and proof of what they answer."""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.endpoints import Endpoint, endpoints_of
from keras_gan.export.errors import ParityError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import relative_error
from keras_gan.export.quiet import quiet
from keras_gan.export.replay import ServedModel
from keras_gan.export.spec import GeneratorSpec

_Arrays = dict[str, np.ndarray]


def example_inputs(
    spec: GeneratorSpec, endpoint: Endpoint, batch_size: int, seed: int = 0
) -> _Arrays:
    """Return a request to an endpoint, the same one for the same seed.

    Args:
        spec: The generator's.
        endpoint: One of `endpoints_of` it.
        batch_size: Number of rows.
        seed: Any integer from 0.
    """
    drawn = spec.draw(batch_size, seed)
    rng = np.random.default_rng([seed, batch_size])
    values: dict[str, Any] = {
        **drawn,
        "seed": rng.integers(0, 2**62, batch_size),
        "truncation": np.linspace(1.0, 0.5, batch_size, dtype="float32"),
    }
    for item in spec.inputs:
        if item.role == "image":
            values["source_bytes"] = _files(drawn[item.name])
    return {name: values[name] for name in endpoint.inputs}


def check_endpoints(
    flat: FlatGenerator, path: pathlib.Path, tolerance: float | None, seed: int = 0
) -> None:
    """Replay the endpoints of a SavedModel as a server does, and compare them.

    Each must answer with what the Keras generator makes of the same seeds, and answer
    each row as if it had come alone.

    Args:
        flat: The generator.
        path: The SavedModel.
        tolerance: The largest error allowed, relative to the largest output value.
        seed: Seed of the requests.
    """
    endpoints = endpoints_of(flat.spec, flat.reference)
    if not endpoints:
        return
    with ServedModel(path) as served, tf.device("CPU:0"):
        for endpoint in endpoints:
            for batch_size in flat.batch_sizes:
                inputs = example_inputs(flat.spec, endpoint, batch_size, seed)
                answer = served.run(inputs, endpoint.name)
                with quiet():
                    expected = endpoint.function(_tensors(inputs))
                _compare(endpoint.name, answer, expected, tolerance)
                if flat.spec.fixed_batch is None:
                    last = {name: value[-1:] for name, value in inputs.items()}
                    row = {name: value[-1:] for name, value in answer.items()}
                    alone = served.run(last, endpoint.name)
                    _compare(endpoint.name, alone, row, tolerance)


def _tensors(inputs: _Arrays) -> dict[str, Any]:
    return {name: tf.constant(value) for name, value in inputs.items()}


def _files(images: np.ndarray) -> np.ndarray:
    low, high = images.min(), images.max()
    pixels = np.rint((images - low) * (255.0 / ((high - low) or 1.0)))
    return tf.io.encode_png(pixels.astype("uint8")).numpy()


def _compare(
    endpoint: str, actual: _Arrays, expected: dict[str, Any], tolerance: float | None
) -> None:
    for name, value in expected.items():
        error = _error(actual[name], np.asarray(value))
        if tolerance is not None and not error <= tolerance:
            raise ParityError(
                f"Endpoint `{endpoint}`: output `{name}` differs from what the Keras "
                f"generator makes of the same request by {error:.2g}, and "
                f"{tolerance:.2g} is allowed."
            )


def _error(actual: np.ndarray, expected: np.ndarray) -> float:
    if actual.shape != expected.shape:
        return np.inf
    if expected.dtype.kind not in "OS":
        return relative_error(actual, expected)
    pairs = zip(actual.flat, expected.flat, strict=True)
    return max((_pixel_error(*pair) for pair in pairs), default=0.0)


def _pixel_error(actual: bytes, expected: bytes) -> float:
    """Return the error of a picture, 0 where rounding alone can tell them apart."""
    pixels = [tf.io.decode_png(file).numpy().astype(int) for file in (actual, expected)]
    if pixels[0].shape != pixels[1].shape:
        return np.inf
    largest = int(np.max(np.abs(pixels[0] - pixels[1])))
    return 0.0 if largest <= 1 else largest / 255.0
