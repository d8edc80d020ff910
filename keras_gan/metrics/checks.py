"""What features must be to be measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np

# By how much a generator without a last activation may leave [-1, 1].
OVERSTEP = 0.5
# Twelfth powers, as in the deviation of cubic kernels, are finite below it.
LARGEST = 1e20

# Share of an image's values beyond that, above which its range is another one.
MOST_BEYOND = 0.1


class OutOfRange(ValueError):
    """Images that are not in [-1, 1]."""


def clipped(images: np.ndarray) -> np.ndarray:
    """Returns images as they are shown, in [-1, 1]; raises on another range.

    A generator without a last activation may overshoot here and there.
    """
    beyond = np.mean(np.abs(images) > 1.0 + OVERSTEP)
    if beyond > MOST_BEYOND:
        raise OutOfRange(
            "The generator must draw images in [-1, 1]. Received: values from "
            f"{images.min():g} to {images.max():g}, {beyond:.0%} of them beyond "
            f"{1.0 + OVERSTEP:g}. Scale what it draws: `x / 127.5 - 1` if it is in "
            "[0, 255]."
        )
    # What is infinite must not look white.
    return np.where(np.isfinite(images), images.clip(-1.0, 1.0), np.nan)


def checked_features(name: str, features: Any, min_rows: int = 2) -> np.ndarray:
    """Returns features as an array of floats; raises on what can't be measured.

    Args:
        name: The argument's name, for the message.
        features: Array or tensor of shape `(num_images, num_features)`.
        min_rows: Fewest images that the metric can use.

    Returns:
        An array of shape `(num_images, num_features)`: the one that came if it is
        float32 or float64, else a float64 copy.
    """
    return _checked(name, features, min_rows, (np.float32, np.float64))


def checked_rows(name: str, rows: Any, min_rows: int = 2) -> np.ndarray:
    """`checked_features` that leaves uint8 pixels, for distances, as they are."""
    return _checked(name, rows, min_rows, (np.float32, np.float64, np.uint8))


def _checked(name: str, features: Any, min_rows: int, kept: tuple) -> np.ndarray:
    array = np.asarray(features)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"`{name}` must be features of shape (num_images, num_features). "
            f"Received: shape={array.shape}. Metrics see features: take them from "
            "images with a feature extractor, or flatten each image."
        )
    if array.dtype not in kept:
        array = _as_float64(name, array)
    if len(array) < min_rows:
        raise ValueError(
            f"`{name}` must hold at least {min_rows} rows for this metric. Received: "
            f"{len(array)}. Draw more images."
        )
    _check_finite(name, array)
    return array


def check_same_width(**sides: np.ndarray) -> None:
    """Raises unless the two arguments hold the same number of features."""
    (first, second), names = sides.values(), _both(sides)
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(
            f"{names} must hold the same features. Received: {first.shape[-1]} and "
            f"{second.shape[-1]} features an image. Take both from one feature "
            "extractor."
        )


def check_same_scale(**sides: Any) -> None:
    """Raises where of two arguments one holds uint8 pixels and one images in [-1, 1].

    `Examples.images` are the first and what a generator draws is the second: no
    distance between them means anything. Floats in [0, 255] may meet uint8 ones.
    """
    arrays = {name: np.asarray(side) for name, side in sides.items()}
    bytes_ = [name for name, array in arrays.items() if array.dtype == np.uint8]
    if len(bytes_) != 1 or not all(array.size for array in arrays.values()):
        return
    (other,) = arrays.keys() - bytes_
    low, high = arrays[other].min(), arrays[other].max()
    if arrays[bytes_[0]].max() > 1 and max(abs(low), abs(high)) <= 1.0 + OVERSTEP:
        raise ValueError(
            f"{_both(sides)} must be on one scale. Received: `{bytes_[0]}` of uint8 "
            f"pixels and `{other}` from {low:g} to {high:g}. Scale the uint8 side, for "
            "images in [-1, 1] by `x / 127.5 - 1`."
        )


def _both(sides: Mapping[str, Any]) -> str:
    return " and ".join(f"`{name}`" for name in sides)


def checked_pair(
    real: Any, fake: Any, min_rows: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of a comparison, see `checked_features`."""
    check_same_scale(real=real, fake=fake)
    real = checked_features("real", real, min_rows)
    fake = checked_features("fake", fake, min_rows)
    check_same_width(real=real, fake=fake)
    return real, fake


def check_positive(**counts: int) -> None:
    """Raises unless each argument is a whole number of one or more."""
    for name, count in counts.items():
        if not isinstance(count, (int, np.integer)) or count < 1:
            raise ValueError(
                f"`{name}` must be a whole number of 1 or more. Received: "
                f"{name}={count!r}."
            )


def _as_float64(name: str, array: np.ndarray) -> np.ndarray:
    # Not by kind: bfloat16 is none of NumPy's own types.
    if array.dtype.kind in "OSUMmc":
        raise ValueError(
            f"`{name}` must hold real numbers. Received: dtype={array.dtype}."
        )
    return array.astype("float64")


def _check_finite(name: str, array: np.ndarray) -> None:
    if not array.size:
        return
    # A NaN is the least and the largest of its array, and no mask is needed.
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        num_bad = int((~np.isfinite(array)).any(axis=1).sum())
        raise ValueError(
            f"`{name}` must be finite. Received: {num_bad} of {len(array)} rows with "
            "NaN or infinite values. Look at the images first: a generator whose "
            "training diverged draws NaN."
        )
    if max(-low, high) > LARGEST:
        raise ValueError(
            f"`{name}` must lie within {LARGEST:g}, or their products overflow. "
            f"Received: values from {low:g} to {high:g}. Look at the network that "
            "made them."
        )
