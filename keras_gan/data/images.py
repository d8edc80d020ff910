"""Sizes and scales of images."""

import operator
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

ImageSize = int | tuple[int, int]

# Bounds the memory that floating-point copies take while an array is worked through.
CHUNK_BYTES = 64 * 2**20


def resize(images: np.ndarray | Sequence[np.ndarray], size: ImageSize) -> np.ndarray:
    """Resizes images, keeping their aspect ratio.

    The middle of each image is cropped to the ratio of `size` and resized with
    bilinear interpolation, antialiased where that shrinks it.

    Args:
        images: Images of shape `(batch, height, width, channels)`, one image of shape
            `(height, width, channels)`, or a list of such images, whose sizes may
            differ. Unsigned 8-bit or floating-point.
        size: `(height, width)`, or one number for a square.

    Returns:
        An array of the dtype that came and of shape `(batch, *size, channels)`, or
        `(*size, channels)` for one image.

    Example:

    >>> photos = [np.zeros((20, 30, 3), "uint8"), np.zeros((50, 40, 3), "uint8")]
    >>> resize(photos, (16, 16)).shape
    (2, 16, 16, 3)
    """
    size = checked_size(size)
    if isinstance(images, Sequence):
        return np.stack([resize(image, size) for image in images])
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            "Images must have shape (batch, height, width, channels) or (height, "
            f"width, channels). Received: shape={images.shape}. Add a channel to "
            "greyscale images with `images[..., None]`."
        )
    if images.ndim == 3:
        return _resize_batch(images, size)
    rows = rows_per_chunk(images)
    chunks = [images[i : i + rows] for i in range(0, len(images), rows)]
    return np.concatenate([_resize_batch(chunk, size) for chunk in chunks])


def _resize_batch(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return resize_tensor(tf.constant(images), size).numpy()


def resize_tensor(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Resizes as `resize` does, in a graph; whole numbers stay whole."""
    resized: Any = keras.ops.image.resize(
        tf.cast(images, tf.float32),
        size,
        antialias=True,
        crop_to_aspect_ratio=True,
        data_format="channels_last",
    )
    if images.dtype.is_integer:
        resized = tf.round(resized)
    return tf.cast(resized, images.dtype)


def scale_to_unit(images: tf.Tensor) -> tf.Tensor:
    """Maps 0..255 to [-1, 1] in float32."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def checked_size(size: ImageSize) -> tuple[int, int]:
    """Returns `size` as `(height, width)`, or raises."""
    pair = tuple(size) if isinstance(size, Sequence) else (size, size)
    try:
        height, width = (operator.index(side) for side in pair)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise ValueError(
            "`image_size` must be (height, width) in whole pixels, or one number "
            f"for a square. Received: image_size={size!r}."
        )
    return height, width


def rows_per_chunk(array: np.ndarray) -> int:
    """Returns how many examples to take at a time."""
    return max(1, CHUNK_BYTES * len(array) // max(1, array.nbytes))
