"""A pack of artefacts replaces the pack before it, and nothing else."""

import json

import pytest

from keras_gan.export.errors import ExportError
from keras_gan.export.pack import staged_pack
from tests.export_generators import listed


def written(fresh, **files):
    for name, text in files.items():
        (fresh / name).write_text(text)
    report = {"files": {name: {} for name in files}}
    (fresh / "report.json").write_text(json.dumps(report))


def test_a_new_pack_replaces_the_old_one_and_leaves_other_things(tmp_path):
    folder = tmp_path / "export"
    with staged_pack(folder) as fresh:
        written(fresh, generator_a="1", generator_b="1")
    (folder / "notes.txt").write_text("mine")
    with staged_pack(folder) as fresh:
        written(fresh, generator_b="2", generator_c="2")
    assert listed(folder) == ["generator_b", "generator_c", "notes.txt", "report.json"]
    assert (folder / "generator_b").read_text() == "2"
    assert listed(tmp_path) == ["export"]


def test_a_pack_that_fails_leaves_the_old_one(tmp_path):
    folder = tmp_path / "export"
    with staged_pack(folder) as fresh:
        written(fresh, generator="1")
    with pytest.raises(RuntimeError, match="power"), staged_pack(folder) as fresh:
        written(fresh, generator="2")
        raise RuntimeError("power cut")
    assert (folder / "generator").read_text() == "1"
    assert listed(tmp_path) == ["export"]


def test_a_card_that_names_files_elsewhere_is_not_followed(tmp_path):
    folder, outside = tmp_path / "export", tmp_path / "thesis.txt"
    outside.write_text("mine")
    folder.mkdir()
    report = {"files": {"../thesis.txt": {}, str(outside): {}}}
    (folder / "report.json").write_text(json.dumps(report))
    with staged_pack(folder) as fresh:
        written(fresh, generator="1")
    assert outside.exists()


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "export").write_text("mine")
    with pytest.raises(ExportError, match="a file stands there"):
        with staged_pack(tmp_path / "export"):
            pass
