"""The command line: what it writes, how it goes on, how it fails."""

import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from keras_gan import cli, export, runs
from keras_gan import settings as settings_lib
from keras_gan.export.modes import ARTEFACTS
from tests import games_face_aging, games_tables, harness

FOLDER = tempfile.TemporaryDirectory()
POINTS = Path(FOLDER.name) / "points.npy"
np.save(POINTS, np.random.default_rng(0).normal(size=(256, 2)).astype("float32"))
QUIET = ["--quiet", "--no-report"]
TINY = ["--data", POINTS, "--model", "vector", "--batch-size", 16, *QUIET]


def call(*args):
    result = CliRunner().invoke(cli.main, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def train(out, *args):
    return call("train", *TINY, "--epochs", 1, "--out", out, *args)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One epoch on points, which the tests may read but not change."""
    folder = tmp_path_factory.mktemp("runs") / "points"
    assert train(folder).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A model of digits that has seen next to nothing."""
    path = tmp_path_factory.mktemp("digits") / "model.keras"
    model = harness.gan()
    model.fit(harness.digits(), steps_per_epoch=1, verbose=0)
    model.save(path)
    return path


def test_a_run_folder_holds_everything(run):
    names = {path.name for path in run.iterdir()}
    assert names == {
        *("config.json", "model.keras", "log.csv", "samples"),
        *("checkpoints", "training.gif", "loss.png"),
    }
    config = json.loads((run / "config.json").read_text())
    assert (config["data"], config["model"]) == (str(POINTS), "vector")
    assert len((run / "log.csv").read_text().splitlines()) == 2
    assert [path.name for path in (run / "samples").iterdir()] == ["epoch-0001.png"]


@pytest.mark.slow
def test_a_resumed_run_equals_an_unbroken_one_and_then_is_over(tmp_path, run):
    whole = tmp_path / "whole"
    call("train", *TINY, "--epochs", 2, "--out", whole)
    part = tmp_path / "part"
    shutil.copytree(run, part)
    # The row of an epoch whose model was not saved any more must not stay.
    log = part / "log.csv"
    log.write_text(log.read_text() + "1,9,9,9,9,9\n")
    result = call("train", "--resume", part, "--epochs", 2, *QUIET)
    assert result.exit_code == 0
    models = [keras.saving.load_model(p / "model.keras") for p in (whole, part)]
    harness.assert_same_state(*map(harness.state, models))
    assert (part / "log.csv").read_text() == (whole / "log.csv").read_text()
    config = (part / "config.json").read_text()
    assert config == (whole / "config.json").read_text()
    # It is over now: nothing is trained any more, and no epoch is taken back.
    log = (part / "log.csv").read_text()
    assert call("train", "--resume", part, *QUIET).exit_code == 0
    assert (part / "log.csv").read_text() == log
    result = call("train", "--resume", part, "--epochs", 1, "--quiet")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "has 2 epochs already" in result.output
    assert (part / "config.json").read_text() == config


MISTAKES = {
    "model": (["--model", "dcgn"], "Unknown model: 'dcgn'. Did you mean 'dcgan'"),
    "loss": (["--loss", "hing"], "Unknown loss: 'hing'. Did you mean 'hinge'"),
    "penalty": (["--penalty", "r3"], "Unknown penalty: 'r3'"),
    "option": (["--penalty", "r1:gama=1"], "r1:gamma=1"),
    "number": (["--penalty", "r1:gamma=-1"], "must not be negative"),
    "data": (["--data", "mnits"], "mnist"),
    "vectors": (["--model", "dcgan"], "image_shape"),
    "few": (["--data", "digits", "--batch-size", 5000], "batch_size=5000"),
    "averages": (["--ema-momentum", 2], "ema_momentum"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line_and_leaves_no_folder(tmp_path, case):
    args, message = MISTAKES[case]
    result = train(tmp_path / "run", *args)
    assert result.exit_code == cli.EXIT_MISTAKE
    assert result.output.count("\n") == 1
    assert result.output.startswith("Error: ") and message in result.output
    assert not (tmp_path / "run").exists()


def test_an_existing_run_is_not_replaced_unasked(tmp_path, run):
    before = (run / "model.keras").read_bytes()
    result = train(run)
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "--resume" in result.output and "--overwrite" in result.output
    assert (run / "model.keras").read_bytes() == before


def test_overwrite_replaces_a_run_but_never_other_files(tmp_path):
    settings = settings_lib.Settings(data="ring", model="vector")
    first = runs.Run.create(tmp_path / "run", settings)
    first.log.write_text("old")
    assert not runs.Run.create(tmp_path / "run", settings, overwrite=True).log.exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.png").write_text("precious")
    result = train(tmp_path / "photos", "--overwrite")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "no run folder" in result.output
    assert (tmp_path / "photos" / "one.png").read_text() == "precious"


def test_a_resume_with_other_settings_names_the_differences(run):
    result = call("train", "--resume", run, "--loss", "hinge", "--seed", 3)
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "loss: None -> 'hinge'" in result.output
    assert "seed: 0 -> 3" in result.output


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = train(tmp_path / "file" / "run")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "can't be written" in result.output


def test_only_a_run_can_be_resumed_and_only_a_model_opened(tmp_path):
    result = call("train", "--resume", tmp_path)
    assert "no run folder" in result.output
    (tmp_path / "m.keras").write_text("nonsense")
    result = call("sample", tmp_path / "m.keras")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "can't be loaded" in result.output
    assert "no model" in call("sample", tmp_path / "absent.keras").output


def test_usage_errors_have_the_code_of_usage_errors(tmp_path):
    assert call("train", "--out", tmp_path / "x").exit_code == 2
    assert call("train", "--resume", "a", "--out", "b").exit_code == 2
    assert call("interpolate", "a", "--out", "strip.txt").exit_code == 2


def test_a_diverged_run_says_so_and_keeps_the_last_good_epoch(tmp_path, run):
    run_folder = tmp_path / "run"
    shutil.copytree(run, run_folder)
    shutil.rmtree(run_folder / "checkpoints")
    model = keras.saving.load_model(run_folder / "model.keras")
    weight = model.discriminator_variables[-1]
    weight.assign(weight * np.nan)
    run, settings = runs.Run.open(run_folder)
    good = run.model.read_bytes()
    pipeline = settings_lib.load_data(settings)
    longer = dataclasses.replace(settings, epochs=2)
    with pytest.raises(FloatingPointError, match="last good state"):
        runs.train(run, longer, model, pipeline, quiet=True, done=1)
    assert run.model.read_bytes() == good


def test_sample_draws_the_same_picture_twice(tmp_path, digits):
    for name in ("a.png", "b.png"):
        call("sample", digits, "--num-images", 9, "--out", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width >= 256


def test_sample_writes_the_rows_of_a_table(tmp_path):
    import pandas

    model, out = games_tables.tabular_gan(), tmp_path / "rows.csv"
    model.save(tmp_path / "table.keras")
    call("sample", tmp_path / "table.keras", "--num-images", 5, "--out", out)
    assert pandas.read_csv(out).round(5).equals(model.sample(5, seed=0).round(5))


def test_sample_refuses_a_game_that_draws_from_pictures(tmp_path):
    games_face_aging.face_aging().save(tmp_path / "ages.keras")
    result = call("sample", tmp_path / "ages.keras")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "a FaceAging, which draws from pictures" in result.output


@pytest.mark.slow
def test_interpolate_writes_a_strip_or_an_animation(tmp_path, digits):
    for name in ("strip.png", "walk.gif"):
        args = ["--frames", 4, "--stops", 3, "--out", tmp_path / name]
        assert call("interpolate", digits, *args).exit_code == 0
    with Image.open(tmp_path / "strip.png") as strip:
        assert strip.width > strip.height
    with Image.open(tmp_path / "walk.gif") as film:
        assert 2 <= film.n_frames <= 8


def test_the_command_offers_what_the_exporters_write():
    assert list(cli.ship.ARTEFACTS) == list(ARTEFACTS)


@pytest.mark.slow
def test_export_writes_files_that_draw_the_models_pictures(tmp_path, digits):
    result = call("export", digits, "--to", "tflite", "--out", tmp_path / "out")
    assert result.exit_code == 0
    model = keras.saving.load_model(digits)
    latents = model.sample_latents(1, seed=0)
    drawn = export.load_artefact(tmp_path / "out" / "generator.tflite")(latents)
    np.testing.assert_allclose(drawn, model.predict(latents, verbose=0), atol=1e-5)


def test_list_names_all_that_can_be_chosen():
    output = call("list").output
    for name in ("dcgan", "non_saturating", "gradient_penalty", "digits", "mnist"):
        assert name in output


def command(*args):
    # The installed command beside this interpreter, as a person would run it.
    program = Path(sys.executable).with_name("keras-gan")
    return subprocess.run([program, *args], capture_output=True, text=True, check=False)


def test_help_answers_without_loading_tensorflow():
    result = command("--help")
    assert result.returncode == 0 and "quickstart" in result.stdout
    probe = (
        "import sys; sys.argv[0] = 'keras-gan'; import keras_gan.cli; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


@pytest.mark.slow
def test_a_run_with_layers_and_constraints_of_ours_loads_in_a_new_process(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 4), "uint8")
    np.save(tmp_path / "images.npy", images)
    args = ["--data", tmp_path / "images.npy", "--model", "mlp", "--weight-clip", 0.1]
    args += ["--batch-size", 32, "--epochs", 1, *QUIET, "--out", tmp_path / "run"]
    assert call("train", *args).exit_code == 0
    picture = tmp_path / "picture.png"
    result = command("sample", str(tmp_path / "run"), "--out", str(picture))
    # Nor does anything of TensorFlow's own notes reach the screen.
    assert (result.returncode, result.stderr) == (0, "")
    assert picture.is_file()


@pytest.mark.slow
def test_a_run_interrupted_in_its_first_epoch_resumes(tmp_path):
    settings = settings_lib.Settings(
        data=str(POINTS), model="vector", epochs=1, batch_size=16
    )
    runs.Run.create(tmp_path / "run", settings).log.write_text("")
    result = call("train", "--resume", tmp_path / "run", "--quiet")
    assert result.exit_code == 0
    # A run ends with a report.
    assert "fd(pixels)" in result.output
    page = (tmp_path / "run" / "evaluation" / "evaluation.md").read_text()
    assert "keras-gan evaluate" in page and "--seeds 1" in page
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 2


@pytest.mark.slow
def test_quickstart_trains_draws_and_ships(tmp_path):
    out = tmp_path / "digits"
    result = command("quickstart", "--epochs", "2", "--out", str(out))
    assert result.returncode == 0, result.stderr
    model = keras.saving.load_model(out / "model.keras")
    latents = model.sample_latents(2, seed=0)
    expected = model.predict(latents, verbose=0)
    for name in ("saved_model", "generator.tflite", "generator.onnx"):
        artefact = export.load_artefact(out / "export" / name, allow_untrusted=True)
        drawn = artefact(latents)
        np.testing.assert_allclose(drawn, expected, atol=1e-4)
    assert (out / "samples.png").is_file()
    assert (out / "evaluation" / "neighbours.png").is_file()


@pytest.mark.slow
def test_a_run_on_data_that_allow_no_report_is_none_the_worse(tmp_path):
    np.save(tmp_path / "few.npy", np.float32([[0, 0], [1, 1], [0, 1], [1, 0]]))
    options = ["--model", "vector", "--batch-size", 2, "--epochs", 1, "--quiet"]
    source = ["--data", tmp_path / "few.npy", "--out", tmp_path / "run"]
    result = call("train", *source, *options)
    assert result.exit_code == 0 and "No report: " in result.output


def test_a_run_is_judged_by_the_split_that_it_is_not_trained_on(mnist_dir):
    settings = settings_lib.Settings(data="mnist", data_dir=str(mnist_dir))
    assert settings_lib.with_held_out(settings).validation_split == "test"
    for name, value, split in (
        ("batch_size", 10_001, None),
        ("validation_split", "none", "none"),
        ("data", "digits", None),
    ):
        chosen = settings_lib.with_held_out(
            dataclasses.replace(settings, **{name: value})
        )
        assert chosen.validation_split == split
        if split == "none":
            assert settings_lib.load_held_out(chosen) is None


@pytest.fixture
def with_a_broken_picture(pictures):
    (pictures / "broken.png").write_bytes(b"")
    options = ["--image-size", 8, "--width", 4, "--batch-size", 2, "--epochs", 1]
    return ["--data", pictures, *options, "--quiet"]


def test_broken_pictures_stop_the_command_before_a_run_is_begun(
    with_a_broken_picture, tmp_path_factory
):
    out = tmp_path_factory.mktemp("runs") / "pictures"
    result = call("train", *with_a_broken_picture, "--out", out)
    assert result.exit_code == 1 and not out.exists()
    assert "1 of 7 image files" in result.output and "--skip-broken" in result.output


@pytest.mark.slow
def test_broken_pictures_are_left_out_when_asked_and_by_the_report_too(
    with_a_broken_picture, tmp_path_factory
):
    out = tmp_path_factory.mktemp("runs") / "pictures"
    result = call("train", *with_a_broken_picture, "--out", out, "--skip-broken")
    assert result.exit_code == 0, result.output
    assert "Warning: 1 of 7 image files" in result.output
    assert "6 examples" in result.output
