"""Long trainings: a disk that fails, folders that go, memory that must stay."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import pytest
from click.testing import CliRunner

from keras_gan import cli, runs
from keras_gan import settings as settings_lib
from keras_gan.callbacks import Checkpoint, ImageGrid, SaveModel
from keras_gan.callbacks.rows import EpochRows
from keras_gan.checkpoints import CheckpointFolder
from tests import harness, long_training

# 1,797 digits: epochs of 7 steps.
PIPELINE = harness.digits(batch_size=256)


class At(keras.callbacks.Callback):
    """Does something to the disk after the steps that are given."""

    def __init__(self, deeds):
        super().__init__()
        self.deeds = deeds

    def on_train_batch_end(self, batch, logs=None):
        self.deeds.get(int(self.model.step.numpy()), lambda: None)()


@pytest.fixture(scope="module")
def traced():
    return harness.gan(), []


@pytest.fixture
def model(traced):
    """A game at its beginning; its step is traced once for all tests."""
    model, values = traced
    variables = [*model.variables, *model.optimizer.variables]
    values.extend([] if values else [variable.numpy() for variable in variables])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return model


def train(model, folder, deeds, *callbacks, epochs=1, **options):
    """Trains with a checkpoint every other step; returns what was said."""
    said = []
    keeper = Checkpoint(folder, every_steps=2, say=said.append, **options)
    model.fit(
        PIPELINE, epochs=epochs, callbacks=[At(deeds), *callbacks, keeper], verbose=0
    )
    assert int(model.step.numpy()) == epochs * 7
    return said


def test_a_checkpoint_folder_that_is_removed_is_made_anew_and_named(model, tmp_path):
    kept = tmp_path / "kept"
    said = train(model, kept, {6: lambda: shutil.rmtree(kept)})
    assert said == [
        f"{kept} was removed in the middle of the training. It is made anew, with the "
        "checkpoint of step 6 only."
    ]
    assert CheckpointFolder(kept).newest().step == 7


def test_a_checkpoint_that_is_removed_leaves_the_one_before(model, tmp_path):
    kept, missing = tmp_path / "kept", tmp_path / "kept" / "step-00000006"
    said = train(model, kept, {7: lambda: shutil.rmtree(missing)})
    shutil.rmtree(kept / "step-00000007")
    assert said == [] and CheckpointFolder(kept).newest().step == 4


def test_a_folder_that_can_not_be_made_costs_a_line_a_time(model, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("a file stands in its place")
    said = train(model, kept, {6: kept.unlink})
    assert len(said) == 2 and all("There is none yet" in line for line in said)
    assert said[0].startswith("No checkpoint at step 2: [Errno 17] File exists")
    assert CheckpointFolder(kept).newest().step == 7


def test_a_checkpoint_counts_also_where_its_model_can_not_be_linked(model, tmp_path):
    (tmp_path / "taken").write_text("a file stands in its folder's place")
    file = tmp_path / "taken" / "model.keras"
    said = train(model, tmp_path / "kept", {}, model_path=file)
    assert len(said) == 4 and said[-1].startswith(f"{file} is not that of step 7: ")
    assert CheckpointFolder(tmp_path / "kept").newest().step == 7


def test_pictures_and_models_are_written_where_their_folder_was(model, tmp_path):
    out = tmp_path / "out"
    grid, saver = ImageGrid(out / "a", num_images=4), SaveModel(out / "b" / "m.keras")
    train(model, tmp_path / "kept", {6: lambda: shutil.rmtree(out)}, grid, saver)
    assert (out / "a" / "epoch-0001.png").is_file() and saver.path.is_file()


def test_rows_are_all_written_again_where_their_file_was(tmp_path):
    rows = EpochRows(tmp_path / "out" / "rows.jsonl", is_own=lambda row: True)
    rows.open()
    for epoch in range(2):
        rows.add(epoch, {"score": 0.5})
        assert len(rows.path.read_text().splitlines()) == epoch + 1
        shutil.rmtree(tmp_path / "out")
    rows.add(2, {})
    assert rows.path.read_text().count("epoch") == 3


def run_settings(epochs):
    return settings_lib.Settings(
        data="digits", model="mlp", batch_size=256, health=False, epochs=epochs
    )


@pytest.mark.slow
def test_a_run_folder_that_is_removed_is_made_anew(
    model, tmp_path, monkeypatch, capsys
):
    run = runs.Run.create(tmp_path / "run", settings := run_settings(epochs=4))
    gone = {1: run.samples, 2: run.log, 3: run.folder}

    class Removes(ImageGrid):
        def on_epoch_begin(self, epoch, logs=None):
            path = gone.get(epoch)
            if path is not None:
                path.unlink() if path.is_file() else shutil.rmtree(path)

    monkeypatch.setattr(
        runs, "_sample_pictures", lambda run, *_: Removes(run.samples, num_images=4)
    )
    runs.train(run, settings, model, settings_lib.load_data(settings), quiet=True)
    said = capsys.readouterr().err.splitlines()
    assert ["log.csv" in line for line in said] == [True, True, False]
    assert all(str(run.folder) in line and "removed" in line for line in said)
    header, row = run.log.read_text().splitlines()
    assert header.startswith("epoch,") and row.startswith("3,")
    # It can be gone on with, from its last step.
    assert runs.Run.open(run.folder)[1] == settings
    newest = CheckpointFolder(run.checkpoints).newest()
    assert newest.step == int(model.step.numpy()) == 28
    assert run.model.is_file() and run.losses.is_file() and run.film.is_file()


@pytest.mark.slow
def test_a_run_on_a_full_disk_ends_with_one_line_and_its_last_checkpoint(
    model, tmp_path, monkeypatch
):
    run = runs.Run.create(tmp_path / "run", run_settings(epochs=2))
    monkeypatch.setattr(runs.Run, "model_to_train", lambda *_: (model, 0))
    # A disk with no room, for one file.
    (run.samples / "epoch-0002.png").symlink_to("/dev/full")
    result = CliRunner().invoke(
        cli.main, ["train", "--resume", str(run.folder), "--quiet", "--no-report"]
    )
    assert result.exit_code == cli.EXIT_MISTAKE
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: The training has ended: [Errno 28] No space left")
    assert str(run.checkpoints) in line and f"--resume {run.folder}" in line
    assert CheckpointFolder(run.checkpoints).newest().step == 7


CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0
)
OWN_DISK = """
import os, subprocess, sys
from pathlib import Path
from keras_gan.checkpoints import CheckpointFolder
from tests import harness, test_long_runs

