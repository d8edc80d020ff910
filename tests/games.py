"""All games, tiny: a new one adds a line to `GAMES`, and all shared tests play it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests import games_face_aging, games_labels, harness
from tests import games_series as series
from tests import games_tables as tables
from tests import games_text as text
from tests import games_translation as translation


@dataclass(frozen=True)
class Game:
    """What the shared tests need of a game.

    Args:
        build: Returns a compiled game from options of `compile`.
        pipeline: Returns its data from a batch size.
        inputs: Returns what `predict` takes, from a number of examples.
        halves_are_whole: Whether the losses of a batch are the means of those of its
            halves, but for dropout and batch statistics.
    """

    build: Callable
    pipeline: Callable
    inputs: Callable
    halves_are_whole: bool = True


def latents(count, dim=harness.LATENT_DIM):
    return np.random.default_rng(5).normal(size=(count, dim)).astype("float32")


GAMES = {
    "acgan": Game(games_labels.acgan, games_labels.by_digit, games_labels.digit_inputs),
    "conditional": Game(
        games_labels.conditional,
        games_labels.by_attributes,
        games_labels.attribute_inputs,
    ),
    "cyclegan": Game(
        translation.cyclegan,
        translation.two_sets,
        translation.sources,
        halves_are_whole=False,
    ),
    "face_aging": Game(
        games_face_aging.face_aging,
        games_face_aging.faces,
        games_face_aging.asked,
        halves_are_whole=False,
    ),
    "gan": Game(harness.gan, harness.digits, latents),
    "infogan": Game(games_labels.infogan, harness.digits, games_labels.code_inputs),
    "pix2pix": Game(translation.pix2pix, translation.pairs, translation.sources),
    "series": Game(series.series_gan, series.waves, latents),
    "tabular": Game(tables.tabular_gan, tables.rows, tables.inputs),
    "text": Game(
        text.text_game, text.from_tokens, text.text_inputs, halves_are_whole=False
    ),
}
# Fast runs play these, slow ones all.
ALWAYS = {"conditional", "gan"}
# What tests are parametrised with.
PLAYED = [
    pytest.param(name, marks=() if name in ALWAYS else pytest.mark.slow)
    for name in GAMES
]
