"""The Fréchet distance of features (Heusel et al., 2017, arXiv:1706.08500).

Of the features of the Inception network of 2015 it is the FID.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from keras_gan import files
from keras_gan.metrics.checks import (
    check_same_scale,
    check_same_width,
    checked_features,
)
from keras_gan.metrics.distances import slices

BLOCK_ROWS = 4096
# Share of the largest eigenvalue down to which roots of the others are trusted: their
# error is about 1e-16 of it, so that of the least root is 1e-10 of the largest root.
TRUSTED_EIGENVALUE = 1e-13


class FeatureStatistics:
    """Mean and covariance of features that come in batches.

    Accumulates in float64 with the update of Chan et al. (1979), which loses nothing
    where the mean is large against the deviation. Memory is that of two or three
    covariances, however many images come.

    Example:

    ```python
    statistics = FeatureStatistics()
    for images in dataset:
        statistics.update(extractor(images))
    statistics.save("real.npz", data="mnist", split="test", features=extractor.name)
    ```
    """

    def __init__(self):
        self.count = 0
        self._mean = np.zeros(0)
        self._scatter = np.zeros((0, 0))

    @classmethod
    def of(cls, features: Any) -> Self:
        """The statistics of features of shape `(num_images, num_features)`."""
        statistics = cls()
        statistics.update(features)
        return statistics

    @classmethod
    def of_moments(cls, count: int, total: np.ndarray, products: np.ndarray) -> Self:
        """The statistics of sums that were taken elsewhere.

        Args:
            count: Number of images.
            total: Sum of their features, float64 of shape `(num_features,)`.
            products: Sum of the outer products of each image's features with
                themselves, float64 of shape `(num_features, num_features)`.
        """
        statistics = cls()
        statistics.count = count
        statistics._mean = total / max(count, 1)
        statistics._scatter = products - np.outer(total, statistics._mean)
        return statistics

    def update(self, features: Any) -> None:
        """Takes in features of shape `(batch, num_features)`."""
        features = checked_features("features", features, 1)
        if self.count == 0:
            self._mean = np.zeros(features.shape[1])
            self._scatter = np.zeros((features.shape[1],) * 2)
        if features.shape[1] != len(self._mean):
            raise ValueError(
                "All batches must hold the same features. Received: "
                f"{features.shape[1]} features an image after {len(self._mean)}."
            )
        for rows in slices(len(features), BLOCK_ROWS):
            self._take_in(features[rows].astype("float64"))

    def _take_in(self, block: np.ndarray) -> None:
        block_mean = block.mean(axis=0)
        block -= block_mean
        shift = block_mean - self._mean
        total = self.count + len(block)
        self._scatter += block.T @ block
        self._scatter += np.outer(shift * (self.count * len(block) / total), shift)
        self._mean += shift * (len(block) / total)
        self.count = total

    @property
    def mean(self) -> np.ndarray:
        """float64 of shape `(num_features,)`."""
        self._check_count(1)
        return self._mean

    @property
    def covariance(self) -> np.ndarray:
        """float64 of shape `(num_features, num_features)`, divided by `count - 1`."""
        self._check_count(2)
        return self._scatter / (self.count - 1)

    def _check_count(self, least: int) -> None:
        if self.count < least:
            raise ValueError(
                f"Statistics need the features of at least {least} images. Received: "
                f"{self.count}. Call `update(features)` first."
            )

    def save(self, path: str | Path, **key: str) -> Path:
        """Writes a `.npz` that only the same key opens.

        Args:
            path: File to write; its folder is made.
            key: What the features are of, such as `data="mnist", split="test",
                features="random"`.

        Returns:
            The path.
        """
        arrays = {"mean": self.mean, "covariance": self.covariance, "count": self.count}
        path = Path(path)
        with files.replacing(path) as partial, partial.open("wb") as file:
            np.savez(file, key=json.dumps(key, sort_keys=True), **arrays)
        return path

    @classmethod
    def load(cls, path: str | Path, **key: str) -> Self:
        """Reads what `save` wrote; raises if the key isn't the one it was saved with.

        Args:
            path: File to read.
            key: That of `save`, all of it.
        """
        saved_key, saved = _read(Path(path))
        if saved_key != key:
            names = sorted(saved_key.keys() | key.keys())
            differing = [
                f"{name}={saved_key.get(name)!r} in the file, {key.get(name)!r} asked"
                for name in names
                if saved_key.get(name) != key.get(name)
            ]
            raise ValueError(
                f"{path} holds the statistics of something else: "
                f"{'; '.join(differing)}. Delete it or choose another file."
            )
        statistics = cls()
        statistics.count = int(saved["count"])
        statistics._mean = saved["mean"]
        statistics._scatter = saved["covariance"] * (statistics.count - 1)
        return statistics


def _read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The key and the arrays of a file that `FeatureStatistics.save` wrote."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("mean", "covariance", "count")}
            return json.loads(str(file["key"])), arrays
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is no file of `FeatureStatistics.save`: {error!r}. Delete it and "
            "compute the statistics again."
        ) from error


def frechet_distance(
    real: Any, fake: Any, *, allow_rank_deficient: bool = False
) -> float:
    """Distance of two sets of features, each taken for a Gaussian.

    `|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)`, in float64. The last trace is
    the sum of the singular values of `A1^T A2` with `S = A A^T`, so no matrix root is
    taken (Heusel et al., 2017, arXiv:1706.08500).

    The distance falls with the number of images: compare only numbers made with as
    many.

    Args:
        real: `FeatureStatistics`, or features of shape `(num_images, num_features)`.
        fake: The same.
        allow_rank_deficient: Measure although there are fewer images than features
            and one, so that a covariance knows nothing of some directions.

    Returns:
        The distance, 0 or more.

    Raises:
        ValueError: If a side is no finite matrix of features, the widths differ, or one
            side holds uint8 pixels and the other images in [-1, 1]; if there are too
            few images for a covariance of full rank, unless that is allowed.

    Example:

    >>> features = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(frechet_distance(features, features + 2.0), 6)
    16.0
    """
    if not any(isinstance(side, FeatureStatistics) for side in (real, fake)):
        check_same_scale(real=real, fake=fake)
    first = _gaussian("real", real, allow_rank_deficient)
    second = _gaussian("fake", fake, allow_rank_deficient)
    check_same_width(real=first.mean, fake=second.mean)
    gap = first.mean - second.mean
    overlap = _trace_of_root(first, second)
    distance = gap @ gap + first.variance + second.variance - 2.0 * overlap
    return max(0.0, float(distance))


class _Gaussian(NamedTuple):
    mean: np.ndarray
    variance: float  # the trace of the covariance
    factor: np.ndarray  # (num_features, rank), the covariance is factor @ factor.T
    covariance: np.ndarray | None  # None where the factor is as good and smaller


def _gaussian(name: str, side: Any, allow_rank_deficient: bool) -> _Gaussian:
    if isinstance(side, FeatureStatistics):
        _check_rank(name, side.count, len(side.mean), allow_rank_deficient)
        return _of_statistics(side)
    features = checked_features(name, side)
    _check_rank(name, len(features), features.shape[1], allow_rank_deficient)
    if len(features) > features.shape[1]:
        return _of_statistics(FeatureStatistics.of(features))
    mean = features.mean(axis=0, dtype="float64")
    factor = (features - mean).T / np.sqrt(len(features) - 1)
    return _Gaussian(mean, float(np.square(factor).sum()), factor, None)


def _of_statistics(statistics: FeatureStatistics) -> _Gaussian:
    from scipy.linalg import get_lapack_funcs

    covariance = statistics.covariance
    (cholesky,) = get_lapack_funcs(("pstrf",), (covariance,))
    # Pivoted Cholesky: dead features and lost directions only make it narrower.
    lower, pivots, rank, _ = cholesky(covariance, lower=1)
    factor = np.zeros((len(covariance), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    return _Gaussian(statistics.mean, float(np.trace(covariance)), factor, covariance)


def _check_rank(name: str, count: int, width: int, allowed: bool) -> None:
    if count < 2:
        raise ValueError(
            f"`{name}` must hold at least 2 images for a covariance. Received: {count}."
        )
    if count < width + 1 and not allowed:
        raise ValueError(
            f"`{name}` must hold at least {width + 1} images, one more than features, "
            f"or its covariance is rank deficient and the distance far too large. "
            f"Received: {count} images of {width} features. Draw more, measure with "
            "`kernel_distance` or `mind`, or pass `allow_rank_deficient=True`."
        )


def _trace_of_root(first: _Gaussian, second: _Gaussian) -> float:
    """`tr (S1 S2)^(1/2)`: by eigenvalues where they are exact enough, three times
    faster, else by singular values."""
    if not (first.factor.shape[1] and second.factor.shape[1]):
        return 0.0
    if second.covariance is not None and _is_full(first) and _is_full(second):
        product = first.factor.T @ second.covariance @ first.factor
        values = np.linalg.eigvalsh(product)
        if values[0] > TRUSTED_EIGENVALUE * values[-1]:
            return float(np.sqrt(values).sum())
    product = first.factor.T @ second.factor
    return float(np.linalg.svd(product, compute_uv=False).sum())


def _is_full(gaussian: _Gaussian) -> bool:
    return gaussian.factor.shape[0] == gaussian.factor.shape[1]
