"""Generators from words, of sequences and of tables."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import LATENT_DIM, WIDTH, to_images, to_map, up
from keras_gan.export import Normal

TEXT = "Text to pictures"
SEQUENCES = "Sequences and tables"
NUM_WORDS = 40
NUM_TOKENS = 12
UNITS = 16
PHRASES = (
    "a red bird with a short beak",
    "a small blue house",
    "two green trees behind a red fence",
    "one white cloud",
)


def text_to_images(encode, num_tokens=NUM_TOKENS, mask=False):
    """A small DCGAN that joins its latents with an encoded text."""
    tokens = keras.Input((num_tokens,), dtype="int32", name="tokens")
    words = layers.Embedding(NUM_WORDS, UNITS, mask_zero=mask)(tokens)
    return from_text(tokens, encode(words))


def from_text(tokens, text):
    latents = keras.Input((LATENT_DIM,), name="latents")
    x = to_map(layers.Concatenate()([latents, text]))
    return to_images([latents, tokens], up(up(x)))


@block(TEXT)
def text_gru():
    """Token ids through a GRU."""
    return text_to_images(layers.GRU(UNITS))


@block(TEXT)
def text_gru_masked():
    """The same, padding masked."""
    return text_to_images(layers.GRU(UNITS), mask=True)


@block(TEXT)
def text_gru_unrolled():
    """The same with `unroll=True`, padding masked."""
    return text_to_images(layers.GRU(UNITS, unroll=True), mask=True)


@block(TEXT)
def text_gru_unrolled_no_mask():
    """The same with `unroll=True`."""
    return text_to_images(layers.GRU(UNITS, unroll=True))


@block(TEXT)
def text_gru_free_length():
    """A GRU over texts of any length."""
    return text_to_images(layers.GRU(UNITS), num_tokens=None)


@block(TEXT)
def text_lstm():
    """Token ids through an LSTM."""
    return text_to_images(layers.LSTM(UNITS))


@block(TEXT)
def text_bilstm_masked():
    """An LSTM in both directions, padding masked."""
    return text_to_images(layers.Bidirectional(layers.LSTM(UNITS // 2)), mask=True)


class Positions(layers.Layer):
    """Adds an embedding of each position, kept as a weight."""

    def build(self, input_shape):
        self.table = self.add_weight(
            shape=input_shape[1:], initializer=keras.initializers.RandomNormal(0, 0.5)
        )

    def call(self, inputs):
        return inputs + self.table


def transformer(positions, activation):
    """One block of attention and a dense layer, then the mean over the words."""

    def encode(words):
        x = positions(words)
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
        y = layers.Dense(UNITS)(layers.Dense(2 * UNITS, activation=activation)(x))
        return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x + y))

    return text_to_images(encode)


def captured_positions(words):
    return words + layers.Embedding(NUM_TOKENS, UNITS)(ops.arange(NUM_TOKENS)[None])


def gelu_tanh(x):
    return keras.activations.gelu(x, approximate=True)


@block(TEXT)
def text_transformer():
    """A transformer with exact gelu and a captured `ops.arange`."""
    return transformer(captured_positions, "gelu")


@block(TEXT)
def text_transformer_gelu_tanh():
    """The same with the tanh form of gelu."""
    return transformer(captured_positions, gelu_tanh)


@block(TEXT)
def text_transformer_weights():
    """The same with positions kept as a weight, too."""
    return transformer(Positions(), gelu_tanh)


@block(TEXT)
def text_cross_attention():
    """Positions of the map attend to the words, padding masked."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    tokens = keras.Input((NUM_TOKENS,), dtype="int32", name="tokens")
    words = layers.Embedding(NUM_WORDS, UNITS, mask_zero=True)(tokens)
    x = up(to_map(latents))
    rows = layers.Reshape((64, WIDTH // 2))(x)
    rows = rows + layers.MultiHeadAttention(2, 8)(rows, words)
    return to_images([latents, tokens], up(layers.Reshape((8, 8, WIDTH // 2))(rows)))


@block(
    TEXT,
    samples={
        "latents": np.random.default_rng(0).normal(size=(64, LATENT_DIM)),
        "text": np.array(PHRASES * 16)[:, None],
    },
    latents=Normal(),
)
def text_strings():
    """Strings through `TextVectorization`."""
    text = keras.Input((1,), dtype="string", name="text")
    vectorize = layers.TextVectorization(output_sequence_length=NUM_TOKENS)
    vectorize.adapt(list(PHRASES))
    words = layers.Embedding(vectorize.vocabulary_size(), UNITS)(vectorize(text))
    return from_text(text, layers.GlobalAveragePooling1D()(words))


def time_series(recurrent):
    """TimeGAN's generator: noise of every step through two recurrent layers."""
    noise = keras.Input((16, 6), name="noise")
    x = recurrent()(recurrent()(noise))
    return keras.Model(noise, layers.Dense(6, activation="sigmoid")(x))


@block(SEQUENCES)
def timegan_gru():
    """TimeGAN with GRUs."""
    return time_series(lambda: layers.GRU(UNITS, return_sequences=True))


@block(SEQUENCES)
def timegan_gru_unrolled():
    """The same with `unroll=True`."""
    return time_series(lambda: layers.GRU(UNITS, return_sequences=True, unroll=True))


@block(SEQUENCES)
def timegan_lstm():
    """TimeGAN with LSTMs."""
    return time_series(lambda: layers.LSTM(UNITS, return_sequences=True))


def table_rows(inputs, latents, choose):
    """CTGAN's generator: numbers by tanh, and a choice among five values."""
    x = latents
    for _ in range(2):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Dense(32)(x)))
        x = layers.Concatenate()([x, y])
    numbers = layers.Dense(4, activation="tanh")(x)
    choice = choose(layers.Dense(5, kernel_initializer="he_normal")(x))
    return keras.Model(inputs, layers.Concatenate()([numbers, choice]))


class GumbelSoftmax(layers.Layer):
    """A soft choice with Gumbel noise of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, logits):
        uniform = keras.random.uniform(ops.shape(logits), 1e-6, 1.0, seed=self.seeds)
        return ops.softmax((logits - ops.log(-ops.log(uniform))) / 0.5)


@block(SEQUENCES)
def ctgan_gumbel():
    """Rows of a table, a choice by Gumbel softmax."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    return table_rows(latents, latents, GumbelSoftmax())


@block(SEQUENCES)
def ctgan_gumbel_input():
    """The same with the Gumbel noise as an input."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    noise = keras.Input((5,), name="noise")
    return table_rows(
        [latents, noise], latents, lambda logits: ops.softmax((logits + noise) / 0.5)
    )


@block(SEQUENCES)
def ctgan_argmax():
    """Rows of a table, a hard choice by `ops.argmax`."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    return table_rows(
        latents, latents, lambda logits: ops.one_hot(ops.argmax(logits, -1), 5)
    )


@block(SEQUENCES)
def ctgan_tf_argmax():
    """The same by `tf.argmax`."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    choose = layers.Lambda(lambda logits: tf.one_hot(tf.argmax(logits, -1), 5))
    return table_rows(latents, latents, choose)
