"""The table of what is traced in another form, and for which modes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
from keras.src import backend
from tensorflow.python.framework.func_graph import FuncGraph

from keras_gan.export import equal_functions, equal_ops
from keras_gan.export.equal_resize import resize_by_matrices
from keras_gan.export.modes import Mode


@dataclasses.dataclass(frozen=True)
class Substitution:
    """Something that is traced in another form.

    Args:
        name: What it is called in a plan.
        note: What an export says of the layer in which it was done, if that tells
            a person anything.
        serves: Whether a mode needs it.
        functions: Owner, attribute and substitute of Keras functions.
        ops: Types of graph operations and their substitutes.
    """

    name: str
    note: str
    serves: Callable[[Mode], bool]
    functions: tuple[tuple[Any, str, Callable], ...] = ()
    ops: tuple[tuple[str, Callable], ...] = ()


def _all_modes(mode: Mode) -> bool:
    return True


def _converted(mode: Mode) -> bool:
    return mode.format != "saved_model"


def _onnx(mode: Mode) -> bool:
    return mode.format == "onnx"


def _tflite(*names: str) -> Callable[[Mode], bool]:
    return lambda mode: mode.format == "tflite" and (mode.name in names or not names)


_INT8 = _tflite("int8", "int8_io")
_INT16 = _tflite("int16x8")
_INTEGER = _tflite("int8", "int8_io", "int16x8")

SUBSTITUTIONS = (
    Substitution(
        "no cudnn",
        "",
        _all_modes,
        functions=(
            (backend, "lstm", equal_functions.no_cudnn),
            (backend, "gru", equal_functions.no_cudnn),
        ),
    ),
    Substitution(
        "nearest resize",
        "nearest upsampling is one resize",
        _converted,
        functions=(
            (keras.layers.UpSampling2D, "call", equal_functions.upsample_by_one_resize),
        ),
    ),
    Substitution(
        "known shape",
        "",
        _converted,
        functions=((backend.numpy, "repeat", equal_functions.repeat_of_known_shape),),
    ),
    Substitution(
        "argmax",
        "argmax and argmin take -0.0 and 0.0 for the same number",
        _converted,
        functions=(
            (backend.numpy, "argmax", equal_functions.argmax_of_numbers),
            (backend.numpy, "argmin", equal_functions.argmin_of_numbers),
        ),
    ),
    Substitution(
        "erf",
        "exact gelu is computed with erf in place of erfc",
        _onnx,
        ops=(("Erfc", equal_ops.erfc_by_erf),),
    ),
    Substitution(
        "exp",
        "expm1 is computed with exp",
        _onnx,
        ops=(("Expm1", equal_ops.expm1_by_exp),),
    ),
    Substitution(
        "wide buffer",
        "a stored buffer of one channel is widened to all channels",
        _onnx,
        ops=(
            ("AddV2", equal_ops.buffer_with_all_channels),
            ("Add", equal_ops.buffer_with_all_channels),
        ),
    ),
    Substitution(
        "seeded numbers",
        "random numbers of a fixed seed are a constant of the file",
        _converted,
        ops=tuple(
            (name, equal_ops.seeded_constant(name))
            for name in (
                "StatelessRandomNormalV2",
                "StatelessRandomUniformV2",
                "StatelessTruncatedNormalV2",
            )
        ),
    ),
    Substitution(
        "linear resize",
        "the resize is two products with fixed matrices",
        _converted,
        ops=tuple(
            (name, resize_by_matrices(name))
            for name in ("ResizeBicubic", "ScaleAndTranslate", "ResizeArea")
        ),
    ),
    Substitution(
        "mean",
        "",
        _tflite("float32", "float16", "dynamic", "weight_only"),
        ops=(("Mean", equal_ops.mean_axis_by_axis),),
    ),
    Substitution(
        "one-hot lookup",
        "one-hot codes are looked up in an identity matrix",
        _INT8,
        ops=(("OneHot", equal_ops.one_hot_by_lookup),),
    ),
    Substitution(
        "integer ids",
        "ids stay integers and do not become floats in between",
        _INT8,
        ops=(("Cast", equal_ops.ids_without_floats),),
    ),
    Substitution(
        "lookup by product",
        "the lookup is a product with one-hot codes",
        _INT16,
        functions=((backend.numpy, "take", equal_functions.take_by_one_hot),),
        ops=(
            ("GatherV2", equal_ops.gather_by_one_hot),
            ("ResourceGather", equal_ops.gather_by_one_hot),
        ),
    ),
    Substitution(
        "mask by cast",
        "",
        _INT16,
        ops=(("NotEqual", equal_ops.nonzero_by_cast),),
    ),
    Substitution(
        "products for squares",
        "squares are products",
        _INT16,
        ops=(
            ("Square", equal_ops.square_by_product),
            ("SquaredDifference", equal_ops.squared_difference_by_product),
        ),
    ),
    Substitution(
        "unrolled",
        "the recurrent loop is written out step by step",
        _INTEGER,
        functions=((backend, "rnn", equal_functions.unrolled_loop),),
    ),
    Substitution(
        "unrolled at a free batch",
        "the recurrent loop is written out step by step",
        _tflite("float32", "float16", "dynamic", "weight_only"),
        functions=((backend, "rnn", equal_functions.unrolled_loop_of_free_batch),),
    ),
    Substitution(
        "constants",
        "a tensor that was made before the call is a constant of the file",
        _converted,
        functions=((FuncGraph, "capture", equal_ops.constant_of_captured),),
    ),
)
