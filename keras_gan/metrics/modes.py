"""Modes that a generator covers, where they are known or can be classified.

Srivastava et al. (2017, arXiv:1705.07761), VEEGAN; Lin et al. (2018,
arXiv:1712.04086), PacGAN.
"""

from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.checks import checked_features


class MixtureModes(NamedTuple):
    """What `mixture_modes` finds.

    Attributes:
        num_modes: Modes with at least one sample of high quality.
        high_quality_share: Share of samples that are of high quality.
        kl: KL(samples || uniform) in nats over the nearest modes, from 0 to
            `log(number of modes)`.
    """

    num_modes: int
    high_quality_share: float
    kl: float


class ClassModes(NamedTuple):
    """What `class_modes` finds.

    Attributes:
        num_modes: Classes that occur.
        kl: KL(samples || uniform) in nats, from 0 to `log(number of classes)`.
    """

    num_modes: int
    kl: float


def mixture_modes(
    samples: np.ndarray, centers: np.ndarray, stddev: float, *, radius: float = 3.0
) -> MixtureModes:
    """Counts the Gaussians of a mixture that the samples cover.

    A sample is of high quality when it lies within `radius` standard deviations of the
    nearest center, and a mode is covered when such a sample belongs to it. VEEGAN and
    PacGAN judge 2,500 samples. In the plane 98.9 % of the data itself is of high
    quality.

    The divergence, PacGAN's reverse KL, counts every sample for its nearest center,
    so it says how evenly the modes are hit and nothing of how well.

    Args:
        samples: Points of shape `(num_samples, dim)`.
        centers: Means of the Gaussians, of shape `(num_modes, dim)`.
        stddev: Standard deviation of each in each dimension.
        radius: Largest distance of a sample of high quality, in standard deviations.

    Returns:
        A `MixtureModes`.

    Raises:
        ValueError: If the samples are not finite, their width is not that of the
            centers, or `stddev` or `radius` is not positive.

    Example:

    >>> mixture_modes([[0.0], [0.5], [10.1]], [[0.0], [10.0], [20.0]], 0.1).num_modes
    2
    """
    samples = checked_features("samples", samples, min_rows=1)
    centers = checked_features("centers", centers, min_rows=1)
    _check_mixture(samples, centers, stddev, radius)
    squared = np.stack([np.square(samples - center).sum(1) for center in centers], 1)
    nearest = squared.argmin(1)
    good = squared.min(1) <= (radius * stddev) ** 2
    return MixtureModes(
        num_modes=len(np.unique(nearest[good])),
        high_quality_share=float(good.mean()),
        kl=_kl_to_uniform(nearest, len(centers)),
    )


def class_modes(labels: np.ndarray, num_classes: int) -> ClassModes:
    """Counts the classes that a classifier finds in the samples.

    With few samples a perfect generator has a KL of about
    `(num_classes - 1) / (2 * num_samples)`.

    Args:
        labels: Integers in [0, num_classes), of shape `(num_samples,)`.
        num_classes: Number of classes that there are.

    Returns:
        A `ClassModes`.

    Raises:
        ValueError: If the labels are not integers in [0, num_classes).

    Example:

    >>> class_modes([0, 0, 2, 2], num_classes=4).num_modes
    2
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        raise ValueError(
            "`labels` must be one integer a sample. Received: shape "
            f"{labels.shape} of {labels.dtype}. Take the argmax of probabilities."
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"`labels` must lie in [0, {num_classes}). Received: values from "
            f"{labels.min()} to {labels.max()}."
        )
    return ClassModes(len(np.unique(labels)), _kl_to_uniform(labels, num_classes))


def stacked_modes(classifier: Any, images: Any) -> ClassModes:
    """Counts the classes of Stacked-MNIST: every channel is a digit of its own.

    Three digits as the channels of an image are the 1,000 modes. VEEGAN and PacGAN
    judge 26,000 samples; their KL, also that of Unrolled GAN (Metz et al., 2017,
    arXiv:1611.02163), is of the samples' classes against the uniform, in nats. That
    of a perfect generator is about 0.019 then, and what the classifier gets wrong
    changes it.

    Args:
        classifier: What `train_classifier` made of single digits.
        images: Images in [-1, 1] or uint8 of shape
            `(num_samples, height, width, channels)`.

    Returns:
        A `ClassModes` of `num_classes**channels` classes.

    Raises:
        ValueError: If the images are not what the classifier's are, but for channels.
    """
    images = np.asarray(images)
    height, width, _ = classifier.image_shape
    if images.ndim != 4 or images.shape[1:3] != (height, width):
        raise ValueError(
            f"`images` must be of shape (num_samples, {height}, {width}, channels), as "
            f"the classifier's digits are. Received: shape={images.shape}."
        )
    labels = np.zeros(len(images), "int64")
    for channel in range(images.shape[-1]):
        features = classifier.features.extract(images[..., channel, None])
        digits = classifier.probabilities_of(features).argmax(axis=1)
        labels = labels * classifier.num_classes + digits
    return class_modes(labels, classifier.num_classes ** images.shape[-1])


def _check_mixture(samples, centers, stddev, radius) -> None:
    if samples.shape[1] != centers.shape[1]:
        raise ValueError(
            "`samples` and `centers` must have the same width. Received: shapes "
            f"{samples.shape} and {centers.shape}."
        )
    for name, value in (("stddev", stddev), ("radius", radius)):
        if not 0 < value < np.inf:
            raise ValueError(
                f"`{name}` must be positive and finite. Received: {name}={value!r}."
            )


def _kl_to_uniform(labels: np.ndarray, num_classes: int) -> float:
    counts = np.bincount(labels, minlength=num_classes)
    shares = counts[counts > 0] / len(labels)
    return max(0.0, float(np.sum(shares * np.log(shares * num_classes))))
