"""Files of the best and of the last epoch."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import keras

from keras_gan import files
from keras_gan.callbacks.progress import say
from keras_gan.checkpoints import CheckpointError, check_finite
from keras_gan.metrics.directions import mode_of
from keras_gan.models import checks
from keras_gan.registry import unknown


class SaveModel(keras.callbacks.Callback):
    """Saves the whole model after every epoch, replacing the last file atomically.

    A kill in the middle of a save leaves the previous file as it was. A model with
    a loss or a weight that is not finite is not saved.

    Args:
        path: A `.keras` file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_train_begin(self, logs=None):
        # A folder that can't be made is found out now.
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch, logs=None):
        finite = math.isfinite((logs or {}).get("loss", 0.0))
        if not finite:
            return
        try:
            check_finite(self.model)
        except CheckpointError:
            return
        with files.replacing(self.path) as partial:
            self.model.save(partial)


class ExportOnBest(keras.callbacks.Callback):
    """Exports the averaged generator whenever the monitored number improves.

    The folder is that of `keras_gan.export.export_all`: every artefact is proven
    against the generator before it replaces the last one. The number that an export
    has reached stands beside it, in `best.json`, and a resumed training goes on from
    there. An export that fails leaves the old one, costs a line of warning the first
    time, and is tried again when the number is better still.

    Args:
        folder: Where the artefacts go.
        monitor: Name in the logs. `val_kid` needs `validation_data`.
        mode: `"min"` if smaller is better, `"max"`, or `"auto"` to go by the name
            of the number.
        artefacts: As in `export_all`: names of `keras_gan.export.modes.ARTEFACTS`.
        batch_size: Of the TFLite files, as in `export_all`.
        calibration: Of the integer modes, as in `export_all`.
        say: Takes lines for the user; by default they go to standard error.
    """

    def __init__(
        self,
        folder,
        *,
        monitor: str = "val_kid",
        mode: str = "auto",
        artefacts=("saved_model", "tflite", "onnx"),
        batch_size: int | None = 1,
        calibration: int = 200,
        say: Callable[[str], None] = say,
    ):
        super().__init__()
        checks.check_choice("mode", mode, ("auto", "min", "max"))
        self.folder = Path(folder)
        self.monitor = monitor
        self.mode = mode_of(monitor) if mode == "auto" else mode
        self.artefacts = _checked_artefacts(artefacts)
        self.batch_size = batch_size
        self.calibration = calibration
        self._say = say
        self._said = set()
        self._best = self._tried = None

    @property
    def best(self) -> float | None:
        """The number that the artefacts in the folder have reached."""
        return self._best

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._best = self._tried = self._read()

    def on_epoch_end(self, epoch, logs=None):
        number = (logs or {}).get(self.monitor)
        if number is None:
            self._say_once(
                "monitor",
                f"ExportOnBest found no {self.monitor!r} in the logs and exports "
                f"nothing. Known: {', '.join(sorted(logs or {}))}.",
            )
            return
        if not math.isfinite(number) or not self._is_better(number):
            return
        self._tried = float(number)
        if self._export(epoch):
            self._best = self._tried
            record = {"monitor": self.monitor, "value": self._best, "epoch": epoch}
            files.write_text(self.folder / "best.json", json.dumps(record) + "\n")

    def _export(self, epoch) -> bool:
        from keras_gan.export import export_all

        try:
            export_all(
                self.model,
                self.folder,
                artefacts=self.artefacts,
                batch_size=self.batch_size,
                calibration=self.calibration,
            )
        # Whatever sinks an export, a converter's crash or a full disk, must not end
        # a training of days.
        except Exception as error:
            reason = " ".join(str(error).split())
            self._say_once(
                "failure",
                f"The export after epoch {epoch + 1} failed, and the training goes "
                f"on; {self.folder} is as it was. {type(error).__name__}: {reason}",
            )
            return False
        return True

    def _is_better(self, number) -> bool:
        if self._tried is None:
            return True
        return number < self._tried if self.mode == "min" else number > self._tried

    def _read(self) -> float | None:
        path = self.folder / "best.json"
        if not path.is_file():
            return None
        try:
            record = json.loads(path.read_text())
            monitor, value = record["monitor"], float(record["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} can't be read: {error}. Remove it to start anew."
            ) from error
        if monitor != self.monitor:
            raise ValueError(
                f"{self.folder} holds the export with the best {monitor!r}. Received: "
                f"monitor={self.monitor!r}. Choose another folder, or remove {path}."
            )
        return value

    def _say_once(self, kind, line):
        if kind not in self._said:
            self._said.add(kind)
            self._say(line)


def _checked_artefacts(given) -> tuple[str, ...]:
    from keras_gan.export.modes import ARTEFACTS

    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in ARTEFACTS:
            raise ValueError(unknown("artefact", name, ARTEFACTS))
    if not names:
        raise ValueError(
            f"`artefacts` must name one or more. Received: {given!r}. Known: "
            f"{', '.join(ARTEFACTS)}."
        )
    return names
