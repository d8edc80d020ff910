"""Where an artefact will run, by rules on what is in its file."""

import collections
import dataclasses
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

from keras_gan.export.card.gpu_delegate import left_to_the_cpu
from keras_gan.export.card.tflite_file import TFLiteFile, read_tflite
from keras_gan.export.packages import require

_PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
# LiteRT.js 2.5 has tensors of these and no others.
_LITERT_JS_DTYPES = {"float32", "int32", "uint8"}
_INTEGERS = {"int8", "uint8", "int32", "bool"}
# What onnxruntime-web 1.30 has WebGPU kernels for, or needs none.
_WEBGPU = frozenset(
    """
Abs Acos Acosh Add ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization
Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DFT
DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf Exp Expand Flatten Floor Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
GridSample HardSigmoid HardSwish Identity If InstanceNormalization LayerNormalization
LeakyRelu Less LessOrEqual Log MatMul MaxPool Mul Neg Not Pad Pow Range Reciprocal
ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
ReduceSum ReduceSumSquare Relu Reshape Resize ScatterND Shape Sigmoid Sin Sinh Slice
Softmax Split Sqrt Squeeze Sub Tan Tanh ThresholdedRelu Tile Transpose Unsqueeze Where
""".split()
)


@dataclasses.dataclass(frozen=True)
class Place:
    """One place where an artefact may run.

    Args:
        name: The place.
        runs: `"yes"`, `"partly"` or `"no"`.
        reason: Why, or why not.
    """

    name: str
    runs: str
    reason: str


def places(path: pathlib.Path, format_name: str) -> list[Place]:
    """Return where an artefact will run and where it will not.

    Only the CPU runtimes have been tried when the artefact was proven; the rest is
    concluded from the operations, types and sizes in the file.

    Args:
        path: The artefact.
        format_name: `"saved_model"`, `"tflite"` or `"onnx"`.
    """
    if format_name == "tflite":
        return tflite_places(read_tflite(path))
    if format_name == "onnx":
        return onnx_places(require("onnx").load(str(path), load_external_data=False))
    return _saved_model_places(path)


def tflite_places(file: TFLiteFile) -> list[Place]:
    """Return where a TFLite file runs.

    Args:
        file: The file.
    """
    return [_cpu(file), _gpu(file), _litert_js(file), _accelerators(file)]


def onnx_places(model: Any) -> list[Place]:
    """Return where an ONNX model runs.

    Args:
        model: An `onnx.ModelProto`.
    """
    return [
        Place("CPU, onnxruntime", "yes", "proven there"),
        Place("browser, onnxruntime-web, wasm", "yes", "the same kernels as the CPU"),
        _webgpu(model),
    ]


def _cpu(file: TFLiteFile) -> Place:
    name = "CPU, LiteRT"
    custom = sorted({step.name for step in file.operations if step.is_custom})
    if custom:
        return Place(name, "no", f"custom operations: {', '.join(custom)}")
    if any(t.dtype == "int16" for step in file.operations for t in step.outputs):
        return Place(name, "yes", "proven there; 16-bit values have slow kernels only")
    return Place(name, "yes", "proven there")


def _gpu(file: TFLiteFile) -> Place:
    name = "GPU delegate of LiteRT"
    if file.has_free_sizes:
        return Place(name, "no", "the delegate asks for fixed sizes")
    reasons = left_to_the_cpu(file)
    if reasons:
        runs = "no" if len(reasons) == len(file.operations) else "partly"
        why = f"stays on the CPU: {'; '.join(sorted(set(reasons)))}"
        return Place(name, runs, why)
    if any(t.dtype == "int8" for step in file.operations for t in step.outputs):
        return Place(name, "yes", "it computes the integers as floats")
    return Place(name, "yes", "it takes every operation of the file")


def _litert_js(file: TFLiteFile) -> Place:
    name = "browser, LiteRT.js"
    if file.has_free_sizes:
        return Place(name, "no", "it takes fixed sizes only")
    foreign = sorted(_dtypes_outside(file) - _LITERT_JS_DTYPES)
    if foreign:
        return Place(name, "no", f"it has no tensors of {', '.join(foreign)}")
    return Place(name, "yes", "fixed sizes, inputs and outputs of types that it has")


def _accelerators(file: TFLiteFile) -> Place:
    name = "int8 accelerators (Edge TPU, NPUs)"
    if file.has_free_sizes:
        return Place(name, "no", "their compilers ask for fixed sizes")
    real = collections.Counter(
        step.name
        for step in file.operations
        if not {tensor.dtype for tensor in step.outputs} <= _INTEGERS
    )
    if set(real) <= {"DEQUANTIZE"} and _dtypes_outside(file) - _INTEGERS:
        return Place(name, "no", "integer but for inputs or outputs: take mode int8_io")
    if real:
        return Place(name, "no", "computes in floats")
    return Place(
        name, "yes", "all integer with fixed sizes; not put through their compilers"
    )


def _webgpu(model: Any) -> Place:
    name = "browser, onnxruntime-web, WebGPU"
    half = require("onnx").TensorProto.FLOAT16
    if any(item.data_type == half for item in model.graph.initializer):
        reason = "float16 runs only on devices with shader-f16; keep a float32 file too"
        return Place(name, "partly", reason)
    lacking = sorted({node.op_type for node in _nodes(model.graph)} - _WEBGPU)
    if lacking:
        return Place(name, "partly", f"goes back to wasm: {', '.join(lacking)}")
    return Place(name, "yes", "it has kernels for every operation of the file")


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of an ONNX graph, and those of its loops and branches."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _saved_model_places(path: pathlib.Path) -> list[Place]:
    python = sorted(_PYTHON_OPS.intersection(_graph_ops(path)))
    if python:
        calls = f"{', '.join(python)} call back into the program that made it"
        return [Place("TensorFlow", "no", calls)]
    return [
        Place("TensorFlow", "yes", "proven there"),
        Place("TensorFlow Serving", "yes", "loaded and run the way the server does"),
    ]


def _graph_ops(path: pathlib.Path) -> Iterable[str]:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((path / "saved_model.pb").read_bytes())
    for meta_graph in saved.meta_graphs:
        graph = meta_graph.graph_def
        yield from (node.op for node in graph.node)
        for function in graph.library.function:
            yield from (node.op for node in function.node_def)


def _dtypes_outside(file: TFLiteFile) -> set[str]:
    ends = (*file.inputs.values(), *file.outputs.values())
    return {tensor.dtype for tensor in ends}
