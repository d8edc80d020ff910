"""Nearest training examples of samples, found once among many."""

import numpy as np

from keras_gan.metrics.distances import nearest
from keras_gan.metrics.memorisation import Memorisation, memorisation

# Up to so many training examples each is compared with all others.
_FEW = 10_000


class TrainingSet:
    """Training examples to look for copies of.

    `memorisation` compares every training example with all others, which takes minutes
    for 60,000. But only those that are nearest to something enter its result, and
    their own nearest: it is given these, and finds the same.

    Args:
        train: Features or pixels of shape `(num_train, num_features)`.
        held_out: The same of real examples that were not trained on. `None` where
            there are none: then training examples are taken out, each in turn, or, of
            more than 10,000, a seeded choice of them together.
        num_held_out: Most real examples to take for the level.
        seed: Of that choice.
    """

    def __init__(
        self,
        train: np.ndarray,
        held_out: np.ndarray | None = None,
        *,
        num_held_out: int = 1000,
        seed: int = 2020,
    ) -> None:
        order = np.random.default_rng(seed).permutation
        rows = np.arange(len(train))
        if held_out is None and len(train) > _FEW:
            chosen = order(len(train))
            held_out = train[chosen[:num_held_out]]
            rows = np.sort(chosen[num_held_out:])
        elif held_out is not None and len(held_out) > num_held_out:
            held_out = held_out[np.sort(order(len(held_out))[:num_held_out])]
        self._rows = rows
        self.train = train if len(rows) == len(train) else train[rows]
        self.held_out = held_out
        self._needed: np.ndarray | None = None
        if len(rows) > _FEW and held_out is not None:
            self._needed = self._with_own(held_out)

    def measure(self, samples: np.ndarray) -> Memorisation:
        """Return what `memorisation` finds for samples."""
        if self._needed is None:
            return memorisation(samples, self.train, self.held_out)
        needed = np.union1d(self._needed, self._with_own(samples))
        return memorisation(samples, self.train[needed], self.held_out)

    def nearest(self, samples: np.ndarray, num_neighbours: int = 3) -> np.ndarray:
        """Return which of all training examples are nearest to each sample."""
        return self._rows[nearest(samples, self.train, num_neighbours)[1]]

    def _with_own(self, samples: np.ndarray) -> np.ndarray:
        """Rows that are nearest to samples, and those that are nearest to these."""
        rows = np.unique(nearest(samples, self.train)[1])
        # The first of two is the row itself, unless another is equal to it.
        own = nearest(self.train[rows], self.train, 2)[1]
        return np.unique(np.concatenate([rows, own.ravel()]))
