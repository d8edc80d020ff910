"""Proof that an artefact computes what the Keras generator computes."""

import pathlib
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from keras_gan.export.artefact import Artefact, artefact_kind
from keras_gan.export.errors import ParityError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import refused


def check_parity(
    flat: FlatGenerator,
    path: pathlib.Path,
    batch_sizes: Iterable[int],
    tolerance: float,
    seed: int = 0,
) -> float:
    """Reload an artefact in its runtime and compare it with its generator.

    Args:
        flat: The generator.
        path: The artefact.
        batch_sizes: Batch sizes to compare at, each on inputs of its own.
        tolerance: The largest relative error allowed, see `relative_error`.
        seed: Seed of the inputs.

    Returns:
        The largest relative error seen.
    """
    artefact = _opened(path)
    _check_names("inputs", artefact.inputs, flat.spec.input_names)
    _check_names("outputs", artefact.outputs, flat.spec.output_names)
    errors = [0.0]
    for trial, batch_size in enumerate(batch_sizes):
        inputs = flat.spec.draw(batch_size, seed + trial)
        actual, expected = _run(artefact, inputs), flat.reference(inputs)
        for name in flat.spec.output_names:
            where = f"{artefact.format_name}: output `{name}` at batch {batch_size}"
            _check_form(where, actual[name], expected[name])
            errors.append(relative_error(actual[name], expected[name]))
            _check_error(where, errors[-1], tolerance)
    return max(errors)


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """Return how far two outputs are apart.

    For floats `max |actual - expected| / max |expected|`, and 1 in place of a
    denominator of 0; for integers the share of entries that differ.
    """
    if expected.dtype.kind in "iub":
        return float(np.mean(actual != expected))
    actual, expected = actual.astype("float64"), expected.astype("float64")
    return float(np.max(np.abs(actual - expected)) / (np.max(np.abs(expected)) or 1.0))


def _check_names(what: str, actual: Iterable[str], expected: Iterable[str]) -> None:
    if set(actual) != set(expected):
        raise ParityError(
            f"The artefact's {what} are {sorted(actual)}, and {sorted(expected)} were "
            "declared. It is not the artefact of this generator."
        )


def _opened(path: pathlib.Path) -> Artefact:
    kind = artefact_kind(path)
    with quiet(), tf.device("CPU:0"):
        try:
            return kind(path)
        except Exception as error:
            raise refused(kind.runtime, error) from error


def _run(artefact: Artefact, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    with quiet(), tf.device("CPU:0"):
        try:
            return artefact.run(inputs)
        except Exception as error:
            raise refused(artefact.runtime, error) from error


def _check_form(where: str, actual: np.ndarray, expected: np.ndarray) -> None:
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        raise ParityError(
            f"{where} is {actual.dtype} of shape {actual.shape}, and the Keras "
            f"generator returns {expected.dtype} of shape {expected.shape}."
        )
    if not np.all(np.isfinite(actual.astype("float64"))):
        raise ParityError(f"{where} holds NaN or infinity, unlike the Keras generator.")


def _check_error(where: str, error: float, tolerance: float) -> None:
    if not error <= tolerance:
        raise ParityError(
            f"{where} differs from the Keras generator by {error:.2g} of its largest "
            f"value, and {tolerance:.2g} is allowed. If pictures that far apart will "
            "do, pass a larger `tolerance`."
        )
