"""Data that end too soon stop a training with words, and nothing is lost."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import harness
from tests.bad_input import GOOD, Batches, dataset

# Keras warns of it too.
pytestmark = pytest.mark.filterwarnings("ignore:.*ran out of data")


@pytest.fixture(scope="module")
def model():
    return harness.gan(metrics=(), run_eagerly=True)


def only_once(parts=4):
    """A dataset whose generator is used up after one pass."""
    left = iter(np.split(GOOD, parts))
    signature = tf.TensorSpec((16 // parts, 8, 8, 1))
    return tf.data.Dataset.from_generator(lambda: left, output_signature=signature)


def test_an_epoch_without_a_batch_is_an_error(model):
    before = int(model.step)
    with pytest.raises(ValueError, match="batches for epoch 2. Received: 0.*anew"):
        model.fit(only_once(), epochs=3, verbose=0)
    assert int(model.step) > before


def test_an_epoch_that_ends_early_is_an_error_at_the_first_lack(model):
    unknown = dataset(GOOD, 4).filter(lambda _: True)
    kept = keras.callbacks.History()
    with pytest.raises(ValueError, match="Expected 3 .*epoch 2. Received: 1.*repeat"):
        model.fit(unknown, epochs=4, steps_per_epoch=3, verbose=0, callbacks=[kept])
    assert kept.epoch == [0]


def test_an_evaluation_without_a_batch_is_an_error(model):
    with pytest.raises(ValueError, match="some batches to evaluate on. Received: 0"):
        model.fit(GOOD, batch_size=8, validation_data=only_once(), epochs=2, verbose=0)
    few = dataset(GOOD).filter(lambda _: True)
    with pytest.raises(ValueError, match="Expected 5 batches.*Received: 2"):
        model.evaluate(few, steps=5, verbose=0)


def test_an_epoch_that_executions_overshoot_is_refused():
    several = harness.gan(steps_per_execution=4)
    for endless in (harness.digits(), dataset(GOOD).repeat()):
        with pytest.raises(ValueError, match="steps_per_execution=4"):
            several.fit(endless, steps_per_epoch=6)


def test_data_that_end_with_an_epoch_begin_anew(model):
    before = int(model.step)
    model.fit(dataset(GOOD, 4), steps_per_epoch=2, epochs=3, verbose=0)
    model.fit(Batches(GOOD), verbose=0)
    assert int(model.step) == before + 6 + 2


def test_a_training_that_is_stopped_is_not_one_that_ran_out(model):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    callbacks = keras.callbacks.CallbackList([Stop()])
    model.fit(dataset(GOOD), epochs=2, verbose=0, callbacks=callbacks)


@pytest.mark.slow
def test_validation_data_may_be_of_another_kind_than_the_data():
    fresh = harness.gan()
    logs = fresh.fit(
        GOOD, batch_size=8, validation_data=dataset(GOOD), verbose=0
    ).history
    assert "val_d_loss" in logs
    fresh.fit(dataset(GOOD), validation_data=GOOD, validation_batch_size=16, verbose=0)
    fresh.fit(GOOD, batch_size=8, validation_data=(GOOD, None), verbose=0)
