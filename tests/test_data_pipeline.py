"""Order: which examples make the batch of a step."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gan import data
from tests.data_sets import drawn, numbered, pixels


@pytest.mark.parametrize("num_examples", [4, 5, 1797, 4**8 + 1])
def test_an_epoch_draws_each_example_once(num_examples):
    # 4**8 + 1: TensorFlow's own shuffle is no permutation there.
    indices_at = data.shuffled_indices(num_examples, num_examples)
    for epoch in (0, 1, 7):
        assert sorted(indices_at(epoch).numpy()) == list(range(num_examples))


def test_an_epoch_leaves_out_only_the_remainder():
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    epoch = drawn(pipeline)
    assert len(pipeline) == 4
    assert len(epoch) == len(set(epoch)) == 20
    assert set(epoch) <= set(range(23))


def first_indices(num_examples, count, num_epochs):
    """The first indices of each epoch, of shape `(num_epochs, count)`."""
    indices_at = data.shuffled_indices(num_examples, count)
    steps = tf.range(num_epochs, dtype=tf.int64) * (num_examples // count)
    return tf.function(tf.map_fn)(indices_at, steps).numpy()


def test_no_two_of_five_hundred_epochs_have_the_same_order():
    # TensorFlow's shuffle, keyed with the epoch itself, would repeat after 256.
    starts = first_indices(4000, 8, num_epochs=500)
    assert len(np.unique(starts, axis=0)) == 500


def test_every_example_is_equally_likely_at_every_position():
    epochs = first_indices(512, 512, num_epochs=128)
    positions = np.argsort(epochs, axis=1) // 64  # an eighth of the epoch each
    counts = np.array([(positions == i).sum(0) for i in range(8)])
    # 512 times 7 degrees of freedom: mean 3,584, standard deviation 85.
    assert abs(((counts - 16) ** 2 / 16).sum() - 3584) < 400


def test_the_step_from_one_example_to_the_next_is_not_regular():
    # With its default of four rounds TensorFlow's shuffle repeats a step 60 times.
    epochs = first_indices(60000, 60000, num_epochs=20)
    repeats = [np.bincount(np.diff(epoch) + 60000).max() for epoch in epochs]
    assert max(repeats) < 15  # 9 in 50 of NumPy's permutations


def test_the_seed_alone_decides_the_order():
    first, same, other = (
        drawn(data.from_arrays(numbered(40), batch_size=8, seed=seed))
        for seed in (1, 1, 257)
    )
    assert (first == same).all()
    assert (first != other).any()


def test_starting_at_a_step_equals_skipping_to_it():
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    unbroken = drawn(pipeline, num_steps=14)
    for start_step in (3, 4, 9):  # in, at the end of and after the first epochs
        resumed = drawn(pipeline, start_step, 14 - start_step)
        assert (resumed == unbroken[5 * start_step :]).all()
        skipped = pipeline.dataset().skip(start_step).take(1)
        assert (next(skipped.as_numpy_iterator())[:, 0] == resumed[:5]).all()


def test_a_start_that_is_a_function_is_asked_when_iteration_begins():
    pipeline, step = data.from_arrays(numbered(23), batch_size=5), 3
    dataset = pipeline.dataset(lambda: step)
    for step in (3, 6):
        first = next(dataset.as_numpy_iterator())
        assert (first[:, 0] == drawn(pipeline, step, 1)).all()


@pytest.mark.parametrize("start", [2, lambda: 2], ids=["number", "function"])
def test_the_length_of_a_dataset_is_known(start):
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    assert pipeline.dataset(start).cardinality() == tf.data.INFINITE_CARDINALITY
    assert pipeline.dataset(start, 3).cardinality() == 3
    assert len(list(pipeline.dataset(start, 3))) == 3


def test_iterating_over_a_pipeline_gives_epoch_0_in_numpy():
    batches = list(data.from_arrays(pixels(10), batch_size=4))
    assert [type(batch) for batch in batches] == [np.ndarray] * 2
    assert batches[0].shape == (4, 4, 4, 3)


def test_batch_shapes_are_static():
    for pipeline in (data.digits(batch_size=16), data.ring(batch_size=16)):
        spec = pipeline.dataset().element_spec
        assert spec.shape == (16, *pipeline.example_shape)
        assert spec.dtype == tf.float32


def test_a_batch_may_be_a_dict_of_aligned_arrays():
    images, labels = tf.constant(pixels(9)), tf.range(9)
    indices_at = data.shuffled_indices(9, 3)

    def batch_at(step):
        indices = indices_at(step)
        return {
            "real": tf.gather(images, indices),
            "labels": tf.gather(labels, indices),
        }

    pipeline = data.Pipeline(batch_at, 3, batch_size=3, example_shape=(4, 4, 3))
    for batch in pipeline:
        assert (batch["real"] == images.numpy()[batch["labels"]]).all()


def test_a_batch_of_another_size_than_stated_is_refused():
    pipeline = data.Pipeline(
        lambda step: tf.zeros([3, 2]), 1, batch_size=4, example_shape=(2,)
    )
    with pytest.raises(ValueError, match=r"batch_size=4. Received: .*\(3, 2\)"):
        pipeline.dataset()


@pytest.mark.parametrize(
    "arguments", [{"batch_size": 0}, {"batch_size": 2.5}, {"seed": -1}, {"seed": 2**63}]
)
def test_impossible_numbers_are_refused_by_name(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        data.shuffled_indices(8, **{"batch_size": 4, **arguments})


def test_negative_steps_are_refused():
    pipeline = data.from_arrays(pixels(), batch_size=2)
    with pytest.raises(ValueError, match="`start_step` must be .* at least 0"):
        pipeline.dataset(-1)
    with pytest.raises(ValueError, match="`num_steps` must be .* at least 0"):
        pipeline.dataset(0, -1)
