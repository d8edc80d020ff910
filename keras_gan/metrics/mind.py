"""MIND, the Monge Inception Distance (Berthet et al., arXiv:2605.06797)."""

from typing import Any

import numpy as np

from keras_gan.metrics.checks import check_positive, checked_features, checked_pair
from keras_gan.metrics.distances import slices

BLOCK_DIRECTIONS = 128
BLOCK_ROWS = 4096


def mind(
    real: Any,
    fake: Any,
    *,
    num_projections: int = 1000,
    seed: int = 2020,
    directions: np.ndarray | None = None,
) -> float:
    """Sliced squared Wasserstein distance of two sets of features.

    `3 d E_u[mean_j (sort(X u)_j - sort(Y u)_j)^2]` over random unit directions `u`,
    with `d` the number of features. It needs no covariance, so it works with few
    images and is cheap enough for every epoch (Berthet et al., arXiv:2605.06797).
    Of two sets of one distribution it is above 0 and falls with the number of images:
    compare only numbers made with as many.

    Args:
        real: Features of shape `(num_images, num_features)`.
        fake: The same. Of the larger side a random part as large as the other is
            taken, so that both sort into pairs.
        num_projections: How many directions.
        seed: Of the directions and the part.
        directions: Directions to use instead of random ones, of shape
            `(num_projections, num_features)`; they are scaled to length 1.

    Returns:
        The distance, 0 or more.

    Raises:
        ValueError: If a side is no finite matrix of features, the widths differ, or one
            side holds uint8 pixels and the other images in [-1, 1].

    Example:

    >>> features = np.random.default_rng(0).normal(size=(64, 3))
    >>> mind(features, features[::-1])
    0.0
    """
    check_positive(num_projections=num_projections)
    real, fake = checked_pair(real, fake)
    random = np.random.RandomState(seed)
    size = min(len(real), len(fake))
    real, fake = (_part(side, size, random) for side in (real, fake))
    if directions is None:
        directions = random.normal(size=(num_projections, real.shape[1]))
    directions = _unit(directions, real.shape[1])
    total = sum(
        np.square(_sorted(real, some) - _sorted(fake, some)).sum()
        for some in (
            directions[part] for part in slices(len(directions), BLOCK_DIRECTIONS)
        )
    )
    return float(3 * real.shape[1] * total / (size * len(directions)))


def _part(features: np.ndarray, size: int, random: np.random.RandomState) -> np.ndarray:
    """Random rows in random order, or all as they are."""
    if len(features) == size:
        return features
    return features[random.permutation(len(features))[:size]]


def _unit(directions: Any, num_features: int) -> np.ndarray:
    directions = checked_features("directions", directions, 1).astype("float64")
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    if directions.shape[1] != num_features or not lengths.all():
        raise ValueError(
            f"`directions` must be of shape (num_projections, {num_features}), none of "
            f"them zero. Received: shape={directions.shape}, the shortest of length "
            f"{lengths.min():.6g}."
        )
    return directions / lengths


def _sorted(features: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Coordinates along each direction, in order, of shape `(directions, images)`."""
    coordinates = np.empty((len(directions), len(features)))
    for rows in slices(len(features), BLOCK_ROWS):
        coordinates[:, rows] = directions @ features[rows].T.astype("float64")
    coordinates.sort(axis=1)
    return coordinates
