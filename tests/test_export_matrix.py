"""The table of every generator in every format: whole, honest, and made by a script."""

import importlib
import inspect
import json
import sys
from pathlib import Path

import pytest

from keras_gan import layers, networks
from keras_gan.export import errors
from keras_gan.export.modes import ARTEFACTS
from keras_gan.recipes import RECIPES

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
matrix = importlib.import_module("export_matrix")
page = importlib.import_module("export_matrix_page")
project = importlib.import_module("export_zoo.project")
ZOO = matrix.ZOO


@pytest.fixture(scope="module")
def table():
    return json.loads(matrix.RESULTS.read_text())


def test_the_page_is_what_the_script_makes_of_the_table(table):
    assert matrix.PAGE.read_text() == page.page_of(table)


def test_every_generator_of_the_zoo_has_a_cell_for_every_mode(table):
    assert list(table["generators"]) == list(ZOO)
    for name, row in table["generators"].items():
        assert list(row["cells"]) == list(ARTEFACTS), name
        assert (row["family"], row["about"]) == (ZOO[name].family, ZOO[name].about)


def test_every_cell_is_proven_within_its_limits_or_refused_with_a_sentence(table):
    for row in table["generators"].values():
        for name, cell in row["cells"].items():
            if cell["outcome"] == "proven":
                assert is_within(cell, ARTEFACTS[name].limits), (name, cell)
                assert cell["kilobytes"] > 0
            else:
                assert cell["outcome"] == "refused", (name, cell)
                assert issubclass(getattr(errors, cell["error"]), errors.ExportError)
                assert cell["reason"].count(" ") > 5


def is_within(cell, limits):
    quality = cell.get("quality", {})
    if limits.relative_error is not None and not quality:
        return cell["relative_error"] <= limits.relative_error
    if "share_differing" in quality and "psnr_p5" not in quality:
        return quality["share_differing"] <= limits.feature_distance
    if "psnr_p5" not in quality:  # of a few values a sample
        return quality["psnr_mean"] >= (limits.psnr_mean or 0)
    return quality["psnr_p5"] >= limits.psnr_p5


def test_every_network_that_ships_is_exported():
    builders = dict(inspect.getmembers(networks, inspect.isfunction))
    names = [name for name in builders if name.endswith("_generator")]
    assert names
    for name in names:
        assert f"networks.{name}(" in inspect.getsource(ZOO[name].build)


def test_every_layer_of_this_project_is_exported():
    names = ["layers_in_a_generator", "minibatch_statistic_in_a_generator"]
    names += ["conditional_generator_normalised", "resnet_generator", "text_generator"]
    used = {type(x) for name in names for x in ZOO[name].build()._flatten_layers()}
    assert {cls for _, cls in inspect.getmembers(layers, inspect.isclass)} <= used


def test_every_recipe_and_example_is_exported():
    assert project.SMALL.keys() == RECIPES.keys()
    examples = project.examples_that_build()
    assert examples
    names = [f"recipe_{name}" for name in RECIPES]
    names += [f"example_{path.stem}" for path in examples]
    assert [n for n in ZOO if ZOO[n].family == project.GAMES] == names


def test_a_cell_that_is_there_is_kept_and_one_that_died_is_told(tmp_path, monkeypatch):
    path = tmp_path / "table.json"
    first, second = list(ZOO)[:2]
    died = {"outcome": "died"}
    matrix.Results(path).put(ZOO[first], "onnx", died)

    def run_generator(entry, artefacts, results):
        for name in artefacts:
            results.put(entry, name, {"outcome": "proven", "relative_error": 1e-6})

    monkeypatch.setattr(matrix, "run_generator", run_generator)
    modes = ["--modes", "saved_model", "onnx", "--only", first, second]
    matrix.main([*modes, "--results", str(path), "--page", str(tmp_path / "page.md")])
    rows = json.loads(path.read_text())["generators"]
    assert list(rows) == [first, second]
    assert [list(row["cells"]) for row in rows.values()] == [
        ["saved_model", "onnx"]
    ] * 2
    assert rows[first]["cells"]["onnx"] == died
    assert "**died**" in (tmp_path / "page.md").read_text()


def test_a_table_of_other_versions_is_not_added_to(tmp_path):
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"versions": {"tensorflow": "1.0"}}))
    with pytest.raises(ValueError, match="one set of versions"):
        matrix.Results(path)


def test_equal_reasons_share_a_footnote():
    refusal = {"outcome": "refused", "error": "ExportError", "reason": "No,\n never."}
    other = {**refusal, "reason": "No."}
    proven = {"outcome": "proven", "relative_error": 2.3e-7, "notes": ["Changed."]}
    int8 = {"outcome": "proven", "relative_error": 0.1, "quality": {"psnr_p5": 42.42}}
    cells = {"saved_model": proven, "tflite": refusal, "tflite-int8": int8}
    row = {"parameters": 1234, "about": "About it.", "cells": cells}
    rest = {**row, "cells": {"tflite": refusal, "onnx": other}}
    lines, abouts, _, reasons, _, notes = page.Section({"a": row, "b": rest}).parts()
    first, second = lines.split("\n")[2:]
    assert first.startswith("| `a` | 1,234 | 2e-07<sup>a</sup> | refused<sup>1</sup> |")
    assert "| 42 dB |" in first
    assert "| refused<sup>1</sup> |" in second and "| refused<sup>2</sup> |" in second
    assert abouts == "- `a`: About it.\n- `b`: About it."
    assert reasons == "1. ExportError: No, never.\n2. ExportError: No."
    assert notes == "- a: Changed."
    assert [page.letters(i) for i in (0, 25, 26, 52)] == ["a", "z", "aa", "ba"]


@pytest.mark.slow
def test_generators_come_out_as_in_the_committed_table(tmp_path, table):
    path, names = tmp_path / "table.json", ["vector_generator", "label_one_hot"]
    given = ["--results", str(path), "--page", str(tmp_path / "page.md")]
    matrix.main([*given, "--only", *names, "noise_seed_generator"])
    made = json.loads(path.read_text())["generators"]
    for name, row in made.items():
        committed = table["generators"][name]["cells"]
        assert {k: c["outcome"] for k, c in row["cells"].items()} == {
            k: c["outcome"] for k, c in committed.items()
        }, name
