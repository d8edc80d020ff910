"""InfoGAN, which finds classes of its own (Chen et al., 2016, arXiv:1606.03657)."""

import random
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.models import checks
from keras_gan.models.acgan import ACGAN
from keras_gan.models.conditional import label_loss
from keras_gan.models.gan import GAN
from keras_gan.random import uniform


@keras.saving.register_keras_serializable(package="keras_gan")
class InfoGAN(ACGAN):
    """A generator whose codes can be read off its images, without any labels.

    Besides latents the generator takes a class and continuous codes from [-1, 1],
    drawn at random. The discriminator tells them from the image, and both players
    descend `L_I = -E[log Q(c | G(z, c))]`, which is the mutual information of codes
    and images from below (up to the codes' entropy). So the codes come to mean what
    varies most: of digits, mostly, which it is, its slant and its width.

    `min_{G,Q} max_D V(D, G) - weight * I(c; G(z, c))`, equation 6, with Q and D on
    the same convolutions, as the authors have it. That is not for thrift alone: a Q
    of its own and G agree on traces that nobody sees, and the codes mean nothing.

    A continuous code is read as the mean of a Gaussian of unit variance.

    Reference: Chen et al., 2016, "InfoGAN: Interpretable Representation Learning by
    Information Maximizing Generative Adversarial Nets", arXiv:1606.03657.

    Args:
        generator: Model from a dict of `"latents"`, int32 `"labels"` and `"codes"` of
            shape `(batch, num_codes)` to images.
        discriminator: Model from images to a dict of `"logits"`, `(batch, 1)` or a
            map of them, `"labels"`, logits of the classes of shape
            `(batch, sum(num_classes))`, and `"codes"`, `(batch, num_codes)`.
        num_classes: How many classes there are to find; a tuple of several codes'.
        num_codes: Number of continuous codes.
        information_weight: Of the information in the losses; the paper's is 1 for
            classes.
        latent_dim: See `GAN`, and so for the others.

    Example:

    ```python
    digits = keras_gan.data.load("mnist")
    gan = keras_gan.InfoGAN(
        networks.infogan_generator(digits.example_shape, 10, 2, latent_dim=62),
        networks.infogan_discriminator(digits.example_shape, 10, 2),
        num_classes=10,
        num_codes=2,
        latent_dim=62,
    )
    ```
    """

    _loss_of_told = "information"

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        num_classes: int | tuple[int, ...],
        num_codes: int,
        latent_dim: int,
        information_weight: float = 1.0,
        **options: Any,
    ):
        checks.check_count("num_codes", num_codes)
        self.num_codes = num_codes
        self.information_weight = checks.check_weight(
            "information_weight", information_weight
        )
        super().__init__(
            generator,
            discriminator,
            num_classes=num_classes,
            latent_dim=latent_dim,
            **options,
        )

    @property
    def _told_sizes(self) -> dict[str, int]:
        return {**super()._told_sizes, "codes": self.num_codes}

    @property
    def conditions(self) -> dict:
        return {**super().conditions, "codes": checks.symbolic((self.num_codes,))}

    @property
    def batch_parts(self) -> dict[str, Any]:
        return {"real": super().batch_parts["real"]}

    @property
    def input_samplers(self) -> dict:
        from keras_gan.export.samplers import Integers, Uniform

        samplers = {**super().input_samplers, "codes": Uniform(-1.0, 1.0)}
        if isinstance(self.num_classes, int):
            # Said aloud, for classes of its own finding are not those of the data.
            weights = (1.0 / self.num_classes,) * self.num_classes
            samplers["labels"] = Integers(self.num_classes, weights)
        return samplers

    def unpack(self, data) -> dict:
        return GAN.unpack(self, data)

    def generator_inputs(self, latents, batch):
        return {**super().generator_inputs(latents, batch), "codes": batch["codes"]}

    def generate_fakes(self, batch, seed, training):
        asked = self._draw_codes(tf.shape(batch["real"])[0], seed)
        images = super().generate_fakes({**batch, **asked}, seed, training)
        return {**asked, "images": images}

    def _draw_codes(self, num_images, seed):
        sizes = np.atleast_1d(self.num_classes)
        shares = uniform((num_images, len(sizes)), seed + 1)
        labels = tf.cast(shares * sizes.astype("float32"), "int32")
        codes = uniform((num_images, self.num_codes), seed + 2, -1.0, 1.0)
        return {"labels": labels if self.labels.shape else labels[:, 0], "codes": codes}

    def draw_fakes(self, batch, seed):
        return super().draw_fakes(batch, seed)["images"]

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic, told = self._listening_critic(batch, training)
        images = fakes["images"]
        losses = self.adversarial_losses(critic, batch["real"], images, seed, training)
        # It is called with the real images, then with the fakes, then by penalties.
        return {**losses, "information": self._misread(fakes, told[1])}

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic, told = self._listening_critic(batch, training)
        losses = self.deceiving_losses(critic, batch["real"], fakes["images"])
        return {**losses, "information": self._misread(fakes, told[-1])}

    def _misread(self, fakes, told):
        """The weighted negative log-likelihood of the codes, without its constant."""
        loss = label_loss(fakes["labels"], told["labels"], self.num_classes)
        squares = tf.square(fakes["codes"] - told["codes"]) / 2.0
        loss += tf.reduce_mean(tf.reduce_sum(squares, axis=1))
        return self.information_weight * loss

    def generate(
        self,
        num_images: int | None = None,
        seed: int | None = None,
        labels: Any = None,
        codes: Any = None,
        *,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draws images of the classes and codes that are asked for.

        Args:
            num_images: How many; by default as many as there are labels.
            seed: The same integer gives the same latents, and the same codes where
                none are given.
            labels: See `ConditionalGAN.generate`; what a class means was found in
                training.
            codes: Floats in [-1, 1] of shape `(num_images, num_codes)`, or one row of
                them for all. `None` draws them.
            batch_size: Images drawn at a time.

        Returns:
            A float32 array of shape `(num_images, height, width, channels)`.
        """
        labels = self.labels_for(num_images, labels)
        seed = checks.check_seed(random.randrange(2**31) if seed is None else seed)
        latents = self.sample_latents(len(labels), seed)
        codes = self._codes_for(len(labels), seed, codes)
        inputs = {"latents": latents, "labels": labels, "codes": codes}
        return self._drawn(inputs, batch_size)

    def _codes_for(self, num_images, seed, codes):
        if codes is None:
            drawn = self._draw_codes(num_images, tf.constant([seed, 0], "int64"))
            return drawn["codes"].numpy()
        given = np.asarray(codes, "float32")
        if given.shape not in ((self.num_codes,), (num_images, self.num_codes)):
            raise ValueError(
                f"Expected codes of shape ({num_images}, {self.num_codes}), or one row "
                f"of {self.num_codes}. Received: {given.shape}. Give floats in [-1, 1]."
            )
        return np.broadcast_to(given, (num_images, self.num_codes)).copy()

    def read_codes(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Tells the classes and codes of images, by the discriminator.

        Args:
            images: Images of shape `(num_images, height, width, channels)` in [-1, 1].

        Returns:
            A dict of `"labels"`, integers of shape `(num_images,)` or
            `(num_images, num_attributes)`, and `"codes"`, floats of shape
            `(num_images, num_codes)`.
        """
        told = self.discriminator.predict(images, verbose=0)
        parts = tf.split(told["labels"], np.atleast_1d(self.num_classes), axis=1)
        labels = np.stack([np.argmax(part, axis=1) for part in parts], axis=1)
        labels = labels.astype("int32")
        return {
            "labels": labels if self.labels.shape else labels[:, 0],
            "codes": told["codes"],
        }

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_codes": self.num_codes,
            "information_weight": self.information_weight,
        }
