"""What one export leaves behind."""

import dataclasses
import pathlib

from keras_gan.export.modes import Mode
from keras_gan.export.proof import Proof


@dataclasses.dataclass(frozen=True)
class Exported:
    """A proven artefact, as the card tells of it.

    Args:
        mode: What it is.
        path: Where it is.
        proof: How near it is to its generator.
        notes: What else is worth knowing, in sentences.
    """

    mode: Mode
    path: pathlib.Path
    proof: Proof
    notes: tuple[str, ...] = ()
