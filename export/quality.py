"""How near outputs are to those that the generator made of the same inputs.

Fréchet distances compare sets and miss what quantisation does: two sets of samples of
one generator are further apart than a set and its damaged copy. These measures compare
pairs, and their 5th percentile shows the inputs that fare worst.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.metrics.random_network import random_features

# What float32 rounding leaves of two equal pictures, in dB.
_SAME = 120.0


def psnr(expected: np.ndarray, actual: np.ndarray, peak: float) -> np.ndarray:
    """Return the peak signal-to-noise ratio of each pair in dB, at most 120.

    `10 log10(peak^2 / mean((expected - actual)^2))`

    Args:
        expected: Outputs of shape `(batch, ...)`.
        actual: Outputs of the same shape.
        peak: The width of the value range, 2 for images in [-1, 1].

    Returns:
        Array of shape `(batch,)`.
    """
    error = expected.astype("float64") - actual.astype("float64")
    mse = np.mean(error.reshape(len(error), -1) ** 2, axis=1)
    floor = 10.0 ** (-_SAME / 10.0)
    return -10.0 * np.log10(np.maximum(mse / peak**2, floor))


def ssim(expected: np.ndarray, actual: np.ndarray, peak: float) -> np.ndarray:
    """Return the structural similarity of each pair of images: 1 for the same.

    Wang et al., 2004, "Image quality assessment: from error visibility to structural
    similarity": a Gaussian window of 11x11 with sigma 1.5, the mean over windows and
    channels. A side below 11 makes the window as small as itself. As the authors'
    program does, images with a smaller side of 384 and more are first averaged down
    to about 256, which also bounds the time.

    Args:
        expected: Images of shape `(batch, height, width, channels)`.
        actual: Images of the same shape.
        peak: The width of the value range, 2 for images in [-1, 1].

    Returns:
        Array of shape `(batch,)`.
    """
    expected, actual = _averaged_down(expected), _averaged_down(actual)
    window = min(11, *expected.shape[1:3])
    with tf.device("CPU:0"):
        return tf.image.ssim(expected, actual, peak, filter_size=window).numpy()


def paired_feature_distance(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return how far outputs moved, in units of how far different outputs are apart.

    `E |f(expected_i) - f(actual_i)|^2 / E |f(expected_i) - f(expected_j)|^2` for
    `i != j`: 0 for the same outputs, about 1 for those of other inputs. The features
    are `random_features`; the values are centred and scaled by those expected, so that
    neither the range nor the contrast of the outputs matters.

    Args:
        expected: Outputs of shape `(batch, ...)`; four dimensions are images.
        actual: Outputs of the same shape.
    """
    centre, scale = expected.mean(), expected.std() or 1.0
    return feature_distance(
        random_features((expected - centre) / scale),
        random_features((actual - centre) / scale),
    )


def feature_distance(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return `paired_feature_distance` for features that are there already.

    Args:
        expected: Features of shape `(batch, features)`, of at least two inputs.
        actual: Features of the same shape.
    """
    moved = np.mean(np.sum((expected - actual) ** 2, axis=1))
    # The mean over i != j of |a_i - a_j|^2 is twice the unbiased variance.
    apart = 2.0 * np.sum(np.var(expected, axis=0, ddof=1))
    # A generator that ignores its inputs: measure by the features themselves.
    return float(moved / (apart or np.mean(np.sum(expected**2, axis=1)) or 1.0))


def _averaged_down(images: np.ndarray) -> np.ndarray:
    factor = max(1, round(min(images.shape[1:3]) / 256))
    if factor == 1:
        return np.asarray(images, "float32")
    height, width = (size // factor * factor for size in images.shape[1:3])
    blocks = np.asarray(images[:, :height, :width], "float32").reshape(
        len(images), height // factor, factor, width // factor, factor, -1
    )
    return blocks.mean(axis=(2, 4))


class PairedQuality:
    """Gathers the measures of one output, batch after batch.

    Args:
        peak: The width of its value range; by default that of the first batch.
        is_image: Whether it has a structural similarity.
    """

    def __init__(self, peak: float | None = None, is_image: bool = False):
        self._peak, self._is_image = peak, is_image
        self._centre = self._scale = 0.0
        self._parts: dict[str, list[np.ndarray]] = {}

    def add(self, expected: np.ndarray, actual: np.ndarray) -> np.ndarray:
        """Take in a batch of pairs.

        Returns:
            How near each of them is: the PSNR, or the share of equal integers.
        """
        if expected.dtype.kind != "f":
            equal = (expected == actual).reshape(len(expected), -1).mean(axis=1)
            self._gather(share_differing=1 - equal)
            return equal
        if not self._parts:
            self._peak = self._peak or float(np.ptp(expected)) or 1.0
            self._centre, self._scale = expected.mean(), expected.std() or 1.0
        assert self._peak is not None
        scaled = [(x - self._centre) / self._scale for x in (expected, actual)]
        wanted, received = map(random_features, scaled)
        ratios = psnr(expected, actual, self._peak)
        self._gather(psnr=ratios, wanted=wanted, received=received)
        if self._is_image:
            self._gather(ssim=ssim(expected, actual, self._peak))
        return ratios

    def summary(self) -> dict[str, float]:
        """Return the measures under the names that they have in `Limits`.

        Integers have `share_differing` alone.
        """
        parts = {name: np.concatenate(part) for name, part in self._parts.items()}
        if "share_differing" in parts:
            return {"share_differing": float(parts["share_differing"].mean())}
        result = {}
        for name in ("psnr", "ssim"):
            if name in parts:
                result[f"{name}_mean"] = float(np.mean(parts[name]))
                result[f"{name}_p5"] = float(np.percentile(parts[name], 5))
        distance = feature_distance(parts["wanted"], parts["received"])
        return {**result, "feature_distance": distance}

    def _gather(self, **values: Any) -> None:
        for name, value in values.items():
            self._parts.setdefault(name, []).append(np.asarray(value))
