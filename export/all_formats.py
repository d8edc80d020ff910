"""Export a generator in several forms at once, with a card that says what they are."""

import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from keras_gan.export.calibration import Calibration
from keras_gan.export.card import write_card
from keras_gan.export.conversion import prestart
from keras_gan.export.conversion.source import Source
from keras_gan.export.errors import ExportError
from keras_gan.export.exported import Exported
from keras_gan.export.modes import ARTEFACTS, Limits, Mode
from keras_gan.export.onnx import onnx_exported
from keras_gan.export.pack import staged_pack
from keras_gan.export.prepare import prepared
from keras_gan.export.saved_model import saved_model_exported
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath
from keras_gan.export.tflite import tflite_exported


def export_all(
    generator: Any,
    folder: StrPath,
    *,
    artefacts: Iterable[str] = ("saved_model", "tflite", "onnx"),
    batch_size: int | None = 1,
    spec: GeneratorSpec | None = None,
    calibration: Calibration = 200,
    limits: Mapping[str, Limits] | None = None,
    seed: int = 0,
    refused: dict[str, str] | None = None,
) -> dict[str, pathlib.Path]:
    """Write a generator in several forms into one folder, each proven, with a card.

    The card is `README.md` and `report.json`: how near, how large and how fast each
    artefact is, where it runs and how it is called, with a picture of the same inputs
    through each. What an earlier call wrote into the folder is replaced when all is
    done; other things in it stay.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`.
        folder: Where everything goes.
        artefacts: Names of formats, with a mode behind them unless it is float32:
            `"saved_model"`, `"tflite"`, `"tflite-int8"`, `"onnx-float16"`, ...
        batch_size: Of the TFLite files, as in `export_tflite`.
        spec: As in `export_saved_model`.
        calibration: Of the integer modes, as in `export_tflite`.
        limits: By name of an artefact, how far it may be from the generator.
        seed: Seed of the drawn inputs.
        refused: A dict to fill with those that cannot be exported, and why. Without
            it the first of them raises its error, and nothing is written.

    Returns:
        Name of each artefact to its path.

    Example:

    ```python
    paths = export_all(gan, "exported", artefacts=["saved_model", "tflite-int8"])
    pictures = {name: load_artefact(path)(latents) for name, path in paths.items()}
    ```
    """
    modes = _modes(artefacts, limits)
    prestart()
    flat = prepared(generator, spec)
    written: list[Exported] = []
    options: Any = {"calibration": calibration, "seed": seed}
    with staged_pack(folder) as fresh, Source(flat, **options) as source:
        for mode in modes:
            allowed = (limits or {}).get(mode.artefact_name)
            try:
                written.append(_written(source, fresh, mode, batch_size, allowed))
            except ExportError as error:
                if refused is None:
                    raise
                refused[mode.artefact_name] = str(error)
        if written:
            write_card(fresh, flat, written, refused=refused or {}, seed=seed)
    return {
        item.mode.artefact_name: pathlib.Path(folder) / item.mode.file_name
        for item in written
    }


def _modes(artefacts: Iterable[str], limits: Mapping[str, Limits] | None) -> list[Mode]:
    names = [artefacts] if isinstance(artefacts, str) else list(artefacts)
    for option, given in (("artefacts", names), ("limits", list(limits or {}))):
        unknown = [name for name in given if name not in ARTEFACTS]
        if unknown or (not given and option == "artefacts"):
            raise ExportError(
                f"`{option}` may name {list(ARTEFACTS)}. Received: {option}={given}"
            )
    return [ARTEFACTS[name] for name in names]


def _written(
    source: Source,
    folder: pathlib.Path,
    mode: Mode,
    batch_size: int | None,
    limits: Limits | None,
) -> Exported:
    path = folder / mode.file_name
    if mode.format == "tflite":
        return tflite_exported(source, path, mode, batch_size=batch_size, limits=limits)
    if mode.format == "onnx":
        return onnx_exported(source, path, mode, limits=limits)
    return saved_model_exported(source.flat, path, limits=limits, seed=source.seed)
