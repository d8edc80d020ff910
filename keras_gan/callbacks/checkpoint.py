"""A training that a kill at any instant does not change."""

import signal
import threading
import time
from pathlib import Path

import keras

from keras_gan import files
from keras_gan.callbacks.progress import say
from keras_gan.checkpoints import (
    MODEL,
    RECORD,
    CheckpointError,
    CheckpointFolder,
    restore,
)
from keras_gan.data.pipeline import checked_count
from keras_gan.metrics.directions import mode_of
from keras_gan.models import checks, description, distribution
from keras_gan.models.feeding import Position


class Checkpoint(keras.callbacks.Callback):
    """Saves all that the future of a training depends on, and goes on from there.

    Started again with the same command, `fit` restores the newest checkpoint that is
    whole, goes on in the middle of its epoch, and ends with the weights, bit for bit,
    of a training that was never stopped: with a `keras_gan.data.Pipeline` at once, with
    a dataset that gives the same batches whenever it is iterated by skipping what was
    seen (so not after a `shuffle` that draws another order for every iteration).

    Networks, averages, both optimizers, the step, random states and the running means
    of the epoch are in it. It is written beside the last ones, with the sha256 of every
    file, and takes its name in one rename; damaged ones are named and passed over. A
    state with a NaN is not saved. A disk that is full or read-only costs a line each
    time, and not the training; a folder that was removed is made anew.

    At SIGINT and SIGTERM the step is finished and saved, and then the signal does what
    it would have done. Of several workers all save in the same step and the chief's
    checkpoint stays, in a folder that all of them can read; a signal to one of them is
    not waited for.

    Args:
        folder: Where the checkpoints lie. One training, and no other, writes there.
        every_epoch: Whether there is one after each epoch. There is one at the end.
        every_steps: Most steps between two checkpoints.
        every_minutes: Most minutes between two checkpoints.
        keep: How many of the newest stay.
        monitor: Name in the logs whose best epoch stays too, if that is saved, such as
            `val_kid`.
        mode: `"min"` if smaller is better, `"max"`, or `"auto"` to go by the name of
            the number.
        model_path: A `.keras` file that is always the model of the newest checkpoint.
        say: Takes lines for the user; by default they go to standard error.

    Example:

    ```python
    checkpoint = keras_gan.callbacks.Checkpoint("checkpoints", every_minutes=10)
    gan.fit(pipeline, epochs=100, callbacks=[checkpoint])
    ```
    """

    def __init__(
        self,
        folder,
        *,
        every_epoch: bool = True,
        every_steps: int | None = None,
        every_minutes: float | None = None,
        keep: int = 3,
        monitor: str | None = None,
        mode: str = "auto",
        model_path=None,
        say=say,
    ):
        super().__init__()
        if every_steps is not None:
            checked_count("every_steps", every_steps)
        if every_minutes is not None and not every_minutes > 0:
            raise ValueError(
                f"`every_minutes` must be above 0. Received: {every_minutes!r}"
            )
        checks.check_choice("mode", mode, ("auto", "min", "max"))
        self.folder = CheckpointFolder(folder, checked_count("keep", keep))
        self.every_epoch = every_epoch
        self.every_steps, self.every_minutes = every_steps, every_minutes
        self.monitor = monitor
        self.mode = mode_of(monitor or "") if mode == "auto" else mode
        self.model_path = None if model_path is None else Path(model_path)
        self.say = say
        self._found = self._means = self._signal = self._described = None
        self._position = Position(0, 0, 0)
        self._is_alone = self._is_chief = True
        self._handlers: dict = {}
        # Whose state the newest checkpoint is, and of which step.
        self._known = None

    def find(self, model):
        """Looks for the newest whole checkpoint; `fit` calls it first.

        A model whose seed was drawn takes that of the checkpoint.
        """
        self._found = self.folder.newest()
        if self._found is not None:
            check_record(self._found)
        if self._found is not None and model.draws_seed:
            seed = self._found.record["seed"]
            if seed != model.seed:
                model.seed = seed
                # What is traced has the old one in it.
                model.train_function = model.test_function = None

    def resume(self, model, data, steps_per_epoch: int, initial_epoch: int) -> Position:
        """Brings `model` to what `find` has found; `fit` calls it.

        Args:
            model: The game.
            data: What it trains on.
            steps_per_epoch: Steps of an epoch.
            initial_epoch: Where to begin without a checkpoint.

        Returns:
            Where the training stands.

        Raises:
            CheckpointError: If the checkpoint is of another game, other data or
                another schedule; it says which lines differ.
        """
        self._check_workers(model.distribute_strategy)
        described = description.describe(model, data, steps_per_epoch)
        found, step = self._found, int(model.step.numpy())
        if found is None:
            self._described = described
            self._position = Position(initial_epoch, 0, step)
            return self._position
        if self._known != (id(model), found.step) or step != found.step:
            _check_lines(found, described)
            _check_fit(found, model, steps_per_epoch)
            restore(model, found)
            self._known = id(model), found.step
            self.say(f"Goes on from {found.path}.")
            for line in description.differences(
                found.record["environment"], description.environment(model)
            ):
                self.say(f"The last bits may differ, since the machine does: {line}")
        self._described = found.record["described"]
        self._position = Position(*found.record["position"])
        self._means = found.record["means"]
        return self._position

    def _check_workers(self, strategy):
        self._is_alone = not distribution.is_multi_worker(strategy)
        self._is_chief = distribution.is_chief(strategy)
        if not self._is_alone and self.every_minutes is not None:
            raise ValueError(
                "All workers save in the same step, and their clocks differ. Received: "
                f"every_minutes={self.every_minutes}. Give `every_steps` instead."
            )

    def release(self):
        """Gives the signals back; `fit` calls it at its end, however that comes."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
        asked, self._signal = self._signal, None
        if asked is not None:
            signal.raise_signal(asked)

    def on_train_begin(self, logs=None):
        self._saved_step, self._saved_at = self._step(), time.monotonic()
        self._signal = None
        # A worker that saved alone would wait for the others for ever.
        if self._is_alone and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number, frame):
        asked_before, self._signal = self._signal, number
        if asked_before is not None:
            # Asked twice, it does not wait for the step.
            self.release()

    def on_epoch_begin(self, epoch, logs=None):
        done = self._position.steps if epoch == self._position.epoch else 0
        self._position = self._position._replace(epoch=epoch, steps=done)
        self._began = self._step() - done
        if self._means is not None:
            self.model.set_means_of_epoch(self._means)
            self._means = None

    def on_train_batch_end(self, batch, logs=None):
        steps = self._step() - self._began
        self._position = self._position._replace(steps=steps)
        # What is done at the end of an epoch is a part of it, and is saved with it.
        if steps == self.params["steps"]:
            return
        if (self._is_due() and self._is_well()) or self._signal is not None:
            self._save()
        if self._signal is not None:
            self.release()

    def on_epoch_end(self, epoch, logs=None):
        if self._position.steps == self.params["steps"]:
            self._position = self._position._replace(epoch=epoch + 1, steps=0)
        value = (logs or {}).get(self.monitor)
        due = (self.every_epoch or self._is_due()) and self._is_well()
        if due or self._signal is not None:
            self._save(None if value is None else float(value))
        if self._signal is not None:
            self.release()

    def on_train_end(self, logs=None):
        if self._step() != self._saved_step and self._is_well():
            self._save()

    def _is_well(self) -> bool:
        # A state whose updates are not finite is none to go back to.
        return not any(int(skips.numpy()) for skips in self.model.skips.values())

    def _is_due(self) -> bool:
        if self.every_steps is not None:
            if self._step() - self._saved_step >= self.every_steps:
                return True
        minutes = (time.monotonic() - self._saved_at) / 60
        return self.every_minutes is not None and minutes >= self.every_minutes

    def _step(self) -> int:
        return int(self.model.step.numpy())

    def _save(self, value: float | None = None):
        record = {
            "position": list(self._position),
            "means": self.model.means_of_epoch() if self._position.steps else None,
            "seed": self.model.seed,
            "value": value,
            "described": self._described,
            "environment": description.environment(self.model),
        }
        self._saved_step, self._saved_at = self._step(), time.monotonic()
        if self._is_chief:
            self._write(record, value)
        else:
            self._known = id(self.model), self._saved_step
        # None looks for the newest checkpoint while it is being written.
        distribution.wait_for_all(self.model.distribute_strategy)

    def _write(self, record: dict, value: float | None):
        last, folder = self._known, self.folder.folder
        try:
            is_gone = last is not None and not folder.is_dir()
            path = self.folder.write(self.model, record, self._best(value))
        except CheckpointError as error:
            self.say(f"No checkpoint at step {self._saved_step}. {error}")
            return
        except OSError as error:
            # A disk that is full now may have room later.
            stands = "There is none yet" if last is None else f"Step {last[1]} stands"
            self.say(
                f"No checkpoint at step {self._saved_step}: {error}. {stands}, and the "
                "training goes on."
            )
            return
        self._known = id(self.model), self._saved_step
        if is_gone:
            self.say(
                f"{folder} was removed in the middle of the training. It is made anew, "
                f"with the checkpoint of step {self._saved_step} only."
            )
        if self.model_path is not None:
            self._renew(path / MODEL)

    def _renew(self, model: Path):
        try:
            with files.replacing(self.model_path) as partial:
                files.link(model, partial)
        except OSError as error:
            self.say(
                f"{self.model_path} is not that of step {self._saved_step}: {error}. "
                "The checkpoint is whole, and the training goes on."
            )

    def _best(self, value: float | None) -> int | None:
        if self.monitor is None:
            return None
        values = {
            step: record["value"]
            for step, record in self.folder.records()
            if checks.is_number(record.get("value"))
        }
        if value is not None:
            values[self._step()] = value
        pick = min if self.mode == "min" else max
        return pick(values, key=values.__getitem__) if values else None


def check_record(found) -> None:
    """Raises `CheckpointError` for a record that this callback did not write.

    Args:
        found: A `keras_gan.checkpoints.Checkpoint`.
    """
    record = found.record
    position, means = record.get("position"), record.get("means")
    is_whole = {
        "position": _is_list(position, checks.is_count) and len(position) == 3,
        "means": means is None
        or _is_list(means, lambda part: _is_list(part, checks.is_number)),
        "seed": checks.is_count(record.get("seed")),
        "described": isinstance(record.get("described"), dict),
        "environment": isinstance(record.get("environment"), dict),
    }
    wrong = [
        f"{name}={record.get(name)!r:.60}" for name in is_whole if not is_whole[name]
    ]
    if wrong:
        raise CheckpointError(
            f"{found.path / RECORD} is no record of a training. Received: "
            f"{', '.join(wrong)}. Remove {found.path} to go on from the one before."
        )


def _is_list(value, is_item) -> bool:
    return isinstance(value, list) and all(map(is_item, value))


def _check_fit(found, model, steps_per_epoch: int):
    """Refuses a position or means that a training of this game never has."""
    _, steps, origin = found.record["position"]
    means = found.record["means"]
    sizes = [len(part) for part in model.means_of_epoch()]
    if (
        steps >= steps_per_epoch
        or origin > found.step
        or (means is not None and [len(part) for part in means] != sizes)
    ):
        raise CheckpointError(
            f"{found.path / RECORD} does not fit this game and its epochs of "
            f"{steps_per_epoch} steps. Received: position="
            f"{found.record['position']}. Remove {found.path} to go on from the one "
            "before."
        )


def _check_lines(found, described: dict):
    lines = description.differences(found.record["described"], described)
    if lines:
        raise CheckpointError(
            f"{found.path} is of another training. In the checkpoint -> now: "
            f"{'; '.join(lines)}. Train as it was begun, or give another folder: "
            f"{Path(found.path).parent} stays as it is."
        )
