"""Pictures of the samples while a game is trained."""

from pathlib import Path

import keras

from keras_gan import pictures


class ImageGrid(keras.callbacks.Callback):
    """Draws the same latents after every n-th epoch, as PNG and for TensorBoard.

    Vectors are drawn as a scatter of their first two features, time series as lines.

    Args:
        folder: Where `epoch-0001.png`, ... are written. `None` writes no files.
        num_images: Images in a grid; of vectors, points.
        every_epochs: Epochs between two pictures.
        seed: Seed of the latents.
        inputs: What the averaged generator is called with instead, such as the
            pictures that a game translates; a batch, nested as `predict` takes it.
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
        inputs=None,
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
        self.inputs = inputs
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
        samples = self._drawn()
        picture = pictures.picture(samples, extent=self.extent)
        if self.folder is not None:
            pictures.save_png(self.folder / f"epoch-{epoch + 1:04d}.png", picture)
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default():
                tf.summary.image("samples", picture[None], step=epoch + 1)
                self._writer.flush()

    def _drawn(self):
        if self.inputs is None:
            return self.model.generate(self.num_images, seed=self.seed)
        return self.model.predict(self.inputs, verbose=0)


def _summary_writer(folder):
    try:
        import tensorboard  # noqa: F401, only to name what is missing
    except ImportError as error:
        raise ImportError(
            "`tensorboard_dir` needs TensorBoard: pip install keras-gan[tensorboard]"
        ) from error
    import tensorflow as tf

    return tf.summary.create_file_writer(str(folder))
