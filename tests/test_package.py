"""The package as it is shipped: layout, names, versions, import cost."""

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_gan

ROOT = Path(__file__).parents[1]


def test_the_export_folder_and_its_link_are_one():
    assert os.readlink(ROOT / "keras_gan" / "export") == os.path.join("..", "export")
    from keras_gan import export

    assert Path(export.__file__).resolve().parent == ROOT / "export"


def test_the_listed_packages_are_the_folders_on_disk():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["packages"].split("\n")
    listed = {line for line in lines if line and not line.startswith("#")}
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for folder in ("keras_gan", "keras_gan/export")
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert listed == found


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[?([\w.]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] in (keras_gan.__version__, "Unreleased")
    assert keras_gan.__version__ in versions or versions == ["Unreleased"]


@pytest.mark.slow
def test_importing_loads_nothing_heavy_but_tensorflow_and_keras():
    heavy = ["tensorflow_datasets", "onnx", "tf2onnx", "onnxruntime", "sklearn"]
    heavy += ["matplotlib", "PIL", "ai_edge_litert", "tqdm", "click"]
    heavy += ["ai_edge_quantizer", "av", "httpx", "onnxslim", "pandas"]
    heavy += ["starlette", "uvicorn"]
    code = (
        "import sys, keras; before = set(sys.modules); import keras_gan; "
        f"print([m for m in {heavy} if m in set(sys.modules) - before])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_another_backend_is_refused_by_name():
    code = """if True:
        import sys, types
        backend = types.SimpleNamespace(backend=lambda: "jax")
        sys.modules["keras"] = types.SimpleNamespace(backend=backend)
        import keras_gan
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "KERAS_BACKEND=tensorflow" in done.stderr


def test_the_first_two_commands_of_the_readme_stand_alone():
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert "quickstart" in blocks[0] and "pytest" in blocks[1]
    for block in blocks[:2]:
        assert block.count("\n") == 1
        assert "venv" in block and "pip install" in block
