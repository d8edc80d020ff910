"""What games from pictures to pictures share."""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.models import checks, distribution
from keras_gan.models.base import AdversarialModel


class Translator(AdversarialModel):
    """A game whose generators draw from pictures, not from noise.

    `call`, `predict` and the exporters draw with `ema_generator`, which a game with
    several generators makes a property.
    """

    def call(self, images, training=None):
        """Pictures of the averaged generator, always in inference mode."""
        return self.ema_generator(images, training=False)

    def generate(self, images, *, batch_size: int = 64) -> np.ndarray:
        """Translates pictures with the averaged generator.

        Args:
            images: Sources of shape `(num_images, height, width, channels)`, floats
                in [-1, 1].
            batch_size: Pictures drawn at a time.

        Returns:
            A float32 array of as many pictures.
        """
        return self._drawn(self.ema_generator, images, batch_size)

    def _drawn(self, generator, images, batch_size: int) -> np.ndarray:
        checks.check_count("batch_size", batch_size)
        images = np.asarray(images, "float32")
        if not distribution.is_multi_worker(self.distribute_strategy):
            return generator.predict(images, batch_size=batch_size, verbose=0)
        # `predict` would share them out among the workers.
        starts = range(0, len(images), batch_size)
        batches = (images[start : start + batch_size] for start in starts)
        return np.concatenate([generator(x, training=False).numpy() for x in batches])

    @property
    def input_samplers(self) -> list:
        """How `call` wants its inputs drawn, for `keras_gan.export`."""
        from keras_gan.export.samplers import Uniform

        return [Uniform(-1.0, 1.0)]

    @property
    def output_range(self) -> tuple[float, float]:
        """The values of black and white in what `call` draws."""
        return (-1.0, 1.0)


def inputs_of(role: str, network) -> tuple | dict:
    """Shapes of what a discriminator is built for, without the batch.

    They say the size of a game's pictures, since a generator may leave it open.

    Returns:
        A shape, or a dict of shapes by input name.
    """
    given = getattr(network, "input", None) if _is_built(network) else None
    named = given if isinstance(given, dict) else {"images": given}
    shape = {name: getattr(x, "shape", None) for name, x in named.items()}
    if any(s is None or len(s) != 4 or None in s[1:] for s in shape.values()):
        raise ValueError(
            f"The {role} must be a built model of images of fixed size, which tells "
            f"the size of the game's pictures. Received: {network!r} with inputs of "
            f"shape {shape}. `networks.patchgan_discriminator(image_shape)` is one."
        )
    sizes = {name: tuple(s[1:]) for name, s in shape.items()}
    return sizes if isinstance(given, dict) else sizes["images"]


def _is_built(network) -> bool:
    return isinstance(network, keras.Model) and network.built


def check_translation(role: str, generator, source_shape, image_shape):
    """Raises unless `generator` makes pictures of the one shape from the other."""
    made = checks.output_shape_of(role, generator, "the data", source_shape)
    if made != image_shape:
        raise ValueError(
            f"The {role} must make pictures of the shape that their discriminator "
            f"judges, {image_shape}. Received: it makes {made} of {source_shape}. "
            "Build both for one size."
        )


def distance(one, other):
    """Mean absolute difference of two batches of pictures, float32."""
    return tf.reduce_mean(tf.abs(tf.cast(one, "float32") - tf.cast(other, "float32")))
