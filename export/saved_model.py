"""Export a generator as a SavedModel, for TensorFlow Serving and TensorFlow."""

import pathlib
from typing import Any

import keras

from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import check_parity
from keras_gan.export.prepare import prepared
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import unsupported_ops
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, checked_folder, staged

# They call back into this Python process, so a file with them is dead elsewhere.
_PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def export_saved_model(
    generator: Any,
    path: StrPath,
    *,
    spec: GeneratorSpec | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> pathlib.Path:
    """Write a generator as a SavedModel and prove that it draws the same pictures.

    The folder has one signature, `serving_default`, with named inputs and outputs and
    a free batch size. It is reloaded with `tf.saved_model.load` and compared with the
    Keras generator before it appears at `path`; a SavedModel that was there is
    replaced, and stays if the export fails. In all formats dropout and noise layers
    are off, also those that a functional model calls with `training=True`.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The folder to write.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        tolerance: The largest error allowed, relative to the largest output value.
        seed: Seed of the drawn inputs.

    Returns:
        The path.

    Example:

    ```python
    path = export_saved_model(gan, "served/saved_model")
    images = load_artefact(path)(latents)
    ```
    """
    path = checked_folder(path)
    flat = prepared(generator, spec)
    with staged(path) as fresh:
        write_saved_model(flat, fresh)
        check_parity(flat, fresh, flat.batch_sizes, tolerance, seed)
    return path


def write_saved_model(
    flat: FlatGenerator, path: pathlib.Path, batch_size: int | None = None
) -> None:
    """Write the flat function of a generator as a SavedModel, without comparing it.

    Args:
        flat: The generator.
        path: The folder to write.
        batch_size: A fixed batch size, or `None` to leave it free.
    """
    function = flat.function(batch_size)
    _refuse_foreign_ops(function.get_concrete_function())
    archive: Any = keras.export.ExportArchive()
    archive.track(flat.model)
    archive.add_endpoint("serving_default", function)
    with quiet():
        archive.write_out(str(path), verbose=False)


def _refuse_foreign_ops(concrete: Any) -> None:
    graph = concrete.graph.as_graph_def()
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    found = _PYTHON_OPS.intersection(node.op for body in bodies for node in body)
    compiled = any(f.attr["_XlaMustCompile"].b for f in graph.library.function)
    if found or compiled:
        raise unsupported_ops("An exported file", found or {"tf.function(jit_compile)"})
