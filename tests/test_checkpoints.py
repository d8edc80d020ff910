"""A training that is stopped anywhere ends as one that never was."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import GAN, checkpoints
from keras_gan.callbacks import Checkpoint
from keras_gan.checkpoints import (
    MANIFEST,
    MODEL,
    RECORD,
    CheckpointError,
    CheckpointFolder,
    restore,
    verified,
)
from tests import harness

# 1,797 digits: epochs of 7 steps.
PIPELINE = harness.digits(batch_size=256)


class Killed(Exception):
    pass


class KillAt(keras.callbacks.Callback):
    """Ends a training after a step, as if the machine had gone."""

    def __init__(self, step, how=None):
        super().__init__()
        self.at, self.how = step, how

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.step.numpy()) == self.at:
            if self.how is not None:
                os.kill(os.getpid(), self.how)
            else:
                raise Killed


def fit(model, tmp_path, *callbacks, data=PIPELINE, epochs=3, **options):
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv", append=True)
    options = {"every_steps": 2} | options
    keeper = Checkpoint(tmp_path / "kept", say=lambda line: None, **options)
    # First in the list: what it saves is what the others have done all the same.
    try:
        model.fit(data, epochs=epochs, callbacks=[keeper, log, *callbacks], verbose=0)
    finally:
        if log.csv_file is not None:
            log.csv_file.close()
    return keeper


def logged(path):
    return (path / "log.csv").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    model = harness.gan(penalties=["r1"])
    log = keras.callbacks.CSVLogger(folder / "log.csv")
    model.fit(PIPELINE, epochs=3, callbacks=[log], verbose=0)
    return harness.state(model), logged(folder)


@pytest.mark.slow
@pytest.mark.parametrize("how", [None, signal.SIGINT])
def test_a_training_that_was_stopped_within_epochs_ends_as_an_unbroken_one(
    whole, tmp_path, how
):
    # In the first epoch, and at the end of one, before it is seen to.
    for step in (3, 14):
        error = Killed if how is None else KeyboardInterrupt
        with pytest.raises(error):
            fit(harness.gan(penalties=["r1"]), tmp_path, KillAt(step, how))
        if how is not None:
            assert CheckpointFolder(tmp_path / "kept").newest().step == step
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    model = harness.gan(penalties=["r1"])
    fit(model, tmp_path)
    state, log = whole
    harness.assert_same_state(state, harness.state(model))
    assert logged(tmp_path) == log
    # It is over, and stays so.
    fit(model, tmp_path)
    harness.assert_same_state(state, harness.state(model))
    assert int(model.step.numpy()) == 21


@pytest.mark.slow
def test_more_epochs_go_on_in_the_same_object(whole, tmp_path):
    model = harness.gan(penalties=["r1"])
    for epochs in (1, 3):
        fit(model, tmp_path, epochs=epochs, every_steps=None)
    harness.assert_same_state(whole[0], harness.state(model))


@pytest.mark.slow
@pytest.mark.parametrize("length", ["known", "endless"])
def test_a_dataset_whose_order_is_fixed_goes_on_where_it_was(tmp_path, length):
    images = np.concatenate(list(PIPELINE))[:96]

    def dataset():
        found = tf.data.Dataset.from_tensor_slices(images)
        found = found.shuffle(96, seed=5, reshuffle_each_iteration=False)
        found = found.batch(16, drop_remainder=True)
        return found.repeat() if length == "endless" else found

    def train(model, *callbacks):
        keeper = Checkpoint(tmp_path / "kept", every_steps=1, say=lambda line: None)
        steps = 6 if length == "endless" else None
        model.fit(
            dataset(),
            epochs=3,
            steps_per_epoch=steps,
            callbacks=[keeper, *callbacks],
            verbose=0,
        )
        return harness.state(model)

    expected = train(harness.gan())
    (tmp_path / "kept").rename(tmp_path / "first")
    for step in (4,) if length == "known" else (4, 11):
        with pytest.raises(Killed):
            train(harness.gan(), KillAt(step))
    harness.assert_same_state(expected, train(harness.gan()))


def test_data_of_unknown_length_are_refused_before_anything_is_trained(tmp_path):
    data = tf.data.Dataset.from_generator(
        lambda: iter(PIPELINE), output_signature=tf.TensorSpec((256, 8, 8, 1))
    )
    model = harness.gan()
    with pytest.raises(ValueError, match="how long an epoch is.*assert_cardinality"):
        fit(model, tmp_path, data=data)
    assert int(model.step.numpy()) == 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    model = harness.gan(penalties=["r1"])
    with pytest.raises(Killed):
        fit(model, folder, KillAt(7))
    return folder / "kept", model


@pytest.fixture
def kept(stopped, tmp_path):
    """Checkpoints of steps 2, 4 and 6, and the game that wrote them."""
    folder, model = stopped
    return shutil.copytree(folder, tmp_path / "kept"), model


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def flip(path, position=None):
    content = bytearray(path.read_bytes())
    position = len(content) // 2 if position is None else position
    content[position] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a bit of the model": lambda path: flip(path / MODEL),
    "a bit of the record": lambda path: flip(path / RECORD),
    "a bit of the manifest": lambda path: flip(path / MANIFEST, 20),
    "a model cut off": lambda path: os.truncate(path / MODEL, 1000),
    "no model": lambda path: (path / MODEL).unlink(),
    "no manifest": lambda path: (path / MANIFEST).unlink(),
    "an empty manifest": lambda path: (path / MANIFEST).write_text("{}"),
    "a size without end": lambda path: (path / MANIFEST).write_text(
        f'{{"files": {{"{MODEL}": [Infinity, ""]}}}}'
    ),
    "a manifest without end": lambda path: (path / MANIFEST).write_text("[" * 10**5),
    "a file too much": lambda path: (path / "more").write_text("x"),
    "a link": lambda path: (
        (path / MODEL).rename(path.parent / "elsewhere"),
        (path / MODEL).symlink_to(path.parent / "elsewhere"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_passed_over(kept, damage):
    folder, _ = kept
    assert names(folder) == ["step-00000002", "step-00000004", "step-00000006"]
    DAMAGES[damage](folder / "step-00000006")
    with pytest.raises(CheckpointError, match="step-00000006"):
        verified(folder / "step-00000006")
    with pytest.warns(UserWarning, match="passed over.*step-00000006"):
        assert CheckpointFolder(folder).newest().step == 4


def test_a_checkpoint_that_the_disk_does_not_give_back_is_passed_over(
    kept, monkeypatch
):
    def failing(file):
        if file.parent.name == "step-00000006":
            raise OSError(5, "Input/output error")
        return sha256(file)

    sha256 = checkpoints._sha256
    monkeypatch.setattr(checkpoints, "_sha256", failing)
    with pytest.warns(UserWarning, match="step-00000006 can't be read: .*output error"):
        assert CheckpointFolder(kept[0]).newest().step == 4


@pytest.mark.slow
def test_a_damaged_one_is_replaced_when_its_step_comes_again(kept, whole, tmp_path):
    folder, _ = kept
    flip(folder / "step-00000006" / MODEL)
    (folder / ".draft-step-00000008").mkdir()
    with pytest.warns(UserWarning, match="passed over"), pytest.raises(Killed):
        fit(harness.gan(penalties=["r1"]), tmp_path, KillAt(7))
    assert verified(folder / "step-00000006").step == 6
    assert not any(name.startswith(".") for name in names(folder))


def test_another_training_is_refused_line_by_line(kept, tmp_path):
    def refused(model, message, data=PIPELINE):
        before = harness.state(model)
        with pytest.raises(CheckpointError, match=message):
            fit(model, tmp_path, data=data)
        harness.assert_same_state(before, harness.state(model))

    refused(harness.gan(), r"compile.penalties.0.*'R1'.*-> None")
    refused(harness.gan(loss="hinge", penalties=["r1"]), "NonSaturating.*-> 'Hinge'")
    slower = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in (1e-3, 5e-4)]
    game = harness.gan(
        penalties=["r1"],
        generator_optimizer=slower[0],
        discriminator_optimizer=slower[1],
    )
    refused(game, r"discriminator_optimizer.config.learning_rate: 0\.001.* -> 0\.0005")
    game = harness.gan(penalties=["r1"])
    refused(game, "batch_size=256.* -> .*batch_size=128", harness.digits(128))
    refused(game, "first batch", harness.digits(256, seed=4))


def test_a_restore_that_fails_leaves_the_model_as_it_was(kept):
    folder, _ = kept
    other = GAN(
        harness.generator(),
        keras.Sequential(
            [keras.Input(harness.SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)]
        ),
        latent_dim=harness.LATENT_DIM,
    )
    other.compile()
    before = harness.state(other)
    with pytest.raises(CheckpointError, match="does not fit this model"):
        restore(other, CheckpointFolder(folder).newest())
    harness.assert_same_state(before, harness.state(other))


@pytest.mark.slow
def test_a_seed_that_nobody_chose_is_that_of_the_checkpoint(tmp_path):
    def game():
        model = GAN(
            harness.generator(), harness.discriminator(), latent_dim=harness.LATENT_DIM
        )
        model.compile()
        return model

    keras.utils.set_random_seed(1)
    first = game()
    images = np.concatenate(list(PIPELINE))[:64]
    fit(first, tmp_path, data=images, epochs=2)
    (tmp_path / "kept" / "step-00000004").rename(tmp_path / "later")
    second = game()
    assert second.seed != first.seed
    fit(second, tmp_path, data=images, epochs=2)
    assert second.seed == first.seed
    harness.assert_same_state(harness.state(first), harness.state(second))


def test_a_state_that_is_not_finite_is_not_saved(kept, tmp_path):
    folder, model = kept
    before, said = names(folder), []
    kernel = model.generator_optimizer.variables[-1]
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(CheckpointError, match="not finite any more, first in .*"):
        CheckpointFolder(folder).write(model, {})
    keeper = Checkpoint(folder, say=said.append)
    keeper.set_model(model)
    keeper.set_params({"steps": 7})
    keeper.on_train_begin()
    keeper.on_epoch_begin(0)
    keeper.on_epoch_end(0)
    keeper.release()
    assert names(folder) == before and "not finite" in said[0]


@pytest.mark.slow
def test_a_full_disk_costs_a_line_and_not_the_training(kept, tmp_path, monkeypatch):
    folder, _ = kept
    before, said = names(folder), []

    def full(model, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GAN, "save", full)
    model = harness.gan(penalties=["r1"])
    keeper = Checkpoint(folder, every_steps=2, say=said.append)
    model.fit(PIPELINE, epochs=1, callbacks=[keeper], verbose=0)
    assert int(model.step.numpy()) == 7 and names(folder) == before
    assert "Goes on from" in said[0]
    assert "No checkpoint at step 7: [Errno 28] No space left" in said[-1]


def test_the_newest_stay_and_the_best(tmp_path):
    values = iter([0.5, 0.1, 0.3, 0.2])

    class Judge(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_kid"] = next(values)

    model = harness.gan()
    fit(
        model,
        tmp_path,
        Judge(),
        epochs=4,
        every_steps=None,
        keep=1,
        monitor="val_kid",
        data=harness.digits(batch_size=512),
    )
    assert names(tmp_path / "kept") == [f"step-{n:08d}" for n in (6, 12)]
    record = json.loads((tmp_path / "kept" / "step-00000006" / RECORD).read_text())
    assert record["value"] == 0.1 and record["position"] == [2, 0, 0]
    assert record["environment"]["tensorflow"] == tf.__version__


def test_what_a_checkpoint_costs_is_chosen_in_minutes_too(tmp_path):
    keeper = fit(harness.gan(), tmp_path, epochs=1, every_steps=None, every_minutes=60)
    assert names(tmp_path / "kept") == ["step-00000007"]
    with pytest.raises(ValueError, match="`every_minutes` must be above 0"):
        Checkpoint(tmp_path, every_minutes=0)
    with pytest.raises(ValueError, match="`every_steps` must be an integer of at"):
        Checkpoint(tmp_path, every_steps=0)
    with pytest.raises(ValueError, match="`mode` must be one of 'auto', 'min', 'max'"):
        Checkpoint(tmp_path, mode="best")
    with pytest.raises(ValueError, match="One callback keeps"):
        harness.gan().fit(PIPELINE, callbacks=[keeper, Checkpoint(tmp_path / "b")])


@pytest.mark.slow
def test_a_process_that_is_terminated_saves_its_step_and_ends_as_asked(tmp_path):
    script = f"""
        from keras_gan.callbacks import Checkpoint
        from tests import harness
        model = harness.gan(penalties=["r1"])
        print("begins", flush=True)
        model.fit(
            harness.digits(batch_size=256),
            epochs=100_000,
            callbacks=[Checkpoint({str(tmp_path / "kept")!r}, every_minutes=60)],
            verbose=2,
        )
    """
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.path.dirname(os.path.dirname(__file__)),
    )
    for line in process.stdout:
        if line.startswith("Epoch 5/"):
            break
    process.terminate()
    process.stdout.close()
    assert process.wait(60) == -signal.SIGTERM
    found = CheckpointFolder(tmp_path / "kept").newest()
    assert found.step >= 4 * 7
    model = harness.gan(penalties=["r1"])
    restore(model, found)
    unbroken = harness.gan(penalties=["r1"])
    unbroken.fit(PIPELINE, steps_per_epoch=found.step, verbose=0)
    harness.assert_same_state(harness.state(unbroken), harness.state(model))
