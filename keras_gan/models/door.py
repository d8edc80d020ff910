"""The door of a game: its data are checked before anything is traced.

Always in this order, and the first thing amiss is the error:

1. the kind of data: a pipeline, a dataset, an array;
2. the structure of a batch, which the game's `unpack` reads;
3. kind, shape and dtype of each part, as the game's `batch_parts` want them;
4. whether there is one batch, and whether it can be shared by turns and replicas;
5. the values of the first batch, of an array, and of labels in one, all of them;
6. whether there are batches for all the epochs that were asked for.

Labels, ages and captions of a dataset are looked at in every further batch as it comes.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.arrays import from_arrays
from keras_gan.data.checks import checked_array
from keras_gan.data.pipeline import Pipeline
from keras_gan.data.series import from_series
from keras_gan.models import checks, parts


class CheckedModel(keras.Model):
    """A model that looks at single batches too before it takes a step on them."""

    @property
    def batch_parts(self) -> dict[str, Any]:
        """What the parts of `unpack` must be, as `keras_gan.models.parts` has it."""
        return {"real": parts.Examples(self.example_shape)}

    def train_on_batch(self, x, y=None, **options):
        """Plays one round, as `keras.Model.train_on_batch`.

        Args:
            x: A batch as the data of `fit` yield it.
            y: What the data yield beside it, if they yield a pair.
            **options: `return_dict`, as Keras has it.

        Raises:
            ValueError: If the batch does not fit the game. The first batch of a kind
                (structure, shape and dtype) is checked, as the first one of `fit`.
        """
        self._check_new_batch(x, y, options)
        return super().train_on_batch(x, y, **options)

    def test_on_batch(self, x, y=None, **options):
        """Plays one round without training; see `train_on_batch`."""
        self._check_new_batch(x, y, options)
        return super().test_on_batch(x, y, **options)

    def _check_new_batch(self, x, y, options: dict):
        checks.check_compiled(self)
        checks.refuse_unused(options, {"sample_weight", "class_weight"})
        batch = self.unpack((x, y, None))
        described = [
            (name, getattr(part, "shape", None), getattr(part, "dtype", None))
            for name, part in batch.items()
        ]
        shares = self.discriminator_steps, self.accumulation_steps
        kind = repr((described, shares))
        if kind not in self.__dict__.setdefault("_known_batches", set()):
            check_batch(self, batch)
            self._known_batches.add(kind)


def pipeline_of_array(model, array: np.ndarray, batch_size: int) -> Pipeline:
    """An array given to `fit` or `evaluate`, in an order fixed by the model's seed."""
    checks.check_count("batch_size", batch_size)
    examples = model.batch_parts["real"]
    if len(examples.shape) == 2:
        examples.check_spec("real", tf.TensorSpec((None, *array.shape[1:])))
        return from_series(array, batch_size=batch_size, seed=model.seed)
    given = array
    if array.dtype != np.uint8 and np.issubdtype(array.dtype, np.floating):
        given = checked_array(array)
        examples.check_spec("real", tf.TensorSpec((None, *given.shape[1:])))
        examples.check_values("real", given)
    else:
        examples.check_spec("real", _spec_of("real", array))
    return from_arrays(given, batch_size=batch_size, seed=model.seed)


def check_data(model, data):
    """Checks the structure of `data` and its first batch.

    Raises:
        ValueError: With what came, what was expected, and what to do.
    """
    whole: dict[str, np.ndarray] = {}
    if isinstance(data, Pipeline):
        data, whole = data.dataset(num_steps=1), data.whole
    if isinstance(data, tf.data.Dataset):
        _check_dataset(model, data)
        _check_whole(model, data, whole)
    elif isinstance(data, keras.utils.PyDataset):
        if data.num_batches == 0:
            raise ValueError(
                "Expected at least one batch. Received: a PyDataset of length 0. Give "
                "it more examples, or a smaller batch size."
            )
        check_batch(model, model.unpack(data[0]))
    elif isinstance(data, tf.distribute.DistributedDataset):
        strategy = model.distribute_strategy
        first = next(iter(data), None)
        if first is None:
            raise ValueError(_NO_BATCH)
        share = tf.nest.map_structure(
            lambda x: strategy.experimental_local_results(x)[0], first
        )
        check_batch(model, model.unpack(share), num_replicas=1)
    else:
        raise ValueError(
            "Expected a keras_gan.data pipeline, a tf.data.Dataset or an array. "
            f"Received: {type(data).__name__}. `keras_gan.data.load` makes a pipeline "
            "from a name, a folder or a file, `np.stack` an array from a list, "
            "`tf.data.Dataset.from_generator` a dataset from a generator."
        )


def watched(model, data: tf.data.Dataset) -> tf.data.Dataset:
    """Returns a dataset that raises at a batch of labels that name nothing.

    An image that is no number is skipped; but a label out of range would be read as
    zeros, or as any other, and nobody would know.
    """
    named = {
        name: part
        for name, part in model.batch_parts.items()
        if not isinstance(part, parts.Examples)
    }
    if not named:
        return data

    def look(*values):
        for (name, part), value in zip(named.items(), values, strict=True):
            part.check_values(name, value)
        return True

    def looked_at(*batch):
        # A dataset of tuples hands their parts over one by one.
        batch = batch if isinstance(data.element_spec, tuple) else batch[0]
        found = model.unpack(batch)
        seen = tf.numpy_function(look, [found[name] for name in named], tf.bool)
        with tf.control_dependencies([seen]):
            return tf.nest.map_structure(tf.identity, batch)

    return data.map(looked_at)


