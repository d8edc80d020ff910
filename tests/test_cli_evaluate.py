"""`keras-gan evaluate`: runs, files and artefacts by one protocol."""

import dataclasses
import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from keras_gan import cli, export
from keras_gan.cli.evaluate import _evaluation, _folder_of, _notes
from keras_gan.data.examples import Examples, load_examples
from keras_gan.metrics.drawing import Drawing, open_drawing
from keras_gan.runs import Run, Settings
from tests import harness

FEW = ["--num-images", 40, "--seeds", 1, "--features", "pixels"]


def call(*args):
    result = CliRunner().invoke(cli.main, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder on digits whose model has learned nothing."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    run = Run.create(folder, Settings(data="digits"))
    harness.gan().save(run.model)
    return folder


def numbers_in(folder):
    written = json.loads((folder / "evaluation.json").read_text())["numbers"]
    return {name: number["values"] for name, number in written.items()}


@pytest.mark.slow
def test_a_run_is_compared_with_its_own_data(run):
    result = call("evaluate", run, *FEW)
    assert result.exit_code == 0, result.output
    assert "Measured against the training data" in result.output
    assert "precision(pixels)" in result.output
    assert "Protocol and pictures: " in result.output
    folder = run / "evaluation"
    assert {path.name for path in folder.iterdir()} == {
        *("evaluation.json", "evaluation.md"),
        *("samples.png", "neighbours.png"),
    }


def test_a_network_of_ones_own_is_looked_through_under_its_name(run, tmp_path):
    keras.utils.set_random_seed(0)
    shape = keras.Input((8, 8, 1))
    layers = [shape, keras.layers.Flatten(), keras.layers.Dense(5)]
    keras.Sequential(layers).save(tmp_path / "network.keras")
    asked = "--num-images", 40, "--seeds", 1, "--metrics", "mind", "--features"
    own = f"inception-2015={tmp_path / 'network.keras'}"
    result = call("evaluate", run, *asked, own, "--metrics", "fd")
    assert result.exit_code == 0, result.output
    assert "fid " in result.output and "mind(inception-2015)" in result.output
    missing = call("evaluate", run, *asked, "mine=nowhere.keras")
    assert missing.exit_code == 1 and "nowhere.keras" in missing.output


def drawer_of(images):
    """A generator that draws these images and no others."""
    pixels = images.reshape(len(images), -1)
    layers = [
        keras.layers.Dense(len(images), name="scores"),
        keras.layers.Rescaling(1e6),
        keras.layers.Softmax(),
        keras.layers.Dense(pixels.shape[1], use_bias=False, name="pixels"),
        keras.layers.Reshape(images.shape[1:]),
    ]
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((16,)), *layers])
    generator.get_layer("pixels").set_weights([pixels])
    return generator


@pytest.mark.parametrize(
    ("num_images", "said"),
    [(1, "Collapsed: it repeats itself"), (1797, "Memorised: it returns training")],
)
def test_a_report_calls_out_who_collapsed_and_who_returns_the_training_data(
    tmp_path, num_images, said
):
    images = load_examples("digits").images[:num_images]
    drawer_of(images).save(tmp_path / "drawer.keras")
    metrics = ("precision_recall", "support", "memorisation")
    asked = [word for name in metrics for word in ("--metrics", name)]
    result = call(
        *("evaluate", tmp_path / "drawer.keras", "--data", "digits", "--seeds", 1),
        *("--features", "pixels", *asked, "--out", tmp_path / "report"),
    )
    assert result.exit_code == 0, result.output
    for text in (result.output, (tmp_path / "report" / "evaluation.md").read_text()):
        assert sum(said in line for line in text.splitlines()) == 1


def test_draws_of_a_seed_begin_alike_and_are_those_of_their_latents():
    draw = Drawing.of(harness.gan())
    images = draw(300, seed=1)
    assert images.shape == (300, 8, 8, 1) and images.dtype == np.float32
    np.testing.assert_array_equal(draw(20, seed=1), images[:20])
    assert not np.array_equal(draw(20, seed=0), images[:20])
    latents = draw.latents(20, seed=1)
    np.testing.assert_allclose(draw.from_latents(latents), images[:20], atol=1e-6)


def test_a_generator_that_draws_from_pictures_is_not_judged_on_noise():
    restyle = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])
    with pytest.raises(ValueError, match="draws from pictures"):
        Drawing.of(restyle)


def test_pictures_of_another_range_are_judged_in_minus_one_to_one():
    layers = [keras.Input((3,)), keras.layers.Dense(16, "sigmoid")]
    generator = keras.Sequential([*layers, keras.layers.Reshape((4, 4, 1))])
    images = Drawing.of(generator)(50, seed=0)
    assert -1 <= images.min() < -0.3 and 0.3 < images.max() <= 1


def test_reports_of_two_formats_do_not_overwrite_each_other():
    places = {_folder_of(f"pack/generator.{kind}") for kind in ("tflite", "onnx")}
    assert places == {
        Path("pack/generator.tflite-evaluation"),
        Path("pack/generator.onnx-evaluation"),
    }


def test_latents_fill_the_batches_of_a_file_that_wants_them_full():
    draw = Drawing.of(harness.gan())
    whole = draw.from_latents(draw.latents(10, seed=0))
    sizes = []

    def run(inputs):
        (rows,) = inputs.values()
        sizes.append(len(rows))
        return draw._run(inputs)

    latents = draw.spec.inputs[0]
    rows = dataclasses.replace(latents, shape=(4, *latents.shape[1:]))
    spec = dataclasses.replace(draw.spec, inputs=(rows,))
    fixed = Drawing(run, spec, "here")
    found = fixed.from_latents(draw.latents(10, seed=0))
    np.testing.assert_allclose(found, whole, atol=1e-6)
    assert sizes == [4, 4, 4]


