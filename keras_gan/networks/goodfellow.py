"""The first GAN's networks (Goodfellow et al., 2014, arXiv:1406.2661).

Sizes, initial ranges and dropout rates are those of the authors' repository,
goodfeli/adversarial: mnist.yaml, cifar10_fully_connected.yaml and
cifar10_convolutional.yaml. Their losses and optimizers belong to the game.
"""

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import ArrayLike

from keras_gan.layers import Maxout
from keras_gan.networks.shapes import (
    check_image_shape,
    check_shares,
    check_sizes,
    crop,
)

DECONVOLUTION_KERNEL, DECONVOLUTION_STRIDE = 5, 3
CONVOLUTION_KERNELS, POOLS = (8, 8, 5), (4, 4, 2)
CLIPPED_MARGINAL = 1e-7
# Of the pixels, and of the hidden units.
DROPOUT = (0.2, 0.5)


def mlp_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    *,
    hidden_units: Sequence[int] = (1200, 1200),
    mean_image: ArrayLike | None = None,
    name: str = "generator",
) -> keras.Model:
    """The MNIST generator: two ReLU layers, then a sigmoid for every pixel.

    Weights start from U(-0.05, 0.05). The sigmoid's [0, 1] is scaled to [-1, 1].

    Reference: Goodfellow et al., 2014, "Generative Adversarial Nets",
    arXiv:1406.2661; mnist.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Length of a latent vector.
        hidden_units: Widths of the hidden layers.
        mean_image: Mean of the training images in [-1, 1], of shape `image_shape`.
            Given, the output bias starts where a silent generator draws this image,
            as the authors' does.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 images in
        [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> mlp_generator((8, 8, 1), 16, hidden_units=(32, 32)).output_shape
    (None, 8, 8, 1)
    """
    image_shape = check_image_shape(image_shape)
    check_sizes(latent_dim=latent_dim, hidden_units=hidden_units)
    x = inputs = keras.Input((latent_dim,), name="latents")
    for index, units in enumerate(hidden_units):
        x = _dense(units, "relu", f"{name}_hidden_{index + 1}")(x)
    pixels = _dense(prod(image_shape), "sigmoid", f"{name}_pixels", dtype="float32")
    x = layers.Reshape(image_shape, name=f"{name}_reshape")(pixels(x))
    images = layers.Rescaling(2.0, -1.0, dtype="float32", name=f"{name}_images")(x)
    if mean_image is not None:
        pixels.bias.assign(_logits_of(mean_image, image_shape))
    return keras.Model(inputs, images, name=name)


def maxout_discriminator(
    image_shape: tuple[int, int, int],
    *,
    units: Sequence[int] = (240, 240),
    num_pieces: int = 5,
    dropout: tuple[float, float] = DROPOUT,
    name: str = "discriminator",
) -> keras.Model:
    """The MNIST discriminator: two maxout layers with dropout.

    Weights start from U(-0.005, 0.005). Images are scaled to the paper's [0, 1] first,
    so that a dropped pixel is black rather than grey.

    Reference: Goodfellow et al., 2014, arXiv:1406.2661; mnist.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        units: Widths of the maxout layers.
        num_pieces: Linear pieces of each maxout unit.
        dropout: Shares of the pixels and of the hidden units that are left out in
            training, in [0, 1); the authors'. With a gradient penalty less will do.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> maxout_discriminator((8, 8, 1), units=(16, 16)).output_shape
    (None, 1)
    """
    image_shape = check_image_shape(image_shape)
    inputs = keras.Input(image_shape, name="images")
    x = layers.Rescaling(0.5, 0.5, name=f"{name}_unit_range")(inputs)
    return _maxout_perceptron(inputs, x, units, num_pieces, dropout, name)


def fully_connected_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    *,
    hidden_units: Sequence[int] = (8000, 8000),
    name: str = "generator",
) -> keras.Model:
    """The fully connected CIFAR-10 generator: ReLU layers, then a sigmoid layer.

    The authors' output is linear, for images standardised one by one, and starts from
    U(-0.5, 0.5). Ours ends in tanh for images in [-1, 1] and starts from U(-0.05, 0.05)
    like the other layers: from theirs a tanh would start saturated.

    Reference: Goodfellow et al., 2014, arXiv:1406.2661; cifar10_fully_connected.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Length of a latent vector.
        hidden_units: Widths of the hidden layers, the last of which is the sigmoid's.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 images in
        [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> fully_connected_generator((8, 8, 3), 16, hidden_units=(32, 32)).output_shape
    (None, 8, 8, 3)
    """
    image_shape = check_image_shape(image_shape)
    check_sizes(latent_dim=latent_dim, hidden_units=hidden_units)
    inputs, x = _relu_then_sigmoid(latent_dim, hidden_units, name)
    x = _dense(prod(image_shape), None, f"{name}_pixels")(x)
    x = layers.Reshape(image_shape, name=f"{name}_reshape")(x)
    images = layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)
    return keras.Model(inputs, images, name=name)


