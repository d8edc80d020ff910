"""What code has to know of the inputs and outputs of one very artefact."""

import dataclasses
import math
import pathlib
from typing import Any

import numpy as np

from keras_gan.export.card.pictures import value_range
from keras_gan.export.card.reference import Reference
from keras_gan.export.card.tflite_file import Tensor, read_tflite
from keras_gan.export.packages import require
from keras_gan.export.samplers import Sampler
from keras_gan.export.spec import GeneratorSpec


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output as code sees it.

    Args:
        name: Its name.
        shape: Its sizes for one run; those that are free are examples.
        is_free: Whether a size besides the batch is free.
        dtype: What the file takes or gives, as numpy calls it.
        role: What it is for.
        scale: Real value of one step where the file has integers for it, else 0.
        zero_point: The integer that stands for 0 then.
        sampler: How an input is drawn, `None` for outputs.
        low: Least value of an output.
        high: Largest value of an output.
        place: Place of an input among those of a TFLite graph.
    """

    name: str
    shape: tuple[int, ...]
    is_free: bool
    dtype: str
    role: str
    scale: float = 0.0
    zero_point: int = 0
    sampler: Sampler | None = None
    low: float = 0.0
    high: float = 1.0
    place: int = 0

    @property
    def count(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def step(self) -> str:
        """`scale` in digits, as many as float32 has."""
        return str(np.float32(self.scale))

    @property
    def ends(self) -> tuple[int, int]:
        """The least and largest integer of its dtype."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)


@dataclasses.dataclass(frozen=True)
class Ports:
    """All that code needs to call an artefact: its file, inputs and outputs."""

    file_name: str
    format: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def ports(
    path: pathlib.Path, format_name: str, spec: GeneratorSpec, reference: Reference
) -> Ports:
    """Return the inputs and outputs of an artefact.

    Args:
        path: The artefact.
        format_name: `"saved_model"`, `"tflite"` or `"onnx"`.
        spec: Inputs and outputs of the generator.
        reference: Seeded inputs and outputs, for sizes that are free.
    """
    stored, places = _stored(path, format_name)
    batch = spec.fixed_batch or _stored_batch(stored, spec)
    inputs = (
        Port(
            name=item.name,
            shape=_example_shape(reference.inputs[item.name], batch),
            is_free=None in item.shape[1:],
            role=item.role,
            sampler=item.sampler,
            place=places.get(item.name, 0),
            **_as_stored(stored, item),
        )
        for item in spec.inputs
    )
    outputs = (
        Port(
            name=item.name,
            shape=_example_shape(reference.outputs[item.name], batch),
            is_free=None in item.shape[1:],
            role=item.role,
            **_range(item, reference.outputs[item.name]),
            **_as_stored(stored, item),
        )
        for item in spec.outputs
    )
    return Ports(path.name, format_name, tuple(inputs), tuple(outputs))


def _stored(
    path: pathlib.Path, format_name: str
) -> tuple[dict[str, Tensor], dict[str, int]]:
    """Return inputs and outputs by name as the file has them, and their places."""
    if format_name == "tflite":
        file = read_tflite(path)
        return {**file.inputs, **file.outputs}, file.input_places
    if format_name == "onnx":
        graph = require("onnx").load(str(path), load_external_data=False).graph
        return {
            item.name: _onnx_tensor(item) for item in (*graph.input, *graph.output)
        }, {}
    return {}, {}


def _onnx_tensor(item: Any) -> Tensor:
    kind = item.type.tensor_type
    dtype = require("onnx").helper.tensor_dtype_to_np_dtype(kind.elem_type)
    sizes = (size.dim_value or None for size in kind.shape.dim)
    return Tensor(tuple(sizes), np.dtype(dtype).name, False, 0.0, 0)


def _stored_batch(stored: dict[str, Tensor], spec: GeneratorSpec) -> int:
    for item in spec.inputs:
        shape = stored[item.name].shape if item.name in stored else ()
        if item.shape and shape:
            return shape[0] or 1
    return 1


def _as_stored(stored: dict[str, Tensor], item: Any) -> dict[str, Any]:
    tensor = stored.get(item.name)
    if tensor is None:
        return {"dtype": item.dtype}
    is_quantised = item.dtype.startswith("float") and tensor.dtype.startswith("int")
    if not is_quantised:
        return {"dtype": tensor.dtype}
    scale, zero_point = tensor.scale, tensor.zero_point
    return {"dtype": tensor.dtype, "scale": scale, "zero_point": zero_point}


def _range(item: Any, samples: np.ndarray) -> dict[str, float]:
    if item.role != "image":
        return {}
    low, high = value_range(item, samples)
    return {"low": low, "high": high}


def _example_shape(array: np.ndarray, batch: int) -> tuple[int, ...]:
    return (batch, *array.shape[1:]) if array.ndim else ()
