"""Keras functions that converters stumble over, computed with other operations.

Each takes the original and its arguments, and returns the result, or `None` where the
original will do.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_gan.export.equal_ops import rows_by_one_hot, shape_of
from keras_gan.export.rewrites import LONGEST_LOOP


def upsample_by_one_resize(original: Callable, layer: Any, inputs: Any) -> Any:
    """`UpSampling2D.call` with one nearest resize in place of two repeats."""
    floating = keras.backend.is_float_dtype(inputs.dtype)
    if layer.interpolation != "nearest" or not floating:
        return None
    channels_first = layer.data_format == "channels_first"
    x = tf.transpose(inputs, (0, 2, 3, 1)) if channels_first else inputs
    _, height, width, _ = shape_of(x)
    size = (height * layer.size[0], width * layer.size[1])
    x = tf.image.resize(x, size, method="nearest")
    return tf.transpose(x, (0, 3, 1, 2)) if channels_first else x


def repeat_of_known_shape(original: Callable, x: Any, repeats: Any, axis: Any = None):
    """`repeat` by a fixed number, whose result keeps every size that is known."""
    x = tf.convert_to_tensor(x)
    if not isinstance(repeats, int) or axis is None or x.shape.rank is None:
        return None
    axis = axis % x.shape.rank
    sizes = shape_of(x)
    multiples = [1] * (axis + 1) + [repeats] + [1] * (x.shape.rank - axis - 1)
    tiled = tf.tile(tf.expand_dims(x, axis + 1), multiples)
    sizes[axis] = sizes[axis] * repeats
    return tf.reshape(tiled, sizes)


def argmax_of_numbers(
    original: Callable, x: Any, axis: int | None = None, keepdims: bool = False
) -> Any:
    """`argmax` for which both zeros are one number."""
    return _place_of_extremum(tf.argmax, x, axis, keepdims)


def argmin_of_numbers(
    original: Callable, x: Any, axis: int | None = None, keepdims: bool = False
) -> Any:
    """`argmin` for which both zeros are one number."""
    return _place_of_extremum(tf.argmin, x, axis, keepdims)


def _place_of_extremum(search: Callable, x: Any, axis: int | None, keepdims: bool):
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating or not x.shape.rank:
        return None
    if axis is None:
        place = search(tf.reshape(x, (-1,)), 0, output_type="int32")
        return tf.reshape(place, (1,) * x.shape.rank) if keepdims else place
    place = search(x, axis, output_type="int32")
    return tf.expand_dims(place, axis) if keepdims else place


def take_by_one_hot(original: Callable, x: Any, indices: Any, axis: Any = None) -> Any:
    """`take` as `one_hot(indices mod rows) @ x`, with one integer step before it."""
    sparse = isinstance(indices, tf.SparseTensor | tf.RaggedTensor)
    if sparse or not tf.is_tensor(indices) or axis != 0:
        return None
    table: Any = tf.convert_to_tensor(x)
    if table.shape.rank is None or table.shape[0] is None:
        return None
    if tf.get_static_value(indices) is not None:
        return None
    # Keras counts negative indices from the end.
    return rows_by_one_hot(table, tf.math.floormod(indices, table.shape[0]))


def unrolled_loop(
    original: Callable, step: Any, inputs: Any, initial_states: Any, **options: Any
) -> Any:
    """`rnn` with its steps written out, if their number is known and not too large."""
    time = 0 if options.get("time_major") else 1
    num_steps = keras.tree.flatten(inputs)[0].shape[time]
    if options.get("unroll") or num_steps is None or num_steps > LONGEST_LOOP:
        return None
    options["unroll"] = True
    if options.get("go_backwards") and options.get("mask") is not None:
        # Keras forgets to turn the mask of the outputs around when it unrolls.
        turned: Any = keras.tree.map_structure(
            lambda x: tf.reverse(x, [time]), (inputs, options["mask"])
        )
        inputs, options["mask"] = turned
        options["go_backwards"] = False
    return original(step, inputs, initial_states, **options)


def unrolled_loop_of_free_batch(
    original: Callable, step: Any, inputs: Any, initial_states: Any, **options: Any
) -> Any:
    """`rnn` written out where TFLite lacks lists of states: at a free batch size."""
    batch = 1 if options.get("time_major") else 0
    if keras.tree.flatten(inputs)[0].shape[batch] is not None:
        return None
    return unrolled_loop(original, step, inputs, initial_states, **options)


def no_cudnn(original: Callable, *args: Any, **kwargs: Any) -> Any:
    """`lstm` and `gru` without the operations that only NVIDIA GPUs have."""
    raise NotImplementedError  # for which the layers write their own loop
