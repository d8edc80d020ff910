"""`keras-gan train` and `keras-gan quickstart`."""

import dataclasses
import sys
import warnings
from pathlib import Path

import click

from keras_gan.cli.evaluate import report_on_run
from keras_gan.cli.ship import DEFAULT_ARTEFACTS, exported_pack
from keras_gan.cli.start import EXIT_INTERRUPTED, main, start
from keras_gan.presets import PRESETS
from keras_gan.runs import Run
from keras_gan.settings import (
    Settings,
    build_model,
    check_names,
    load_data,
    load_held_out,
    with_held_out,
)

BUILT_IN_DATA = ("digits", "ring", "grid")


def _training_options(command):
    """The options of a training, for `train`; their defaults are those of a run."""
    defaults = {f.name: f.default for f in dataclasses.fields(Settings)}

    def option(name, *args, **kwargs):
        flag = f"--{name.replace('_', '-')}"
        kwargs.setdefault("default", defaults[name])
        if kwargs["default"] not in (None, (), False):
            kwargs.setdefault("show_default", True)
        return click.option(flag, name, *args, **kwargs)

    options = [
        option("model", help="Networks and their paper's settings: see `list`."),
        option("epochs", type=click.IntRange(1), help="Number of the last epoch."),
        option("batch_size", type=click.IntRange(1), help="Real images in a turn."),
        option("seed", type=click.IntRange(0), help="Of weights, latents and order."),
        option("loss", help="Loss pair, see `list`.  [default: the model's]"),
        click.option(
            "--penalty",
            "penalties",
            multiple=True,
            help="On the discriminator, as r1 or r1:gamma=1,interval=16. Repeatable.  "
            "[default: the model's]",
        ),
        option(
            "discriminator_steps",
            type=click.IntRange(1),
            help="Discriminator turns in a round, each on a batch of its own.",
        ),
        option(
            "turns",
            type=click.Choice(["alternating", "simultaneous"]),
            help="Who answers whom.  [default: the model's]",
        ),
        click.option(
            "--fresh-latents/--same-latents",
            "fresh_latents",
            default=None,
            help="New noise in the generator's turn.  [default: the model's]",
        ),
        option("latent_dim", type=click.IntRange(1), help="[default: the model's]"),
        option(
            "latent_distribution",
            type=click.Choice(["normal", "uniform"]),
            help="[default: the model's]",
        ),
        option("learning_rate", type=float, help="[default: the model's]"),
        option("ema_momentum", type=float, help="Of the averaged generator."),
        option("weight_clip", type=float, help="Largest weight of the critic."),
        option("width", type=click.IntRange(1), help="Of a dcgan's first maps."),
        option("image_size", type=int, help="Resize to this height and width."),
        option("data_dir", help="Folder of prepared TFDS data."),
        option("split", help="TFDS split."),
        option(
            "validation_split",
            help="TFDS split to judge by after each epoch: val_kid in the log. `none` "
            "judges by nothing.  [default: one that is not trained on]",
        ),
        click.option(
            "--health/--no-health",
            "health",
            default=None,
            help="Read the state of the game after each epoch, and say what is amiss.  "
            "[default: where it costs less than 2 %]",
        ),
        click.option("--download", is_flag=True, help="Let TFDS fetch the data."),
        click.option(
            "--skip-broken",
            is_flag=True,
            help="Leave out image files that can't be decoded, rather than to stop.",
        ),
    ]
    for decorate in reversed(options):
        command = decorate(command)
    return command


@main.command()
@click.option("--data", help="digits, ring, grid, a folder, .npy/.npz, or a TFDS name.")
@click.option(
    "--preset",
    type=click.Choice([*PRESETS]),
    help="A published training: data and settings, see `list`.",
)
@_training_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with this run.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option(
    "--report/--no-report",
    default=True,
    help="Measure the model at the end, as `evaluate` does, in a short form.  "
    "[default: report]",
)
@click.option(
    "--strategy",
    type=click.Choice(["mirrored", "multi_worker"]),
    help="All devices of this machine, or all workers of TF_CONFIG; these make no "
    "report.  [default: one device]",
)
@click.pass_context
def train(ctx, preset, out, resume, overwrite, quiet, report, strategy, **options):
    """Train a GAN; the run folder holds its model, log, pictures and a report."""
    options = _preset(ctx, preset, options)
    if resume is not None:
        if out is not None or overwrite or preset is not None:
            raise click.UsageError(
                "--resume goes on in its own folder, without --out and --preset."
            )
        run, settings = _resumed(ctx, resume, options)
    elif options["data"] is None or out is None:
        raise click.UsageError("Give --data or --preset, and --out; or --resume.")
    else:
        run, settings = None, _settings(options)
    start()
    from keras_gan.models import distribution

    check_names(settings)
    makes_report = report and strategy != "multi_worker"
    strategy = distribution.named(strategy)
    is_chief = distribution.is_chief(strategy)
    with strategy.scope():
        pipeline = _load(settings)
        if run is None:
            settings = with_held_out(settings)
        held_out = load_held_out(settings)
        if run is not None:
            model, done = run.model_to_train(settings, pipeline)
        else:
            model, done = build_model(settings, pipeline.example_shape), 0
            run = Run.create(out, settings, overwrite) if is_chief else Run(out)
        distribution.wait_for_all(strategy)
    if not is_chief:
        run, quiet = run.of_worker(settings, strategy.cluster_resolver.task_id), True
    _train(run, settings, model, pipeline, quiet, held_out, done)
    if makes_report:
        _report(run, pipeline)


