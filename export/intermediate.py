"""What an artefact computes on its way from the inputs to the outputs."""

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.packages import require
from keras_gan.export.staging import is_saved_model

Arrays = dict[str, np.ndarray]


def intermediate_tensors(
    path: pathlib.Path, inputs: Arrays
) -> tuple[Arrays, list[np.ndarray]]:
    """Run an artefact once and keep every floating tensor of it.

    Args:
        path: A SavedModel folder, a `.tflite` or an `.onnx` file.
        inputs: Arrays by input name.

    Returns:
        The inputs, with as many rows as the artefact takes at once, and the tensors;
        quantised ones as the floats that they stand for.
    """
    if is_saved_model(path):
        return _of_saved_model(path, inputs)
    readers: dict[str, Callable[..., Any]] = {".tflite": _of_tflite, ".onnx": _of_onnx}
    return readers[path.suffix](path, inputs)


def _of_tflite(path: pathlib.Path, inputs: Arrays) -> tuple[Arrays, list[np.ndarray]]:
    litert = require("ai_edge_litert.interpreter")
    # A delegate would compute its part of the graph out of sight.
    interpreter = litert.Interpreter(
        model_path=str(path),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=(
            litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    details = interpreter.get_signature_runner("serving_default").get_input_details()
    sizes = [
        signature[0]
        for signature in (item["shape_signature"] for item in details.values())
        if len(signature)
    ]
    inputs = _with_rows(inputs, sizes)
    for name, detail in details.items():
        if -1 in detail["shape_signature"]:
            interpreter.resize_tensor_input(detail["index"], inputs[name].shape)
    interpreter.allocate_tensors()
    for name, detail in details.items():
        interpreter.set_tensor(detail["index"], _quantised(inputs[name], detail))
    interpreter.invoke()
    tensors = (_read(interpreter, item) for item in interpreter.get_tensor_details())
    return inputs, [tensor for tensor in tensors if tensor is not None]


def _read(interpreter: Any, detail: dict[str, Any]) -> np.ndarray | None:
    parameters = detail["quantization_parameters"]
    if len(parameters["scales"]) > 1:  # per channel: the weights
        return None
    try:
        values = interpreter.get_tensor(detail["index"])
    except ValueError:  # a tensor of a branch that did not run
        return None
    if len(parameters["scales"]) == 1:
        offset = values.astype("float64") - parameters["zero_points"][0]
        return offset * parameters["scales"][0]
    return values if values.dtype.kind == "f" else None


def _quantised(values: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    dtype, (scale, zero_point) = np.dtype(detail["dtype"]), detail["quantization"]
    if dtype.kind not in "iu" or not scale:
        return np.asarray(values, dtype)
    limits = np.iinfo(dtype)
    steps = np.round(values / scale + zero_point)
    return np.clip(steps, limits.min, limits.max).astype(dtype)


def _of_onnx(path: pathlib.Path, inputs: Arrays) -> tuple[Arrays, list[np.ndarray]]:
    onnx, runtime = require("onnx"), require("onnxruntime")
    model = onnx.load(str(path))
    shown = {value.name for value in model.graph.output}
    hidden = (name for node in model.graph.node for name in node.output)
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in hidden if name and name not in shown
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    shapes = [item.shape for item in session.get_inputs()]
    inputs = _with_rows(inputs, [shape[0] for shape in shapes if shape])
    values = session.run(None, inputs)
    arrays = (value for value in values if isinstance(value, np.ndarray))
    return inputs, [array for array in arrays if array.dtype.kind == "f"]


def _of_saved_model(
    path: pathlib.Path, inputs: Arrays
) -> tuple[Arrays, list[np.ndarray]]:
    constants = require("tensorflow.python.framework.convert_to_constants")
    loaded: Any = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]
    # Freezing also writes out the functions, whose tensors cannot be asked for else.
    frozen = constants.convert_variables_to_constants_v2(signature)
    names = [tensor.op.name for tensor in frozen.inputs]
    sizes = [tensor.shape[0] for tensor in frozen.inputs if tensor.shape.rank]
    inputs = _with_rows(inputs, sizes)
    tensors = [
        output
        for op in frozen.graph.get_operations()
        if op.type not in ("Const", "Placeholder")
        for output in op.outputs
        if output.dtype.is_floating
    ]
    outputs = frozen.prune(frozen.inputs, tensors)(
        *(tf.constant(inputs[name]) for name in names)
    )
    return inputs, [output.numpy() for output in outputs]


def _with_rows(inputs: Arrays, sizes: list[Any]) -> Arrays:
    """Repeat or cut the rows to the batch size of an artefact that has a fixed one."""
    fixed = [size for size in sizes if isinstance(size, int | np.integer) and size > 0]
    if not fixed:
        return inputs
    return {
        name: array[np.arange(fixed[0]) % len(array)] if array.ndim else array
        for name, array in inputs.items()
    }
