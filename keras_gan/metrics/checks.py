"""What features must be to be measured."""

from typing import Any

import numpy as np


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


def check_same_width(real: np.ndarray, fake: np.ndarray) -> None:
    """Raises unless both hold the same number of features."""
    if real.shape[-1] != fake.shape[-1]:
        raise ValueError(
            "`real` and `fake` must hold the same features. Received: "
            f"{real.shape[-1]} and {fake.shape[-1]} features an image. Take both from "
            "one feature extractor."
        )


def checked_pair(
    real: Any, fake: Any, min_rows: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of a comparison, see `checked_features`."""
    real = checked_features("real", real, min_rows)
    fake = checked_features("fake", fake, min_rows)
    check_same_width(real, fake)
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
    # A NaN is the least and the largest of its array, and no mask is needed.
    if not array.size or np.isfinite([array.min(), array.max()]).all():
        return
    num_bad = int((~np.isfinite(array)).any(axis=1).sum())
    raise ValueError(
        f"`{name}` must be finite. Received: {num_bad} of {len(array)} rows with NaN "
        "or infinite values. Look at the images first: a generator whose training "
        "diverged draws NaN."
    )
