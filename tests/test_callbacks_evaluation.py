"""Callbacks that measure and export every few epochs."""

import json

import keras
import numpy as np
import pytest

from keras_gan import callbacks
from keras_gan.metrics import evaluation as metrics
from keras_gan.metrics.drawing import Drawing
from tests import games_translation, harness

PIPELINE = harness.digits(batch_size=256)


class Evaluation:
    """Counts its measurements."""

    def __init__(self):
        self.drawn = []

    def measure(self, draw, seed):
        self.drawn.append(draw(3, seed))
        if np.isnan(self.drawn[-1]).any():
            raise ValueError("must be finite")
        return {"fd(pixels)": len(self.drawn), "recall": np.float64(0.5)}


class Watched:
    """A model of which only the pictures are asked."""

    stop_training = False

    value = 1.0

    def generate(self, num_images, seed):
        return np.full((num_images, 2), seed * self.value)


def run_epochs(callback, epochs):
    """What the logs of these epochs show."""
    callback.set_model(Watched())
    callback.on_train_begin()
    shown = []
    for epoch in epochs:
        logs = {"loss": 1.0}
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
        shown.append(logs)
    return shown


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_evaluate_measures_the_first_and_every_nth_epoch_and_repeats_between():
    evaluation = Evaluation()
    watcher = callbacks.Evaluate(evaluation, every_epochs=3, seed=9)
    shown = [logs["fd(pixels)"] for logs in run_epochs(watcher, range(7))]
    assert shown == [1, 1, 2, 2, 2, 3, 3]
    assert all((images == 9).all() for images in evaluation.drawn)


def test_evaluate_measures_the_path_length_of_the_generator_as_it_is_now():
    model = harness.gan()
    examples = next(iter(PIPELINE.dataset())).numpy()
    judge = metrics.Evaluation(examples, metrics=("path_length",), features="pixels")
    watcher = callbacks.Evaluate(judge)
    logs = model.fit(
        PIPELINE, epochs=2, steps_per_epoch=1, callbacks=[watcher], verbose=0
    ).history
    first, last = logs["ppl(pixels)"]
    assert first != last == judge.measure(Drawing.of(model))["ppl(pixels)"]


def test_evaluate_refuses_what_draws_from_pictures_before_an_epoch_is_trained():
    game = games_translation.pix2pix()
    judge = metrics.Evaluation(np.zeros((60, 8, 8, 1), "float32"))
    watcher = callbacks.Evaluate(judge)
    watcher.set_model(game)
    with pytest.raises(ValueError, match="draws from pictures"):
        watcher.on_train_begin()


def test_evaluate_drops_the_rows_of_epochs_that_a_resumed_training_repeats(tmp_path):
    file = tmp_path / "run" / "evaluation.jsonl"
    run_epochs(callbacks.Evaluate(Evaluation(), file=file), range(4))
    resumed = callbacks.Evaluate(Evaluation(), every_epochs=2, file=file)
    shown = run_epochs(resumed, [2, 3])
    # The file had numbers to repeat, so no epoch was measured for them.
    assert shown[0] == {"loss": 1.0, "fd(pixels)": 2.0, "recall": 0.5}
    rows = rows_of(file)
    assert [(row["epoch"], row["fd(pixels)"]) for row in rows] == [
        (0, 1.0),
        (1, 2.0),
        (3, 1.0),
    ]
    assert [path.name for path in file.parent.iterdir()] == ["evaluation.jsonl"]


