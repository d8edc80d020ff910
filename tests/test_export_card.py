import json
import re
import time

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from keras_gan.export.card import write_card
from keras_gan.export.card.hashes import combined_sha256, digest, sha256
from keras_gan.export.card.latency import ROUNDS, Timed, measured, timed_keras
from keras_gan.export.card.pictures import comparison
from keras_gan.export.card.readme import _speed, _table
from keras_gan.export.card.reference import Reference, reference_of
from keras_gan.export.card.report import read_report
from keras_gan.export.errors import ExportError
from keras_gan.export.prepare import prepared
from keras_gan.export.spec import GeneratorOutput, GeneratorSpec
from tests.export_generators import image_to_image
from tests.exported_card import ARTEFACT_NAMES, NOTE, Export, copied, small_export

# Each builds and runs whole exports.
pytestmark = pytest.mark.slow


def page():
    return (small_export()[0].folder / "README.md").read_text()


def test_the_report_holds_every_artefact_with_its_size_and_hash():
    export, report = small_export()
    assert tuple(report["artefacts"]) == ARTEFACT_NAMES
    for name, entry in report["artefacts"].items():
        path = export.path(name)
        if path.is_file():
            assert entry["bytes"] == path.stat().st_size
            assert entry["sha256"] == sha256(path)
        else:
            sizes = [p.stat().st_size for p in path.rglob("*") if p.is_file()]
            assert entry["bytes"] == sum(sizes)
            assert entry["sha256"] == combined_sha256(entry["files"])
            assert len(entry["files"]) == len(sizes)


def test_the_report_is_read_back_as_it_was_returned():
    export, report = small_export()
    assert read_report(export.folder) == report
    assert GeneratorSpec.from_json(report["spec"]) == export.flat.spec


def test_the_report_lists_every_file_but_itself():
    export, report = small_export()
    found = {
        path.relative_to(export.folder).as_posix()
        for path in export.folder.rglob("*")
        if path.is_file()
    }
    assert set(report["files"]) == found - {"report.json"}


def test_speeds_carry_threads_batches_and_percentiles():
    _, report = small_export()
    speeds = {n: item["speed"] for n, item in report["artefacts"].items()}
    speeds |= report["keras"]
    assert {"keras predict", "keras call", "keras tf.function"} <= set(speeds)
    for speed in speeds.values():
        assert 0 < speed["latency_ms_median"] <= speed["latency_ms_p95"]
        assert speed["pictures_per_second"] > 0
        assert speed["num_threads"] >= 1
        assert speed["batch_size"] == 1
    assert speeds["tflite"]["throughput_batch_size"] == 1
    assert speeds["onnx"]["throughput_batch_size"] == 32


def test_candidates_are_timed_in_turns_and_slow_ones_sit_rounds_out():
    calls = []

    def candidate(name):
        return Timed(lambda: calls.append(name), 1, lambda: calls.append(name), 4, 1)

    speeds = measured({"a": candidate("a"), "b": candidate("b")}, seconds=1e-9)
    assert speeds["a"]["num_runs"] == 3 < ROUNDS
    warm_up, turns = calls[:8], calls[8:]
    assert warm_up == list("aaaabbbb")
    assert turns == list("aabb") * 3


def test_throughput_is_the_larger_batch_over_its_time():
    slow = Timed(lambda: None, 1, lambda: time.sleep(0.01), 5, 1)
    speed = measured({"slow": slow}, seconds=0.05)["slow"]
    assert 100 < speed["pictures_per_second"] < 500


def test_of_pictures_made_of_pictures_the_frames_per_second_are_said(tmp_path):
    slow = Timed(lambda: time.sleep(0.01), 1, lambda: None, 1, 1, (48, 64))
    speed = measured({"slow": slow}, seconds=0.05)["slow"]
    assert 20 < speed["frames_per_second"] < 100 and speed["frame_size"] == [48, 64]
    flat = prepared(image_to_image())
    speeds = measured(timed_keras(flat), seconds=0.01)
    assert {tuple(speed["frame_size"]) for speed in speeds.values()} == {(64, 64)}
    assert _speed(speed)[-1] == f"{speed['frames_per_second']:,.0f} of 48x64"
    report = {"keras": {"keras call": speed}, "artefacts": {}}
    lines = _table(report).split("\n")
    assert [line.split(" | ")[-1] for line in lines[2:]] == [
        "frames/s |",
        "--- |",
        f"{speed['frames_per_second']:,.0f} of 48x64 |",
    ]


def test_the_page_shows_files_and_how_near_large_and_fast_they_are():
    table = page().split("## The files")[1].split("##")[0]
    for name in ("saved_model", "generator.tflite", "generator-int8-io.tflite"):
        assert f"`{name}`" in table
    assert "Keras, `predict`" in table
    assert "error 1e-06" in table
    assert "PSNR 50.0 dB, p5 45.0" in table
    assert len(set(map(lambda row: row.count("|"), table.strip().split("\n")))) == 1


