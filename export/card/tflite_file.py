"""What a TFLite file says about itself: operations, tensors, signature."""

import dataclasses
import functools
import pathlib
from typing import Any

from keras_gan.export.packages import require

SIGNATURE = "serving_default"


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor of a TFLite file.

    Args:
        shape: Its sizes; `None` is free.
        dtype: As numpy calls it.
        is_constant: Whether its values are stored in the file.
        scale: Real value of one step, 0 if the tensor is not quantised.
        zero_point: The integer that stands for 0.
    """

    shape: tuple[int | None, ...]
    dtype: str
    is_constant: bool
    scale: float
    zero_point: int

    @property
    def is_free(self) -> bool:
        return None in self.shape


@dataclasses.dataclass(frozen=True)
class Operation:
    """One step of a TFLite graph.

    Args:
        name: Name of the builtin operation, or of the custom one.
        version: Version of its definition.
        inputs: Its inputs; an optional one that is absent is left out.
        outputs: Its outputs.
        options: The options as the schema has them, `None` without.
        is_custom: Whether it is none of the builtin operations.
    """

    name: str
    version: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    options: Any
    is_custom: bool = False

    @property
    def num_runtime_inputs(self) -> int:
        return sum(not tensor.is_constant for tensor in self.inputs)


@dataclasses.dataclass(frozen=True)
class TFLiteFile:
    """A TFLite file, read without running it.

    Args:
        operations: The steps of all its graphs, in order.
        inputs: The inputs of the signature, by name.
        outputs: The outputs of the signature, by name.
        input_places: Name of each input to its place among those of the graph.
        written_minimum: The smallest runtime that the converter wrote into the file.
    """

    operations: tuple[Operation, ...]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    input_places: dict[str, int]
    written_minimum: str

    @property
    def has_free_sizes(self) -> bool:
        """Whether any tensor that is computed has a size that is not fixed."""
        return any(
            tensor.is_free for step in self.operations for tensor in step.outputs
        )


def read_tflite(path: pathlib.Path) -> TFLiteFile:
    """Read a TFLite file.

    Args:
        path: The file.
    """
    schema = require("ai_edge_litert.schema_py_generated")
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graphs = [_tensors(model, graph) for graph in model.subgraphs]
    operations = [
        operation
        for graph, tensors in zip(model.subgraphs, graphs, strict=True)
        for operation in _operations(model, graph, tensors)
    ]
    signature = _signature(model)
    tensors = graphs[signature.subgraphIndex]
    places = list(model.subgraphs[signature.subgraphIndex].inputs)
    return TFLiteFile(
        operations=tuple(operations),
        inputs=_by_name(signature.inputs, tensors),
        outputs=_by_name(signature.outputs, tensors),
        input_places={
            item.name.decode(): places.index(item.tensorIndex)
            for item in signature.inputs
        },
        written_minimum=_written_minimum(model),
    )


def _signature(model: Any) -> Any:
    keys = {item.signatureKey.decode(): item for item in model.signatureDefs or []}
    return keys[SIGNATURE]


def _by_name(items: list[Any], tensors: list[Tensor]) -> dict[str, Tensor]:
    return {item.name.decode(): tensors[item.tensorIndex] for item in items}


def _tensors(model: Any, graph: Any) -> list[Tensor]:
    tensors = [_tensor(model, item) for item in graph.tensors]
    # Float16 weights pass through a DEQUANTIZE that delegates fold away.
    for operator in graph.operators:
        if _name(model, operator) == "DEQUANTIZE":
            source, result = int(operator.inputs[0]), int(operator.outputs[0])
            constant = tensors[source].is_constant
            tensors[result] = dataclasses.replace(tensors[result], is_constant=constant)
    return tensors


def _tensor(model: Any, item: Any) -> Tensor:
    # -1 in the signature of the shape, where there is one, is a size left free.
    signature = item.shapeSignature if item.shapeSignature is not None else item.shape
    sizes = [] if signature is None else [int(size) for size in signature]
    buffer = model.buffers[item.buffer]
    stored = buffer.data is not None and len(buffer.data) > 0 or buffer.offset > 1
    scale, zero_point = _per_tensor(item.quantization)
    return Tensor(
        shape=tuple(None if size < 0 else size for size in sizes),
        dtype=_dtypes()[item.type],
        is_constant=bool(stored) and not item.isVariable,
        scale=scale,
        zero_point=zero_point,
    )


def _per_tensor(quantization: Any) -> tuple[float, int]:
    """Return scale and zero point, 0 where there are none or one per channel."""
    if quantization is None or quantization.scale is None:
        return 0.0, 0
    if len(quantization.scale) != 1:
        return 0.0, 0
    return float(quantization.scale[0]), int(quantization.zeroPoint[0])


def _operations(model: Any, graph: Any, tensors: list[Tensor]) -> list[Operation]:
    return [
        Operation(
            name=_name(model, operator),
            version=model.operatorCodes[operator.opcodeIndex].version,
            inputs=tuple(tensors[index] for index in operator.inputs if index >= 0),
            outputs=tuple(tensors[index] for index in operator.outputs),
            options=operator.builtinOptions or operator.builtinOptions2,
            is_custom=model.operatorCodes[operator.opcodeIndex].customCode is not None,
        )
        for operator in graph.operators
    ]


def _name(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    if code.customCode is not None:
        return code.customCode.decode()
    return _operation_names()[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _written_minimum(model: Any) -> str:
    for item in model.metadata or []:
        if item.name == b"min_runtime_version":
            data = bytes(model.buffers[item.buffer].data)
            return data.rstrip(b"\0").decode()
    return ""


@functools.cache
def _operation_names() -> dict[int, str]:
    return _enumeration("BuiltinOperator")


@functools.cache
def _dtypes() -> dict[int, str]:
    return {code: name.lower() for code, name in _enumeration("TensorType").items()}


def _enumeration(name: str) -> dict[int, str]:
    schema = require("ai_edge_litert.schema_py_generated")
    members = vars(getattr(schema, name)).items()
    return {code: name for name, code in members if isinstance(code, int)}
