"""Whether an artefact has the form of its generator, and how far outputs are apart."""

import pathlib
import re
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from keras_gan.export.artefact import Artefact, artefact_kind
from keras_gan.export.errors import ExportError, ParityError
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import refused
from keras_gan.export.spec import GeneratorSpec

_DAMAGED = re.compile(r"(?i)flatbuffer|model identifier|mmap|protobuf|pars|corrupt")


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """Return how far two outputs are apart.

    For floats `max |actual - expected| / max |expected|`, and 1 in place of a
    denominator of 0; for integers the share of entries that differ.

    Args:
        actual: Array of any shape.
        expected: Array of the same shape.
    """
    if expected.dtype.kind in "iubSUO":  # bfloat16 is of no kind that NumPy knows
        return float(np.mean(actual != expected))
    actual, expected = actual.astype("float64"), expected.astype("float64")
    return float(np.max(np.abs(actual - expected)) / (np.max(np.abs(expected)) or 1.0))


def opened(path: pathlib.Path) -> Artefact:
    """Load an artefact in its runtime, on the CPU.

    Args:
        path: A SavedModel folder, a `.tflite` or an `.onnx` file.
    """
    kind = artefact_kind(path)
    with quiet(), tf.device("CPU:0"):
        try:
            return kind(path)
        except ImportError:
            raise
        except Exception as error:
            raise _not_loaded(kind, path, error) from error


def run(artefact: Artefact, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run an artefact on the CPU.

    Args:
        artefact: A loaded artefact.
        inputs: Arrays by input name.
    """
    with quiet(), tf.device("CPU:0"):
        try:
            return artefact.run(inputs)
        except Exception as error:
            raise refused(artefact.runtime, error) from error


def check_signature(artefact: Artefact, spec: GeneratorSpec) -> None:
    """Raise `ParityError` if names or input dtypes are not those of the generator.

    Args:
        artefact: A loaded artefact.
        spec: Of the generator.
    """
    _check_names("inputs", artefact.inputs, spec.input_names)
    _check_names("outputs", artefact.outputs, spec.output_names)
    for item in spec.inputs:
        declared = np.dtype(tf.as_dtype(item.dtype).as_numpy_dtype)
        if artefact.inputs[item.name] != declared:
            raise ParityError(
                f"{artefact.format_name}: input `{item.name}` is "
                f"{artefact.inputs[item.name]}, and {declared} was declared."
            )


def check_form(where: str, actual: np.ndarray, expected: np.ndarray) -> str:
    """Return what is wrong with the dtype, the shape or the numbers of an output.

    Args:
        where: What to call the output.
        actual: The output.
        expected: What the Keras generator returns.

    Returns:
        A sentence, empty if nothing is wrong.
    """
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        return (
            f"{where} is {actual.dtype} of shape {actual.shape}, and the Keras "
            f"generator returns {expected.dtype} of shape {expected.shape}."
        )
    if actual.dtype.kind in "fc" and not np.all(np.isfinite(actual)):
        return f"{where} holds NaN or infinity, unlike that of the Keras generator."
    return ""


def _check_names(what: str, actual: Iterable[str], expected: Iterable[str]) -> None:
    if set(actual) != set(expected):
        raise ParityError(
            f"The artefact's {what} are {sorted(actual)}, and {sorted(expected)} were "
            "declared. It is not the artefact of this generator."
        )


def _not_loaded(
    kind: type[Artefact], path: pathlib.Path, error: Exception
) -> ExportError:
    if kind.format_name == "SavedModel" or _DAMAGED.search(str(error)):
        reason = str(error).strip().partition("\n")[0][:300].rstrip(".")
        return ParityError(
            f"{kind.runtime} cannot load the {kind.format_name}: {reason}. "
            f"Received: path={path}. It is damaged: export the generator again."
        )
    return refused(kind.runtime, error)
