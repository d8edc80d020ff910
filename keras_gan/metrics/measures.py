"""What an evaluation can measure: each entry turns a look at the fakes into numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_gan.metrics.diversity import ms_ssim_diversity
from keras_gan.metrics.features import FeatureExtractor, fd_name
from keras_gan.metrics.frechet import FeatureStatistics, frechet_distance
from keras_gan.metrics.inception_score import inception_score
from keras_gan.metrics.kernel import kernel_distance
from keras_gan.metrics.mind import mind
from keras_gan.metrics.modes import class_modes, mixture_modes
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall
from keras_gan.metrics.parzen import NUM_VALIDATION, parzen_log_likelihood
from keras_gan.metrics.support import support_size

# Subsets of the kernel distance. A fifth of the usual hundred: its mean hardly moves,
# and on two cores they take most of the time.
SUBSET_SIZE = 1000
NUM_SUBSETS = 20
# Samples of a seed that are searched among the training examples.
NUM_SEARCHED = 1000
# Pairs of latents of the path length.
NUM_PATHS = 500


@dataclass
class Look:
    """Real and generated examples through one extractor.

    Args:
        extractor: The extractor.
        real: Features of the real examples.
        statistics: What the Fréchet distance is measured against.
        fake: Features of the generated examples.
    """

    extractor: FeatureExtractor
    real: np.ndarray
    statistics: FeatureStatistics
    fake: np.ndarray

    @property
    def name(self) -> str:
        return self.extractor.name


def _frechet(look: Look) -> dict[str, float]:
    distance = frechet_distance(look.statistics, look.fake)
    return {fd_name(look.extractor): distance}


def _kernel(look: Look) -> dict[str, float]:
    number, size = subsets(len(look.fake))
    found = kernel_distance(look.real, look.fake, num_subsets=number, subset_size=size)
    distance = {f"kid({look.name})": found.mean}
    # One subset has no deviation.
    return distance | ({f"kid_deviation({look.name})": found.std} if number > 1 else {})


def _mind(look: Look) -> dict[str, float]:
    return {f"mind({look.name})": mind(look.real, look.fake)}


def _precision_recall(look: Look) -> dict[str, float]:
    found = precision_recall(look.real, look.fake)
    return {
        f"precision({look.name})": found.precision,
        f"recall({look.name})": found.recall,
    }


def _density_coverage(look: Look) -> dict[str, float]:
    found = density_coverage(look.real, look.fake)
    return {
        f"density({look.name})": found.density,
        f"coverage({look.name})": found.coverage,
    }


# Of a look through one extractor.
OF_FEATURES: dict[str, Callable[[Look], dict[str, float]]] = {
    "fd": _frechet,
    "kid": _kernel,
    "mind": _mind,
    "precision_recall": _precision_recall,
    "density_coverage": _density_coverage,
}


def diversity(images: np.ndarray) -> dict[str, float]:
    """How alike random pairs are."""
    return {"ms_ssim": ms_ssim_diversity(images)}


def support(samples: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """How many different examples there seem to be, by near-duplicates in pixels."""
    found = support_size(flat(samples), flat(real))
    return {
        "support(pixels)": found.support,
        "near_duplicates(pixels)": float(found.num_collisions),
    }


def likelihood(samples: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """The Parzen-window log-likelihood of held-out images but the first thousand.

    The width of the window is chosen on those.
    """
    samples, held_out = ((flat(images) + 1.0) / 2.0 for images in (samples, held_out))
    validation, test = held_out[:NUM_VALIDATION], held_out[NUM_VALIDATION:]
    # Half a rounding step beyond the range is no mistake.
    found = parzen_log_likelihood(samples.clip(0.0, 1.0), validation, test)
    return {
        "parzen": found.log_likelihood,
        "parzen_standard_error": found.standard_error,
        "parzen_sigma": found.sigma,
    }


def modes_of_mixture(points: np.ndarray, mixture: Any) -> dict[str, float]:
    """Modes covered where the Gaussians are known."""
    found = mixture_modes(points, mixture.centers, mixture.stddev)
    return {
        "num_modes": float(found.num_modes),
        "high_quality_share": found.high_quality_share,
        "mode_kl": found.kl,
    }


def modes_of_classes(probabilities: np.ndarray) -> dict[str, float]:
    """Classes that a classifier finds."""
    labels, num_classes = probabilities.argmax(axis=1), probabilities.shape[1]
    found = class_modes(labels, num_classes)
    return {
        "num_modes(classifier)": float(found.num_modes),
        "mode_kl(classifier)": found.kl,
    }


def score(probabilities: np.ndarray) -> dict[str, float]:
    """The Inception Score's formula with the data's own classifier."""
    return {"is(classifier)": inception_score(probabilities).mean}


def subsets(num_images: int) -> tuple[int, int]:
    """Number and size of the subsets of the kernel distance."""
    if num_images <= SUBSET_SIZE:
        return 1, num_images
    return NUM_SUBSETS, SUBSET_SIZE


def levels(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 255] as rows: those of uint8 images uncopied, else float32."""
    rows = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return rows
    # So rounded, an image that was uint8 once is equal to itself again.
    return np.rint((rows.astype("float32") + 1.0) * np.float32(130560.0)) / 1024.0


def flat(images: np.ndarray) -> np.ndarray:
    """Pixels in [-1, 1], or vectors, as float32 rows."""
    rows = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return rows.astype("float32") / np.float32(127.5) - np.float32(1.0)
    return rows.astype("float32", copy=False)
