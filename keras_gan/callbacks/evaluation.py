"""Heavy metrics every few epochs."""

import json

import keras
import numpy as np

from keras_gan import files
from keras_gan.callbacks.rows import EpochRows
from keras_gan.metrics.checks import OutOfRange, clipped
from keras_gan.metrics.drawing import Drawing
from keras_gan.metrics.evaluation import Evaluation
from keras_gan.metrics.protocol import protocol_of
from keras_gan.models import checks

# Of a protocol, what may differ between the parts of one training.
_OF_THE_MOMENT = {"written", "versions", "machine"}


class Evaluate(keras.callbacks.Callback):
    """Measures the model's images after every n-th epoch, for the logs and a file.

    For what is too heavy for `compile(metrics=...)`. The numbers enter the logs under
    the names that the evaluation gives them, so put this callback before those that
    read them; `History` always comes last.

    The logs of the epochs between two evaluations repeat the numbers of the last one:
    `ModelCheckpoint` and `EarlyStopping` see no improvement in that, and NaN would be
    their best number for good. `EarlyStopping`'s patience counts these epochs too, so
    give it several times `every_epochs`. For there to be a number, the first epoch of
    a training is measured too, unless `file` holds earlier ones. A generator that draws
    NaN is NaN in all.

    Args:
        evaluation: A `keras_gan.metrics.evaluation.Evaluation`, or any object whose
            `measure(draw, seed)` returns floats by name, where
            `draw(num_images, seed)` returns images. Where its `metrics` have the path
            length, or its data labels that the model takes, `draw` is a `Drawing` of
            the model.
        every_epochs: Epochs between two evaluations.
        seed: Seed of the latents, the same each time.
        file: File of one JSON line an evaluation, or `None`. A resumed training
            repeats its last numbers, and replaces the lines of epochs that it plays
            again. Beside it, in `<stem>.protocol.json`, stands what an `Evaluation`
            measures by; a file of another protocol is refused.

    Example:

    ```python
    evaluation = Evaluation(held_out_images)
    gan.fit(train, epochs=50, callbacks=[Evaluate(evaluation, every_epochs=5)])
    ```
    """

    def __init__(self, evaluation, *, every_epochs: int = 1, seed: int = 0, file=None):
        super().__init__()
        checks.check_count("every_epochs", every_epochs)
        self.evaluation = evaluation
        self.every_epochs = every_epochs
        self.seed = checks.check_seed(seed)
        self._rows = EpochRows(file, is_own=_holds_numbers)

    def on_train_begin(self, logs=None):
        self._rows.open()
        if self._rows.path is not None and isinstance(self.evaluation, Evaluation):
            _keep_protocol(self._rows, protocol_of(self.evaluation, (self.seed,)))
        self._draw = Drawing.of(self.model) if self._needs_drawing else self._generate

    @property
    def _needs_drawing(self) -> bool:
        """Whether latents must be known, or classes drawn as the data have them."""
        if "path_length" in getattr(self.evaluation, "metrics", ()):
            return True
        has_labels = getattr(self.evaluation, "labels", None) is not None
        return has_labels and "labels" in self.model.input_samplers

    def on_epoch_begin(self, epoch, logs=None):
        self._rows.begin(epoch)

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        last = self._last_before(epoch)
        if last and (epoch + 1) % self.every_epochs:
            logs.update(last)
            return
        numbers = self._measure(last)
        self._rows.add(epoch, numbers)
        logs.update(numbers)

    def _last_before(self, epoch) -> dict[str, float]:
        rows = self._rows.before(epoch)
        return {
            name: np.nan if number is None else number
            for name, number in (rows[-1] if rows else {}).items()
            if name != "epoch"
        }

    def _measure(self, last) -> dict[str, float]:
        draw = _Watched(self._draw)
        try:
            numbers = self.evaluation.measure(draw, self.seed)
        except ValueError as error:
            # A game that diverged is for others to end, with its last files written.
            has_diverged = not draw.is_finite or isinstance(error, OutOfRange)
            if not (has_diverged and last):
                raise
            return dict.fromkeys(last, np.nan)
        return {name: float(number) for name, number in numbers.items()}

    def _generate(self, num_images: int, seed: int):
        return self.model.generate(num_images, seed=seed)


def _keep_protocol(rows: EpochRows, protocol: dict):
    path = rows.path.with_suffix(".protocol.json")
    if not (rows.has_any and path.is_file()):
        files.write_text(path, json.dumps(protocol, indent=1) + "\n")
        return
    old, now = json.loads(path.read_text()), json.loads(json.dumps(protocol))
    changed = [x for x in now.keys() - _OF_THE_MOMENT if old.get(x) != now[x]]
    if changed:
        raise ValueError(
            f"{rows.path} holds numbers of another protocol. Received: other "
            f"{', '.join(sorted(changed))} than {path.name} says. Write to another "
            "file."
        )


class _Watched:
    """A draw that remembers whether all that it drew was finite."""

    def __init__(self, draw):
        self._draw, self.is_finite = draw, True

    def __call__(self, num_images, seed):
        images = self._draw(num_images, seed)
        self.is_finite &= bool(np.isfinite(images).all())
        # A picture is shown clipped, and so it is judged.
        return clipped(images) if images.ndim == 4 else images

    def __getattr__(self, name):
        return getattr(self._draw, name)

    def with_labels(self, labels):
        if isinstance(self._draw, Drawing):
            self._draw = self._draw.with_labels(labels)
        return self


def _holds_numbers(row: dict) -> bool:
    return all(isinstance(value, (int, float, type(None))) for value in row.values())
