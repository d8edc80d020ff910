"""Export a generator as an ONNX file, for onnxruntime, browsers and everything else."""

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

_OPSETS = range(13, 19)


def export_onnx(
    generator: Any,
    path: StrPath,
    *,
    mode: str = "float32",
    opset: int = 17,
    spec: GeneratorSpec | None = None,
    calibration: Calibration = 200,
    limits: Limits | None = None,
    seed: int = 0,
    timeout_s: float = 600.0,
) -> pathlib.Path:
    """Write a generator as an ONNX file and prove what it draws.

    The batch dimension is free and called `batch`; a free height and width are called
    so too. The file is made by a child process, passes `onnx.checker`, is reloaded in
    onnxruntime and compared with the Keras generator before it appears at `path`; a
    file that was there is replaced, and stays if the export fails.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The file to write; it ends in `.onnx`.
        mode: `"float32"`; `"float16"`, with float32 inputs and outputs; `"dynamic"`,
            int8 weights and products, transposed convolutions left in float; or
            `"int8"`, in the form with quantise and dequantise nodes.
        opset: Version of the ONNX operations, 13 to 18. Generators convert to all of
            them alike; 17 is old enough for every runtime since 2022.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        calibration: Of `"int8"`: how many samples to draw from the spec, at least 100,
            or arrays by input name, distributed as what will be served.
        limits: How far the file may be from the generator, by default those of the
            mode.
        seed: Seed of the drawn inputs.
        timeout_s: How many seconds the conversion may take.

    Returns:
        The path.

    Example:

    ```python
    path = export_onnx(gan, "generator.onnx")
    images = load_artefact(path)(latents)
    ```
    """
    path, chosen = checked_file(path, ".onnx"), mode_named("onnx", mode)
    _check_opset(opset)
    prestart()
    flat = prepared(generator, spec)
    options: Any = {"calibration": calibration, "seed": seed, "timeout_s": timeout_s}
    with Source(flat, **options) as source:
        return onnx_exported(source, path, chosen, opset=opset, limits=limits).path


def onnx_exported(
    source: Source,
    path: pathlib.Path,
    mode: Mode,
    *,
    opset: int = 17,
    limits: Limits | None = None,
) -> Exported:
    """Write one ONNX file of a generator and prove it, as `export_onnx` does.

    Args:
        source: The generator.
        path: The file to write.
        mode: One of `ONNX_MODES`.
        opset: As in `export_onnx`.
        limits: As in `export_onnx`.
    """
    flat = source.flat
    _check_opset(opset)
    for package in ("onnx", "tf2onnx", "onnxruntime"):
        require(package)
    with staged(path) as fresh:
        notes = source.convert(mode, fresh, opset=opset)
        proof = prove(
            flat,
            fresh,
            mode,
            batch_sizes=flat.batch_sizes,
            limits=limits,
            seed=source.seed,
        )
    return Exported(mode, path, proof, notes)


def _check_opset(opset: int) -> None:
    if opset not in _OPSETS:
        raise ExportError(f"`opset` must be 13 to 18. Received: opset={opset}")
