"""The door of every game: each part of its batches is looked at before it is played."""

import functools
import traceback
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import keras_gan
from keras_gan.models import parts as parts_lib
from keras_gan.models.door import check_batch, watched
from tests import games_labels, harness
from tests.games import GAMES

BATCH_SIZE = 16
PACKAGE = Path(keras_gan.__file__).resolve().parent
# What stands for the name of a batch that is no dict.
ALONE = ""


class Read(dict):
    """A batch that knows what was read of it."""

    def __init__(self, parts):
        super().__init__(parts)
        self.names = set()

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)


@functools.cache
def opened(name):
    """A game that no case changes, its first batch and the parts that it reads."""
    game = GAMES[name]
    model = game.build()
    batch = next(game.pipeline(batch_size=BATCH_SIZE).dataset().as_numpy_iterator())
    if not isinstance(batch, dict):
        return model, {ALONE: batch}, [ALONE]
    read = Read(batch)
    model.unpack(read)
    return model, batch, sorted(read.names)


def missing(batch, part):
    kept = {name: values for name, values in batch.items() if name != part}
    return kept or {"something else": batch[part]}


def replaced(change):
    def spoil(batch, part):
        spoiled = {**batch, part: change(batch[part])}
        return spoiled[ALONE] if part == ALONE else spoiled

    return spoil


def nan(values):
    return np.where(np.arange(values.size).reshape(values.shape) == 1, np.nan, values)


def is_whole(values):
    return np.issubdtype(values.dtype, np.integer)


def is_image(values):
    return values.ndim == 4


def is_number(values):
    return not is_whole(values)


def is_anything(values):
    return True


# Name of what is bad, to the parts that it is bad for, and to how they become so.
FAULTS = {
    "missing": (is_anything, missing),
    "none": (is_anything, replaced(lambda x: None)),
    "strings": (is_anything, replaced(lambda x: x.astype(str).astype(object))),
    "empty": (is_anything, replaced(lambda x: x[:0])),
    "one axis more": (is_anything, replaced(lambda x: x[..., None])),
    "fractions": (is_whole, replaced(lambda x: x + np.float32(0.5))),
    "below its range": (is_whole, replaced(lambda x: x - 10**6)),
    "above its range": (is_whole, replaced(lambda x: x + 10**6)),
    "not finite": (is_number, replaced(lambda x: nan(x).astype("float32"))),
    "bytes": (is_image, replaced(lambda x: (127.5 * (x + 1)).astype("uint8"))),
    "double precision": (is_image, replaced(lambda x: x.astype("float64"))),
    "0..255": (is_image, replaced(lambda x: np.float32(127.5) * (x + 1))),
    "another size": (is_image, replaced(lambda x: x[:, 1:])),
}


def reply(model, data) -> str | None:
    """What is wrong with the answer of the door, or nothing."""
    try:
        model.train_on_batch(data)
    except ValueError as error:
        raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
        if "Received" not in str(error):
            return f"says {error}"
        if not Path(raised_in).resolve().is_relative_to(PACKAGE):
            return f"comes from {raised_in}"
        return None
    except Exception as error:
        return f"is a {type(error).__name__}: {error}"
    return "let it pass"


@pytest.mark.parametrize("name", GAMES)
def test_whatever_is_wrong_with_a_part_is_refused_in_words(name):
    model, batch, parts = opened(name)
    before = harness.state(model)
    answers = {
        (part, fault): reply(model, spoil(batch, part))
        for part in parts
        for fault, (is_bad_for, spoil) in FAULTS.items()
        if is_bad_for(batch[part])
    }
    assert len(answers) >= 5
    assert {case: words for case, words in answers.items() if words} == {}
    harness.assert_same_state(before, harness.state(model))
    assert model.train_function is None


@pytest.mark.parametrize("name", GAMES)
def test_the_door_lets_the_good_batch_pass(name):
    model, batch, _ = opened(name)
    good = batch.get(ALONE, batch)
    check_batch(model, model.unpack((good, None, None)))


@pytest.mark.parametrize("name", GAMES)
def test_a_dataset_is_watched_for_labels_out_of_range_in_every_batch(name):
    model, batch, parts = opened(name)
    good = batch.get(ALONE, batch)
    two = tf.data.Dataset.from_tensors(good).repeat(2)
    for given, seen in zip(two, watched(model, two), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, given, seen)
    of_names = [
        name
        for name, part in model.batch_parts.items()
        if not isinstance(part, parts_lib.Examples)
    ]
    _, change = FAULTS["above its range"]
    bad_ones = [part for part in parts if is_whole(batch[part])]
    assert len(bad_ones) == len(of_names)
    for part in bad_ones:
        bad = tf.data.Dataset.from_tensors(change(batch, part))
        left = iter(watched(model, two.concatenate(bad)))
        assert len([next(left), next(left)]) == 2
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected .* Recei"):
            next(left)


def test_a_training_ends_at_a_later_batch_with_a_label_out_of_range():
    images, labels = (x[:64].copy() for x in games_labels.arrays().values())
    labels[-1] = 10**6
    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    model = games_labels.conditional()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected `labels` in"):
        model.fit(pairs.batch(32), verbose=0)
    assert int(model.step) == 1