@pytest.fixture
def loaded(monkeypatch):
    """The splits of a set of TensorFlow Datasets that are asked for."""
    splits = []

    def load(name, split, **options):
        splits.append(split)
        noise = np.random.default_rng(len(splits)).uniform(-1, 1, (60, 8, 8, 1))
        return Examples(noise, name=name, split=split)

    monkeypatch.setattr("keras_gan.data.examples.load_examples", load)
    monkeypatch.setattr("keras_gan.data.examples.held_out_split", lambda *_: "test")
    return splits


@pytest.mark.slow
def test_the_split_that_a_run_was_validated_on_is_compared_with(tmp_path, loaded):
    settings = Settings(
        data="faces", split="train[:90%]", validation_split="train[90%:]"
    )
    run = Run.create(tmp_path / "faces", settings)
    options = {"data_dir": None, "image_size": None, "download": False}
    rest = {"metrics": ("mind",), "reference": None, "cache_dir": None}
    asked = {"features": ("pixels",), "num_images": 40, **options, **rest}

    def compared(**changes):
        loaded.clear()
        given = {"data": None, "split": None, "train_split": None, **asked, **changes}
        _evaluation(run.folder, **given)
        return loaded

    assert compared() == ["train[:90%]", "train[90%:]"]
    assert compared(split="test") == ["train[:90%]", "test"]
    # Other data than the run's have splits of their own.
    assert compared(data="letters") == ["train", "test"]


def test_a_search_among_a_part_of_the_training_data_is_said():
    class Many:
        train = np.zeros((100_000, 1))

    (note,) = _notes(Many())
    assert "At most 100,000" in note
    Many.train = Many.train[1:]
    assert _notes(Many()) == ()


def test_points_are_judged_by_their_modes(tmp_path):
    folder = tmp_path / "ring"
    run = Run.create(folder, Settings(data="ring", model="vector"))
    layers = [keras.Input((2,)), keras.layers.Dense(2)]
    keras.Sequential(layers, name="generator").save(run.model)
    result = call("evaluate", folder, "--seeds", 1, "--num-images", 200)
    assert result.exit_code == 0, result.output
    assert "drawn afresh" in result.output
    written = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    assert written["protocol"]["source"] == f"run {folder}"
    assert "of the 8 modes" in result.output and "high_quality_share" in result.output


MISTAKES = {
    "split": (["{run}", "--split", "test"], "Only sets of TensorFlow Datasets"),
    "data": (["{file}"], "was trained on: give --data"),
    "size": (["{run}", "--image-size", 16], "image_size"),
    "classes": (["{run}", "--data", "ring"], "as the data are"),
    "features": (["{run}", "--features", "randm"], "Did you mean 'random'"),
    "nothing": (["{run}/none"], "which does not exist"),
    "export": (["{pack}"], "give one of"),
    "many": (
        ["{run}", "--features", "random", "--reference", "x"],
        "as `--features random`",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line(tmp_path, run, case):
    args, message = MISTAKES[case]
    pack = tmp_path / "pack"
    pack.mkdir()
    report = {"artefacts": {"onnx": {"path": "generator.onnx"}}}
    (pack / "report.json").write_text(json.dumps(report))
    places = {"run": run, "file": run / "model.keras", "pack": pack}
    result = call("evaluate", *[str(arg).format(**places) for arg in args], *FEW)
    assert result.exit_code == cli.EXIT_MISTAKE
    errors = [line for line in result.output.split("\n") if "Error: " in line]
    assert len(errors) == 1 and message in errors[0], result.output


@pytest.fixture(scope="module")
def pack(run):
    names = ["saved_model", "tflite", "onnx"]
    with tempfile.TemporaryDirectory() as folder:
        paths = export.export_all(
            keras.saving.load_model(run / "model.keras"), folder, artefacts=names
        )
        yield {name: Path(path) for name, path in paths.items()} | {
            "keras": run / "model.keras"
        }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras", "saved_model", "tflite", "onnx"])
def test_an_artefact_gives_the_numbers_of_its_run(tmp_path, run, pack, name):
    images = open_drawing(run)(300, seed=2)
    np.testing.assert_allclose(open_drawing(pack[name])(300, seed=2), images, atol=1e-4)
    wanted, out = tmp_path / "run", tmp_path / "artefact"
    assert call("evaluate", run, *FEW, "--out", wanted).exit_code == 0
    result = call("evaluate", pack[name], "--data", "digits", *FEW, "--out", out)
    assert result.exit_code == 0, result.output
    expected, found = numbers_in(wanted), numbers_in(out)
    assert expected.keys() == found.keys()
    for key, values in expected.items():
        if not key.startswith("ppl"):
            np.testing.assert_allclose(found[key], values, rtol=0.02, err_msg=key)


@pytest.mark.slow
def test_a_foreign_file_needs_its_number_of_latents(tmp_path, run, pack, monkeypatch):
    monkeypatch.setattr("keras_gan.export.metadata.read_metadata", lambda path: None)
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(pack["onnx"].read_bytes())
    result = call("evaluate", foreign, "--data", "digits", *FEW)
    assert result.exit_code == cli.EXIT_MISTAKE and "--latent-dim" in result.output
    given = [*FEW, "--latent-dim", harness.LATENT_DIM, "--out", tmp_path / "out"]
    result = call("evaluate", foreign, "--data", "digits", *given)
    assert result.exit_code == 0, result.output
    assert "does not say what its input is" in result.output
