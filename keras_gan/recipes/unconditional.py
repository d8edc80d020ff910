"""Pairs of networks for the unconditional game, by name.

A recipe is what `keras-gan train --model NAME` starts from. Every setting can be
overridden.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from keras_gan import networks


@dataclass(frozen=True)
class Recipe:
    """Builders of the two networks, and the settings that belong to them.

    Attributes:
        paper: One line: what and where from.
        generator: `(example_shape, latent_dim) -> keras.Model`.
        discriminator: `(example_shape) -> keras.Model`.
        latent_dim: Number of latents.
        latent_distribution: Prior, see `GAN`.
        optimizer: Keras config of the optimizer that each player gets one of.
        loss: Name of the loss pair.
        penalties: Penalties as `name` or `name:key=value`.
        turns: See `AdversarialModel.compile`.
        fresh_latents: See `AdversarialModel.compile`.
        has_width: Whether both builders take `width`.
    """

    paper: str
    generator: Callable
    discriminator: Callable
    latent_dim: int = 100
    latent_distribution: str = "normal"
    optimizer: dict = field(
        default_factory=lambda: {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
    )
    loss: str = "non_saturating"
    penalties: tuple[str, ...] = ()
    turns: str = "alternating"
    fresh_latents: bool = False
    has_width: bool = False

    def networks(self, example_shape, latent_dim: int, width: int | None = None):
        """Builds the generator and the discriminator."""
        options = {} if width is None else {"width": width}
        if options and not self.has_width:
            raise ValueError(
                f"This model has no width to set. Received: width={width}. Leave it "
                "out, or choose a dcgan."
            )
        return (
            self.generator(example_shape, latent_dim, **options),
            self.discriminator(example_shape, **options),
        )


_SGD = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.5}

RECIPES = {
    "dcgan": Recipe(
        paper="deep convolutional GAN (Radford et al., 2015, arXiv:1511.06434)",
        generator=networks.dcgan_generator,
        discriminator=networks.dcgan_discriminator,
        latent_distribution="uniform",
        has_width=True,
    ),
    # R1 allows the high learning rate; one turn in four pays for it.
    "dcgan_r1": Recipe(
        paper="dcgan with R1 for batch norm in D (Mescheder et al., 2018, "
        "arXiv:1801.04406)",
        generator=networks.dcgan_generator,
        discriminator=partial(networks.dcgan_discriminator, normalization=None),
        optimizer={
            "name": "adam",
            "learning_rate": 1e-3,
            "beta_1": 0.0,
            "beta_2": 0.99,
        },
        penalties=("r1:gamma=1,interval=4",),
        has_width=True,
    ),
    "mlp": Recipe(
        paper="perceptron against maxout (Goodfellow et al., 2014, arXiv:1406.2661)",
        generator=networks.mlp_generator,
        discriminator=networks.maxout_discriminator,
        latent_distribution="uniform",
        optimizer=_SGD,
        turns="simultaneous",
    ),
    "fully_connected": Recipe(
        paper="the CIFAR-10 perceptrons of Goodfellow et al. (2014)",
        generator=networks.fully_connected_generator,
        discriminator=networks.fully_connected_discriminator,
        latent_distribution="uniform",
        optimizer=_SGD,
        turns="simultaneous",
    ),
    "convolutional": Recipe(
        paper="the CIFAR-10 deconvolution against convolutional maxout of "
        "Goodfellow et al. (2014)",
        generator=networks.deconvolutional_generator,
        discriminator=networks.convolutional_discriminator,
        latent_distribution="uniform",
        optimizer=_SGD,
        turns="simultaneous",
    ),
    "vector": Recipe(
        paper="small perceptrons for data that is no image",
        generator=lambda shape, latent_dim: networks.vector_generator(
            shape[0], latent_dim
        ),
        discriminator=lambda shape: networks.vector_discriminator(shape[0]),
        latent_dim=16,
    ),
}
