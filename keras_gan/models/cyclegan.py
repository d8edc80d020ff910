"""Pictures to pictures without pairs (Zhu et al., 2017, arXiv:1703.10593)."""

import keras
import tensorflow as tf

from keras_gan.models import checks, distribution, parts
from keras_gan.models.image_pool import ImagePool
from keras_gan.models.translator import (
    Translator,
    check_translation,
    distance,
    inputs_of,
)

DIRECTIONS = ("ab", "ba")


@keras.saving.register_keras_serializable(package="keras_gan")
class CycleGAN(Translator):
    """Two generators between two sets of pictures, a to b and b to a.

    No picture of one set belongs to one of the other. Each discriminator tells what a
    generator made from its own set; the way there and back must lead to where it
    began, `cycle_weight * (E[|G_ba(G_ab(a)) - a|] + E[|G_ab(G_ba(b)) - b|])`; and a
    picture that is of the set already should stay as it is, `cycle_weight *
    identity_weight * (E[|G_ab(b) - b|] + E[|G_ba(a) - a|])`. The discriminators see
    fakes from pools of earlier ones.

    Data are batches of both sets: a dict of `"a"` and `"b"`
    (`keras_gan.data.unpaired`), or a tuple, NHWC floats in [-1, 1].

    `call`, `predict`, `evaluate`'s metrics and the exporters draw in one `direction`.

    Reference: Zhu et al., 2017, "Unpaired Image-to-Image Translation using
    Cycle-Consistent Adversarial Networks", arXiv:1703.10593. The paper halves the
    discriminators' losses, which under Adam changes next to nothing and is left out.

    Args:
        generator_ab: Model from pictures of a to pictures of b.
        generator_ba: Model from pictures of b to pictures of a.
        discriminator_a: Model from pictures of a, of a fixed size, to logits.
        discriminator_b: The same of b.
        cycle_weight: Weight of the way there and back.
        identity_weight: Weight of the identity, as a share of `cycle_weight`. 0, or
            `None`, leaves the four passes that it takes out.
        pool_size: Images that each discriminator's pool holds; 0 is no pool.
        direction: `"ab"` or `"ba"`; can be set at any time.
        ema_momentum: See `AdversarialModel`.
        seed: See `AdversarialModel`.
        name: Name of the model.

    Example:

    ```python
    photographs = keras_gan.data.from_folder("photographs", 128, batch_size=1)
    paintings = keras_gan.data.from_folder("paintings", 128, batch_size=1)
    game = keras_gan.recipes.cyclegan((128, 128, 3))
    game.fit(keras_gan.data.unpaired(photographs, paintings), epochs=200)
    painted = game.generate(pictures)
    game.direction = "ba"
    keras_gan.export.export_onnx(game, "to-photographs.onnx")
    ```
    """

    generators = ("generator_ab", "generator_ba")
    discriminators = ("discriminator_a", "discriminator_b")

    def __init__(
        self,
        generator_ab: keras.Model,
        generator_ba: keras.Model,
        discriminator_a: keras.Model,
        discriminator_b: keras.Model,
        *,
        cycle_weight: float = 10.0,
        identity_weight: float | None = 0.5,
        pool_size: int = 50,
        direction: str = "ab",
        ema_momentum: float = 0.999,
        seed: int | None = None,
        name: str | None = None,
    ):
        checks.check_choice("direction", direction, DIRECTIONS)
        shapes = [
            inputs_of(role, network)
            for role, network in zip(
                self.discriminators, (discriminator_a, discriminator_b), strict=True
            )
        ]
        identity_weight = checks.check_weight("identity_weight", identity_weight or 0.0)
        _check_networks(generator_ab, generator_ba, shapes, identity_weight)
        checks.check_head(discriminator_a, shapes[0], "the generator of a")
        checks.check_head(discriminator_b, shapes[1], "the generator of b")
        super().__init__(
            {
                "generator_ab": generator_ab,
                "generator_ba": generator_ba,
                "discriminator_a": discriminator_a,
                "discriminator_b": discriminator_b,
            },
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
        )
        self.cycle_weight = checks.check_weight("cycle_weight", cycle_weight)
        self.identity_weight = identity_weight
        self.pool_size = _checked_pool_size(pool_size)
        self._shapes = dict(zip("ab", shapes, strict=True))
        for pool in self.memories:
            shape = self._shapes[pool[-1]]
            setattr(self, pool, ImagePool(pool_size, shape, name=pool))
        self._direction = direction
        # Keras' own export asks for a model that was called.
        self(tf.zeros((1, *self._shapes[direction[0]])))

    @property
    def memories(self) -> tuple[str, ...]:
        return ("pool_a", "pool_b") if self.pool_size else ()

    @property
    def direction(self) -> str:
        """`"ab"` or `"ba"`: which generator `call` and the exporters draw with."""
        return self._direction

    @direction.setter
    def direction(self, direction: str):
        checks.check_choice("direction", direction, DIRECTIONS)
        self._direction = direction
        # What is traced has the other generator in it.
        self.predict_function = self.test_function = None
        if self._inspector is not None:
            self._inspector.forget()

    @property
    def ema_generator(self) -> keras.Model:
        """The averaged generator of `direction`."""
        return getattr(self, f"ema_generator_{self.direction}")

    def __dir__(self):
        # Keras saves what it finds here: the average would lie in files under a name
        # that means another generator in the other direction.
        return [name for name in super().__dir__() if name != "ema_generator"]

    @property
    def example_shape(self) -> tuple[int, ...]:
        return self._shapes[self.direction[1]]

    @property
    def batch_parts(self) -> dict:
        return {name: parts.Examples(shape) for name, shape in self._shapes.items()}

    @property
    def loss_names(self) -> dict[str, list[str]]:
        identity = ["identity"] if self.identity_weight else []
        penalties = [penalty.name for penalty in self.penalties]
        return {
            "discriminator": ["adversarial_a", "adversarial_b", *penalties],
            "generator": ["adversarial_ab", "adversarial_ba", "cycle", *identity],
        }

    def compile(
        self,
        generator_optimizer=None,
        discriminator_optimizer=None,
        loss="least_squares",
        **options,
    ):
        """As `AdversarialModel.compile`, with the paper's least squares."""
        super().compile(generator_optimizer, discriminator_optimizer, loss, **options)

    def unpack(self, data) -> dict:
        return {
            "a": parts.examples_of(data, "a"),
            "b": parts.belonging(data, "b", 1),
        }

    def generate_fakes(self, batch, seed, training):
        return {
            "a": self.generator_ba(batch["b"], training=training),
            "b": self.generator_ab(batch["a"], training=training),
        }

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        losses = {}
        for number, domain in enumerate("ab"):
            shown = fakes[domain]
            if training and self.pool_size:
                pool = getattr(self, f"pool_{domain}")
                shown = pool.exchange(shown, _stream(seed, 2 * number))
            seed_of_penalties = _stream(seed, 2 * number + 1)
            critic = self.critic(domain, training)
            found = self.adversarial_losses(
                critic, batch[domain], shown, seed_of_penalties, training
            )
            losses[f"adversarial_{domain}"] = found.pop("adversarial")
            for name, value in found.items():
                losses[name] = losses.get(name, 0.0) + value
        return losses

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        losses, cycle, identity = {}, 0.0, 0.0
        for source, target in DIRECTIONS:
            there = getattr(self, f"generator_{source}{target}")
            back = getattr(self, f"generator_{target}{source}")
            critic, fake = self.critic(target, training), fakes[target]
            deceiving = self.deceiving_losses(critic, batch[target], fake)
            losses[f"adversarial_{source}{target}"] = deceiving["adversarial"]
            cycle += distance(back(fake, training=training), batch[source])
            if self.identity_weight:
                same = there(batch[target], training=training)
                identity += distance(same, batch[target])
        losses["cycle"] = self.cycle_weight * cycle
        if self.identity_weight:
            losses["identity"] = self.cycle_weight * self.identity_weight * identity
        return losses

    def critic(self, domain, training):
        """Returns the closure from pictures of `"a"` or `"b"` to float32 logits."""
        discriminator = getattr(self, f"discriminator_{domain}")
        return lambda images: tf.cast(
            discriminator(images, training=training), "float32"
        )

    def reals(self, batch):
        return batch[self.direction[1]]

    def draw_fakes(self, batch, seed):
        return self.ema_generator(batch[self.direction[0]], training=False)

    def generate(self, images, *, direction: str | None = None, batch_size: int = 64):
        """Translates pictures with an averaged generator.

        Args:
            images: Pictures of shape `(num_images, height, width, channels)`, floats
                in [-1, 1].
            direction: `"ab"` or `"ba"`, by default that of the game.
            batch_size: Pictures drawn at a time.

        Returns:
            A float32 array of as many pictures.
        """
        direction = self.direction if direction is None else direction
        checks.check_choice("direction", direction, DIRECTIONS)
        generator = getattr(self, f"ema_generator_{direction}")
        return self._drawn(generator, images, batch_size)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "cycle_weight": self.cycle_weight,
            "identity_weight": self.identity_weight,
            "pool_size": self.pool_size,
            "direction": self.direction,
        }


