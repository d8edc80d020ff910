"""InfoGAN's networks for MNIST (Chen et al., 2016, arXiv:1606.03657, appendix C)."""

from math import ceil
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_gan.layers.one_hot_labels import OneHotLabels, checked_classes
from keras_gan.networks.conditional import Classes, labels_input
from keras_gan.networks.shapes import check_image_shape, check_sizes, crop


def infogan_generator(
    image_shape: tuple[int, int, int],
    num_classes: Classes,
    num_codes: int,
    latent_dim: int = 62,
    *,
    units: int = 1024,
    width: int = 64,
    name: str = "generator",
) -> keras.Model:
    """Latents, one-hot classes and codes in a row, two dense layers, two doublings.

    Reference: Chen et al., 2016, "InfoGAN", arXiv:1606.03657, whose MNIST generator
    takes 62 latents, a class of ten and two codes.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: How many classes there are; a tuple of several codes'.
        num_codes: Number of continuous codes.
        latent_dim: Length of a latent vector.
        units: Width of the first dense layer.
        width: Channels between the doublings; of the base there are twice as many.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `"latents"` of shape `(batch, latent_dim)`, integer
        `"labels"` of shape `(batch,)`, or `(batch, num_attributes)`, and `"codes"` of
        shape `(batch, num_codes)` to float32 images in [-1, 1] of shape
        `(batch, *image_shape)`.

    Example:

    >>> infogan_generator((28, 28, 1), 10, 2, units=32, width=8).output_shape
    (None, 28, 28, 1)
    """
    height, breadth, channels = check_image_shape(image_shape)
    check_sizes(num_codes=num_codes, latent_dim=latent_dim, units=units, width=width)
    inputs = {
        "latents": keras.Input((latent_dim,), name="latents"),
        "labels": labels_input(num_classes),
        "codes": keras.Input((num_codes,), name="codes"),
    }
    one_hot = OneHotLabels(num_classes, name=f"{name}_one_hot")(inputs["labels"])
    x = layers.Concatenate(name=f"{name}_joined")(
        [inputs["latents"], one_hot, inputs["codes"]]
    )
    base = (ceil(height / 4), ceil(breadth / 4), 2 * width)
    for index, size in enumerate((units, int(np.prod(base)))):
        x = layers.Dense(size, use_bias=False, name=f"{name}_dense_{index + 1}")(x)
        x = _normalized(x, f"{name}_dense_{index + 1}", layers.ReLU)
    x = layers.Reshape(base, name=f"{name}_base")(x)
    x = _doubled(x, width, f"{name}_up_1", use_bias=False)
    x = _normalized(x, f"{name}_up_1", layers.ReLU)
    x = _doubled(x, channels, f"{name}_up_2")
    x = crop(x, height, breadth, f"{name}_crop")
    images = layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)
    return keras.Model(inputs, images, name=name)


def infogan_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: Classes,
    num_codes: int,
    *,
    units: int = 1024,
    width: int = 64,
    name: str = "discriminator",
) -> keras.Model:
    """Two 4x4 convolutions of stride 2 and a dense layer, from which three heads tell.

    The logit is read at once, classes and codes after a dense layer of 128 of their
    own (the network Q).

    Reference: Chen et al., 2016, "InfoGAN", arXiv:1606.03657, whose MNIST
    discriminator this is.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: How many classes there are; a tuple of several codes'.
        num_codes: Number of continuous codes.
        units: Width of the dense layer.
        width: Channels of the first convolution; the second has twice as many.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to a dict of float32
        `"logits"` of shape `(batch, 1)`, `"labels"`, logits of the classes of shape
        `(batch, sum(num_classes))`, and `"codes"` of shape `(batch, num_codes)`.

    Example:

    >>> model = infogan_discriminator((28, 28, 1), 10, 2, units=32, width=8)
    >>> model.output["codes"].shape
    (None, 2)
    """
    check_sizes(num_codes=num_codes, units=units, width=width)
    images = keras.Input(check_image_shape(image_shape), name="images")
    x = _halved(images, width, f"{name}_down_1")
    x = _leaky(name=f"{name}_down_1_relu")(x)
    x = _halved(x, 2 * width, f"{name}_down_2", use_bias=False)
    x = _normalized(x, f"{name}_down_2", _leaky)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(units, use_bias=False, name=f"{name}_dense_1")(x)
    x = _normalized(x, f"{name}_dense_1", _leaky)
    q = layers.Dense(128, use_bias=False, name=f"{name}_dense_2")(x)
    q = _normalized(q, f"{name}_dense_2", _leaky)
    heads = {
        "logits": (x, 1),
        "labels": (q, int(np.sum(checked_classes(num_classes)))),
        "codes": (q, num_codes),
    }
    outputs = {
        key: layers.Dense(size, dtype="float32", name=f"{name}_{key}")(seen)
        for key, (seen, size) in heads.items()
    }
    return keras.Model(images, outputs, name=name)


def _leaky(name):
    return layers.LeakyReLU(0.1, name=name)


def _normalized(x, name, activation) -> Any:
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return activation(name=f"{name}_relu")(x)


def _halved(x, filters, name, use_bias=True) -> Any:
    return layers.Conv2D(
        filters, 4, strides=2, padding="same", use_bias=use_bias, name=name
    )(x)


def _doubled(x, filters, name, use_bias=True) -> Any:
    return layers.Conv2DTranspose(
        filters, 4, strides=2, padding="same", use_bias=use_bias, name=name
    )(x)
