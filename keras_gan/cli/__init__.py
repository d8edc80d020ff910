"""The `keras-gan` command: train, look, export, serve, without writing code."""

from keras_gan.cli import draw as draw
from keras_gan.cli import evaluate as evaluate
from keras_gan.cli import listing as listing
from keras_gan.cli import ship as ship
from keras_gan.cli import training as training
from keras_gan.cli.start import EXIT_DIVERGED as EXIT_DIVERGED
from keras_gan.cli.start import EXIT_INTERRUPTED as EXIT_INTERRUPTED
from keras_gan.cli.start import EXIT_MISTAKE as EXIT_MISTAKE
from keras_gan.cli.start import main as main
