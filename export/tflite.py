"""Export a generator as a TFLite file, for phones, boards and LiteRT anywhere."""

import pathlib
from typing import Any

from keras_gan.export.calibration import Calibration
from keras_gan.export.conversion import prestart
from keras_gan.export.conversion.source import Source
from keras_gan.export.errors import ExportError
from keras_gan.export.exported import Exported
from keras_gan.export.modes import Limits, Mode, mode_named
from keras_gan.export.packages import require
from keras_gan.export.prepare import prepared
from keras_gan.export.proof import prove
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, checked_file, staged


def export_tflite(
    generator: Any,
    path: StrPath,
    *,
    mode: str = "float32",
    batch_size: int | None = 1,
    spec: GeneratorSpec | None = None,
    calibration: Calibration = 200,
    limits: Limits | None = None,
    seed: int = 0,
    timeout_s: float = 600.0,
) -> pathlib.Path:
    """Write a generator as a TFLite file and prove what it draws.

    The file has fixed sizes unless they are asked free, which is what GPU delegates
    and browsers want and what lets more generators convert, and built-in operations
    only: no Python runtime can run the Flex ones. It is made by a child process,
    reloaded in LiteRT and compared with the Keras generator before it appears at
    `path`; a file that was there is replaced, and stays if the export fails.

    Of the smaller forms, `"weight_only"` keeps the pictures best at a quarter of the
    size and takes every generator. `"int8"` is the fastest where all of the generator
    can be computed in integers, as with convolutions and batch normalisation.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The file to write; it ends in `.tflite`.
        mode: `"float32"`; `"float16"` weights; `"dynamic"`, int8 weights and products;
            `"weight_only"`, int8 weights; `"int8"`, all in integers but the inputs
            and outputs; `"int8_io"`, these too; or `"int16x8"`, int8 weights and int16
            values, which is exact and slow.
        batch_size: How many pictures one run of the file draws. `None` leaves free
            what the generator leaves free, the batch as well as height and width.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        calibration: Of the integer modes: how many samples to draw from the spec, at
            least 100, or arrays by input name, distributed as what will be served.
        limits: How far the file may be from the generator, by default those of the
            mode.
        seed: Seed of the drawn inputs.
        timeout_s: How many seconds the conversion may take.

    Returns:
        The path.

    Example:

    ```python
    path = export_tflite(gan, "generator-int8.tflite", mode="int8")
    images = load_artefact(path)(latents)
    ```
    """
    path, chosen = checked_file(path, ".tflite"), mode_named("tflite", mode)
    prestart()
    flat = prepared(generator, spec)
    options: Any = {"calibration": calibration, "seed": seed, "timeout_s": timeout_s}
    with Source(flat, **options) as source:
        return tflite_exported(
            source, path, chosen, batch_size=batch_size, limits=limits
        ).path


def tflite_exported(
    source: Source,
    path: pathlib.Path,
    mode: Mode,
    *,
    batch_size: int | None = 1,
    limits: Limits | None = None,
) -> Exported:
    """Write one TFLite file of a generator and prove it, as `export_tflite` does.

    Args:
        source: The generator.
        path: The file to write.
        mode: One of `TFLITE_MODES`.
        batch_size: As in `export_tflite`.
        limits: As in `export_tflite`.
    """
    flat = source.flat
    require("ai_edge_litert.interpreter")
    _check_batch_size(batch_size, flat.spec)
    batch_sizes = (batch_size,) * 2 if batch_size else flat.batch_sizes
    with staged(path) as fresh:
        notes = source.convert(mode, fresh, batch_size)
        proof = prove(
            flat,
            fresh,
            mode,
            batch_sizes=batch_sizes,
            limits=limits,
            seed=source.seed,
        )
    return Exported(mode, path, proof, notes)


def _check_batch_size(batch_size: int | None, spec: GeneratorSpec) -> None:
    if batch_size is None:
        return
    if batch_size < 1 or spec.fixed_batch not in (None, batch_size):
        expected = "at least 1" if not spec.fixed_batch else f"{spec.fixed_batch} here"
        raise ExportError(
            f"`batch_size` must be {expected}. Received: batch_size={batch_size}"
        )
    try:
        spec.static_shapes(batch_size)
    except ExportError as error:
        raise ExportError(
            f"{error} Or pass `batch_size=None`, which leaves them free in the file."
        ) from None
