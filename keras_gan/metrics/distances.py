"""Squared Euclidean distances and nearest neighbours, a tile at a time.

`|a|^2 + |b|^2 - 2ab` is fast and loses digits where `a` is near `b`. So features are
centred first, and what lies within the rounding of a decision is computed once more
from the difference, which is exact for equal rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_gan.metrics.checks import (
    check_positive,
    check_same_scale,
    check_same_width,
    checked_rows,
)

TILE_ROWS = 2048
# Of a tile's rows, so many features at a time are copied into float64.
TILE_FEATURES = 2048
# Neighbours kept beyond those asked for, since rounding may swap near ones.
SPARE = 8


def nearest(
    queries: Any,
    references: Any,
    num_neighbours: int = 1,
    *,
    exclude_self: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest references of each query.

    Memory is that of a tile of 2,048 x 2,048 distances and of the neighbours, however
    wide the rows are; rows of uint8 are not copied.

    Args:
        queries: Features of shape `(num_queries, num_features)`.
        references: Features of shape `(num_references, num_features)`.
        num_neighbours: How many.
        exclude_self: For `references` that are the queries: row i is no neighbour of
            query i. Other rows equal to it are.

    Returns:
        Distances, float64, nearest first, and the rows of the references, int64, both
        of shape `(num_queries, num_neighbours)`.

    Raises:
        ValueError: If there are fewer references than neighbours, the widths differ, or
            one side holds uint8 pixels and the other images in [-1, 1].

    Example:

    >>> points = np.array([[0.0], [1.0], [3.0]])
    >>> nearest(points, points, exclude_self=True)[1].ravel().tolist()
    [1, 0, 1]
    """
    check_positive(num_neighbours=num_neighbours)
    check_same_scale(queries=queries, references=references)
    queries = checked_rows("queries", queries, 1)
    references = checked_rows("references", references, num_neighbours)
    check_same_width(references=references, queries=queries)
    if exclude_self and len(queries) != len(references):
        raise ValueError(
            "`exclude_self` needs the queries as references. Received: "
            f"{len(queries)} queries and {len(references)} references."
        )
    if exclude_self and len(references) <= num_neighbours:
        raise ValueError(
            f"`references` must hold at least {num_neighbours + 1} rows, one of which "
            f"is the query itself. Received: {len(references)}."
        )
    squared, rows = squared_nearest(queries, references, num_neighbours, exclude_self)
    return np.sqrt(squared), rows


def squared_nearest(
    queries: np.ndarray, references: np.ndarray, num_neighbours: int, exclude_self: bool
) -> tuple[np.ndarray, np.ndarray]:
    """`nearest` for checked features, with squared distances."""
    num_kept = min(num_neighbours + SPARE, len(references) - exclude_self)
    squared = np.full((len(queries), num_kept), np.inf)
    rows = np.zeros((len(queries), num_kept), "int64")
    for tile in tiles(queries, references):
        if exclude_self:
            tile.hide_diagonal()
        columns = np.arange(tile.columns.start, tile.columns.stop)
        _keep_least(squared[tile.rows], rows[tile.rows], tile.squared, columns)
    for start in range(0, len(queries), TILE_ROWS):
        part = slice(start, start + TILE_ROWS)
        _sort_exactly(queries[part], references, squared[part], rows[part])
    return squared[:, :num_neighbours], rows[:, :num_neighbours]


