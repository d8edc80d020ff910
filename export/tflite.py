"""Export a generator as a TFLite file, for phones, boards and LiteRT anywhere."""

import pathlib
import re
from typing import Any

import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.packages import require
from keras_gan.export.parity import check_parity
from keras_gan.export.prepare import prepared
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import refused, unsupported_ops
from keras_gan.export.saved_model import write_saved_model
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, checked_file, staged


def export_tflite(
    generator: Any,
    path: StrPath,
    *,
    batch_size: int = 1,
    spec: GeneratorSpec | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> pathlib.Path:
    """Write a generator as a float32 TFLite file and prove what it draws.

    The file has fixed sizes, which is what GPU delegates and browsers ask for and
    what lets more generators convert, and built-in operations only: no Python runtime
    can run the Flex ones. It is reloaded in LiteRT and compared with the Keras
    generator before it appears at `path`; a file that was there is replaced, and stays
    if the export fails.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The file to write; it ends in `.tflite`.
        batch_size: How many pictures one run of the file draws.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        tolerance: The largest error allowed, relative to the largest output value.
        seed: Seed of the drawn inputs.

    Returns:
        The path.

    Example:

    ```python
    path = export_tflite(gan, "generator.tflite")
    images = load_artefact(path)(latents)
    ```
    """
    path = checked_file(path, ".tflite")
    require("ai_edge_litert.interpreter")
    flat = prepared(generator, spec)
    _check_batch_size(batch_size, flat.spec.fixed_batch)
    with staged(path) as fresh:
        fresh.write_bytes(_converted(flat, batch_size, fresh.with_suffix(".saved")))
        check_parity(flat, fresh, (batch_size, batch_size), tolerance, seed)
    return path


def _check_batch_size(batch_size: int, fixed_batch: int | None) -> None:
    if batch_size < 1 or fixed_batch not in (None, batch_size):
        expected = "at least 1" if fixed_batch is None else f"{fixed_batch} here"
        raise ExportError(
            f"`batch_size` must be {expected}. Received: batch_size={batch_size}"
        )


def _converted(flat: FlatGenerator, batch_size: int, folder: pathlib.Path) -> bytes:
    # Straight from the function the converter loses variables or names, silently.
    write_saved_model(flat, folder, batch_size)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with quiet():
        try:
            return converter.convert()
        except Exception as error:
            raise _explained(error) from error


def _explained(error: Exception) -> ExportError:
    message = str(error)
    lists = re.findall(r"(?:TF Select|Custom) ops: (.+)", message)
    ops = [op for names in lists for op in names.split(", ")]
    if ops:
        typed = re.findall(r"^\s+tf\.\w+\(.*", message, re.MULTILINE)
        return unsupported_ops("TFLite", ops, "\n".join(typed))
    return refused("The TFLite converter", error)
