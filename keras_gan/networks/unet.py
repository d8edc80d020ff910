"""The U-Net generator of Pix2Pix (Isola et al., 2017, arXiv:1611.07004)."""

import keras
from keras import layers

from keras_gan.networks.shapes import check_image_shape, check_sizes, crop
from keras_gan.networks.translation import (
    NORMALIZATIONS,
    UPSAMPLINGS,
    check_choice,
    convolution,
    doubled,
    normalized,
)

MOST_WIDTHS = 8
DROPOUT_STAGES = 3


def unet_generator(
    image_shape: tuple[int, int, int],
    channels: int = 3,
    *,
    width: int = 64,
    num_downs: int | None = None,
    normalization: str | None = "instance",
    dropout: float = 0.5,
    upsampling: str = "transposed",
    name: str = "generator",
) -> keras.Model:
    """Pictures to pictures: halved down to one pixel, doubled back, with skips.

    Convolutions of 4x4 and stride 2 whose channels double from `width` up to eight
    times; on the way back each stage sees the maps of its size on the way down, so
    that edges stay where they are. Odd sizes on the way are rounded up, and what the
    doublings overshoot is cut off: any height and width will do.

    Reference: Isola et al., 2017, "Image-to-Image Translation with Conditional
    Adversarial Networks", arXiv:1611.07004. Two things differ from the paper. It
    normalises by the statistics of the test batch, which for its batch of one are
    those of the instance: here this is instance normalisation, the same in training
    and in use. And it leaves dropout on when it draws; here dropout is on in training
    only, so that the same source gives the same picture in every exported file. The
    paper itself found that the noise changes its pictures little.

    Args:
        image_shape: `(height, width, channels)` of the source.
        channels: Channels of the picture it makes.
        width: Channels of the first convolution.
        num_downs: Number of halvings; by default until the smaller side is 1, 8 for
            256x256 as in the paper.
        normalization: `"instance"`, `"batch"` or `None`; none on the first and the
            innermost layer.
        dropout: Rate in the first three stages of the way back.
        upsampling: `"transposed"` as in the paper, or `"nearest"` or `"bilinear"`
            resizing before a convolution, which leaves no checkerboard (Odena et al.,
            2016).
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from sources of shape `(batch, *image_shape)` to float32 pictures in
        [-1, 1] of shape `(batch, height, width, channels)`.

    Example:

    >>> unet_generator((46, 62, 1), width=8).output_shape
    (None, 46, 62, 3)
    """
    image_shape = check_image_shape(image_shape, 2)
    check_sizes(channels=channels, width=width)
    check_choice("normalization", normalization, NORMALIZATIONS)
    check_choice("upsampling", upsampling, UPSAMPLINGS)
    most = max((min(image_shape[:2]) - 1).bit_length(), 1)
    num_downs = most if num_downs is None else num_downs
    check_sizes(num_downs=num_downs)
    if num_downs > most:
        raise ValueError(
            f"An image with a side of {min(image_shape[:2])} can be halved {most} "
            f"times. Received: num_downs={num_downs}. Give fewer."
        )

    x = source = keras.Input(image_shape, name="source")
    maps = []
    for stage in range(num_downs):
        label = f"{name}_down_{stage + 1}"
        maps.append(x)
        if stage:
            x = layers.LeakyReLU(0.2, name=f"{label}_relu")(x)
        x = convolution(_filters(width, stage), 4, label, strides=2)(x)
        if 0 < stage < num_downs - 1:
            x = normalized(x, normalization, label)
    for stage in reversed(range(1, num_downs)):
        label = f"{name}_up_{stage + 1}"
        x = layers.ReLU(name=f"{label}_relu")(x)
        x = doubled(x, _filters(width, stage - 1), 4, upsampling, label)
        x = normalized(x, normalization, label)
        if dropout and num_downs - 1 - stage < DROPOUT_STAGES:
            x = layers.Dropout(dropout, name=f"{label}_dropout")(x)
        skip = maps[stage]
        x = crop(x, *skip.shape[1:3], f"{label}_crop")
        x = layers.Concatenate(name=f"{label}_skip")([x, skip])
    x = layers.ReLU(name=f"{name}_up_1_relu")(x)
    x = doubled(x, channels, 4, upsampling, f"{name}_up_1")
    x = crop(x, *image_shape[:2], f"{name}_up_1_crop")
    images = layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)
    return keras.Model(source, images, name=name)


def _filters(width, stage):
    return width * min(2**stage, MOST_WIDTHS)