class Tile:
    """Squared distances between some rows of one side and some of the other.

    Attributes:
        rows: Slice of the first side.
        columns: Slice of the second side.
        squared: float64 of shape `(num_rows, num_columns)`, right to `rounding`.
    """

    def __init__(self, first, second, rows: slice, columns: slice, center: np.ndarray):
        self.rows, self.columns = rows, columns
        self._first, self._second = first[rows], second[columns]
        self._left_norms = np.zeros((len(self._first), 1))
        self._right_norms = np.zeros(len(self._second))
        self.squared = np.zeros((len(self._first), len(self._second)))
        for part in slices(len(center), TILE_FEATURES):
            left = self._first[:, part] - center[part]
            right = self._second[:, part] - center[part]
            self._left_norms[:, 0] += np.einsum("ij,ij->i", left, left)
            self._right_norms += np.einsum("ij,ij->i", right, right)
            self.squared += left @ (-2.0 * right.T)
        self.squared += self._left_norms
        self.squared += self._right_norms
        np.maximum(self.squared, 0.0, out=self.squared)

    def hide_diagonal(self) -> None:
        """Puts a row infinitely far from itself."""
        indices = np.arange(self.rows.start, self.rows.stop) - self.columns.start
        here = (indices >= 0) & (indices < self.squared.shape[1])
        self.squared[here, indices[here]] = np.inf

    def nearer_than(self, squared_radii: np.ndarray, closed: bool) -> np.ndarray:
        """Which distances lie under the radii, or on them if `closed`.

        Args:
            squared_radii: Of shape `(num_rows, 1)` or `(num_columns,)`.

        Returns:
            Booleans of shape `(num_rows, num_columns)`.
        """
        gap = self.squared - squared_radii
        inside = gap < 0
        error = rounding(self._first.shape[1]) * (self._left_norms + self._right_norms)
        rows, columns = np.nonzero(np.abs(gap, out=gap) <= error)
        radii = np.broadcast_to(squared_radii, inside.shape)[rows, columns]
        exact = _exact(self._first, rows, self._second, columns)
        inside[rows, columns] = exact <= radii if closed else exact < radii
        return inside


def tiles(first: np.ndarray, second: np.ndarray) -> Iterator[Tile]:
    """All pairs of rows of two sides, a tile of squared distances at a time."""
    center = mean(second)
    for rows in slices(len(first), TILE_ROWS):
        for columns in slices(len(second), TILE_ROWS):
            yield Tile(first, second, rows, columns, center)


def slices(num_rows: int, size: int) -> Iterator[slice]:
    """Cuts rows into parts of at most `size`."""
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def mean(features: np.ndarray) -> np.ndarray:
    """The mean row in float64, without a float64 copy of the whole."""
    return features.mean(axis=0, dtype="float64")


def rounding(num_features: int) -> float:
    """Error of a squared distance, relative to the sum of both squared norms."""
    return 2 * (num_features + 4) * np.finfo("float64").eps


def _exact(first, rows, second, columns) -> np.ndarray:
    """Squared distances of single pairs of rows, from their differences."""
    result = np.empty(len(rows))
    size = max(1, TILE_ROWS * TILE_FEATURES // first.shape[1])
    for part in slices(len(rows), min(size, TILE_ROWS)):
        gaps = first[rows[part]].astype("float64") - second[columns[part]]
        result[part] = np.square(gaps, out=gaps).sum(axis=1)
    return result


def _keep_least(squared, rows, new_squared, new_rows) -> None:
    """Keeps the least of what was kept so far and of a tile, in place."""
    num_kept = squared.shape[1]
    if new_squared.shape[1] > num_kept:
        least = np.argpartition(new_squared, num_kept - 1, axis=1)[:, :num_kept]
        new_squared = np.take_along_axis(new_squared, least, axis=1)
        new_rows = new_rows[least]
    everything = np.hstack([squared, new_squared])
    sources = np.hstack([rows, np.broadcast_to(new_rows, new_squared.shape)])
    order = np.argsort(everything, axis=1, kind="stable")[:, :num_kept]
    squared[...] = np.take_along_axis(everything, order, axis=1)
    rows[...] = np.take_along_axis(sources, order, axis=1)


def _sort_exactly(queries, references, squared, rows) -> None:
    """Computes the kept distances once more, exactly, and sorts by them, in place."""
    own = np.repeat(np.arange(len(queries)), rows.shape[1])
    squared[...] = _exact(queries, own, references, rows.ravel()).reshape(rows.shape)
    order = np.lexsort((rows, squared), axis=1)
    squared[...] = np.take_along_axis(squared, order, axis=1)
    rows[...] = np.take_along_axis(rows, order, axis=1)
