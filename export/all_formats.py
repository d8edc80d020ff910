"""Export a generator in several formats at once."""

import pathlib
from collections.abc import Iterable
from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.onnx import export_onnx
from keras_gan.export.saved_model import export_saved_model
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath
from keras_gan.export.tflite import export_tflite

_EXPORTERS = {
    "saved_model": (export_saved_model, "saved_model"),
    "tflite": (export_tflite, "generator.tflite"),
    "onnx": (export_onnx, "generator.onnx"),
}


def export_all(
    generator: Any,
    folder: StrPath,
    *,
    formats: Iterable[str] = ("saved_model", "tflite", "onnx"),
    spec: GeneratorSpec | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> dict[str, pathlib.Path]:
    """Write a generator in several formats into one folder, each of them proven.

    Formats are written one after another; the first that fails raises, and those
    before it stay.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`.
        folder: Where the artefacts go: `saved_model/`, `generator.tflite` and
            `generator.onnx`.
        formats: Which of `"saved_model"`, `"tflite"` and `"onnx"` to write.
        spec: As in `export_saved_model`.
        tolerance: As in `export_saved_model`.
        seed: As in `export_saved_model`.

    Returns:
        Format to path.

    Example:

    ```python
    paths = export_all(gan, "exported")
    pictures = {name: load_artefact(path)(latents) for name, path in paths.items()}
    ```
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    unknown = [name for name in formats if name not in _EXPORTERS]
    if unknown:
        raise ExportError(
            f"`formats` may name {list(_EXPORTERS)}. Received: formats={formats}"
        )
    paths = {}
    for name in formats:
        export, file_name = _EXPORTERS[name]
        paths[name] = export(
            generator,
            pathlib.Path(folder) / file_name,
            spec=spec,
            tolerance=tolerance,
            seed=seed,
        )
    return paths
