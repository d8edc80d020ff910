"""Small generators of every kind: this project's, and those that others write."""

from export_zoo import (
    conditional,
    convolutional,
    games,
    normalised,
    project,
    sequences,
    style,
    translation,
)
from export_zoo.blocks import BLOCKS
from export_zoo.blocks import Block as Block

FAMILIES = (
    games.NETWORKS,
    project.GAMES,
    convolutional.CONVOLUTIONAL,
    normalised.NORMALISED,
    conditional.CONDITIONAL,
    style.STYLE,
    style.NOISE,
    translation.TRANSLATION,
    sequences.TEXT,
    sequences.SEQUENCES,
)
ZOO = {
    name: entry
    for family in FAMILIES
    for name, entry in BLOCKS.items()
    if entry.family == family
}
