"""SavedModel to ONNX, in the child process."""

import functools
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any, cast

import tensorflow as tf

from keras_gan.export.conversion import onnx_graph
from keras_gan.export.conversion.samples import calibration_batches
from keras_gan.export.conversion.task import Task
from keras_gan.export.errors import ExportError, UnsupportedOpError
from keras_gan.export.metadata import write_metadata
from keras_gan.export.packages import require
from keras_gan.export.rewrites import refused


def write_onnx(saved_model: pathlib.Path, task: Task) -> list[str]:
    """Write the file of a task.

    Args:
        saved_model: A SavedModel with named inputs and outputs.
        task: What to make of it.

    Returns:
        What is worth knowing about the file, in sentences.
    """
    names = tuple(task.options["inputs"])
    model = _float32(saved_model, names, task.options["opset"])
    model = onnx_graph.copied(model)
    if task.mode != "float32":
        model = _quantised(model, task)
    onnx_graph.tidy(model, task.options["name"])
    onnx_graph.check(model)
    onnx_graph.save(model, task.path)
    write_metadata(task.path, task.metadata)
    in_float = onnx_graph.float_weights(model) if task.mode in _INTEGER_MODES else []
    return [f"{', '.join(in_float)} keeps float32 weights."] if in_float else []


@functools.lru_cache(maxsize=1)
def _float32(saved_model: pathlib.Path, inputs: tuple[str, ...], opset: int) -> Any:
    tf2onnx, utils = require("tf2onnx"), cast(Any, require("tf2onnx.utils"))
    function = _function(saved_model, inputs)
    # Its names are numbered through all conversions of a process.
    utils.INTERNAL_NAME = 1
    try:
        model, _ = tf2onnx.convert.from_function(
            function, input_signature=function.input_signature, opset=opset
        )
    except Exception as error:
        raise refused("tf2onnx", error) from error
    onnx_graph.refuse_unknown_ops(model, opset)
    onnx_graph.refuse_other_inputs(model, inputs)
    onnx_graph.name_free_dimensions(model)
    onnx_graph.tidy(model, "generator")
    onnx_graph.check(model)
    return onnx_graph.simplified(model)


def _function(saved_model: pathlib.Path, inputs: tuple[str, ...]) -> Any:
    """Return the signature of a SavedModel as a function of positional inputs."""
    loaded = tf.saved_model.load(str(saved_model))
    specs = loaded.signatures["serving_default"].structured_input_signature[1]

    def generate(*tensors):
        # Through `loaded`, without which the variables would be gone.
        signature = loaded.signatures["serving_default"]
        return signature(**dict(zip(inputs, tensors, strict=True)))

    ordered = [
        tf.TensorSpec(specs[name].shape, specs[name].dtype, name) for name in inputs
    ]
    return tf.function(generate, input_signature=ordered, autograph=False)


def _quantised(model: Any, task: Task) -> Any:
    try:
        with tempfile.TemporaryDirectory(prefix="keras-gan-") as folder:
            return _CONVERTERS[task.mode](model, task, pathlib.Path(folder))
    except (ExportError, ImportError):
        raise
    except Exception as error:
        reason = refused("The quantiser of onnxruntime", error)
        raise UnsupportedOpError(
            f'{reason} The mode "float16" takes every generator that float32 takes.'
        ) from error


def _float16(model: Any, task: Task, folder: pathlib.Path) -> Any:
    float16 = require("onnxruntime.transformers.float16")
    # Inputs and outputs stay float32, as the other files have them.
    half = float16.convert_float_to_float16(model, keep_io_types=True)
    # It leaves its casts at the end of the graph, where they are out of order.
    return onnx_graph.slimmed(half)


def _dynamic(model: Any, task: Task, folder: pathlib.Path) -> Any:
    quantization = require("onnxruntime.quantization")
    source, target = folder / "float.onnx", folder / "dynamic.onnx"
    onnx_graph.save(model, source)
    # It drops a value that only the body of a loop asks for, once it has quantised it.
    quantization.quantize_dynamic(
        source,
        target,
        weight_type=quantization.QuantType.QInt8,
        nodes_to_exclude=onnx_graph.makers_for_bodies(model),
    )
    return onnx_graph.loaded(target)


def _int8(model: Any, task: Task, folder: pathlib.Path) -> Any:
    quantization = require("onnxruntime.quantization")
    preprocessing = require("onnxruntime.quantization.shape_inference")
    source, ready, target = (folder / f"{name}.onnx" for name in ("f", "r", "q"))
    onnx_graph.save(model, source)
    preprocessing.quant_pre_process(source, ready, skip_symbolic_shape=True)
    quantization.quantize_static(
        ready,
        target,
        _reader(task),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        weight_type=quantization.QuantType.QInt8,
        activation_type=quantization.QuantType.QInt8,
    )
    return onnx_graph.loaded(target)


def _reader(task: Task) -> Any:
    batches = calibration_batches(task)

    class Reader(require("onnxruntime.quantization").CalibrationDataReader):
        def get_next(self):
            return next(batches, None)

    return Reader()


_CONVERTERS: dict[str, Callable[[Any, Task, pathlib.Path], Any]] = {
    "float16": _float16,
    "dynamic": _dynamic,
    "int8": _int8,
}
_INTEGER_MODES = ("dynamic", "int8")
