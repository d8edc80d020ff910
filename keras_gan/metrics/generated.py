"""Metrics inside `fit` that look at generated images alone.

References:
    Salimans et al., 2016 (arXiv:1606.03498): the Inception Score
    Odena et al., 2017 (arXiv:1610.09585): diversity by MS-SSIM
"""

import keras
import tensorflow as tf

from keras_gan.metrics.diversity import ms_ssim
from keras_gan.metrics.inception_score import SUM_TOLERANCE
from keras_gan.metrics.real_fake import RealFakeMetric


@keras.saving.register_keras_serializable(package="keras_gan")
class InceptionScore(RealFakeMetric):
    """`exp(E[KL(p(label | image) || p(label))])` of all generated images, unsplit.

    From 1 to the number of classes, larger is better; see `inception_score`.

    Args:
        features: What turns images into the probabilities of their classes, as
            `Classifier.probabilities` does: whatever `features.get` takes.
        name: See `RealFakeMetric`.

    Example:

    ```python
    classifier = train_classifier(train, test)
    gan.compile(metrics=["kid", InceptionScore(classifier.probabilities)])
    ```
    """

    kind = "is"
    _direction = "up"

    def __init__(self, features, *, name: str | None = None):
        super().__init__(features, name=name)

    def make_state(self, num_features: int):
        self._count = self.new_variable((), "count")
        self._total = self.new_variable((num_features,), "total")
        self._negentropy = self.new_variable((), "negentropy")

    def update(self, real, fake):
        sums = tf.reduce_sum(fake, axis=1)
        # Of a diverged generator the result is NaN and no error.
        is_distribution = tf.math.is_nan(sums) | (tf.abs(sums - 1.0) <= SUM_TOLERANCE)
        tf.debugging.assert_equal(
            tf.reduce_all(is_distribution & ~tf.reduce_any(fake < 0.0, axis=1)),
            True,
            f"{self.name!r} takes probabilities, which sum to 1: pass the softmax.",
        )
        self._count.assign_add(tf.cast(tf.shape(fake)[0], "float64"))
        self._total.assign_add(tf.reduce_sum(fake, axis=0))
        self._negentropy.assign_add(tf.reduce_sum(tf.math.xlogy(fake, fake)))

    def result(self):
        count, total, negentropy = (
            tf.convert_to_tensor(v.value) for v in self.variables
        )
        marginal = total / count
        divergence = negentropy / count - tf.reduce_sum(
            tf.math.xlogy(marginal, marginal)
        )
        return tf.cast(tf.exp(divergence), "float32")

    def progress(self):
        return self.result()


@keras.saving.register_keras_serializable(package="keras_gan")
class MSSSIM(keras.metrics.Mean):
    """Similarity of each generated image to the one before it in its batch.

    The nearer to 1, the more alike all are; see `ms_ssim_diversity`. Which pictures
    are near depends on the data, so compare with the same number of real ones.

    Args:
        name: Name of the metric.
    """

    _direction = "down"

    def __init__(self, name: str = "ms_ssim"):
        super().__init__(name)

    def update_state(self, real, fake, sample_weight=None):
        if len(fake.shape) != 4:
            raise ValueError(
                f"The metric {self.name!r} compares images, of shape (batch, height, "
                f"width, channels). Received: {tuple(fake.shape)}."
            )
        super().update_state(ms_ssim(fake[1:], fake[:-1]), sample_weight)

    def get_config(self) -> dict:
        return {"name": self.name}