def test_the_page_tells_rewrites_and_refusals():
    assert f"- {NOTE} (`generator-int8-io.tflite`)" in page()
    assert "- tflite-int16x8: It has no kernel." in page()


def test_the_page_names_the_protocol_of_its_numbers():
    text = page().split("## How the numbers came about")[1].split("## Where")[0]
    for word in ("rounds", "warm-up", "seed 0", "threads", "keras-gan benchmark"):
        assert word in text


def test_the_page_says_where_files_run_and_from_which_release():
    text = page().split("## Where it will run")[1].split("## Worth")[0]
    assert "| `generator.onnx` | onnxruntime 1.12.0 | opset 17" in text
    assert re.search(r"GPU delegate of LiteRT \| yes .*`generator.tflite`", text)
    assert re.search(r"LiteRT.js \| no .*`generator-int8-io.tflite`", text)


def test_the_picture_has_a_line_for_keras_and_for_each_artefact():
    export, _ = small_export()
    with Image.open(export.folder / "pictures.png") as picture:
        rows = np.array_split(np.asarray(picture)[:, 150:], 1 + len(ARTEFACT_NAMES))
    assert rows[0].std() > 20
    for row in rows[1:]:
        assert np.abs(row.astype(int) - rows[0]).max() <= 16


def test_pictures_are_scaled_by_the_range_of_the_output():
    output = GeneratorOutput("images", (None, 4, 4, 1), "float32", "image", 0.0, 255.0)
    white = comparison({"Keras": np.full((2, 4, 4, 1), 255.0)}, output)
    grey = comparison({"Keras": np.full((2, 4, 4, 1), 127.5)}, output)
    black = comparison({"Keras": np.zeros((2, 4, 4, 1))}, output)
    assert [part[:, 150:].max() for part in (white, grey, black)] == [255, 128, 0]


def test_large_pictures_are_shown_smaller():
    output = GeneratorOutput("images", (None, 512, 512, 3), "float32", "image", -1, 1)
    row = comparison({"Keras": np.zeros((1, 512, 512, 3))}, output)
    assert row.shape[0] < 300


def test_the_reference_comes_back_from_its_file(tmp_path):
    words = np.array([b"one", b"two"], object)
    images = np.ones((2, 3), "float32")
    Reference({"words": words}, {"images": images}).save(tmp_path / "r.npz")
    loaded = Reference.load(tmp_path / "r.npz")
    assert loaded.inputs["words"].tolist() == [b"one", b"two"]
    assert loaded.inputs["words"].dtype == object
    np.testing.assert_array_equal(loaded.outputs["images"], images)


def test_the_reference_of_a_large_generator_holds_fewer_samples():
    latents = keras.Input((2,))
    x = layers.Reshape((1, 1, 1))(layers.Dense(1)(latents))
    x = layers.UpSampling2D(512)(x)
    flat = prepared(keras.Model(latents, layers.Concatenate()([x, x, x])))
    reference = reference_of(flat, seed=0)
    assert len(reference.outputs["images"]) == 2
    np.testing.assert_array_equal(
        reference.inputs["latents"], flat.spec.draw(16, 0)["latents"][:2]
    )


def test_an_edited_report_is_refused(tmp_path):
    folder = copied(tmp_path)
    report = json.loads((folder / "report.json").read_text())
    report["artefacts"]["tflite"]["proof"]["limits"]["relative_error"] = 1.0
    (folder / "report.json").write_text(json.dumps(report))
    with pytest.raises(ExportError, match="changed after it was written"):
        read_report(folder)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "damaged"), ('{"schema_version": 99}', "schema_version=99")],
)
def test_a_report_that_cannot_be_read_is_refused(tmp_path, text, problem):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(ExportError, match=problem):
        read_report(tmp_path)


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(ExportError, match="must hold the report.json"):
        read_report(tmp_path)


def test_the_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": 2.5}) == digest({"b": 2.5, "a": 1, "digest": "x"})
    assert digest({"a": 1}) != digest({"a": 2})


@pytest.mark.slow
def test_a_generator_of_vectors_gets_a_card_with_a_scatter():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    export = Export(model, ["onnx"])
    report = write_card(export.folder, export.flat, export.exported, seconds=0.01)
    text = (export.folder / "README.md").read_text()
    assert "![One line per file" in text
    assert "print(" in text and "PIL" not in text
    assert report["spec"]["outputs"][0]["role"] == "vector"


@pytest.mark.slow
def test_a_generator_of_tokens_gets_a_card_without_a_picture():
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = layers.Dense(5, activation="softmax")(layers.Embedding(5, 3)(tokens))
    export = Export(keras.Model(tokens, x), ["tflite"])
    write_card(export.folder, export.flat, export.exported, seconds=0.01)
    assert not (export.folder / "pictures.png").exists()
    assert "pictures.png" not in (export.folder / "README.md").read_text()
