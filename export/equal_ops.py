"""Graph operations that converters stumble over, computed with other operations."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.rewrites import LARGEST_TABLE

_RESHAPES = ("Reshape", "ExpandDims", "Squeeze", "Identity")


def erfc_by_erf(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`1 - erf(x)`: ONNX has no Erfc, which exact gelu is made of."""
    return 1.0 - tf.math.erf(inputs[0])


def expm1_by_exp(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`exp(x) - 1`: ONNX has no Expm1, which celu is made of."""
    return tf.exp(inputs[0]) - 1.0


def square_by_product(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`x * x`: TFLite has no 16-bit Square."""
    return inputs[0] * inputs[0]


def mean_axis_by_axis(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """The mean over rows, then over columns, for TFLite adds up one after another.

    The rounding errors of a sum of a picture's pixels then come from two sums of one
    side each. Keras takes a variance as `E[x^2] - E[x]^2`, which magnifies them.
    """
    x, axes = inputs[0], tf.get_static_value(inputs[1])
    if axes is None or x.shape.rank is None or np.size(axes) < 2:
        return None
    if not x.dtype.is_floating:
        return None
    keep = attrs["keep_dims"].b
    for axis in sorted(np.ravel(axes) % x.shape.rank, reverse=True):
        x = tf.reduce_mean(x, int(axis), keepdims=keep)
    return x


def squared_difference_by_product(
    inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]
) -> Any:
    """`(x - y) * (x - y)`: TFLite has no 16-bit SquaredDifference."""
    difference = inputs[0] - inputs[1]
    return difference * difference


def one_hot_by_lookup(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """Rows of an identity matrix: TFLite's 8-bit OneHot gives wrong values.

    Indices outside of the range look up a row of zeros at either end.
    """
    indices, rank, axis = inputs[0], inputs[0].shape.rank, attrs["axis"].i
    depth, on, off = (tf.get_static_value(value) for value in inputs[1:])
    if depth is None or on is None or off is None or rank is None:
        return None
    if not inputs[2].dtype.is_floating or depth > LARGEST_TABLE:
        return None
    table = np.full((depth + 2, depth), off)
    np.fill_diagonal(table[1:-1], on)
    ids = indices if indices.dtype == tf.int64 else tf.cast(indices, tf.int32)
    rows = tf.gather(table, tf.clip_by_value(ids, -1, int(depth)) + 1)
    if axis in (-1, rank):
        return rows
    order = [*range(rank)]
    return tf.transpose(rows, [*order[:axis], len(order), *order[axis:]])


def gather_by_one_hot(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`one_hot(ids) @ table`: TFLite cannot calibrate a 16-bit lookup by an input."""
    table, indices = inputs[:2]
    if table.dtype == tf.resource:
        table = tf.raw_ops.ReadVariableOp(resource=table, dtype=attrs["dtype"].type)
    axis = 0 if len(inputs) < 3 else tf.get_static_value(inputs[2])
    if axis != 0 or attrs["batch_dims"].i != 0:
        return None
    return rows_by_one_hot(table, indices)


def nonzero_by_cast(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`bool(x)` for `x != 0`, the mask of tokens: a comparison would be calibrated."""
    x, other = inputs
    zero = tf.get_static_value(other)
    plain = x.dtype.is_integer and zero is not None and zero.ndim == 0 and zero == 0
    return tf.cast(x, tf.bool) if plain else None


def ids_without_floats(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """Ids that took the form of floats on their way, without that.

    `CategoryEncoding` does so to them. Quantised, 7.0 is 6.98, and cut off 6.
    """
    x, dtype = inputs[0], tf.as_dtype(attrs["DstT"].type)
    ids = ids_behind(x)
    if ids is None or not dtype.is_integer:
        return None
    return tf.reshape(tf.cast(ids, dtype), shape_of(x))


def ids_behind(x: Any) -> Any:
    """Return the integers that floats were made of and reshaped, `None` if not so."""
    op = getattr(x, "op", None)
    while op is not None and op.type in _RESHAPES:
        op = op.inputs[0].op
    if op is None or op.type != "Cast" or not x.dtype.is_floating:
        return None
    return op.inputs[0] if op.inputs[0].dtype.is_integer else None


def rows_by_one_hot(table: Any, indices: Any) -> Any:
    """Return the rows of a small table of floats, `None` for other tables."""
    known = tf.get_static_value(indices) is not None
    if known or not table.dtype.is_floating or not table.shape.is_fully_defined():
        return None
    num_rows, *rest = table.shape.as_list()
    if not 1 < num_rows <= LARGEST_TABLE:
        return None
    # No step but the code may take integers: all others would be calibrated.
    chosen = tf.one_hot(indices, num_rows, dtype=table.dtype)
    chosen = tf.reshape(chosen, (-1, num_rows))
    rows = tf.matmul(chosen, tf.reshape(table, (num_rows, -1)))
    return tf.reshape(rows, [*shape_of(indices), *rest])


def shape_of(x: Any) -> list[Any]:
    """Return the sizes of a tensor, as numbers where these are known."""
    sizes: Any = keras.ops.shape(x)
    return [*sizes]


def seeded_constant(op_type: str) -> Any:
    """Return the rewrite of random numbers whose seed and shape are fixed."""

    def rewrite(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
        shape, key, _, algorithm = inputs
        source = getattr(key, "op", None)
        if source is None or source.type != "StatelessRandomGetKeyCounter":
            return None
        known = map(tf.get_static_value, (shape, source.inputs[0], algorithm))
        shape, seed, algorithm = known
        if shape is None or seed is None or algorithm is None:
            return None
        dtype = attrs["dtype"].type
        with tf.init_scope(), tf.device("CPU:0"):
            key, counter = _key_and_counter(seed)
            draw = getattr(tf.raw_ops, op_type)
            drawn = draw(
                shape=shape, key=key, counter=counter, alg=algorithm, dtype=dtype
            )
            drawn = drawn.numpy()
        return tf.constant(drawn)

    return rewrite


def _key_and_counter(seed: Any) -> Any:
    return tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)


def buffer_with_all_channels(
    inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]
) -> Any:
    """Widen a one-channel buffer before it is added to the output of a convolution.

    TensorFlow's graph optimiser adds it to the bias otherwise, which fails in tf2onnx.
    """
    for features, buffer in (inputs, inputs[::-1]):
        channels = features.shape[-1] if features.shape.rank else None
        widened = channels not in (None, 1) and buffer.shape.rank == features.shape.rank
        if widened and buffer.shape[-1] == 1 and _is_biased(features):
            return features + buffer * tf.ones((channels,), buffer.dtype)
    return None


def _is_biased(tensor: Any) -> bool:
    return getattr(getattr(tensor, "op", None), "type", None) == "BiasAdd"


def constant_of_captured(
    original: Any, graph: Any, tensor: Any, name: Any = None, shape: Any = None
) -> Any:
    """`FuncGraph.capture` with the values of eager tensors as constants.

    tf2onnx makes further inputs of those that are captured.
    """
    eager = isinstance(tensor, tf.__internal__.EagerTensor)
    if not eager or tensor.dtype in (tf.resource, tf.variant):
        return None
    with graph.as_default():
        return tf.constant(tensor.numpy())
