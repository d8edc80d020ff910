"""Generators that are told what to draw: labels, words in a dict, maps of labels."""

import keras
from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import LATENT_DIM, WIDTH, from_latents, to_images, to_map, up
from keras_gan.export import OneHot

CONDITIONAL = "Labels"
NUM_CLASSES = 10


def labelled(shape=(), encode=None, dtype="int32"):
    """A small DCGAN that joins its latents with an encoded label."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    labels = keras.Input(shape, dtype=dtype, name="labels")
    x = layers.Concatenate()([latents, encode(labels)])
    return to_images([latents, labels], up(up(to_map(x))))


@block(CONDITIONAL)
def label_embedding():
    """Labels of shape `(batch, 1)` through an `Embedding`."""
    embedding = layers.Embedding(NUM_CLASSES, 8)
    return labelled((1,), lambda labels: layers.Flatten()(embedding(labels)))


@block(CONDITIONAL)
def label_scalar():
    """Labels of shape `(batch,)` through an `Embedding`."""
    return labelled((), layers.Embedding(NUM_CLASSES, 8))


@block(CONDITIONAL)
def label_one_hot():
    """Integer labels, made one-hot inside."""
    return labelled((), lambda labels: ops.one_hot(labels, NUM_CLASSES))


@block(CONDITIONAL)
def label_identity_embedding():
    """One-hot labels by an `Embedding` that is the identity matrix."""
    identity = keras.initializers.IdentityInitializer()
    return labelled(
        (),
        layers.Embedding(
            NUM_CLASSES, NUM_CLASSES, embeddings_initializer=identity, trainable=False
        ),
    )


@block(CONDITIONAL)
def label_floats():
    """One-hot labels as a floating input."""
    return labelled((NUM_CLASSES,), lambda labels: labels, "float32")


class ConditionalBatchNormalization(layers.Layer):
    """Batch normalisation whose scale and shift depend on a label."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = layers.BatchNormalization(scale=False, center=False)

    def build(self, features_shape, labels_shape):
        self.norm.build(features_shape)
        shape = (NUM_CLASSES, features_shape[-1])
        self.scales = self.add_weight(shape=shape, initializer="random_normal")
        self.shifts = self.add_weight(shape=shape, initializer="random_normal")

    def call(self, features, labels, training=False):
        scale, shift = (
            ops.take(table, labels, axis=0)[:, None, None]
            for table in (self.scales, self.shifts)
        )
        return self.norm(features, training=training) * (1.0 + scale) + shift


@block(CONDITIONAL)
def conditional_batch_norm():
    """Batch normalisation with a scale and a shift for each label."""
    latents, x = from_latents()
    labels = keras.Input((), dtype="int32", name="labels")
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = layers.ReLU()(ConditionalBatchNormalization()(x, labels))
    return to_images([latents, labels], x)


class DictGenerator(keras.Model):
    """A subclassed model that takes and returns a dict."""

    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(NUM_CLASSES, 8)
        self.dense = layers.Dense(4 * 4 * WIDTH)
        self.up = layers.Conv2DTranspose(
            WIDTH // 2, 4, strides=2, padding="same", activation="relu"
        )
        self.head = layers.Conv2DTranspose(
            3, 4, strides=2, padding="same", activation="tanh"
        )

    def call(self, inputs):
        labels = self.embed(inputs["labels"])
        x = self.dense(ops.concatenate([inputs["latents"], labels], -1))
        x = ops.reshape(x, (-1, 4, 4, WIDTH))
        return {"pictures": self.head(self.up(x))}


@block(CONDITIONAL)
def subclassed_dict():
    """A subclassed model with dicts on both sides."""
    model = DictGenerator()
    model({"latents": ops.zeros((2, LATENT_DIM)), "labels": ops.zeros((2,), "int32")})
    return model


@block(CONDITIONAL)
def two_outputs():
    """Images and a vector."""
    latents, x = from_latents()
    images = to_images(latents, up(up(x))).output
    style = layers.Dense(8, name="style")(latents)
    return keras.Model(latents, [images, style])


class SPADE(layers.Layer):
    """Instance normalisation, scaled and shifted by a map of labels."""

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.norm = layers.GroupNormalization(-1, scale=False, center=False)
        self.shared = layers.Conv2D(8, 3, padding="same", activation="relu")
        self.scale = layers.Conv2D(channels, 3, padding="same")
        self.shift = layers.Conv2D(channels, 3, padding="same")

    def call(self, features, segmentation):
        size = features.shape[1:3]
        smaller = ops.image.resize(segmentation, size, interpolation="nearest")
        shared = self.shared(smaller)
        return self.norm(features) * (1.0 + self.scale(shared)) + self.shift(shared)


def spade(segmentation, maps):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = layers.ReLU()(SPADE(channels)(x, maps))
    return to_images([latents, segmentation], x)


@block(CONDITIONAL)
def gaugan_spade():
    """SPADE from a map of integer labels, made one-hot inside."""
    segmentation = keras.Input((16, 16), dtype="int32", name="segmentation")
    return spade(segmentation, ops.one_hot(segmentation, 6))


@block(CONDITIONAL, segmentation=OneHot())
def gaugan_spade_floats():
    """SPADE from a one-hot map as a floating input."""
    segmentation = keras.Input((16, 16, 6), name="segmentation")
    return spade(segmentation, segmentation)
