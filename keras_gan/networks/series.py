"""Convolutions in one dimension, for time series (after WaveGAN)."""

from math import ceil
from typing import Any

import keras
from keras import layers

from keras_gan.networks.shapes import check_sizes

SHORTEST_SERIES = 4
LONGEST_BASE = 8


def series_generator(
    series_shape: tuple[int, int],
    latent_dim: int = 32,
    *,
    width: int = 32,
    kernel_size: int = 9,
    name: str = "generator",
) -> keras.Model:
    """Latents, projected to a short series, then doubled until it is long enough.

    The DCGAN of one dimension, as WaveGAN is (Donahue et al., 2019, arXiv:1802.04208),
    with a repetition and a convolution for each transposed one, which leaves no
    pattern of its stride. The output is linear: series have no range of their own.

    Args:
        series_shape: `(length, channels)`, of length 4 or more.
        latent_dim: Length of a latent vector.
        width: Channels before the last convolution; each stage towards the start has
            twice as many.
        kernel_size: Steps that a convolution sees.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 series of shape
        `(batch, length, channels)`.

    Example:

    >>> series_generator((50, 2), width=8).output_shape
    (None, 50, 2)
    """
    length, channels = _checked(series_shape)
    check_sizes(latent_dim=latent_dim, width=width, kernel_size=kernel_size)
    num_stages = _num_stages(length)
    base, filters = ceil(length / 2**num_stages), width * 2 ** (num_stages - 1)
    inputs = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(base * filters, name=f"{name}_project")(inputs)
    x = layers.ReLU(name=f"{name}_project_relu")(x)
    x = layers.Reshape((base, filters), name=f"{name}_base")(x)
    for stage in range(1, num_stages + 1):
        stem = f"{name}_up_{stage}"
        x = layers.UpSampling1D(2, name=f"{stem}_repeat")(x)
        x = layers.Conv1D(filters, kernel_size, padding="same", name=stem)(x)
        x = layers.ReLU(name=f"{stem}_relu")(x)
        filters //= 2 if stage < num_stages else 1
    extra = x.shape[1] - length
    if extra:
        cut = (extra // 2, extra - extra // 2)
        x = layers.Cropping1D(cut, name=f"{name}_crop")(x)
    series = layers.Conv1D(
        channels, kernel_size, padding="same", dtype="float32", name=f"{name}_series"
    )(x)
    return keras.Model(inputs, series, name=name)


def series_discriminator(
    series_shape: tuple[int, int],
    *,
    width: int = 32,
    kernel_size: int = 9,
    name: str = "discriminator",
) -> keras.Model:
    """Series, halved by strided convolutions, then one dense layer to a logit.

    The mirror of `series_generator`, without normalisation: any gradient penalty
    suits it.

    Args:
        series_shape: `(length, channels)`, of length 4 or more.
        width: Channels of the first convolution.
        kernel_size: Steps that a convolution sees.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from series of shape `(batch, length, channels)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> series_discriminator((50, 2), width=8).output_shape
    (None, 1)
    """
    length, channels = _checked(series_shape)
    check_sizes(width=width, kernel_size=kernel_size)
    x = inputs = keras.Input((length, channels), name="series")
    for stage in range(_num_stages(length)):
        stem = f"{name}_down_{stage + 1}"
        x = layers.Conv1D(
            width * 2**stage, kernel_size, strides=2, padding="same", name=stem
        )(x)
        x = layers.LeakyReLU(0.2, name=f"{stem}_relu")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    logits = layers.Dense(1, dtype="float32", name=f"{name}_logits")(x)
    return keras.Model(inputs, logits, name=name)


def _checked(series_shape: Any) -> tuple[int, int]:
    is_pair = isinstance(series_shape, (tuple, list)) and len(series_shape) == 2
    if not is_pair:
        raise ValueError(
            "`series_shape` must be `(length, channels)`. Received: "
            f"series_shape={series_shape}. One channel is `(length, 1)`."
        )
    length, channels = series_shape
    check_sizes(length=length, channels=channels)
    if length < SHORTEST_SERIES:
        raise ValueError(
            f"`series_shape` must have a length of {SHORTEST_SERIES} or more. "
            f"Received: series_shape={series_shape}. Give longer series, or take "
            "`vector_generator`."
        )
    return int(length), int(channels)


def _num_stages(length: int) -> int:
    num_stages = 1
    while ceil(length / 2**num_stages) > LONGEST_BASE:
        num_stages += 1
    return num_stages
