"""DCGAN's networks with labels.

References:
    Mirza and Osindero, 2014 (arXiv:1411.1784): concatenation.
    Dumoulin et al., 2017 (arXiv:1610.07629): conditional batch normalisation.
    Miyato and Koyama, 2018 (arXiv:1802.05637): projection.
"""

from typing import Any

import keras
from keras import layers, ops

from keras_gan.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization,
)
from keras_gan.layers.one_hot_labels import OneHotLabels, checked_classes
from keras_gan.networks.dcgan import (
    SMALLEST_IMAGE,
    dcgan_dense,
    dcgan_features,
    dcgan_images,
)
from keras_gan.networks.shapes import check_image_shape, check_sizes

Classes = int | tuple[int, ...]
GENERATOR_CONDITIONINGS = ("concatenation", "batch_normalization")
DISCRIMINATOR_CONDITIONINGS = ("concatenation", "projection")


def conditional_generator(
    image_shape: tuple[int, int, int],
    num_classes: Classes,
    latent_dim: int = 100,
    *,
    width: int = 64,
    kernel_size: int = 5,
    conditioning: str = "concatenation",
    name: str = "generator",
) -> keras.Model:
    """`dcgan_generator` that is told by labels what to draw.

    By `"concatenation"` one-hot labels stand beside the latents (Mirza and Osindero,
    2014, arXiv:1411.1784). By `"batch_normalization"` every normalisation has a scale
    and a shift for each class (Dumoulin et al., 2017, arXiv:1610.07629; in GANs
    Miyato and Koyama, 2018, arXiv:1802.05637): all stages hear the label, and the
    latents keep the first layer to themselves.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        num_classes: How many classes there are; a tuple of several attributes'.
        latent_dim: Length of a latent vector.
        width: As for `dcgan_generator`, and so is `kernel_size`.
        conditioning: `"concatenation"` or `"batch_normalization"`.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `"latents"` of shape `(batch, latent_dim)` and integer
        `"labels"` of shape `(batch,)`, or `(batch, num_attributes)`, to float32
        images in [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> conditional_generator((28, 28, 1), 10, 16, width=8).output_shape
    (None, 28, 28, 1)
    """
    check_sizes(latent_dim=latent_dim)
    _check_conditioning(conditioning, GENERATOR_CONDITIONINGS)
    inputs = {
        "latents": keras.Input((latent_dim,), name="latents"),
        "labels": labels_input(num_classes),
    }
    one_hot = OneHotLabels(num_classes, name=f"{name}_one_hot")(inputs["labels"])
    x, normalized = inputs["latents"], None
    if conditioning == "concatenation":
        x = layers.Concatenate(name=f"{name}_joined")([x, one_hot])
    else:

        def normalized(x, name):
            return ConditionalBatchNormalization(name=name)(x, one_hot)

    images = dcgan_images(
        x,
        image_shape,
        width=width,
        kernel_size=kernel_size,
        name=name,
        normalized=normalized,
    )
    return keras.Model(inputs, images, name=name)


def conditional_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: Classes,
    *,
    width: int = 64,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    conditioning: str = "concatenation",
    name: str = "discriminator",
) -> keras.Model:
    """`dcgan_discriminator` that judges whether an image is real, given its labels.

    By `"concatenation"` the image gets one more channel, a learned map for each class
    (Mirza and Osindero, 2014, arXiv:1411.1784). By `"projection"` the logit is
    `w . f(x) + v_y . f(x)`, with a learned vector `v_y` for each class (Miyato and
    Koyama, 2018, arXiv:1802.05637). That paper's features `f` are summed over the
    places of the map; here they are the whole map, as DCGAN's own last layer sees it.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        num_classes: How many classes there are; a tuple of several attributes'.
        width: As for `dcgan_discriminator`, and so are `kernel_size` and
            `normalization`.
        conditioning: `"concatenation"` or `"projection"`.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `"images"` of shape `(batch, *image_shape)` and integer
        `"labels"` of shape `(batch,)`, or `(batch, num_attributes)`, to float32
        logits of shape `(batch, 1)`.

    Example:

    >>> conditional_discriminator((28, 28, 1), 10, width=8).output_shape
    (None, 1)
    """
    image_shape = check_image_shape(image_shape, SMALLEST_IMAGE)
    _check_conditioning(conditioning, DISCRIMINATOR_CONDITIONINGS)
    inputs = {
        "images": keras.Input(image_shape, name="images"),
        "labels": labels_input(num_classes),
    }
    one_hot = OneHotLabels(num_classes, name=f"{name}_one_hot")(inputs["labels"])
    x = inputs["images"]
    if conditioning == "concatenation":
        height, breadth, _ = image_shape
        maps = layers.Dense(height * breadth, name=f"{name}_label_map")(one_hot)
        maps = layers.Reshape((height, breadth, 1), name=f"{name}_label_image")(maps)
        x = layers.Concatenate(name=f"{name}_joined")([x, maps])
    x = dcgan_features(
        x,
        width=width,
        kernel_size=kernel_size,
        normalization=normalization,
        name=name,
    )
    x = layers.Flatten(name=f"{name}_flatten")(x)
    logits = dcgan_dense(1, normalization, f"{name}_logits")(x)
    if conditioning == "projection":
        vectors = dcgan_dense(x.shape[-1], normalization, f"{name}_label_vectors")
        logits = logits + ops.sum(
            vectors(one_hot) * ops.cast(x, "float32"), axis=-1, keepdims=True
        )
    return keras.Model(inputs, logits, name=name)


def labels_input(num_classes: Classes) -> Any:
    """The input of integer labels that the networks of this game share."""
    several = not isinstance(checked_classes(num_classes), int)
    shape = (len(num_classes),) if several else ()  # type: ignore[arg-type]
    return keras.Input(shape, dtype="int32", name="labels")


def _check_conditioning(conditioning, known):
    if conditioning not in known:
        raise ValueError(
            f"`conditioning` must be one of {known}. Received: "
            f"conditioning={conditioning!r}. Choose one of them."
        )
