"""Good data and games, and ways to make bad ones of them."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_gan import GAN, networks
from keras_gan.models import parts
from tests import harness

GOOD = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")
BYTES = (GOOD * 127 + 128).astype("uint8")
LABELS = np.arange(16) * 3 % 10  # each batch of 8 has the lowest and the highest
WITH_NAN = np.where(GOOD > 0.99, np.nan, GOOD)
INFINITE = np.where(GOOD > 0.99, np.inf, GOOD)


class Labelled(GAN):
    """A game whose batches have two parts."""

    @property
    def batch_parts(self):
        return {**super().batch_parts, "labels": parts.Labels(10)}

    def unpack(self, data):
        images, labels = data[:2]
        return {"real": images, "labels": labels}


def build(game=GAN, **options):
    networks = {"generator": harness.generator(), "discriminator": None}
    networks["discriminator"] = harness.discriminator()
    return game(**{**networks, "latent_dim": harness.LATENT_DIM, **options})


@functools.cache
def compiled(game=GAN):
    """A game on which the cases are tried, and which none of them changes."""
    model = build(game, seed=1)
    model.compile("adam", "adam", discriminator_steps=2)
    return model


def dataset(examples, batch_size=8):
    return tf.data.Dataset.from_tensor_slices(examples).batch(
        batch_size, drop_remainder=True
    )


def generated(examples, *shape):
    halves = np.split(examples, 2)
    signature = tf.TensorSpec(shape or None, examples.dtype)
    return tf.data.Dataset.from_generator(lambda: halves, output_signature=signature)


class Batches(keras.utils.PyDataset):
    def __init__(self, examples):
        super().__init__()
        self.examples = examples

    def __len__(self):
        return len(self.examples) // 8

    def __getitem__(self, index):
        return self.examples[8 * index : 8 * index + 8]


def head(*ending):
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), *ending])


def ends_in(ending):
    images = keras.Input((8, 8, 1))
    logits = layers.Dense(1)(layers.Flatten()(images))
    return keras.Model(images, ending(logits))


def with_two_inputs():
    images, labels = keras.Input((8, 8, 1)), keras.Input((1,))
    return keras.Model([images, labels], layers.Dense(1)(layers.Flatten()(images)))


def rgb():
    return GAN(
        networks.dcgan_generator((8, 8, 3), 4, width=4),
        networks.dcgan_discriminator((8, 8, 3), width=4),
        latent_dim=4,
    )


def channels_first(model):
    model = rgb()
    model.compile(metrics=())
    model.fit(dataset(np.repeat(GOOD, 3, -1).transpose(0, 3, 1, 2)))


def uncompiled(model):
    build().fit(dataset(GOOD))


def shared_optimizer(model):
    shared = keras.optimizers.Adam()
    model.compile(shared, shared)


def frozen(model):
    network = harness.discriminator()
    network.trainable = False
    build(discriminator=network).compile()
