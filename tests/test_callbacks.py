"""Our callbacks, and all of Keras' own with both players."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from keras_gan import callbacks, pictures
from tests import harness

PIPELINE = harness.digits(batch_size=256)


def fit(model, *watchers, epochs=2, **kwargs):
    kwargs.setdefault("steps_per_epoch", 2)
    return model.fit(
        PIPELINE, epochs=epochs, callbacks=list(watchers), verbose=0, **kwargs
    )


def learning_rates(model):
    return [float(o.learning_rate) for o in model.optimizer.optimizers]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """One training of four epochs that many callbacks watch at once."""
    folder = tmp_path_factory.mktemp("watched")
    stream = io.StringIO()
    model = harness.gan(penalties=["r1"])
    history = fit(
        model,
        callbacks.ImageGrid(folder / "grids", num_images=9, every_epochs=2, seed=4),
        callbacks.SaveModel(folder / "saved" / "model.keras"),
        callbacks.ProgressBar(total_steps=8, images_per_step=256, stream=stream),
        keras.callbacks.CSVLogger(folder / "log.csv"),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        keras.callbacks.ModelCheckpoint(
            folder / "best.keras", monitor="d_loss", mode="min", save_best_only=True
        ),
        epochs=4,
    )
    return folder, model, history.history, stream.getvalue()


def test_image_grid_draws_the_same_latents_every_nth_epoch(watched):
    folder, model, _, _ = watched
    files = sorted(path.name for path in (folder / "grids").iterdir())
    assert files == ["epoch-0002.png", "epoch-0004.png"]
    last = np.asarray(Image.open(folder / "grids" / "epoch-0004.png"))
    expected = pictures.grid(model.generate(9, seed=4))
    factor = last.shape[0] // expected.shape[0]
    np.testing.assert_array_equal(last[::factor, ::factor], expected)


def test_image_grid_draws_from_given_inputs(tmp_path):
    model = harness.gan()
    latents = np.zeros((4, harness.LATENT_DIM), "float32")
    grid = callbacks.ImageGrid(tmp_path, inputs=latents)
    grid.set_model(model)
    grid.on_train_begin()
    grid.on_epoch_end(0)
    expected = pictures.picture(model.predict(latents, verbose=0))
    pictures.save_png(tmp_path / "expected.png", expected)
    files = [tmp_path / name for name in ("epoch-0001.png", "expected.png")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_image_grid_needs_somewhere_to_write():
    with pytest.raises(ValueError, match="`folder`, `tensorboard_dir` or both"):
        callbacks.ImageGrid()
    with pytest.raises(ValueError, match="1 or more"):
        callbacks.ImageGrid("x", every_epochs=0)


def test_image_grid_names_the_extra_that_tensorboard_needs(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install keras-gan\[tensorboard\]"):
        callbacks.ImageGrid(tensorboard_dir=tmp_path)


@pytest.mark.slow
def test_image_grid_writes_an_image_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    fit(harness.gan(), callbacks.ImageGrid(tensorboard_dir=tmp_path, num_images=4))
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0}).Reload()
    assert [event.step for event in events.Tensors("samples")] == [1, 2]


def test_save_model_leaves_a_whole_file_and_nothing_else(watched):
    folder, model, _, _ = watched
    assert [path.name for path in (folder / "saved").iterdir()] == ["model.keras"]
    loaded = keras.saving.load_model(folder / "saved" / "model.keras")
    harness.assert_same_state(harness.state(model), harness.state(loaded))


def test_save_model_does_not_replace_a_good_file_by_a_diverged_model(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("good")
    saver = callbacks.SaveModel(path)
    saver.set_model(harness.gan())
    saver.on_epoch_end(0, {"loss": float("nan")})
    weight = saver.model.generator_variables[0]
    weight.assign(weight * np.nan)
    saver.on_epoch_end(0, {"loss": 1.0})
    assert path.read_text() == "good"


def test_progress_bar_counts_images_and_shows_the_state_of_the_game(watched):
    shown = watched[3]
    assert "epoch 4/4" in shown and "100%" in shown
    assert "images/s" in shown and "left" in shown
    assert "d_loss" in shown and "D(G(z))" in shown


def test_learning_rate_schedules_reach_both_players(watched):
    _, model, logs, _ = watched
    np.testing.assert_allclose(learning_rates(model), [6.25e-5, 6.25e-5])
    shown = [name for name in logs if name.startswith("learning_rate_")]
    assert len(shown) == 2
    assert any("generator" in name for name in shown)


@pytest.mark.slow
def test_reduce_on_plateau_reaches_both_players():
    model = harness.gan()
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="g_loss", mode="min", factor=0.1, patience=1, min_delta=100.0
    )
    fit(model, plateau, epochs=3)
    assert max(learning_rates(model)) <= 1.01e-4


@pytest.mark.slow
def test_early_stopping_restores_both_players_and_the_average():
    model = harness.gan()
    stopper = keras.callbacks.EarlyStopping(
        monitor="val_g_loss",
        mode="min",
        min_delta=100.0,
        patience=1,
        restore_best_weights=True,
    )
    history = fit(model, stopper, epochs=6, validation_data=PIPELINE)
    assert len(history.history["loss"]) == 2


def test_model_checkpoint_keeps_the_best_whole_model(watched):
    folder, _, logs, _ = watched
    loaded = keras.saving.load_model(folder / "best.keras")
    assert loaded.optimizer.built
    assert int(loaded.step) == 2 * (1 + int(np.argmin(logs["d_loss"])))


@pytest.mark.slow
def test_backup_and_restore_goes_on_exactly(tmp_path):
    whole = harness.gan()
    fit(whole, epochs=3)

    class Unplug(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    broken = harness.gan()
    backup = tmp_path / "backup"
    with pytest.raises(KeyboardInterrupt):
        fit(broken, keras.callbacks.BackupAndRestore(backup), Unplug(), epochs=3)
    resumed = harness.gan()
    fit(resumed, keras.callbacks.BackupAndRestore(backup), epochs=3)
    harness.assert_same_state(harness.state(whole), harness.state(resumed))


def test_terminate_on_nan_sees_the_loss_of_the_game():
    model = harness.gan(run_eagerly=True)
    weight = model.discriminator_variables[0]
    weight.assign(weight * np.nan)
    fit(model, keras.callbacks.TerminateOnNaN(), epochs=3)
    assert int(model.step) == 1


def test_csv_logger_writes_every_name(watched):
    header, *rows = (watched[0] / "log.csv").read_text().splitlines()
    assert header.startswith("epoch,")
    assert {"loss", "d_loss", "d_r1", "g_loss"} <= set(header.split(","))
    assert len(rows) == 4


@pytest.mark.slow
def test_tensorboard_runs_with_both_optimizers(tmp_path):
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`")
    fit(harness.gan(), keras.callbacks.TensorBoard(tmp_path))
    assert list(tmp_path.rglob("events.*"))
