"""Batches whose order is a pure function of seed and step."""

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

# Said of a range up to the last int64, and of a flat_map, whose length is unknown.
ENDLESS = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)


class Pipeline:
    """Batches whose order is a pure function of seed and step.

    A batch is made from the number of its step and from nothing else. So training
    can go on at any step, in the middle of an epoch too, at once and with the very
    batches an unbroken run would have seen: `dataset(start_step=step)`.

    Args:
        batch_at: Traced function from an int64 scalar, the step, to one batch: a
            tensor, a tuple or a dict of tensors whose first dimension is the static
            `batch_size`. Randomness in it must be stateless, seeded with the step.
        steps_per_epoch: Number of steps in an epoch.
        batch_size: Number of examples in a batch; over all replicas together where
            the dataset is distributed.
        example_shape: Shape of one example without the batch dimension, such as
            `(height, width, channels)`.
        name: Name of the data, for reports.
        num_examples: Number of distinct examples; `None` means that examples are
            drawn afresh without end.
        whole: Key of a dict's part to all of its values, an array, where they are at
            hand: a game looks through its labels before it trains.

    Example:

    >>> squares = Pipeline(
    ...     lambda step: tf.fill([4, 1], step * step),
    ...     steps_per_epoch=3,
    ...     batch_size=4,
    ...     example_shape=(1,),
    ... )
    >>> [int(batch[0, 0]) for batch in squares.dataset(start_step=5, num_steps=2)]
    [25, 36]
    """

    def __init__(
        self,
        batch_at: Callable[[tf.Tensor], Any],
        steps_per_epoch: int,
        *,
        batch_size: int,
        example_shape: tuple[int, ...],
        name: str = "custom",
        num_examples: int | None = None,
        whole: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.batch_at = batch_at
        self.steps_per_epoch = checked_count("steps_per_epoch", steps_per_epoch)
        self.batch_size = checked_count("batch_size", batch_size)
        self.example_shape = tuple(example_shape)
        self.name = name
        self.num_examples = num_examples
        self.whole = whole or {}

    def dataset(
        self,
        start_step: int | Callable[[], int] = 0,
        num_steps: int | None = None,
    ) -> tf.data.Dataset:
        """Returns the batches of the steps from `start_step` on.

        Args:
            start_step: The first step; steps count on over the epochs. A function
                without arguments is asked when an iteration begins, for a step that
                is not known before, such as one that a callback restores.
            num_steps: Number of batches. `None` makes the dataset endless, and its
                cardinality `tf.data.INFINITE_CARDINALITY`: give `fit` a
                `steps_per_epoch`, which is `len(pipeline)`.
        """
        if callable(start_step):
            steps = from_asked(_steps_from, start_step).apply(ENDLESS)
        else:
            start_step = checked_count("start_step", start_step, minimum=0)
            steps = _steps_from(start_step).apply(ENDLESS)
        if num_steps is not None:
            steps = steps.take(checked_count("num_steps", num_steps, minimum=0))
        batches = steps.map(
            self.batch_at, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        self._check_batch_dimension(batches.element_spec)
        # There is nothing to fuse, and the rewriting would copy a captured array.
        options = tf.data.Options()
        options.experimental_optimization.apply_default_optimizations = False
        return batches.prefetch(2).with_options(options)

    def _check_batch_dimension(self, element_spec: Any) -> None:
        for spec in tf.nest.flatten(element_spec):
            if not spec.shape.rank or spec.shape[0] != self.batch_size:
                raise ValueError(
                    "`batch_at` must return tensors whose first dimension is the "
                    f"static batch_size={self.batch_size}. Received: {spec}. "
                    "`set_shape` states a shape that tracing cannot see."
                )

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __iter__(self) -> Iterator[Any]:
        """Iterates over the batches of epoch 0 as NumPy arrays."""
        return self.dataset(num_steps=self.steps_per_epoch).as_numpy_iterator()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(name={self.name!r}, batch_size={self.batch_size}, "
            f"steps_per_epoch={self.steps_per_epoch}, "
            f"example_shape={self.example_shape}, num_examples={self.num_examples})"
        )


def _steps_from(first: int | tf.Tensor) -> tf.data.Dataset:
    return tf.data.Dataset.range(first, tf.int64.max)


def from_asked(
    dataset_from: Callable[[tf.Tensor], tf.data.Dataset], start_step: Callable[[], int]
) -> tf.data.Dataset:
    """Returns a dataset that begins where it is told when an iteration begins."""

    def ask() -> np.int64:
        return np.int64(checked_count("start_step", start_step(), minimum=0))

    def begin(_: tf.Tensor) -> tf.data.Dataset:
        return dataset_from(tf.ensure_shape(tf.numpy_function(ask, [], tf.int64), []))

    return tf.data.Dataset.range(1).flat_map(begin)


def shuffled_indices(
    num_examples: int, batch_size: int, seed: int = 0
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Tells which examples make the batch of a step.

    Every epoch is a permutation of its own; what a whole batch cannot hold is left
    out of that epoch. Use it for a `batch_at` over several aligned sources, such as
    images and their labels.

    Args:
        num_examples: Number of examples to draw from.
        batch_size: Number of examples in a batch.
        seed: Integer; another seed gives other permutations.

    Returns:
        A function from an int64 scalar, the step, to int64 indices of shape
        `(batch_size,)`.

    Example:

    >>> indices_at = shuffled_indices(num_examples=6, batch_size=3)
    >>> epoch = tf.concat([indices_at(0), indices_at(1)], axis=0)
    >>> sorted(epoch.numpy().tolist())
    [0, 1, 2, 3, 4, 5]
    """
    num_examples = checked_count("num_examples", num_examples)
    batch_size, seed = checked_batching(num_examples, batch_size, seed)
    steps_per_epoch = num_examples // batch_size

    def indices_at(step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.int64)
        epoch = step // steps_per_epoch
        first = (step - epoch * steps_per_epoch) * batch_size
        positions = first + tf.range(batch_size, dtype=tf.int64)
        return _permuted(positions, num_examples, tf.stack([seed, epoch]))

    return indices_at


def _permuted(positions: tf.Tensor, num_examples: int, seed: tf.Tensor) -> tf.Tensor:
    # The cipher behind the op reads as little as the low 8 bits of each key word:
    # with the epoch itself as a key every 256th epoch would be the same.
    key = tf.random.stateless_uniform(
        [3], seed, maxval=tf.int32.max, dtype=tf.int32, alg="philox"
    )
    # With a maximum of 4**8, 4**9, ... the op is no permutation; it is with any odd
    # one. Where that makes the range one too long, its last value is walked past.
    last = (num_examples - 1) | 1

    def shuffle(index: tf.Tensor) -> tf.Tensor:
        # After four rounds, the default, the same differences recur within an epoch.
        return tf.raw_ops.RandomIndexShuffle(
            index=index, seed=key, max_index=tf.constant(last, tf.int64), rounds=10
        )

    shuffled = shuffle(positions)
    beyond = shuffle(tf.constant(last, tf.int64))
    return tf.where(shuffled < num_examples, shuffled, beyond)


def checked_count(name: str, value: int, minimum: int = 1) -> int:
    """Returns `value` as an `int` that is at least `minimum`, or raises."""
    try:
        count = operator.index(value)
    except TypeError:
        count = None
    if count is None or count < minimum or isinstance(value, bool):
        raise ValueError(
            f"`{name}` must be an integer of at least {minimum}. "
            f"Received: {name}={value!r}."
        )
    return count


def checked_batching(
    num_examples: int | None, batch_size: int, seed: int
) -> tuple[int, int]:
    """Returns the batch size and the seed as integers that fit, or raises."""
    batch_size = checked_count("batch_size", batch_size)
    if num_examples is not None and num_examples < batch_size:
        raise ValueError(
            "There must be at least one batch of examples. Received: "
            f"{num_examples} examples and batch_size={batch_size}. Give more "
            f"examples, or a batch_size of {max(num_examples, 1)} at most."
        )
    seed = checked_count("seed", seed, minimum=0)
    if seed >= 2**63:
        raise ValueError(f"`seed` must be below 2**63. Received: seed={seed}.")
    return batch_size, seed
