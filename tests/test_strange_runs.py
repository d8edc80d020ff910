"""Run folders and data from strangers: one error, and nothing of them is run."""

import json
import os
import shutil
import sys
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner

from keras_gan import checkpoints, cli, data
from keras_gan.callbacks import Checkpoint
from keras_gan.checkpoints import MANIFEST, MODEL, RECORD, CheckpointError
from keras_gan.runs import Run
from keras_gan.settings import Settings
from tests import harness

PIPELINE = harness.digits(batch_size=256)


def call(*arguments):
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "can't be read"),
        ("[]", "Expected a JSON object"),
        ("{}", "of which `data` is one"),
        ('{"data": "digits", "command": "id"}', "not among them: ['command']"),
        ('{"data": 3}', "Setting 'data' can't be 3"),
        ('{"data": "digits", "epochs": "many"}', "Setting 'epochs' can't be 'many'"),
        ('{"data": "digits", "epochs": true}', "Setting 'epochs' can't be True"),
        ('{"data": "digits", "penalties": "r1"}', "Setting 'penalties'"),
        ('{"data": "digits", "penalties": [{"name": "r1"}]}', "Setting 'penalties'"),
        ('{"data": "digits", "data_dir": ["/etc"]}', "Setting 'data_dir'"),
    ],
)
def test_settings_that_no_training_wrote_get_one_line(text, words, tmp_path):
    (tmp_path / "config.json").write_text(text)
    for command in (("train", "--resume"), ("evaluate",), ("sample",), ("export",)):
        result = call(*command, tmp_path)
        assert result.exit_code == cli.EXIT_MISTAKE, result.output
        assert words.lower() in result.output.lower()
        assert result.output.count("\n") == 1


def test_what_a_training_wrote_is_read_as_it_was(tmp_path):
    settings = Settings(data="digits", penalties=("r1",), learning_rate=1, width=8)
    run = Run.create(tmp_path / "run", settings)
    assert Run.open(run.folder)[1] == settings


def test_a_run_whose_model_is_a_program_is_refused(tmp_path):
    run = Run.create(tmp_path / "run", Settings(data="digits"))
    run.model.write_bytes(b"\x80\x04\x95cos\nsystem\n")
    for command in ("sample", "interpolate", "export", "evaluate"):
        result = call(command, run.folder)
        assert result.exit_code == cli.EXIT_MISTAKE
        assert "model.keras can't be loaded: it is no `.keras` file" in result.output


@pytest.fixture(scope="module")
def game():
    return harness.gan()


@pytest.fixture(scope="module")
def trained(game, tmp_path_factory):
    """The folder of a checkpoint after three of seven steps, played by nobody."""
    folder = tmp_path_factory.mktemp("trained")
    keeper = Checkpoint(folder, every_steps=3, say=lambda line: None)
    keeper.set_model(game)
    keeper.set_params({"steps": PIPELINE.steps_per_epoch})
    keeper.resume(game, PIPELINE, PIPELINE.steps_per_epoch, 0)
    keeper.on_train_begin()
    keeper.on_epoch_begin(0)
    game.step.assign(3)
    keeper.on_train_batch_end(2)
    keeper.release()
    game.step.assign(0)
    return folder


def forged(path, **changed):
    """Changes a record, and the manifest with it, as whoever wants to can."""
    record = json.loads((path / RECORD).read_text())
    record |= changed
    for name in [name for name, value in changed.items() if value is KeyError]:
        del record[name]
    (path / RECORD).write_text(json.dumps(record))
    (path / MANIFEST).unlink()
    (path / MANIFEST).write_text(checkpoints._manifest(checkpoints._listed(path)))


