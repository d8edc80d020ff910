"""The residual generator of CycleGAN (Zhu et al., 2017, arXiv:1703.10593)."""

import keras
from keras import layers

from keras_gan.layers import ReflectionPadding2D
from keras_gan.networks.shapes import check_sizes
from keras_gan.networks.translation import (
    NORMALIZATIONS,
    UPSAMPLINGS,
    check_choice,
    convolution,
    doubled,
    normalized,
    separable,
)


def resnet_generator(
    image_shape: tuple[int | None, int | None, int] = (None, None, 3),
    channels: int = 3,
    *,
    width: int = 64,
    num_blocks: int = 9,
    light: bool = False,
    normalization: str | None = "instance",
    upsampling: str | None = None,
    name: str = "generator",
) -> keras.Model:
    """Pictures to pictures: halved twice, residual blocks, doubled twice.

    It is fully convolutional. With height and width of `None` one set of weights
    draws at any size whose sides can be divided by 4, and exported files keep them
    free where their format allows.

    Reference: Zhu et al., 2017, "Unpaired Image-to-Image Translation using
    Cycle-Consistent Adversarial Networks", arXiv:1703.10593: c7s1-64, d128, d256,
    nine R256 (six for 128x128), u128, u64, c7s1-3, with reflection padding; after
    Johnson et al., 2016, arXiv:1603.08155.

    Args:
        image_shape: `(height, width, channels)` of the source; height and width may
            be `None`.
        channels: Channels of the picture it makes.
        width: Channels of the first convolution; four times as many in the blocks.
        num_blocks: Number of residual blocks.
        light: Whether all but the first and the last convolution are separable into
            one of each channel and one of 1x1 (Howard et al., 2017,
            arXiv:1704.04861), for phones.
        normalization: `"instance"`, `"batch"` or `None`.
        upsampling: `"transposed"` as in the paper, or `"nearest"` or, where height
            and width are fixed, `"bilinear"` resizing before a convolution. `None` is
            the paper's, and `"nearest"` with `light`, where there is no transposed
            one.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from sources of shape `(batch, *image_shape)` to float32 pictures in
        [-1, 1] of shape `(batch, height, width, channels)`.

    Example:

    >>> resnet_generator(width=8, num_blocks=2).output_shape
    (None, None, None, 3)
    """
    image_shape = _checked_shape(image_shape)
    check_sizes(channels=channels, width=width, num_blocks=num_blocks)
    check_choice("normalization", normalization, NORMALIZATIONS)
    if upsampling is None:
        upsampling = "nearest" if light else "transposed"
    check_choice("upsampling", upsampling, UPSAMPLINGS[1:] if light else UPSAMPLINGS)
    if upsampling == "bilinear" and None in image_shape:
        raise ValueError(
            "Keras traces bilinear doubling for fixed sizes only. Received: "
            f"upsampling='bilinear', image_shape={image_shape}. Give 'nearest', or "
            "height and width."
        )
    conv = separable if light else convolution

    def activated(x, label):
        x = normalized(x, normalization, label)
        return layers.ReLU(name=f"{label}_relu")(x)

    x = source = keras.Input(image_shape, name="source")
    x = ReflectionPadding2D(3, name=f"{name}_in_pad")(x)
    x = convolution(width, 7, f"{name}_in", padding="valid")(x)
    x = activated(x, f"{name}_in")
    for stage in (1, 2):
        label = f"{name}_down_{stage}"
        x = activated(conv(width * 2**stage, 3, label, strides=2)(x), label)
    for block in range(num_blocks):
        x = _residual(x, conv, normalization, f"{name}_block_{block + 1}")
    for stage in (1, 0):
        label = f"{name}_up_{stage + 1}"
        x = doubled(x, width * 2**stage, 3, upsampling, label, conv)
        x = activated(x, label)
    x = ReflectionPadding2D(3, name=f"{name}_out_pad")(x)
    x = convolution(channels, 7, f"{name}_out", padding="valid")(x)
    images = layers.Activation("tanh", dtype="float32", name=f"{name}_images")(x)
    return keras.Model(source, images, name=name)


def _residual(x, conv, normalization, name):
    skip, filters = x, x.shape[-1]
    for half in ("a", "b"):
        label = f"{name}{half}"
        x = ReflectionPadding2D(1, name=f"{label}_pad")(x)
        x = conv(filters, 3, label, padding="valid")(x)
        x = normalized(x, normalization, label)
        if half == "a":
            x = layers.ReLU(name=f"{label}_relu")(x)
    return layers.Add(name=name)([skip, x])


def _checked_shape(image_shape):
    shape = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    if len(shape) == 3:
        check_sizes(image_shape=tuple(size or 1 for size in shape[:2]) + shape[2:])
    if len(shape) != 3 or any(size is not None and size % 4 for size in shape[:2]):
        raise ValueError(
            "`image_shape` must be `(height, width, channels)`, height and width "
            "`None` or divisible by 4, since they are halved twice and doubled back. "
            f"Received: image_shape={image_shape}. Resize the images."
        )
    return shape
