"""What many generators of the zoo are made of."""

import keras
import numpy as np
from keras import layers, ops

LATENT_DIM = 32
WIDTH = 24


def from_latents(channels: int = WIDTH, side: int = 4):
    """Return latents, and what a dense layer makes of them: a small map."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    return latents, to_map(latents, channels, side)


def to_map(x, channels: int = WIDTH, side: int = 4):
    x = layers.Dense(side * side * channels)(x)
    return layers.Reshape((side, side, channels))(x)


def norm_relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def up(x, channels: int = WIDTH // 2, kernel_size: int = 4):
    """Double the sides with a transposed convolution."""
    x = layers.Conv2DTranspose(channels, kernel_size, strides=2, padding="same")(x)
    return norm_relu(x)


def to_images(inputs, x, channels: int = 3, dtype: str | None = None):
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return keras.Model(inputs, layers.Activation("tanh", dtype=dtype)(x))


def resized(x, interpolation="nearest"):
    size = (2 * x.shape[1], 2 * x.shape[2])
    return ops.image.resize(x, size, interpolation=interpolation)


def pictures(height: int, width: int, channels: int):
    """Return 256 smooth pictures, whose differences are larger than those of noise."""
    rng = np.random.default_rng(0)
    small = rng.uniform(-1.0, 1.0, (256, height // 4, width // 4, channels))
    return small.repeat(4, axis=1).repeat(4, axis=2).astype("float32")
