"""The discriminator of AC-GAN (Odena et al., 2017, arXiv:1610.09585)."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from keras_gan.layers.one_hot_labels import checked_classes
from keras_gan.networks.shapes import check_image_shape, check_sizes

FILTERS = (16, 32, 64, 128, 256, 512)


def auxiliary_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: int | tuple[int, ...],
    *,
    filters: Sequence[int] = FILTERS,
    dropout: float = 0.5,
    name: str = "discriminator",
) -> keras.Model:
    """3x3 convolutions of stride 2 and 1 by turns; a logit, and logits of the classes.

    The default is the table of the paper's appendix for CIFAR-10: every convolution
    but the first is normalised by the batch, all end in leaky ReLU and dropout. The
    paper adds noise to the activations in some of its runs; here there is none.

    Reference: Odena et al., 2017, "Conditional Image Synthesis with Auxiliary
    Classifier GANs", arXiv:1610.09585.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: How many classes there are; a tuple of several attributes'.
        filters: Channels of the convolutions; the first, third, ... halve the image.
        dropout: Share that is dropped.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to a dict of float32
        `"logits"` of shape `(batch, 1)` and `"labels"`, logits of the classes, of
        shape `(batch, sum(num_classes))`.

    Example:

    >>> model = auxiliary_discriminator((32, 32, 3), 10, filters=(8, 8))
    >>> model.output["labels"].shape
    (None, 10)
    """
    check_sizes(filters=filters)
    x = images = keras.Input(check_image_shape(image_shape), name="images")
    for index, channels in enumerate(filters):
        layer = f"{name}_conv_{index + 1}"
        x = layers.Conv2D(
            channels,
            3,
            strides=1 + (index + 1) % 2,
            padding="same",
            use_bias=index == 0,
            kernel_initializer=keras.initializers.RandomNormal(0.0, 0.02),  # type: ignore[arg-type]
            name=layer,
        )(x)
        if index > 0:
            x = layers.BatchNormalization(
                momentum=0.9, epsilon=1e-5, name=f"{layer}_norm"
            )(x)
        x = layers.LeakyReLU(0.2, name=f"{layer}_relu")(x)
        x = layers.Dropout(dropout, name=f"{layer}_dropout")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    sizes = {"logits": 1, "labels": int(np.sum(checked_classes(num_classes)))}
    outputs = {
        key: layers.Dense(size, dtype="float32", name=f"{name}_{key}")(x)
        for key, size in sizes.items()
    }
    return keras.Model(images, outputs, name=name)
