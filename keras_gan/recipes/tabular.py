"""Games of tables."""

import keras

from keras_gan import networks, penalties
from keras_gan.data.tables import TableTransformer
from keras_gan.models.tabular import TabularGAN


def ctgan(
    dataframe,
    *,
    categorical=(),
    pac: int = 10,
    width: int = 256,
    learning_rate: float = 2e-4,
    ema_momentum: float = 0.99,
    seed: int | None = None,
) -> TabularGAN:
    """CTGAN for a table (Xu et al., 2019, arXiv:1907.00503), ready for `fit_table`.

    The paper's: 128 latents, two layers of 256 in both networks, dropout 0.5, packs
    of 10, Gumbel-softmax at 0.2, the Wasserstein loss with a gradient penalty of 10 on
    packs, Adam with 2e-4, betas of 0.5 and 0.9 and a weight decay of 1e-6, batches of
    500, 300 epochs. Where we differ: the weight decay is decoupled, as Keras has it;
    the penalty takes the slope along the rows alone, not along their conditions; rows
    are drawn by an average of the generator.

    Args:
        dataframe: The `pandas.DataFrame` that it is built for; see
            `TableTransformer.fit`.
        categorical: Names of columns of whole numbers that are codes.
        pac: Rows in a pack.
        width: Units of each hidden layer.
        learning_rate: Of both players.
        ema_momentum: See `AdversarialModel`; a small table has few steps.
        seed: Of the game and of the mixtures; see `AdversarialModel`.

    Returns:
        A compiled `TabularGAN`.
    """
    transformer = TableTransformer.fit(
        dataframe, categorical=categorical, seed=seed or 0
    )
    shape = transformer.num_features, transformer.num_conditions
    gan = TabularGAN(
        networks.tabular_generator(
            transformer.blocks, shape[1], 128, hidden_units=(width, width)
        ),
        networks.tabular_discriminator(*shape, pac, hidden_units=(width, width)),
        transformer=transformer,
        latent_dim=128,
        pac=pac,
        ema_momentum=ema_momentum,
        seed=seed,
    )
    optimizers = [
        keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.9, weight_decay=1e-6)
        for _ in range(2)
    ]
    gan.compile(
        *optimizers, loss="wasserstein", penalties=penalties.GradientPenalty(10.0)
    )
    return gan
