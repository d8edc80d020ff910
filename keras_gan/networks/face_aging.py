"""Networks for face ageing: one that ages faces, a critic, and frozen judges.

References:
    Johnson et al., 2016 (arXiv:1603.08155): the residual image-to-image network
    Dumoulin et al., 2017 (arXiv:1610.07629): conditional instance normalisation
    Zhu et al., 2019 (arXiv:1910.12771): an attention mask for ageing
    Miyato and Koyama, 2018 (arXiv:1802.05637): the projection discriminator
"""

from typing import Any

import keras
from keras import layers

from keras_gan.networks.shapes import check_image_shape, check_sizes

SMALLEST_IMAGE = 8


def face_aging_generator(
    image_shape: tuple[int, int, int],
    num_groups: int,
    *,
    width: int = 32,
    num_blocks: int = 6,
    name: str = "generator",
) -> keras.Model:
    """Faces and age groups to the faces at that age.

    The residual network of Johnson et al. (2016), which IPCGAN takes too: halved
    twice, residual blocks, doubled twice. The group enters by the scales and shifts
    of conditional instance normalisation. The last layer draws colours and a mask of
    where to put them (Zhu et al., 2019): elsewhere a face is left as it is, which
    keeps background and identity without having to learn to copy them.

    Args:
        image_shape: `(height, width, channels)`, sides from 8 up, divisible by 4.
        num_groups: Number of age groups.
        width: Channels of the first convolution; the papers' is 32.
        num_blocks: Number of residual blocks; IPCGAN has 6.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from `"images"` of shape `(batch, *image_shape)` in [-1, 1] and int32
        `"labels"` of shape `(batch,)` to float32 images of the same shape and range.

    Example:

    >>> face_aging_generator((16, 16, 3), 5, width=4, num_blocks=1).output_shape
    (None, 16, 16, 3)
    """
    height, breadth, channels = check_image_shape(image_shape, SMALLEST_IMAGE)
    check_sizes(num_groups=num_groups, width=width, num_blocks=num_blocks)
    if height % 4 or breadth % 4:
        raise ValueError(
            "The image is halved twice. Expected sides that are divisible by 4. "
            f"Received: image_shape={image_shape}. Resize with "
            "`keras_gan.data.resize`."
        )
    images = keras.Input((height, breadth, channels), name="images")
    labels = keras.Input((), dtype="int32", name="labels")

    def stage(x, filters, kernel_size, name, strides=1, activation="relu"):
        convolution = layers.Conv2D(
            filters, kernel_size, strides, "same", use_bias=False, name=name
        )
        x = _conditional_norm(convolution(x), labels, num_groups, name)
        return layers.Activation(activation, name=f"{name}_{activation}")(x)

    x = stage(images, width, 7, f"{name}_in")
    x = stage(x, 2 * width, 3, f"{name}_down_1", strides=2)
    x = stage(x, 4 * width, 3, f"{name}_down_2", strides=2)
    for block in range(1, num_blocks + 1):
        prefix = f"{name}_block_{block}"
        h = stage(x, 4 * width, 3, f"{prefix}_1")
        h = stage(h, 4 * width, 3, f"{prefix}_2", activation="linear")
        x = layers.Add(name=f"{prefix}_add")([x, h])
    for step, filters in ((1, 2 * width), (2, width)):
        x = layers.UpSampling2D(name=f"{name}_up_{step}_double")(x)
        x = stage(x, filters, 3, f"{name}_up_{step}")
    colors = layers.Conv2D(channels, 7, padding="same", name=f"{name}_colors")(x)
    # An untrained mask shows a quarter of the colours.
    bias = keras.initializers.Constant(-1.0)
    to_mask = layers.Conv2D(
        1, 7, padding="same", bias_initializer=bias, name=f"{name}_mask"
    )
    return keras.Model(
        {"images": images, "labels": labels},
        _blend(images, colors, to_mask(x), name),
        name=name,
    )


