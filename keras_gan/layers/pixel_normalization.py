"""Pixelwise feature normalisation (Karras et al., 2018, arXiv:1710.10196)."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_gan")
class PixelNormalization(layers.Layer):
    """Scales the feature vector of every pixel to unit mean square.

    `x / sqrt(mean_c(x^2) + epsilon)` over the channels `c`. It has no weights and no
    batch statistics, and keeps the magnitudes in a generator from escalating; on
    latents, it projects them onto a sphere.

    Reference: Karras et al., 2018, "Progressive Growing of GANs", arXiv:1710.10196,
    section 4.2.

    Args:
        epsilon: Added to the mean square.

    Returns:
        A tensor of the inputs' shape, `(batch, ..., channels)`.

    Example:

    >>> features = PixelNormalization()(keras.random.normal((2, 4, 4, 8)))
    >>> round(float(keras.ops.mean(features**2)), 3)
    1.0
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs: Any):
        super().__init__(**kwargs)
        if epsilon <= 0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon}")
        self.epsilon = epsilon

    def call(self, inputs):
        # In half precision the squares overflow and the epsilon vanishes.
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        mean_square = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return ops.cast(x * ops.rsqrt(mean_square + self.epsilon), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
