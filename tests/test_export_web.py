"""The page of a generator: its folder, its runtime, and what a browser shows."""

import hashlib
import json
import os
import re
import stat
import tarfile

import pytest

from keras_gan.export import ExportError, GeneratorSpec
from keras_gan.export.samplers import Integers, Normal
from keras_gan.export.spec import GeneratorInput, GeneratorOutput
from keras_gan.export.web import export_web, folder, runtime
from tests.export_generators import convolutional, listed

PAGE_FILES = [
    "controls.js",
    "dom.js",
    "draws.js",
    "generator.js",
    "index.html",
    "onnxruntime-web",
    "page.js",
    "pixels.js",
    "random.js",
    "sketch.js",
    "spec.json",
    "style.css",
    "views.js",
]


def spec_of_digits():
    return GeneratorSpec(
        (
            GeneratorInput("latents", (None, 4), "float32", "latents", Normal()),
            GeneratorInput("labels", (None,), "int32", "labels", Integers(10)),
        ),
        (GeneratorOutput("images", (None, 8, 8, 1), "float32", "image", -1.0, 1.0),),
        "digits",
    )


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small npm package in place of the real one, and an empty place to keep it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    dist = tmp_path / "npm" / "package" / "dist"
    dist.mkdir(parents=True)
    for name in runtime.SHA256:
        (dist / name).write_text(f"// {name}")
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dist.iterdir()
    }
    monkeypatch.setattr(runtime, "SHA256", digests)
    return dist.parent


def packed(package, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(package, "package")
    return path


def npm_that_runs(commands, tmp_path, monkeypatch):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    npm = bin_folder / "npm"
    npm.write_text(f"#!/bin/sh\n{commands}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")


def test_the_folder_holds_the_page_its_spec_and_the_runtime(package, tmp_path):
    page = tmp_path / "page"
    spec = spec_of_digits()
    folder.write_page(page, spec, "2 < 3 & more", runtime.runtime_files(package))
    assert listed(page) == PAGE_FILES
    assert GeneratorSpec.from_json(json.loads((page / "spec.json").read_text())) == spec
    text = (page / "index.html").read_text()
    assert text.count("2 &lt; 3 &amp; more") == 2 and "{{" not in text
    assert listed(page / "onnxruntime-web") == [
        "LICENSE",
        "README.txt",
        "ThirdPartyNotices.txt",
        "ort-wasm-simd-threaded.js",
        "ort-wasm-simd-threaded.wasm",
        "ort.wasm.min.js",
    ]
    assert "Microsoft" in (page / "onnxruntime-web" / "LICENSE").read_text()


def test_all_that_the_page_asks_for_lies_in_its_folder(package, tmp_path):
    page = tmp_path / "page"
    folder.write_page(page, spec_of_digits(), "x", runtime.runtime_files(package))
    texts = {path.name: path.read_text() for path in page.iterdir() if path.is_file()}
    wanted = set(re.findall(r'from "\./(.+?)"', "".join(texts.values())))
    wanted |= set(re.findall(r'(?:src|href)="(\w.+?)"', texts["index.html"])) - {
        "data:,"
    }
    assert len(wanted) > 6 and wanted <= set(texts)
    assert not re.search(r"https?://(?!localhost)", "".join(texts.values()))
    for name in runtime.NAMES.values():
        assert name in texts["generator.js"]


def test_a_package_is_taken_packed_and_unpacked(package, tmp_path):
    archive = packed(package, tmp_path / "onnxruntime-web.tgz")
    for given in (package, package.parent, archive):
        files = runtime.runtime_files(given)
        assert {name: path.read_text() for name, path in files.items()} == {
            name: f"// {name}" for name in runtime.SHA256
        }


def test_a_package_with_another_file_is_refused_by_its_hash(package):
    name = "ort.wasm.min.mjs"
    (package / "dist" / name).write_text("// not the same")
    with pytest.raises(ExportError, match=rf"{name} .* sha256 is [0-9a-f]{{64}}"):
        runtime.runtime_files(package)
    assert not runtime._cache().exists()


@pytest.mark.parametrize("content", [None, b"", b"no archive", "empty archive"])
def test_what_is_not_the_package_is_refused_in_words(content, package, tmp_path):
    path = tmp_path / "onnxruntime-web.tgz"
    if content == "empty archive":
        packed(tmp_path / "npm", path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ExportError, match="npm pack onnxruntime-web@"):
        runtime.runtime_files(path)
    with pytest.raises(ExportError, match="has no dist/"):
        runtime.runtime_files(tmp_path)


def test_without_npm_the_error_says_how_to_go_on(package, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match="no npm on the path.*`onnxruntime_web`"):
        runtime.runtime_files()


def test_what_npm_says_of_a_failure_is_passed_on(package, tmp_path, monkeypatch):
    npm_that_runs("echo no route to the registry >&2; exit 1", tmp_path, monkeypatch)
    with pytest.raises(ExportError, match="no route to the registry"):
        runtime.runtime_files()
    assert not runtime._cache().exists()


def test_npm_is_asked_once_and_again_for_a_spoilt_file(package, tmp_path, monkeypatch):
    archive = packed(package, tmp_path / "packed.tgz")
    log = tmp_path / "log"
    commands = f'echo "$@" >> {log}; cp {archive} onnxruntime-web.tgz'
    npm_that_runs(commands, tmp_path, monkeypatch)
    runtime.runtime_files()
    kept = runtime.runtime_files()["ort.wasm.min.mjs"]
    assert log.read_text().count(f"pack {runtime.PACKAGE}") == 1
    kept.write_text("// half a fi")
    assert runtime.runtime_files()["ort.wasm.min.mjs"].read_text() != "// half a fi"
    assert log.read_text().count(f"pack {runtime.PACKAGE}") == 2


def test_a_folder_with_other_things_is_never_replaced(package, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").touch()
    (other / "thesis.txt").touch()
    with pytest.raises(ExportError, match="other things than a page.*thesis.txt"):
        export_web(None, other)
    page = tmp_path / "page"
    folder.write_page(page, spec_of_digits(), "x", runtime.runtime_files(package))
    assert folder._checked(page) == page
    (page / "thesis.txt").touch()
    with pytest.raises(ExportError, match=r"\['thesis.txt'\]"):
        export_web(None, page)
    with pytest.raises(ExportError, match="a file stands there"):
        export_web(None, page / "thesis.txt")


def test_a_failed_export_leaves_the_old_page(package, tmp_path, monkeypatch):
    page = tmp_path / "page"
    folder.write_page(page, spec_of_digits(), "old", runtime.runtime_files(package))

    def failing(*args, **kwargs):
        raise ExportError("no such operation")

    monkeypatch.setattr(folder, "export_onnx", failing)
    with pytest.raises(ExportError, match="no such operation"):
        export_web(convolutional(), page, title="new")
    assert "old" in (page / "index.html").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keras", "npm", "page"]


def test_text_inputs_are_refused_before_anything_is_written(tmp_path):
    text = GeneratorInput("text", (None,), "string", "tokens", Normal())
    spec = GeneratorSpec((text,), spec_of_digits().outputs)
    with pytest.raises(ExportError, match=r"inputs \['text'\].*ids of the tokens"):
        folder._check_inputs(spec)
