"""What a run is asked for, and the data and the game that this means."""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any

from keras_gan.registry import unknown


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
    skip_broken: bool = False

    @classmethod
    def of_json(cls, given: Any) -> "Settings":
        """Returns the settings that a JSON value describes.

        Raises:
            ValueError: If it describes none.
        """
        if not isinstance(given, dict):
            raise ValueError(f"Expected a JSON object. Received: {given!r:.60}")
        types = typing.get_type_hints(cls)
        unknown_names = sorted(given.keys() - types.keys())
        if unknown_names or "data" not in given:
            raise ValueError(
                "Expected the settings of a run, of which `data` is one. Not among "
                f"them: {unknown_names}."
            )
        given = dict(given)
        if isinstance(given.get("penalties"), list):
            given["penalties"] = tuple(given["penalties"])
        for name, value in given.items():
            if not _is_of(value, types[name]):
                raise ValueError(f"Setting {name!r} can't be {value!r:.60}.")
        return cls(**given)

    def differences(self, other: "Settings") -> list[str]:
        """Lines `name: this -> other` for all settings that differ."""
        theirs = dataclasses.asdict(other)
        return [
            f"{name}: {value!r} -> {theirs[name]!r}"
            for name, value in dataclasses.asdict(self).items()
            if value != theirs[name]
        ]


def _is_of(value: Any, kind: Any) -> bool:
    kinds = typing.get_args(kind) or (kind,)
    if isinstance(value, tuple):
        return all(isinstance(part, str) for part in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int in kinds or float in kinds
    return type(value) in kinds


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
        skip_broken=settings.skip_broken,
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
