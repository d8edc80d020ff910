"""Exported files appear whole or not at all, and the console stays quiet."""

import ast
import os
import pathlib
import sys

import numpy as np
import pytest

import keras_gan.export
from keras_gan.export import (
    ExportError,
    export_onnx,
    export_saved_model,
    load_artefact,
)
from keras_gan.export.quiet import quiet
from keras_gan.export.staging import staged
from tests.export_generators import (
    drawn,
    listed,
    sequential,
)


def test_a_saved_model_is_replaced_and_other_folders_are_not(tmp_path):
    model = sequential()
    path = export_saved_model(model, tmp_path / "served")
    model.layers[0].kernel.assign(model.layers[0].kernel * 2)
    export_saved_model(model, path)
    inputs = drawn(["latents"])
    np.testing.assert_allclose(
        load_artefact(path)(inputs), model(inputs["latents"]), atol=1e-5
    )
    assert listed(tmp_path) == ["served"]
    with pytest.raises(ExportError, match="holds other things"):
        export_saved_model(model, tmp_path)
    assert listed(tmp_path) == ["served"]


@pytest.mark.parametrize("folder", [False, True])
def test_a_failure_while_writing_leaves_what_was_there(folder, tmp_path):
    path = tmp_path / "artefact"
    write = pathlib.Path.mkdir if folder else pathlib.Path.touch
    write(path)
    before = path.stat().st_ino
    with pytest.raises(RuntimeError, match="power"), staged(path) as fresh:
        write(fresh)
        raise RuntimeError("power cut")
    assert (listed(tmp_path), path.stat().st_ino) == (["artefact"], before)
    with staged(path) as fresh:
        write(fresh)
    assert listed(tmp_path) == ["artefact"]
    assert path.stat().st_ino != before


def test_a_folder_comes_back_if_its_successor_cannot_be_moved_in(tmp_path):
    path = tmp_path / "artefact"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(FileNotFoundError), staged(path):
        pass  # nothing is written, so there is nothing to move
    assert listed(path) == ["old"]


@pytest.mark.parametrize(
    ("file_name", "words"),
    [
        ("generator.tflite", "must end in .onnx"),
        ("file/generator.onnx", "cannot be written to"),
        ("folder.onnx", "a folder stands there"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused(file_name, words, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ExportError, match=words):
        export_onnx(sequential(), tmp_path / file_name)
    with pytest.raises(ExportError, match="is a folder"):
        export_saved_model(sequential(), tmp_path / "generator.onnx")


def test_what_cpp_code_writes_is_held_back_unless_something_fails(capfd):
    with quiet():
        os.write(2, b"converted 3 nodes\n")
    with pytest.raises(ExportError), quiet():
        os.write(2, b"converted 4 nodes\n")
        raise ExportError("refused, and said why")
    assert capfd.readouterr().err == ""
    with pytest.raises(RuntimeError), quiet():
        os.write(2, b"node 7 is odd\n")
        raise RuntimeError
    assert capfd.readouterr().err == "node 7 is odd\n"


def test_importing_the_exporters_imports_no_converter_and_no_runtime():
    allowed = {"keras", "keras_gan", "numpy", "tensorflow", *sys.stdlib_module_names}
    folder = pathlib.Path(keras_gan.export.__file__).parent
    imported = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert "tensorflow" in imported
    assert imported <= allowed
