"""What `fit` and `evaluate` take, and where a resumed training goes on in it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.arrays import from_arrays
from keras_gan.data.pipeline import Pipeline, from_asked
from keras_gan.models import checks, distribution, door, parts
from keras_gan.models.stopping import StopOnNaN

_AFRESH = (
    "Repeat the dataset with `repeat()`, ask for fewer steps, or give "
    "`tf.data.Dataset.from_generator` a function that starts anew each time."
)


class Position(NamedTuple):
    """Where a training stands.

    Attributes:
        epoch: The epoch, from 0.
        steps: Steps that it has had of this epoch.
        origin: Step of the model at which the data began.
    """

    epoch: int
    steps: int
    origin: int


def keeper_of(callbacks: list) -> Any:
    """Returns the callback that can bring a training back, if there is one."""
    found = [c for c in callbacks if hasattr(c, "resume")]
    if len(found) > 1:
        raise ValueError(
            f"One callback keeps the checkpoints of a training. Received: {found}."
        )
    return found[0] if found else None


def in_order(callbacks) -> list:
    """Returns callbacks with the one that saves the training last.

    What it saves is then what all others have done. First comes one that ends a
    training of NaNs, if there is none.
    """
    # A `keras.callbacks.CallbackList` has them in there.
    callbacks = getattr(callbacks, "callbacks", callbacks)
    given = [c for c in tf.nest.flatten(callbacks) if c is not None]
    checks.check_callbacks(given)
    if not any(isinstance(callback, StopOnNaN) for callback in given):
        given = [StopOnNaN(), *given]
    return sorted(given, key=lambda callback: hasattr(callback, "resume"))


def feed(model, x, batch_size: int | None) -> Any:
    """Returns what a user gave, checked, and as a pipeline if it was an array."""
    if isinstance(x, dict) and len(model.batch_parts) > 1:
        size = 32 if batch_size is None else batch_size
        x, batch_size = from_arrays(x, batch_size=size, seed=model.seed), None
    elif isinstance(x, (dict, tuple)):
        x = _array_of(model, x)
    if isinstance(x, (np.ndarray, tf.Tensor)):
        if len(model.batch_parts) > 1:
            _array_of(model, x)
        size = 32 if batch_size is None else batch_size
        x = door.pipeline_of_array(model, np.asarray(x), size)
    elif batch_size is not None:
        raise ValueError(
            "`batch_size` belongs to arrays; a dataset or pipeline has its own. "
            f"Received: batch_size={batch_size} with {type(x).__name__}. Leave it out."
        )
    door.check_data(model, x)
    return door.watched(model, x) if isinstance(x, tf.data.Dataset) else x


def _array_of(model, x):
    if len(model.batch_parts) > 1:
        raise ValueError(
            f"Expected the parts {', '.join(model.batch_parts)} as a dataset or a dict "
            f"of arrays, in which they stay together. Received: {parts.outline(x)}. "
            "Give `keras_gan.data.from_arrays({...}, batch_size=...)`."
        )
    return model.unpack(x)["real"]


def evaluation_feed(
    model, x, batch_size: int | None, steps: int | None = None, asked: str = "steps"
) -> Any:
    """Returns one epoch of what a user gave, checked.

    Args:
        model: The game.
        x: What the user gave.
        batch_size: Images in a batch, for arrays only.
        steps: Batches that are asked for; `None` is all there are.
        asked: Name of the option that `steps` came by.
    """
    checks.check_optional_count(asked, steps)
    data = feed(model, x, batch_size)
    if isinstance(data, Pipeline):
        data = data.dataset(num_steps=steps or data.steps_per_epoch)
    door.check_length(data, steps, 1, asked)
    return distribution.shared(model.distribute_strategy, data)


def validation_feed(model, x, batch_size: int | None, options: dict) -> Any:
    """Returns `validation_data`, checked; `options` are those of `fit`."""
    if x is None:
        return None
    batched = isinstance(x, (Pipeline, tf.data.Dataset))
    size = options.pop("validation_batch_size", None if batched else batch_size)
    steps = options.get("validation_steps")
    return evaluation_feed(model, x, size, steps, "validation_steps")


def check_evaluated(model, steps: int | None):
    """Raises if the data of an evaluation ended early, of which Keras only warns."""
    played = int(model._evaluation_step.numpy())
    if played < (steps or 1) and not model.stop_evaluating:
        raise ValueError(
            f"Expected {steps or 'some'} batches to evaluate on. Received: {played}, "
            f"then the data ended. {_AFRESH}"
        )


def epoch_length(
    data, steps_per_epoch: int | None, num_epochs: int, must_be_known: bool
) -> int | None:
    """Returns the steps of an epoch, `None` where only the end of the data tells."""
    door.check_length(data, steps_per_epoch, num_epochs, "steps_per_epoch")
    if steps_per_epoch is not None or isinstance(data, Pipeline):
        return steps_per_epoch or data.steps_per_epoch
    if not must_be_known:
        return None
    length = int(data.cardinality()) if isinstance(data, tf.data.Dataset) else -1
    if length < 1:
        raise ValueError(
            "A training that is to be resumed must know how long an epoch is. "
            f"Received: a {type(data).__name__} of unknown length. Give "
            "`steps_per_epoch`, or use `tf.data.experimental.assert_cardinality`."
        )
    return length


def batches(model, data, steps_per_epoch: int | None, position: Position | None):
    """Returns the batches of a training from where it stands.

    Args:
        model: The game.
        data: What `feed` returned.
        steps_per_epoch: Steps of an epoch.
        position: Where a training that is kept stands; `None` for any other.
    """

    def now() -> int:
        return int(model.step.numpy())

    strategy = model.distribute_strategy
    if isinstance(data, Pipeline):
        # The step is read when the iteration begins: a callback may restore it.
        return distribution.shared(strategy, data.dataset(start_step=now))
    if position is None or not isinstance(data, tf.data.Dataset):
        return distribution.shared(strategy, data)
    # Repeated as Keras would, so that skipping leads to the same batches.
    length = int(data.cardinality())
    if length > 0 and length % steps_per_epoch == 0:
        data = data.repeat()
    data = from_asked(data.skip, lambda: now() - position.origin)
    return distribution.shared(strategy, data)


def fit_from(
    position: Position | None,
    model,
    fit: Callable[..., Any],
    new_batches: Callable[[], Any],
    *,
    epochs: int,
    steps_per_epoch: int | None,
    callbacks: list,
    **options: Any,
) -> keras.callbacks.History:
    """Calls Keras' `fit` so that an epoch which is begun is ended first.

    Keras' epochs are of one length. So the rest of the first is a `fit` of its own; to
    the callbacks both are one training.
    """
    watch = _EnoughBatches(steps_per_epoch)
    callbacks = [watch, *callbacks]
    begun = position is not None and position.steps and position.epoch < epochs
    if not begun:
        return fit(
            new_batches(),
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            callbacks=callbacks,
            **options,
        )
    verbose = options.get("verbose", "auto")
    together = _OneTraining(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=epochs,
        steps=steps_per_epoch,
        model=model,
    )
    options.pop("initial_epoch", None)
    for first, last, steps in (
        (position.epoch, position.epoch + 1, steps_per_epoch - position.steps),
        (position.epoch + 1, epochs, steps_per_epoch),
    ):
        if first < last and not model.stop_training:
            watch.steps = steps
            fit(
                new_batches(),
                initial_epoch=first,
                epochs=last,
                steps_per_epoch=steps,
                callbacks=together,
                **options,
            )
    together.end()
    return model.history


class _OneTraining(keras.callbacks.CallbackList):
    """Callbacks to which several calls of `fit` are one training."""

    has_begun, last_logs = False, None

    def on_train_begin(self, logs=None):
        if not self.has_begun:
            super().on_train_begin(logs)
        self.has_begun = True

    def on_train_end(self, logs=None):
        self.last_logs = logs

    def end(self):
        super().on_train_end(self.last_logs)


class _EnoughBatches(keras.callbacks.Callback):
    """Raises when the data end before an epoch does; Keras warns and goes on.

    Args:
        steps: Steps of an epoch; with `None` one is enough.
    """

    def __init__(self, steps: int | None):
        super().__init__()
        self.steps = steps

    def on_epoch_begin(self, epoch, logs=None):
        self._first_step = int(self.model.step.numpy())

    def on_epoch_end(self, epoch, logs=None):
        played = int(self.model.step.numpy()) - self._first_step
        if played < (self.steps or 1) and not self.model.stop_training:
            raise ValueError(
                f"Expected {self.steps or 'some'} batches for epoch {epoch + 1}. "
                f"Received: {played}, then the data ended. {_AFRESH} The model keeps "
                "what it has learned."
            )
