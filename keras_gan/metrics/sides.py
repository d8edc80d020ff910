"""What is compared: real examples, others that play the generator, and its draws."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_gan.data.checks import RANGE_TOLERANCE
from keras_gan.data.examples import Examples
from keras_gan.metrics.measures import flat

# Fewer say nothing: the support, for one, is calibrated on ten pairs.
MIN_IMAGES = 20
_CHUNK = 1024


def as_examples(data: Any) -> Examples:
    """Return examples, of an array too, once they are fit to be measured."""
    return data if isinstance(data, Examples) else Examples(data)


def two_sides(
    data: Examples, train: Examples | None, num_images: int, seed: int
) -> tuple[Examples, Examples]:
    """Return real examples to compare with, and others for the floor.

    Both sides have as many as are compared later, so that the floor is a level for
    numbers that depend on how many there are.

    Args:
        data: Held-out examples, or all where nothing was held out.
        train: Training examples where `data` were held out, which play the generator
            then; `None` makes two halves of `data`.
        num_images: Examples to compare, at most.
        seed: Of the choice.

    Returns:
        The examples to compare with, `num_images` or as many as there are, and at
        least as many others.
    """
    if train is not None:
        num_images = min(num_images, len(data), len(train))
        _check_number(num_images)
        _check_shapes(data, train)
        _check_apart(data, train)
        return data.some(num_images, seed), train
    num_images = min(num_images, len(data) // 2)
    _check_number(num_images)
    order = np.random.default_rng(seed).permutation(len(data))
    real, others = order[:num_images], order[num_images:]
    return data.at(np.sort(real)), data.at(np.sort(others))


def checked_draw(samples: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return what a generator drew as float32, once it is what the data are.

    Images are clipped to [-1, 1], as they are shown; unsigned 8-bit ones are scaled.

    Args:
        samples: What it drew.
        shape: That of as many examples of the data.
    """
    samples = np.asarray(samples)
    is_image = len(shape) == 4
    if is_image and samples.dtype == np.uint8:
        samples = flat(samples).reshape(samples.shape)
    samples = samples.astype("float32", copy=False)
    if samples.shape != shape:
        raise ValueError(
            f"The generator must draw {shape[0]} examples of shape {shape[1:]}, "
            f"as the data are. Received: shape={samples.shape}. Load the data at "
            "the size of its pictures, with `image_size`."
        )
    bad = ~np.isfinite(samples.reshape(len(samples), -1)).all(axis=1)
    if bad.any():
        raise ValueError(
            f"The generator draws NaN or infinity. Received: {bad.sum()} of "
            f"{len(samples)} such pictures. Its training diverged."
        )
    if not is_image:
        return samples
    if np.abs(samples).max() > 1.0 + RANGE_TOLERANCE:
        raise ValueError(
            "The generator must draw images in [-1, 1]. Received: values from "
            f"{samples.min():g} to {samples.max():g}. Scale what it draws: "
            "`x / 127.5 - 1` if it is in [0, 255], or clip it if that is its range."
        )
    return np.clip(samples, -1.0, 1.0)


def _check_number(num_images: int) -> None:
    if num_images < MIN_IMAGES:
        raise ValueError(
            f"An evaluation needs at least {MIN_IMAGES} real examples to compare with "
            "and as many others for the floor, or twice as many where nothing was "
            f"held out. Received: {num_images} for each."
        )


def _check_shapes(real: Examples, train: Examples) -> None:
    if real.images.shape[1:] != train.images.shape[1:]:
        raise ValueError(
            "Real and training examples must have one shape. Received: "
            f"{real.images.shape[1:]} and {train.images.shape[1:]}."
        )


def _check_apart(held_out: Examples, train: Examples) -> None:
    """Raises where training examples are passed off as held out."""
    known = set(_hashes(train))
    num_known = sum(row in known for row in _hashes(held_out))
    if num_known > len(held_out) / 2:
        raise ValueError(
            "Held-out examples must not be among the training examples. Received: "
            f"{num_known} of {len(held_out)} that are. Pass a split that was not "
            "trained on, or the same object as `real` and `train` where there is none."
        )


def _hashes(examples: Examples) -> Iterator[int]:
    """One of each example, the same for unsigned 8-bit images as for their floats."""
    for start in range(0, len(examples), _CHUNK):
        rows = flat(examples.images[start : start + _CHUNK])
        if examples.images.ndim == 4:
            # So that a last bit of rounding does not tell them apart.
            rows = np.rint(rows * 2.0**12).astype("int32")
        yield from (hash(row.tobytes()) for row in rows)
