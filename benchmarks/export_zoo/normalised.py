"""Generators by their normalisation, and with attention."""

from keras import layers, ops

from export_zoo.blocks import block
from export_zoo.parts import WIDTH, from_latents, to_images, up

NORMALISED = "Normalisation and attention"


@block(NORMALISED)
def spectral_norm_conv():
    """Keras' `SpectralNormalization` of convolutions after `UpSampling2D`."""
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        convolution = layers.Conv2D(channels, 3, padding="same")
        x = layers.SpectralNormalization(convolution)(layers.UpSampling2D()(x))
        x = layers.ReLU()(x)
    return to_images(latents, x)


@block(NORMALISED)
def spectral_norm_conv_transpose():
    """The same of transposed convolutions."""
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        convolution = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")
        x = layers.ReLU()(layers.SpectralNormalization(convolution)(x))
    return to_images(latents, x)


def normed_dcgan(norm):
    latents, x = from_latents()
    for channels in (WIDTH, WIDTH // 2):
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same")(x)
        x = layers.ReLU()(norm()(x))
    return to_images(latents, x)


@block(NORMALISED)
def group_norm():
    """`GroupNormalization` in four groups."""
    return normed_dcgan(lambda: layers.GroupNormalization(4))


@block(NORMALISED)
def instance_norm():
    """Instance normalisation, as `GroupNormalization(-1)`."""
    return normed_dcgan(lambda: layers.GroupNormalization(-1))


@block(NORMALISED)
def layer_norm():
    """`LayerNormalization` over the channels."""
    return normed_dcgan(layers.LayerNormalization)


@block(NORMALISED)
def rms_norm():
    """`RMSNormalization` over the channels."""
    return normed_dcgan(layers.RMSNormalization)


@block(NORMALISED)
def attention_mha():
    """`MultiHeadAttention` between the positions of a map."""
    latents, x = from_latents()
    x = up(x)
    rows = layers.Reshape((64, WIDTH // 2))(x)
    rows = rows + layers.MultiHeadAttention(2, 8)(rows, rows)
    return to_images(latents, up(layers.Reshape((8, 8, WIDTH // 2))(rows)))


@block(NORMALISED)
def attention_sagan():
    """SAGAN's attention, by `ops.einsum`."""
    latents, x = from_latents()
    x = up(x)
    query, key = (layers.Conv2D(4, 1)(x) for _ in range(2))
    value = layers.Conv2D(WIDTH // 2, 1)(x)
    scores = ops.einsum("bhwc,bijc->bhwij", query, key)
    beta = ops.reshape(ops.softmax(ops.reshape(scores, (-1, 64, 64))), (-1, 64, 8, 8))
    attended = ops.einsum("bnij,bijc->bnc", beta, value)
    x = x + 0.5 * ops.reshape(attended, (-1, 8, 8, WIDTH // 2))
    return to_images(latents, up(x))
