"""The edge examples run where there is no TensorFlow, and draw what Keras draws."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from keras_gan.export import export_onnx, export_tflite
from keras_gan.pictures import to_uint8

EXAMPLES = Path(__file__).parents[1] / "examples" / "edge"
# Example to the one package that it needs beside NumPy.
PACKAGES = {"run_tflite": "ai-edge-litert", "run_onnx": "onnxruntime"}
SEED = 7


def generator():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((12,), name="latents"),
            layers.Dense(4 * 4 * 8, activation="relu"),
            layers.Reshape((4, 4, 8)),
            layers.Conv2DTranspose(3, 4, 2, "same", activation="tanh"),
        ]
    )
    for weight in model.weights:
        weight.assign(2.0 * weight)
    return model


def latents():
    return np.random.default_rng(SEED).standard_normal((1, 12)).astype("float32")


def python_without_tensorflow(folder, package):
    """Make a virtual environment with numpy and one runtime; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "numpy", package]
    subprocess.run(install, check=True)
    for absent in ("tensorflow", "keras", "keras_gan", "PIL"):
        found = subprocess.run(
            [python, "-c", f"import {absent}"], capture_output=True, cwd=folder
        )
        assert b"No module named" in found.stderr, absent
    return python


def drawn_by(python, example, model_path, out):
    done = subprocess.run(
        [python, EXAMPLES / f"{example}.py", model_path]
        + ["--seed", str(SEED), "--out", out, "--threads", "2"],
        capture_output=True,
        text=True,
        check=False,
        cwd=out.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"\d+\.\d{3} ms a picture, 2 threads", done.stdout)
    return np.asarray(Image.open(out)).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("example", PACKAGES)
def test_an_edge_example_needs_no_tensorflow_and_draws_the_picture_of_keras(
    example, tmp_path
):
    model = generator()
    if example == "run_tflite":
        files = {tmp_path / "float.tflite": 1, tmp_path / "int8.tflite": 12}
        for path, mode in zip(files, ("float32", "int8_io"), strict=True):
            export_tflite(model, path, mode=mode)
    else:
        files = {export_onnx(model, tmp_path / "float.onnx"): 1}
    expected = to_uint8(model(latents(), training=False)[0]).astype(int)
    assert expected.std() > 20
    python = python_without_tensorflow(tmp_path / "venv", PACKAGES[example])
    for path, tolerance in files.items():
        picture = drawn_by(python, example, path, tmp_path / f"{path.stem}.png")
        assert np.abs(picture - expected).max() <= tolerance


@pytest.mark.parametrize("example", PACKAGES)
def test_an_edge_example_is_short_and_imports_one_runtime(example):
    text = (EXAMPLES / f"{example}.py").read_text()
    assert len(text.splitlines()) < 80
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    package = PACKAGES[example].replace("-", "_")
    assert imported - set(sys.stdlib_module_names) == {
        "numpy",
        package,
    }
    assert f"pip install numpy {PACKAGES[example]}" in text
