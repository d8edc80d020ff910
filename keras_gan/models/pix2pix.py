"""Pictures to pictures from pairs (Isola et al., 2017, arXiv:1611.07004)."""

import keras
import tensorflow as tf

from keras_gan.models import checks, parts
from keras_gan.models.translator import (
    Translator,
    check_translation,
    distance,
    inputs_of,
)


@keras.saving.register_keras_serializable(package="keras_gan")
class Pix2Pix(Translator):
    """A generator that turns a source into its picture, learned from pairs.

    The discriminator sees the source beside the picture, and says patch by patch
    whether they belong together; the generator also descends the distance to the true
    picture, `l1_weight * E[|y - G(x)|]`.

    Data are batches of pairs: a dict of `"image"` and `"source"`
    (`keras_gan.data.paired`), or a tuple of both in this order, NHWC floats in
    [-1, 1].

    Reference: Isola et al., 2017, "Image-to-Image Translation with Conditional
    Adversarial Networks", arXiv:1611.07004. The paper halves the discriminator's loss,
    which under Adam changes next to nothing and is left out.

    Args:
        generator: Model from sources to pictures.
        discriminator: Model from a dict of `"source"` and `"images"`, built for a
            fixed size, to logits.
        l1_weight: Weight of the distance to the true picture.
        ema_momentum: See `AdversarialModel`.
        seed: See `AdversarialModel`.
        name: Name of the model.

    Example:

    ```python
    pairs = keras_gan.data.paired("outlines", "drawings", 64, batch_size=16)
    game = keras_gan.Pix2Pix(
        networks.unet_generator((64, 64, 3)),
        networks.patchgan_discriminator((64, 64, 3), (64, 64, 3), num_downs=2),
    )
    game.compile(metrics=["kid", "l1", "ssim"])
    game.fit(pairs, epochs=100)
    drawings = game.generate(outlines)
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        l1_weight: float = 100.0,
        ema_momentum: float = 0.999,
        seed: int | None = None,
        name: str | None = None,
    ):
        shapes = inputs_of("discriminator", discriminator)
        if not isinstance(shapes, dict) or set(shapes) != {"source", "images"}:
            raise ValueError(
                "The discriminator must take a dict of 'source' and 'images'. "
                f"Received: inputs {shapes}. `networks.patchgan_discriminator("
                "image_shape, source_shape)` is one."
            )
        check_translation("generator", generator, shapes["source"], shapes["images"])
        symbols = {name: checks.symbolic(shape) for name, shape in shapes.items()}
        checks.check_head(discriminator, symbols)
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
        )
        self.l1_weight = checks.check_weight("l1_weight", l1_weight)
        self._example_shape, self._source_shape = shapes["images"], shapes["source"]
        # Keras' own export asks for a model that was called.
        self(tf.zeros((1, *self._source_shape)))

    @property
    def example_shape(self) -> tuple[int, ...]:
        return self._example_shape

    @property
    def batch_parts(self) -> dict:
        return {
            "real": parts.Examples(self._example_shape),
            "source": parts.Examples(self._source_shape),
        }

    @property
    def loss_names(self) -> dict[str, list[str]]:
        return {
            "discriminator": ["adversarial", *(p.name for p in self.penalties)],
            "generator": ["adversarial", "l1"],
        }

    def unpack(self, data) -> dict:
        return {
            "real": parts.examples_of(data, "image"),
            "source": parts.belonging(data, "source", 1),
        }

    def generate_fakes(self, batch, seed, training):
        return self.generator(batch["source"], training=training)

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic = self.critic(batch, training)
        return self.adversarial_losses(critic, batch["real"], fakes, seed, training)

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic = self.critic(batch, training)
        losses = self.deceiving_losses(critic, batch["real"], fakes)
        return {**losses, "l1": self.l1_weight * distance(batch["real"], fakes)}

    def critic(self, batch, training):
        """Returns the closure from pictures to float32 logits, given their sources."""
        return lambda images: tf.cast(
            self.discriminator(
                {"source": batch["source"], "images": images}, training=training
            ),
            "float32",
        )

    def get_config(self) -> dict:
        return {**super().get_config(), "l1_weight": self.l1_weight}
