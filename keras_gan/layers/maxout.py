"""Maxout layers (Goodfellow et al., 2013, arXiv:1302.4389)."""

from functools import reduce
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_gan")
class Maxout(layers.Layer):
    """Takes, unit by unit, the largest of several linear functions of the inputs.

    `h_i(x) = max_j (x W_ij + b_ij)`: a convex piecewise linear activation that is
    learnt rather than chosen, made for networks trained with dropout. The
    discriminators of the first GAN are built of it.

    Reference: Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389.

    Args:
        units: Number of outputs.
        num_pieces: Number of linear functions under each maximum.
        kernel_initializer: Initializer of the kernel, of shape
            `(input_dim, num_pieces * units)`, one piece after the other.
        bias_initializer: Initializer of the bias.

    Returns:
        A tensor of the inputs' shape with `units` on the last axis.

    Example:

    >>> Maxout(3)(keras.ops.ones((2, 4))).shape
    TensorShape([2, 3])
    """

    def __init__(
        self,
        units: int,
        num_pieces: int = 5,
        *,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if units < 1 or num_pieces < 1:
            raise ValueError(
                "`units` and `num_pieces` must be positive integers. "
                f"Received: units={units}, num_pieces={num_pieces}"
            )
        self.units = units
        self.num_pieces = num_pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        input_dim, width = input_shape[-1], self.num_pieces * self.units
        if input_dim is None:
            raise ValueError(
                "`Maxout` needs inputs whose last axis is known. "
                f"Received: input_shape={input_shape}. Flatten or reshape them first."
            )
        self.kernel = self.add_weight(
            shape=(input_dim, width), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(
            shape=(width,), initializer=self.bias_initializer, name="bias"
        )

    def call(self, inputs):
        pieces = ops.matmul(inputs, self.kernel) + self.bias
        return reduce(ops.maximum, ops.split(pieces, self.num_pieces, axis=-1))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "num_pieces": self.num_pieces,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
