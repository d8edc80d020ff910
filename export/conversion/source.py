"""What the child process converts, written once for all modes of a generator."""

import pathlib
import tempfile
from typing import Any

import numpy as np

from keras_gan.export.calibration import Calibration, calibration_samples
from keras_gan.export.conversion.client import convert
from keras_gan.export.conversion.task import Task
from keras_gan.export.errors import UnsupportedOpError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.lint import lint, located, refuse
from keras_gan.export.metadata import metadata_of
from keras_gan.export.modes import Mode
from keras_gan.export.saved_model import write_saved_model
from keras_gan.export.substitutions import plan


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
        names = {"inputs": spec.input_names, "outputs": spec.output_names}
        task = Task(
            format=mode.format,
            mode=mode.name,
            path=path,
            options={"name": spec.name, "batch_size": fixed, **names, **options},
            calibration=self._samples(fixed) if mode.needs_calibration else None,
            metadata=metadata_of(spec, mode),
        )
        rewritten = refuse(lint(self.flat, mode, batch_size), mode)
        source = self._saved_model(mode, batch_size)
        try:
            (notes,) = convert(source, [task], self.timeout_s)
        except UnsupportedOpError as error:
            raise located(error, self.flat, mode, batch_size) from error
        return (*rewritten, *notes)

    def _saved_model(self, mode: Mode, batch_size: int | None) -> pathlib.Path:
        path = self._path("saved-model", batch_size, *plan(mode))
        if not path.exists():
            write_saved_model(self.flat, path, batch_size, mode=mode)
        return path

    def _samples(self, batch_size: int | None) -> pathlib.Path:
        path = self._path("calibration", batch_size).with_suffix(".npz")
        if not path.exists():
            samples = calibration_samples(
                self.flat.spec, self.calibration, batch_size, self.seed
            )
            with path.open("wb") as file:
                np.savez(file, **samples)
        return path

    def _path(self, *parts: Any) -> pathlib.Path:
        return pathlib.Path(self._folder.name) / "-".join(map(str, parts))
