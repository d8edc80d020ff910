"""Runs: a folder that holds all of one training, and goes on where it stopped.

config.json    the settings as given      model.keras    networks, averages,
log.csv        one row an epoch                          optimizers, step, seeds
samples/       the same latents, each epoch
training.gif   the samples in time        loss.png       both players' losses
health.jsonl   the state of the game, one line a measurement
"""

import csv
import dataclasses
import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from keras_gan import files
from keras_gan.registry import unknown

# A measurement of the game's health costs about five steps: under 2 % from here on.
MIN_STEPS_FOR_HEALTH = 300


@dataclass(frozen=True)
class Settings:
    """What a run was asked for; `None` takes the recipe's own."""

    data: str
    model: str = "dcgan_r1"
    epochs: int = 20
    batch_size: int = 32
    seed: int = 0
    loss: str | None = None
    penalties: tuple[str, ...] | None = None
    discriminator_steps: int = 1
    turns: str | None = None
    fresh_latents: bool | None = None
    latent_dim: int | None = None
    latent_distribution: str | None = None
    learning_rate: float | None = None
    ema_momentum: float = 0.999
    weight_clip: float | None = None
    width: int | None = None
    image_size: int | None = None
    data_dir: str | None = None
    split: str = "train"
    validation_split: str | None = None
    health: bool | None = None
    download: bool = False

    def differences(self, other: "Settings") -> list[str]:
        """Lines `name: this -> other` for all settings that differ."""
        theirs = dataclasses.asdict(other)
        return [
            f"{name}: {value!r} -> {theirs[name]!r}"
            for name, value in dataclasses.asdict(self).items()
            if value != theirs[name]
        ]


class Run:
    """The files of one run.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = self.folder / "config.json"
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
            settings = json.loads(run.config.read_text())
            penalties = settings["penalties"]
            settings["penalties"] = None if penalties is None else tuple(penalties)
            return run, Settings(**settings)
        except FileNotFoundError as error:
            raise ValueError(
                f"{run.folder} is no run folder: it has no config.json. A run folder "
                "is what `keras-gan train --out` writes."
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{run.config} can't be read: {error}") from error

    def load_model(self):
        """Loads the model of the last whole epoch."""
        return load_model(self.model)

    def check_progress(self, settings: Settings, model, pipeline):
        """Refuses fewer epochs than the model of the run has seen."""
        done = int(model.step.numpy()) // pipeline.steps_per_epoch
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
    import keras

    if not Path(path).is_file():
        raise ValueError(f"There is no model at {path}. Train one, or give its file.")
    try:
        return keras.saving.load_model(path)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{path} can't be loaded as a Keras model: {reason}"
        ) from error


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


def parse_penalty(text: str):
    """A penalty from `name` or `name:key=value,key=value`."""
    from keras_gan.penalties import PENALTIES

    name, _, options = text.partition(":")
    if name not in PENALTIES:
        raise ValueError(unknown("penalty", name, PENALTIES))
    try:
        pairs = [option.split("=") for option in options.split(",") if option]
        values = {key.strip(): float(value) for key, value in pairs}
        if "interval" in values:
            values["interval"] = int(values["interval"])
        return PENALTIES[name](**values)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Can't read the penalty {text!r}: {error}. Write it as `r1:gamma=1` or "
            "`r1:gamma=1,interval=16`."
        ) from error


def load_data(settings: Settings):
    """The pipeline of a run; a batch holds what all discriminator steps share."""
    from keras_gan import data

    options = {"image_size": settings.image_size, "data_dir": settings.data_dir}
    return data.load(
        settings.data,
        batch_size=settings.batch_size * settings.discriminator_steps,
        seed=settings.seed,
        split=settings.split,
        download=settings.download,
        **options,
    )


def with_held_out(settings: Settings) -> Settings:
    """The settings, with a split to judge by where the data have one."""
    from keras_gan.data.examples import held_out_split

    if settings.validation_split is not None:
        return settings
    batch_size = settings.batch_size * settings.discriminator_steps
    split = held_out_split(
        settings.data, settings.split, settings.data_dir, num_examples=batch_size
    )
    return dataclasses.replace(settings, validation_split=split)


def load_held_out(settings: Settings):
    """The pipeline of the split that a run is judged by, or `None`."""
    split = settings.validation_split
    if split in (None, "none"):
        return None
    if split == settings.split:
        raise ValueError(
            "The validation split must hold other examples than the training split. "
            f"Received: {split!r} for both."
        )
    return load_data(dataclasses.replace(settings, split=split))


def build_model(settings: Settings, example_shape: tuple):
    """Builds and compiles the game that the settings describe."""
    import keras

    from keras_gan import constraints, losses, models
    from keras_gan.recipes import RECIPES

    check_names(settings)
    keras.utils.set_random_seed(settings.seed)
    recipe = RECIPES[settings.model]

    def choose(name):
        given = getattr(settings, name)
        return getattr(recipe, name) if given is None else given

    latent_dim = choose("latent_dim")
    gan = models.GAN(
        *recipe.networks(example_shape, latent_dim, settings.width),
        latent_dim=latent_dim,
        latent_distribution=choose("latent_distribution"),
        ema_momentum=settings.ema_momentum,
        seed=settings.seed,
        name=settings.model,
    )
    config = dict(recipe.optimizer)
    kind = config.pop("name")
    if settings.learning_rate is not None:
        config["learning_rate"] = settings.learning_rate
    optimizers = [
        keras.optimizers.get({"class_name": kind, "config": config}) for _ in range(2)
    ]
    clip = settings.weight_clip
    constraint = None if clip is None else constraints.WeightClip(clip)
    gan.compile(
        *optimizers,
        loss=losses.get(choose("loss")),
        penalties=[parse_penalty(text) for text in choose("penalties")],
        discriminator_constraint=constraint,
        discriminator_steps=settings.discriminator_steps,
        turns=choose("turns"),
        fresh_latents=choose("fresh_latents"),
    )
    return gan


def check_names(settings: Settings):
    """Refuses unknown names before anything is loaded."""
    from keras_gan.losses import LOSSES
    from keras_gan.recipes import RECIPES

    if settings.model not in RECIPES:
        raise ValueError(unknown("model", settings.model, RECIPES))
    if settings.loss is not None and settings.loss not in LOSSES:
        raise ValueError(unknown("loss", settings.loss, LOSSES))
    for text in settings.penalties or ():
        parse_penalty(text)


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
    run: Run, settings: Settings, model, pipeline, quiet: bool = False, held_out=None
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

    Returns:
        Number of epochs that the saved model has seen.

    Raises:
        FloatingPointError: If the game diverged; the last good epoch is kept.
    """
    import keras

    from keras_gan import callbacks

    done = int(model.step.numpy()) // pipeline.steps_per_epoch
    run.forget_epochs_after(done)
    watchers = [
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.CSVLogger(run.log, append=done > 0),
        _sample_pictures(run, settings, pipeline),
        callbacks.SaveModel(run.model),
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
        kept = f"The last good epoch is in {run.model}."
        raise FloatingPointError(
            f"The losses are not finite any more in epoch {len(losses) + done}. "
            f"{kept if run.model.is_file() else 'No epoch was finished.'} A lower "
            "learning rate, another loss or a penalty usually helps."
        )
    return settings.epochs
