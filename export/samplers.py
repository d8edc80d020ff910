"""How an input of a generator is drawn, to try, calibrate, warm up and play with it."""

import abc
import dataclasses
from typing import Any

import numpy as np

from keras_gan.export.errors import ExportError

# Rows of whole numbers that a file carries, such as encoded texts, at most.
_MOST_KEPT = 4096


class Sampler(abc.ABC):
    """A distribution of the rows of one input.

    Attributes:
        low: The smallest value, `None` if there is none.
        high: The largest value, `None` if there is none.
    """

    low: float | None = None
    high: float | None = None

    @property
    def common_high(self) -> float | None:
        """The largest value that every place of a row may have."""
        return self.high

    @abc.abstractmethod
    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Return an array of this shape; the first dimension counts the rows."""

    def to_json(self) -> dict[str, Any]:
        """Return a description that `sampler_from_json` reads."""
        fields = dataclasses.asdict(self)  # type: ignore[call-overload]
        known = {name: value for name, value in fields.items() if value is not None}
        return {"class": type(self).__name__, **known}


@dataclasses.dataclass(frozen=True)
class Normal(Sampler):
    """Independent normal values.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
    """

    mean: float = 0.0
    stddev: float = 1.0

    def draw(self, shape, rng):
        return rng.normal(self.mean, self.stddev, shape).astype("float32")


@dataclasses.dataclass(frozen=True)
class Uniform(Sampler):
    """Independent values from an interval, as latents or the pixels of an image.

    Args:
        low: Its lower end.
        high: Its upper end.
    """

    low: float = -1.0
    high: float = 1.0

    def draw(self, shape, rng):
        return rng.uniform(self.low, self.high, shape).astype("float32")


@dataclasses.dataclass(frozen=True)
class Integers(Sampler):
    """Labels or ids of tokens.

    Args:
        num_ids: How many there are: they run from 0 to `num_ids - 1`. A tuple where
            each place along the last axis has a number of its own, as several
            attributes have.
        weights: How likely each of the ids is, where `num_ids` is one number; by
            default one as the other.
    """

    num_ids: int | tuple[int, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self):
        _make_tuples(self, "num_ids", "weights")
        if self.weights is not None and len(self.weights) != self.num_ids:
            raise ExportError(
                "`weights` must be one for each id. Received: "
                f"num_ids={self.num_ids} and {len(self.weights)} weights"
            )

    @property
    def low(self):
        return 0

    @property
    def high(self):
        return int(np.max(self.num_ids)) - 1

    @property
    def common_high(self):
        return int(np.min(self.num_ids)) - 1

    def draw(self, shape, rng):
        if self.weights is None:
            return rng.integers(0, self.num_ids, shape).astype("int32")
        return rng.choice(self.num_ids, shape, p=self.weights).astype("int32")


@dataclasses.dataclass(frozen=True)
class OneHot(Sampler):
    """Rows of zeros with one 1 along the last axis, for labels given as floats.

    Args:
        weights: How likely each place is; by default one as the other.
    """

    weights: tuple[float, ...] | None = None

    low = 0.0
    high = 1.0

    def __post_init__(self):
        _make_tuples(self, "weights")

    def draw(self, shape, rng):
        if self.weights is None:
            chosen = rng.integers(0, shape[-1], shape[:-1])
        else:
            chosen = rng.choice(shape[-1], shape[:-1], p=self.weights)
        return np.eye(shape[-1], dtype="float32")[chosen]


class Rows(Sampler):
    """Rows of an array, around and around, where no formula draws them.

    Args:
        values: Array of shape `(num_rows, ...)`, or a scalar.
    """

    def __init__(self, values: Any):
        self.values = np.asarray(values)
        if self.values.size == 0:
            raise ExportError(
                "`Rows` needs at least one row. "
                f"Received: values of shape {self.values.shape}"
            )
        if self.values.dtype.kind in "fiub":
            self.low = self.values.min().item()
            self.high = self.values.max().item()

    def draw(self, shape, rng):
        if not self.values.ndim:
            return self.values
        return self.values[np.arange(shape[0]) % len(self.values)]

    def to_json(self):
        described = {"class": "Rows", "low": self.low, "high": self.high}
        if self.values.dtype.kind not in "iu" or self.values.size > _MOST_KEPT:
            return described
        return {**described, "values": self.values.tolist()}


def _make_tuples(sampler: Sampler, *names: str) -> None:
    """Of fields from a file: JSON has no tuples."""
    for name in names:
        if isinstance(getattr(sampler, name), list):
            object.__setattr__(sampler, name, tuple(getattr(sampler, name)))


_SAMPLERS = {cls.__name__: cls for cls in (Normal, Uniform, Integers, OneHot)}


def sampler_from_json(description: dict[str, Any]) -> Sampler:
    """Return the sampler that `to_json` described.

    `Rows` of few whole numbers come back; for others stand values from between their
    ends.
    """
    options = dict(description)
    name = options.pop("class")
    if name != "Rows":
        return _SAMPLERS[name](**options)
    if "values" in options:
        return Rows(options["values"])
    low, high = options["low"], options["high"]
    if isinstance(low, int):
        return Integers(num_ids=high + 1)
    return Normal() if low is None else Uniform(low, high)
