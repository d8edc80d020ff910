"""Metrics inside `fit` that look at many images of both sides at once.

References:
    arXiv:2605.06797: MIND
    Kynkäänniemi et al., 2019 (arXiv:1904.06991): precision and recall
    Naeem et al., 2020 (arXiv:2002.09797): density and coverage
"""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics.mind import mind
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall
from keras_gan.metrics.real_fake import (
    RealFakeMetric,
    num_replicas,
    numpy_of,
    replica,
)


class KeptFeatures(RealFakeMetric):
    """Base of metrics that keep features until the end of `evaluate`.

    Subclasses override `measure(real, fake)`, from float32 features of shape
    `(num_kept, num_features)` each to a number. It is taken once; the batches' logs
    show NaN. With fewer than `fewest` images, or features that are not finite, the
    result is NaN. Under a strategy every replica keeps its share.

    Args:
        features: See `RealFakeMetric`.
        num_images: Most images kept of each kind, the first ones, so the order of
            validation data must not be that of their classes; memory for
            `2 * num_images * num_features` float32 numbers.
        name: See `RealFakeMetric`.
    """

    fewest = 2

    def __init__(
        self, features=None, *, num_images: int = 2000, name: str | None = None
    ):
        super().__init__(features, name=name)
        if num_images < self.fewest:
            raise ValueError(
                f"`num_images` must be {self.fewest} or more. Received: "
                f"num_images={num_images}"
            )
        self.num_images = num_images

    def measure(self, real: np.ndarray, fake: np.ndarray) -> float:
        """Returns the number of all that was kept."""
        raise NotImplementedError

    def make_state(self, num_features: int):
        self._share = self.num_images // num_replicas()
        # The last row takes what is one too many.
        rows = self._share * num_replicas() + 1
        self._seen = self.new_variable((), "seen")
        self._filled = self.new_variable((rows,), "filled")
        self._kept = [
            self.new_variable((rows, num_features), name, "float32")
            for name in ("real", "fake")
        ]

    def update(self, real, fake):
        tf.debugging.assert_equal(
            tf.shape(real)[0],
            tf.shape(fake)[0],
            f"{self.name!r} compares as many generated examples as real ones.",
        )
        rows = self._rows_for(tf.shape(real)[0])
        self._write(self._filled, rows, tf.ones_like(rows, "float64"))
        for kept, values in zip(self._kept, (real, fake), strict=True):
            self._write(kept, rows, tf.cast(values, "float32"))
        self._seen.assign_add(tf.cast(tf.size(rows), "float64"))

    def _rows_for(self, size):
        """Rows of a batch: those of other replicas stay zero, so that sums unite."""
        positions = tf.cast(self._seen.value, "int32") + tf.range(size)
        first = self._share * replica()
        last = self._filled.shape[0] - 1
        return tf.where(positions < self._share, first + positions, last)

    def _write(self, variable, rows, values):
        old = tf.convert_to_tensor(variable.value)
        variable.assign(tf.tensor_scatter_nd_update(old, rows[:, None], values))

    def result(self):
        filled = numpy_of(self._filled)[:-1] > 0
        real, fake = (numpy_of(kept)[:-1][filled] for kept in self._kept)
        are_finite = np.isfinite(real).all() and np.isfinite(fake).all()
        if len(real) < self.fewest or not are_finite:
            return np.nan
        return self.measure(real, fake)

    def get_config(self) -> dict:
        return {**super().get_config(), "num_images": self.num_images}


@keras.saving.register_keras_serializable(package="keras_gan")
class MIND(KeptFeatures):
    """Sliced Wasserstein distance of the features; needs few images (arXiv:2605.06797).

    Args:
        features: See `RealFakeMetric`.
        num_images: See `KeptFeatures`.
        num_projections: Random directions.
        seed: Seed of the directions.
        name: See `RealFakeMetric`.
    """

    kind = "mind"

    def __init__(
        self,
        features=None,
        *,
        num_images: int = 2000,
        num_projections: int = 1000,
        seed: int = 2020,
        name: str | None = None,
    ):
        super().__init__(features, num_images=num_images, name=name)
        self.num_projections = num_projections
        self.seed = seed

    def measure(self, real, fake):
        return mind(real, fake, num_projections=self.num_projections, seed=self.seed)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_projections": self.num_projections,
            "seed": self.seed,
        }


class _Share(KeptFeatures):
    """One number of a plain function of both sides, of which more is better.

    Args:
        features: See `RealFakeMetric`.
        num_images: See `KeptFeatures`; the number depends on it.
        name: See `RealFakeMetric`.
    """

    _direction = "up"
    function = staticmethod(precision_recall)

    def __init__(
        self, features=None, *, num_images: int = 2000, name: str | None = None
    ):
        self.fewest = self.function.__kwdefaults__["num_neighbours"] + 1
        super().__init__(features, num_images=num_images, name=name)

    def measure(self, real, fake):
        return getattr(self.function(real, fake), self.kind)


@keras.saving.register_keras_serializable(package="keras_gan")
class Precision(_Share):
    """Share of the generated images near some real one, see `precision_recall`."""

    kind = "precision"


@keras.saving.register_keras_serializable(package="keras_gan")
class Recall(_Share):
    """Share of the real images near some generated one, see `precision_recall`."""

    kind = "recall"


@keras.saving.register_keras_serializable(package="keras_gan")
class Density(_Share):
    """How crowded real balls are with generated images, see `density_coverage`."""

    function = staticmethod(density_coverage)
    kind = "density"


@keras.saving.register_keras_serializable(package="keras_gan")
class Coverage(_Share):
    """Share of the real balls that hold a generated image, see `density_coverage`."""

    function = staticmethod(density_coverage)
    kind = "coverage"
