"""Resizes as matrix products, for formats that lack the resize."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


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
    # A shape that is wholly known is written as a constant.
    shape = tf.get_static_value(divisor.outputs[0])
    of_images = divisor.type == "Shape" and divisor.inputs[0] is images
    if not of_images and not np.array_equal(shape, images.shape.as_list()):
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
