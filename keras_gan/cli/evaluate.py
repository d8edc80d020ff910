"""`keras-gan evaluate`."""

import shlex
import sys
from pathlib import Path

import click

from keras_gan.cli.start import allow_untrusted, main, start

# Training examples that are searched for copies, at most.
MOST_EXAMPLES = 100_000


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--data", help="As for `train`.  [default: the run's]")
@click.option(
    "--split",
    help="TFDS split to compare with.  [default: one that was not trained on]",
)
@click.option("--train-split", help="TFDS split trained on.  [default: the run's]")
@click.option("--data-dir", help="Folder of prepared TFDS data.  [default: the run's]")
@click.option("--image-size", type=int, help="Resize the data to this side.")
@click.option("--download", is_flag=True, help="Let TFDS fetch the data.")
@click.option(
    "--features",
    multiple=True,
    help="random, pixels, classifier, keras-inception-v3, or NAME=FILE.keras for a "
    "network of your own, from images in [-1, 1] to rows of features. Repeatable.  "
    "[default: random, and classifier where the data have labels]",
)
@click.option(
    "--metrics",
    multiple=True,
    help="A kind of number, such as fd, kid or parzen. Repeatable.  "
    "[default: all that the data allow but parzen]",
)
@click.option(
    "--num-images",
    type=click.IntRange(1),
    default=5000,
    show_default=True,
    help="Generated examples of a seed, and real ones, at most.",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="[default: evaluation/ in the run, NAME-evaluation/ beside a file]",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="File of real statistics for the Fréchet distance; written where missing.",
)
@click.option(
    "--latent-dim",
    type=click.IntRange(1),
    help="Normal latents of a foreign file, which does not say what it takes.",
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    help="Where classifiers are kept.  [default: ~/.keras/keras_gan]",
)
@allow_untrusted
def evaluate(source, out, seeds, **options):
    """Measure a generator, and say what the numbers say.

    SOURCE is a run folder, a .keras file, a SavedModel folder, or a .tflite or .onnx
    file. All draw the same latents for the same seed, so that their numbers agree.
    """
    start()
    measure(source, out, seeds, _command(), **options)


def measure(
    source, out, seeds, command, latent_dim=None, allow_untrusted=False, **options
):
    """Writes the report of a generator, and prints what it says."""
    from keras_gan.metrics.drawing import open_drawing

    draw = open_drawing(source, latent_dim, allow_untrusted=allow_untrusted)
    evaluation, resize = _evaluation(source, **options)
    notes = _notes(evaluation)
    click.echo(
        f"Measuring {seeds} times {evaluation.num_images} examples of {draw.source} "
        f"against as many of {evaluation.data.name} {evaluation.data.split}".rstrip()
    )
    report = evaluation.report(
        draw, range(seeds), command=command, resize=resize, notes=notes
    )
    page = report.write(out or _folder_of(source))
    click.echo(report.table())
    for verdict in report.verdicts:
        click.echo(("! " if verdict.is_problem else "  ") + verdict.text)
    for note in report.protocol["notes"]:
        click.echo(f"  {note}")
    for name, reason in report.protocol["left_out"].items():
        click.echo(f"  Not measured: {name}: {reason}")
    click.echo(f"Protocol and pictures: {page}")


def report_on_run(folder, features):
    """The report that ends a training: one seed, `features` that need no training.

    A run whose data allow no report is none the worse for it.
    """
    options = ["--features", features, "--num-images", "2000", "--seeds", "1"]
    command = ["keras-gan", "evaluate", str(folder), *options]
    chosen = evaluate.make_context("evaluate", [str(folder), *options]).params
    try:
        measure(**chosen, command=shlex.join(command))
    except (ValueError, OSError) as error:
        click.echo(f"No report: {' '.join(str(error).split())}", err=True)
    else:
        click.echo(f"A fuller one: keras-gan evaluate {shlex.quote(str(folder))}")


def _evaluation(
    source, data, split, train_split, data_dir, image_size, download, **options
):
    """The evaluation that the options and the settings of a run ask for."""
    from keras_gan.data.examples import held_out_split, is_tfds, load_examples

    settings = _settings(source)
    name = data or _of(settings, "data")
    if name is None:
        raise ValueError(
            f"{source} does not say what it was trained on: give --data. Received: "
            "--data not given."
        )
    size = image_size or _of(settings, "image_size")
    if name != _of(settings, "data"):
        settings = None  # The rest of them speaks of other data.
    where = data_dir or _of(settings, "data_dir")
    trained_on = train_split or _of(settings, "split") or "train"
    if split is None and _of(settings, "validation_split") != "none":
        split = _of(settings, "validation_split")
    loading = {"image_size": size, "data_dir": where, "download": download}
    loading["skip_broken"] = bool(_of(settings, "skip_broken"))
    train = load_examples(name, trained_on, max_examples=MOST_EXAMPLES, **loading)
    if split is None and is_tfds(name):
        split = held_out_split(name, trained_on, where)
    if split is None or split == trained_on:
        real = train
    else:
        real = load_examples(name, split, max_examples=MOST_EXAMPLES, **loading)
    resize = (
        f"the middle, cropped to a square, to {size}x{size}, bilinear, antialiased"
        if size
        else "none"
    )
    return _judged(real, train, **options), resize


def _judged(real, train, features, metrics, num_images, reference, cache_dir):
    from keras_gan.metrics.classifier import cached_classifier
    from keras_gan.metrics.evaluation import Evaluation

    names = list(features) or _default_features(real, train)
    if reference is not None and len(names) != 1:
        raise ValueError(
            "A file of statistics holds the features of one extractor. Received: "
            f"--reference and the features {', '.join(names)}. Choose one, as "
            "`--features random`."
        )
    classifier = None
    if "classifier" in names:
        names.remove("classifier")
        click.echo("Taking the classifier of the data, trained once ...")
        held_out = None if real is train else real
        classifier = cached_classifier(train, held_out, cache_dir=cache_dir)
    # A mixture is drawn afresh: there is nothing that could be repeated.
    train = None if real.mixture is not None else train
    evaluation = Evaluation(
        real,
        train=train,
        features=[_extractor(name) for name in names],
        metrics=metrics or None,
        num_images=num_images,
        classifier=classifier,
    )
    if reference is not None:
        evaluation.use_reference(reference)
    return evaluation


def _extractor(given):
    from keras_gan.loading import load_model
    from keras_gan.metrics.features import FeatureExtractor

    name, _, path = given.partition("=")
    return FeatureExtractor(load_model(path), name) if path else given


def _notes(evaluation):
    train = evaluation.train
    if train is None or len(train) < MOST_EXAMPLES:
        return ()
    return (f"At most {MOST_EXAMPLES:,} training examples were searched for copies.",)


def _default_features(real, train):
    if real.images.ndim != 4:
        return ["pixels"]
    return ["random"] + ["classifier"] * (train.labels is not None)


def _settings(source):
    from keras_gan.runs import Run

    folder = Path(source)
    return Run.open(folder)[1] if (folder / "config.json").is_file() else None


def _of(settings, name):
    return None if settings is None else getattr(settings, name)


def _command():
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _folder_of(source):
    source = Path(source)
    if (source / "config.json").is_file():
        return source / "evaluation"
    return source.with_name(f"{source.name}-evaluation")
