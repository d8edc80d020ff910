"""Layers that the networks for pictures to pictures share."""

from typing import Any

import keras
from keras import layers

NORMALIZATIONS = ("instance", "batch", None)
UPSAMPLINGS = ("transposed", "nearest", "bilinear")


def check_choice(name: str, value: Any, choices: tuple) -> None:
    """Raises unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. Received: "
            f"{name}={value!r}. Choose one of them."
        )


def weights(mean: float = 0.0) -> Any:
    """The initial weights of both papers, N(mean, 0.02)."""
    return keras.initializers.RandomNormal(mean, 0.02)


def convolution(filters, kernel_size, name, strides=1, padding="same", dtype=None):
    """A convolution that both papers would begin with."""
    return layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        kernel_initializer=weights(),
        dtype=dtype,
        name=name,
    )


def separable(filters, kernel_size, name, strides=1, padding="same"):
    """A convolution of each channel by itself, and one of 1x1 over the channels.

    Both halves begin with weights that keep the variance; N(0, 0.02) would all but
    silence the first, which sums over nine numbers only.
    """
    return layers.SeparableConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        depthwise_initializer=keras.initializers.VarianceScaling(),
        pointwise_initializer=keras.initializers.VarianceScaling(),
        name=name,
    )


def normalized(x, normalization: str | None, name: str):
    """Normalises feature maps; instances by themselves, or over the batch."""
    if normalization == "instance":
        norm = layers.GroupNormalization(
            groups=-1,
            epsilon=1e-5,
            gamma_initializer=weights(mean=1.0),
            name=f"{name}_norm",
        )
        return norm(x)
    if normalization == "batch":
        norm = layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            gamma_initializer=weights(mean=1.0),
            name=f"{name}_norm",
        )
        return norm(x)
    return x


def doubled(x, filters: int, kernel_size: int, upsampling: str, name: str, conv=None):
    """Twice the height and width: a transposed convolution, or a resize and one.

    Args:
        x: Feature maps.
        filters: Channels of the result.
        kernel_size: Side of the kernel.
        upsampling: One of `UPSAMPLINGS`.
        name: Name of the convolution.
        conv: Builder of the convolution after a resize, by default `convolution`.
    """
    if upsampling == "transposed":
        return layers.Conv2DTranspose(
            filters,
            kernel_size,
            strides=2,
            padding="same",
            kernel_initializer=weights(),
            name=name,
        )(x)
    x = layers.UpSampling2D(interpolation=upsampling, name=f"{name}_resize")(x)
    return (conv or convolution)(filters, kernel_size, name)(x)
