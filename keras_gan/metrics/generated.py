"""Metrics inside `fit` that look at generated images alone.

References:
    Salimans et al., 2016 (arXiv:1606.03498): the Inception Score
    Odena et al., 2017 (arXiv:1610.09585): diversity by MS-SSIM
"""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics.diversity import ms_ssim
from keras_gan.metrics.inception_score import SUM_TOLERANCE
from keras_gan.metrics.paired import PairedMetric
from keras_gan.metrics.real_fake import RealFakeMetric


@keras.saving.register_keras_serializable(package="keras_gan")
class InceptionScore(RealFakeMetric):
    """`exp(E[KL(p(label | image) || p(label))])` of all generated images.

    From 1 to the number of classes, larger is better. `inception_score` is the mean
    over ten splits, which is lower where they are small, so the two do not compare.

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

    kind = "inception_score"
    _direction = "up"

    def __init__(self, features, *, name: str | None = None):
        super().__init__(features, name=name)

    def build(self, example_shape: tuple[int, ...]):
        super().build(example_shape)
        found = self._extractor(tf.zeros((2, *example_shape))).numpy()
        sums = found.sum(axis=1)
        if found.min() < 0.0 or np.abs(sums - 1.0).max() > SUM_TOLERANCE:
            raise ValueError(
                f"The metric {self.name!r} takes probabilities of classes, which sum "
                f"to 1. Received: least {found.min():.6g}, sums from {sums.min():.6g} "
                f"to {sums.max():.6g}. Pass the softmax, such as "
                "`Classifier.probabilities`."
            )

    def make_state(self, num_features: int):
        self._count = self.new_variable((), "count")
        self._total = self.new_variable((num_features,), "total")
        self._negentropy = self.new_variable((), "negentropy")

    def update(self, real, fake):
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
class MSSSIM(PairedMetric):
    """Similarity of each generated image to the one before it in its batch.

    The nearer to 1, the more alike all are; see `ms_ssim_diversity`. Which pictures
    are near depends on the data, so compare with the same number of real ones. NaN
    where no batch has two images.

    Args:
        name: Name of the metric.
    """

    kind = "ms_ssim"
    _direction = "down"
    only_images = True

    def of_pairs(self, real, fake):
        return ms_ssim(fake[1:], fake[:-1])

    def result(self):
        total, count = (tf.convert_to_tensor(v.value) for v in self.variables)
        return total / count