def fully_connected_discriminator(
    image_shape: tuple[int, int, int],
    *,
    units: Sequence[int] = (1600, 1600),
    num_pieces: int = 5,
    name: str = "discriminator",
) -> keras.Model:
    """The fully connected CIFAR-10 discriminator: two wide maxout layers with dropout.

    Weights start from U(-0.005, 0.005); dropout takes 0.2 of the pixels and 0.5 of
    the hidden units. It sees the images in [-1, 1] as they are, zero being the mid
    grey, as in the authors' standardised images.

    Reference: Goodfellow et al., 2014, arXiv:1406.2661; cifar10_fully_connected.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        units: Widths of the maxout layers.
        num_pieces: Linear pieces of each maxout unit.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> fully_connected_discriminator((8, 8, 3), units=(16, 16)).output_shape
    (None, 1)
    """
    inputs = keras.Input(check_image_shape(image_shape), name="images")
    return _maxout_perceptron(inputs, inputs, units, num_pieces, DROPOUT, name)


def deconvolutional_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    *,
    hidden_units: Sequence[int] = (8000,),
    num_maps: int = 80,
    name: str = "generator",
) -> keras.Model:
    """The convolutional CIFAR-10 generator: dense layers, then one deconvolution.

    ReLU layers, a sigmoid layer shaped as `num_maps` feature maps (10x10 of them for
    images of 32x32), and a transposed convolution of kernel 5 and stride 3. Weights
    start from U(-0.05, 0.05). The authors' output is linear, for images standardised
    one by one, with a bias for every pixel; ours is a tanh, for images in [-1, 1],
    with a bias for every channel. Where the strides overshoot the image, its centre is
    cut out.

    Reference: Goodfellow et al., 2014, arXiv:1406.2661; cifar10_convolutional.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Length of a latent vector.
        hidden_units: Widths of the ReLU layers.
        num_maps: Number of feature maps that are deconvolved.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 images in
        [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> g = deconvolutional_generator((8, 8, 3), 16, hidden_units=(32,), num_maps=4)
    >>> g.output_shape
    (None, 8, 8, 3)
    """
    height, width, channels = check_image_shape(image_shape)
    check_sizes(latent_dim=latent_dim, hidden_units=hidden_units, num_maps=num_maps)
    maps = (_num_strides(height), _num_strides(width), num_maps)
    inputs, x = _relu_then_sigmoid(latent_dim, (*hidden_units, prod(maps)), name)
    x = layers.Reshape(maps, name=f"{name}_maps")(x)
    x = layers.Conv2DTranspose(
        channels,
        DECONVOLUTION_KERNEL,
        strides=DECONVOLUTION_STRIDE,
        kernel_initializer=_uniform(0.05),
        name=f"{name}_deconvolution",
    )(x)
    x = crop(x, height, width, f"{name}_crop")
    images = layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)
    return keras.Model(inputs, images, name=name)


