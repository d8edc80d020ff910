"""Back to the last good state when update after update is not finite."""

import keras

from keras_gan.callbacks.checkpoint import Checkpoint
from keras_gan.callbacks.progress import say
from keras_gan.checkpoints import restore
from keras_gan.data.pipeline import checked_count
from keras_gan.models.stopping import StopOnNaN


class RollbackOnNaN(StopOnNaN):
    """Goes back to the last checkpoint and trains on with lower learning rates.

    Weights, averages and moments are those of the checkpoint; step and data go on, so
    that the same batches are not met again. When it was done `max_rollbacks` times the
    training ends as with `StopOnNaN`. The count is that of a process.

    Args:
        checkpoint: The `Checkpoint` callback of the same training.
        after: See `StopOnNaN`.
        factor: What both learning rates are multiplied by, in (0, 1).
        max_rollbacks: How often.
        say: Takes lines for the user; by default they go to standard error.

    Example:

    ```python
    checkpoint = keras_gan.callbacks.Checkpoint("checkpoints")
    rollback = keras_gan.callbacks.RollbackOnNaN(checkpoint)
    gan.fit(pipeline, epochs=100, callbacks=[checkpoint, rollback])
    ```
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        after: int = 20,
        factor: float = 0.5,
        max_rollbacks: int = 3,
        say=say,
    ):
        super().__init__(after)
        if not isinstance(checkpoint, Checkpoint):
            raise ValueError(
                "`checkpoint` must be the `Checkpoint` callback that `fit` gets too. "
                f"Received: {checkpoint!r}"
            )
        if not 0 < factor < 1:
            raise ValueError(f"`factor` must lie in (0, 1). Received: {factor!r}")
        self.checkpoint = checkpoint
        self.factor = factor
        self.max_rollbacks = checked_count("max_rollbacks", max_rollbacks)
        self.num_rollbacks = 0
        self._say = say

    def on_train_begin(self, logs=None):
        for optimizer in self.model.optimizer.optimizers:
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            if not isinstance(inner._learning_rate, keras.Variable):
                raise ValueError(
                    "RollbackOnNaN lowers learning rates, and a schedule has its own. "
                    f"Received: {optimizer.name} with {inner._learning_rate!r}. Give "
                    "the optimizers a number, or use StopOnNaN."
                )

    def act(self, player, count):
        complaint = self._complaint(player, count)
        found = self.checkpoint.folder.newest()
        if found is None or self.num_rollbacks == self.max_rollbacks:
            reason = (
                f"There is no checkpoint in {self.checkpoint.folder.folder} to go back "
                "to."
                if found is None
                else f"It was rolled back {self.num_rollbacks} times."
            )
            raise FloatingPointError(f"{complaint} {reason}")
        self.num_rollbacks += 1
        step, rates = int(self.model.step.numpy()), []
        for optimizer in self.model.optimizer.optimizers:
            rates.append(float(optimizer.learning_rate.numpy()) * self.factor)
        restore(self.model, found)
        self.model.step.assign(step)
        for optimizer, rate in zip(self.model.optimizer.optimizers, rates, strict=True):
            optimizer.learning_rate = rate
        for skips in self.model.skips.values():
            skips.assign(0)
        self._say(
            f"{complaint} Goes back to {found.path}, with learning rates "
            f"{', '.join(f'{rate:.3g}' for rate in rates)}."
        )
