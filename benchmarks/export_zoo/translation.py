"""Generators from pictures to pictures, and decoders of codes."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import norm_relu, to_images

TRANSLATION = "Pictures to pictures"
WIDTH = 12


class MomentsNormalization(layers.Layer):
    """Instance normalisation, written out."""

    def build(self, input_shape):
        self.gamma = self.add_weight(shape=input_shape[-1:], initializer="ones")
        self.beta = self.add_weight(shape=input_shape[-1:], initializer="zeros")

    def call(self, inputs):
        mean, variance = ops.moments(inputs, axes=(1, 2), keepdims=True)
        return (inputs - mean) * ops.rsqrt(variance + 1e-5) * self.gamma + self.beta


def padded(x, size):
    return ops.pad(x, ((0, 0), (size, size), (size, size), (0, 0)), mode="reflect")


def cyclegan(size, norm):
    """Reflections at the borders, two residual blocks, instance normalisation."""
    source = keras.Input((size, size, 3), name="source")
    x = layers.Conv2D(WIDTH, 7)(padded(source, 3))
    x = layers.ReLU()(norm()(x))
    x = layers.Conv2D(2 * WIDTH, 3, strides=2, padding="same")(x)
    x = layers.ReLU()(norm()(x))
    for _ in range(2):
        y = layers.ReLU()(norm()(layers.Conv2D(2 * WIDTH, 3)(padded(x, 1))))
        x = x + norm()(layers.Conv2D(2 * WIDTH, 3)(padded(y, 1)))
    x = layers.Conv2DTranspose(WIDTH, 3, strides=2, padding="same")(x)
    x = padded(layers.ReLU()(norm()(x)), 3)
    return keras.Model(source, layers.Conv2D(3, 7, activation="tanh")(x))


def instance_norm():
    return layers.GroupNormalization(-1)


@block(TRANSLATION)
def cyclegan_fixed_size():
    """CycleGAN's residual generator for 32x32."""
    return cyclegan(32, instance_norm)


@block(TRANSLATION)
def cyclegan_free_size():
    """The same for any height and width."""
    return cyclegan(None, instance_norm)


@block(TRANSLATION)
def cyclegan_free_size_moments():
    """The same with instance normalisation written with `ops.moments`."""
    return cyclegan(None, MomentsNormalization)


def unet(always_drop):
    """Three halvings, three doublings, what was halved beside what is doubled."""
    x = source = keras.Input((32, 32, 3), name="source")
    halves = []
    for channels in (WIDTH, 2 * WIDTH, 2 * WIDTH):
        x = layers.Conv2D(channels, 4, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
        halves.append(x)
    for index, channels in enumerate((2 * WIDTH, WIDTH)):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = norm_relu(x)
        x = layers.Dropout(0.5)(x, training=True) if always_drop else x
        x = layers.Concatenate()([x, halves[1 - index]])
    x = layers.Conv2DTranspose(WIDTH, 4, strides=2, padding="same")(x)
    return to_images(source, x)


@block(TRANSLATION)
def unet_pix2pix():
    """Pix2pix' U-Net."""
    return unet(always_drop=False)


@block(TRANSLATION)
def unet_pix2pix_dropout_on():
    """The same, whose dropout is called with `training=True`."""
    return unet(always_drop=True)


@block(TRANSLATION)
def srgan():
    """SRGAN: twice the size, for any height and width."""
    source = keras.Input((None, None, 3), name="source")
    x = skip = layers.Conv2D(WIDTH, 5, padding="same")(source)
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Conv2D(WIDTH, 3, padding="same")(x))
        y = layers.Conv2D(WIDTH, 3, padding="same")(layers.PReLU(shared_axes=(1, 2))(y))
        x = x + layers.BatchNormalization()(y)
    x = layers.Conv2D(4 * WIDTH, 3, padding="same")(x + skip)
    x = layers.Lambda(
        lambda x: tf.nn.depth_to_space(x, 2),
        output_shape=lambda shape: (shape[0], None, None, shape[-1] // 4),
    )(x)
    return to_images(source, x)


CODES = np.random.default_rng(0).normal(size=(32, 8)).astype("float32")


def encoded():
    """Return what an encoder gives: vectors near codes."""
    rng = np.random.default_rng(1)
    codes = CODES[rng.integers(0, len(CODES), (256, 4, 4))]
    return codes + 0.2 * rng.normal(size=codes.shape)


class Codebook(layers.Layer):
    """Replaces each vector by the nearest of a codebook."""

    def __init__(self, nearest, **kwargs):
        super().__init__(**kwargs)
        self.nearest = nearest

    def build(self, input_shape):
        self.codes = self.add_weight(shape=CODES.shape)
        self.codes.assign(CODES)

    def call(self, inputs):
        products = ops.matmul(inputs, ops.transpose(self.codes))
        distances = ops.sum(ops.square(self.codes), -1) - 2.0 * products
        return ops.take(self.codes, self.nearest(distances, axis=-1), axis=0)


def vqgan(nearest):
    codes = keras.Input((4, 4, 8), name="codes")
    x = layers.Conv2D(WIDTH, 3, padding="same")(Codebook(nearest)(codes))
    for channels in (2 * WIDTH, WIDTH):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
    return to_images(codes, x)


@block(TRANSLATION, samples=encoded())
def vqgan_decoder():
    """Nearest codes by `ops.argmin`, then a decoder."""
    return vqgan(ops.argmin)


@block(TRANSLATION, samples=encoded())
def vqgan_decoder_tf_argmin():
    """The same by `tf.argmin`."""
    return vqgan(tf.argmin)