def convolutional_discriminator(
    image_shape: tuple[int, int, int],
    *,
    filters: Sequence[int] = (32, 32, 192),
    num_pieces: int = 2,
    units: int = 500,
    name: str = "discriminator",
) -> keras.Model:
    """The convolutional CIFAR-10 discriminator: maxout, max pooling and dropout.

    Three maxout convolutions of kernels 8, 8 and 5, each pooled over 4, 4 and 2
    pixels with stride 2, then a dense maxout layer of five pieces. Weights start from
    U(-0.005, 0.005); dropout takes 0.2 of the pixels and 0.5 of all later inputs. The
    maps have sides 16, 8, 4 at 32x32, where the authors' odd paddings made 16, 7, 5.
    Max pooling has no deterministic gradient under XLA.

    Reference: Goodfellow et al., 2014, arXiv:1406.2661; cifar10_convolutional.yaml.

    Args:
        image_shape: `(height, width, channels)`.
        filters: Channels of the three maxout convolutions.
        num_pieces: Linear pieces of each convolutional maxout unit.
        units: Width of the dense maxout layer.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> d = convolutional_discriminator((8, 8, 3), filters=(4, 4, 8), units=16)
    >>> d.output_shape
    (None, 1)
    """
    x = inputs = keras.Input(check_image_shape(image_shape), name="images")
    check_sizes(filters=filters, num_pieces=num_pieces, units=units)
    if len(filters) != len(POOLS):
        raise ValueError(
            f"`filters` must name the channels of {len(POOLS)} convolutions. "
            f"Received: filters={filters}"
        )
    stages = zip(filters, CONVOLUTION_KERNELS, POOLS, strict=True)
    for stage, (channels, kernel_size, pool) in enumerate(stages, start=1):
        rate = 0.2 if stage == 1 else 0.5
        x = layers.Dropout(rate, name=f"{name}_dropout_{stage}")(x)
        x = _maxout_convolution(
            x, channels, kernel_size, num_pieces, f"{name}_maxout_{stage}"
        )
        # XLA knows the second derivative, which R1 takes, in float32 only.
        x = layers.MaxPooling2D(
            pool, 2, "same", dtype="float32", name=f"{name}_pool_{stage}"
        )(x)
    x = layers.Dropout(0.5, name=f"{name}_dropout_4")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = _maxout(units, 5, f"{name}_maxout_4")(x)
    x = layers.Dropout(0.5, name=f"{name}_dropout_5")(x)
    return keras.Model(inputs, _logits(name)(x), name=name)


def _relu_then_sigmoid(latent_dim, hidden_units, name):
    x = inputs = keras.Input((latent_dim,), name="latents")
    for index, units in enumerate(hidden_units, start=1):
        activation = "sigmoid" if index == len(hidden_units) else "relu"
        x = _dense(units, activation, f"{name}_hidden_{index}")(x)
    return inputs, x


def _maxout_perceptron(inputs, x, units, num_pieces, dropout, name):
    check_sizes(units=units, num_pieces=num_pieces)
    check_shares(2, dropout=dropout)
    of_pixels, of_units = dropout
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dropout(of_pixels, name=f"{name}_dropout_1")(x)
    for index, width in enumerate(units, start=1):
        x = _maxout(width, num_pieces, f"{name}_maxout_{index}")(x)
        x = layers.Dropout(of_units, name=f"{name}_dropout_{index + 1}")(x)
    return keras.Model(inputs, _logits(name)(x), name=name)


def _maxout_convolution(x, filters, kernel_size, num_pieces, name):
    pieces = [
        layers.Conv2D(
            filters,
            kernel_size,
            padding="same",
            kernel_initializer=_uniform(0.005),
            name=f"{name}_piece_{piece + 1}",
        )(x)
        for piece in range(num_pieces)
    ]
    return layers.Maximum(name=name)(pieces) if num_pieces > 1 else pieces[0]


def _maxout(units, num_pieces, name):
    return Maxout(units, num_pieces, kernel_initializer=_uniform(0.005), name=name)


def _logits(name):
    return layers.Dense(
        1, kernel_initializer=_uniform(0.005), dtype="float32", name=f"{name}_logits"
    )


def _dense(units, activation, name, dtype=None) -> Any:
    return layers.Dense(
        units, activation, kernel_initializer=_uniform(0.05), dtype=dtype, name=name
    )


def _uniform(limit) -> Any:
    # A new one for every layer: Keras draws the same numbers from a shared one.
    return keras.initializers.RandomUniform(-limit, limit)


def _num_strides(side):
    overlap = DECONVOLUTION_KERNEL - DECONVOLUTION_STRIDE
    return max(1, ceil((side - overlap) / DECONVOLUTION_STRIDE))


def _logits_of(mean_image, image_shape):
    mean = np.asarray(mean_image, "float64")
    if mean.shape != image_shape or not np.all(np.abs(mean) <= 1):
        raise ValueError(
            "`mean_image` must be a mean of images in [-1, 1], of shape "
            f"{image_shape}. Received: shape {mean.shape}, values from "
            f"{mean.min()} to {mean.max()}"
        )
    marginals = np.clip((mean + 1) / 2, CLIPPED_MARGINAL, 1 - CLIPPED_MARGINAL)
    return np.log(marginals / (1 - marginals)).ravel()
