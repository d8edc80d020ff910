"""SavedModel to TFLite, in the child process."""

import functools
import pathlib
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_gan.export.conversion import flatbuffer
from keras_gan.export.conversion.samples import calibration_batches
from keras_gan.export.conversion.task import Task
from keras_gan.export.errors import ExportError, UnsupportedOpError
from keras_gan.export.metadata import write_metadata
from keras_gan.export.packages import require
from keras_gan.export.rewrites import refused, unsupported_ops

_OPS = tf.lite.OpsSet
_INT16_OPS = _OPS.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8

_SMALLEST_WEIGHT = 1024


def write_tflite(saved_model: pathlib.Path, task: Task) -> list[str]:
    """Write the file of a task.

    Args:
        saved_model: A SavedModel with named inputs and outputs.
        task: What to make of it.

    Returns:
        What is worth knowing about the file, in sentences.
    """
    content = _CONVERTERS[task.mode](saved_model, task)
    flatbuffer.check(content, task.options["inputs"], task.options["outputs"])
    task.path.write_bytes(content)
    write_metadata(task.path, task.metadata)
    if task.calibration is None:
        return []
    in_float = flatbuffer.float_operations(content)
    return [f"{', '.join(in_float)} computes in float32."] if in_float else []


@functools.lru_cache(maxsize=1)
def _float32(saved_model: pathlib.Path) -> bytes:
    return _converted(_converter(saved_model))


def _float16(saved_model: pathlib.Path, task: Task) -> bytes:
    converter = _converter(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return _converted(converter)


def _dynamic(saved_model: pathlib.Path, task: Task) -> bytes:
    converter = _converter(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return _converted(converter)


def _weight_only(saved_model: pathlib.Path, task: Task) -> bytes:
    quantizer = require("ai_edge_quantizer.quantizer")
    recipe = require("ai_edge_quantizer.recipe").weight_only_wi8_afp32()
    for entry in recipe:
        # As the TFLite converter has it. The last layer of a generator is small, and
        # has the most to say about the pictures.
        entry["op_config"]["min_weight_elements"] = _SMALLEST_WEIGHT
    try:
        made = quantizer.Quantizer(_float32(saved_model), recipe).quantize()
    except Exception as error:
        raise refused("ai-edge-quantizer", error) from error
    return bytes(made.quantized_model)


def _int8(saved_model: pathlib.Path, task: Task) -> bytes:
    return _integers(saved_model, task, _OPS.TFLITE_BUILTINS_INT8)


def _int8_io(saved_model: pathlib.Path, task: Task) -> bytes:
    return _integers(saved_model, task, _OPS.TFLITE_BUILTINS_INT8, tf.int8)


def _int16x8(saved_model: pathlib.Path, task: Task) -> bytes:
    return _integers(saved_model, task, _INT16_OPS)


def _integers(
    saved_model: pathlib.Path,
    task: Task,
    ops: tf.lite.OpsSet,
    io_type: tf.DType = tf.float32,
) -> bytes:
    converter = _converter(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # What has no integer form stays in float.
    converter.target_spec.supported_ops = [ops, _OPS.TFLITE_BUILTINS]
    converter.representative_dataset = functools.partial(calibration_batches, task)
    converter.inference_input_type = converter.inference_output_type = io_type
    try:
        return _converted(converter)
    except UnsupportedOpError as error:
        raise UnsupportedOpError(
            f'{error} The modes "weight_only" and "dynamic" take every generator that '
            "float32 takes."
        ) from error


_CONVERTERS: dict[str, Callable[[pathlib.Path, Task], bytes]] = {
    "float32": lambda saved_model, task: _float32(saved_model),
    "float16": _float16,
    "dynamic": _dynamic,
    "weight_only": _weight_only,
    "int8": _int8,
    "int8_io": _int8_io,
    "int16x8": _int16x8,
}


def _converter(saved_model: pathlib.Path) -> Any:
    # Straight from the function the converter loses variables or names, silently.
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    converter.target_spec.supported_ops = [_OPS.TFLITE_BUILTINS]
    return converter


def _converted(converter: Any) -> bytes:
    try:
        return converter.convert()
    except ExportError:
        raise
    except Exception as error:
        raise _explained(error) from error


def _explained(error: Exception) -> ExportError:
    message = str(error)
    lists = re.findall(r"(?:TF Select|Custom) ops: (.+)", message)
    ops = [op for names in lists for op in names.split(", ")]
    if ops:
        typed = re.findall(r"^\s+tf\.\w+\(.*", message, re.MULTILINE)
        return unsupported_ops("TFLite", ops, "\n".join(typed))
    return refused("The TFLite converter", error)
