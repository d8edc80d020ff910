"""The unconditional game of Goodfellow et al. (2014, arXiv:1406.2661)."""

import random

import keras
import numpy as np
import tensorflow as tf

from keras_gan.models import checks, distribution, parts
from keras_gan.models.base import AdversarialModel
from keras_gan.random import normal, uniform

# Both have zero mean and unit variance.
LATENT_DISTRIBUTIONS = {
    "normal": normal,
    "uniform": lambda shape, seed: uniform(shape, seed, -(3.0**0.5), 3.0**0.5),
}


@keras.saving.register_keras_serializable(package="keras_gan")
class GAN(AdversarialModel):
    """A generator that turns noise into images, and a discriminator of images.

    Data are batches of real images (NHWC, float, in [-1, 1]) or of vectors, alone, as
    the first of a tuple, or as `"image"` of a dict.

    Args:
        generator: Model from latents `(batch, latent_dim)` to images.
        discriminator: Model from images to logits, `(batch, 1)` or a map of them.
        latent_dim: Number of latents of an image.
        latent_distribution: `"normal"`, or `"uniform"` over [-√3, √3], which has
            unit variance too.
        ema_momentum: See `AdversarialModel`.
        seed: See `AdversarialModel`.
        name: Name of the model.

    Example:

    ```python
    digits = keras_gan.data.digits(batch_size=64)
    gan = keras_gan.GAN(
        networks.dcgan_generator(digits.example_shape, latent_dim=32),
        networks.dcgan_discriminator(digits.example_shape),
        latent_dim=32,
    )
    gan.compile(loss="non_saturating")
    gan.fit(digits, epochs=20)
    images = gan.generate(16, seed=0)
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        latent_dim: int,
        latent_distribution: str = "normal",
        ema_momentum: float = 0.999,
        seed: int | None = None,
        name: str | None = None,
    ):
        checks.check_count("latent_dim", latent_dim)
        checks.check_choice(
            "latent_distribution", latent_distribution, LATENT_DISTRIBUTIONS
        )
        networks = {"generator": generator, "discriminator": discriminator}
        example_shape = self._check_networks(networks, latent_dim)
        super().__init__(
            networks,
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
        )
        self.latent_dim = latent_dim
        self.latent_distribution = latent_distribution
        self._example_shape = example_shape
        # Keras' own export asks for a model that was called.
        inputs = self.generator_inputs(checks.symbolic((latent_dim,)), self.conditions)
        self(keras.tree.map_structure(checks.one_of, inputs))

    def _check_networks(self, networks: dict, latent_dim: int) -> tuple:
        """Returns the shape of an example, or raises if the networks don't fit."""
        inputs = self.generator_inputs(checks.symbolic((latent_dim,)), self.conditions)
        source = "the game" if self.conditions else "latent_dim"
        shape = checks.output_shape_of(
            "generator", networks["generator"], source, inputs
        )
        self._check_discriminator(networks["discriminator"], checks.symbolic(shape))
        return shape

    def _check_discriminator(self, discriminator, images):
        inputs = self.discriminator_inputs(images, self.conditions)
        source = "the game" if self.conditions else "the generator's output"
        checks.check_head(discriminator, inputs, source)

    @property
    def conditions(self) -> dict:
        """What an image depends on besides latents: symbolic parts of a batch."""
        return {}

    @property
    def example_shape(self) -> tuple[int, ...]:
        return self._example_shape

    @property
    def input_samplers(self) -> list:
        """How `call` wants its inputs drawn, for `keras_gan.export`."""
        from keras_gan.export.samplers import Normal, Uniform

        ends = (-(3.0**0.5), 3.0**0.5)
        return [Normal() if self.latent_distribution == "normal" else Uniform(*ends)]

    @property
    def output_range(self) -> tuple[float, float] | None:
        """The values of black and white in what `call` draws, if it draws images."""
        return (-1.0, 1.0) if len(self.example_shape) == 3 else None

    @property
    def loss_names(self) -> dict[str, list[str]]:
        return {
            "discriminator": ["adversarial", *(p.name for p in self.penalties)],
            "generator": ["adversarial"],
        }

    def unpack(self, data) -> dict:
        return {"real": parts.examples_of(data, "image")}

    def generate_fakes(self, batch, seed, training):
        latents = self._latents(tf.shape(batch["real"])[0], seed)
        inputs = self.generator_inputs(latents, batch)
        return self.generator(inputs, training=training)

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic = self.critic(batch, training)
        return self.adversarial_losses(critic, batch["real"], fakes, seed, training)

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic = self.critic(batch, training)
        return self.deceiving_losses(critic, batch["real"], fakes)

    def generator_inputs(self, latents, batch):
        """What the generator is called with: latents, and a batch's conditions."""
        return latents

    def discriminator_inputs(self, images, batch):
        """What the discriminator is called with: images, and a batch's conditions."""
        return images

    def critic(self, batch, training):
        """Returns the closure from images to float32 logits.

        Penalties and losses see it and nothing else: the conditions of the batch are
        hidden in it.
        """
        return lambda images: tf.cast(
            self.discriminator(
                self.discriminator_inputs(images, batch), training=training
            ),
            "float32",
        )

    def call(self, latents, training=None):
        """Images of the averaged generator, always in inference mode."""
        return self.ema_generator(latents, training=False)

    def _latents(self, num_images, seed):
        draw = LATENT_DISTRIBUTIONS[self.latent_distribution]
        return draw((num_images, self.latent_dim), seed)

    def sample_latents(self, num_images: int, seed: int | None = None) -> np.ndarray:
        """Draws latents of shape `(num_images, latent_dim)` from the prior.

        Args:
            num_images: How many.
            seed: The same integer gives the same latents. `None` draws one from
                Python's `random`.
        """
        checks.check_count("num_images", num_images)
        seed = checks.check_seed(random.randrange(2**31) if seed is None else seed)
        return self._latents(num_images, tf.constant([seed, 0], "int64")).numpy()

    def generate(
        self, num_images: int, seed: int | None = None, *, batch_size: int = 64
    ) -> np.ndarray:
        """Draws images with the averaged generator.

        Args:
            num_images: How many.
            seed: The same integer gives the same images. `None` draws one from
                Python's `random`.
            batch_size: Images drawn at a time.

        Returns:
            A float32 array of shape `(num_images, height, width, channels)`.
        """
        return self._drawn(self.sample_latents(num_images, seed), batch_size)

    def _drawn(self, inputs, batch_size: int) -> np.ndarray:
        """What `call` draws from arrays, nested as it takes them."""
        if not distribution.is_multi_worker(self.distribute_strategy):
            return self.predict(inputs, batch_size=batch_size, verbose=0)
        # `predict` would share them out among the workers.
        drawn = []
        for start in range(0, len(keras.tree.flatten(inputs)[0]), batch_size):
            rows = slice(start, start + batch_size)
            part = keras.tree.map_structure(lambda x, rows=rows: x[rows], inputs)
            drawn.append(self(part).numpy())
        return np.concatenate(drawn)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "latent_distribution": self.latent_distribution,
        }