def _preset(ctx, name, options) -> dict:
    """The options, with a preset's for those that were not given."""
    if name is None:
        return options
    settings = PRESETS[name].settings
    return options | {k: v for k, v in settings.items() if not _is_given(ctx, k)}


def _is_given(ctx, name) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _load(settings):
    """The pipeline of a run, with a line on image files that are left out."""
    from keras_gan.data.folder import BrokenFilesWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", BrokenFilesWarning)
        pipeline = load_data(settings)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    return pipeline


def _settings(options) -> Settings:
    # No --penalty means the model's own. A run may be resumed from elsewhere.
    options = {**options, "penalties": options["penalties"] or None}
    for name in ("data", "data_dir"):
        path = Path(options[name] or "").expanduser()
        if options[name] not in (None, *BUILT_IN_DATA) and path.exists():
            options[name] = str(path.resolve())
    return Settings(**options)


def _resumed(ctx, folder, options):
    run, settings = Run.open(folder)
    given = {name: value for name, value in options.items() if _is_given(ctx, name)}
    epochs = given.pop("epochs", settings.epochs)
    asked = _settings({**dataclasses.asdict(settings), **given})
    changed = settings.differences(asked)
    if changed:
        raise ValueError(
            f"{folder} was trained with other settings: {'; '.join(changed)}. Resume "
            "without these options (only --epochs may change), or start a new run."
        )
    return run, dataclasses.replace(settings, epochs=epochs)


def _train(run, settings, model, pipeline, quiet, held_out=None, done=0):
    from keras_gan import runs

    run.check_progress(settings, done)
    run.write_settings(settings)
    count = pipeline.num_examples
    click.echo(
        f"{settings.data}: {'endless' if count is None else count} examples of shape "
        f"{pipeline.example_shape}, {pipeline.steps_per_epoch} steps an epoch"
    )
    try:
        runs.train(run, settings, model, pipeline, quiet, held_out, done)
    except KeyboardInterrupt:
        click.echo(
            f"\nInterrupted. Go on with: keras-gan train --resume {run.folder}",
            err=True,
        )
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        raise OSError(
            f"The training has ended: {error}. The checkpoints in {run.checkpoints} "
            f"stand. Go on with: keras-gan train --resume {run.folder}"
        ) from error
    click.echo(
        f"Trained {settings.epochs} epochs. Look at {run.samples} and {run.film}"
    )


def _report(run, pipeline):
    report_on_run(
        run.folder, "random" if len(pipeline.example_shape) == 3 else "pixels"
    )


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("digits"),
    show_default=True,
    help="Folder of the run.",
)
@click.option("--epochs", type=click.IntRange(1), default=40, show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def quickstart(out, epochs, overwrite, quiet):
    """Train on real handwritten digits and ship the generator.

    The 1,797 digits come with scikit-learn, 8x8 pixels, enlarged to 16x16 here;
    nothing is fetched.
    """
    settings = Settings(
        data="digits",
        image_size=16,
        model="dcgan_r1",
        width=32,
        latent_dim=32,
        ema_momentum=0.99,
        epochs=epochs,
    )
    start()
    from keras_gan import pictures

    pipeline = load_data(settings)
    model = build_model(settings, pipeline.example_shape)
    run = Run.create(out, settings, overwrite)
    _train(run, settings, model, pipeline, quiet)
    sheet = pictures.save_png(
        run.folder / "samples.png", pictures.grid(model.generate(100, seed=0))
    )
    click.echo(f"Samples: {sheet}")
    _report(run, pipeline)
    exported_pack(model, run.folder / "export", DEFAULT_ARTEFACTS)
