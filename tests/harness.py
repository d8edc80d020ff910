"""A small game of plain images, and the state of any game."""

import keras
import numpy as np
from keras import layers

from keras_gan import GAN, data

SHAPE = (8, 8, 1)
LATENT_DIM = 16
UNEQUAL = ("_norm", "_dropout")


def plain_gan(**compile_options) -> GAN:
    """One without batch statistics and dropout, for which a batch is its parts."""
    keras.utils.set_random_seed(7)
    networks = [
        keras.Sequential(
            [layer for layer in network.layers if not layer.name.endswith(UNEQUAL)],
            name=network.name,
        )
        for network in (generator(), discriminator())
    ]
    for network, shape in zip(networks, ((LATENT_DIM,), SHAPE), strict=True):
        network.build((None, *shape))
    model = GAN(*networks, latent_dim=LATENT_DIM, seed=11)
    model.compile(**compile_options)
    return model


def generator():
    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,), name="latents"),
            layers.Dense(32, name="generator_hidden"),
            layers.BatchNormalization(name="generator_norm"),
            layers.ReLU(name="generator_relu"),
            layers.Dense(64, activation="tanh", dtype="float32", name="generator_out"),
            layers.Reshape(SHAPE, dtype="float32", name="generator_images"),
        ],
        name="generator",
    )


def discriminator(dropout=0.3):
    return keras.Sequential(
        [
            keras.Input(SHAPE, name="images"),
            layers.Flatten(name="discriminator_flat"),
            layers.Dense(32, name="discriminator_hidden"),
            layers.BatchNormalization(name="discriminator_norm"),
            layers.LeakyReLU(0.2, name="discriminator_relu"),
            layers.Dropout(dropout, name="discriminator_dropout"),
            layers.Dense(1, dtype="float32", name="discriminator_logits"),
        ],
        name="discriminator",
    )


def gan(**compile_options) -> GAN:
    keras.utils.set_random_seed(7)
    model = GAN(
        generator(),
        discriminator(compile_options.pop("dropout", 0.3)),
        latent_dim=LATENT_DIM,
        seed=11,
    )
    if "generator_optimizer" not in compile_options:
        compile_options["generator_optimizer"] = keras.optimizers.Adam(1e-3, beta_1=0.5)
        compile_options["discriminator_optimizer"] = keras.optimizers.Adam(
            1e-3, beta_1=0.5
        )
    model.compile(**compile_options)
    return model


def digits(batch_size=32, seed=3):
    return data.digits(batch_size=batch_size, seed=seed)


def state(model) -> dict[str, np.ndarray]:
    """All that a run's future depends on, by a name that two builds share."""
    variables = [*model.variables, *model.optimizer.variables]
    return {
        f"{index} {variable.path}": variable.numpy()
        for index, variable in enumerate(variables)
    }


def assert_same_state(one: dict, other: dict):
    assert len(one) == len(other)
    for (name, a), b in zip(one.items(), other.values(), strict=True):
        assert np.array_equal(a, b), name
