import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_gan.export.card.code import code
from keras_gan.export.card.ports import Port, Ports, ports
from keras_gan.export.card.reference import reference_of
from keras_gan.export.samplers import Integers, Normal, OneHot, Uniform
from tests.cpp_interfaces import write_headers
from tests.exported_card import copied, small_export

# Each builds and runs whole exports.
pytestmark = pytest.mark.slow

LATENTS = Port("latents", (1, 16), False, "float32", "latents", sampler=Normal())
IMAGES = Port("images", (1, 8, 8, 3), False, "float32", "image", low=-1.0, high=1.0)


def port(name, shape, dtype, role, **others):
    return Port(name, shape, others.pop("is_free", False), dtype, role, **others)


# Inputs of every kind that a generator may have.
INPUTS = {
    "normal": LATENTS,
    "scaled normal": port("z", (1, 4), "float32", "latents", sampler=Normal(1, 2)),
    "uniform": port("z", (1, 4), "float32", "noise", sampler=Uniform(-1, 1)),
    "labels": port("class", (1,), "int32", "labels", sampler=Integers(10)),
    "long labels": port("class", (1,), "int64", "labels", sampler=Integers(10)),
    "one-hot": port("label", (1, 3), "float32", "labels", sampler=OneHot()),
    "free image": port(
        "source", (1, 8, 8, 3), "float32", "image", is_free=True, sampler=Uniform()
    ),
    "quantised": port(
        "z", (1, 4), "int8", "latents", scale=0.02, zero_point=-3, sampler=Normal()
    ),
    "quantised one-hot": port(
        "z", (1, 4), "int8", "labels", scale=0.01, zero_point=4, sampler=OneHot()
    ),
}
OUTPUTS = {
    "image": IMAGES,
    "vector": port("return", (1, 2), "float32", "vector"),
    "tokens": port("tokens", (1, 5), "int32", "other"),
    "quantised": port("images", (1, 8, 8, 1), "int8", "image", scale=0.5, low=-1.0),
}
CASES = [
    *((kind, IMAGES) for kind in INPUTS.values()),
    *((LATENTS, kind) for kind in OUTPUTS.values()),
]
IDS = [*INPUTS, *(f"{name} out" for name in OUTPUTS)]


def codes(given, made, format_name="tflite"):
    name = {"tflite": "generator.tflite", "onnx": "generator.onnx"}[format_name]
    inputs = (given,) if given is LATENTS else (given, LATENTS)
    return code(Ports(name, format_name, inputs, (made,)))


def blocks(language):
    text = (small_export()[0].folder / "README.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", ["saved_model", "tflite", "tflite-int8-io", "onnx"])
def test_the_python_on_the_page_draws_what_keras_draws(name, tmp_path, monkeypatch):
    export, _ = small_export()
    monkeypatch.chdir(copied(tmp_path))
    (text,) = [
        block for block in blocks("python") if f'"{export.path(name).name}"' in block
    ]
    latents = np.random.default_rng(0).normal(0.0, 1.0, (1, 16)).astype("float32")
    expected = export.flat.reference({"latents": latents})["images"]
    found = {}
    exec(compile(text, "README.md", "exec"), found)
    tolerance = 0.1 if name == "tflite-int8-io" else 1e-5
    np.testing.assert_allclose(found["outputs"]["images"], expected, atol=tolerance)
    with Image.open("images.png") as picture:
        pixels = np.asarray(picture) / 127.5 - 1
    np.testing.assert_allclose(pixels, expected[0], atol=tolerance + 0.5 / 127)


