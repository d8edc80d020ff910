"""When a training can't go on."""

import keras

from keras_gan.data.pipeline import checked_count
from keras_gan.models.journal import PLAYERS


class StopOnNaN(keras.callbacks.Callback):
    """Ends a training whose updates are not finite any more.

    A turn with a loss or a gradient that is NaN or infinite changes nothing of its
    player, so one of them costs nothing. Many in a row mean that it won't get better.
    `fit` has one of these by itself.

    Args:
        after: Turns in a row that a player may lose. A float16 loss scale starts high
            and takes about fifteen to find its size.
    """

    def __init__(self, after: int = 50):
        super().__init__()
        self.after = checked_count("after", after)

    def on_train_batch_end(self, batch, logs=None):
        for player, skips in self.model.skips.items():
            count = int(skips.numpy())
            if count >= self.after:
                self.act(player, count)

    def act(self, player: str, count: int):
        """Called when `player`, `"d"` or `"g"`, has lost `count` turns in a row."""
        raise FloatingPointError(self._complaint(player, count))

    def _complaint(self, player, count) -> str:
        return (
            f"The {PLAYERS[player]}'s loss or gradient was not finite in {count} turns "
            f"in a row, up to step {int(self.model.step.numpy())}. Its weights are "
            "those before. A lower learning rate, another loss or a penalty usually "
            "helps."
        )
