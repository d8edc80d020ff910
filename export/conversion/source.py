"""What the child process converts, written once for all modes of a generator."""

import dataclasses
import pathlib
import tempfile
from typing import Any

import numpy as np

from keras_gan.export.calibration import Calibration, calibration_samples
from keras_gan.export.conversion.client import convert
from keras_gan.export.conversion.task import Task
from keras_gan.export.errors import UnsupportedOpError
from keras_gan.export.faster import faster_generator, rewriting
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.lint import lint, located, refuse
from keras_gan.export.metadata import metadata_of
from keras_gan.export.modes import Mode
from keras_gan.export.saved_model import write_saved_model
from keras_gan.export.staging import staged
from keras_gan.export.sub_pixel import SubPixelConvolution
from keras_gan.export.substitutions import plan

_SUB_PIXEL = (
    "Transposed convolutions are written as plain ones and depth-to-space, which this "
    "runtime computes faster."
)


class Source:
    """A generator as the child process takes it: SavedModels and calibration samples.

    They lie in a temporary folder until the end of the `with` block, so that modes
    which can share them do.

    Args:
        flat: The generator.
        calibration: How many samples to draw for integer modes, or arrays by input
            name.
        seed: Seed of the drawn samples.
        timeout_s: How many seconds each conversion may take.

    Example:

    ```python
    with Source(prepared(generator)) as source:
        exported = [
            tflite_exported(source, folder / mode.file_name, mode)
            for mode in TFLITE_MODES.values()
        ]
    ```
    """

    def __init__(
        self,
        flat: FlatGenerator,
        *,
        calibration: Calibration = 200,
        seed: int = 0,
        timeout_s: float = 600.0,
    ):
        self.flat = flat
        self.calibration = calibration
        self.seed = seed
        self.timeout_s = timeout_s
        self._flats: dict[str, FlatGenerator] = {}

    def __enter__(self) -> "Source":
        self._folder = tempfile.TemporaryDirectory(prefix="keras-gan-")
        return self

    def __exit__(self, *error: Any) -> None:
        self._folder.cleanup()

    def convert(
        self,
        mode: Mode,
        path: pathlib.Path,
        batch_size: int | None = None,
        **options: Any,
    ) -> tuple[str, ...]:
        """Write the file of a mode, without comparing it.

        Args:
            mode: What to write.
            path: Where to write it.
            batch_size: A fixed batch size, or `None` to leave it free.
            **options: What else the conversion to the format needs to know.

        Returns:
            What is worth knowing about the file, in sentences.
        """
        spec = self.flat.spec
        fixed = batch_size or spec.fixed_batch
        flat = self._faster(mode)
        rewritten = [_SUB_PIXEL] if _has_sub_pixels(flat.model) else []
        rewritten += refuse(lint(flat, mode, batch_size), mode)
        names = {"inputs": spec.input_names, "outputs": spec.output_names}
        task = Task(
            format=mode.format,
            mode=mode.name,
            path=path,
            options={"name": spec.name, "batch_size": fixed, **names, **options},
            calibration=self._samples(fixed) if mode.needs_calibration else None,
            metadata=metadata_of(spec, mode),
        )
        try:
            (notes,) = convert(
                self._saved_model(flat, mode, batch_size), [task], self.timeout_s
            )
        except UnsupportedOpError as error:
            raise located(error, flat, mode, batch_size) from error
        return (*self.flat.notes, *rewritten, *notes)

    def _faster(self, mode: Mode) -> FlatGenerator:
        """Return the generator as the runtime of the mode runs it best."""
        name = rewriting(mode)
        if name not in self._flats:
            model = faster_generator(self.flat.model, mode)
            spec = dataclasses.replace(self.flat.spec, call=self.flat.call_signature)
            same = model is self.flat.model
            self._flats[name] = self.flat if same else FlatGenerator(model, spec)
        return self._flats[name]

    def _saved_model(
        self, flat: FlatGenerator, mode: Mode, batch_size: int | None
    ) -> pathlib.Path:
        form = rewriting(mode) if flat is not self.flat else "as-it-is"
        path = self._path("saved-model", form, batch_size, *plan(mode))
        if not path.exists():
            with staged(path) as fresh:  # half of one must not serve the next mode
                write_saved_model(flat, fresh, batch_size, mode=mode)
        return path

    def _samples(self, batch_size: int | None) -> pathlib.Path:
        path = self._path("calibration", batch_size).with_suffix(".npz")
        if not path.exists():
            samples: dict[str, Any] = calibration_samples(
                self.flat.spec, self.calibration, batch_size, self.seed
            )
            with path.open("wb") as file:
                np.savez(file, **samples)
        return path

    def _path(self, *parts: Any) -> pathlib.Path:
        return pathlib.Path(self._folder.name) / "-".join(map(str, parts))


def _has_sub_pixels(model: Any) -> bool:
    return any(isinstance(x, SubPixelConvolution) for x in model._flatten_layers())
