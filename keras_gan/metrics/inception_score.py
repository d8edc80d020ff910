"""The Inception Score (Salimans et al., 2016, arXiv:1606.03498)."""

from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.checks import check_positive, checked_features

# How far from 1 the probabilities of an image may sum up, for half precision.
SUM_TOLERANCE = 5e-3


class SplitScores(NamedTuple):
    """Mean and standard deviation over the splits."""

    mean: float
    std: float


def inception_score(
    probabilities: Any, *, num_splits: int = 10, seed: int = 2020
) -> SplitScores:
    """Scores how sure a classifier is of each image, and how varied of all.

    `exp(E[KL(p(label | image) || p(label))])` in each of the splits of the shuffled
    images: 1 at worst, the number of classes at best. It sees no real image, so a
    generator that memorises, or draws one image a class, scores well (Barratt &
    Sharma, 2018, arXiv:1801.01973). Shuffle and splits are those of torch-fidelity
    0.4.

    Args:
        probabilities: A classifier's softmax, of shape `(num_images, num_classes)`.
        num_splits: Parts whose scores are averaged.
        seed: Of the shuffle.

    Returns:
        Mean and standard deviation over the splits.

    Raises:
        ValueError: If there are fewer images than splits, or the rows are no
            probabilities.

    Example:

    >>> inception_score(np.eye(4)[np.arange(80) % 4], num_splits=1).mean
    4.0
    """
    check_positive(num_splits=num_splits)
    probabilities = checked_features("probabilities", probabilities, num_splits)
    probabilities = probabilities.astype("float64")
    _check_distribution(probabilities)
    order = np.random.RandomState(seed).permutation(len(probabilities))
    bounds = [i * len(order) // num_splits for i in range(num_splits + 1)]
    scores = [
        _score(probabilities[order[start:end]])
        for start, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    return SplitScores(float(np.mean(scores)), float(np.std(scores)))


def _score(probabilities: np.ndarray) -> float:
    surprise = np.zeros_like(probabilities)
    marginal = np.broadcast_to(probabilities.mean(axis=0), probabilities.shape)
    positive = probabilities > 0  # 0 log 0 is 0
    ratio = probabilities[positive] / marginal[positive]
    surprise[positive] = probabilities[positive] * np.log(ratio)
    return float(np.exp(surprise.sum(axis=1).mean()))


def _check_distribution(probabilities: np.ndarray) -> None:
    least, sums = probabilities.min(), probabilities.sum(axis=1)
    if least < 0 or np.abs(sums - 1.0).max() > SUM_TOLERANCE:
        raise ValueError(
            "`probabilities` must not be negative and sum to 1 for each image. "
            f"Received: least {least:.6g}, sums from {sums.min():.6g} to "
            f"{sums.max():.6g}. Pass the softmax of the logits."
        )
