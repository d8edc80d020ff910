"""Runs: a folder that holds all of one training, and goes on where it stopped.

config.json    the settings as given      checkpoints/   all that a resume needs
log.csv        one row an epoch           model.keras    the newest of them, alone
samples/       the same latents, each epoch
training.gif   the samples in time        loss.png       both players' losses
health.jsonl   the state of the game, one line a measurement
"""

import csv
import dataclasses
import json
import math
import shutil
from pathlib import Path

from keras_gan import files
from keras_gan.settings import Settings, build_model

# A measurement of the game's health costs about five steps: under 2 % from here on.
MIN_STEPS_FOR_HEALTH = 300
MINUTES_BETWEEN_CHECKPOINTS = 5


class Run:
    """The files of one run.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = self.folder / "config.json"
        self.checkpoints = self.folder / "checkpoints"
        self.model = self.folder / "model.keras"
        self.log = self.folder / "log.csv"
        self.samples = self.folder / "samples"
        self.film = self.folder / "training.gif"
        self.losses = self.folder / "loss.png"
        self.health = self.folder / "health.jsonl"

    @classmethod
    def create(cls, folder, settings: Settings, overwrite: bool = False) -> "Run":
        """Makes a new run folder.

        Raises:
            ValueError: If the folder exists and may not be replaced, or can't be
                written.
        """
        run = cls(folder)
        if run.folder.exists():
            run._make_way(overwrite)
        try:
            run.samples.mkdir(parents=True)
            run.write_settings(settings)
        except OSError as error:
            raise ValueError(
                f"The run folder can't be written: {run.folder} "
                f"({error.strerror}). Choose another with --out."
            ) from error
        return run

    def of_worker(self, settings: Settings, number: int) -> "Run":
        """Makes the folder of a worker beside the chief's, which keeps the training."""
        name = f"{self.folder.name}.worker-{number}"
        own = Run.create(self.folder.with_name(name), settings, overwrite=True)
        own.checkpoints = self.checkpoints
        return own

    def write_settings(self, settings: Settings):
        lines = json.dumps(dataclasses.asdict(settings), indent=2)
        files.write_text(self.config, lines + "\n")

    def _make_way(self, overwrite):
        if not overwrite:
            raise ValueError(
                f"The run folder exists: {self.folder}. Go on with it (--resume "
                f"{self.folder}), replace it (--overwrite), or choose another (--out)."
            )
        if not self.config.is_file() and any(self.folder.iterdir()):
            raise ValueError(
                f"Will not overwrite {self.folder}: it holds files, and is no run "
                "folder (it has no config.json). Choose another with --out."
            )
        shutil.rmtree(self.folder)

    @classmethod
    def open(cls, folder) -> tuple["Run", Settings]:
        """Opens an existing run and reads its settings."""
        run = cls(folder)
        try:
            return run, Settings.of_json(json.loads(run.config.read_text()))
        except FileNotFoundError as error:
            raise ValueError(
                f"{run.folder} is no run folder: it has no config.json. A run folder "
                "is what `keras-gan train --out` writes."
            ) from error
        except (RecursionError, ValueError) as error:
            raise ValueError(f"{run.config} can't be read: {error}") from error

    def model_to_train(self, settings: Settings, pipeline):
        """Returns the game to go on with, and how many whole epochs there are.

        The game of the checkpoints is restored when it trains. A model without them is
        gone on with as it is.
        """
        from keras_gan.callbacks.checkpoint import check_record
        from keras_gan.checkpoints import CheckpointFolder

        found = CheckpointFolder(self.checkpoints).newest()
        if found is not None:
            check_record(found)
            model = build_model(settings, pipeline.example_shape)
            return model, found.record["position"][0]
        if self.model.is_file():
            model = load_model(self.model)
            return model, int(model.step.numpy()) // pipeline.steps_per_epoch
        return build_model(settings, pipeline.example_shape), 0

    def check_progress(self, settings: Settings, done: int):
        """Refuses fewer epochs than the run has."""
        if settings.epochs < done:
            raise ValueError(
                f"{self.folder} has {done} epochs already. Received: --epochs "
                f"{settings.epochs}. Give the number of the last epoch to train."
            )

    def forget_epochs_after(self, epochs: int):
        """Drops log rows of epochs whose model was not saved any more."""
        if not self.log.is_file():
            return
        with open(self.log, newline="") as file:
            rows = list(csv.reader(file))
        kept = [row for row in rows[1:] if row and int(row[0]) < epochs]
        with open(self.log, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows[:1] + kept)

    def mend(self, settings: Settings, log):
        """Makes anew what a running training can't go on without, and says so.

        Args:
            settings: The run's settings.
            log: The `keras.callbacks.CSVLogger` that writes `log.csv`.
        """
        from keras_gan.callbacks.progress import say

        gone = [path for path in (self.config, self.log) if not path.is_file()]
        if not gone:
            return
        if self.config in gone:
            self.write_settings(settings)
        if self.log in gone:
            # What it writes goes into a file without a name.
            log.on_train_end()
            log.append_header = True
            log.on_train_begin()
        names = " and ".join(path.name for path in gone)
        say(
            f"Somebody has removed {names} in {self.folder} while it trains. The "
            "training goes on in new files, without earlier rows."
        )

    def draw_film(self):
        """Writes the animation of all sample pictures so far."""
        from keras_gan import pictures

        frames = sorted(self.samples.glob("epoch-*.png"))
        if frames:
            pictures.save_film(self.film, frames)

    def draw_losses(self):
        """Plots both losses and both beliefs of the discriminator from the log."""
        from keras_gan import pictures

        with open(self.log, newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            return
        pictures.save_loss_plot(self.losses, rows)


def load_generator(path):
    """Loads any Keras model from a `.keras` file; a bad one gets one clear error."""
    from keras_gan import loading

    return loading.load_model(path)


def load_model(path):
    """Loads a game from a `.keras` file, with one clear error for anything else."""
    from keras_gan import models

    model = load_generator(path)
    if not isinstance(model, models.AdversarialModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, not a game of keras_gan. "
            "`keras-gan export` takes it all the same."
        )
    return model


def _sample_pictures(run, settings, pipeline):
    from keras_gan import callbacks

    if len(pipeline.example_shape) == 3:
        return callbacks.ImageGrid(run.samples, seed=settings.seed)
    points = next(iter(pipeline))
    return callbacks.ImageGrid(
        run.samples,
        num_images=2000,
        seed=settings.seed,
        extent=1.25 * float(abs(points).max()),
    )


def _watches_health(settings, pipeline) -> bool:
    if settings.health is None:
        return pipeline.steps_per_epoch >= MIN_STEPS_FOR_HEALTH
    return settings.health


def train(
    run: Run,
    settings: Settings,
    model,
    pipeline,
    quiet: bool = False,
    held_out=None,
    done: int = 0,
):
    """Trains `model` up to `settings.epochs`, filling the run's folder.

    Args:
        run: Where everything is written.
        settings: What was asked for.
        model: The compiled game.
        pipeline: The training data.
        quiet: Whether to leave out the progress bar.
        held_out: What `load_held_out` returns: real data for `val_kid` and for the
            monitor of the game's health.
        done: Whole epochs that the run has already.

    Raises:
        FloatingPointError: If the game diverged; the last good epoch is kept.
    """
    import keras

    from keras_gan import callbacks
    from keras_gan.models import distribution

    workers = distribution.is_multi_worker(model.distribute_strategy)
    run.forget_epochs_after(done)
    log = keras.callbacks.CSVLogger(run.log, append=done > 0)
    watchers = [
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: run.mend(settings, log)
        ),
        log,
        _sample_pictures(run, settings, pipeline),
        callbacks.Checkpoint(
            run.checkpoints,
            # The clocks of several workers differ.
            every_minutes=None if workers else MINUTES_BETWEEN_CHECKPOINTS,
            monitor="val_kid",
            model_path=run.model,
        ),
    ]
    if _watches_health(settings, pipeline):
        # After the log, whose columns must be those of the run that is resumed.
        watchers.append(callbacks.Health(pipeline, held_out, file=run.health))
    if not quiet:
        total = pipeline.steps_per_epoch * settings.epochs
        watchers.append(callbacks.ProgressBar(total, pipeline.batch_size))
    history = model.fit(
        pipeline,
        epochs=settings.epochs,
        initial_epoch=done,
        validation_data=held_out,
        callbacks=watchers,
        verbose=0,
    )
    run.draw_film()
    run.draw_losses()
    losses = history.history.get("loss", [0.0])
    if losses and not math.isfinite(losses[-1]):
        kept = f"The last good state is in {run.model}."
        raise FloatingPointError(
            f"The losses are not finite any more in epoch {len(losses) + done}. "
            f"{kept if run.model.is_file() else 'No epoch was finished.'} A lower "
            "learning rate, another loss or a penalty usually helps."
        )
