"""What a terminal shows of a training."""

import sys

import keras


def say(line: str):
    """Writes a line to standard error, above a progress bar if there is one."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


class ProgressBar(keras.callbacks.Callback):
    """One line that says where the training is, how fast, and how long it will be.

    Args:
        total_steps: Steps of the whole run.
        images_per_step: Real images that a step sees.
        stream: Where to write, standard error by default.
    """

    SHOWN = ("d_loss", "g_loss", "real_probability", "fake_probability", "val_kid")
    SHORT = {"real_probability": "D(x)", "fake_probability": "D(G(z))"}

    def __init__(self, total_steps: int, images_per_step: int, stream=None):
        super().__init__()
        self.total_steps = total_steps
        self.images_per_step = images_per_step
        self.stream = stream
        self._bar = None

    def on_train_begin(self, logs=None):
        from tqdm import tqdm

        done = int(self.model.step.numpy()) * self.images_per_step
        self._bar = tqdm(
            total=self.total_steps * self.images_per_step,
            initial=done,
            file=self.stream,
            unit=" images",
            unit_scale=True,
            smoothing=0.05,
            mininterval=0.5,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {rate_fmt}, {remaining} left"
            "{postfix}",
        )
        self._seen = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._bar.set_description_str(f"epoch {epoch + 1}/{self.params['epochs']}")
        self._seen = 0

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update((batch + 1 - self._seen) * self.images_per_step)
        self._seen = batch + 1

    def on_epoch_end(self, epoch, logs=None):
        shown = [
            f"{self.SHORT.get(name, name)} {logs[name]:.3g}"
            for name in self.SHOWN
            if name in (logs or {})
        ]
        self._bar.set_postfix_str(", ".join(shown))

    def on_train_end(self, logs=None):
        self._bar.close()
