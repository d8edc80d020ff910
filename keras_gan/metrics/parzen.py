"""The Parzen-window log-likelihood of Goodfellow et al. (2014, arXiv:1406.2661)."""

from typing import NamedTuple

import numpy as np

from keras_gan.metrics.checks import check_same_width, checked_features
from keras_gan.metrics.distances import Tile, mean, slices

# The authors choose sigma on the first 1,000 images of the validation set.
NUM_VALIDATION = 1000
# Distances at a time: 64 MB of them.
BLOCK_ENTRIES = 2**23


class Parzen(NamedTuple):
    """What `parzen_log_likelihood` finds.

    Attributes:
        log_likelihood: Mean over the test images, in nats.
        standard_error: Of that mean, over the test images and not over runs.
        sigma: The width of the window that was chosen.
    """

    log_likelihood: float
    standard_error: float
    sigma: float


def parzen_log_likelihood(
    samples: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
    *,
    sigmas: np.ndarray | None = None,
) -> Parzen:
    """Log-likelihood of test images under Gaussians around the samples.

    `log p(x) = log mean_j exp(-||x - s_j||² / 2σ²) - D log(σ √(2π))`, with the σ of
    the best mean over the first 1,000 validation images. The paper's protocol on
    MNIST: 10,000 samples, pixels in [0, 1], the last 10,000 training images for
    validation, all test images. Its adversarial nets reach 225 ± 2.

    Print the row of training images taken as samples beside it, which is 241 there.
    It is no upper bound: k-means centroids pass it (Theis et al., 2015,
    arXiv:1511.01844), so this number alone says little about a generator.

    Args:
        samples: Generated images of shape `(num_samples, ...)` with values in [0, 1].
            Images in [-1, 1] become so by `(images + 1) / 2`.
        validation: Real images; the first 1,000 are used.
        test: Real images that neither training nor the choice of σ saw.
        sigmas: Widths to choose from, by default the paper's `logspace(-1, 0, 10)`.

    Returns:
        A `Parzen`.

    Raises:
        ValueError: If values lie outside of [0, 1], the shapes differ, or a width is
            not positive.

    Example:

    >>> points = np.array([[0.0], [1.0]])
    >>> parzen_log_likelihood(points, points, points, sigmas=[0.1, 1.0]).sigma
    0.1
    """
    samples = _unit_rows("samples", samples)
    validation = _unit_rows("validation", validation)[:NUM_VALIDATION]
    test = _unit_rows("test", test)
    check_same_width(samples=samples, validation=validation)
    check_same_width(samples=samples, test=test)
    sigmas = _checked_sigmas(np.logspace(-1, 0, 10) if sigmas is None else sigmas)
    choices = _log_likelihoods(samples, validation, sigmas).mean(1)
    sigma = sigmas[choices.argmax()]
    (values,) = _log_likelihoods(samples, test, [sigma])
    error = values.std() / np.sqrt(len(values))
    return Parzen(float(values.mean()), float(error), float(sigma))


def _unit_rows(name: str, images) -> np.ndarray:
    images = np.asarray(images)
    rows = images.reshape(len(images), -1) if images.ndim > 2 else images
    rows = checked_features(name, rows, min_rows=1)
    if rows.min() < 0.0 or rows.max() > 1.0:
        raise ValueError(
            f"`{name}` must have values in [0, 1], as log-likelihoods depend on the "
            f"scale. Received: values from {rows.min():g} to {rows.max():g}. Images "
            "in [-1, 1] become so by `(images + 1) / 2`, uint8 by `images / 255`."
        )
    return rows


def _checked_sigmas(sigmas) -> np.ndarray:
    sigmas = np.asarray(sigmas, "float64")
    if sigmas.ndim != 1 or not len(sigmas) or not (sigmas > 0).all():
        raise ValueError(
            f"`sigmas` must be a list of positive widths. Received: sigmas={sigmas}"
        )
    return sigmas


def _log_likelihoods(samples, images, sigmas) -> np.ndarray:
    """Returns log p of each image for each sigma, `(num_sigmas, num_images)`."""
    center, everything = mean(samples), slice(0, len(samples))
    blocks = [
        _log_mean_kernels(
            Tile(images, samples, rows, everything, center).squared, sigmas
        )
        for rows in slices(len(images), max(1, BLOCK_ENTRIES // len(samples)))
    ]
    norms = samples.shape[1] * np.log(np.asarray(sigmas) * np.sqrt(2 * np.pi))
    return np.concatenate(blocks, axis=1) - norms[:, None]


def _log_mean_kernels(squared, sigmas) -> list[np.ndarray]:
    """`log mean_j exp(-squared_j / 2σ²)` of each row, for each sigma."""
    # The largest term of the sum becomes 1, so that none overflows or vanishes.
    least = squared.min(axis=1, keepdims=True)
    squared -= least
    scales = [-0.5 / sigma**2 for sigma in sigmas]
    return [
        np.log(np.exp(scale * squared).mean(axis=1)) + scale * least[:, 0]
        for scale in scales
    ]
