"""The kernel distance of features (Bińkowski et al., 2018, arXiv:1801.01401)."""

from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.checks import check_positive, checked_pair


class KernelDistance(NamedTuple):
    """Mean and standard deviation over the subsets."""

    mean: float
    std: float


def kernel_distance(
    real: Any,
    fake: Any,
    *,
    num_subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
) -> KernelDistance:
    """Squared maximum mean discrepancy of two sets of features, unbiased (KID).

    The kernel is `k(a, b) = (ab / num_features + 1)^3`, the estimate
    `sum_{i != j} (k(x_i, x_j) + k(y_i, y_j)) / (m (m - 1)) - 2 sum k(x_i, y_j) / m^2`,
    its mean over random subsets of `m` images a side. Unlike the Fréchet distance it
    expects the same of few images as of many, and may be slightly negative
    (Bińkowski et al., 2018, arXiv:1801.01401). Subsets are those of torch-fidelity
    0.4.

    Args:
        real: Features of shape `(num_images, num_features)`.
        fake: The same.
        num_subsets: Subsets to average over.
        subset_size: Images of each side in a subset.
        seed: Of the subsets.

    Returns:
        Mean and standard deviation over the subsets. The standard error of the mean
        is not the deviation over the root of `num_subsets`, since subsets overlap.

    Raises:
        ValueError: If a side is no finite matrix of features, the widths differ, or one
            side holds uint8 pixels and the other images in [-1, 1]; or if there are
            fewer images than a subset takes.

    Example:

    >>> features = np.random.default_rng(0).normal(size=(60, 4))
    >>> kernel_distance(features[:30], features[30:] + 1.0, subset_size=20).mean > 0.5
    True
    """
    check_positive(num_subsets=num_subsets, subset_size=subset_size)
    real, fake = checked_pair(real, fake)
    _check_size(len(real), len(fake), subset_size)
    random = np.random.RandomState(seed)
    values = []
    for _ in range(num_subsets):
        real_rows = random.choice(len(real), subset_size, replace=False)
        fake_rows = random.choice(len(fake), subset_size, replace=False)
        values.append(squared_discrepancy(real[real_rows], fake[fake_rows]))
    return KernelDistance(float(np.mean(values)), float(np.std(values)))


def squared_discrepancy(real: np.ndarray, fake: np.ndarray) -> float:
    """The unbiased estimate of all images, as many real as fake ones."""
    real, fake = real.astype("float64"), fake.astype("float64")
    size = len(real)
    within = sum(_sum_of_pairs(side) for side in (real, fake))
    return float(within / (size * (size - 1)) - 2.0 * _kernel(real, fake).mean())


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    values = first @ second.T
    values /= first.shape[1]
    values += 1.0
    return values * values * values


def _sum_of_pairs(features: np.ndarray) -> float:
    values = _kernel(features, features)
    return values.sum() - np.trace(values)


def _check_size(num_real: int, num_fake: int, subset_size: int) -> None:
    if subset_size < 2:
        raise ValueError(
            "`subset_size` must be 2 or more, since no image is compared with itself. "
            f"Received: subset_size={subset_size}."
        )
    if min(num_real, num_fake) < subset_size:
        raise ValueError(
            f"`real` and `fake` must each hold `subset_size` images. Received: "
            f"{num_real} real and {num_fake} fake ones, subset_size={subset_size}. "
            "Draw more images or lower `subset_size`, and say so beside the number."
        )