@pytest.mark.parametrize(
    "changed",
    [
        {"position": KeyError},
        {"position": "0, 3, 0"},
        {"position": [0, 3]},
        {"position": [0, -3, 0]},
        {"position": [0, 7, 0]},
        {"position": [0, 3, 10**6]},
        {"means": {"d_loss": 1.0}},
        {"means": [[1.0, 2.0]]},
        {"means": [["1.0"]]},
        {"seed": "11"},
        {"seed": KeyError},
        {"described": None},
        {"environment": ["keras"]},
    ],
    ids=str,
)
def test_a_record_that_no_training_wrote_gets_one_error(
    changed, game, trained, tmp_path
):
    folder = tmp_path / "checkpoints"
    shutil.copytree(trained, folder)
    (path,) = folder.iterdir()
    forged(path, **changed)
    before = harness.state(game)
    keeper = Checkpoint(folder, say=lambda line: None)
    with pytest.raises(CheckpointError, match=f"{RECORD} .*Remove .* the one before"):
        keeper.find(game)
        keeper.resume(game, PIPELINE, PIPELINE.steps_per_epoch, 0)
    harness.assert_same_state(before, harness.state(game))


def test_a_record_that_a_training_wrote_is_taken(game, trained):
    keeper = Checkpoint(trained, say=lambda line: None)
    keeper.find(game)
    position = keeper.resume(game, PIPELINE, PIPELINE.steps_per_epoch, 0)
    assert position == (0, 3, 0) and int(game.step.numpy()) == 3
    game.step.assign(0)


def test_a_run_with_such_a_record_is_resumed_with_one_line(trained, tmp_path):
    run = Run.create(tmp_path / "run", Settings(data="ring", model="vector"))
    shutil.copytree(trained, run.checkpoints)
    (path,) = run.checkpoints.iterdir()
    forged(path, position=[])
    result = call("train", "--resume", run.folder)
    assert result.exit_code == cli.EXIT_MISTAKE
    assert result.output.startswith(f"Error: {path / RECORD} is no record")


def test_records_of_older_checkpoints_may_be_anything(game, tmp_path):
    for number, text in enumerate(("[", "3", '{"value": "low"}')):
        older = tmp_path / f"step-0000000{number}"
        older.mkdir()
        (older / RECORD).write_text(text)
    keeper = Checkpoint(tmp_path, monitor="loss", say=lambda line: None)
    keeper.set_model(game)
    assert keeper._best(None) is None
    assert keeper._best(0.5) == int(game.step.numpy())


def test_the_weights_of_a_checkpoint_pass_the_loader_too(game, trained, tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(trained, folder)
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path / MODEL, "a") as archive:
        archive.writestr("more.py", "")
    forged(path)
    before = harness.state(game)
    with pytest.raises(CheckpointError, match="does not fit this model"):
        checkpoints.restore(game, checkpoints.verified(path))
    harness.assert_same_state(before, harness.state(game))


def test_arrays_of_objects_are_never_unpickled(tmp_path):
    marker = tmp_path / "was_run"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    np.save(tmp_path / "images.npy", np.array([Evil()], object), allow_pickle=True)
    np.savez(tmp_path / "images.npz", images=np.array([Evil()], object))
    for name in ("images.npy", "images.npz"):
        with pytest.raises(ValueError, match="may .* hold pickled objects"):
            data.load(tmp_path / name)
        result = call("train", "--data", tmp_path / name, "--out", tmp_path / "run")
        assert result.exit_code == cli.EXIT_MISTAKE
    assert not marker.exists()


def test_a_prepared_set_may_not_name_modules_to_import(own_sets, tmp_path, monkeypatch):
    folder = tmp_path / "sets"
    shutil.copytree(own_sets[0], folder)
    (file,) = (folder / "tiny_faces").rglob("features.json")
    file.write_text(file.read_text().replace("tensorflow_datasets.core", "strange"))
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "__init__.py").write_text("raise SystemExit('was run')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("tiny_faces", "TinyFaces", "tiny_faces:1.0.0"):
        with pytest.raises(ValueError, match="Only the features of TensorFlow"):
            data.load(name, data_dir=folder)
    assert "strange" not in sys.modules