def test_numbers_in_a_file_have_their_protocol_and_none_of_another_follow(tmp_path):
    def watcher(seed=0, count=60):
        real = np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype("float32")
        judge = metrics.Evaluation(real, metrics="mind")
        return callbacks.Evaluate(judge, seed=seed, file=tmp_path / "numbers.jsonl")

    run_epochs(watcher(), range(2))
    kept = json.loads((tmp_path / "numbers.protocol.json").read_text())
    assert kept["num_fake"] == 30 and kept["seeds"] == [0]
    assert kept["settings"] == {"mind": "1000 projections"}
    assert kept["features"][0]["name"] == "pixels"
    shown = run_epochs(watcher(), [2])
    assert len(rows_of(tmp_path / "numbers.jsonl")) == 3 and "mind(pixels)" in shown[0]
    for other, reason in ((watcher(seed=1), "seeds"), (watcher(count=80), "num_real")):
        with pytest.raises(ValueError, match=f"another protocol.* {reason}"):
            run_epochs(other, [3])
    assert len(rows_of(tmp_path / "numbers.jsonl")) == 3


def test_evaluate_shows_nan_for_a_generator_that_draws_nan(tmp_path):
    watcher = callbacks.Evaluate(Evaluation(), file=tmp_path / "evaluation.jsonl")
    run_epochs(watcher, [0])
    watcher.model.value = np.nan
    watcher.every_epochs = 2
    for epoch in (1, 2):
        logs = {}
        watcher.on_epoch_end(epoch, logs)
        assert np.isnan(logs["recall"])
    assert [row["recall"] for row in rows_of(watcher._rows.path)] == [0.5, None]


def test_a_checkpoint_of_a_resumed_training_still_finds_its_best(tmp_path):
    file = tmp_path / "evaluation.jsonl"
    run_epochs(callbacks.Evaluate(Evaluation(), every_epochs=3, file=file), range(3))
    shown = run_epochs(
        callbacks.Evaluate(Evaluation(), every_epochs=3, file=file), range(3, 6)
    )
    saver = keras.callbacks.ModelCheckpoint("best.keras", "fd(pixels)", 0, True)
    saver.monitor_op = np.less
    saves = [saver._should_save_model(0, None, logs, "") for logs in shown]
    assert [logs["fd(pixels)"] for logs in shown] == [2, 2, 1]
    assert saves == [True, False, True]


