"""Precision and recall, density and coverage, by balls of nearest neighbours."""

from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.checks import check_positive, checked_pair
from keras_gan.metrics.distances import squared_nearest, tiles


class PrecisionRecall(NamedTuple):
    """Share of fakes near reals, and share of reals near fakes."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Reals' balls around a fake over those expected; share of reals near a fake."""

    density: float
    coverage: float


def precision_recall(
    real: Any, fake: Any, *, num_neighbours: int = 3
) -> PrecisionRecall:
    """Tells quality from variety (Kynkäänniemi et al., 2019, arXiv:1904.06991).

    Each image has a ball up to its k-th nearest neighbour on its own side. Precision
    is the share of fakes in some ball of a real, recall the share of reals in some
    ball of a fake. The border belongs to a ball, as in torch-fidelity 0.4.

    An outlier among the reals makes a huge ball and flatters precision;
    `density_coverage` does not mind it.

    Args:
        real: Features of shape `(num_images, num_features)`.
        fake: The same.
        num_neighbours: k; 3 in the paper.

    Returns:
        Both shares, from 0 to 1.

    Raises:
        ValueError: If a side is no finite matrix of features, the widths differ, or one
            side holds uint8 pixels and the other images in [-1, 1]; or if there are no
            more images than neighbours.

    Example:

    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> precision_recall(square, square[:2] - 0.1, num_neighbours=1)
    PrecisionRecall(precision=1.0, recall=0.5)
    """
    real, fake = _checked_sides(real, fake, num_neighbours)
    real_radii = _squared_radii(real, num_neighbours)
    fake_radii = _squared_radii(fake, num_neighbours)
    fake_is_near = np.zeros(len(fake), bool)
    real_is_near = np.zeros(len(real), bool)
    for tile in tiles(real, fake):
        in_real = tile.nearer_than(real_radii[tile.rows, None], closed=True)
        fake_is_near[tile.columns] |= in_real.any(axis=0)
        in_fake = tile.nearer_than(fake_radii[tile.columns], closed=True)
        real_is_near[tile.rows] |= in_fake.any(axis=1)
    return PrecisionRecall(float(fake_is_near.mean()), float(real_is_near.mean()))


def density_coverage(
    real: Any, fake: Any, *, num_neighbours: int = 5
) -> DensityCoverage:
    """Tells quality from variety, with little heed to outliers.

    Only reals have balls, up to their k-th nearest real. Density counts the balls
    around each fake and divides by k: about 1 for fakes like the reals, more where
    fakes crowd where reals are dense. Coverage is the share of reals with a fake in
    their ball (Naeem et al., 2020, arXiv:2002.09797). The border is outside, as in the
    authors' `prdc`.

    Args:
        real: Features of shape `(num_images, num_features)`.
        fake: The same.
        num_neighbours: k; 5 in the paper.

    Returns:
        Density, 0 or more, and coverage, from 0 to 1.

    Raises:
        ValueError: If a side is no finite matrix of features, the widths differ, or one
            side holds uint8 pixels and the other images in [-1, 1]; or if there are no
            more images than neighbours.

    Example:

    >>> line = np.arange(8.0)[:, None]
    >>> density_coverage(line, line[:4] + 0.5, num_neighbours=2).coverage
    0.625
    """
    real, fake = _checked_sides(real, fake, num_neighbours)
    radii = _squared_radii(real, num_neighbours)
    num_inside = 0
    is_covered = np.zeros(len(real), bool)
    for tile in tiles(real, fake):
        inside = tile.nearer_than(radii[tile.rows, None], closed=False)
        num_inside += int(inside.sum())
        is_covered[tile.rows] |= inside.any(axis=1)
    density = num_inside / (num_neighbours * len(fake))
    return DensityCoverage(density, float(is_covered.mean()))


def _checked_sides(real, fake, num_neighbours) -> tuple[np.ndarray, np.ndarray]:
    check_positive(num_neighbours=num_neighbours)
    return checked_pair(real, fake, num_neighbours + 1)


def _squared_radii(features: np.ndarray, num_neighbours: int) -> np.ndarray:
    squared, _ = squared_nearest(features, features, num_neighbours, True)
    return squared[:, -1]
