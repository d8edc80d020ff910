"""Networks for captions: Reed et al. (2016) and StackGAN (Zhang et al., 2017)."""

import keras
from keras import layers, ops

from keras_gan.layers import ConditioningAugmentation
from keras_gan.networks.dcgan import dcgan_discriminator, dcgan_generator
from keras_gan.networks.shapes import check_image_shape, check_sizes

# Of a `keras_gan.data.Vocabulary`.
PADDING = 0


def text_encoder(
    num_ids: int, length: int, *, dim: int = 128, name: str = "encoder"
) -> keras.Model:
    """Token ids to features: the mean of the words' embeddings, then a dense layer.

    A bag of words, small enough to be learned with the game from a few thousand
    captions. It knows no order; for sentences whose order matters, give the game
    embeddings of an encoder that was trained on more text.

    Args:
        num_ids: Number of ids, `Vocabulary.num_ids`. Id 0 is padding and is left out.
        length: Ids in a row, `Vocabulary.length`.
        dim: Length of an embedding and of the features.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from `tokens`, int32 of shape `(batch, length)`, to features of shape
        `(batch, dim)`.

    Example:

    >>> text_encoder(100, 8, dim=16).output_shape
    (None, 16)
    """
    check_sizes(num_ids=num_ids, length=length, dim=dim)
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    # Large, so that captions differ from the first step on.
    vectors = layers.Embedding(
        num_ids,
        dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        name=f"{name}_embedding",
    )(tokens)
    is_word = ops.expand_dims(ops.cast(ops.not_equal(tokens, PADDING), "float32"), -1)
    total = ops.sum(vectors * is_word, axis=1)
    mean = total / ops.maximum(ops.sum(is_word, axis=1), 1.0)
    features = _projected(mean, dim, f"{name}_features")
    return keras.Model(tokens, features, name=name)


def embeddings_encoder(
    embedding_dim: int, *, dim: int = 128, name: str = "encoder"
) -> keras.Model:
    """Embeddings of any encoder to features: one dense layer (Reed et al., 2016).

    Args:
        embedding_dim: Length of an embedding.
        dim: Length of the features.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from `embeddings` of shape `(batch, embedding_dim)` to features of
        shape `(batch, dim)`.

    Example:

    >>> embeddings_encoder(384).output_shape
    (None, 128)
    """
    check_sizes(embedding_dim=embedding_dim, dim=dim)
    embeddings = keras.Input((embedding_dim,), name="embeddings")
    features = _projected(embeddings, dim, f"{name}_features")
    return keras.Model(embeddings, features, name=name)


def text_generator(
    image_shape: tuple[int, int, int],
    encoder: keras.Model,
    latent_dim: int = 100,
    *,
    condition_dim: int = 128,
    width: int = 64,
    kernel_size: int = 5,
    name: str = "generator",
) -> keras.Model:
    """Latents and a text to an image: conditioning augmentation before a DCGAN.

    The first stage of StackGAN on the convolutions of `dcgan_generator`.

    Reference: Zhang et al., 2017, arXiv:1612.03242. There the text is embedded by a
    network that was trained before and stays as it is.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        encoder: From one input, `tokens` or `embeddings`, to features; trained with
            the generator. Of `text_encoder`, `embeddings_encoder`, or your own.
        latent_dim: Length of the latents besides those of the condition.
        condition_dim: Length of the condition; as many latents are its noise.
        width: As in `dcgan_generator`.
        kernel_size: As in `dcgan_generator`.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `latents`, of shape
        `(batch, condition_dim + latent_dim)`, and the encoder's input, to float32
        images in [-1, 1] of shape `(batch, *image_shape)`.

    Example:

    >>> text_generator((32, 32, 3), text_encoder(100, 8), width=8).output_shape
    (None, 32, 32, 3)
    """
    check_sizes(latent_dim=latent_dim, condition_dim=condition_dim)
    num_latents = condition_dim + latent_dim
    latents = keras.Input((num_latents,), name="latents")
    text, features = _text(encoder)
    condition = ConditioningAugmentation(condition_dim, name=f"{name}_condition")
    draw = dcgan_generator(
        image_shape, num_latents, width=width, kernel_size=kernel_size, name=name
    )
    images = draw(condition((features, latents)))
    return keras.Model({"latents": latents, **text}, images, name=name)


def text_discriminator(
    image_shape: tuple[int, int, int],
    encoder: keras.Model,
    *,
    text_dim: int = 128,
    width: int = 64,
    kernel_size: int = 5,
    normalization: str | None = "batch",
    name: str = "discriminator",
) -> keras.Model:
    """An image and a text to a logit: whether the image is real and the text its own.

    The convolutions of `dcgan_discriminator`; the text, compressed, is repeated at
    every place of the last map, and a 1x1 convolution sees both.

    Reference: Reed et al., 2016, "Generative Adversarial Text to Image Synthesis",
    arXiv:1605.05396, section 4.1.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        encoder: As in `text_generator`; another one than the generator's.
        text_dim: Length that the text is compressed to.
        width: As in `dcgan_discriminator`.
        kernel_size: As in `dcgan_discriminator`.
        normalization: As in `dcgan_discriminator`.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `images` and the encoder's input to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> text_discriminator((32, 32, 3), text_encoder(100, 8), width=8).output_shape
    (None, 1)
    """
    check_image_shape(image_shape)
    check_sizes(text_dim=text_dim)
    judge = dcgan_discriminator(
        image_shape,
        width=width,
        kernel_size=kernel_size,
        normalization=normalization,
        name=name,
    )
    seen = judge.get_layer(f"{name}_flatten").input
    text, features = _text(encoder)
    height, breadth, channels = seen.shape[1:]
    said = _projected(features, text_dim, f"{name}_text")
    said = layers.RepeatVector(height * breadth, name=f"{name}_text_repeat")(said)
    said = layers.Reshape((height, breadth, text_dim), name=f"{name}_text_map")(said)
    x = layers.Concatenate(name=f"{name}_both")([seen, said])
    x = layers.Conv2D(channels, 1, name=f"{name}_match")(x)
    x = layers.LeakyReLU(0.2, name=f"{name}_match_relu")(x)
    x = layers.Flatten(name=f"{name}_match_flatten")(x)
    logits = layers.Dense(1, dtype="float32", name=f"{name}_logits")(x)
    return keras.Model({"images": judge.input, **text}, logits, name=name)


def _text(encoder):
    """The input of an encoder by its name, and the features of it."""
    text = keras.Input(
        encoder.input.shape[1:], dtype=encoder.input.dtype, name=encoder.input.name
    )
    return {encoder.input.name: text}, encoder(text)


def _projected(x, dim, name):
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(layers.Dense(dim, name=name)(x))
