"""Pools of earlier fakes (Shrivastava et al., 2017, arXiv:1612.07828)."""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.random import uniform


@keras.saving.register_keras_serializable(package="keras_gan")
class ImagePool(keras.layers.Layer):
    """Remembers generated images, and shows a discriminator some of them again.

    The first `size` images are kept and shown. From then on each image is, with a
    chance of a half, shown and forgotten; else it changes places with one that the
    pool holds. So a discriminator also sees what the generator made some time ago,
    and a generator can't win by going round in circles.

    The images are weights, saved with the game. Those of one batch take different
    places; the authors' code looks at one after the other, and may hand out an image
    of the very batch. Of a batch larger than the pool, what it can't hold is shown
    as it is.

    Reference: Shrivastava et al., 2017, arXiv:1612.07828, section 2.3; 50 images in
    Zhu et al., 2017, arXiv:1703.10593.

    Args:
        size: Number of images that it holds.
        image_shape: `(height, width, channels)` of an image.
    """

    def __init__(self, size: int, image_shape: tuple[int, int, int], **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.size, self.image_shape = int(size), tuple(image_shape)
        options = {"initializer": "zeros", "trainable": False}
        shape = (self.size, *self.image_shape)
        self.images = self.add_weight(
            shape=shape, dtype="float32", name="images", **options
        )
        self.count = self.add_weight(shape=(), dtype="int64", name="count", **options)
        self.built = True

    def exchange(self, images, seed):
        """Takes in new images, and returns as many to show.

        Args:
            images: Tensor of shape `(batch, *image_shape)`.
            seed: Integer tensor of shape `(2,)`.

        Returns:
            A float32 tensor of the same shape.
        """
        images = tf.cast(images, "float32")
        num_images = images.shape[0]
        held = tf.minimum(
            tf.shape(images)[0] if num_images is None else num_images, self.size
        )
        pool, count = tf.identity(self.images.value), tf.identity(self.count.value)
        draws = uniform([self.size + held], seed)
        numbers = tf.range(self.size)
        is_free = tf.cast(numbers, "int64") >= count
        # Free places come first, in their order; then the others in a random one.
        places = tf.argsort(
            tf.where(
                is_free, tf.cast(numbers - self.size, "float32"), draws[: self.size]
            ),
            stable=True,
        )[:held]
        fills = tf.gather(is_free, places)
        swaps = draws[self.size :] < 0.5
        new, old = images[:held], tf.gather(pool, places)
        shown = _chosen(swaps & ~fills, old, new)
        kept = _chosen(swaps | fills, new, old)
        self.images.assign(tf.tensor_scatter_nd_update(pool, places[:, None], kept))
        self.count.assign(tf.minimum(count + tf.cast(held, "int64"), self.size))
        return tf.ensure_shape(tf.concat([shown, images[held:]], 0), images.shape)

    def held_images(self) -> np.ndarray:
        """The images that it holds now, of shape `(num_images, *image_shape)`."""
        return self.images.numpy()[: int(self.count.numpy())]

    def get_config(self):
        sizes = {"size": self.size, "image_shape": self.image_shape}
        return {**super().get_config(), **sizes}


def _chosen(condition, yes, no):
    return tf.where(condition[:, None, None, None], yes, no)
