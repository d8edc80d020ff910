"""Tables with numbers and categories, as rows that a GAN learns and back.

CTGAN (Xu et al., 2019, arXiv:1907.00503): mode-specific normalisation, and training
by sampling. Needs pandas, `pip install keras-gan[tables]`; `TableTransformer.decode`
needs NumPy alone.
"""

import numpy as np
import tensorflow as tf

from keras_gan.data import columns
from keras_gan.data.column_types import (
    check_table,
    fit_column,
    import_pandas,
    series_of,
    values_of,
)
from keras_gan.data.columns import Categorical, Constant
from keras_gan.data.pipeline import Pipeline, checked_batching, shuffled_indices


class TableTransformer:
    """Turns the rows of a table into vectors, and vectors into rows.

    Numbers become a place within a mode and the mode (see `columns.Numeric`); strings,
    booleans and categories become one-hot vectors, in which a missing value has an
    entry of its own. A column of one value is written back as it was.

    Args:
        columns: The columns in their order, as `fit` finds them.

    Example:

    ```python
    transformer = TableTransformer.fit(dataframe, categorical=["postcode"])
    rows = transformer.encode(dataframe)  # (num_rows, transformer.num_features)
    again = transformer.to_frame(rows)
    Path("table.json").write_text(json.dumps(transformer.to_json()))
    ```
    """

    def __init__(self, columns):
        self.columns = list(columns)

    @classmethod
    def fit(
        cls,
        dataframe,
        *,
        categorical=(),
        max_modes: int = 10,
        min_weight: float = 0.005,
        seed: int = 0,
    ) -> "TableTransformer":
        """Learns how a table is written as vectors.

        Args:
            dataframe: A `pandas.DataFrame` of numbers, booleans, strings and
                categories.
            categorical: Names of columns of whole numbers that are codes, and no
                quantities.
            max_modes: Most modes of a number.
            min_weight: Smallest weight of a mode that is kept.
            seed: Of the mixtures.

        Raises:
            ValueError: If there is nothing to learn, a column is of another type, or
                a number is missing or infinite.
        """
        check_table(dataframe, categorical)
        found = [
            fit_column(
                name, dataframe[name], name in categorical, max_modes, min_weight, seed
            )
            for name in dataframe.columns
        ]
        if all(isinstance(column, Constant) for column in found):
            raise ValueError(
                "Expected a table in which something differs from row to row. "
                f"Received: {len(dataframe)} rows with one value in each of "
                f"{list(dataframe.columns)!r:.200}. Look at how it was loaded."
            )
        return cls(found)

    @property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        """The parts of a vector in their order: `("scalar", 1)`, `("choice", k)`."""
        return tuple(block for column in self.columns for block in column.blocks)

    @property
    def num_features(self) -> int:
        """Length of a vector."""
        return sum(size for _, size in self.blocks)

    @property
    def choices(self) -> list[Categorical]:
        """The columns that a row can be asked for by: those of categories."""
        return [c for c in self.columns if isinstance(c, Categorical)]

    @property
    def num_conditions(self) -> int:
        """Number of all categories of all columns: the length of a condition."""
        return sum(len(column.categories) for column in self.choices)

    @property
    def condition_positions(self) -> list[int]:
        """Where in a vector each of the categories stands."""
        positions = []
        for column, (start, stop) in zip(self.columns, self._spans(), strict=True):
            if isinstance(column, Categorical):
                positions += range(start, stop)
        return positions

    def condition_weights(self, by_log: bool = False) -> np.ndarray:
        """How likely each category is asked for: any column, then by its rows.

        Args:
            by_log: Whether to go by the logarithm of the counts, so that rare
                categories are trained on as well.
        """
        counts = [np.array(column.counts, "float64") for column in self.choices]
        counts = [np.log1p(c) if by_log else c for c in counts]
        return np.concatenate([c / c.sum() for c in counts]) / len(counts)

    def condition_number(self, name, category) -> int:
        """Position of a category in a condition.

        Raises:
            ValueError: If there is no such column or category.
        """
        start = 0
        for column in self.choices:
            if column.name == name:
                return start + int(column.indices([category])[0])
            start += len(column.categories)
        raise ValueError(
            "Expected a condition on a column of categories: "
            f"{[c.name for c in self.choices]}. Received: {name!r}. Name one of them, "
            "and choose among the rows by numbers yourself."
        )

    def encode(self, dataframe, seed: int = 0) -> np.ndarray:
        """Writes rows as vectors.

        Args:
            dataframe: A table with the columns of the one that was fitted.
            seed: Of the modes that values between two of them are written in.

        Returns:
            A float32 array of shape `(num_rows, num_features)`.
        """
        missing = [c.name for c in self.columns if c.name not in dataframe]
        if missing:
            raise ValueError(
                f"Expected the columns {[c.name for c in self.columns]}. Received: a "
                f"table without {missing}. Give the table that was fitted, or its like."
            )
        rng = np.random.default_rng(seed)
        parts = [
            column.encode(values_of(column, dataframe[column.name]), rng)
            for column in self.columns
        ]
        return np.concatenate(parts, axis=1)

    def decode(self, rows: np.ndarray) -> dict:
        """Reads vectors as columns; needs NumPy alone.

        Args:
            rows: Vectors of shape `(num_rows, num_features)`, such as an exported
                generator gives.

        Returns:
            A dict from the name of a column to an array of its values.
        """
        rows = np.asarray(rows)
        if rows.ndim != 2 or rows.shape[1] != self.num_features:
            raise ValueError(
                f"Expected rows of shape (num_rows, {self.num_features}). Received: "
                f"{rows.shape}. Give what the generator of this table draws."
            )
        return {
            column.name: column.decode(rows[:, start:stop])
            for column, (start, stop) in zip(self.columns, self._spans(), strict=True)
        }

    def to_frame(self, rows: np.ndarray):
        """Reads vectors as a `pandas.DataFrame` like the one that was fitted.

        Args:
            rows: Vectors of shape `(num_rows, num_features)`.
        """
        pandas = import_pandas()
        decoded = self.decode(rows)
        return pandas.DataFrame(
            {c.name: series_of(c, decoded[c.name]) for c in self.columns}
        )

    def to_json(self) -> dict:
        """Returns what `from_json` reads, of plain numbers and strings."""
        return {"columns": [columns.to_json(column) for column in self.columns]}

    @classmethod
    def from_json(cls, description: dict) -> "TableTransformer":
        """Returns the transformer that `to_json` described."""
        return cls(columns.from_json(column) for column in description["columns"])

    def _spans(self):
        sizes = [sum(size for _, size in column.blocks) for column in self.columns]
        stops = np.cumsum(sizes).tolist()
        return [(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]


def from_table(
    dataframe,
    transformer: TableTransformer | None = None,
    *,
    batch_size: int = 500,
    seed: int = 0,
    name: str = "table",
) -> Pipeline:
    """Makes a pipeline of the rows of a table, for `TabularGAN`.

    Training by sampling (Xu et al., 2019): a column of categories is drawn, then a
    category by the logarithm of its count, then a row that has it. So a rare
    category is seen, and a batch may be larger than the table. A table without
    categories is shuffled in every epoch.

    Args:
        dataframe: The `pandas.DataFrame`.
        transformer: The one of the game; `None` fits one.
        batch_size: Number of rows in a batch.
        seed: Integer that the batches depend on.
        name: Name of the data, for reports.

    Returns:
        A `Pipeline` of dicts: `"row"`, float32 of shape `(batch, num_features)`, and
        where there are categories `"condition"`, the one-hot category that was drawn,
        of shape `(batch, num_conditions)`.
    """
    transformer = transformer or TableTransformer.fit(dataframe, seed=seed)
    rows = transformer.encode(dataframe, seed)
    is_sampled = transformer.num_conditions > 0
    batch_size, seed = checked_batching(
        None if is_sampled else len(rows), batch_size, seed
    )
    if is_sampled:
        batch_at = _sampled(transformer, rows, batch_size, seed)
    else:
        indices_at = shuffled_indices(len(rows), batch_size, seed)
        table = tf.constant(rows)

        def batch_at(step):
            return {"row": tf.gather(table, indices_at(step))}

    return Pipeline(
        batch_at,
        max(len(rows) // batch_size, 1),
        batch_size=batch_size,
        example_shape=(transformer.num_features,),
        name=name,
        num_examples=len(rows),
    )


def _sampled(transformer, rows, batch_size, seed):
    has = rows[:, transformer.condition_positions] > 0.5
    counts = has.sum(0)
    # A category that the table lacks, of those that were fitted, is never drawn.
    weights = transformer.condition_weights(by_log=True) * (counts > 0)
    levels = tf.constant(np.cumsum(weights / weights.sum())[:-1], tf.float32)
    # Row numbers by category, one category after the other.
    members = tf.constant(np.nonzero(has.T)[1], tf.int64)
    starts = tf.constant(np.cumsum(counts) - counts, tf.int64)
    counts, table = tf.constant(counts, tf.int64), tf.constant(rows)

    def batch_at(step):
        draws = tf.random.stateless_uniform(
            [2, batch_size], tf.stack([seed, step]), alg="philox"
        )
        category = tf.searchsorted(levels, draws[0], side="right")
        count = tf.gather(counts, category)
        place = tf.cast(draws[1] * tf.cast(count, tf.float32), tf.int64)
        place = tf.gather(starts, category) + tf.minimum(place, count - 1)
        condition = tf.one_hot(category, transformer.num_conditions)
        return {
            "row": tf.gather(table, tf.gather(members, place)),
            "condition": condition,
        }

    return batch_at