def face_aging_discriminator(
    image_shape: tuple[int, int, int],
    num_groups: int,
    *,
    width: int = 64,
    name: str = "discriminator",
) -> keras.Model:
    """Faces and age groups to a logit: a face of that group, or none.

    Convolutions that halve the image down to 4 pixels, without normalisation, so
    that a gradient penalty can hold it; then a dense layer and the projection on an
    embedding of the group (Miyato and Koyama, 2018).

    Args:
        image_shape: `(height, width, channels)`, sides from 8 up.
        num_groups: Number of age groups.
        width: Channels of the first convolution; each next has twice as many.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from `"images"` of shape `(batch, *image_shape)` and int32 `"labels"`
        of shape `(batch,)` to float32 logits of shape `(batch, 1)`.

    Example:

    >>> face_aging_discriminator((16, 16, 3), 5, width=4).output_shape
    (None, 1)
    """
    image_shape = check_image_shape(image_shape, SMALLEST_IMAGE)
    check_sizes(num_groups=num_groups, width=width)
    images = keras.Input(image_shape, name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    x, stage = images, 0
    while stage == 0 or min(x.shape[1:3]) > 4:
        filters, prefix = width * 2**stage, f"{name}_down_{stage + 1}"
        x = layers.Conv2D(filters, 4, 2, "same", name=prefix)(x)
        x = layers.LeakyReLU(0.2, name=f"{prefix}_relu")(x)
        stage += 1
    features = layers.GlobalAveragePooling2D(name=f"{name}_features")(x)
    embedding = layers.Embedding(
        num_groups, features.shape[-1], dtype="float32", name=f"{name}_group"
    )(labels)
    projection = layers.Dot(axes=1, dtype="float32", name=f"{name}_projection")
    to_logits = layers.Dense(1, dtype="float32", name=f"{name}_dense")
    logits = layers.Add(dtype="float32", name=f"{name}_logits")(
        [to_logits(features), projection([features, embedding])]
    )
    return keras.Model({"images": images, "labels": labels}, logits, name=name)


def face_judge(
    image_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    width: int = 32,
    name: str = "judge",
) -> keras.Model:
    """A small network from faces to a vector, for an encoder or a classifier.

    Convolutions with batch normalisation that halve the image down to 4 pixels, half
    of that dropped out, and one linear layer: features of identity, logits of age
    groups or an age, as it is trained.

    Args:
        image_shape: `(height, width, channels)`, sides from 8 up.
        num_outputs: Length of the vector.
        width: Channels of the first convolution; each next has twice as many.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from images of shape `(batch, *image_shape)` to float32 vectors of
        shape `(batch, num_outputs)`.

    Example:

    >>> face_judge((16, 16, 3), 5, width=4).output_shape
    (None, 5)
    """
    image_shape = check_image_shape(image_shape, SMALLEST_IMAGE)
    check_sizes(num_outputs=num_outputs, width=width)
    images = keras.Input(image_shape, name="images")
    x, stage = images, 0
    while stage == 0 or min(x.shape[1:3]) > 4:
        filters, prefix = width * 2**stage, f"{name}_down_{stage + 1}"
        x = layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=prefix)(x)
        # So short a training wants statistics that follow at once.
        x = layers.BatchNormalization(momentum=0.9, name=f"{prefix}_norm")(x)
        x = layers.ReLU(name=f"{prefix}_relu")(x)
        stage += 1
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    outputs = layers.Dense(num_outputs, dtype="float32", name=f"{name}_output")(x)
    return keras.Model(images, outputs, name=name)


def _conditional_norm(x, labels, num_groups, name):
    filters = x.shape[-1]
    x = layers.GroupNormalization(
        groups=-1, center=False, scale=False, name=f"{name}_norm"
    )(x)
    for kind, start in (("scale", "ones"), ("shift", "zeros")):
        per_group: Any = layers.Embedding(
            num_groups, filters, embeddings_initializer=start, name=f"{name}_{kind}"
        )(labels)
        per_group = layers.Reshape((1, 1, filters), name=f"{name}_{kind}_map")(
            per_group
        )
        combine = layers.Multiply if kind == "scale" else layers.Add
        x = combine(name=f"{name}_{kind}d")([x, per_group])
    return x


def _blend(images, colors, mask, name):
    # In float32 the pixels that are left alone keep their last bits.
    options = {"dtype": "float32"}
    colors = layers.Activation("tanh", **options, name=f"{name}_tanh")(colors)
    mask = layers.Activation("sigmoid", **options, name=f"{name}_sigmoid")(mask)
    change = layers.Subtract(**options, name=f"{name}_change")([colors, images])
    change = layers.Multiply(**options, name=f"{name}_masked")([change, mask])
    return layers.Add(**options, name=f"{name}_images")([images, change])