def _stream(seed, number):
    """Another stream of random numbers of this turn; penalties add to both halves."""
    return seed + tf.constant([2 + number, 0], "int64")


def _check_networks(generator_ab, generator_ba, shapes, identity_weight):
    of_a, of_b = shapes
    for shape, domain in zip(shapes, "ab", strict=True):
        if isinstance(shape, dict):
            raise ValueError(
                f"The discriminator_{domain} must take images alone. Received: one "
                f"with the inputs {sorted(shape)}. Build it without a source."
            )
    check_translation("generator_ab", generator_ab, of_a, of_b)
    check_translation("generator_ba", generator_ba, of_b, of_a)
    if identity_weight and of_a != of_b:
        raise ValueError(
            "With an identity loss the generators draw from both sets, whose pictures "
            f"must be of one shape. Received: {of_a} and {of_b} with "
            f"identity_weight={identity_weight}. Give identity_weight=0."
        )


def _checked_pool_size(pool_size) -> int:
    if pool_size != 0 or isinstance(pool_size, bool):
        checks.check_count("pool_size", pool_size)
    if pool_size and distribution.num_replicas() > 1:
        raise ValueError(
            "An image pool belongs to one device: replicas would each remember other "
            f"images, of which one saves one. Received: pool_size={pool_size} with "
            f"{distribution.num_replicas()} replicas. Give pool_size=0."
        )
    return int(pool_size)
