"""One small export with its card, made once for all tests that look at it."""

import atexit
import functools
import pathlib
import shutil
import tempfile

import numpy as np

from keras_gan.export.card import write_card
from keras_gan.export.conversion.task import Task
from keras_gan.export.conversion.to_onnx import write_onnx
from keras_gan.export.conversion.to_tflite import write_tflite
from keras_gan.export.exported import Exported
from keras_gan.export.metadata import metadata_of
from keras_gan.export.modes import ARTEFACTS
from keras_gan.export.prepare import prepared
from keras_gan.export.proof import Proof
from keras_gan.export.quiet import quiet
from keras_gan.export.saved_model import write_saved_model
from tests.export_generators import convolutional

ARTEFACT_NAMES = ("saved_model", "tflite", "tflite-int8-io", "onnx")
NOTE = "up: written with `depth_to_space`."


class Export:
    """Artefacts of a generator, converted in this process and not by a child.

    Args:
        generator: A Keras model.
        names: Names of the artefacts.
        batch_size: Of the TFLite files.
    """

    def __init__(self, generator, names, batch_size=1):
        self.flat = prepared(generator)
        self.batch_size = batch_size
        self._scratch = pathlib.Path(tempfile.mkdtemp(prefix="keras-gan-"))
        atexit.register(shutil.rmtree, self._scratch)
        self.folder = self._scratch / "export"
        self.folder.mkdir()
        self.exported = [self._written(ARTEFACTS[name]) for name in names]

    def path(self, name):
        return self.folder / ARTEFACTS[name].file_name

    def _written(self, mode):
        path = self.folder / mode.file_name
        if mode.format == "saved_model":
            write_saved_model(self.flat, path)
        else:
            self._converted(mode, path)
        quality = {"psnr_mean": 50.0, "psnr_p5": 45.0} if mode.is_quantised else None
        proof = Proof("test", (1, 7), 1e-6, 8, 0, quality, mode.limits)
        return Exported(mode, path, proof, (NOTE,) if mode.is_quantised else ())

    def _converted(self, mode, path):
        spec, samples = self.flat.spec, self._scratch / "samples.npz"
        batch_size = self.batch_size if mode.format == "tflite" else None
        source = self._source(batch_size)
        np.savez(samples, **spec.draw(100, seed=5))
        options = {
            "name": spec.name,
            "inputs": spec.input_names,
            "outputs": spec.output_names,
            "batch_size": batch_size,
            "opset": 17,
        }
        metadata = metadata_of(spec, mode)
        task = Task(mode.format, mode.name, path, options, samples, metadata)
        with quiet():
            {"tflite": write_tflite, "onnx": write_onnx}[mode.format](source, task)

    def _source(self, batch_size):
        if batch_size is None and (self.folder / "saved_model").exists():
            return self.folder / "saved_model"
        source = self._scratch / f"source-{batch_size}"
        if not source.exists():
            write_saved_model(self.flat, source, batch_size)
        return source


@functools.cache
def small_export():
    """Return an export of a small convolutional generator, and what its card says."""
    export = Export(convolutional(name="latents"), ARTEFACT_NAMES)
    report = write_card(
        export.folder,
        export.flat,
        export.exported,
        refused={"tflite-int16x8": "It has no kernel."},
        seconds=0.1,
    )
    return export, report


def copied(folder):
    """Return a copy of the folder of `small_export`, to do damage to."""
    export, _ = small_export()
    return pathlib.Path(shutil.copytree(export.folder, folder / "copy"))
