"""Whether the right text is found for a picture, among others."""

from collections.abc import Sequence
from math import comb

import numpy as np


def retrieval_recall(
    similarities: np.ndarray,
    *,
    at: Sequence[int] = (1, 5),
    num_candidates: int | None = None,
) -> dict[str, float]:
    """How often the own text of a picture is among the `k` that are most like it.

    Each picture is held against its own text and `num_candidates - 1` others. What is
    returned is the mean over all ways to draw these from the texts, exactly, so that
    no luck is in it. By chance it is `k / num_candidates`. Of texts that are equally
    similar the own one counts as the last.

    Args:
        similarities: How much picture `i` is like text `j`, of shape
            `(num_pictures, num_pictures)`; text `i` is that of picture `i`.
        at: The numbers `k`.
        num_candidates: Texts that a picture is held against; by default all.

    Returns:
        `"recall_at_<k>"` to a number in [0, 1], for each `k`.

    Example:

    >>> retrieval_recall(np.array([[3.0, 1.0], [2.0, 0.0]]), at=[1])
    {'recall_at_1': 0.5}
    """
    similarities = np.asarray(similarities)
    num = len(similarities)
    if similarities.shape != (num, num) or num < 2 or np.isnan(similarities).any():
        raise ValueError(
            "`similarities` must be square, of two pictures or more, without NaN. "
            f"Received: shape {similarities.shape}. Compare the pictures with their "
            "texts, both in the same order."
        )
    drawn = (num if num_candidates is None else num_candidates) - 1
    if not 1 <= drawn < num or min(at) < 1:
        raise ValueError(
            f"`num_candidates` must lie in [2, {num}] and `at` begin at 1. Received: "
            f"num_candidates={num_candidates}, at={at}. Give more pictures, or a "
            "smaller number."
        )
    own = np.diagonal(similarities)[:, None]
    better = np.sum(similarities >= own, axis=1) - 1
    return {
        f"recall_at_{k}": float(
            np.mean([_at_most(k - 1, count, num - 1, drawn) for count in better])
        )
        for k in at
    }


def _at_most(limit: int, marked: int, total: int, drawn: int) -> float:
    """Chance that at most `limit` of `marked` are among `drawn` of `total`."""
    marked = int(marked)
    ways = sum(
        comb(marked, found) * comb(total - marked, drawn - found)
        for found in range(min(limit, drawn) + 1)
    )
    return ways / comb(total, drawn)
