"""Whether a quantised output is near enough, and what to say if it is not."""

import dataclasses
import math
from collections.abc import Iterable, Iterator

import numpy as np

from keras_gan.export.modes import Limits, Mode
from keras_gan.export.quality import PairedQuality
from keras_gan.export.spec import GeneratorOutput
from keras_gan.export.trials import Arrays

# The error of a sample of so few values is what chance makes of it.
_FEW_VALUES = 16


class JudgedOutput:
    """The quality of one output, and the inputs that fared worst.

    Args:
        output: Its description, which knows the value range.
    """

    def __init__(self, output: GeneratorOutput):
        peak = None
        if output.low is not None and output.high is not None:
            peak = output.high - output.low
        is_image = output.role == "image" and len(output.shape) == 4
        self._quality = PairedQuality(peak, is_image)
        self._least = math.inf
        self._num_values = 0
        self.worst_inputs: Arrays = {}

    def add(self, inputs: Arrays, expected: np.ndarray, actual: np.ndarray) -> None:
        """Take in a batch of pairs and what they were made of."""
        self._num_values = math.prod(expected.shape[1:])
        nearness = self._quality.add(expected, actual)
        row = int(np.argmin(nearness))
        if nearness[row] < self._least:
            self._least = float(nearness[row])
            self.worst_inputs = {
                name: array[row : row + 1] if array.ndim else array
                for name, array in inputs.items()
            }

    def measures(self) -> dict[str, float]:
        """Return the measures by the names that they have in `Limits`."""
        measures = self._quality.summary()
        if self._num_values < _FEW_VALUES:
            measures.pop("psnr_p5", None)
        return measures


def asks_for_quality(limits: Limits) -> bool:
    """Return whether any of the limits is one on pairs."""
    return any(value is not None for _, value in _quality_limits(limits))


def beyond(limits: Limits, measures: dict[str, float]) -> Iterator[str]:
    """Yield what is beyond the limits, in words.

    Args:
        limits: What is allowed. The share of integers that differ is held to the limit
            of the feature distance, since both are 0 for the same outputs and about 1
            for unrelated ones.
        measures: Measures by name.
    """
    for name, limit in _quality_limits(limits):
        if limit is None or name not in measures:
            continue
        value = measures[name]
        if _is_floor(name) and not value >= limit:
            yield f"{name} is {value:.3g}, and {limit:.3g} or more is asked"
        elif not _is_floor(name) and not value <= limit:
            yield f"{name} is {value:.3g}, and {limit:.3g} or less is asked"


def worst_of(measures: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the worst value of each measure.

    Args:
        measures: Measures by name, of each output.
    """
    worst: dict[str, float] = {}
    for name, value in (item for output in measures for item in output.items()):
        worse = min if _is_floor(name) else max
        worst[name] = worse(value, worst.get(name, value))
    return worst


def advice(mode: Mode) -> str:
    """Return what to do about an artefact that is too far from its generator."""
    if not mode.is_quantised:
        return "If outputs that far apart will do, pass wider `limits`."
    gentler = "weight_only" if mode.format == "tflite" else "dynamic"
    other = "float16" if mode.name == gentler else gentler
    calibrate = "Calibrate on more samples of the inputs that will be served, or take "
    return (
        f'{calibrate if mode.needs_calibration else "Take "}`mode="{other}"`. If '
        "outputs that far apart will do, pass wider `limits`."
    )


def _quality_limits(limits: Limits) -> Iterator[tuple[str, float | None]]:
    for name, value in dataclasses.asdict(limits).items():
        if name != "relative_error":
            yield name, value
    yield "share_differing", limits.feature_distance


def _is_floor(name: str) -> bool:
    return name.startswith(("psnr", "ssim"))
