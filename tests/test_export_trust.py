"""A SavedModel is a program: it runs only when the user says so."""

import json
import shutil

import numpy as np
import onnx
import pytest
import tensorflow as tf
from click.testing import CliRunner

from keras_gan import cli
from keras_gan.export import (
    ExportError,
    UntrustedError,
    benchmark,
    check,
    load_artefact,
    trust,
)
from keras_gan.export.card.reference import Reference
from keras_gan.export.card.report import read_report, write_report
from keras_gan.export.metadata import read_metadata
from keras_gan.export.prepare import prepared
from keras_gan.export.saved_model import write_saved_model
from keras_gan.metrics import open_drawing
from keras_gan.metrics.drawing import Drawing
from tests.export_generators import sequential
from tests.exported_card import small_export
from tests.serving_pack import digits_pack


class Program(tf.saved_model.experimental.TrackableResource):
    """Writes a file when it is loaded, in place of filling a table."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def _create_resource(self):
        return tf.raw_ops.MutableHashTableV2(
            key_dtype=tf.string, value_dtype=tf.int64, container="", shared_name="x"
        )

    def _initialize(self):
        tf.io.write_file(self.path, "was run")


@pytest.fixture
def program(tmp_path):
    """A SavedModel that writes a file when it is loaded, and the file."""
    proof, folder = tmp_path / "proof.txt", tmp_path / "strange" / "1"
    module = tf.Module()
    module.resource = Program(str(proof))
    module.generate = tf.function(
        lambda latents: {"images": latents[:, None, None, :1]},
        input_signature=[tf.TensorSpec((None, 4), tf.float32, "latents")],
    )
    tf.saved_model.save(module, str(folder), {"serving_default": module.generate})
    proof.unlink(missing_ok=True)
    return folder, proof


def call(*arguments):
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def test_the_program_of_these_tests_runs_when_it_is_loaded(program):
    folder, proof = program
    load_artefact(folder, allow_untrusted=True)
    assert proof.read_text() == "was run"


def test_nothing_loads_a_strange_saved_model_without_leave(program):
    folder, proof = program
    for load in (load_artefact, Drawing.of_artefact, open_drawing):
        with pytest.raises(UntrustedError, match="is a program.*allow-untrusted"):
            load(folder)
    result = call("evaluate", folder, "--data", "digits", "--latent-dim", 4)
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "--allow-untrusted" in result.output and str(folder) in result.output
    result = call("serve", folder.parent, "--server", "preview")
    assert result.exit_code == cli.EXIT_MISTAKE
    assert "--allow-untrusted" in result.output
    assert not proof.exists()
    open_drawing(folder, latent_dim=4, allow_untrusted=True)
    assert proof.exists()


@pytest.mark.slow
def test_an_export_is_checked_and_measured_only_with_leave(tmp_path, monkeypatch):
    folder = tmp_path / "export"
    shutil.copytree(small_export()[0].folder, folder)
    monkeypatch.setattr(trust, "_written", set())
    for look in (check, benchmark):
        with pytest.raises(UntrustedError, match="saved_model"):
            look(folder)
    result = call("check", folder)
    assert result.exit_code == cli.EXIT_MISTAKE and "is a program" in result.output
    result = call("check", folder, "--allow-untrusted")
    assert result.exit_code == 0 and "saved_model draws the pictures" in result.output


def test_what_this_process_wrote_is_loaded_wherever_it_lies(tmp_path):
    source, moved = tmp_path / "saved_model", tmp_path / "elsewhere"
    write_saved_model(prepared(sequential()), source)
    shutil.copytree(source, moved)
    load_artefact(moved)
    with open(moved / "saved_model.pb", "ab") as file:
        file.write(b"\x00")
    with pytest.raises(UntrustedError):
        load_artefact(moved)
    (moved / "saved_model.pb").write_bytes((source / "saved_model.pb").read_bytes())
    load_artefact(moved)
    (moved / "saved_model.cpb").write_bytes(b"another program")
    with pytest.raises(UntrustedError):
        load_artefact(moved)


@pytest.mark.slow
def test_a_version_that_somebody_else_adds_is_not_served(program, tmp_path):
    from keras_gan.export.serving.served_models import ServedModels

    strange, proof = program
    pack, log = tmp_path / "pack", []
    shutil.copytree(digits_pack()[1], pack)
    models = ServedModels(pack, log=log.append)
    models.models["digits"].refresh()
    shutil.copytree(strange, pack / "digits" / "2")
    models.models["digits"].refresh()
    assert "UntrustedError" not in log[0] and "is served" in log[0]
    assert "version 2 cannot be loaded: A SavedModel is a program" in log[1]
    assert not proof.exists()
    models.stop()


@pytest.mark.slow
def test_an_export_may_not_name_files_outside_of_its_folder(tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(small_export()[0].folder, folder)
    for path in ("../generator.onnx", "/generator.onnx", "..", 3, None):
        report = json.loads((folder / "report.json").read_text())
        report["artefacts"]["onnx"]["path"] = path
        write_report(folder, report)
        with pytest.raises(ExportError, match="files of its own folder"):
            read_report(folder)
    report["artefacts"] = ["generator.onnx"]
    write_report(folder, report)
    with pytest.raises(ExportError, match="files of its own folder"):
        check(folder)


@pytest.mark.slow
def test_a_crafted_description_gets_one_error(tmp_path):
    source = small_export()[0].folder
    shutil.copy(source / "generator.onnx", tmp_path)
    for spec in ({}, [], {"inputs": 3}, {"inputs": [{"shape": 1}], "outputs": []}):
        model = onnx.load(tmp_path / "generator.onnx")
        described = read_metadata(source / "generator.onnx") | {"spec": spec}
        onnx.helper.set_model_props(model, {"keras_gan": json.dumps(described)})
        onnx.save(model, tmp_path / "generator.onnx")
        with pytest.raises(ExportError, match="no description of a generator"):
            open_drawing(tmp_path / "generator.onnx")


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hosts"])
def test_an_onnx_file_may_not_read_files_outside_of_its_folder(location, tmp_path):
    (tmp_path / "secret.bin").write_bytes(np.full(4, 31415926, "float32").tobytes())
    weights = onnx.TensorProto(
        name="weights",
        data_type=onnx.TensorProto.FLOAT,
        dims=[4],
        data_location=onnx.TensorProto.EXTERNAL,
    )
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    shape = ("batch", 4)
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name in ("latents", "images")
    ]
    node = onnx.helper.make_node("Add", ["latents", "weights"], ["images"])
    graph = onnx.helper.make_graph([node], "strange", ends[:1], ends[1:], [weights])
    opset = onnx.helper.make_opsetid("", 17)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9)
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "strange.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="onnxruntime") as caught:
        load_artefact(path)
    assert "31415" not in str(caught.value).replace(".", "")
    with pytest.raises(ExportError):
        open_drawing(path, latent_dim=4)


def test_a_reference_with_pickled_objects_is_refused(tmp_path):
    path = tmp_path / "reference.npz"
    np.savez(path, **{"inputs/latents": np.array([{"any": "object"}], object)})
    with pytest.raises(ExportError, match="unpickling runs code"):
        Reference.load(path)
