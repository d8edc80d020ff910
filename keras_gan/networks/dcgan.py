"""DCGAN's networks (Radford et al., 2015, arXiv:1511.06434)."""

from collections.abc import Callable
from math import ceil
from typing import Any

import keras
from keras import layers

from keras_gan.layers import MinibatchStandardDeviation, SpectralNormalization
from keras_gan.networks.shapes import check_image_shape, check_sizes, crop

SMALLEST_IMAGE = 4
LARGEST_BASE = 7
NORMALIZATIONS = ("batch", "spectral", None)


def dcgan_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    *,
    width: int = 64,
    kernel_size: int = 5,
    name: str = "generator",
) -> keras.Model:
    """Latents, projected to a small map, then doubled by transposed convolutions.

    The plain convolutional generator, quick to train and exported by every route.
    The base map has the image's sides halved until the smaller one is at most 7;
    where the doublings overshoot the image, its centre is cut out.

    Reference: Radford et al., 2015, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks", arXiv:1511.06434. The paper's
    `width` at 64x64 is 128 (a base of 4x4x1024); ours is the half of it, for one
    accelerator's sake. As in the authors' code no layer has a bias but batch
    normalisation's. That code kept no moving averages; momentum 0.9 and epsilon 1e-5
    are those of the Torch release by the paper's third author.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        latent_dim: Length of a latent vector.
        width: Channels before the last convolution; each stage towards the base has
            twice as many.
        kernel_size: Side of the kernels.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 images in
        [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> dcgan_generator((28, 28, 1), 16, width=8).output_shape
    (None, 28, 28, 1)
    """
    check_sizes(latent_dim=latent_dim)
    inputs = keras.Input((latent_dim,), name="latents")
    images = dcgan_images(
        inputs, image_shape, width=width, kernel_size=kernel_size, name=name
    )
    return keras.Model(inputs, images, name=name)


def dcgan_images(
    x: Any,
    image_shape: tuple[int, int, int],
    *,
    width: int,
    kernel_size: int,
    name: str,
    normalized: Callable[[Any, str], Any] | None = None,
) -> Any:
    """The layers of `dcgan_generator`, from vectors of any length to images.

    Args:
        x: Vectors of shape `(batch, length)`, symbolic.
        image_shape: As for `dcgan_generator`, and so are `width`, `kernel_size` and
            `name`.
        normalized: Normalises features, `(features, name) -> features`; by default
            by the batch.
    """
    height, breadth, channels = check_image_shape(image_shape, SMALLEST_IMAGE)
    check_sizes(width=width, kernel_size=kernel_size)
    num_stages = _num_stages(height, breadth)
    base = (ceil(height / 2**num_stages), ceil(breadth / 2**num_stages))
    filters = width * 2 ** (num_stages - 1)
    if normalized is None:

        def normalized(x, name):
            return _batch_normalization(name)(x)

    x = layers.Dense(
        base[0] * base[1] * filters,
        use_bias=False,
        kernel_initializer=_weights(),
        name=f"{name}_project",
    )(x)
    x = normalized(x, f"{name}_project_norm")
    x = layers.ReLU(name=f"{name}_project_relu")(x)
    x = layers.Reshape((*base, filters), name=f"{name}_base")(x)
    for stage in range(1, num_stages):
        filters //= 2
        x = _upsample(filters, kernel_size, f"{name}_up_{stage}")(x)
        x = normalized(x, f"{name}_up_{stage}_norm")
        x = layers.ReLU(name=f"{name}_up_{stage}_relu")(x)
    x = _upsample(channels, kernel_size, f"{name}_up_{num_stages}")(x)
    x = crop(x, height, breadth, f"{name}_crop")
    return layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)


def dcgan_discriminator(
    image_shape: tuple[int, int, int],
    *,
    width: int = 64,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    minibatch_stddev: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """Images, halved by strided convolutions, then one dense layer to a logit.

    The mirror of `dcgan_generator`: as many stages, the channels doubling from
    `width`. Batch normalisation is the paper's, in all stages but the first; a
    gradient penalty, which is of single samples, asks for `None` or `"spectral"`.

    Reference: Radford et al., 2015, arXiv:1511.06434. As in the authors' code no
    layer has a bias but batch normalisation's; without it every layer has one.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        width: Channels of the first convolution; the paper's is 128.
        kernel_size: Side of the kernels.
        normalization: `"batch"`, `"spectral"` (Miyato et al., 2018, on every layer)
            or `None`.
        minibatch_stddev: Whether to show the last layer the minibatch standard
            deviation (Karras et al., 2018).
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> dcgan_discriminator((28, 28, 1), width=8, normalization="spectral").output_shape
    (None, 1)
    """
    image_shape = check_image_shape(image_shape, SMALLEST_IMAGE)
    inputs = keras.Input(image_shape, name="images")
    x = dcgan_features(
        inputs,
        width=width,
        kernel_size=kernel_size,
        normalization=normalization,
        name=name,
    )
    if minibatch_stddev:
        x = MinibatchStandardDeviation(name=f"{name}_minibatch_stddev")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    to_logits = dcgan_dense(1, normalization, f"{name}_logits")
    return keras.Model(inputs, to_logits(x), name=name)


def dcgan_features(
    x: Any,
    *,
    width: int,
    kernel_size: int,
    normalization: str | None,
    name: str,
) -> Any:
    """The convolutions of `dcgan_discriminator`, from images to their last map.

    Args:
        x: Images of shape `(batch, height, width, channels)`, symbolic.
        width: As for `dcgan_discriminator`, and so are the others.
    """
    check_sizes(width=width, kernel_size=kernel_size)
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"`normalization` must be one of {NORMALIZATIONS}. "
            f"Received: normalization={normalization!r}"
        )
    for stage in range(_num_stages(*x.shape[1:3])):
        convolution = layers.Conv2D(
            width * 2**stage,
            kernel_size,
            strides=2,
            padding="same",
            use_bias=normalization != "batch",
            kernel_initializer=_weights(),
            name=f"{name}_down_{stage + 1}",
        )
        x = _in_spectral_norm(convolution, normalization)(x)
        if normalization == "batch" and stage > 0:
            x = _batch_normalization(f"{name}_down_{stage + 1}_norm")(x)
        x = layers.LeakyReLU(0.2, name=f"{name}_down_{stage + 1}_relu")(x)
    return x


def dcgan_dense(units: int, normalization: str | None, name: str) -> keras.Layer:
    """A last layer of `dcgan_discriminator`, which ends in float32."""
    layer = layers.Dense(
        units,
        use_bias=normalization != "batch",
        kernel_initializer=_weights(),
        dtype="float32",
        name=name,
    )
    return _in_spectral_norm(layer, normalization)


def _in_spectral_norm(layer, normalization):
    if normalization == "spectral":
        return SpectralNormalization(layer, name=layer.name)
    return layer


def _num_stages(height, breadth):
    num_stages = 1
    while ceil(min(height, breadth) / 2**num_stages) > LARGEST_BASE:
        num_stages += 1
    return num_stages


def _weights(mean=0.0) -> Any:
    return keras.initializers.RandomNormal(mean, 0.02)


def _batch_normalization(name):
    return layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-5,
        gamma_initializer=_weights(mean=1.0),
        name=name,
    )


def _upsample(filters, kernel_size, name):
    return layers.Conv2DTranspose(
        filters,
        kernel_size,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=_weights(),
        name=name,
    )
