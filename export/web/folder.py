"""Export a generator as a folder that opens as a page from any static server."""

import html
import importlib.metadata
import importlib.resources
import json
import pathlib
import shutil
from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.onnx import export_onnx
from keras_gan.export.prepare import prepared
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, staged
from keras_gan.export.web.runtime import NAMES, PACKAGE, runtime_files

_RUNTIME = "onnxruntime-web"
_LICENSES = ("LICENSE", "ThirdPartyNotices.txt")


def export_web(
    generator: Any,
    folder: StrPath,
    *,
    spec: GeneratorSpec | None = None,
    title: str | None = None,
    onnxruntime_web: StrPath | None = None,
    seed: int = 0,
) -> pathlib.Path:
    """Write a page on which a person plays with a generator, in the browser.

    The folder holds the page, the generator as a float32 ONNX file that was compared
    with the Keras model, its spec, and the runtime. Any static server serves it, as
    `python3 -m http.server --directory FOLDER`; the page asks no other machine for
    anything. Its controls come from the spec: sliders for latents and attributes,
    buttons for labels, a place to drop or draw a picture.

    A page that was in the folder is replaced, and stays if the export fails; a folder
    with other things in it is refused.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then.
        folder: The folder to write.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        title: Heading of the page, by default the name in the spec.
        onnxruntime_web: The npm package onnxruntime-web, unpacked or as `.tgz`. By
            default npm fetches it, once; later pages take the files that were kept.
        seed: Seed of the inputs that the ONNX file is compared on.

    Returns:
        The folder.

    Example:

    ```python
    export_web(gan, "page", title="Handwritten digits")
    ```
    """
    folder = _checked(pathlib.Path(folder))
    flat = prepared(generator, spec)
    _check_inputs(flat.spec)
    runtime = runtime_files(onnxruntime_web)
    with staged(folder) as fresh:
        write_page(fresh, flat.spec, title or flat.spec.name, runtime)
        export_onnx(flat, fresh / "generator.onnx", seed=seed)
    return folder


def write_page(
    folder: pathlib.Path,
    spec: GeneratorSpec,
    title: str,
    runtime: dict[str, pathlib.Path],
) -> None:
    """Write everything but the generator itself.

    Args:
        folder: The folder to make.
        spec: What the controls come from.
        title: Heading of the page.
        runtime: Name in the npm package to path, from `runtime_files`.
    """
    folder.mkdir()
    for source in _page_files():
        text = source.read_text(encoding="utf-8")
        text = text.replace("{{title}}", html.escape(title))
        (folder / source.name).write_text(text, encoding="utf-8")
    text = json.dumps(spec.to_json(), indent=2)
    (folder / "spec.json").write_text(text + "\n", encoding="utf-8")
    (folder / _RUNTIME).mkdir()
    for name, path in runtime.items():
        shutil.copyfile(path, folder / _RUNTIME / NAMES[name])
    _write_licenses(folder / _RUNTIME)


def _page_files() -> list[Any]:
    page = importlib.resources.files("keras_gan.export.web") / "page"
    return sorted((f for f in page.iterdir() if f.is_file()), key=lambda f: f.name)


def _write_licenses(folder: pathlib.Path) -> None:
    # The npm package has no license text; the wheel comes from the same source.
    package = importlib.resources.files("onnxruntime")
    for name in _LICENSES:
        (folder / name).write_bytes((package / name).read_bytes())
    version = importlib.metadata.version("onnxruntime")
    (folder / "README.txt").write_text(
        f"Files of the npm package {PACKAGE}, unchanged; `.mjs` is called `.js` here,\n"
        "because some servers do not know that it is JavaScript too. LICENSE and\n"
        f"ThirdPartyNotices.txt come from the Python package onnxruntime {version}.\n",
        encoding="utf-8",
    )


def _checked(folder: pathlib.Path) -> pathlib.Path:
    if folder.is_file():
        raise ExportError(
            f"A page is a folder, and a file stands there. Received: folder={folder}"
        )
    if not folder.is_dir():
        return folder
    found = {path.name for path in folder.iterdir()}
    ours = {"generator.onnx", "spec.json", _RUNTIME, *(f.name for f in _page_files())}
    if found and not ({"index.html", "spec.json"} <= found <= ours):
        others = sorted(found - ours) or sorted(found)
        raise ExportError(
            "`folder` holds other things than a page and would be replaced. "
            f"Received: folder={folder}, which holds {others[:5]}. Name a new folder "
            "inside it."
        )
    return folder


def _check_inputs(spec: GeneratorSpec) -> None:
    texts = [item.name for item in spec.inputs if item.dtype == "string"]
    if texts:
        raise ExportError(
            f"A page cannot give strings to a generator. Received: inputs {texts}. "
            "Export a generator that takes the ids of the tokens."
        )
