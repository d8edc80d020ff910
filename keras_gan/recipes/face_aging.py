"""Face ageing after IPCGAN (Wang et al., 2018, CVPR)."""

import keras

from keras_gan import networks, penalties
from keras_gan.models.face_aging import AGE_GROUPS, FaceAging


def face_aging(
    identity: keras.Model,
    age_classifier: keras.Model,
    image_shape: tuple[int, int, int] = (64, 64, 3),
    *,
    age_groups: tuple[int, ...] = AGE_GROUPS,
    width: int = 32,
    num_blocks: int = 6,
    seed: int | None = None,
) -> FaceAging:
    """Returns the game of IPCGAN, compiled, around two judges of your own.

    Reference: Wang, Tang, Luo and Gao, 2018, "Face Aging with Identity-Preserved
    Conditional Generative Adversarial Networks". The paper: five groups of CACD at
    128x128, least squares, Adam with learning rate 1e-3 and batches of 32; weights
    75 of the adversarial loss, 5e-5 of the squared distance of AlexNet's `conv5`
    features and 30 of the age loss.

    Where we differ: features are compared by their cosine, whose weight then does not
    depend on the network; the generator draws a mask (Zhu et al., 2019,
    arXiv:1910.12771); the discriminator is a projection (Miyato and Koyama, 2018),
    three times as wide as the generator and held by R1 (Mescheder et al., 2018) rather
    than batch normalisation; and the loss is the non-saturating one, with betas 0 and
    0.99 and learning rates of 5e-4 and, for the discriminator, 1e-3. With a weaker
    discriminator the generator draws specks.

    Args:
        identity: Model from faces to features of who it is; its weights stay.
        age_classifier: Model from faces to logits of the groups; its weights stay.
        image_shape: `(height, width, channels)`, sides divisible by 4.
        age_groups: Edges of the groups in years, see `FaceAging`.
        width: Channels of the generator's first convolution.
        num_blocks: Residual blocks of the generator.
        seed: See `AdversarialModel`.

    Returns:
        A compiled `FaceAging`.
    """
    num_groups = len(age_groups) - 1
    game = FaceAging(
        networks.face_aging_generator(
            image_shape, num_groups, width=width, num_blocks=num_blocks
        ),
        networks.face_aging_discriminator(image_shape, num_groups, width=3 * width),
        identity,
        age_classifier,
        age_groups=age_groups,
        seed=seed,
    )
    game.compile(
        keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.99),
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        penalties=penalties.R1(gamma=0.5, interval=4),
    )
    return game
