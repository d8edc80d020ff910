"""Ages in years: their groups, and what is no age."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Ages:
    """Ages in whole years, as integers of shape `(batch,)` in [low, high).

    Args:
        low: The lowest age.
        high: The first age that is too high.
    """

    low: int
    high: int

    def check_spec(self, name: str, spec: tf.TypeSpec):
        """Raises unless tensors of `spec` are batches of ages."""
        is_dense = isinstance(spec, tf.TensorSpec)
        if not is_dense or spec.shape.rank != 1 or not spec.dtype.is_integer:
            raise ValueError(
                f"Expected `{name}` as dense integers of shape (batch,), in years. "
                f"Received: {spec}. Give one whole number an image: "
                "`tf.cast(ages, 'int32')`."
            )

    def check_values(self, name: str, values: np.ndarray):
        """Raises unless every age lies in a group."""
        # What is no number lies nowhere.
        if not np.all((values >= self.low) & (values < self.high)):
            raise ValueError(
                f"Expected `{name}` in years in [{self.low}, {self.high}), which "
                f"`age_groups` span. Received: values from {values.min()} to "
                f"{values.max()}. Leave those faces out, or build the game with wider "
                "groups."
            )


def checked_groups(edges) -> tuple[int, ...]:
    """Returns the edges of age groups as a tuple, or raises."""
    groups = tuple(edges) if isinstance(edges, (tuple, list)) else ()
    whole = all(type(x) is int for x in groups)
    rising = whole and all(x < y for x, y in zip(groups, groups[1:], strict=False))
    if len(groups) < 3 or not rising or groups[0] < 0:
        raise ValueError(
            "`age_groups` must be edges in whole years that rise, of two groups or "
            f"more. Received: age_groups={edges!r}. Give edges such as "
            "(0, 20, 40, 60, 120)."
        )
    return groups


def group_of(ages, age_groups: Sequence[int]) -> np.ndarray:
    """The groups of ages in years.

    Args:
        ages: A number or an array of them.
        age_groups: Edges of the groups: group i is of ages from `age_groups[i]` to
            below `age_groups[i + 1]`.

    Returns:
        Integers in [0, len(age_groups) - 1), of the shape of `ages`.

    Raises:
        ValueError: If an age lies outside of the groups.

    Example:

    >>> group_of([3, 20, 71], (0, 20, 60, 120)).tolist()
    [0, 1, 2]
    """
    age_groups, ages = checked_groups(age_groups), np.asarray(ages)
    if ages.dtype.kind not in "iuf":
        raise ValueError(
            f"`ages` must be numbers of years. Received: {ages!r:.80}. Give one, or "
            "one for each image."
        )
    Ages(age_groups[0], age_groups[-1]).check_values("ages", ages)
    return np.digitize(ages, age_groups[1:-1])
