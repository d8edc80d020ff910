"""Every network, recipe and example generator of this project, at a small size."""

import functools
import importlib.util
import pathlib

import keras
import numpy as np
from keras import layers

import keras_gan
from export_zoo.blocks import BLOCKS, Block, block
from export_zoo.parts import from_latents, pictures
from keras_gan import networks
from keras_gan.export.samplers import OneHot, Uniform
from keras_gan.layers import (
    Maxout,
    MinibatchStandardDeviation,
    PixelNormalization,
    SpectralNormalization,
)
from keras_gan.recipes import RECIPES

NETWORKS = "Networks of keras_gan"
GAMES = "Games of keras_gan"
EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
# What makes a recipe small.
SMALL = {
    "dcgan": {"width": 8},
    "dcgan_r1": {"width": 8},
    "mlp": {"hidden_units": (64, 64)},
    "fully_connected": {"hidden_units": (64, 64)},
    "convolutional": {"hidden_units": (64,), "num_maps": 8},
    "vector": {},
}


@block(NETWORKS)
def dcgan_generator():
    """16x16 in colour."""
    return networks.dcgan_generator((16, 16, 3), 32, width=8)


@block(NETWORKS)
def dcgan_generator_cropped():
    """28x20 in grey, which overshoots and is cropped."""
    return networks.dcgan_generator((28, 20, 1), 32, width=8, kernel_size=4)


@block(NETWORKS)
def mlp_generator():
    """8x8 in grey."""
    return networks.mlp_generator((8, 8, 1), 32, hidden_units=(64, 64))


@block(NETWORKS)
def fully_connected_generator():
    """8x8 in colour."""
    return networks.fully_connected_generator((8, 8, 3), 32, hidden_units=(64, 64))


@block(NETWORKS)
def deconvolutional_generator():
    """16x16 in colour."""
    return networks.deconvolutional_generator(
        (16, 16, 3), 32, hidden_units=(64,), num_maps=8
    )


@block(NETWORKS)
def vector_generator():
    """Points in the plane."""
    return networks.vector_generator(2, hidden_units=(32, 32))


@block(NETWORKS, samples=pictures(16, 16, 3))
def dcgan_discriminator():
    """With batch normalisation."""
    return networks.dcgan_discriminator((16, 16, 3), width=8)


@block(NETWORKS, samples=pictures(16, 16, 3))
def dcgan_discriminator_spectral():
    """With our spectral normalisation."""
    return networks.dcgan_discriminator((16, 16, 3), width=8, normalization="spectral")


@block(NETWORKS, samples=pictures(16, 16, 3))
def dcgan_discriminator_minibatch():
    """With the minibatch standard deviation, which depends on the whole batch."""
    return networks.dcgan_discriminator(
        (16, 16, 3), width=8, normalization=None, minibatch_stddev=True
    )


@block(NETWORKS, samples=pictures(8, 8, 1))
def maxout_discriminator():
    """Maxout perceptron."""
    return networks.maxout_discriminator((8, 8, 1), units=(32, 32))


@block(NETWORKS, samples=pictures(8, 8, 3))
def fully_connected_discriminator():
    """Wide maxout perceptron."""
    return networks.fully_connected_discriminator((8, 8, 3), units=(32, 32))


@block(NETWORKS, samples=pictures(16, 16, 3))
def convolutional_discriminator():
    """Maxout convolutions."""
    return networks.convolutional_discriminator(
        (16, 16, 3), filters=(8, 8, 16), units=32
    )


@block(NETWORKS)
def vector_discriminator():
    """Points in the plane to a logit."""
    return networks.vector_discriminator(2, hidden_units=(32, 32))


@block(NETWORKS)
def series_generator():
    """Time series of 50 steps and two channels."""
    return networks.series_generator((50, 2), 32, width=8)


@block(NETWORKS, samples=np.sin(np.arange(256 * 50 * 2.0).reshape(256, 50, 2) / 9))
def series_discriminator():
    """Time series to a logit."""
    return networks.series_discriminator((50, 2), width=8)


ROW = (("scalar", 1), ("choice", 3), ("choice", 4))


@block(NETWORKS, noise=Uniform(0.0, 1.0), conditions=OneHot())
def tabular_generator():
    """Rows of a number in three modes and of a category of four."""
    return networks.tabular_generator(ROW, 4, 32, hidden_units=(32, 32))


@block(NETWORKS, rows=Uniform(0.0, 1.0), conditions=OneHot())
def tabular_discriminator():
    """Packs of two rows to a logit."""
    return networks.tabular_discriminator(8, 4, 2, hidden_units=(32, 32))


@block(NETWORKS)
def layers_in_a_generator():
    """Our layers: pixel and spectral normalisation, maxout."""
    latents = keras.Input((32,), name="latents")
    x = Maxout(64, 2)(PixelNormalization()(latents))
    x = layers.Reshape((4, 4, 24))(SpectralNormalization(layers.Dense(4 * 4 * 24))(x))
    for channels in (24, 12):
        up = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")
        x = layers.LeakyReLU(0.2)(PixelNormalization()(SpectralNormalization(up)(x)))
    images = layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
    return keras.Model(latents, images)


@block(NETWORKS)
def minibatch_statistic_in_a_generator():
    """Our minibatch standard deviation over whole batches of 4."""
    latents, x = from_latents()
    x = MinibatchStandardDeviation(4)(x)
    x = layers.Conv2DTranspose(12, 4, strides=2, padding="same", activation="relu")(x)
    images = layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
    return keras.Model(latents, images)


def recipe_game(name):
    """Return a GAN of a recipe's small generator, with the recipe's latents."""
    recipe = RECIPES[name]
    shape = (2,) if name == "vector" else (16, 16, 3)
    generator = recipe.generator(shape, 32, **SMALL[name])
    critic = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)])
    return keras_gan.GAN(
        generator,
        critic,
        latent_dim=32,
        latent_distribution=recipe.latent_distribution,
    )


def example_game(path):
    """Return the GAN that an example script builds."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example.build((16, 16, 1))


def examples_that_build():
    """Return the example scripts that build a game from the shape of an example."""
    scripts = sorted(EXAMPLES.glob("*.py"))
    return [
        path for path in scripts if "\ndef build(example_shape)" in path.read_text()
    ]


def enter(name, build, about):
    build.__doc__ = about
    BLOCKS[name] = Block(name, GAMES, build, {})


for _name, _recipe in RECIPES.items():
    enter(
        f"recipe_{_name}",
        functools.partial(recipe_game, _name),
        f"{_recipe.paper[:1].upper()}{_recipe.paper[1:]}.",
    )
for _path in examples_that_build():
    enter(
        f"example_{_path.stem}",
        functools.partial(example_game, _path),
        f"`{_path.relative_to(EXAMPLES.parent)}`, untrained.",
    )
