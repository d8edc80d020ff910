"""CTGAN: rows of tables (Xu et al., 2019, arXiv:1907.00503)."""

import random
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.tables import TableTransformer, from_table
from keras_gan.models import checks, parts
from keras_gan.models.base import AdversarialModel
from keras_gan.random import normal, uniform

# The smallest normal float32, whose logarithm is finite.
TINY = 1.2e-38
# Draws of `sample` before it gives a condition up.
MOST_DRAWS = 50


@dataclass(frozen=True)
class Packs(parts.Examples):
    """Rows that are judged by the pack.

    Args:
        shape: Shape of one row.
        pac: Rows in a pack.
        shares: Parts that a batch is split into, each a number of whole packs.
    """

    pac: int = 1
    shares: int = 1

    def check_values(self, name: str, values: np.ndarray):
        """Raises unless there are whole packs of rows to learn from."""
        super().check_values(name, values)
        if len(values) % (self.pac * self.shares):
            raise ValueError(
                f"Expected batches of whole packs: the discriminator sees pac="
                f"{self.pac} rows at once, in {self.shares} part(s) of a batch. "
                f"Received: a batch of {len(values)} rows. Use a batch_size divisible "
                f"by {self.pac * self.shares}."
            )


@keras.saving.register_keras_serializable(package="keras_gan")
class TabularGAN(AdversarialModel):
    """A generator of the rows of a table, and a discriminator of packs of rows.

    Rows are vectors as a `TableTransformer` writes them. A row is asked for by a
    condition, one category of one column, and the generator descends beside its
    adversarial loss `H(c, y)`, the cross-entropy between the condition and its own
    choice in that column. The discriminator sees `pac` rows and their conditions at
    once. `recipes.ctgan` builds it for a table, compiled as in the paper.

    Data are batches of dicts, `"row"` and `"condition"`, which
    `keras_gan.data.from_table` draws. A batch must be divisible by `pac`.

    Args:
        generator: Model of `"latents"`, `"noise"` and `"conditions"`, see
            `networks.tabular_generator`.
        discriminator: Model of `"rows"` and `"conditions"`, see
            `networks.tabular_discriminator`.
        transformer: The `TableTransformer` of the table.
        latent_dim: Number of latents of a row.
        pac: Rows in a pack.
        ema_momentum: See `AdversarialModel`.
        seed: See `AdversarialModel`.
        name: Name of the model.

    Example:

    ```python
    gan = keras_gan.recipes.ctgan(dataframe)
    gan.fit_table(dataframe, epochs=300)
    rows = gan.sample(1000, seed=0)
    smokers = gan.sample(100, conditions={"smokes": "yes"})
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        transformer: TableTransformer,
        latent_dim: int = 128,
        pac: int = 10,
        ema_momentum: float = 0.99,
        seed: int | None = None,
        name: str | None = None,
    ):
        checks.check_count("latent_dim", latent_dim)
        checks.check_count("pac", pac)
        num_features, num_conditions = (
            transformer.num_features,
            transformer.num_conditions,
        )
        num_noises = sum(n for kind, n in transformer.blocks if kind == "choice")
        takes = {"latents": (latent_dim,), "noise": (num_noises,)}
        judged = {"rows": (pac, num_features)}
        if num_conditions:
            takes["conditions"] = (num_conditions,)
            judged["conditions"] = (pac, num_conditions)
        shape = checks.output_shape_of(
            "generator", generator, "the table", _symbolic(takes)
        )
        if shape != (num_features,):
            raise ValueError(
                f"The generator must draw rows of {num_features} features, as the "
                f"transformer writes them. Received: rows of shape {shape}. Build it "
                "with `transformer.blocks`."
            )
        checks.check_head(discriminator, _symbolic(judged), "the table")
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
        )
        self.transformer = transformer
        self.latent_dim, self.pac = latent_dim, pac
        self._num_noises = num_noises
        # Keras' own export asks for a model that was called.
        self({name: tf.zeros((1, *shape)) for name, shape in takes.items()})

    @property
    def example_shape(self) -> tuple[int, ...]:
        return (self.transformer.num_features,)

    @property
    def batch_parts(self) -> dict:
        shares = self.discriminator_steps * self.accumulation_steps
        found: dict[str, parts.Examples] = {
            "real": Packs(self.example_shape, self.pac, shares)
        }
        if self.transformer.num_conditions:
            found["conditions"] = parts.Examples((self.transformer.num_conditions,))
        return found

    @property
    def input_samplers(self) -> dict:
        """How `call` wants its inputs drawn, for `keras_gan.export`."""
        from keras_gan.export.samplers import Normal, OneHot, Uniform

        samplers = {"latents": Normal(), "noise": Uniform(0.0, 1.0)}
        if self.transformer.num_conditions:
            weights = self.transformer.condition_weights()
            samplers["conditions"] = OneHot(tuple(weights.tolist()))
        return samplers

    @property
    def loss_names(self) -> dict[str, list[str]]:
        is_conditional = self.transformer.num_conditions > 0
        return {
            "discriminator": ["adversarial", *(p.name for p in self.penalties)],
            "generator": ["adversarial", "condition"][: 1 + is_conditional],
        }

    def unpack(self, data) -> dict:
        batch = {"real": parts.examples_of(data, "row")}
        if self.transformer.num_conditions:
            batch["conditions"] = parts.belonging(data, "condition", 1)
        return batch

    def generate_fakes(self, batch, seed, training):
        num_rows = tf.shape(batch["real"])[0]
        inputs = {
            "latents": normal((num_rows, self.latent_dim), seed),
            "noise": uniform((num_rows, self._num_noises), seed + (1, 0)),
        }
        if "conditions" in batch:
            inputs["conditions"] = batch["conditions"]
        return self.generator(inputs, training=training)

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic, real = self.critic(batch, training), self._packed(batch["real"])
        return self.adversarial_losses(
            critic, real, self._packed(fakes), seed, training
        )

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        critic, real = self.critic(batch, training), self._packed(batch["real"])
        losses = self.deceiving_losses(critic, real, self._packed(fakes))
        if "conditions" in batch:
            positions = self.transformer.condition_positions
            chosen = tf.gather(tf.cast(fakes, "float32"), positions, axis=1)
            asked = tf.cast(batch["conditions"], "float32")
            entropies = -asked * tf.math.log(tf.maximum(chosen, TINY))
            losses["condition"] = tf.reduce_mean(tf.reduce_sum(entropies, axis=1))
        return losses

    def critic(self, batch, training):
        """Returns the closure from packs of rows to float32 logits, one a pack."""

        def judge(packs):
            inputs = {"rows": packs}
            if "conditions" in batch:
                inputs["conditions"] = self._packed(batch["conditions"])
            return tf.cast(self.discriminator(inputs, training=training), "float32")

        return judge

    def _packed(self, rows):
        return tf.reshape(rows, (-1, self.pac, rows.shape[-1]))

    def call(self, inputs, training=None):
        """Rows of the averaged generator, always in inference mode."""
        return self.ema_generator(inputs, training=False)

    def fit_table(
        self, dataframe, *, epochs: int = 300, batch_size: int = 500, **options
    ):
        """Trains on a table, as `fit` does on what `from_table` draws of it.

        Args:
            dataframe: The `pandas.DataFrame` that the transformer was fitted to, or
                its like.
            epochs: Number of the last epoch; the paper's 300. An epoch is
                `max(len(dataframe) // batch_size, 1)` steps: give a small table more.
            batch_size: Rows in a batch, divisible by `pac`; the paper's 500.
            **options: Passed to `fit`, such as `callbacks`, `verbose` and
                `validation_data`.

        Returns:
            A `keras.callbacks.History`.
        """
        pipeline = from_table(dataframe, self.transformer, batch_size=batch_size)
        return self.fit(pipeline, epochs=epochs, **options)

    def sample(
        self, num_rows: int, seed: int | None = None, *, conditions: dict | None = None
    ):
        """Draws rows with the averaged generator, as a table.

        Args:
            num_rows: How many.
            seed: The same integer gives the same rows. `None` draws one from Python's
                `random`.
            conditions: Column to category, of what all the rows shall have. The
                rarest of them is the generator's condition; rows that do not have
                them all are drawn anew.

        Returns:
            A `pandas.DataFrame` with the columns and dtypes of the table.

        Raises:
            ValueError: If there is no such column or category, or the generator
                does not draw enough rows with all of them.
        """
        checks.check_count("num_rows", num_rows)
        seed = checks.check_seed(random.randrange(2**31) if seed is None else seed)
        if not conditions:
            return self.transformer.to_frame(self.generate(num_rows, seed))
        find = self.transformer.condition_number
        asked = [find(name, category) for name, category in conditions.items()]
        rarest = min(asked, key=self.transformer.condition_weights().__getitem__)
        positions = np.array(self.transformer.condition_positions)[asked]
        rows = np.zeros((0, self.transformer.num_features), "float32")
        for draw in range(MOST_DRAWS):
            drawn = self._draw_rows(num_rows, [seed, draw], rarest)
            has_them = self._hardened(drawn)[:, positions].all(axis=1)
            rows = np.concatenate([rows, drawn[has_them]])
            if len(rows) >= num_rows:
                return self.transformer.to_frame(rows[:num_rows])
        raise ValueError(
            f"Expected {num_rows} rows with {conditions}. Received: {len(rows)} in "
            f"{MOST_DRAWS * num_rows} draws of the generator. Train it longer, or ask "
            "for less at once."
        )

    def _hardened(self, rows):
        """Which entries of the choices are the largest of their block."""
        place, found = 0, np.zeros(rows.shape, bool)
        for kind, size in self.transformer.blocks:
            if kind == "choice":
                largest = rows[:, place : place + size].argmax(axis=1)
                found[np.arange(len(rows)), place + largest] = True
            place += size
        return found

    def generate(
        self, num_images: int, seed: int | None = None, *, batch_size: int = 500
    ) -> np.ndarray:
        """Draws rows as vectors; `sample` draws them as a table.

        Args:
            num_images: How many rows.
            seed: The same integer gives the same rows. `None` draws one from Python's
                `random`.
            batch_size: Rows drawn at a time.

        Returns:
            A float32 array of shape `(num_images, num_features)`.
        """
        checks.check_count("num_images", num_images)
        seed = checks.check_seed(random.randrange(2**31) if seed is None else seed)
        return self._draw_rows(num_images, [seed], batch_size=batch_size)

    def _draw_rows(self, num_rows, seed, condition=None, batch_size=500):
        rng = np.random.default_rng(seed)
        inputs = {
            "latents": rng.normal(size=(num_rows, self.latent_dim)),
            "noise": rng.random((num_rows, self._num_noises)),
        }
        count = self.transformer.num_conditions
        if count:
            drawn = np.full(num_rows, condition)
            if condition is None:
                weights = self.transformer.condition_weights()
                drawn = rng.choice(count, num_rows, p=weights)
            inputs["conditions"] = np.eye(count)[drawn]
        inputs = {name: value.astype("float32") for name, value in inputs.items()}
        return self.predict(inputs, batch_size=batch_size, verbose=0)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "transformer": self.transformer.to_json(),
            "latent_dim": self.latent_dim,
            "pac": self.pac,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        transformer = TableTransformer.from_json(config["transformer"])
        config = {**config, "transformer": transformer}
        return super().from_config(config, custom_objects)


def _symbolic(shapes: dict) -> dict:
    return {name: checks.symbolic(shape) for name, shape in shapes.items()}
