"""`keras-gan export`, `check`, `benchmark`, `serve` and `stream`."""

import sys
from pathlib import Path

import click

from keras_gan.cli.start import (
    EXIT_MISTAKE,
    allow_untrusted,
    main,
    opened_generator,
    start,
)

# Named here so that `--help` needs no TensorFlow; a test compares.
ARTEFACTS = (
    "saved_model",
    "tflite",
    "tflite-float16",
    "tflite-dynamic",
    "tflite-weight-only",
    "tflite-int8",
    "tflite-int8-io",
    "tflite-int16x8",
    "onnx",
    "onnx-float16",
    "onnx-dynamic",
    "onnx-int8",
)
DEFAULT_ARTEFACTS = ("saved_model", "tflite", "onnx")
TARGETS = (*ARTEFACTS, "serving", "web")


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "targets",
    type=click.Choice([*TARGETS, "all"]),
    multiple=True,
    help="Repeatable; `all` is every file, without serving and web.  "
    f"[default: {', '.join(DEFAULT_ARTEFACTS)}]",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="[default: export/ beside the model]"
)
@click.option(
    "--batch-size",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Pictures in a run of a TFLite file; 0 leaves it free.",
)
@click.option(
    "--calibration",
    type=click.IntRange(100),
    default=200,
    show_default=True,
    help="Samples that integer ranges are measured on.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--onnxruntime-web",
    type=click.Path(path_type=Path),
    help="The npm package, as a .tgz or unpacked, where npm cannot fetch it.",
)
def export(source, targets, out, batch_size, calibration, seed, onnxruntime_web):
    """Convert the generator, and prove that it draws the same pictures.

    SOURCE is a run folder, or a .keras file with a game or any generator. What cannot
    be exported is named with its reason, and the rest is written.
    """
    targets = targets or DEFAULT_ARTEFACTS
    generator = opened_generator(source)
    folder = out or (source if source.is_dir() else source.parent) / "export"
    artefacts = [name for name in ARTEFACTS if name in targets or "all" in targets]
    refused = {}
    if artefacts:
        refused = exported_pack(
            generator,
            folder,
            artefacts,
            batch_size=batch_size or None,
            calibration=calibration,
            seed=seed,
        )
    _export_further(generator, folder, targets, onnxruntime_web, seed)
    if refused:
        sys.exit(EXIT_MISTAKE)


def exported_pack(generator, folder, artefacts, **options):
    """Writes artefacts with their card, says so, and returns those refused."""
    from keras_gan import export

    click.echo("Exporting, and comparing every file with the Keras model ...")
    refused = {}
    paths = export.export_all(
        generator, folder, artefacts=artefacts, refused=refused, **options
    )
    for name, path in paths.items():
        click.echo(f"  {name}: {path} draws the same pictures")
    for name, reason in refused.items():
        click.echo(f"  {name}: refused. {reason}", err=True)
    if paths:
        click.echo(f"How good, how big, how fast: {Path(folder) / 'README.md'}")
    return refused


def _export_further(generator, folder, targets, onnxruntime_web, seed):
    from keras_gan import export

    if "serving" in targets:
        path = export.export_serving(generator, Path(folder) / "serving", seed=seed)
        click.echo(
            f"  serving: {path}. Start it with: keras-gan serve {path.parent.parent} "
            "--allow-untrusted"
        )
    if "web" in targets:
        path = export.export_web(
            generator, Path(folder) / "web", onnxruntime_web=onnxruntime_web, seed=seed
        )
        click.echo(f"  web: {path}. Look at it with: python3 -m http.server -d {path}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@allow_untrusted
def check(folder, allow_untrusted):
    """Verify the hashes of an export and what its files draw."""
    start()
    from keras_gan import export

    click.echo(export.check(folder, allow_untrusted=allow_untrusted))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seconds", type=float, default=10.0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="[default: all]")
@allow_untrusted
def benchmark(folder, seconds, threads, allow_untrusted):
    """Measure the files of an export again, on this machine."""
    start()
    from keras_gan import export

    click.echo(
        export.benchmark(
            folder,
            seconds=seconds,
            num_threads=threads,
            allow_untrusted=allow_untrusted,
        )
    )


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--rest-port", type=int, default=8501, show_default=True)
@click.option("--grpc-port", type=int, default=8500, show_default=True)
@click.option(
    "--server",
    type=click.Choice(["tensorflow_model_server", "docker", "preview"]),
    help="[default: the first of them that can be had]",
)
@allow_untrusted
def serve(folder, host, rest_port, grpc_port, server, allow_untrusted):
    """Serve an exported pack: TensorFlow Serving, or a preview of it."""
    start()
    from keras_gan.export import serving

    serving.serve(
        folder,
        host=host,
        rest_port=rest_port,
        grpc_port=grpc_port,
        server=server,
        allow_untrusted=allow_untrusted,
    )


@main.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder, GIF or video.")
@click.option("--size", type=(int, int), help="Height and width to resize to.")
@click.option("--fps", type=float, help="Of the video or GIF.  [default: the source's]")
@click.option("--threads", type=click.IntRange(1), help="[default: the runtime's]")
def stream(model, source, out, size, fps, threads):
    """Restyle pictures, a GIF or a video through a .tflite or .onnx file."""
    start()
    from keras_gan import export

    click.echo(
        export.stream_frames(
            model, source, out, size=size, fps=fps, num_threads=threads
        )
    )
