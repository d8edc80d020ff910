"""Style-based generators, and those with noise inside."""

import keras
import tensorflow as tf
from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import (
    LATENT_DIM,
    WIDTH,
    from_latents,
    norm_relu,
    resized,
    to_images,
    up,
)

STYLE = "Style-based generators"
NOISE = "Noise inside"


class GroupedModulation(layers.Layer):
    """StyleGAN2's modulated convolution as one convolution with a group per sample."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, features_shape, style_shape):
        self.to_scale = layers.Dense(features_shape[-1], bias_initializer="ones")
        self.to_scale.build(style_shape)
        shape = (3, 3, features_shape[-1], self.filters)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal")

    def demodulated(self, style):
        """Return a kernel for each sample, of unit norm per output channel."""
        kernels = self.kernel * self.to_scale(style)[:, None, None, :, None]
        norms = ops.sum(ops.square(kernels), axis=(1, 2, 3), keepdims=True)
        return kernels * ops.rsqrt(norms + 1e-8)

    def call(self, features, style):
        _, height, width, channels = features.shape
        kernels = ops.transpose(self.demodulated(style), (1, 2, 3, 0, 4))
        kernels = ops.reshape(kernels, (3, 3, channels, -1))
        x = ops.transpose(features, (1, 2, 0, 3))
        x = ops.reshape(x, (1, height, width, -1))
        x = tf.nn.conv2d(x, kernels, 1, "SAME")
        x = ops.reshape(x, (height, width, -1, self.filters))
        return ops.transpose(x, (2, 0, 1, 3))


class ScaledModulation(GroupedModulation):
    """The same, scaling the activations in place of the kernel."""

    def call(self, features, style):
        scale = self.to_scale(style)
        x = features * scale[:, None, None, :]
        x = ops.conv(x, self.kernel, padding="same")
        squares = ops.sum(ops.square(self.kernel), axis=(0, 1))
        norms = ops.matmul(ops.square(scale), squares)
        return x * ops.rsqrt(norms + 1e-8)[:, None, None, :]


def stylegan2(modulation, batch_size=None):
    latents = keras.Input((LATENT_DIM,), batch_size=batch_size, name="latents")
    x = style = mapped(latents)
    x = layers.Reshape((4, 4, WIDTH))(layers.Dense(4 * 4 * WIDTH)(x))
    for filters in (WIDTH, WIDTH // 2):
        x = modulation(filters)(resized(x, "bilinear"), style)
        x = layers.LeakyReLU(0.2)(x)
    return to_images(latents, x)


def mapped(latents):
    """StyleGAN's mapping of normalised latents."""
    x = latents * ops.rsqrt(ops.mean(ops.square(latents), -1, keepdims=True) + 1e-8)
    return layers.LeakyReLU(0.2)(layers.Dense(LATENT_DIM)(x))


@block(STYLE)
def stylegan2_grouped():
    """StyleGAN2: kernels modulated per sample, a grouped convolution."""
    return stylegan2(GroupedModulation)


@block(STYLE)
def stylegan2_grouped_batch_1():
    """The same with a batch of 1."""
    return stylegan2(GroupedModulation, batch_size=1)


@block(STYLE)
def stylegan2_scaled():
    """StyleGAN2: activations scaled, outputs demodulated."""
    return stylegan2(ScaledModulation)


@block(STYLE)
def stylegan1():
    """StyleGAN: `UpSampling2D`, blur, AdaIN."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    style = mapped(latents)
    x = layers.Reshape((4, 4, WIDTH))(layers.Dense(4 * 4 * WIDTH)(style))
    for channels in (WIDTH, WIDTH // 2):
        x = blurred(
            layers.Conv2D(channels, 3, padding="same")(layers.UpSampling2D()(x))
        )
        x = layers.LeakyReLU(0.2)(adaptive_instance_norm(x, style))
    return to_images(latents, x)


def blurred(x):
    line = tf.constant([1.0, 2.0, 1.0]) / 4.0

    def blur(x):
        kernel = (line[:, None] * line)[:, :, None, None]
        kernel = tf.tile(kernel, (1, 1, x.shape[-1], 1))
        return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "SAME")

    return layers.Lambda(blur)(x)


def adaptive_instance_norm(x, style):
    channels = x.shape[-1]
    mean = ops.mean(x, (1, 2), keepdims=True)
    variance = ops.mean(ops.square(x - mean), (1, 2), keepdims=True)
    scale = layers.Reshape((1, 1, channels))(layers.Dense(channels)(style))
    shift = layers.Reshape((1, 1, channels))(layers.Dense(channels)(style))
    return (x - mean) * ops.rsqrt(variance + 1e-5) * (1.0 + scale) + shift


class RandomNoise(layers.Layer):
    """Adds noise from a Keras seed generator at every call."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, features):
        noise = keras.random.normal(ops.shape(features), seed=self.seeds)
        return features + 0.3 * noise


class StatelessNoise(layers.Layer):
    """Adds the same noise from a fixed seed at every call."""

    def call(self, features):
        shape = (1, *features.shape[1:])
        return features + 0.3 * tf.random.stateless_normal(shape, (1, 2))


class NoiseBuffer(layers.Layer):
    """Adds stored noise, of one channel unless told otherwise."""

    def __init__(self, channels=1, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, features_shape):
        self.noise = self.add_weight(
            shape=(1, *features_shape[1:-1], self.channels),
            initializer=keras.initializers.RandomNormal(stddev=0.3),
            trainable=False,
        )

    def call(self, features):
        return features + self.noise


def noisy(noise, use_bias=True):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(
            channels, 4, strides=2, padding="same", use_bias=use_bias
        )(x)
        x = layers.LeakyReLU(0.2)(noise(channels)(x))
    return to_images(latents, x)


@block(NOISE)
def noise_seed_generator():
    """Fresh noise from `keras.random.SeedGenerator`."""
    return noisy(lambda channels: RandomNoise())


@block(NOISE)
def noise_stateless():
    """The same noise at every call, by `tf.random.stateless_normal`."""
    return noisy(lambda channels: StatelessNoise())


@block(NOISE)
def noise_buffer():
    """Stored noise of one channel, after a convolution with bias."""
    return noisy(lambda channels: NoiseBuffer())


@block(NOISE)
def noise_buffer_all_channels():
    """Stored noise of all channels."""
    return noisy(NoiseBuffer)


@block(NOISE)
def noise_buffer_no_bias():
    """Stored noise of one channel, after a convolution without bias."""
    return noisy(lambda channels: NoiseBuffer(), use_bias=False)


@block(NOISE)
def noise_input():
    """Noise as an input."""
    latents, x = from_latents()
    noise = keras.Input((8, 8, 1), name="noise")
    x = layers.LeakyReLU(0.2)(up(x, WIDTH) + 0.3 * noise)
    return to_images([latents, noise], up(x))


@block(NOISE)
def noise_layers():
    """`GaussianNoise` and `Dropout`, which a generator in use leaves out."""
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = norm_relu(layers.GaussianNoise(0.1)(layers.Dropout(0.3)(x)))
    return to_images(latents, x)
