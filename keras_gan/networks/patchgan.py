"""PatchGAN, the discriminator of Pix2Pix and CycleGAN (arXiv:1611.07004)."""

import keras
from keras import layers

from keras_gan.networks.shapes import check_image_shape, check_sizes
from keras_gan.networks.translation import (
    NORMALIZATIONS,
    check_choice,
    convolution,
    normalized,
)

MOST_WIDTHS = 8


def patchgan_discriminator(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int] | None = None,
    *,
    width: int = 64,
    num_downs: int = 3,
    normalization: str | None = "instance",
    name: str = "discriminator",
) -> keras.Model:
    """Images to a map of logits, each of which judges one patch.

    Convolutions of 4x4: `num_downs` of stride 2 with `width` channels doubling up to
    eight times, one of stride 1, and one to the logits. With 3 halvings a logit sees
    70x70 pixels, with 2 of them 34x34, with 1 16x16: fewer for smaller images.

    Reference: Isola et al., 2017, "Image-to-Image Translation with Conditional
    Adversarial Networks", arXiv:1611.07004, and for one image Zhu et al., 2017,
    arXiv:1703.10593. The paper's batch normalisation at a batch of one is instance
    normalisation, which is what we have by default; convolutions of stride 1 keep the
    size, where the authors' code loses a pixel.

    Args:
        image_shape: `(height, width, channels)` of the images it judges.
        source_shape: The same of the source that they belong to, of the same height
            and width; `None` judges images alone, as in CycleGAN.
        width: Channels of the first convolution.
        num_downs: Number of halvings.
        normalization: `"instance"`, `"batch"` or `None`, not on the first layer.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images, or from a dict of `"source"` and `"images"`, to float32
        logits of shape `(batch, rows, columns, 1)`.

    Example:

    >>> patchgan_discriminator((64, 64, 3), width=8).output_shape
    (None, 8, 8, 1)
    """
    image_shape = check_image_shape(image_shape, 2)
    check_sizes(width=width, num_downs=num_downs)
    check_choice("normalization", normalization, NORMALIZATIONS)
    x = images = keras.Input(image_shape, name="images")
    inputs = images
    if source_shape is not None:
        source_shape = check_image_shape(source_shape, 2)
        _check_same_size(image_shape, source_shape)
        source = keras.Input(source_shape, name="source")
        inputs = {"source": source, "images": images}
        x = layers.Concatenate(name=f"{name}_pair")([source, images])
    for stage in range(num_downs + 1):
        label = f"{name}_{stage + 1}"
        filters = width * min(2**stage, MOST_WIDTHS)
        x = convolution(filters, 4, label, strides=2 if stage < num_downs else 1)(x)
        if stage:
            x = normalized(x, normalization, label)
        x = layers.LeakyReLU(0.2, name=f"{label}_relu")(x)
    logits = convolution(1, 4, f"{name}_logits", dtype="float32")(x)
    return keras.Model(inputs, logits, name=name)


def _check_same_size(image_shape, source_shape):
    if image_shape[:2] != source_shape[:2]:
        raise ValueError(
            "Image and source must have the same height and width. Received: "
            f"image_shape={image_shape}, source_shape={source_shape}. Resize one."
        )
