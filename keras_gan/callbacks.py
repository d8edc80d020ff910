"""Callbacks for games; all of Keras' own work with both players as they are."""

import math
import os
from pathlib import Path

import keras
import numpy as np

from keras_gan import pictures


class ImageGrid(keras.callbacks.Callback):
    """Draws the same latents after every n-th epoch, as PNG and for TensorBoard.

    Vectors are drawn as a scatter of their first two features.

    Args:
        folder: Where `epoch-0001.png`, ... are written. `None` writes no files.
        num_images: Images in a grid; of vectors, points.
        every_epochs: Epochs between two pictures.
        seed: Seed of the latents.
        extent: Largest coordinate that a scatter of vectors shows.
        tensorboard_dir: Log folder for TensorBoard's image tab, or `None`. Needs
            `pip install keras-gan[tensorboard]`.
    """

    def __init__(
        self,
        folder=None,
        *,
        num_images: int = 64,
        every_epochs: int = 1,
        seed: int = 0,
        extent: float | None = None,
        tensorboard_dir=None,
    ):
        super().__init__()
        if every_epochs < 1:
            raise ValueError(
                f"`every_epochs` must be 1 or more. Received: {every_epochs}"
            )
        if num_images < 1:
            raise ValueError(f"`num_images` must be 1 or more. Received: {num_images}")
        if folder is None and tensorboard_dir is None:
            raise ValueError("Give `folder`, `tensorboard_dir` or both.")
        self.folder = None if folder is None else Path(folder)
        self.num_images = num_images
        self.every_epochs = every_epochs
        self.seed = seed
        self.extent = extent
        self._writer = None
        if tensorboard_dir is not None:
            self._writer = _summary_writer(tensorboard_dir)

    def on_train_begin(self, logs=None):
        # An unwritable folder is found before the first epoch, not after it.
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every_epochs:
            return
        samples = self.model.generate(self.num_images, seed=self.seed)
        picture = pictures.picture(samples, extent=self.extent)
        if self.folder is not None:
            pictures.save_png(self.folder / f"epoch-{epoch + 1:04d}.png", picture)
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default():
                tf.summary.image("samples", picture[None], step=epoch + 1)
                self._writer.flush()


def _summary_writer(folder):
    try:
        import tensorboard  # noqa: F401, only to name what is missing
    except ImportError as error:
        raise ImportError(
            "`tensorboard_dir` needs TensorBoard: pip install keras-gan[tensorboard]"
        ) from error
    import tensorflow as tf

    return tf.summary.create_file_writer(str(folder))


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
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch, logs=None):
        finite = math.isfinite((logs or {}).get("loss", 0.0))
        if not finite or not all(
            np.isfinite(weight).all() for weight in self.model.get_weights()
        ):
            return
        partial = self.path.with_name(f".partial-{self.path.name}")
        self.model.save(partial)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, self.path)


class ProgressBar(keras.callbacks.Callback):
    """One line that says where the training is, how fast, and how long it will be.

    Args:
        total_steps: Steps of the whole run.
        images_per_step: Real images that a step sees.
        stream: Where to write, standard error by default.
    """

    SHOWN = ("d_loss", "g_loss", "real_probability", "fake_probability")
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
            f"{self.SHORT.get(name, name)} {logs[name]:.3f}"
            for name in self.SHOWN
            if name in (logs or {})
        ]
        self._bar.set_postfix_str(", ".join(shown))

    def on_train_end(self, logs=None):
        self._bar.close()
