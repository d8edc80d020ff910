"""Games from pictures to pictures, with their papers' networks and numbers."""

import keras

from keras_gan import networks
from keras_gan.models.cyclegan import CycleGAN
from keras_gan.models.pix2pix import Pix2Pix
from keras_gan.schedules import LinearDecay


def pix2pix(
    image_shape: tuple[int, int, int] = (256, 256, 3),
    source_shape: tuple[int, int, int] | None = None,
    *,
    width: int = 64,
    seed: int | None = None,
) -> Pix2Pix:
    """Pix2Pix of Isola et al. (2017, arXiv:1611.07004), compiled.

    U-Net and 70x70 PatchGAN of width 64, L1 with weight 100, Adam with learning rate
    2e-4 and beta_1 0.5, batches of 1 to 10, crops of 256x256 out of 286x286 and
    mirroring (`data.jittered`), 200 epochs of 400 facades. Pictures smaller than 256
    get a discriminator of smaller patches: 34x34 from 64 on, else 16x16. Normalisation
    and dropout differ from the paper as `networks.unet_generator` says.

    Args:
        image_shape: `(height, width, channels)` of the pictures to make.
        source_shape: The same of their sources, by default `image_shape`.
        width: Channels of the first convolutions.
        seed: See `AdversarialModel`.

    Returns:
        A `Pix2Pix` that `evaluate` judges by KID, L1 and SSIM.
    """
    source_shape = source_shape or image_shape
    game = Pix2Pix(
        networks.unet_generator(source_shape, image_shape[2], width=width),
        networks.patchgan_discriminator(
            image_shape, source_shape, width=width, num_downs=_num_downs(image_shape)
        ),
        seed=seed,
    )
    game.compile(_adam(2e-4), _adam(2e-4), metrics=["kid", "l1", "ssim"])
    return game


def cyclegan(
    image_shape: tuple[int, int, int] = (256, 256, 3),
    *,
    width: int = 64,
    num_blocks: int | None = None,
    light: bool = False,
    constant_steps: int | None = None,
    decay_steps: int | None = None,
    seed: int | None = None,
) -> CycleGAN:
    """CycleGAN of Zhu et al. (2017, arXiv:1703.10593), compiled.

    Residual generators of width 64 with nine blocks, six below 256 pixels, that draw
    at any size; 70x70 PatchGANs, smaller for small pictures as in `pix2pix`; least
    squares, cycle weight 10, identity half of it, pools of 50 images; Adam with
    learning rate 2e-4 and beta_1 0.5, constant for 100 epochs and falling to 0 over
    another 100; batches of 1, crops of 256x256 out of 286x286 and mirroring
    (`data.jittered`).

    Args:
        image_shape: `(height, width, channels)` of the pictures that it trains on.
        width: Channels of the first convolutions.
        num_blocks: Residual blocks, by default the paper's.
        light: Whether the generators are those for phones: separable convolutions and
            nearest doubling. Give a small `width` with it, such as 16.
        constant_steps: Steps with the full learning rate, 100 times the length of an
            epoch in the paper. `None` never lowers it.
        decay_steps: Steps from there to 0, by default as many.
        seed: See `AdversarialModel`.

    Returns:
        A `CycleGAN` of direction `"ab"`.
    """
    if num_blocks is None:
        num_blocks = 9 if min(image_shape[:2]) >= 256 else 6
    channels = image_shape[2]
    generators = (
        networks.resnet_generator(
            (None, None, channels),
            channels,
            width=width,
            num_blocks=num_blocks,
            light=light,
            name=name,
        )
        for name in CycleGAN.generators
    )
    discriminators = (
        networks.patchgan_discriminator(
            image_shape, width=width, num_downs=_num_downs(image_shape), name=name
        )
        for name in CycleGAN.discriminators
    )
    game = CycleGAN(*generators, *discriminators, seed=seed)
    rates = (2e-4, 2e-4)
    if constant_steps is not None:
        decay_steps = decay_steps or constant_steps
        rates = (LinearDecay(2e-4, constant_steps, decay_steps) for _ in range(2))
    game.compile(*map(_adam, rates))
    return game


def _num_downs(image_shape) -> int:
    side = min(image_shape[:2])
    return 3 if side >= 256 else 2 if side >= 64 else 1


def _adam(rate):
    return keras.optimizers.Adam(rate, beta_1=0.5)
