"""Graph operations that converters stumble over, computed with other operations."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.rewrites import LARGEST_TABLE

_MOVES = ("Reshape", "ExpandDims", "Squeeze", "Identity", "Transpose")


def erfc_by_erf(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`1 - erf(x)`: ONNX has no Erfc, which exact gelu is made of."""
    return 1.0 - tf.math.erf(inputs[0])


def expm1_by_exp(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`exp(x) - 1`: ONNX has no Expm1, which celu is made of."""
    return tf.exp(inputs[0]) - 1.0


def square_by_product(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`x * x`: TFLite has no 16-bit Square."""
    return inputs[0] * inputs[0]


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
    indices, depth, on, off = inputs[0], *map(tf.get_static_value, inputs[1:])
    known = depth is not None and on is not None and off is not None
    if not known or not inputs[2].dtype.is_floating or depth > LARGEST_TABLE:
        return None
    table = np.full((depth + 2, depth), off)
    np.fill_diagonal(table[1:-1], on)
    ids = indices if indices.dtype == tf.int64 else tf.cast(indices, tf.int32)
    rows = tf.gather(table, tf.clip_by_value(ids, -1, int(depth)) + 1)
    axis = attrs["axis"].i
    if axis in (-1, indices.shape.rank):
        return rows
    order = [*range(indices.shape.rank)]
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


def rounded_ids(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
    """`int(round(x))` for ids that took the form of floats on their way.

    `CategoryEncoding` does that to them. Quantised, 7.0 is 6.98, and cut off 6.
    """
    x, dtype = inputs[0], tf.as_dtype(attrs["DstT"].type)
    if not (x.dtype.is_floating and dtype.is_integer):
        return None
    source = getattr(x, "op", None)
    while source is not None and source.type in _MOVES:
        source = source.inputs[0].op
    if source is None or source.type != "Cast" or source.inputs[0].dtype.is_floating:
        return None
    return tf.cast(tf.round(x), dtype)


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
    return tf.reshape(rows, [*keras.ops.shape(indices), *rest])


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
        with tf.init_scope(), tf.device("CPU:0"):
            key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
            draw = getattr(tf.raw_ops, op_type)
            drawn = draw(
                shape=shape,
                key=key,
                counter=counter,
                alg=algorithm,
                dtype=attrs["dtype"].type,
            ).numpy()
        return tf.constant(drawn)

    return rewrite


def resize_by_matrices(op_type: str) -> Any:
    """Return the rewrite of a resize whose sizes are known as two matrix products.

    Each of them is a linear map of the rows, then of the columns, of a picture.
    """

    def rewrite(inputs: Sequence[tf.Tensor], attrs: Mapping[str, Any]) -> Any:
        images, size = inputs[0], tf.get_static_value(inputs[1])
        if size is None or images.dtype != tf.float32:
            return None
        height, width, channels = images.shape[1:]
        if height is None or width is None or channels is None:
            return None
        rest = [_static_value(value, images, size) for value in inputs[2:]]
        if any(value is None for value in rest):
            return None
        new_height, new_width = map(int, size)
        resize = functools.partial(_resize_matrix, op_type, _resize_options(attrs))
        rows = resize(height, new_height, [value[0] for value in rest])
        columns = resize(width, new_width, [value[1] for value in rest])
        x = tf.reshape(images, (-1, height, width * channels))
        x = tf.reshape(tf.matmul(rows[None], x), (-1, width, channels))
        x = tf.matmul(columns[None], x)
        return tf.reshape(x, (-1, new_height, new_width, channels))

    return rewrite


def _static_value(tensor: Any, images: Any, size: Any) -> Any:
    """Return what a tensor holds, also if it is the scale of `tf.image.resize`."""
    value = tf.get_static_value(tensor)
    if value is not None or tensor.op.type != "RealDiv":
        return value
    divisor = tensor.op.inputs[1].op
    while divisor.type in ("Cast", "StridedSlice"):
        divisor = divisor.inputs[0].op
    of_images = divisor.type == "Shape" and divisor.inputs[0] is images
    if not of_images and divisor.type != "Const":
        return None
    return size.astype("float32") / np.array(images.shape[1:3], "float32")


def _resize_options(attrs: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name in ("align_corners", "half_pixel_centers", "antialias"):
        if name in attrs:
            options[name] = attrs[name].b
    if "kernel_type" in attrs:
        options["kernel_type"] = attrs["kernel_type"].s.decode()
    return options


def _resize_matrix(
    op_type: str,
    options: dict[str, Any],
    length: int,
    new_length: int,
    scale_and_translation: Sequence[float],
) -> np.ndarray:
    """Resize the unit vectors along the height, each in a channel of its own."""
    unit_vectors = np.eye(length, dtype="float32").reshape(1, length, 1, length)
    arguments = {"images": unit_vectors, "size": (new_length, 1), **options}
    if scale_and_translation:
        scale, translation = scale_and_translation
        arguments.update(scale=(scale, 1.0), translation=(translation, 0.0))
    with tf.init_scope(), tf.device("CPU:0"):
        resized = getattr(tf.raw_ops, op_type)(**arguments)
        return resized.numpy().reshape(new_length, length)


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
