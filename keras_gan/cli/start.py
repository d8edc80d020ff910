"""What all commands share: a quiet start, exit codes, opening a model."""

import contextlib
import os
import sys
import tempfile
import warnings
from pathlib import Path

import click

from keras_gan._version import __version__
from keras_gan.runs import Run

EXIT_MISTAKE, EXIT_DIVERGED, EXIT_INTERRUPTED = 1, 3, 130


@contextlib.contextmanager
def _silenced_start():
    """Holds back what TensorFlow writes while it loads; shows it if that fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Some of the notes come before the log level is read.
    with tempfile.TemporaryFile() as notes:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(notes.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            if failed:
                notes.seek(0)
                sys.stderr.write(notes.read().decode(errors="replace"))


def start():
    """Loads TensorFlow and Keras, which takes some seconds."""
    with _silenced_start():
        import tensorflow  # noqa: F401, the import is the point

        # Loading a model needs all of our classes registered.
        import keras_gan.constraints  # noqa: F401
        import keras_gan.layers  # noqa: F401
        import keras_gan.models  # noqa: F401
    warnings.filterwarnings("ignore")


class _Command(click.Group):
    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except FloatingPointError as error:
            click.echo(f"Diverged: {error}", err=True)
            ctx.exit(EXIT_DIVERGED)
        except (ValueError, OSError, ImportError) as error:
            if ctx.params.get("traceback"):
                raise
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            ctx.exit(EXIT_MISTAKE)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, help="Show where an error came from.")
@click.version_option(__version__, prog_name="keras-gan")
def main(traceback):
    """Train GANs with Keras and ship their generators."""


allow_untrusted = click.option(
    "--allow-untrusted",
    is_flag=True,
    help="Load a SavedModel too. It is a program: only if you trust who made it.",
)


def opened(source):
    """The game in a run folder or a `.keras` file."""
    start()
    from keras_gan import runs

    return runs.load_model(_model_file(source))


def opened_generator(source):
    """The game in a run folder, or any Keras model in a `.keras` file."""
    start()
    from keras_gan import runs

    return runs.load_generator(_model_file(source))


def _model_file(source):
    source = Path(source)
    return Run.open(source)[0].model if source.is_dir() else source
