"""What an artefact says about itself, in a place that its format has for that."""

import json
import pathlib
from typing import Any

import numpy as np

from keras_gan.export.errors import ExportError
from keras_gan.export.packages import require

_KEY = "keras_gan"


def metadata_of(spec: Any, mode: Any) -> dict[str, Any]:
    """Return what the artefact of a mode says about itself.

    Args:
        spec: The `GeneratorSpec` of the generator.
        mode: The `Mode` of the artefact.
    """
    # Not above: the child process that converts has no such package.
    from keras_gan import __version__

    return {
        "format_version": 1,
        "spec": spec.to_json(),
        "mode": mode.name,
        "keras_gan": __version__,
    }


def write_metadata(path: pathlib.Path, metadata: dict[str, Any]) -> None:
    """Put metadata into an artefact, in place of what it said before.

    Runtimes pass over it. The same metadata make the same bytes.

    Args:
        path: A SavedModel folder, a `.tflite` or an `.onnx` file.
        metadata: Anything that JSON can hold.
    """
    text = json.dumps(metadata, sort_keys=True, separators=(",", ":"))
    _WRITERS[_kind(path)](path, text)


def read_metadata(path: pathlib.Path) -> dict[str, Any] | None:
    """Return the metadata of an artefact, `None` if it has none.

    Args:
        path: A SavedModel folder, a `.tflite` or an `.onnx` file.
    """
    kind = _kind(path)
    try:
        text = _READERS[kind](path)
        return None if text is None else json.loads(text)
    except ImportError:
        raise
    except Exception as error:
        raise ExportError(
            f"The file cannot be read: {type(error).__name__}: {error} "
            f"Received: path={path}. Export the generator again."
        ) from error


def _kind(path: pathlib.Path) -> str:
    kind = "saved_model" if path.is_dir() else path.suffix
    if kind not in _WRITERS or not path.exists():
        raise ExportError(
            "`path` must be a SavedModel folder, or a .tflite or .onnx file. "
            f"Received: path={path}"
        )
    return kind


def _saved_model_file(folder: pathlib.Path) -> pathlib.Path:
    return folder / "assets.extra" / f"{_KEY}.json"


def _write_saved_model(path: pathlib.Path, text: str) -> None:
    _saved_model_file(path).parent.mkdir(exist_ok=True)
    _saved_model_file(path).write_text(text, encoding="utf-8")


def _read_saved_model(path: pathlib.Path) -> str | None:
    file = _saved_model_file(path)
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _write_tflite(path: pathlib.Path, text: str) -> None:
    schema = require("ai_edge_litert.schema_py_generated")
    flatbuffers = require("flatbuffers")
    content = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        # The quantiser keeps large constants behind the flatbuffer; packing moves them.
        if buffer.offset > 1:
            stored = content[buffer.offset : buffer.offset + buffer.size]
            buffer.data = np.frombuffer(stored, "uint8")
            buffer.offset = buffer.size = 0
    entries = {entry.name.decode(): entry for entry in model.metadata or []}
    if _KEY not in entries:
        entry = schema.MetadataT()
        entry.name, entry.buffer = _KEY.encode(), len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        model.buffers.append(schema.BufferT())
        entries[_KEY] = entry
    model.buffers[entries[_KEY].buffer].data = [*text.encode()]
    builder = flatbuffers.Builder(path.stat().st_size + len(text))
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def _read_tflite(path: pathlib.Path) -> str | None:
    schema = require("ai_edge_litert.schema_py_generated")
    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    for entry in map(model.Metadata, range(model.MetadataLength())):
        if entry.Name() == _KEY.encode():
            return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
    return None


def _write_onnx(path: pathlib.Path, text: str) -> None:
    onnx = require("onnx")
    model = onnx.load(str(path))
    others = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {**others, _KEY: text})
    path.write_bytes(model.SerializeToString(deterministic=True))


def _read_onnx(path: pathlib.Path) -> str | None:
    model = require("onnx").load(str(path), load_external_data=False)
    props = {entry.key: entry.value for entry in model.metadata_props}
    return props.get(_KEY)


_WRITERS = {
    "saved_model": _write_saved_model,
    ".tflite": _write_tflite,
    ".onnx": _write_onnx,
}
_READERS = {
    "saved_model": _read_saved_model,
    ".tflite": _read_tflite,
    ".onnx": _read_onnx,
}
