"""CTGAN's networks for rows of tables (Xu et al., 2019, arXiv:1907.00503)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from keras_gan.networks.shapes import check_sizes

# Next to 0 and 1, where the noise is infinite.
SMALLEST_UNIFORM, LARGEST_UNIFORM = 2.0**-25, 1.0 - 2.0**-24


@keras.saving.register_keras_serializable(package="keras_gan")
class RowActivation(layers.Layer):
    """tanh for scalars, the Gumbel-softmax for choices (Jang et al., 2016).

    `softmax((logits + g) / temperature)` with `g = -log(-log(u))` and u given, so
    that it is a function of its inputs: with the same u it makes the same choice,
    which is an exact draw from `softmax(logits)`.

    Args:
        blocks: The parts of a row: `("scalar", 1)` and `("choice", size)`.
        temperature: Of the softmax; towards 0 a choice becomes one-hot.
        **kwargs: As of any layer.
    """

    def __init__(self, blocks, temperature: float = 0.2, **kwargs):
        super().__init__(**kwargs)
        self.blocks = tuple((str(kind), int(size)) for kind, size in blocks)
        self.temperature = float(temperature)

    def call(self, logits, uniform):
        uniform = ops.clip(uniform, SMALLEST_UNIFORM, LARGEST_UNIFORM)
        gumbel: Any = ops.negative(ops.log(ops.negative(ops.log(uniform))))
        parts, place, drawn = [], 0, 0
        for kind, size in self.blocks:
            part = logits[:, place : place + size]
            place += size
            if kind == "scalar":
                parts.append(ops.tanh(part))
                continue
            noisy = part + gumbel[:, drawn : drawn + size]
            drawn += size
            parts.append(ops.softmax(noisy / self.temperature, axis=-1))
        return ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, logits_shape, uniform_shape):
        return logits_shape

    def get_config(self) -> dict:
        config = super().get_config()
        blocks = [list(block) for block in self.blocks]
        return {**config, "blocks": blocks, "temperature": self.temperature}


def tabular_generator(
    blocks,
    num_conditions: int = 0,
    latent_dim: int = 128,
    *,
    hidden_units: Sequence[int] = (256, 256),
    temperature: float = 0.2,
    name: str = "generator",
) -> keras.Model:
    """A perceptron whose layers see all before them, and draw rows.

    Reference: Xu et al., 2019, "Modeling Tabular data using Conditional GAN",
    arXiv:1907.00503, section 4.4: each hidden layer is `ReLU(BN(FC(x)))` beside x.

    Args:
        blocks: The parts of a row, `TableTransformer.blocks`.
        num_conditions: Length of a condition; 0 where a table has no categories.
        latent_dim: Length of a latent vector.
        hidden_units: Widths of the hidden layers.
        temperature: Of the Gumbel-softmax; the paper's 0.2.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `"latents"` `(batch, latent_dim)`, `"noise"` from
        U(0, 1), one number for each entry of a choice, and `"conditions"`
        `(batch, num_conditions)` if there are any, to float32 rows
        `(batch, num_features)`.

    Example:

    >>> tabular_generator([("scalar", 1), ("choice", 3)], 3).output_shape
    (None, 4)
    """
    check_sizes(latent_dim=latent_dim, hidden_units=hidden_units)
    num_features = sum(size for _, size in blocks)
    num_noises = sum(size for kind, size in blocks if kind == "choice")
    check_sizes(num_features=num_features, num_noises=num_noises)
    x = latents = keras.Input((latent_dim,), name="latents")
    noise = keras.Input((num_noises,), name="noise")
    inputs = {"latents": latents, "noise": noise}
    if num_conditions:
        conditions = keras.Input((num_conditions,), name="conditions")
        inputs["conditions"] = conditions
        x = layers.Concatenate(name=f"{name}_start")([latents, conditions])
    for index, units in enumerate(hidden_units):
        stem = f"{name}_hidden_{index + 1}"
        hidden = layers.Dense(units, name=stem)(x)
        hidden = layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, name=f"{stem}_norm"
        )(hidden)
        hidden = layers.ReLU(name=f"{stem}_relu")(hidden)
        x = layers.Concatenate(name=f"{stem}_beside")([hidden, x])
    logits = layers.Dense(num_features, dtype="float32", name=f"{name}_logits")(x)
    rows = RowActivation(blocks, temperature, dtype="float32", name=f"{name}_rows")(
        logits, noise
    )
    return keras.Model(inputs, rows, name=name)


def tabular_discriminator(
    num_features: int,
    num_conditions: int = 0,
    pac: int = 10,
    *,
    hidden_units: Sequence[int] = (256, 256),
    dropout: float = 0.5,
    name: str = "discriminator",
) -> keras.Model:
    """A perceptron that judges several rows at once, all real or all generated.

    What one row does not show, that all rows are alike, a pack of them does: PacGAN
    (Lin et al., 2018, arXiv:1712.04086). Leaky ReLU and dropout, as CTGAN has them.

    Args:
        num_features: Length of a row.
        num_conditions: Length of a condition; 0 where a table has no categories.
        pac: Rows in a pack; the paper's 10.
        hidden_units: Widths of the hidden layers.
        dropout: Share of the hidden units that is left out in training.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from a dict of `"rows"` `(batch, pac, num_features)`, and
        `"conditions"` `(batch, pac, num_conditions)` if there are any, to float32
        logits `(batch, 1)`.

    Example:

    >>> tabular_discriminator(4, 3, pac=2).output_shape
    (None, 1)
    """
    check_sizes(num_features=num_features, pac=pac, hidden_units=hidden_units)
    x = rows = keras.Input((pac, num_features), name="rows")
    inputs = {"rows": rows}
    if num_conditions:
        conditions = keras.Input((pac, num_conditions), name="conditions")
        inputs["conditions"] = conditions
        x = layers.Concatenate(name=f"{name}_start")([rows, conditions])
    x = layers.Flatten(name=f"{name}_pack")(x)
    for index, units in enumerate(hidden_units):
        stem = f"{name}_hidden_{index + 1}"
        x = layers.Dense(units, name=stem)(x)
        x = layers.LeakyReLU(0.2, name=f"{stem}_relu")(x)
        x = layers.Dropout(dropout, name=f"{stem}_dropout")(x)
    logits = layers.Dense(1, dtype="float32", name=f"{name}_logit")(x)
    return keras.Model(inputs, logits, name=name)
