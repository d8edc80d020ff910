"""Generators by what they upsample with, and by their activations."""

import keras
import tensorflow as tf
from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import (
    LATENT_DIM,
    WIDTH,
    from_latents,
    norm_relu,
    pictures,
    resized,
    to_images,
    up,
)

CONVOLUTIONAL = "Convolutional generators"


@block(CONVOLUTIONAL)
def mlp():
    """Sequential: dense layers with batch normalisation."""
    model = keras.Sequential(
        [
            keras.Input((LATENT_DIM,), name="latents"),
            *(layers.Dense(128), layers.BatchNormalization(), layers.ReLU()),
            *(layers.Dense(128), layers.BatchNormalization(), layers.ReLU()),
            layers.Dense(16 * 16 * 3, activation="tanh"),
            layers.Reshape((16, 16, 3)),
        ]
    )
    return model


def dcgan(kernel_size, dtype=None):
    with_policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype or with_policy)
    try:
        latents, x = from_latents()
        x = up(up(norm_relu(x), WIDTH, kernel_size), WIDTH // 2, kernel_size)
        return to_images(latents, x, dtype="float32")
    finally:
        keras.config.set_dtype_policy(with_policy)


@block(CONVOLUTIONAL)
def dcgan_kernel_4():
    """Transposed convolutions of kernel 4 with batch normalisation."""
    return dcgan(4)


@block(CONVOLUTIONAL)
def dcgan_kernel_5():
    """The same with kernels of 5."""
    return dcgan(5)


@block(CONVOLUTIONAL)
def dcgan_mixed_float16():
    """The same in mixed precision."""
    return dcgan(4, "mixed_float16")


@block(CONVOLUTIONAL)
def dcgan_rebuilt_in_float32():
    """The mixed one, rebuilt in float32 by hand."""
    rebuilt = dcgan(4)
    rebuilt.set_weights(dcgan(4, "mixed_float16").get_weights())
    return rebuilt


def upsampled(upsample, norm=layers.BatchNormalization):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2D(channels, 3, padding="same")(upsample(x))
        x = layers.ReLU()(norm()(x))
    return to_images(latents, x)


@block(CONVOLUTIONAL)
def upsample_nearest():
    """`UpSampling2D`, then a convolution, twice."""
    return upsampled(layers.UpSampling2D())


@block(CONVOLUTIONAL)
def upsample_resize_nearest():
    """`ops.image.resize` in place of `UpSampling2D`."""
    return upsampled(resized)


@block(CONVOLUTIONAL)
def upsample_bilinear():
    """Bilinear `UpSampling2D`."""
    return upsampled(layers.UpSampling2D(interpolation="bilinear"))


@block(CONVOLUTIONAL)
def upsample_bicubic():
    """Bicubic `UpSampling2D`."""
    return upsampled(layers.UpSampling2D(interpolation="bicubic"))


@block(CONVOLUTIONAL)
def pixel_shuffle_depth_to_space():
    """Sub-pixel convolutions by `tf.nn.depth_to_space`."""
    return shuffled(lambda x: tf.nn.depth_to_space(x, 2))


@block(CONVOLUTIONAL)
def pixel_shuffle_reshape():
    """Sub-pixel convolutions by reshape and transpose."""
    return shuffled(shuffle_by_reshape)


def shuffled(shuffle):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2D(4 * channels, 3, padding="same")(x)
        x = norm_relu(layers.Lambda(shuffle)(x))
    return to_images(latents, x)


def shuffle_by_reshape(x):
    _, height, width, channels = x.shape
    x = ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, 2 * height, 2 * width, channels // 4))


@block(CONVOLUTIONAL)
def wavegan():
    """Waveforms by `Conv1DTranspose`."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    x = layers.Reshape((16, 32))(layers.Dense(16 * 32)(latents))
    for channels in (16, 8):
        x = layers.ReLU()(layers.Conv1DTranspose(channels, 25, 4, "same")(x))
    wave = layers.Conv1DTranspose(1, 25, 2, "same", activation="tanh")(x)
    return keras.Model(latents, wave)


@block(CONVOLUTIONAL)
def conv3d_transpose():
    """Volumes by `Conv3DTranspose`."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    x = layers.Reshape((2, 4, 4, 16))(layers.Dense(2 * 4 * 4 * 16)(latents))
    x = norm_relu(layers.Conv3DTranspose(8, 4, 2, "same")(x))
    volume = layers.Conv3DTranspose(1, 4, 2, "same", activation="tanh")(x)
    return keras.Model(latents, volume)


@block(CONVOLUTIONAL)
def activations_mix():
    """One convolution for each of ten activations."""
    latents, x = from_latents(side=8)
    parts = [
        layers.Conv2D(4, 3, padding="same", activation=name)(x)
        for name in ("gelu", "silu", "selu", "elu", "softplus", "mish", "hard_silu")
    ]
    parts += [
        layer(layers.Conv2D(4, 3, padding="same")(x))
        for layer in (layers.LeakyReLU(0.2), layers.PReLU(shared_axes=(1, 2)))
    ]
    x = layers.Concatenate()([*parts, ops.softsign(x)])
    return to_images(latents, resized(x))


def gelu_dcgan(gelu):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = layers.Activation(gelu)(layers.BatchNormalization()(x))
    return to_images(latents, x)


@block(CONVOLUTIONAL)
def gelu_exact():
    """Exact gelu, as Keras computes it."""
    return gelu_dcgan("gelu")


@block(CONVOLUTIONAL)
def gelu_by_erf():
    """Exact gelu, written with `ops.erf`."""
    return gelu_dcgan(lambda x: 0.5 * x * (1.0 + ops.erf(x / 2.0**0.5)))


@block(CONVOLUTIONAL)
def gelu_tanh():
    """The tanh form of gelu."""
    return gelu_dcgan(lambda x: keras.activations.gelu(x, approximate=True))


@block(CONVOLUTIONAL)
def lambda_layer():
    """A `Lambda` of TensorFlow operations."""
    latents, x = from_latents(side=8)
    x = layers.Lambda(lambda x: tf.image.flip_left_right(tf.nn.leaky_relu(x)))(x)
    return to_images(latents, resized(x))


@block(CONVOLUTIONAL)
def python_step():
    """A step in NumPy, by `tf.numpy_function`."""
    latents, x = from_latents(side=8)
    step = layers.Lambda(
        lambda x: tf.ensure_shape(tf.numpy_function(abs, [x], tf.float32), x.shape),
        output_shape=lambda shape: shape,
    )
    return to_images(latents, resized(step(x)))


@block(CONVOLUTIONAL)
def compiled_step():
    """A step under `tf.function(jit_compile=True)`."""
    latents, x = from_latents(side=8)
    step = layers.Lambda(tf.function(tf.nn.swish, jit_compile=True))
    return to_images(latents, resized(step(x)))


@block(CONVOLUTIONAL, samples=pictures(16, 16, 3))
def discriminator_conv():
    """Strided convolutions from images to a logit."""
    x = images = keras.Input((16, 16, 3), name="images")
    for channels in (16, 32):
        x = layers.Conv2D(channels, 4, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(x)))
