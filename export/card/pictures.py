"""The same inputs through every artefact, as one picture."""

from collections.abc import Mapping

import numpy as np

from keras_gan.export.spec import GeneratorOutput
from keras_gan.pictures import grid, scatter

NUM_PICTURES = 8
NUM_POINTS = 1024
_SIDE = 64
_LABEL_WIDTH = 150


def can_be_pictured(output: GeneratorOutput) -> bool:
    """Return whether samples of an output make a picture: images or vectors."""
    if output.role == "image":
        return len(output.shape) == 4
    is_plane = len(output.shape) == 2 and (output.shape[1] or 0) >= 2
    return is_plane and output.dtype.startswith("float")


def comparison(
    samples: Mapping[str, np.ndarray], output: GeneratorOutput
) -> np.ndarray:
    """Draw one line per artefact, its name in front.

    Args:
        samples: What each artefact made of the same inputs, by name; the first is
            the one to compare with. Images of shape `(batch, height, width,
            channels)` make a row, vectors a scatter of their first two coordinates.
        output: The output that the samples are of.

    Returns:
        A uint8 array of shape `(height, width, 3)`.
    """
    first = next(iter(samples.values()))
    if output.role == "image":
        low, high = value_range(output, first)
        rows = [_row((v - low) / (high - low) * 2 - 1) for v in samples.values()]
    else:
        extent = 1.1 * float(np.abs(first[:, :2]).max()) or 1.0
        rows = [scatter(v, extent, 3 * _SIDE) for v in samples.values()]
    lines = [_labelled(r, name) for r, name in zip(rows, samples, strict=True)]
    return np.concatenate(lines)


def value_range(output: GeneratorOutput, samples: np.ndarray) -> tuple[float, float]:
    """Return the least and largest value of an output, of the samples if not known."""
    if output.low is not None and output.high is not None:
        return output.low, output.high
    low, high = float(np.min(samples)), float(np.max(samples))
    return low, high if high > low else low + 1.0


def _row(images: np.ndarray) -> np.ndarray:
    images = images[:NUM_PICTURES]
    step = max(1, images.shape[1] // (4 * _SIDE))
    row = grid(images[:, ::step, ::step], columns=len(images))
    factor = max(1, _SIDE // row.shape[0])
    return row.repeat(factor, axis=0).repeat(factor, axis=1)


def _labelled(row: np.ndarray, name: str) -> np.ndarray:
    from PIL import Image, ImageDraw

    label = Image.new("RGB", (_LABEL_WIDTH, row.shape[0]), "white")
    place = (8, row.shape[0] // 2)
    ImageDraw.Draw(label).text(place, name, fill="black", anchor="lm")
    return np.concatenate([np.asarray(label), row], axis=1)
