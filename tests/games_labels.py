"""Games with labels, tiny: of two attributes, of a classifier's, of nobody's."""

from functools import cache

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

from keras_gan import ACGAN, ConditionalGAN, InfoGAN, data
from keras_gan.layers import ConditionalBatchNormalization, OneHotLabels
from keras_gan.networks.conditional import labels_input
from tests import harness

LATENT_DIM = 8
ATTRIBUTES = (10, 2)


def optimizers():
    return [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]


def compiled(game, options):
    if "generator_optimizer" not in options:
        names = ("generator_optimizer", "discriminator_optimizer")
        options |= dict(zip(names, optimizers(), strict=True))
    game.compile(**options)
    return game


@cache
def arrays():
    """Digits, and for each which it is and whether it is odd."""
    pixels, digit = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, *harness.SHAPE) / 8 - 1).astype("float32")
    return {"image": images, "label": np.stack([digit, digit % 2], axis=1)}


def by_attributes(batch_size=32, seed=3):
    return data.from_arrays(arrays(), batch_size=batch_size, seed=seed)


def by_digit(batch_size=32, seed=3):
    return data.digits(batch_size=batch_size, seed=seed, labels=True)


def generator(num_classes, num_codes=0):
    """Conditional batch norm between two dense layers."""
    inputs = {
        "latents": keras.Input((LATENT_DIM,), name="latents"),
        "labels": labels_input(num_classes),
    }
    x = inputs["latents"]
    if num_codes:
        inputs["codes"] = keras.Input((num_codes,), name="codes")
        x = layers.Concatenate(name="generator_joined")([x, inputs["codes"]])
    one_hot = OneHotLabels(num_classes, name="generator_one_hot")(inputs["labels"])
    x = layers.Dense(16, name="generator_hidden")(x)
    x = ConditionalBatchNormalization(name="generator_norm")(x, one_hot)
    x = layers.LeakyReLU(0.2, name="generator_relu")(x)
    x = layers.Dense(64, activation="tanh", dtype="float32", name="generator_out")(x)
    images = layers.Reshape(harness.SHAPE, dtype="float32", name="generator_images")(x)
    return keras.Model(inputs, images, name="generator")


def features(images, name):
    x = layers.Flatten(name=f"{name}_flat")(images)
    x = layers.Dense(16, name=f"{name}_hidden")(x)
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)


def heads(name, sizes):
    images = keras.Input(harness.SHAPE, name="images")
    x = layers.Dropout(0.3, name=f"{name}_dropout")(features(images, name))
    outputs = {
        key: layers.Dense(size, dtype="float32", name=f"{name}_{key}")(x)
        for key, size in sizes.items()
    }
    return keras.Model(images, outputs, name=name)


def projection(num_classes):
    images = keras.Input(harness.SHAPE, name="images")
    labels = labels_input(num_classes)
    x = features(images, "discriminator")
    one_hot = OneHotLabels(num_classes, name="discriminator_one_hot")(labels)
    vectors = layers.Dense(16, dtype="float32", name="discriminator_vectors")(one_hot)
    logits = layers.Dense(1, dtype="float32", name="discriminator_logits")(x)
    logits += ops.sum(vectors * ops.cast(x, "float32"), axis=-1, keepdims=True)
    inputs = {"images": images, "labels": labels}
    return keras.Model(inputs, logits, name="discriminator")


def conditional(**options) -> ConditionalGAN:
    keras.utils.set_random_seed(7)
    game = ConditionalGAN(
        generator(ATTRIBUTES),
        projection(ATTRIBUTES),
        num_classes=ATTRIBUTES,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def acgan(**options) -> ACGAN:
    keras.utils.set_random_seed(7)
    game = ACGAN(
        generator(10),
        heads("discriminator", {"logits": 1, "labels": 10}),
        num_classes=10,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def infogan(**options) -> InfoGAN:
    keras.utils.set_random_seed(7)
    game = InfoGAN(
        generator(10, num_codes=2),
        heads("discriminator", {"logits": 1, "labels": 10, "codes": 2}),
        num_classes=10,
        num_codes=2,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def latents(count):
    rows = np.random.default_rng(5).normal(size=(count, LATENT_DIM))
    return rows.astype("float32")


def attribute_inputs(count):
    labels = arrays()["label"][:count].astype("int32")
    return {"latents": latents(count), "labels": labels}


def digit_inputs(count):
    return {"latents": latents(count), "labels": np.arange(count, dtype="int32") % 10}


def code_inputs(count):
    codes = np.random.default_rng(6).uniform(-1, 1, (count, 2)).astype("float32")
    return {**digit_inputs(count), "codes": codes}
