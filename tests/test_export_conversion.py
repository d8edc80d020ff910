"""Conversions in a child process: its life, what it refuses and calibrates on."""

import os
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan.export import (
    ExportError,
    GeneratorSpec,
    Integers,
    Normal,
    Rows,
    UnsupportedOpError,
    load_artefact,
)
from keras_gan.export.calibration import calibration_samples
from keras_gan.export.conversion import Task, client, convert, flatbuffer, prestart
from keras_gan.export.conversion.child import Child
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.metadata import metadata_of, read_metadata, write_metadata
from keras_gan.export.modes import TFLITE_MODES
from keras_gan.export.prepare import prepared
from keras_gan.export.saved_model import write_saved_model


def dense():
    return keras.Sequential(
        [keras.Input((4,), name="latents"), layers.Dense(3, activation="tanh")]
    )


def labelled():
    latents = keras.Input((4,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    x = layers.Concatenate()([latents, layers.Embedding(10, 4)(labels)])
    return keras.Model([latents, labels], layers.Dense(3)(x))


def task_for(flat: FlatGenerator, path, mode="float32", calibration=None):
    spec = flat.spec
    names = {"inputs": spec.input_names, "outputs": spec.output_names}
    options = {"name": "generator", "batch_size": 1, "opset": 17, **names}
    metadata = metadata_of(spec, TFLITE_MODES[mode])
    return Task(path.suffix[1:], mode, path, options, calibration, metadata)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A generator and its SavedModel; the child starts in the meantime."""
    prestart()
    flat = prepared(dense())
    folder = tmp_path_factory.mktemp("conversion") / "saved_model"
    write_saved_model(flat, folder, 1)
    return flat, folder


def running_child():
    return client._Shared.child


@pytest.mark.slow
def test_one_child_serves_all_conversions(written, tmp_path):
    flat, saved_model = written
    tasks = [task_for(flat, tmp_path / name) for name in ("a.tflite", "b.onnx")]
    assert len(convert(saved_model, tasks)) == 2
    first = running_child().process.pid
    convert(saved_model, [task_for(flat, tmp_path / "c.tflite")])
    assert running_child().process.pid == first
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "c.tflite").read_bytes()
    latents = flat.spec.draw(1)["latents"]
    for name in ("a.tflite", "b.onnx"):
        images = load_artefact(tmp_path / name)(latents)
        np.testing.assert_allclose(images, flat.model(latents), atol=1e-6)


def test_a_converter_that_fails_says_why_and_its_child_lives_on(written, tmp_path):
    flat, saved_model = written
    other = task_for(flat, tmp_path / "g.onnx")
    other.options["inputs"] = ["pictures"]
    child = running_child()
    with pytest.raises(ExportError, match="pictures"):
        convert(saved_model, [other])
    assert running_child() is child and child.is_running
    convert(saved_model, [task_for(flat, tmp_path / "g.tflite")])


def test_exports_from_several_threads_wait_for_each_other(written, tmp_path):
    flat, saved_model = written
    paths = [tmp_path / f"{index}.tflite" for index in range(3)]
    threads = [
        threading.Thread(target=convert, args=(saved_model, [task_for(flat, path)]))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({path.read_bytes() for path in paths}) == 1


@pytest.mark.parametrize("timeout_s", [0, -1, float("inf"), "soon"])
def test_a_time_limit_is_a_positive_number_of_seconds(timeout_s, written, tmp_path):
    flat, saved_model = written
    with pytest.raises(ExportError, match="timeout_s"):
        convert(saved_model, [task_for(flat, tmp_path / "g.onnx")], timeout_s)


@pytest.mark.slow
def test_a_conversion_beyond_its_time_limit_is_stopped_and_the_next_works(
    written, tmp_path
):
    flat, saved_model = written
    task = task_for(flat, tmp_path / "g.tflite")
    convert(saved_model, [task_for(flat, tmp_path / "first.tflite")])
    # A stopped child is late on any machine.
    late = running_child()
    os.kill(late.process.pid, signal.SIGSTOP)
    with pytest.raises(ExportError, match=r"g\.tflite.*'float32'.*limit of 0.1 s"):
        convert(saved_model, [task], 0.1)
    assert not late.is_running and not task.path.exists()
    convert(saved_model, [task])
    assert task.path.exists() and running_child() is not late


@pytest.mark.slow
def test_a_child_killed_between_two_conversions_is_replaced(written, tmp_path):
    flat, saved_model = written
    prestart()
    running_child().process.kill()
    running_child().process.wait()
    convert(saved_model, [task_for(flat, tmp_path / "g.tflite")])


@pytest.mark.slow
def test_a_child_killed_during_a_conversion_is_reported(written, tmp_path):
    flat, saved_model = written
    convert(saved_model, [task_for(flat, tmp_path / "first.tflite")])
    # A stopped child takes the task and does not get to answer it.
    pid = running_child().process.pid
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(ExportError, match="SIGKILL.*memory"):
        convert(saved_model, [task_for(flat, tmp_path / "g.onnx")])
    convert(saved_model, [task_for(flat, tmp_path / "g.onnx")])


@pytest.mark.slow
def test_int8_calibration_of_a_loop_crashes_the_child_and_not_this_process(tmp_path):
    inputs = keras.Input((6, 4), name="latents")
    flat = prepared(keras.Model(inputs, layers.GRU(4, return_sequences=True)(inputs)))
    write_saved_model(flat, tmp_path / "saved_model", 1)  # as it is, with its loop
    np.savez(tmp_path / "samples.npz", **flat.spec.draw(100))
    task = task_for(flat, tmp_path / "g.tflite", "int8", tmp_path / "samples.npz")
    with pytest.raises(UnsupportedOpError, match="SIGSEGV") as caught:
        convert(tmp_path / "saved_model", [task])
    assert "weight_only" in str(caught.value) and "calibrator.py" in str(caught.value)
    convert(tmp_path / "saved_model", [task_for(flat, tmp_path / "float.tflite")])


def test_a_child_ends_with_its_parent():
    # The module by itself, without TensorFlow.
    script = (
        f"import sys; sys.path.insert(0, {os.path.dirname(client.__file__)!r})\n"
        "import child, time\n"
        "print(child.Child().process.pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    parent.communicate()
    deadline = time.time() + 10
    while is_running(pid) and time.time() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_a_child_without_work_ends_by_itself_and_is_replaced(written, tmp_path):
    flat, saved_model = written
    client._discard()
    client._Shared.child = Child(idle_s=0.1)
    idle = running_child()
    assert idle.process.wait(timeout=60) == 0
    convert(saved_model, [task_for(flat, tmp_path / "g.tflite")])
    assert running_child() is not idle


@pytest.mark.slow
def test_the_child_finds_the_package_from_any_folder(written, tmp_path, monkeypatch):
    flat, saved_model = written
    client._discard()
    monkeypatch.chdir(tmp_path)
    root = os.path.dirname(os.path.dirname(__file__))
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", root)])
    convert(saved_model, [task_for(flat, tmp_path / "g.onnx")])
    described = (read_metadata(tmp_path / "g.onnx") or {})["spec"]
    assert GeneratorSpec.from_json(described) == flat.spec
    client._discard()


def tflite_content(function, model=None, ops=("TFLITE_BUILTINS",)):
    arguments = [] if model is None else [model]
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], *arguments
    )
    converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, op) for op in ops]
    return converter.convert()


def test_a_file_with_variables_that_hold_nothing_is_refused():
    model = dense()
    spec = [tf.TensorSpec((1, 4), name="latents")]
    function = tf.function(lambda x: {"images": model(x)}, input_signature=spec)
    content = tflite_content(function, model)
    with pytest.raises(UnsupportedOpError, match="VAR_HANDLE"):
        flatbuffer.check(content, ["latents"], ["images"])


def test_a_file_with_operations_that_no_plain_runtime_has_is_refused():
    spec = [tf.TensorSpec((1, 4), tf.int32, name="latents")]
    function = tf.function(lambda x: {"y": tf.bitwise.bitwise_and(x, 3)}, spec)
    content = tflite_content(function, None, ("TFLITE_BUILTINS", "SELECT_TF_OPS"))
    with pytest.raises(UnsupportedOpError, match="FlexBitwiseAnd"):
        flatbuffer.check(content, ["latents"], ["y"])


def test_a_file_with_other_names_than_declared_is_refused(written, tmp_path):
    flat, saved_model = written
    convert(saved_model, [task_for(flat, tmp_path / "g.tflite")])
    content = (tmp_path / "g.tflite").read_bytes()
    flatbuffer.check(content, flat.spec.input_names, flat.spec.output_names)
    with pytest.raises(UnsupportedOpError, match="inputs"):
        flatbuffer.check(content, ["z"], flat.spec.output_names)
    with pytest.raises(UnsupportedOpError, match="outputs"):
        flatbuffer.check(content, flat.spec.input_names, ["pictures"])


@pytest.fixture(scope="module")
def files(written, tmp_path_factory):
    """The same generator as a file of each format."""
    flat, saved_model = written
    folder = tmp_path_factory.mktemp("files")
    tasks = [task_for(flat, folder / name) for name in ("g.tflite", "g.onnx")]
    convert(saved_model, tasks)
    return [saved_model, *(task.path for task in tasks)]


def test_metadata_is_read_back_and_the_file_still_draws(written, files):
    flat, _ = written
    latents = flat.spec.draw(1)["latents"]
    for path in files:
        before = load_artefact(path)(latents)
        metadata = {"spec": {"inputs": [{"shape": [None, 4]}]}, "name": "Zoë"}
        write_metadata(path, metadata)
        assert read_metadata(path) == metadata
        np.testing.assert_array_equal(load_artefact(path)(latents), before)


def test_new_metadata_replace_the_old_and_the_same_make_the_same_bytes(files):
    for path in files:
        write_metadata(path, {"a": 1, "b": "long" * 100})
        write_metadata(path, {"b": 2, "a": 1})
        file = path / "assets.extra" / "keras_gan.json" if path.is_dir() else path
        once = file.read_bytes()
        write_metadata(path, {"a": 1, "b": 2})
        assert file.read_bytes() == once
        assert read_metadata(path) == {"a": 1, "b": 2}


def test_a_file_of_somebody_else_has_no_metadata(tmp_path):
    spec = [tf.TensorSpec((1, 4), name="latents")]
    content = tflite_content(tf.function(lambda x: {"y": x + 1.0}, spec))
    (tmp_path / "g.tflite").write_bytes(content)
    assert read_metadata(tmp_path / "g.tflite") is None
    (tmp_path / "saved_model").mkdir()
    assert read_metadata(tmp_path / "saved_model") is None


def test_metadata_of_no_artefact_are_an_error(files, tmp_path):
    with pytest.raises(ExportError, match="path"):
        read_metadata(tmp_path / "missing.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(files[2].read_bytes()[:-100])
    with pytest.raises(ExportError, match="cannot be read"):
        read_metadata(broken)


def test_calibration_draws_other_samples_than_the_proofs():
    spec = GeneratorSpec.of(dense())
    drawn = calibration_samples(spec, 200, 1)["latents"]
    assert drawn.shape == (200, 4)
    proof = np.concatenate([spec.draw(32, seed)["latents"] for seed in range(16)])
    assert not set(drawn[:, 0]) & set(proof[:, 0])
    np.testing.assert_array_equal(drawn, calibration_samples(spec, 200, 1)["latents"])


def test_calibration_fills_whole_batches_of_the_file():
    spec = GeneratorSpec.of(labelled())
    assert len(calibration_samples(spec, 100, 16)["latents"]) == 112
    fixed = keras.Input(batch_shape=(8, 4), name="latents")
    spec = GeneratorSpec.of(keras.Model(fixed, layers.Dense(2)(fixed)))
    rows = calibration_samples(spec, 100, 8)["latents"]
    assert len(rows) == 104 and len(np.unique(rows, axis=0)) == 104


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        (99, "at least 100.*calibration=99"),
        (True, "number of samples"),
        ("many", "number of samples"),
        ({"latents": np.zeros((200, 4))}, r"\['latents', 'labels'\]"),
        ({"latents": "normal", "labels": [3]}, "as many rows"),
        ({"latents": [[0.0] * 4], "labels": [1]}, "at least 100"),
        ({"latents": "wide", "labels": "ids"}, r"shape \(None, 4\)"),
        ({"latents": "nan", "labels": "ids"}, "finite"),
        ({"latents": "normal", "labels": "ten"}, r"\[0, 9\].*\[10, 10\]"),
        (
            {"latents": "half", "labels": "ids"},
            "standard deviation 0.[45]",
        ),
        ({"latents": "shifted", "labels": "ids"}, "mean (0.9|1)"),
    ],
)
def test_calibration_refuses_what_will_not_be_served(calibration, words):
    spec = GeneratorSpec.of(labelled())
    rng = np.random.default_rng(0)
    arrays = {
        "normal": rng.normal(size=(200, 4)),
        "half": 0.5 * rng.normal(size=(200, 4)),
        "shifted": 1 + rng.normal(size=(200, 4)),
        "wide": rng.normal(size=(200, 5)),
        "nan": np.full((200, 4), np.nan),
        "ids": rng.integers(0, 10, 200),
        "ten": np.full(200, 10),
    }
    if isinstance(calibration, dict):
        calibration = {
            name: arrays[value] if isinstance(value, str) else value
            for name, value in calibration.items()
        }
    with pytest.raises(ExportError, match=words):
        calibration_samples(spec, calibration, 1)


def test_truncated_latents_calibrate_a_generator_that_is_served_truncated_ones():
    spec = GeneratorSpec.of(labelled()).adjusted(latents=Normal(stddev=0.5))
    rng = np.random.default_rng(0)
    arrays = {
        "latents": 0.5 * rng.normal(size=(100, 4)),
        "labels": rng.integers(0, 10, 100),
    }
    samples = calibration_samples(spec, arrays, 1)
    assert {name: array.dtype for name, array in samples.items()} == {
        "latents": "float32",
        "labels": "int32",
    }


def test_a_few_given_rows_are_not_enough_to_calibrate_on_but_all_labels_are():
    spec = GeneratorSpec.of(labelled())
    few = spec.adjusted(latents=Rows(np.zeros((5, 4), "float32")))
    with pytest.raises(ExportError, match="rows of input `latents`=5"):
        calibration_samples(few, 200, 1)
    every = spec.adjusted(labels=Rows(np.arange(10)))
    assert len(calibration_samples(every, 200, 1)["labels"]) == 200
    assert Integers(10).high == 9