def test_evaluate_refuses_a_file_that_holds_something_else(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("epoch,loss\n0,1.0\n")
    with pytest.raises(ValueError, match="Move it away"):
        run_epochs(callbacks.Evaluate(Evaluation(), file=file), [0])


def test_evaluate_reaches_the_history_and_a_csv_after_it(tmp_path):
    model = harness.gan(metrics=(), run_eagerly=True)
    history = model.fit(
        PIPELINE,
        epochs=2,
        steps_per_epoch=1,
        verbose=0,
        callbacks=[
            callbacks.Evaluate(Evaluation(), every_epochs=2),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        ],
    ).history
    assert history["fd(pixels)"] == [1.0, 2.0]
    header = (tmp_path / "log.csv").read_text().splitlines()[0]
    assert "fd(pixels)" in header.split(",")


@pytest.mark.slow
def test_evaluate_takes_the_evaluation_of_the_package(tmp_path):
    real = np.concatenate(list(PIPELINE))
    evaluation = metrics.Evaluation(real, metrics=("kid",), num_images=1000)
    watcher = callbacks.Evaluate(evaluation, file=tmp_path / "evaluation.jsonl")
    model = harness.gan(run_eagerly=True)
    logs = model.fit(PIPELINE, steps_per_epoch=1, callbacks=[watcher], verbose=0)
    assert logs.history["kid(random)"] == [
        evaluation.measure(model.generate, seed=0)["kid(random)"]
    ]


@pytest.fixture
def exports(monkeypatch):
    """Calls of `export_all`, which writes its epoch or fails when told to."""
    calls = []

    def export_all(model, folder, **options):
        calls.append(options)
        if getattr(model, "fails", False):
            raise ValueError("no room\nfor tensors")
        (folder / "generator.onnx").write_text(str(len(calls)))

    monkeypatch.setattr("keras_gan.export.export_all", export_all)
    return calls


def follow(exporter, numbers, fails=()):
    exporter.set_model(Watched())
    exporter.on_train_begin()
    for epoch, number in enumerate(numbers):
        exporter.model.fails = epoch in fails
        exporter.on_epoch_end(epoch, {"val_kid": number})


def test_export_on_best_exports_when_the_number_improves(tmp_path, exports):
    exporter = callbacks.ExportOnBest(tmp_path / "best", artefacts=("onnx",))
    follow(exporter, [0.5, 0.7, float("nan"), 0.5, 0.2])
    assert [call["artefacts"] for call in exports] == [("onnx",)] * 2
    assert json.loads((tmp_path / "best" / "best.json").read_text()) == {
        "monitor": "val_kid",
        "value": 0.2,
        "epoch": 4,
    }


def test_export_on_best_goes_on_from_the_number_beside_the_export(tmp_path, exports):
    follow(callbacks.ExportOnBest(tmp_path), [0.5])
    resumed = callbacks.ExportOnBest(tmp_path)
    follow(resumed, [0.6, 0.4])
    assert len(exports) == 2 and resumed.best == 0.4
    with pytest.raises(ValueError, match="Choose another folder"):
        follow(callbacks.ExportOnBest(tmp_path, monitor="val_fd"), [])


def test_an_unknown_artefact_is_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(ValueError, match="'onxx'.*Did you mean 'onnx'"):
        callbacks.ExportOnBest(tmp_path, artefacts=("tflite", "onxx"))
    with pytest.raises(ValueError, match="one or more"):
        callbacks.ExportOnBest(tmp_path, artefacts=())
    assert callbacks.ExportOnBest(tmp_path, artefacts="onnx").artefacts == ("onnx",)


def test_a_failed_export_is_said_once_and_leaves_the_old_one(tmp_path, exports):
    lines = []
    exporter = callbacks.ExportOnBest(tmp_path, say=lines.append)
    follow(exporter, [0.9, 0.5, 0.6, 0.4, 0.3], fails=(1, 3))
    # 0.6 is better than the artefact and no better than what could not be exported.
    assert len(exports) == 4
    (line,) = lines
    assert "after epoch 2 failed" in line and "ValueError: no room for tensors" in line
    assert exporter.best == 0.3
    assert (tmp_path / "generator.onnx").read_text() == "4"


def test_a_number_that_nobody_logs_is_said_once_with_those_that_are(tmp_path, exports):
    lines = []
    exporter = callbacks.ExportOnBest(tmp_path, monitor="val_fd", say=lines.append)
    follow(exporter, [0.5, 0.4])
    assert len(lines) == 1 and "'val_fd'" in lines[0] and "val_kid" in lines[0]
    assert not exports


@pytest.mark.slow
def test_the_best_generator_of_a_training_is_exported(tmp_path):
    from keras_gan.export import load_artefact

    model = harness.gan()
    model.fit(
        PIPELINE,
        validation_data=PIPELINE,
        callbacks=[callbacks.ExportOnBest(tmp_path / "best", artefacts=["tflite"])],
        verbose=0,
    )
    latents = model.sample_latents(1, seed=0)
    drawn = load_artefact(tmp_path / "best" / "generator.tflite")(latents)
    drawn = next(iter(drawn.values())) if isinstance(drawn, dict) else drawn
    np.testing.assert_allclose(drawn, model(latents), atol=1e-4)


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        ("val_kid", "min"),
        ("fd(random)", "min"),
        ("g_loss", "min"),
        ("val_ssim", "max"),
        ("recall(random)", "max"),
    ],
)
def test_callbacks_know_which_way_a_number_is_better(tmp_path, monitor, mode):
    assert callbacks.ExportOnBest(tmp_path, monitor=monitor).mode == mode
    assert callbacks.Checkpoint(tmp_path, monitor=monitor).mode == mode
    assert callbacks.ExportOnBest(tmp_path, monitor=monitor, mode="max").mode == "max"
