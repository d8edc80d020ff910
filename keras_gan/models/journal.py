"""What the logs of a game show: one running mean a name."""

import keras
import tensorflow as tf

PLAYERS = {"d": "discriminator", "g": "generator"}


class _Sum(keras.metrics.Metric):
    """The sum of other metrics, which has no state of its own."""

    def __init__(self, parts: list[keras.metrics.Metric], name: str):
        super().__init__(name=name)
        # Behind a function, Keras does not count the parts' variables twice.
        self._parts = lambda: parts

    def update_state(self, *args, **kwargs):
        pass

    def reset_state(self):
        pass

    def result(self):
        return sum(part.result() for part in self._parts())


class Journal:
    """Running means of the losses of both players and of the game's monitors.

    `d_loss` and `g_loss` are the totals; the parts of a player with several losses
    stand beside them as `d_<name>` and `g_<name>`; `loss` is the sum of the totals,
    for callbacks that read only this key.

    Args:
        loss_names: Names of the losses of "discriminator" and "generator".
        monitors: Names of what else is recorded.
    """

    def __init__(self, loss_names: dict[str, list[str]], monitors: tuple[str, ...]):
        names = []
        self._parts = {}
        for player, role in PLAYERS.items():
            parts = loss_names[role]
            self._parts[player] = parts if len(parts) > 1 else []
            names += [f"{player}_loss"] + [f"{player}_{p}" for p in self._parts[player]]
        names += monitors
        self._means = {name: keras.metrics.Mean(name=name) for name in names}
        totals = [self._means["d_loss"], self._means["g_loss"]]
        self.metrics = [_Sum(totals, name="loss"), *self._means.values()]

    def record(self, name: str, value):
        self._means[name].update_state(value)

    def record_losses(self, player: str, losses: dict):
        """Records the parts and their sum, and returns the sum."""
        total = tf.add_n([tf.cast(value, "float32") for value in losses.values()])
        for part in self._parts[player]:
            self.record(f"{player}_{part}", losses[part])
        self.record(f"{player}_loss", total)
        return total

    def results(self) -> dict:
        return {metric.name: metric.result() for metric in self.metrics}