@pytest.mark.parametrize("runtime", ["ai_edge_litert", "onnxruntime"])
def test_the_python_for_small_devices_needs_no_tensorflow(runtime, tmp_path):
    text = next(block for block in blocks("python") if runtime in block)
    end = 'import sys\nassert "tensorflow" not in sys.modules'
    done = subprocess.run(
        [sys.executable, "-c", f"{text}\n{end}"],
        cwd=copied(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("given", "made"), CASES, ids=IDS)
@pytest.mark.parametrize("format_name", ["tflite", "onnx"])
def test_python_draws_inputs_of_every_kind(given, made, format_name):
    text = codes(given, made, format_name)["python"]
    body = re.search(r"rng = .*?\n}\n", text, re.DOTALL)[0]
    quantised = re.search(r"scale, .*?\"int8\"\)\n", text, re.DOTALL)
    body += quantised[0] if quantised and given.scale else ""
    found = {"np": np}
    exec(body, found)
    assert found["inputs"][given.name].shape == given.shape
    assert found["inputs"][given.name].dtype == given.dtype
    compile(text, "code", "exec")


def test_each_format_has_the_languages_that_it_is_used_with():
    everywhere = {"python", "kotlin", "swift", "cpp", "javascript"}
    assert set(codes(LATENTS, IMAGES)) == everywhere
    assert set(codes(LATENTS, IMAGES, "onnx")) == {"python", "cpp", "javascript"}
    saved = Ports("saved_model", "saved_model", (LATENTS,), (IMAGES,))
    assert set(code(saved)) == {"python"}
    no_browser = code(Ports("a.tflite", "tflite", (LATENTS,), (IMAGES,)), False)
    assert set(no_browser) == everywhere - {"javascript"}


def test_words_are_left_to_python():
    words = Port("words", (1,), False, "string", "tokens")
    found = code(Ports("saved_model", "saved_model", (words,), (IMAGES,)))
    assert 'np.full((1,), b"words of your own")' in found["python"]
    assert set(code(Ports("a.onnx", "onnx", (words,), (IMAGES,)))) == {"python"}


def test_ports_are_those_of_the_very_file():
    export, _ = small_export()
    reference = reference_of(export.flat, 0)
    path = export.path("tflite-int8-io")
    whole = ports(path, "tflite", export.flat.spec, reference)
    from keras_gan.export.artefact import load_artefact

    detail = load_artefact(path)._given["latents"]
    (given,) = whole.inputs
    assert (given.shape, given.dtype) == ((1, 16), "int8")
    assert given.scale == pytest.approx(detail["quantization"][0])
    assert given.zero_point == detail["quantization"][1]
    real = ports(export.path("onnx"), "onnx", export.flat.spec, reference)
    assert (real.outputs[0].shape, real.outputs[0].dtype) == ((1, 8, 8, 3), "float32")
    assert (real.outputs[0].low, real.outputs[0].high) == (-1.0, 1.0)


@pytest.mark.parametrize("language", ["kotlin", "swift", "cpp"])
def test_quantised_ends_carry_their_scale_and_zero_point(language):
    given = Port("z", (1, 4), False, "int8", "latents", 0.03125, -7, Normal())
    made = Port("images", (1, 2, 2, 1), False, "int8", "image", 0.0078125, 5)
    text = codes(given, made)[language]
    for number in ("0.03125", "(-7)", "0.0078125", "- 5"):
        assert number in text


def test_kotlin_buffers_hold_the_bytes_of_their_tensors():
    long = Port("class", (2,), False, "int64", "labels", sampler=Integers(10))
    text = codes(long, IMAGES)["kotlin"]
    assert "val classBuffer = buffer(16)" in text
    assert "val latentsBuffer = buffer(64)" in text
    assert "val imagesBuffer = buffer(768)" in text
    assert "FloatArray(192) { getFloat() }" in text


@pytest.mark.parametrize("language", ["kotlin", "swift", "cpp"])
def test_free_sizes_are_set_before_the_first_run(language):
    text = codes(INPUTS["free image"], IMAGES)[language]
    assert re.search(r"(?i)resizeInput", text)
    assert re.search(r"1, 8, 8, 3[\])}]", text)
    assert not re.search(r"(?i)resizeInput", codes(LATENTS, IMAGES)[language])


def test_the_page_writes_code_once_for_files_that_differ_in_name_only():
    swift = blocks("swift")
    assert len(swift) == 2
    assert '"generator.tflite"' in swift[0]
    assert "Int8" in swift[1]


def test_brackets_are_balanced_in_languages_that_are_not_compiled():
    for given, made in CASES:
        found = codes(given, made)
        for language in ("kotlin", "swift"):
            text = re.sub(r'"[^"]*"', "", found[language])
            for pair in ("()", "[]", "{}"):
                assert text.count(pair[0]) == text.count(pair[1]), text


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_node_parses_all_javascript(tmp_path):
    texts = blocks("javascript")
    for format_name in ("tflite", "onnx"):
        for given, made in CASES:
            text = codes(given, made, format_name).get("javascript")
            texts += [text] if text else []
    assert len(texts) > 20
    # In functions of one module, so that node starts once.
    imports = re.compile(r"^import .*$", re.MULTILINE)
    heads = sorted({line for text in texts for line in imports.findall(text)})
    bodies = [
        f"async function draw{index}() {{\n{imports.sub('', text)}\n}}"
        for index, text in enumerate(texts)
    ]
    path = tmp_path / "all.mjs"
    path.write_text("\n".join([*heads, *bodies]))
    done = subprocess.run(
        ["node", "--check", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")
def test_a_compiler_takes_all_cpp_against_the_documented_interfaces(tmp_path):
    write_headers(tmp_path)
    texts = blocks("cpp")
    for format_name in ("tflite", "onnx"):
        for given, made in CASES:
            texts.append(codes(given, made, format_name)["cpp"])
    # In one file, so that the headers are read once; only `main` may lack a `return`.
    ending = re.compile(r"\n}\s*$")
    bodies = [
        ending.sub("\n  return 0;\n}", text.replace("main()", f"draw{index}()"))
        for index, text in enumerate(texts)
    ]
    path = tmp_path / "all.cpp"
    path.write_text("\n".join(bodies))
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        ["g++", *flags, f"-I{tmp_path}", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
