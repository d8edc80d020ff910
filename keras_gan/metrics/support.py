"""The support size of a generator by the birthday paradox.

Arora and Zhang (2017, arXiv:1706.08224).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_gan.metrics.checks import (
    check_same_scale,
    check_same_width,
    checked_features,
)
from keras_gan.metrics.distances import TILE_ROWS, Tile, mean, slices


class SupportSize(NamedTuple):
    """What `support_size` finds.

    Attributes:
        support: Number of equally likely examples among which so many pairs would
            coincide; `math.inf` where none does.
        low: Lower end of its 95 % Poisson interval.
        high: Upper end, `math.inf` without collisions.
        batch_size: Size of the batch that holds a near-duplicate with probability
            1/2; about the square root of `support`.
        num_collisions: Pairs of samples no further apart than `threshold`.
        threshold: Distance up to which two examples are near-duplicates.
        ceiling: The support of the real data by the same measure, which a generator
            exceeds by chance or by noise only; `math.inf` where `threshold` was given.
    """

    support: float
    low: float
    high: float
    batch_size: float
    num_collisions: int
    threshold: float
    ceiling: float


def support_size(
    samples: np.ndarray,
    real: np.ndarray | None = None,
    *,
    threshold: float | None = None,
    real_collisions: int = 10,
    seed: int = 2020,
) -> SupportSize:
    """Estimates how many different examples a generator draws.

    Of n samples from N equally likely examples, `n (n - 1) / (2 N)` pairs coincide on
    average, so N is the number of pairs over the number of collisions, and half of
    all batches of about `√(2 N log 2)` hold one. Arora and Zhang search for that batch
    and look at its closest pairs; here the collisions of all pairs are counted.

    The outputs of a generator never coincide exactly, so a threshold must say which
    pairs count. Its default is the distance within which `real_collisions` pairs lie
    among as many real examples: real data then has a support of the number of pairs
    over `real_collisions`, the ceiling, and a generator that repeats itself falls
    below it. The estimate depends on the threshold; compare only estimates from equal
    numbers of samples, the same real data and the same features. The interval treats
    collisions as independent and is too narrow where a few examples cause them all.

    Args:
        samples: Features or pixels of samples, of shape `(num_samples, num_features)`.
        real: The same of real data. At most as many rows as `samples` has are drawn
            from it; fewer make the threshold less certain. Rows that are equal count
            once, or they would make it zero.
        threshold: Distance of near-duplicates, in place of `real`.
        real_collisions: Pairs of real examples that the threshold calls duplicates.
        seed: Integer that the choice of real examples depends on.

    Returns:
        A `SupportSize`.

    Raises:
        ValueError: If neither `real` nor a `threshold` is given, or there are too few
            real examples to measure one; if the sides differ in width or in scale.

    Example:

    >>> faces_of_a_die = np.arange(60)[:, None] % 6.0
    >>> support_size(faces_of_a_die, threshold=0.5).num_collisions
    270
    """
    if real is not None:
        check_same_scale(real=real, samples=samples)
    samples = checked_features("samples", samples)
    num_pairs, ceiling = _num_pairs(samples), math.inf
    if threshold is None:
        real = _checked_real(samples, real, seed)
        threshold = _threshold_of(real, real_collisions, num_pairs)
        ceiling = num_pairs / real_collisions
    elif real is not None or not 0 <= threshold < math.inf:
        raise ValueError(
            "`threshold` must be a distance and stands in place of `real`. Received: "
            f"threshold={threshold!r} and real {'un' * (real is None)}set."
        )
    num_collisions = _count_within(samples, threshold)
    fewest, most = _poisson_interval(num_collisions)
    support = _ratio(num_pairs, num_collisions)
    return SupportSize(
        support=support,
        low=_ratio(num_pairs, most),
        high=_ratio(num_pairs, fewest),
        batch_size=0.5 + math.sqrt(0.25 + 2 * math.log(2) * support),
        num_collisions=num_collisions,
        threshold=float(threshold),
        ceiling=ceiling,
    )


def _ratio(num_pairs: int, collisions: float) -> float:
    return num_pairs / collisions if collisions else math.inf


def _num_pairs(rows: np.ndarray) -> int:
    return len(rows) * (len(rows) - 1) // 2


def _checked_real(samples, real, seed) -> np.ndarray:
    if real is None:
        raise ValueError(
            "What is a near-duplicate? Received neither `real` nor `threshold`. Give "
            "real data for a threshold that is measured on it, or the distance."
        )
    real = _distinct(checked_features("real", real))
    check_same_width(real=real, samples=samples)
    if len(real) > len(samples):
        chosen = np.random.default_rng(seed).choice(
            len(real), len(samples), replace=False
        )
        real = real[chosen]
    return real


def _distinct(rows: np.ndarray) -> np.ndarray:
    _, first = np.unique([hash(row.tobytes()) for row in rows], return_index=True)
    return rows[np.sort(first)]


def _threshold_of(real, real_collisions, num_pairs) -> float:
    """The distance within which so large a share of real pairs lies."""
    rank = round(real_collisions * _num_pairs(real) / num_pairs)
    if not 1 <= rank < _num_pairs(real):
        raise ValueError(
            f"The distance of {real_collisions} in {num_pairs} pairs cannot be "
            f"measured on {len(real)} real examples. Received: "
            f"real_collisions={real_collisions}. Give more real examples, fewer "
            "samples, or a `threshold`."
        )
    # Between two pairs, where rounding decides nothing.
    return float(np.sqrt(_least_squared(real, rank + 1)[-2:]).mean())


def _triangle(rows: np.ndarray) -> Iterator[Tile]:
    """Tiles that hold each pair of rows, on the diagonal both ways round."""
    center = mean(rows)
    for first in slices(len(rows), TILE_ROWS):
        for second in slices(len(rows), TILE_ROWS):
            if second.start >= first.start:
                yield Tile(rows, rows, first, second, center)


def _once(tile: Tile) -> np.ndarray:
    """Which entries of a tile are pairs that no other entry is."""
    rows, columns = (np.arange(s.start, s.stop) for s in (tile.rows, tile.columns))
    return rows[:, None] < columns


def _least_squared(rows: np.ndarray, num_pairs: int) -> np.ndarray:
    """The squared distances of the closest pairs, in order."""
    least = np.empty(0)
    for tile in _triangle(rows):
        least = np.concatenate([least, tile.squared[_once(tile)]])
        if len(least) > num_pairs:
            least = np.partition(least, num_pairs - 1)[:num_pairs]
    return np.sort(least)


def _count_within(rows: np.ndarray, threshold: float) -> int:
    radius = np.full((1, 1), threshold**2)
    return sum(
        int((tile.nearer_than(radius, closed=True) & _once(tile)).sum())
        for tile in _triangle(rows)
    )


def _poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95 % interval of a Poisson mean (Garwood, 1936)."""
    from scipy.stats import chi2

    low = 0.5 * chi2.ppf(0.025, 2 * count) if count else 0.0
    return float(low), float(0.5 * chi2.ppf(0.975, 2 * count + 2))
