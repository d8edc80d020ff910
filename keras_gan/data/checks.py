"""What an array must be to train on."""

import warnings
from typing import Any

import numpy as np

from keras_gan.data.images import rows_per_chunk

# Interpolation with a sharp kernel overshoots a little; such images are fine.
RANGE_TOLERANCE = 0.05


def checked_array(array: Any) -> np.ndarray:
    """Returns images with a channel dimension, or vectors; raises on all else."""
    if not isinstance(array, np.ndarray):
        array = _as_array(array)
    _check_dtype(array)
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise ValueError(
            "Expected images of shape (num_examples, height, width, channels) or "
            "(num_examples, height, width), or vectors of shape (num_examples, dim), "
            f"none of it empty. Received: shape={array.shape}."
        )
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] > 4:
        raise ValueError(
            "Images must have their channels last. Received: "
            f"shape={array.shape}. Turn them with `x.transpose(0, 2, 3, 1)`."
        )
    return array[..., None] if array.ndim == 3 else array


def _as_array(array: Any) -> np.ndarray:
    try:
        return np.asarray(array)
    except ValueError as error:
        raise ValueError(
            f"Expected one array. Received: {type(array).__name__}, of which NumPy "
            f"says: {error}. Images of different sizes become one array with "
            "`keras_gan.data.resize(images, size)`."
        ) from error


def _check_dtype(array: np.ndarray) -> None:
    if array.dtype == object:
        raise ValueError(
            "Expected one array of numbers. Received: dtype=object, as of images of "
            "different sizes. Bring them to one with `keras_gan.data.resize(images, "
            "size)`."
        )
    is_float = np.issubdtype(array.dtype, np.floating)
    if not (is_float or (array.dtype == np.uint8 and array.ndim != 2)):
        raise ValueError(
            "Expected uint8 images, or floating-point images or vectors. Received: "
            f"dtype={array.dtype}, shape={array.shape}. Pass images of 0..255 as "
            "`x.astype('uint8')`, other numbers as `x.astype('float32')`."
        )


def check_values(array: np.ndarray) -> None:
    """Raises unless all values are finite, and those of images in [-1, 1]."""
    if array.dtype == np.uint8:
        return
    num_nan, num_infinite, low, high = _statistics(array)
    if num_nan or num_infinite:
        raise ValueError(
            f"All values must be finite in float32. Received: {num_nan} NaN and "
            f"{num_infinite} infinite values of {array.size}, dtype={array.dtype}. "
            "Examples without any are `x[np.isfinite(x).reshape(len(x), -1).all(1)]`."
        )
    if array.ndim == 4:
        _check_range(low, high, array.dtype)


def _statistics(array: np.ndarray) -> tuple[int, int, float, float]:
    """Counts NaN and infinite values and finds the extremes, in one pass."""
    rows = rows_per_chunk(array)
    chunks = (as_float32(array[i : i + rows]) for i in range(0, len(array), rows))
    found = [(np.isnan(x).sum(), np.isinf(x).sum(), x.min(), x.max()) for x in chunks]
    num_nan, num_infinite, low, high = zip(*found, strict=True)
    return int(sum(num_nan)), int(sum(num_infinite)), min(low), max(high)


def _check_range(low: float, high: float, dtype: np.dtype) -> None:
    limit = 1 + RANGE_TOLERANCE
    if not -limit <= low <= high <= limit:
        raise ValueError(
            f"Floating-point images must be in [-1, 1]. Received: min={low:g}, "
            f"max={high:g}, dtype={dtype}. Pass them as uint8 or scale them: "
            "`x / 127.5 - 1` if they are in [0, 255], `x * 2 - 1` if in [0, 1]."
        )
    if 0 <= low < high:
        warnings.warn(
            f"No pixel is below 0: min={low:g}, max={high:g}. If the images are in "
            "[0, 1], scale them to [-1, 1] with `x * 2 - 1`.",
            stacklevel=4,
        )


def as_float32(array: np.ndarray) -> np.ndarray:
    """Converts; what is beyond float32 becomes infinite, and is reported as such."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)
