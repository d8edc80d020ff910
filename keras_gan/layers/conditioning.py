"""Conditioning augmentation (Zhang et al., 2017, arXiv:1612.03242)."""

from typing import Any

import keras
from keras import layers, ops

_INPUTS = "(features, latents)"


@keras.saving.register_keras_serializable(package="keras_gan")
class ConditioningAugmentation(layers.Layer):
    """Draws the condition from a Gaussian around the text, with noise from latents.

    `[mean + exp(log_variance / 2) * e, z]` for latents `[e, z]`, `mean` and
    `log_variance` being affine functions of the text's features. Few captions cover
    the space of texts sparsely; a cloud around each makes the generator smooth there.
    The noise is a part of the latents, so that the layer draws nothing itself and an
    exported generator is a function.

    Reference: Zhang et al., 2017, "StackGAN", arXiv:1612.03242, section 3.2.

    Args:
        dim: Length of the condition, and of `e`. The paper's is 128.

    Example:

    >>> layer = ConditioningAugmentation(4)
    >>> layer((keras.ops.ones((2, 8)), keras.ops.zeros((2, 10)))).shape
    TensorShape([2, 10])
    """

    def __init__(self, dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(dim, int) or dim < 1:
            raise ValueError(f"`dim` must be a positive integer. Received: dim={dim!r}")
        self.dim = dim
        self.statistics = layers.Dense(
            2 * dim, name="statistics", dtype=self.dtype_policy
        )

    def build(self, input_shape):
        features, latents = input_shape
        if latents[-1] < self.dim:
            raise ValueError(
                f"The first {self.dim} latents are the noise of the condition. "
                f"Received: inputs {_INPUTS} of shapes {input_shape}. Give at least "
                f"latent_dim={self.dim}."
            )
        self.statistics.build(features)
        self.built = True

    def call(self, inputs):
        features, latents = inputs
        mean, log_variance = self.moments(features)
        condition = mean + ops.exp(0.5 * log_variance) * latents[:, : self.dim]
        return ops.concatenate([condition, latents[:, self.dim :]], axis=-1)

    def moments(self, features):
        """Mean and logarithm of the variance, each of shape `(batch, dim)`."""
        return ops.split(self.statistics(features), 2, axis=-1)

    def divergence(self, features):
        """`KL(N(mean, variance) || N(0, 1))`, the mean over batch and dimensions."""
        mean, log_variance = (ops.cast(x, "float32") for x in self.moments(features))
        terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
        return 0.5 * ops.mean(terms)

    def compute_output_shape(self, input_shape):
        return input_shape[1]

    def get_config(self):
        return {**super().get_config(), "dim": self.dim}
