"""How an input of a generator is drawn, to try, calibrate, warm up and play with it."""

import abc
import dataclasses
from typing import Any

import numpy as np

from keras_gan.export.errors import ExportError


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
        return {"class": type(self).__name__, **dataclasses.asdict(self)}  # type: ignore[call-overload]


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
    """Labels or ids of tokens, each as likely as the others.

    Args:
        num_ids: How many there are: they run from 0 to `num_ids - 1`. A tuple where
            each place along the last axis has a number of its own, as several
            attributes have.
    """

    num_ids: int | tuple[int, ...]

    def __post_init__(self):
        if isinstance(self.num_ids, list):
            # From a file: JSON has no tuples.
            object.__setattr__(self, "num_ids", tuple(self.num_ids))

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
        return rng.integers(0, self.num_ids, shape).astype("int32")


@dataclasses.dataclass(frozen=True)
class OneHot(Sampler):
    """Rows of zeros with one 1 along the last axis, for labels given as floats."""

    low = 0.0
    high = 1.0

    def draw(self, shape, rng):
        chosen = rng.integers(0, shape[-1], shape[:-1])
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
        return {"class": "Rows", "low": self.low, "high": self.high}


_SAMPLERS = {cls.__name__: cls for cls in (Normal, Uniform, Integers, OneHot)}


def sampler_from_json(description: dict[str, Any]) -> Sampler:
    """Return the sampler that `to_json` described.

    The rows of `Rows` are not kept; values from between its ends stand in for them.
    """
    options = dict(description)
    name = options.pop("class")
    if name != "Rows":
        return _SAMPLERS[name](**options)
    low, high = options["low"], options["high"]
    if isinstance(low, int):
        return Integers(num_ids=high + 1)
    return Normal() if low is None else Uniform(low, high)
