"""Minibatch standard deviation (Karras et al., 2018, arXiv:1710.10196)."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_gan")
class MinibatchStandardDeviation(layers.Layer):
    """Appends to each sample how much the samples of its group differ.

    The standard deviation of every feature over a group of samples, averaged over
    positions and channels to one number per feature map. It shows the discriminator
    when the generator repeats itself; it belongs near the discriminator's end.

    A batch of a size that `group_size` does not divide counts as one group. Sample
    `i` of a batch of `m` groups is in group `i mod m`. Under a distribution strategy
    the groups are those of each replica's share of the batch.

    Reference: Karras et al., 2018, "Progressive Growing of GANs", arXiv:1710.10196,
    section 3; the groups are of the authors' implementation.

    Args:
        group_size: Number of samples in a group.
        num_features: Number of feature maps to append, each the statistic of an equal
            share of the channels.

    Returns:
        The inputs, of shape `(batch, ..., channels)`, with `num_features` further
        channels: `(batch, ..., channels + num_features)`.

    Example:

    >>> MinibatchStandardDeviation()(keras.ops.ones((8, 4, 4, 16))).shape
    TensorShape([8, 4, 4, 17])
    """

    def __init__(self, group_size: int = 4, num_features: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        if group_size < 1 or num_features < 1:
            raise ValueError(
                "`group_size` and `num_features` must be positive integers. "
                f"Received: group_size={group_size}, num_features={num_features}"
            )
        self.group_size = group_size
        self.num_features = num_features

    def build(self, input_shape):
        channels = input_shape[-1]
        if len(input_shape) < 2 or channels is None or channels % self.num_features:
            raise ValueError(
                "`MinibatchStandardDeviation` needs inputs of shape "
                "`(batch, ..., channels)` with a number of channels that "
                "`num_features` divides. "
                f"Received: input_shape={input_shape}, num_features={self.num_features}"
            )

    def call(self, inputs):
        features, channels = self.num_features, inputs.shape[-1]
        shape = ops.shape(inputs)
        group = self._size_of_group(shape[0])
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        grouped = (group, shape[0] // group, -1, features, channels // features)
        variance = ops.var(ops.reshape(x, grouped), axis=0)
        # (groups, positions, features, channels) -> (groups, features)
        statistic = ops.mean(ops.sqrt(variance + 1e-8), axis=(1, 3))
        statistic = ops.cast(ops.tile(statistic, (group, 1)), inputs.dtype)
        ones = (1,) * (len(shape) - 2)
        statistic = ops.reshape(statistic, (-1, *ones, features))
        maps = ops.zeros_like(inputs[..., :features]) + statistic
        return ops.concatenate([inputs, maps], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.num_features)

    def get_config(self):
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "num_features": self.num_features,
        }

    def _size_of_group(self, batch_size):
        if isinstance(batch_size, int):
            return batch_size if batch_size % self.group_size else self.group_size
        divides = ops.equal(batch_size % self.group_size, 0)
        return ops.where(divides, self.group_size, batch_size)
