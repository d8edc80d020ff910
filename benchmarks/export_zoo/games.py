"""The generators of the games that draw what they are asked for, at a small size."""

from export_zoo.blocks import block
from export_zoo.parts import pictures
from export_zoo.project import NETWORKS
from keras_gan import networks
from keras_gan.export.samplers import Integers, Uniform


@block(NETWORKS)
def conditional_generator():
    """By one of ten labels, joined to the latents."""
    return networks.conditional_generator((16, 16, 3), 10, 32, width=8)


@block(NETWORKS, labels=Integers((3, 4)))
def conditional_generator_normalised():
    """By two attributes, in the batch normalisation."""
    return networks.conditional_generator(
        (16, 16, 3), (3, 4), 32, width=8, conditioning="batch_normalization"
    )


@block(NETWORKS, codes=Uniform(-1.0, 1.0))
def infogan_generator():
    """By a class and two codes."""
    return networks.infogan_generator((16, 16, 1), 10, 2, 32, units=64, width=8)


@block(NETWORKS)
def text_generator():
    """By the ids of eight words."""
    encoder = networks.text_encoder(50, 8, dim=16)
    return networks.text_generator((16, 16, 3), encoder, 32, condition_dim=16, width=8)


@block(NETWORKS)
def face_aging_generator():
    """Of a picture and one of five groups."""
    return networks.face_aging_generator((16, 16, 3), 5, width=8, num_blocks=2)


@block(NETWORKS, samples=pictures(32, 32, 3))
def unet_generator():
    """Of a picture, with skips."""
    return networks.unet_generator((32, 32, 3), width=8)


@block(NETWORKS, samples=pictures(32, 32, 3))
def resnet_generator():
    """Of a picture, with reflected borders."""
    return networks.resnet_generator((32, 32, 3), width=8, num_blocks=2)


@block(NETWORKS, samples=pictures(32, 32, 3))
def resnet_generator_light():
    """The same for phones."""
    return networks.resnet_generator((32, 32, 3), width=8, num_blocks=2, light=True)
