"""What the logs of a game show: one running mean a name."""

import contextlib
import warnings

import keras
import tensorflow as tf
from keras.src.trainers.compile_utils import CompileMetrics

from keras_gan.models import distribution

PLAYERS = {"d": "discriminator", "g": "generator"}


class FiniteMean(keras.metrics.Mean):
    """The mean of what is finite; NaN if nothing was."""

    def update_state(self, values):
        values = tf.cast(values, self.dtype)
        is_finite = tf.math.is_finite(values)
        kept = tf.where(is_finite, values, tf.zeros_like(values))
        self.total.assign_add(tf.reduce_sum(kept))
        self.count.assign_add(tf.reduce_sum(tf.cast(is_finite, self.dtype)))

    def result(self):
        return tf.convert_to_tensor(self.total) / tf.convert_to_tensor(self.count)


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


class Judges(CompileMetrics):
    """The metrics that judge images, in the container that Keras has for them.

    Its callbacks look for the direction of a monitored number in there only.

    Args:
        judges: Metrics whose `update_state` takes real and generated images.
    """

    def __init__(self, judges: list[keras.metrics.Metric]):
        super().__init__(judges, None)
        # What Keras finds out from the first labels and predictions.
        self._flat_metrics, self._flat_weighted_metrics = list(judges), []
        self.built = True

    def update_state(self, real, fake):
        for judge in self.metrics:
            judge.update_state(real, fake)

    def result(self) -> dict:
        return {judge.name: judge.result() for judge in self.metrics}

    def progress(self) -> dict:
        """What a step logs; a costly result waits for the end."""
        return {
            judge.name: getattr(judge, "progress", judge.result)()
            for judge in self.metrics
        }


class Journal:
    """Running means of the losses of both players and of the game's monitors.

    Beside the means stand the metrics that judge images. Only the steps of
    `evaluate` run those, so the logs of a training don't know their names.

    Of losses and monitors the mean is of what was finite. `d_loss` and `g_loss` are
    the totals; the parts of a player with several losses stand beside them as
    `d_<name>` and `g_<name>`; `loss` is the sum of the totals, for callbacks that
    read only this key. `d_skipped` and `g_skipped` count the turns
    of an epoch whose update was not finite and was left out.

    Args:
        loss_names: Names of the losses of "discriminator" and "generator".
        monitors: Names of what else is recorded.
        judges: Metrics whose `update_state` takes real and generated images.
    """

    def __init__(
        self,
        loss_names: dict[str, list[str]],
        monitors: tuple[str, ...],
        judges: list[keras.metrics.Metric],
    ):
        names = []
        self._parts = {}
        for player, role in PLAYERS.items():
            parts = loss_names[role]
            self._parts[player] = parts if len(parts) > 1 else []
            names += [f"{player}_loss"] + [f"{player}_{p}" for p in self._parts[player]]
        names += monitors
        self._means = {name: FiniteMean(name=name) for name in names}
        for player in PLAYERS:
            name = f"{player}_skipped"
            self._means[name] = keras.metrics.Sum(name=name)
        totals = [self._means["d_loss"], self._means["g_loss"]]
        self.means = [_Sum(totals, name="loss"), *self._means.values()]
        self.judges = judges
        self._panel = Judges(judges)
        self._check_names()
        self._overheard = None
        self._has_warned = False

    def _check_names(self):
        taken = {mean.name for mean in self.means}
        twice = sorted(taken & {judge.name for judge in self.judges})
        if twice:
            raise ValueError(
                f"The logs of a game show {', '.join(twice)} already. Give the metric "
                "of that name another one."
            )

    @property
    def saved_judges(self) -> list[keras.metrics.Metric]:
        """Those that a config can make again; warns once of the others."""
        saved = [x for x in self.judges if getattr(x, "is_saved", True)]
        lost = [judge.name for judge in self.judges if judge not in saved]
        if lost and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"The model is saved without its metrics {', '.join(lost)}: they look "
                "through a network of your own, whose weights are in no config. Give "
                "them to `compile` again when it is loaded.",
                stacklevel=2,
            )
        return saved

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """All of them, as `keras.Model.metrics` lists those of any model."""
        return [*self.means, self._panel] if self.judges else self.means

    @property
    def state(self) -> list:
        """Numbers of the running means, which JSON keeps to the bit."""
        return [[v.numpy().tolist() for v in m.variables] for m in self._means.values()]

    @state.setter
    def state(self, state: list):
        for mean, values in zip(self._means.values(), state, strict=True):
            for variable, value in zip(mean.variables, values, strict=True):
                variable.assign(value)

    @contextlib.contextmanager
    def aside(self):
        """Writes nothing down in the block, and yields what losses showed in it."""
        self._overheard = overheard = {}
        try:
            yield overheard
        finally:
            self._overheard = None

    def show(self, name: str, value):
        """Hands `value` to whoever reads the game; in a round nobody does."""
        if self._overheard is not None:
            self._overheard.setdefault(name, []).append(value)

    def record(self, name: str, value):
        if self._overheard is None:
            self._means[name].update_state(value)

    def record_losses(self, player: str, losses: dict):
        """Records the parts and their sum, and returns the sum."""
        total = tf.add_n([tf.cast(value, "float32") for value in losses.values()])
        for part in self._parts[player]:
            self.record(f"{player}_{part}", losses[part])
        self.record(f"{player}_loss", total)
        return total

    def record_skip(self, player: str, is_taken):
        """Counts an update that was not taken."""
        # All replicas skip together, and their counts are added.
        share = 1.0 / distribution.num_replicas()
        self._means[f"{player}_skipped"].update_state(tf.where(is_taken, 0.0, share))

    def judge(self, real, fake):
        self._panel.update_state(real, fake)

    def results(self) -> dict:
        return {metric.name: metric.result() for metric in self.means}

    def round_results(self, is_whole) -> dict:
        """What a round logs: a `loss` of NaN if an update was left out in it.

        `keras.callbacks.TerminateOnNaN` looks there.
        """
        logs = self.results()
        return {**logs, "loss": tf.where(is_whole, logs["loss"], float("nan"))}

    def step_results(self) -> dict:
        """What a step of `evaluate` logs; a costly result waits for the end."""
        return {**self._losses(), **self._panel.progress()}

    def evaluation_results(self) -> dict:
        """What `evaluate` logs at its end."""
        return {**self._losses(), **self._panel.result()}

    def _losses(self) -> dict:
        # Nothing is updated there, and so nothing left out.
        skipped = {f"{player}_skipped" for player in PLAYERS}
        return {m.name: m.result() for m in self.means if m.name not in skipped}
