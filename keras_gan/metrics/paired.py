"""Metrics of pairs: how near a generated picture is to the true one of its source."""

import keras
import tensorflow as tf


class PairedMetric(keras.metrics.Mean):
    """Base of the metrics for games with pairs, such as `Pix2Pix`.

    The mean over all pictures of `of_pairs(real, fake)`. In a game without pairs, where
    the i-th real image and the i-th generated one have nothing to do with each other,
    a number of both means nothing. A subclass of which the examples must be images sets
    `only_images`.

    Args:
        name: Name of the metric, by default its `kind`; `evaluate` logs it, `fit` as
            `val_<name>`.
    """

    kind = ""
    only_images = False

    def __init__(self, name: str | None = None):
        super().__init__(name=name or self.kind)

    def prepare(self, example_shape: tuple[int, ...], jit_compile: bool):
        """Raises where a game's examples are not what it compares."""
        if self.only_images and len(example_shape) != 3:
            raise ValueError(
                f"The metric {self.name!r} compares images, of shape (height, width, "
                f"channels). Received: a game of examples of shape {example_shape}. "
                "Leave it out."
            )

    def of_pairs(self, real, fake):
        """Returns one number for each pair of images, shape `(batch,)`."""
        raise NotImplementedError

    def update_state(self, real, fake, sample_weight=None):
        real, fake = tf.cast(real, "float32"), tf.cast(fake, "float32")
        super().update_state(self.of_pairs(real, fake), sample_weight)

    def get_config(self) -> dict:
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="keras_gan")
class L1(PairedMetric):
    """Mean absolute difference of pixels, in [-1, 1]; from 0 for the same to 2.

    Args:
        name: Name of the metric.
    """

    kind = "l1"
    _direction = "down"

    def of_pairs(self, real, fake):
        difference = tf.abs(real - fake)
        return tf.reduce_mean(difference, axis=range(1, len(difference.shape)))


@keras.saving.register_keras_serializable(package="keras_gan")
class SSIM(PairedMetric):
    """Structural similarity (Wang et al., 2004); 1 for the same picture.

    Local means, variances and correlation under a Gaussian of 11x11 pixels, or as
    large as the picture where that is smaller.

    Args:
        name: Name of the metric.
    """

    kind = "ssim"
    _direction = "up"
    only_images = True

    def of_pairs(self, real, fake):
        window = min(11, *real.shape[1:3])
        return tf.image.ssim(real, fake, max_val=2.0, filter_size=window)
