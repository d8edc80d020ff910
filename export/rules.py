"""What a generator may hold that a format or a mode cannot take."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator

import tensorflow as tf

from keras_gan.export import rewrites
from keras_gan.export.equal_ops import ids_behind
from keras_gan.export.modes import Mode
from keras_gan.export.traced import Node, TracedGenerator

_FLOAT = ("float32", "float16", "dynamic", "weight_only")
_INTEGER = ("int8", "int8_io", "int16x8")
_CONVOLUTIONS = r"Conv2D|Conv3D|DepthwiseConv2dNative|Conv\dDBackpropInput(V2)?"
_HALF = (tf.float16, tf.bfloat16)
_MOVES_DATA = r"Cast|Identity|ReadVariableOp|Reshape|Transpose|Pack|.*Slice|Shape"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A thing to look for.

    Args:
        problem: What the layer does in which it was found.
        advice: What to write instead.
        concerns: Whether it matters in a mode.
        finds: The operations of a traced generator that it is about.
    """

    problem: str
    advice: str
    concerns: Callable[[Mode], bool]
    finds: Callable[[TracedGenerator], Iterable[Node]]


def _in(*formats: str) -> Callable[[Mode], bool]:
    return lambda mode: mode.format in formats


def _tflite_modes(*names: str) -> Callable[[Mode], bool]:
    return lambda mode: mode.format == "tflite" and mode.name in names


def _ops(pattern: str) -> Callable[[TracedGenerator], Iterable[Node]]:
    return lambda traced: [n for n in traced.nodes if re.fullmatch(pattern, n.type)]


def _compiled(traced: TracedGenerator) -> Iterable[Node]:
    return [node for node in traced.nodes if node.must_compile]


def _in_half_precision(traced: TracedGenerator) -> Iterable[Node]:
    return [
        node
        for node in traced.nodes
        if node.dtype in _HALF and not re.fullmatch(_MOVES_DATA, node.type)
    ]


def _computed_kernels(traced: TracedGenerator) -> Iterator[Node]:
    for node in traced.nodes:
        if node.op is not None and re.fullmatch(_CONVOLUTIONS, node.type):
            if traced.depends_on_inputs(node.op.inputs[1]):
                yield node


def _kernels_per_sample(traced: TracedGenerator) -> Iterator[Node]:
    for node in _computed_kernels(traced):
        if not node.op.inputs[1].shape.is_fully_defined():
            yield node


def _lookups_by_input(traced: TracedGenerator) -> Iterator[Node]:
    for node in _ops("GatherV2|ResourceGather")(traced):
        if node.op is not None and node.op.outputs[0].dtype.is_floating:
            if traced.depends_on_inputs(node.op.inputs[1]):
                yield node


def _ids_in_float(traced: TracedGenerator) -> Iterator[Node]:
    for node in _ops("Cast")(traced):
        if node.op is not None and node.op.outputs[0].dtype.is_integer:
            x = node.op.inputs[0]
            if x.op.type != "Cast" and ids_behind(x) is not None:
                yield node


def _lists_of_free_size(traced: TracedGenerator) -> Iterator[Node]:
    for node in _ops("TensorListReserve")(traced):
        sizes = node.op is not None and tf.get_static_value(node.op.inputs[0])
        if sizes is None or (sizes is not False and min(sizes, default=0) < 0):
            yield node


RULES = (
    Rule(
        "a step runs in Python",
        rewrites.NO_PYTHON,
        _in("saved_model", "tflite", "onnx"),
        _ops(r"(Eager)?PyFunc(Stateless)?"),
    ),
    Rule(
        "XLA has to compile a step",
        rewrites.NO_JIT,
        _in("saved_model", "tflite", "onnx"),
        _compiled,
    ),
    Rule(
        "random numbers are drawn",
        rewrites.NOISE_AS_INPUT,
        _in("tflite", "onnx"),
        _ops(
            r"(?!.*Get(Key|Alg)).*(Random|Multinomial|Normal(V2)?$|StatefulUniform).*"
        ),
    ),
    Rule(
        "text is taken apart or looked up",
        rewrites.TOKEN_IDS,
        _in("tflite", "onnx"),
        _ops(r".*(String|Regex|LookupTable|HashTable).*"),
    ),
    Rule(
        "half precision is computed in",
        rewrites.NO_HALF,
        _in("tflite"),
        _in_half_precision,
    ),
    Rule(
        "pictures of free size are resized in a way that TFLite lacks",
        rewrites.RESIZE,
        _in("tflite"),
        _ops("ResizeBicubic|ScaleAndTranslate|ResizeArea"),
    ),
    Rule(
        "pictures of free size are resized in a way that ONNX lacks",
        rewrites.RESIZE,
        _in("onnx"),
        _ops("ScaleAndTranslate|ResizeArea"),
    ),
    Rule("erfc is computed", rewrites.ERF, _in("onnx"), _ops("Erfc")),
    Rule(
        "bits of floats are read, as argmax does",
        rewrites.TF_ARGMAX,
        _in("tflite", "onnx"),
        _ops("Bitcast|BitwiseAnd"),
    ),
    Rule(
        "the kernels of a convolution are computed from the inputs",
        rewrites.SHARED_KERNELS,
        _tflite_modes(*_INTEGER),
        _computed_kernels,
    ),
    Rule(
        "a convolution has kernels of its own for each sample",
        rewrites.SHARED_KERNELS,
        _in("tflite", "onnx"),
        _kernels_per_sample,
    ),
    Rule(
        "a loop, whose calibration crashes the converter",
        rewrites.SHORT_LOOP,
        _tflite_modes(*_INTEGER),
        _ops("(Stateless)?While"),
    ),
    Rule(
        "a loop keeps lists of free size",
        rewrites.FIXED_SIZES,
        _tflite_modes(*_FLOAT),
        _lists_of_free_size,
    ),
    Rule(
        "ids become floats and are reshaped, which cuts some off when quantised",
        rewrites.FLAT_LABELS,
        _tflite_modes("int16x8"),
        _ids_in_float,
    ),
    Rule(
        "a table is too large to be looked up in 16 bits",
        rewrites.SMALL_TABLE,
        _tflite_modes("int16x8"),
        _lookups_by_input,
    ),
)
