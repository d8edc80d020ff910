"""Games with labels, compiled with their papers' settings."""

from typing import Any

import keras

from keras_gan import networks
from keras_gan.models import ACGAN, ConditionalGAN, InfoGAN

Shape = tuple[int, int, int]
Classes = int | tuple[int, ...]


def conditional_dcgan(
    image_shape: Shape,
    num_classes: Classes,
    *,
    latent_dim: int = 100,
    width: int = 64,
    **options: Any,
) -> ConditionalGAN:
    """DCGAN with labels by concatenation.

    Mirza and Osindero (2014, arXiv:1411.1784) join labels to perceptrons; here they
    join the networks and settings of Radford et al. (2015, arXiv:1511.06434): uniform
    latents, batches of 128, Adam with learning rate 2e-4 and beta_1 0.5.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        num_classes: How many classes there are; a tuple of several attributes'.
        latent_dim: Number of latents.
        width: Of both networks; DCGAN's is 128 for images of 64x64.
        **options: Of `ConditionalGAN`, such as `seed` and `ema_momentum`.
    """
    game = ConditionalGAN(
        networks.conditional_generator(
            image_shape, num_classes, latent_dim, width=width
        ),
        networks.conditional_discriminator(image_shape, num_classes, width=width),
        num_classes=num_classes,
        latent_dim=latent_dim,
        latent_distribution="uniform",
        **options,
    )
    game.compile(_adam(2e-4, 0.5), _adam(2e-4, 0.5))
    return game


def projection_gan(
    image_shape: Shape,
    num_classes: Classes,
    *,
    latent_dim: int = 128,
    width: int = 64,
    discriminator_steps: int = 5,
    **options: Any,
) -> ConditionalGAN:
    """Conditional batch norm against a projection discriminator, hinge loss.

    Miyato and Koyama (2018, arXiv:1802.05637): spectral normalisation in the
    discriminator, Adam with learning rate 2e-4, beta_1 0 and beta_2 0.9, five
    discriminator steps a round, 64 examples in each. The networks are DCGAN's; the
    paper's are residual ones.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        num_classes: How many classes there are; a tuple of several attributes'.
        latent_dim: Number of latents.
        width: Of both networks.
        discriminator_steps: Turns of the discriminator in a round; the batch is shared
            by them.
        **options: Of `ConditionalGAN`, such as `seed` and `ema_momentum`.
    """
    game = ConditionalGAN(
        networks.conditional_generator(
            image_shape,
            num_classes,
            latent_dim,
            width=width,
            conditioning="batch_normalization",
        ),
        networks.conditional_discriminator(
            image_shape,
            num_classes,
            width=width,
            normalization="spectral",
            conditioning="projection",
        ),
        num_classes=num_classes,
        latent_dim=latent_dim,
        **options,
    )
    game.compile(
        _adam(2e-4, 0.0, 0.9),
        _adam(2e-4, 0.0, 0.9),
        loss="hinge",
        discriminator_steps=discriminator_steps,
    )
    return game


def acgan(
    image_shape: Shape,
    num_classes: Classes,
    *,
    latent_dim: int = 100,
    width: int = 96,
    **options: Any,
) -> ACGAN:
    """AC-GAN as for CIFAR-10 (Odena et al., 2017, arXiv:1610.09585, appendix).

    At 32x32 the generator is the table's: 384, 192 and 96 channels, 5x5 kernels. Adam
    with learning rate 2e-4 and beta_1 0.5; batches of 100. The paper's noise on the
    discriminator's activations is left out.

    Args:
        image_shape: `(height, width, channels)`, sides from 4 up.
        num_classes: How many classes there are; a tuple of several attributes'.
        latent_dim: Number of latents.
        width: Of the generator.
        **options: Of `ACGAN`, such as `seed` and `ema_momentum`.
    """
    game = ACGAN(
        networks.conditional_generator(
            image_shape, num_classes, latent_dim, width=width
        ),
        networks.auxiliary_discriminator(image_shape, num_classes),
        num_classes=num_classes,
        latent_dim=latent_dim,
        **options,
    )
    game.compile(_adam(2e-4, 0.5), _adam(2e-4, 0.5))
    return game


def infogan(
    image_shape: Shape,
    num_classes: Classes = 10,
    *,
    num_codes: int = 2,
    latent_dim: int = 62,
    **options: Any,
) -> InfoGAN:
    """InfoGAN as for MNIST (Chen et al., 2016, arXiv:1606.03657, appendix C).

    62 latents, a class of ten, two codes; Adam with beta_1 0.5 and learning rate 1e-3
    for the generator, 2e-4 for the discriminator.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: How many classes there are to find; a tuple of several codes'.
        num_codes: Number of continuous codes.
        latent_dim: Number of latents.
        **options: Of `InfoGAN`, such as `seed` and `information_weight`.
    """
    game = InfoGAN(
        networks.infogan_generator(image_shape, num_classes, num_codes, latent_dim),
        networks.infogan_discriminator(image_shape, num_classes, num_codes),
        num_classes=num_classes,
        num_codes=num_codes,
        latent_dim=latent_dim,
        **options,
    )
    game.compile(_adam(1e-3, 0.5), _adam(2e-4, 0.5))
    return game


def _adam(learning_rate, beta_1, beta_2=0.999):
    return keras.optimizers.Adam(learning_rate, beta_1=beta_1, beta_2=beta_2)
