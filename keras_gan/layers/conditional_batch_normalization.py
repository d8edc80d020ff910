"""Batch normalisation with a scale and a shift for every condition."""

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="keras_gan")
class ConditionalBatchNormalization(layers.Layer):
    """Normalises features by the batch, then scales and shifts as a condition says.

    `(1 + A c) * (x - mean) / std + B c`, with a row of `A` and of `B` for each class
    where the condition `c` is a one-hot label, as Dumoulin et al. have it, and for
    each feature of `c` where it is an embedding, as de Vries et al. do. `A` and `B`
    start at zero, so the layer starts as plain batch normalisation.

    References: Dumoulin et al., 2017, "A Learned Representation for Artistic Style",
    arXiv:1610.07629; de Vries et al., 2017, "Modulating Early Visual Processing by
    Language", arXiv:1707.00683; in a GAN, Miyato and Koyama, 2018, arXiv:1802.05637.

    Args:
        momentum: Of the moving averages.
        epsilon: Added to the variance.

    Returns:
        A tensor of the features' shape. It is called with features of shape
        `(batch, ..., channels)` and conditions of shape `(batch, length)`.

    Example:

    >>> features, labels = keras.ops.ones((2, 4, 4, 8)), keras.ops.eye(2)
    >>> ConditionalBatchNormalization()(features, labels).shape
    TensorShape([2, 4, 4, 8])
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, features_shape, conditions_shape):
        channels = features_shape[-1]
        self.norm = layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            scale=False,
            center=False,
            dtype=self.dtype_policy,
            name="norm",
        )
        self.norm.build(features_shape)
        self.to_scale, self.to_shift = (
            layers.Dense(
                channels,
                use_bias=False,
                kernel_initializer="zeros",
                dtype=self.dtype_policy,
                name=name,
            )
            for name in ("to_scale", "to_shift")
        )
        self.to_scale.build(conditions_shape)
        self.to_shift.build(conditions_shape)

    def call(self, features, conditions, training=False):
        between = (1,) * (len(features.shape) - 2)
        scale, shift = (
            keras.ops.reshape(layer(conditions), (-1, *between, features.shape[-1]))
            for layer in (self.to_scale, self.to_shift)
        )
        return self.norm(features, training=training) * (1.0 + scale) + shift

    def compute_output_shape(self, features_shape, conditions_shape):
        return features_shape

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
