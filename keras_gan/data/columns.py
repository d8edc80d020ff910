"""Columns of a table as numbers: modes of a mixture, and one-hot categories.

The mode-specific normalisation of CTGAN (Xu et al., 2019, arXiv:1907.00503). NumPy is
all that `decode` needs, so that rows can be read where there is no pandas.
"""

import dataclasses
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

# Values that the mixture of a column is fitted to, at most: more tell no more.
MOST_VALUES = 20_000
# Names and ids have no law that rows of others could follow.
MOST_CATEGORIES = 1000


@dataclasses.dataclass(frozen=True)
class Constant:
    """A column of one value, which nothing has to be learned of.

    Args:
        name: Name of the column.
        dtype: Its dtype, as pandas names it.
        value: The value.
    """

    name: Any
    dtype: str
    value: Any

    blocks = ()

    def encode(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.zeros((len(values), 0), "float32")

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        return np.full(len(encoded), self.value, object)


@dataclasses.dataclass(frozen=True)
class Numeric:
    """Numbers, as a mode of a Gaussian mixture and the place within it.

    A value x of mode k becomes `(x - means[k]) / (4 stddevs[k])`, clipped to [-1, 1],
    and the one-hot k. Which mode it is, is drawn by its posterior, as in the paper.

    Args:
        name: Name of the column.
        dtype: Its dtype, as pandas names it.
        means: Mean of each mode.
        stddevs: Standard deviation of each mode.
        weights: Weight of each mode.
        low: The smallest value; what is decoded is none smaller.
        high: The largest value.
        is_whole: Whether the values are whole numbers, to which it is rounded.
    """

    name: Any
    dtype: str
    means: list[float]
    stddevs: list[float]
    weights: list[float]
    low: float
    high: float
    is_whole: bool

    @property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        return ("scalar", 1), ("choice", len(self.means))

    @classmethod
    def fit(cls, name, dtype, values, is_whole, max_modes, min_weight, seed):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import BayesianGaussianMixture

        mean, stddev = values.mean(), values.std()
        scaled = ((values - mean) / stddev)[:, None]
        if len(scaled) > MOST_VALUES:
            scaled = np.random.default_rng(seed).choice(scaled, MOST_VALUES)
        mixture = BayesianGaussianMixture(
            n_components=min(max_modes, len(np.unique(scaled))),
            weight_concentration_prior=0.001,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # What it has found by then is a mixture all the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(scaled)
        kept = mixture.weights_ >= min_weight
        weights = mixture.weights_[kept]
        return cls(
            name,
            dtype,
            means=(mean + stddev * mixture.means_[kept, 0]).tolist(),
            stddevs=(stddev * mixture.covariances_[kept, 0, 0] ** 0.5).tolist(),
            weights=(weights / weights.sum()).tolist(),
            low=float(values.min()),
            high=float(values.max()),
            is_whole=is_whole,
        )

    def encode(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        means, stddevs = np.array(self.means), np.array(self.stddevs)
        places = (values[:, None] - means) / stddevs
        scores = np.log(self.weights) - np.log(stddevs) - 0.5 * places**2
        # The largest of scores with Gumbel noise is a draw from the posterior.
        chosen = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
        place = places[np.arange(len(values)), chosen] / 4.0
        modes = np.eye(len(means))[chosen]
        encoded = np.concatenate([np.clip(place, -1, 1)[:, None], modes], axis=1)
        return encoded.astype("float32")

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        chosen = np.argmax(encoded[:, 1:], axis=1)
        place = np.clip(encoded[:, 0].astype("float64"), -1, 1)
        values = np.array(self.means)[chosen]
        values = values + 4.0 * np.array(self.stddevs)[chosen] * place
        values = np.clip(values, self.low, self.high)
        return np.rint(values) if self.is_whole else values


@dataclasses.dataclass(frozen=True)
class Categorical:
    """Categories, as one-hot vectors; a missing value is a category of its own.

    Args:
        name: Name of the column.
        dtype: Its dtype, as pandas names it.
        categories: The categories that are in the table; `None` for a missing value.
        counts: Rows of each.
        levels: All categories of a column of the dtype `category`, in their order;
            else `None`.
        is_ordered: Whether these are ordered.
    """

    name: Any
    dtype: str
    categories: list
    counts: list[int]
    levels: list | None = None
    is_ordered: bool = False

    @property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        return (("choice", len(self.categories)),)

    def indices(self, values: Iterable) -> np.ndarray:
        """Returns the number of each value's category."""
        known = {category: i for i, category in enumerate(self.categories)}
        unknown = [value for value in values if value not in known]
        if unknown:
            raise ValueError(
                f"Column {self.name!r} has the categories {_some(self.categories)}. "
                f"Received: {_some(sorted(set(map(str, unknown))))}. Fit on a table "
                "that has them all, or leave these rows out."
            )
        return np.array([known[value] for value in values], "int64")

    def encode(self, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.eye(len(self.categories), dtype="float32")[self.indices(values)]

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        categories = np.empty(len(self.categories), object)
        categories[:] = self.categories
        return categories[np.argmax(encoded, axis=1)]


KINDS = {kind.__name__: kind for kind in (Constant, Numeric, Categorical)}


def to_json(column) -> dict:
    """Returns what `from_json` reads."""
    return {"kind": type(column).__name__, **dataclasses.asdict(column)}


def from_json(description: dict):
    """Returns the column that `to_json` described."""
    options = dict(description)
    return KINDS[options.pop("kind")](**options)


def _some(values, most: int = 5) -> str:
    values = list(values)
    shown = ", ".join(map(repr, values[:most]))
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
