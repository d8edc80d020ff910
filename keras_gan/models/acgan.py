"""The auxiliary classifier GAN (Odena et al., 2017, arXiv:1610.09585)."""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.models import checks
from keras_gan.models.conditional import ConditionalGAN, label_loss


@keras.saving.register_keras_serializable(package="keras_gan")
class ACGAN(ConditionalGAN):
    """A conditional game whose discriminator is not told the labels but tells them.

    Both players descend the cross-entropy of the classes, `-E[log P(c | x)]`, beside
    the adversarial loss: the discriminator on real images and on fakes, the generator
    on its fakes. So a picture must be one whose class can be told, and the easy ones
    of a class are preferred: the variety within a class tends to shrink.

    Reference: Odena et al., 2017, "Conditional Image Synthesis with Auxiliary
    Classifier GANs", arXiv:1610.09585.

    Args:
        generator: See `ConditionalGAN`, and so for `num_classes` and the others.
        discriminator: Model from images to a dict of `"logits"`, `(batch, 1)` or a
            map of them, and `"labels"`, logits of the classes of shape
            `(batch, sum(num_classes))`; `networks.auxiliary_discriminator` is one.

    Example:

    ```python
    digits = keras_gan.data.digits(labels=True, image_size=16)
    gan = keras_gan.ACGAN(
        networks.conditional_generator(digits.example_shape, 10, latent_dim=32),
        networks.auxiliary_discriminator(digits.example_shape, 10),
        num_classes=10,
        latent_dim=32,
    )
    ```
    """

    # Name of the loss of what the discriminator tells.
    _loss_of_told = "labels"

    @property
    def loss_names(self) -> dict[str, list[str]]:
        adversarial = super().loss_names.items()
        return {role: [*names, self._loss_of_told] for role, names in adversarial}

    def _check_discriminator(self, discriminator, images):
        _check_outputs(discriminator, images, {"logits": None, **self._told_sizes})

    @property
    def _told_sizes(self) -> dict[str, int]:
        """What the discriminator tells of an image besides its logit, and how long."""
        return {"labels": int(np.sum(self.num_classes))}

    def discriminator_inputs(self, images, batch):
        return images

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic, told = self._listening_critic(batch, training)
        losses = self.adversarial_losses(critic, batch["real"], fakes, seed, training)
        # It is called with the real images, then with the fakes, then by penalties.
        losses["labels"] = sum(self._label_loss(batch, each) for each in told[:2])
        return losses

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic, told = self._listening_critic(batch, training)
        losses = self.deceiving_losses(critic, batch["real"], fakes)
        return {**losses, "labels": self._label_loss(batch, told[-1])}

    def critic(self, batch, training):
        return self._listening_critic(batch, training)[0]

    def _listening_critic(self, batch, training):
        """The critic, and a list of all that it tells whenever it is called."""
        told = []

        def critic(images):
            inputs = self.discriminator_inputs(images, batch)
            outputs = self.discriminator(inputs, training=training)
            told.append({name: tf.cast(x, "float32") for name, x in outputs.items()})
            return told[-1]["logits"]

        return critic, told

    def _label_loss(self, batch, told):
        return label_loss(self._indices(batch), told["labels"], self.num_classes)


def _check_outputs(discriminator, images, sizes: dict):
    """Raises unless a discriminator gives these outputs by name, a vector an image.

    Args:
        discriminator: What must be a Keras model.
        images: What it takes, as for `checks.output_of`.
        sizes: Name to length; `None` is a logit or a map of them.
    """
    role, source = "discriminator", "the generator's output"
    outputs = checks.output_of(role, discriminator, source, images)
    came = outputs if isinstance(outputs, dict) else {}
    shapes = {name: tuple(output.shape[1:]) for name, output in came.items()}
    fits = set(sizes) <= set(shapes) and all(
        shapes[name][-1:] == (1,) if size is None else shapes[name] == (size,)
        for name, size in sizes.items()
    )
    if not fits:
        wanted = ", ".join(
            f"'{name}': (batch, {size or 1})" for name, size in sizes.items()
        )
        raise ValueError(
            f"Expected a discriminator whose outputs are a dict with {{{wanted}}}. "
            f"Received: {shapes or type(outputs).__name__}. Build it with "
            f"`keras.Model(images, {{{', '.join(repr(n) + ': ...' for n in sizes)}}})`."
        )
