"""Which steps of a TFLite file the GPU delegate of LiteRT leaves to the CPU.

The rules are those that the delegate itself applies, as published with its source; the
analyser that comes with TensorFlow calls every file compatible.
"""

from collections.abc import Callable

from keras_gan.export.card.tflite_file import Operation, TFLiteFile

_ANY = """
ABS ADD ADD_N ATAN2 AVERAGE_POOL_2D BATCH_MATMUL CEIL CONCATENATION CONV_2D COS CUMSUM
DENSIFY DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV ELU EQUAL EXP FLOOR FLOOR_DIV
FLOOR_MOD FULLY_CONNECTED GELU GREATER GREATER_EQUAL HARD_SWISH LEAKY_RELU LESS
LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC MAXIMUM MAX_POOL_2D MINIMUM
MUL NEG NOT_EQUAL PACK POW PRELU QUANTIZE RELU RELU6 RELU_N1_TO_1 RESHAPE
RESIZE_NEAREST_NEIGHBOR RIGHT_SHIFT ROUND RSQRT SIGN SIN SOFTMAX SPACE_TO_DEPTH SPLIT
SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SUB TANH TILE TOPK_V2 TRANSPOSE TRANSPOSE_CONV
"""
_SUPPORTED = frozenset(_ANY.split())
_INT32_CONSTANT_AXES = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")
_REFLECT = 0
_DTYPES = {"float32", "float16", "int8", "uint8", "int32", "bool"}


def left_to_the_cpu(file: TFLiteFile) -> list[str]:
    """Return why steps of a file stay off the GPU, in words, one for each such step.

    Args:
        file: The file.
    """
    return [reason for reason in map(_reason, file.operations) if reason]


def _reason(step: Operation) -> str:
    if step.is_custom:
        return f"{step.name} is a custom operation"
    tensors = (*step.inputs, *step.outputs)
    if any(tensor.is_free for tensor in tensors):
        return f"{step.name} works on sizes that are not fixed"
    foreign = sorted({t.dtype for t in tensors if not t.is_constant} - _DTYPES)
    if foreign:
        return f"{step.name} works on {', '.join(foreign)}"
    if step.name in _CHECKS:
        return _CHECKS[step.name](step)
    return "" if step.name in _SUPPORTED else f"{step.name} is not supported"


def _constant_axes(step: Operation) -> str:
    axes = step.inputs[1]
    fits = axes.is_constant and axes.dtype == "int32"
    return "" if fits else f"{step.name} over axes that are not constant"


def _pad(step: Operation) -> str:
    if step.name == "MIRROR_PAD" and step.options.mode != _REFLECT:
        return "MIRROR_PAD that repeats the border"
    fits = step.inputs[1].shape in ((3, 2), (4, 2)) and step.num_runtime_inputs == 1
    return "" if fits else f"{step.name} of {len(step.inputs[0].shape)} dimensions"


def _strided_slice(step: Operation) -> str:
    options = step.options
    if options.ellipsisMask or options.newAxisMask or options.shrinkAxisMask:
        return "STRIDED_SLICE that drops or adds a dimension"
    return _slice(step)


def _slice(step: Operation) -> str:
    rank = len(step.inputs[0].shape)
    return "" if rank in (3, 4) else f"{step.name} of {rank} dimensions"


def _one_hot(step: Operation) -> str:
    indices, _, on_value, off_value = step.inputs
    fits = (
        indices.dtype == "int32"
        and on_value.dtype == off_value.dtype == "float32"
        and on_value.is_constant
        and off_value.is_constant
        and set(indices.shape[:-1]) <= {1}
    )
    return "" if fits else "ONE_HOT other than of one row of int32 to float32"


def _gather(step: Operation) -> str:
    indices = step.inputs[1]
    fits = len(indices.shape) == 1 and indices.dtype == "int32"
    return "" if fits else "GATHER by other than a row of int32"


def _cast(step: Operation) -> str:
    floats, given, made = (
        {"float32", "float16"},
        step.inputs[0].dtype,
        step.outputs[0].dtype,
    )
    fits = {given, made} <= {"float32", "int32"} or (
        "bool" in (given, made) and floats & {given, made}
    )
    return "" if fits else f"CAST from {given} to {made}"


def _resize_bilinear(step: Operation) -> str:
    both = step.options.alignCorners and step.options.halfPixelCenters
    return "RESIZE_BILINEAR with aligned corners and half pixels" if both else ""


def _select(step: Operation) -> str:
    shape = step.outputs[0].shape
    condition, *values = step.inputs
    fits = condition.dtype in ("bool", "float32", "float16") and all(
        value.dtype in ("float32", "float16")
        and (value.shape in ((), (1,)) or value.shape == shape)
        for value in values
    )
    return "" if fits else f"{step.name} of integers or with broadcasting"


_CHECKS: dict[str, Callable[[Operation], str]] = {
    **dict.fromkeys(_INT32_CONSTANT_AXES, _constant_axes),
    "REVERSE_V2": _constant_axes,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "ONE_HOT": _one_hot,
    "GATHER": _gather,
    "CAST": _cast,
    "RESIZE_BILINEAR": _resize_bilinear,
    "SELECT": _select,
    "SELECT_V2": _select,
}