disk = Path(sys.argv[1])
folder = CheckpointFolder(disk / "kept")
filler = disk / "filler"

def mount(*words):
    subprocess.run(["mount", *words, disk], check=True)

def newest(step):
    assert folder.newest().step == step

def fill(but_for=0):
    found = os.statvfs(disk)
    size = found.f_bavail * found.f_bsize - but_for
    filler.write_bytes(bytes(max(0, size)))

mount("-t", "tmpfs", "-o", "size=2m", "none")
"""
needs_mounts = pytest.mark.skipif(
    not CAN_MOUNT, reason="needs the right to mount a disk of its own"
)


def lines_on_own_disk(tmp_path, script):
    """Runs a script on a disk of 2 MB that nobody else sees; returns its lines."""
    words = ["unshare", "-rm", sys.executable, "-c", OWN_DISK + textwrap.dedent(script)]
    root = Path(__file__).parents[1]
    found = subprocess.run([*words, tmp_path], capture_output=True, text=True, cwd=root)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


@pytest.mark.slow
@needs_mounts
def test_a_disk_that_is_full_and_then_read_only_costs_lines_and_no_checkpoint(tmp_path):
    script = """
        said = test_long_runs.train(
            harness.gan(),
            disk / "kept",
            {
                3: lambda: (newest(2), fill()),
                6: lambda: (newest(2), filler.unlink()),
                8: lambda: (newest(7), mount("-o", "remount,ro")),
                12: lambda: (newest(7), mount("-o", "remount,rw")),
            },
            epochs=2,
        )
        newest(14)
        print(*said, sep="\\n")
    """
    said = lines_on_own_disk(tmp_path, script)
    assert [line.partition(": ")[0] for line in said] == [
        f"No checkpoint at step {step}" for step in (4, 9, 11)
    ]
    assert "No space left" in said[0] and "Step 2 stands" in said[0]
    for line in said[1:]:
        assert "Read-only file system" in line and "Step 7 stands" in line


@pytest.mark.slow
@needs_mounts
def test_wherever_a_save_meets_the_end_of_the_disk_the_last_one_stands(tmp_path):
    script = """
        model = harness.gan()
        folder.write(model, {})
        model.step.assign(1)
        pages = 0
        while True:
            fill(but_for=4096 * pages)
            try:
                folder.write(model, {})
                break
            except OSError as error:
                print(error)
            newest(0)
            assert len(list(folder.folder.iterdir())) == 1
            filler.unlink()
            pages += 1
        newest(1)
    """
    said = lines_on_own_disk(tmp_path, script)
    assert len(said) > 20 and set(said) == {"[Errno 28] No space left on device"}


@pytest.mark.slow
def test_memory_and_open_files_stay_over_20_000_steps(tmp_path):
    grown = long_training.measure(tmp_path, 20_000)
    assert grown.steps == 20_000 and grown.open_files == 0
    # 70 bytes a step: not one more Python object for each.
    assert grown.memory_mib < 1
