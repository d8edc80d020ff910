"""Small generators, each with one thing that a converter stumbles over."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

NUM_CLASSES = 10


def latents_input(size=16):
    return keras.Input((size,), name="latents")


def features(latents, channels=8, side=4):
    x = layers.Dense(side * side * channels)(latents)
    return layers.LeakyReLU(0.2)(layers.Reshape((side, side, channels))(x))


def image(x):
    return layers.Conv2D(3, 3, padding="same", activation="tanh")(x)


def on_features(*steps):
    """Return a builder of a generator with layers between latents and image."""

    def build():
        latents = latents_input()
        x = features(latents)
        for step in steps:
            x = step()(x)
        return keras.Model(latents, image(x))

    return build


def lambda_layer(function, name="step"):
    return lambda: layers.Lambda(function, name=name)


def up(**options):
    return lambda: layers.UpSampling2D(2, **options)


def conv(**options):
    return lambda: layers.Conv2D(8, 3, padding="same", **options)


class StoredNoise(layers.Layer):
    def build(self, input_shape):
        shape = (1, *input_shape[1:-1], 1)
        self.noise = self.add_weight(shape=shape, initializer="random_normal")

    def call(self, x):
        return x + self.noise


class PixelNorm(layers.Layer):
    def call(self, x):
        return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-8)


class AdaptiveNorm(layers.Layer):
    def build(self, x_shape, style_shape):
        self.style = layers.Dense(2 * x_shape[-1])
        self.style.build(style_shape)

    def call(self, x, style):
        mean, variance = ops.moments(x, axes=[1, 2], keepdims=True)
        scale, shift = ops.split(self.style(style)[:, None, None], 2, axis=-1)
        return (x - mean) * ops.rsqrt(variance + 1e-5) * (1 + scale) + shift


class Quantizer(layers.Layer):
    """Nearest of the stored vectors, as in VQ-VAE."""

    def build(self, input_shape):
        shape = (12, input_shape[-1])
        self.codes = self.add_weight(shape=shape, initializer="random_normal")

    def call(self, x):
        distances = ops.sum(ops.square(x[..., None, :] - self.codes), -1)
        return ops.take(self.codes, ops.argmin(distances, axis=-1), axis=0)


class GroupedModulation(layers.Layer):
    """A convolution with a kernel for each sample, as StyleGAN2 is often written."""

    def build(self, x_shape, style_shape):
        channels = x_shape[-1]
        self.kernel = self.add_weight(shape=(3, 3, channels, channels))
        self.style = layers.Dense(channels, bias_initializer="ones")
        self.style.build(style_shape)

    def call(self, x, style):
        _, height, width, channels = x.shape
        kernels = self.kernel * self.style(style)[:, None, None, :, None]
        kernels *= ops.rsqrt(ops.sum(kernels**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
        kernels = ops.transpose(kernels, (1, 2, 3, 0, 4))
        kernels = ops.reshape(kernels, (3, 3, channels, -1))
        x = ops.reshape(ops.transpose(x, (1, 2, 0, 3)), (1, height, width, -1))
        x = tf.nn.conv2d(x, kernels, 1, "SAME")
        x = ops.reshape(x, (height, width, -1, channels))
        return ops.transpose(x, (2, 0, 1, 3))


def styled(layer):
    def build():
        latents = latents_input()
        style = layers.Dense(16, activation="relu")(PixelNorm()(latents))
        x = layer(features(latents), style)
        return keras.Model(latents, image(layers.LeakyReLU(0.2)(x)))

    return build


def style_based():
    latents = latents_input()
    style = layers.Dense(16, activation="relu")(PixelNorm()(latents))
    x = features(latents)
    for _ in range(2):
        x = layers.UpSampling2D()(x)
        x = layers.DepthwiseConv2D(3, padding="same")(x)
        x = StoredNoise()(layers.Conv2D(8, 3, padding="same")(x))
        x = AdaptiveNorm()(layers.LeakyReLU(0.2)(x), style)
    return keras.Model(latents, image(x))


def labelled(code, shape=()):
    """Return a builder of a conditional generator, from the layer for the labels."""

    def build():
        latents = latents_input()
        labels = keras.Input(shape, dtype="int32", name="labels")
        x = layers.Concatenate()([latents, code()(labels)])
        return keras.Model([latents, labels], image(features(x)))

    return build


def one_hot():
    return layers.Lambda(lambda labels: ops.one_hot(labels, NUM_CLASSES), name="code")


def category():
    return layers.CategoryEncoding(NUM_CLASSES, output_mode="one_hot")


def segmentation_map():
    """SPADE's way: an image of labels scales and shifts normalised features."""
    labels = keras.Input((8, 8), dtype="int32", name="labels")
    latents = latents_input()
    code = layers.Lambda(lambda ids: ops.one_hot(ids, NUM_CLASSES), name="code")(labels)
    x = layers.UpSampling2D()(features(latents))
    x = layers.GroupNormalization(-1)(x)
    hidden = layers.Conv2D(8, 3, padding="same", activation="relu")(code)
    scale = layers.Conv2D(8, 3, padding="same")(hidden)
    shift = layers.Conv2D(8, 3, padding="same")(hidden)
    return keras.Model([latents, labels], image(x * (1 + scale) + shift))


