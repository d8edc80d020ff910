"""What `fit` and `evaluate` take, and where a resumed training goes on in it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.pipeline import Pipeline, from_asked
from keras_gan.models import checks, distribution
from keras_gan.models.stopping import StopOnNaN


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


def keeper_of(callbacks) -> Any:
    """Returns the callback that can bring a training back, if there is one."""
    # A `keras.callbacks.CallbackList` has them in there.
    callbacks = getattr(callbacks, "callbacks", callbacks)
    found = [c for c in tf.nest.flatten(callbacks) if hasattr(c, "resume")]
    if len(found) > 1:
        raise ValueError(
            f"One callback keeps the checkpoints of a training. Received: {found}."
        )
    return found[0] if found else None


def in_order(callbacks) -> Any:
    """Returns callbacks with the one that saves the training last.

    What it saves is then what all others have done. First comes one that ends a
    training of NaNs, if there is none.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    callbacks = [] if callbacks is None else tf.nest.flatten(callbacks)
    if not any(isinstance(callback, StopOnNaN) for callback in callbacks):
        callbacks = [StopOnNaN(), *callbacks]
    return sorted(callbacks, key=lambda callback: hasattr(callback, "resume"))


def feed(model, x, batch_size: int | None) -> Any:
    """Returns what a user gave, as a pipeline if it was an array."""
    if isinstance(x, (dict, tuple)):
        x = model.unpack(x)["real"]
    if isinstance(x, (np.ndarray, tf.Tensor)):
        return checks.pipeline_of_array(model, np.asarray(x), batch_size or 32)
    if batch_size is not None:
        raise ValueError(
            "`batch_size` belongs to arrays; a dataset or pipeline has its own. "
            f"Received: batch_size={batch_size} with {type(x).__name__}"
        )
    return x


def evaluation_feed(model, x, batch_size: int | None) -> Any:
    """Returns one epoch of what a user gave, checked."""
    data = feed(model, x, batch_size)
    if isinstance(data, Pipeline):
        data = data.dataset(num_steps=data.steps_per_epoch)
    checks.check_data(model, data)
    return distribution.shared(model.distribute_strategy, data)


def epoch_length(data, steps_per_epoch: int | None, must_be_known: bool) -> int | None:
    """Returns the steps of an epoch, `None` where only the end of the data tells."""
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
    if int(data.cardinality()) == steps_per_epoch:
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
    callbacks: Any,
    **options: Any,
) -> keras.callbacks.History:
    """Calls Keras' `fit` so that an epoch which is begun is ended first.

    Keras' epochs are of one length. So the rest of the first is a `fit` of its own; to
    the callbacks both are one training.
    """
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
