"""Face ageing that keeps the person, after IPCGAN (Wang et al., 2018, CVPR)."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_gan.models import ages as ages_lib
from keras_gan.models import checks, parts
from keras_gan.models.base import AdversarialModel
from keras_gan.models.conditional import label_loss
from keras_gan.random import uniform
from keras_gan.registry import unknown

AGE_GROUPS = (0, 20, 30, 40, 50, 60, 120)
# IPCGAN's ratio of age to adversarial loss is 30 to 75, and its identity loss is of
# unnormalised features. These are ours, tried on faces of 48x48.
LOSS_WEIGHTS = {"identity": 0.5, "age": 0.2, "pixels": 0.3}


@keras.saving.register_keras_serializable(package="keras_gan")
class FaceAging(AdversarialModel):
    """Turns a face and an age group into the same person at that age.

    Data are batches of faces (NHWC, float, in [-1, 1]) and ages in whole years: dicts
    of `"image"` and `"age"`, or tuples in this order. Nobody needs two photographs of
    a person.

    It is the game of IPCGAN (Wang et al., 2018, "Face Aging with Identity-Preserved
    Conditional Generative Adversarial Networks"). Two frozen networks say what a
    discriminator can't: one whether it is the same person, by the cosine of its
    features before and after, and one whether the age is met, by its cross-entropy.
    Beside it stood Age-cGAN (Antipov et al., 2017, arXiv:1702.01983), which searches
    the latents of every single face by gradient descent, so that no generator alone
    can be exported; and StarGAN (Choi et al., 2018, arXiv:1711.09020), whose cycle
    costs a second pass of the generator, and whose classifier of ages learns from the
    same faces as the game, where here it may have seen others.

    The target groups are those of the batch in another order, drawn from the seed, as
    in StarGAN. So real and generated faces are of every group as often, and each
    fake stands against a real face of the group it was asked for: pairs of a
    relativistic loss and mixtures of a penalty have one condition. Where the order
    happens to ask for a face's own group, the face should stay as it is.

    Args:
        generator: Model from `{"images", "labels"}`, faces `(batch, height, width,
            channels)` and int32 groups `(batch,)`, to faces of the same shape.
        discriminator: Model from `{"images", "labels"}` to logits, `(batch, 1)` or a
            map of them.
        identity: Frozen model from faces to features of who it is.
        age_classifier: Frozen model from faces to logits of the groups,
            `(batch, num_groups)`.
        age_groups: Edges of the groups in years, rising: group i is of ages from
            `age_groups[i]` to below `age_groups[i + 1]`.
        loss_weights: Weights of the generator's losses `"identity"`, `"age"` and
            `"pixels"`, the mean absolute change of a pixel; the adversarial one has
            1. Those left out have the defaults, 0.5, 0.2 and 0.3.
        ema_momentum: See `AdversarialModel`.
        seed: See `AdversarialModel`.
        name: Name of the model.

    Example:

    ```python
    faces = keras_gan.data.utkface("UTKFace")
    game = recipes.face_aging(identity, age_classifier, (64, 64, 3))
    game.fit(keras_gan.data.from_arrays(
        {"image": faces["image"], "age": faces["age"]}, batch_size=32), epochs=50)
    older = game.generate(images, ages=70)
    ```
    """

    frozen = ("identity", "age_classifier")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        identity: keras.Model,
        age_classifier: keras.Model,
        *,
        age_groups: tuple[int, ...] = AGE_GROUPS,
        loss_weights: dict[str, float] | None = None,
        ema_momentum: float = 0.999,
        seed: int | None = None,
        name: str | None = None,
    ):
        groups = ages_lib.checked_groups(age_groups)
        weights = _checked_weights(loss_weights or {})
        shape = _checked_shape(generator)
        checks.check_head(discriminator, _symbolic(shape))
        source = "the generator's output"
        checks.output_shape_of("identity network", identity, source, shape)
        _check_classifier(age_classifier, shape, len(groups) - 1)
        super().__init__(
            {
                "generator": generator,
                "discriminator": discriminator,
                "identity": identity,
                "age_classifier": age_classifier,
            },
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
        )
        self.age_groups, self.loss_weights = groups, weights
        self._example_shape = shape
        # Keras' own export asks for a model that was called.
        self({"images": tf.zeros((1, *shape)), "labels": tf.zeros(1, "int32")})

    @property
    def example_shape(self) -> tuple[int, ...]:
        return self._example_shape

    @property
    def num_groups(self) -> int:
        """Number of age groups."""
        return len(self.age_groups) - 1

    @property
    def input_samplers(self) -> dict:
        """How `call` wants its inputs drawn, for `keras_gan.export`."""
        from keras_gan.export.samplers import Integers, Uniform

        return {"images": Uniform(-1.0, 1.0), "labels": Integers(self.num_groups)}

    @property
    def output_range(self) -> tuple[float, float]:
        """The values of black and white in what `call` draws."""
        return -1.0, 1.0

    @property
    def batch_parts(self) -> dict[str, Any]:
        ages = ages_lib.Ages(self.age_groups[0], self.age_groups[-1])
        return {**super().batch_parts, "ages": ages}

    @property
    def loss_names(self) -> dict[str, list[str]]:
        return {
            "discriminator": ["adversarial", *(p.name for p in self.penalties)],
            "generator": ["adversarial", "identity", "age", "pixels"],
        }

    def unpack(self, data) -> dict:
        return {
            "real": parts.examples_of(data, "image"),
            "ages": parts.belonging(data, "age", position=1),
        }

    def generate_fakes(self, batch, seed, training):
        order = tf.argsort(uniform(tf.shape(batch["ages"]), seed))
        labels = tf.gather(self._groups(batch["ages"]), order)
        inputs = {"images": batch["real"], "labels": labels}
        images = self.generator(inputs, training=training)
        return {"images": images, "labels": labels, "order": order}

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic, real = self._critic(batch, fakes, training)
        return self.adversarial_losses(critic, real, fakes["images"], seed, training)

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic, real = self._critic(batch, fakes, training)
        before, after = batch["real"], tf.cast(fakes["images"], "float32")
        likeness = tf.reduce_sum(self._features(before) * self._features(after), -1)
        age_logits = tf.cast(self.age_classifier(after, training=False), "float32")
        losses = {
            "identity": 1.0 - tf.reduce_mean(likeness),
            "age": label_loss(fakes["labels"], age_logits, self.num_groups),
            "pixels": tf.reduce_mean(tf.abs(after - before)),
        }
        return {
            **self.deceiving_losses(critic, real, fakes["images"]),
            **{name: self.loss_weights[name] * x for name, x in losses.items()},
        }

    def draw_fakes(self, batch, seed):
        return super().draw_fakes(batch, seed)["images"]

    def call(self, inputs, training=None):
        """Faces of the averaged generator, always in inference mode."""
        return self.ema_generator(inputs, training=False)

    def _critic(self, batch, fakes, training):
        """Judges images of the groups that were asked for; and the real ones."""
        labels = fakes["labels"]

        def critic(images):
            inputs = {"images": images, "labels": labels}
            return tf.cast(self.discriminator(inputs, training=training), "float32")

        return critic, tf.gather(batch["real"], fakes["order"])

    def _features(self, faces):
        """What the identity network sees in each face, as a vector of length 1."""
        features = tf.cast(self.identity(faces, training=False), "float32")
        return ops.normalize(tf.reshape(features, (tf.shape(features)[0], -1)))

    def _groups(self, ages):
        inner = tf.constant(self.age_groups[1:-1], ages.dtype)
        return tf.cast(tf.searchsorted(inner, ages, side="right"), "int32")

    def group_of(self, ages) -> np.ndarray:
        """The age groups of ages in years.

        Args:
            ages: A number or an array of them.

        Returns:
            Integers in [0, num_groups), of the shape of `ages`.

        Raises:
            ValueError: If an age lies outside of `age_groups`.
        """
        return ages_lib.group_of(ages, self.age_groups)

    def generate(
        self, images, ages=None, *, groups=None, batch_size: int = 64
    ) -> np.ndarray:
        """Draws the persons of `images` at other ages, with the averaged generator.

        Args:
            images: Faces in [-1, 1] of shape `(num_images, height, width, channels)`.
            ages: Years to draw them at: one number, or one for each image.
            groups: Instead of `ages`, the groups to draw them in, in the same way.
            batch_size: Images drawn at a time.

        Returns:
            A float32 array of the shape of `images`.

        Raises:
            ValueError: If an age or a group is out of range, or the images are not
                what the networks were built for.
        """
        if (ages is None) == (groups is None):
            raise ValueError(
                f"Expected `ages` or `groups`, one of the two. Received: ages={ages}, "
                f"groups={groups}. `generate(images, ages=70)` draws all at 70."
            )
        images = np.asarray(images)
        if images.dtype.kind == "f":
            images = images.astype("float32")
        spec = tf.TensorSpec((None, *images.shape[1:]), images.dtype)
        parts.Examples(self.example_shape).check_spec("images", spec)
        labels = self.group_of(ages) if groups is None else np.asarray(groups)
        self._check_labels(labels, len(images))
        labels = np.broadcast_to(labels.astype("int32"), len(images))
        inputs = {"images": images, "labels": labels}
        return self.predict(inputs, batch_size=batch_size, verbose=0)

    def _check_labels(self, labels: np.ndarray, num_images: int):
        if labels.shape not in ((), (num_images,)):
            raise ValueError(
                f"Expected one age for all images or one for each of {num_images}. "
                f"Received: an array of shape {labels.shape}. Repeat the images for "
                "several ages of a person: `np.repeat(images, num_ages, axis=0)`."
            )
        part = parts.Labels(self.num_groups)
        every = np.atleast_1d(labels)
        part.check_spec("groups", tf.TensorSpec(every.shape, every.dtype))
        part.check_values("groups", every)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "age_groups": self.age_groups,
            "loss_weights": dict(self.loss_weights),
        }


def _checked_weights(given: dict) -> dict[str, float]:
    for name, value in given.items():
        if name not in LOSS_WEIGHTS:
            raise ValueError(unknown("loss to weigh", name, LOSS_WEIGHTS))
        checks.check_weight(f"loss_weights[{name!r}]", value)
    return {name: float(given.get(name, x)) for name, x in LOSS_WEIGHTS.items()}


def _symbolic(shape) -> dict:
    return {"images": checks.symbolic(shape), "labels": checks.symbolic((), "int32")}


def _checked_shape(generator) -> tuple[int, ...]:
    """The shape of a face, which goes into the generator and comes out of it."""
    given = {x.name: x.shape for x in getattr(generator, "inputs", None) or ()}
    if not {"images", "labels"} <= given.keys():
        raise ValueError(
            "Expected a generator with the inputs 'images' and 'labels', of a known "
            f"shape. Received: {generator!r:.80} with the inputs {given}. Build it "
            "with `keras_gan.networks.face_aging_generator`."
        )
    shape = tuple(given["images"][1:])
    output = checks.output_shape_of(
        "generator", generator, "the data", _symbolic(shape)
    )
    if output != shape:
        raise ValueError(
            f"The generator must give faces of the shape it takes, {shape}. Received: "
            f"{output}. Build it with one shape for both."
        )
    return shape


def _check_classifier(classifier, shape, num_groups):
    role, source = "age classifier", "the generator's output"
    output = checks.output_shape_of(role, classifier, source, shape)
    if output != (num_groups,):
        raise ValueError(
            f"The age classifier must give logits of {num_groups} groups, "
            f"(batch, {num_groups}). Received: (batch, "
            f"{', '.join(map(str, output))}). Train it on the same `age_groups`."
        )
    checks.check_logits(role, classifier)