def unit_normal():
    return keras.initializers.RandomNormal(stddev=1.0)


def text(layer, length=8, **embedding):
    """Return a builder of a picture of a text, from what reads the text."""

    def build():
        tokens = keras.Input((length,), dtype="int32", name="tokens")
        x = layers.Embedding(20, 8, unit_normal(), **embedding)(tokens)
        return keras.Model(tokens, image(features(layer()(x))))

    return build


def transformer():
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 8, embeddings_initializer=unit_normal())(tokens)
    x = x + layers.Embedding(6, 8)(ops.arange(6)[None])
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Dense(16)(x)
    x = layers.Dense(8)(keras.activations.gelu(x, approximate=False))
    return keras.Model(tokens, image(features(layers.Flatten()(x))))


def series(layer):
    def build():
        latents = keras.Input((12, 4), name="latents")
        return keras.Model(latents, layers.Dense(3)(layer()(latents)))

    return build


def table_row():
    """A row of a table: a category by argmax, as a one-hot code, and a number."""
    latents = latents_input()
    x = layers.Dense(32, activation="relu")(latents)
    category = layers.Lambda(
        lambda logits: ops.one_hot(ops.argmax(logits, axis=-1), 5), name="choice"
    )(layers.Dense(5)(x))
    number = layers.Dense(1, activation="tanh")(x)
    return keras.Model(latents, layers.Concatenate()([category, number]))


def own_noise(x):
    return x + tf.random.normal(tf.shape(x))


def seeded_noise(x):
    return x + tf.random.stateless_normal(tf.shape(x), (1, 2))


def _by_sign(x):
    if tf.reduce_sum(x) > 0:
        return x
    return 3 * x


compiled_step = tf.function(_by_sign, jit_compile=True)


def python_step(x):
    return tf.ensure_shape(tf.numpy_function(np.tanh, [x], "float32"), x.shape)


def half_precision(x):
    return ops.cast(
        ops.matmul(ops.cast(x, "float16"), np.eye(8, dtype="float16")), "float32"
    )


def text_vectorization():
    words = keras.Input((), dtype="string", name="words")
    vectorize = layers.TextVectorization(
        vocabulary=["a", "small", "red", "bird"], output_sequence_length=4
    )
    x = layers.Embedding(6, 4)(vectorize(words))
    return keras.Model(words, layers.Dense(4)(layers.Flatten()(x)))


def gelu(x):
    return ops.gelu(x, approximate=False)


BLOCKS = {
    "nearest": on_features(up(), conv(), up(), conv()),
    "bilinear": on_features(up(interpolation="bilinear"), conv()),
    "bicubic": on_features(up(interpolation="bicubic"), conv()),
    "layer norm": on_features(conv(), layers.LayerNormalization),
    "pixel norm": on_features(conv(), PixelNorm),
    "instance norm": on_features(conv(), lambda: layers.GroupNormalization(-1)),
    "gelu": on_features(conv(), lambda_layer(gelu)),
    "stored noise": on_features(conv(), StoredNoise),
    "vector quantizer": on_features(conv(), Quantizer),
    "style": style_based,
    "grouped modulation": styled(GroupedModulation()),
    "grouped convolution": on_features(conv(groups=2)),
    "one-hot labels": labelled(one_hot),
    "embedded labels": labelled(lambda: layers.Embedding(NUM_CLASSES, 6)),
    "category labels": labelled(category, (1,)),
    "segmentation map": segmentation_map,
    "gru": text(lambda: layers.GRU(8)),
    "masked bidirectional lstm": text(
        lambda: layers.Bidirectional(layers.LSTM(8)), mask_zero=True
    ),
    "free length": text(lambda: layers.GRU(8), length=None),
    "long series": series(lambda: layers.LSTM(8, return_sequences=True)),
    "transformer": transformer,
    "table row": table_row,
    "own noise": on_features(lambda_layer(own_noise)),
    "seeded noise": on_features(lambda_layer(seeded_noise)),
    "python step": on_features(lambda_layer(python_step)),
    "compiled step": on_features(lambda_layer(compiled_step)),
    "half precision": on_features(lambda_layer(half_precision)),
    "words": text_vectorization,
}


def built(name):
    """Return a block with weights that do not depend on what was built before."""
    keras.utils.set_random_seed(5)
    return BLOCKS[name]()
