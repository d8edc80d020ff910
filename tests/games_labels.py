"""Games with labels, tiny: of two attributes, of a classifier's, of nobody's."""

from functools import cache

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

from keras_gan import ACGAN, ConditionalGAN, InfoGAN, data, networks
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


def conditional(**options) -> ConditionalGAN:
    keras.utils.set_random_seed(7)
    game = ConditionalGAN(
        networks.conditional_generator(
            harness.SHAPE,
            ATTRIBUTES,
            LATENT_DIM,
            width=4,
            kernel_size=3,
            conditioning="batch_normalization",
        ),
        networks.conditional_discriminator(
            harness.SHAPE,
            ATTRIBUTES,
            width=4,
            kernel_size=3,
            normalization="spectral",
            conditioning="projection",
        ),
        num_classes=ATTRIBUTES,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def acgan(**options) -> ACGAN:
    keras.utils.set_random_seed(7)
    game = ACGAN(
        networks.conditional_generator(
            harness.SHAPE, 10, LATENT_DIM, width=4, kernel_size=3
        ),
        networks.auxiliary_discriminator(harness.SHAPE, 10, filters=(4,)),
        num_classes=10,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def infogan(**options) -> InfoGAN:
    keras.utils.set_random_seed(7)
    game = InfoGAN(
        networks.infogan_generator(harness.SHAPE, 10, 2, LATENT_DIM, units=8, width=4),
        harness.discriminator(),
        recognition(),
        num_classes=10,
        num_codes=2,
        latent_dim=LATENT_DIM,
        seed=11,
    )
    return compiled(game, options)


def recognition():
    images = keras.Input(harness.SHAPE, name="images")
    x = layers.Flatten(name="recognition_flat")(images)
    outputs = {
        name: layers.Dense(size, dtype="float32", name=f"recognition_{name}")(x)
        for name, size in {"labels": 10, "codes": 2}.items()
    }
    return keras.Model(images, outputs, name="recognition")


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
