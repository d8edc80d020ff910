"""Export a generator as a SavedModel, for TensorFlow Serving and TensorFlow."""

import pathlib
from typing import Any

import keras

from keras_gan.export.endpoints import endpoints_of
from keras_gan.export.exported import Exported
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.lint import lint, refuse
from keras_gan.export.metadata import metadata_of, write_metadata
from keras_gan.export.modes import SAVED_MODEL_MODES, Limits, Mode
from keras_gan.export.prepare import prepared
from keras_gan.export.proof import prove
from keras_gan.export.quiet import quiet
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, checked_folder, staged
from keras_gan.export.trust import remember


def export_saved_model(
    generator: Any,
    path: StrPath,
    *,
    spec: GeneratorSpec | None = None,
    limits: Limits | None = None,
    seed: int = 0,
) -> pathlib.Path:
    """Write a generator as a SavedModel and prove that it draws the same pictures.

    The signature `serving_default` has named inputs and outputs and a free batch size.
    Where a generator starts from chance, `sample` takes a `seed` per row in place of
    latents and noise, and `sample_png` answers it with an encoded picture,
    `image_bytes`; a seed gives the same picture in every process, whatever stands
    beside it. Labels stay inputs. `truncation` scales normal latents, row by row,
    and is 1 if left out. Where pictures go in, `restyle_png` takes them encoded.

    All of this is replayed and compared with the Keras generator before it appears at
    `path`; a SavedModel that was there is replaced, and stays if the export fails. In
    all formats dropout and noise layers are off, also those that a functional model
    calls with `training=True`.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The folder to write.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        limits: How far it may be from the generator; by default the largest error is
            1e-4 of the largest output value.
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
    return saved_model_exported(flat, path, limits=limits, seed=seed).path


def saved_model_exported(
    flat: FlatGenerator,
    path: pathlib.Path,
    *,
    limits: Limits | None = None,
    seed: int = 0,
) -> Exported:
    """Write the SavedModel of a generator and prove it, as `export_saved_model` does.

    Args:
        flat: The generator.
        path: The folder to write.
        limits: As in `export_saved_model`.
        seed: As in `export_saved_model`.
    """
    mode = SAVED_MODEL_MODES["float32"]
    limits, sizes = limits or mode.limits, flat.batch_sizes
    notes = (*flat.notes, *refuse(lint(flat, mode), mode))
    with staged(path) as fresh:
        write_saved_model(flat, fresh, endpoints=True)
        write_metadata(fresh, metadata_of(flat.spec, mode))
        proof = prove(flat, fresh, mode, batch_sizes=sizes, limits=limits, seed=seed)
    return Exported(mode, path, proof, notes)


def write_saved_model(
    flat: FlatGenerator,
    path: pathlib.Path,
    batch_size: int | None = None,
    *,
    mode: Mode | None = None,
    endpoints: bool = False,
) -> None:
    """Write the flat function of a generator as a SavedModel, without comparing it.

    Args:
        flat: The generator.
        path: The folder to write.
        batch_size: A fixed batch size, or `None` to leave it free.
        mode: What will be made of it, by default nothing but a SavedModel.
        endpoints: Whether to add those of `endpoints_of` the spec.
    """
    function = flat.function(batch_size, mode)
    archive: Any = keras.export.ExportArchive()
    archive.track(flat.model)
    archive.add_endpoint("serving_default", function)
    with quiet():
        if endpoints:
            _add_endpoints(archive, flat, function)
        archive.write_out(str(path), verbose=False)
    remember(path)


def _add_endpoints(archive: Any, flat: FlatGenerator, function: Any) -> None:
    def generate(inputs):
        return function(*(inputs[name] for name in flat.spec.input_names))

    for endpoint in endpoints_of(flat.spec, generate):
        specs = list(endpoint.inputs.values())
        archive.add_endpoint(endpoint.name, endpoint.python_function(), specs)
