"""Real examples to compare with, and others that play the generator."""

from typing import Any

import numpy as np

from keras_gan.data.checks import check_values, checked_array
from keras_gan.data.examples import Examples

# Fewer say nothing: the support, for one, is calibrated on ten pairs.
MIN_IMAGES = 20


def as_examples(data: Any) -> Examples:
    """Return examples, of an array too, once they are fit to be measured."""
    if isinstance(data, Examples):
        return data
    array = checked_array(data)
    check_values(array)
    return Examples(array)


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
        return data.some(num_images, seed), train
    num_images = min(num_images, len(data) // 2)
    _check_number(num_images)
    order = np.random.default_rng(seed).permutation(len(data))
    real, others = order[:num_images], order[num_images:]
    return data.at(np.sort(real)), data.at(np.sort(others))


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
