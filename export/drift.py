"""Where an artefact begins to compute something else than its Keras generator."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.flat import FlatGenerator
from keras_gan.export.intermediate import intermediate_tensors
from keras_gan.export.quiet import quiet

# Rounding to half precision and to 8 bits stays within these shares of the spread of
# a layer, where it is sound.
_TOLERANCE, _QUANTISED_TOLERANCE = 0.01, 0.1
_ROUNDING = 1e-5
_NUM_ROWS = 8


@dataclasses.dataclass
class _Step:
    """A call of a Keras layer: the tensors that went in, and those that came out."""

    name: str
    inputs: list[Any]
    outputs: list[Any]
    error: float | None = None  # to the nearest tensor of the file, None: no telling


def drift_sentence(
    flat: FlatGenerator,
    path: pathlib.Path,
    inputs: dict[str, np.ndarray],
    is_quantised: bool = False,
) -> str:
    """Say after which Keras layer an artefact drifts away.

    The outputs of the layers, in the order of their calls, are looked for among the
    tensors that the artefact computes on its way, in any layout. The drift begins
    where a layer is not found, and nothing that depends on it either: converters fuse
    batch normalisation and activations, so a layer may be missing in the middle.

    Args:
        flat: The generator.
        path: The artefact.
        inputs: Arrays by input name on which the artefact fails.
        is_quantised: Whether it was rounded to integers.

    Returns:
        A sentence that ends in a full stop, or nothing where it cannot be told.
    """
    try:
        with quiet(), tf.device("CPU:0"):
            rows = {
                name: array[:_NUM_ROWS] if array.ndim else array
                for name, array in inputs.items()
            }
            given, tensors = intermediate_tensors(path, rows)
            tolerance = _QUANTISED_TOLERANCE if is_quantised else _TOLERANCE
            return _sentence(_compared(_steps(flat, given), tensors), tolerance)
    except Exception:  # an explanation must not hide the error that it explains
        return ""


def _sentence(steps: list[_Step], tolerance: float) -> str:
    last = steps[-1].error
    if last is None or last < _ROUNDING:
        return ""
    tolerance = min(tolerance, last / 2)
    found = [step.error is not None and step.error <= tolerance for step in steps]
    lost = [step.error is not None and step.error > tolerance for step in steps]
    behind = [_descendants(steps, index) for index in range(len(steps))]
    drifted = next(
        index
        for index in range(len(steps))
        if lost[index] and not any(found[later] for later in behind[index])
    )
    sound = [index for index in range(drifted) if found[index]]
    before = [index for index in sound if drifted in behind[index]] or sound
    if before:
        return f"The drift begins after layer `{steps[before[-1]].name}`."
    return f"The drift begins with the first layer, `{steps[drifted].name}`."


def _steps(flat: FlatGenerator, inputs: dict[str, np.ndarray]) -> list[_Step]:
    steps: list[_Step] = []
    with _recorded_calls(steps.append):
        flat.reference(inputs)
    return [step for step in steps if step.outputs]


@contextlib.contextmanager
def _recorded_calls(record: Callable[[_Step], None]) -> Iterator[None]:
    """Note each call of a layer, also inside of subclassed and nested models."""
    call = keras.layers.Layer.__call__

    def recorded_call(self, *args, **kwargs):
        outputs = call(self, *args, **kwargs)
        record(_Step(self.name, _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    keras.layers.Layer.__call__ = recorded_call
    try:
        yield
    finally:
        keras.layers.Layer.__call__ = call


def _tensors(structure: Any) -> list[Any]:
    leaves = keras.tree.flatten(structure)
    return [x for x in leaves if tf.is_tensor(x) and not tf.is_symbolic_tensor(x)]


def _compared(steps: list[_Step], tensors: list[np.ndarray]) -> list[_Step]:
    by_size: dict[int, list[np.ndarray]] = {}
    for tensor in tensors:
        by_size.setdefault(tensor.size, []).extend(_layouts(tensor))
    for step in steps:
        errors = [_error(output.numpy(), by_size) for output in step.outputs]
        known = [error for error in errors if error is not None]
        step.error = max(known) if known else None
    return steps


def _layouts(tensor: np.ndarray) -> list[np.ndarray]:
    """Return the flat values as they lie, and with channels or the batch moved."""
    layouts = [tensor]
    if tensor.ndim > 2:
        layouts.append(np.moveaxis(tensor, 1, -1))
    if tensor.ndim == 3:
        layouts.append(np.swapaxes(tensor, 0, 1))
    return [layout.reshape(-1) for layout in layouts]


def _error(output: np.ndarray, by_size: dict[int, list[np.ndarray]]) -> float | None:
    """Return the error to the nearest tensor in units of the spread of the output."""
    output = output.astype("float64").reshape(-1)
    spread = np.std(output)
    if not spread:  # a constant is found anywhere
        return None
    candidates = by_size.get(output.size, [])
    errors = [np.sqrt(np.mean((output - other) ** 2)) / spread for other in candidates]
    return float(min((e for e in errors if np.isfinite(e)), default=np.inf))


def _descendants(steps: list[_Step], start: int) -> set[int]:
    """Return the later steps that depend on one, all of them if a link is missing."""
    reached = {id(tensor) for tensor in steps[start].outputs}
    found = {start}
    for index in range(start + 1, len(steps)):
        outputs = {id(tensor) for tensor in steps[index].outputs}
        inputs = {id(tensor) for tensor in steps[index].inputs}
        if reached & (inputs | outputs):
            found.add(index)
            reached |= outputs
    return found if len(steps) - 1 in found else set(range(start, len(steps)))
