"""The game whose images are asked for by labels (Mirza and Osindero, 2014)."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.layers.one_hot_labels import checked_classes
from keras_gan.models import checks, parts
from keras_gan.models.gan import GAN


@keras.saving.register_keras_serializable(package="keras_gan")
class ConditionalGAN(GAN):
    """A generator that draws what labels ask for, and a judge that knows the labels.

    The discriminator sees an image with its labels, so a good image of another class
    is as false as a bad one. A batch's fakes have the labels of its real images. How
    the labels enter is a matter of the networks: see `networks.conditional_generator`
    and `networks.conditional_discriminator`.

    Data are batches of real images or vectors with labels: a tuple of both, or a dict
    with `"image"` and `"label"`. Labels are integers of shape `(batch,)` or one-hot;
    of several attributes, such as the colours of hair and eyes, integers of shape
    `(batch, num_attributes)`. A label out of range is refused: of
    `data.from_arrays` before the training, of a dataset when its batch comes.

    Reference: Mirza and Osindero, 2014, "Conditional Generative Adversarial Nets",
    arXiv:1411.1784.

    Args:
        generator: Model from a dict of `"latents"` and int32 `"labels"` to images.
        discriminator: Model from a dict of `"images"` and int32 `"labels"` to logits,
            `(batch, 1)` or a map of them.
        num_classes: How many classes there are; a tuple of several attributes'.
        latent_dim: See `GAN`, and so for the others.

    Example:

    ```python
    digits = keras_gan.data.digits(labels=True)
    gan = keras_gan.ConditionalGAN(
        networks.conditional_generator(digits.example_shape, 10, latent_dim=32),
        networks.conditional_discriminator(digits.example_shape, 10),
        num_classes=10,
        latent_dim=32,
    )
    gan.compile()
    gan.fit(digits, epochs=20)
    sevens = gan.generate(16, labels=7)
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        num_classes: int | tuple[int, ...],
        latent_dim: int,
        **options: Any,
    ):
        self.num_classes = checked_classes(num_classes)
        super().__init__(generator, discriminator, latent_dim=latent_dim, **options)

    @property
    def conditions(self) -> dict:
        return {"labels": checks.symbolic(self.labels.shape, "int32")}

    @property
    def labels(self) -> parts.Labels:
        """What labels must be."""
        return parts.Labels(self.num_classes)

    @property
    def batch_parts(self) -> dict[str, Any]:
        return {**super().batch_parts, "labels": self.labels}

    @property
    def input_samplers(self) -> dict:
        from keras_gan.export.samplers import Integers

        latents = super().input_samplers[0]
        return {"latents": latents, "labels": Integers(self.num_classes)}

    def unpack(self, data) -> dict:
        labels = parts.belonging(data, "label", 1)
        return {**super().unpack(data), "labels": labels}

    def generator_inputs(self, latents, batch):
        return {"latents": latents, "labels": self._indices(batch)}

    def discriminator_inputs(self, images, batch):
        return {"images": images, "labels": self._indices(batch)}

    def _indices(self, batch):
        labels = batch["labels"]
        # What `conditions` describes is in this form already.
        is_symbolic = isinstance(labels, keras.KerasTensor)
        return labels if is_symbolic else self.labels.indices(labels)

    def generate(
        self,
        num_images: int | None = None,
        seed: int | None = None,
        labels: Any = None,
        *,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draws images of the classes that are asked for.

        Args:
            num_images: How many; by default as many as there are labels.
            seed: The same integer gives the same latents, whatever the labels. `None`
                draws one from Python's `random`.
            labels: Integers of shape `(num_images,)`, one-hot rows, or of several
                attributes integers of shape `(num_images, num_attributes)`. One
                label is that of all images. `None` goes through all classes, of
                several attributes all combinations, again and again.
            batch_size: Images drawn at a time.

        Returns:
            A float32 array of shape `(num_images, height, width, channels)`.

        Raises:
            ValueError: If a label names no class, or there are not as many as images.
        """
        labels = self.labels_for(num_images, labels)
        latents = self.sample_latents(len(labels), seed)
        return self._drawn({"latents": latents, "labels": labels}, batch_size)

    def labels_for(self, num_images: int | None = None, labels: Any = None):
        """Returns the int32 labels that `generate` draws for the same arguments."""
        checks.check_optional_count("num_images", num_images)
        if labels is None:
            return self._all_classes(num_images)
        labels = _as_array(labels)
        if labels.ndim == len(self.labels.shape):
            labels = np.repeat(labels[None], num_images or 1, axis=0)
        spec = tf.TensorSpec(labels.shape, tf.as_dtype(labels.dtype))
        self.labels.check_spec("labels", spec)
        self.labels.check_values("labels", labels)
        if num_images not in (None, len(labels)):
            raise ValueError(
                f"Expected a label for each image. Received: num_images={num_images} "
                f"and {len(labels)} labels. Leave `num_images` out, or give one label "
                "for all."
            )
        return self.labels.indices(labels).numpy()

    def _all_classes(self, num_images):
        sizes = np.atleast_1d(self.num_classes)
        count = int(np.prod(sizes))
        order = np.arange(num_images or count) % count
        labels = np.stack(np.unravel_index(order, sizes), axis=-1).astype("int32")
        return labels if self.labels.shape else labels[:, 0]

    def get_config(self) -> dict:
        return {**super().get_config(), "num_classes": self.num_classes}


def _as_array(labels) -> np.ndarray:
    try:
        array = np.asarray(labels)
    except ValueError:  # Rows of several lengths.
        array = np.array([])
    if not array.size or array.dtype.kind not in "iufb":
        raise ValueError(
            "Expected labels as integers, as many for each image. Received: "
            f"{labels!r:.80}. Give an array of them, or one label for all images."
        )
    return array


def label_loss(labels, logits, num_classes):
    """Mean cross-entropy of classes in nats; that of several attributes is summed.

    Args:
        labels: Integers of shape `(batch,)` or `(batch, num_attributes)`.
        logits: Floats of shape `(batch, sum(num_classes))`.
        num_classes: How many classes there are; a tuple of several attributes'.
    """
    if isinstance(num_classes, int):
        labels, num_classes = labels[:, None], (num_classes,)
    pairs = zip(
        tf.unstack(labels, axis=1), tf.split(logits, num_classes, 1), strict=True
    )
    losses = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(truth, told)
        for truth, told in pairs
    ]
    return tf.add_n([tf.reduce_mean(loss) for loss in losses])