def check_batch(model, batch: dict, num_replicas: int | None = None):
    """Checks one batch, as `unpack` returns it.

    Args:
        model: The game.
        batch: Its parts by name, as arrays or tensors.
        num_replicas: Replicas that share the batch; by default all of the model's.
    """
    for name, part in model.batch_parts.items():
        part.check_spec(name, _spec_of(name, batch[name]))
    sizes = {name: len(batch[name]) for name in model.batch_parts}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f"The parts of a batch must be equally many. Received: {sizes}. Make them "
            "from the same examples."
        )
    size = next(iter(sizes.values()))
    if size == 0:
        raise ValueError(
            "Expected a batch of at least one example. Received: a batch of 0. Leave "
            "empty batches out."
        )
    _check_shares(model, size, num_replicas)
    for name, part in model.batch_parts.items():
        part.check_values(name, np.asarray(batch[name]))


def check_length(data, steps: int | None, epochs: int, asked: str):
    """Raises if `data` are known to last for more or less than was asked for.

    Args:
        data: What `feeding.feed` returned.
        steps: Batches of an epoch; `None` is all there are.
        epochs: Number of epochs that are to be played.
        asked: Name of the option that `steps` came by.
    """
    if isinstance(data, tf.data.Dataset):
        length = int(data.cardinality())
    else:
        length = getattr(data, "num_batches", None)
    if steps is None and length == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "Expected data that end, or an epoch's length. Received: an endless "
            f"dataset and {asked}=None. Give `{asked}`."
        )
    if steps is None or length is None or length < 0:
        return
    # Keras starts data anew when they end with an epoch.
    if length < steps or (length % steps and length < steps * epochs):
        raise ValueError(
            f"Expected batches for {epochs} times {asked}={steps}. Received: data of "
            f"{length} batches, with which an epoch would end early. Repeat them, "
            f"`dataset.repeat()`, or give a divisor of {length} as `{asked}`."
        )


_NO_BATCH = (
    "Expected at least one batch. Received: none; the dataset gave no batch. It is "
    "empty, or it holds fewer images than a batch and drops the remainder: use a "
    "smaller batch_size."
)


def _check_dataset(model, data: tf.data.Dataset):
    specs = model.unpack(data.element_spec)
    for name, part in model.batch_parts.items():
        part.check_spec(name, specs[name])
    if data.cardinality() == 0:
        raise ValueError(
            "Expected at least one batch. Received: a dataset that is empty, without "
            "one whole batch. Use more images, or a smaller batch_size than the number "
            "of images."
        )
    first = next(iter(data.take(1)), None)
    if first is None:
        raise ValueError(_NO_BATCH)
    check_batch(model, model.unpack(first))
    turns, shares = model.discriminator_steps, model.accumulation_steps
    known = all(specs[name].shape[0] is not None for name in model.batch_parts)
    if turns * shares > 1 and not known:
        raise ValueError(
            f"With discriminator_steps={turns} and accumulation_steps={shares} every "
            "batch must be whole. Received: batches of unknown size. Batch the dataset "
            "with `drop_remainder=True`."
        )


def _check_whole(model, data: tf.data.Dataset, whole: dict[str, np.ndarray]):
    """Checks all values of the parts that a pipeline has at hand."""
    if not whole:
        return
    batch = model.unpack({**data.element_spec, **whole})
    for name, part in model.batch_parts.items():
        if isinstance(batch[name], np.ndarray):
            part.check_values(name, batch[name])


def _check_shares(model, batch_size: int, num_replicas: int | None):
    turns, parts_of_turn = model.discriminator_steps, model.accumulation_steps
    if num_replicas is None:
        num_replicas = model.distribute_strategy.num_replicas_in_sync
    shares = turns * parts_of_turn * num_replicas
    if batch_size % shares:
        raise ValueError(
            f"Expected batches that can be shared. Received: a batch of {batch_size} "
            f"images for discriminator_steps={turns} turns of accumulation_steps="
            f"{parts_of_turn} parts on {num_replicas} replicas. Use a batch_size "
            f"divisible by {shares}: each sees its share of the images."
        )


def _spec_of(name: str, value) -> tf.TypeSpec:
    if isinstance(value, np.ndarray) and value.dtype != object:
        return tf.TensorSpec(value.shape, tf.as_dtype(value.dtype))
    if isinstance(value, tf.Tensor):
        return tf.TensorSpec(value.shape, value.dtype)
    if isinstance(value, (tf.SparseTensor, tf.RaggedTensor)):
        return tf.type_spec_from_value(value)
    raise ValueError(
        f"Expected `{name}` as an array or a tensor of numbers. Received: "
        f"{parts.outline(value)}. Make it one with `np.asarray(x, 'float32')`."
    )
