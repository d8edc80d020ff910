"""Diversity by structural similarity (Odena et al., 2017, arXiv:1610.09585)."""

from typing import Any

import numpy as np

from keras_gan.metrics.checks import check_positive

# Exponents of the scales, finest first (Wang et al., 2003).
POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11


def ms_ssim_diversity(
    images: Any, *, num_pairs: int = 1000, seed: int = 2020, batch_size: int = 256
) -> float:
    """Mean multi-scale structural similarity of random pairs of generated images.

    The nearer to 1, the more alike they are: a generator that draws one picture gets 1.
    Compare with the same number for real images, of one class if the generator has
    classes (Odena et al., 2017, arXiv:1610.09585). It sees repetition, not quality:
    noise gets about 0.

    Five scales and a window of 11 pixels need a side of 176 pixels. Smaller images
    have as many scales as keep the window within the picture, the weights of those
    scaled to sum 1: four from 88, three from 44, two from 22, one below; images under
    11 pixels have a window of their side. So numbers of different sizes don't compare.

    Args:
        images: Floats in [-1, 1] of shape `(num_images, height, width, channels)`.
        num_pairs: Random pairs, each of two different images.
        seed: Of the pairs.
        batch_size: Pairs compared at once.

    Returns:
        The mean over the pairs, from 0 to 1.

    Raises:
        ValueError: If the images are not finite floats in [-1, 1] of one shape, or
            fewer than two.
    """
    check_positive(num_pairs=num_pairs, batch_size=batch_size)
    images = _checked_images(images)
    random = np.random.RandomState(seed)
    first = random.randint(len(images), size=num_pairs)
    second = (first + random.randint(1, len(images), size=num_pairs)) % len(images)
    parts = [slice(i, i + batch_size) for i in range(0, num_pairs, batch_size)]
    values = [ms_ssim(images[first[part]], images[second[part]]) for part in parts]
    return float(np.concatenate(values).astype("float64").mean())


def ms_ssim(first: Any, second: Any) -> Any:
    """Multi-scale structural similarity of images with images; may be traced.

    Args:
        first: Floats in [-1, 1] of shape `(batch, height, width, channels)`.
        second: The same.

    Returns:
        float32 tensor of shape `(batch,)`.
    """
    import tensorflow as tf

    powers, window = scales(min(first.shape[1:3]))
    # Luminance is compared by products of means, which must not be negative.
    first, second = (0.5 + 0.5 * tf.cast(side, "float32") for side in (first, second))
    return tf.image.ssim_multiscale(
        first, second, max_val=1.0, power_factors=powers, filter_size=window
    )


def scales(side: int) -> tuple[tuple[float, ...], int]:
    """Exponents of the scales and pixels of the window for a shorter side."""
    num_scales = sum(side >= WINDOW * 2**scale for scale in range(len(POWERS))) or 1
    powers = np.array(POWERS[:num_scales])
    return tuple((powers / powers.sum()).tolist()), min(side, WINDOW)


def _checked_images(images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or len(images) < 2 or 0 in images.shape:
        raise ValueError(
            "`images` must be two or more, of shape (num_images, height, width, "
            f"channels). Received: shape={images.shape}."
        )
    if images.dtype.kind in "iub" or not np.isfinite(images).all():
        raise ValueError(
            "`images` must be finite floats in [-1, 1]. Received: "
            f"dtype={images.dtype}, {np.isnan(images).sum()} NaN values."
        )
    if np.abs(images).max() > 1.05:
        raise ValueError(
            "`images` must lie in [-1, 1]. Received: values from "
            f"{images.min():.6g} to {images.max():.6g}. Scale them to [-1, 1]."
        )
    return images
