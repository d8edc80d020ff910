"""Seeded inputs of a generator and its outputs, kept beside the artefacts."""

import dataclasses
import pathlib
import zipfile
from collections.abc import Mapping

import numpy as np

from keras_gan.export.card.pictures import value_range
from keras_gan.export.errors import ExportError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import relative_error
from keras_gan.export.quality import psnr
from keras_gan.export.spec import GeneratorSpec

NUM_SAMPLES = 16
_MAX_BYTES = 8 * 2**20

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Reference:
    """Inputs and outputs by name, from which another machine can check artefacts."""

    inputs: Arrays
    outputs: Arrays

    def save(self, path: pathlib.Path) -> None:
        """Write both into one `.npz` file, as `inputs/NAME` and `outputs/NAME`."""
        arrays = {f"inputs/{name}": _plain(v) for name, v in self.inputs.items()}
        arrays |= {f"outputs/{name}": v for name, v in self.outputs.items()}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: pathlib.Path) -> "Reference":
        """Read what `save` wrote."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: _as_fed(file[name]) for name in file.files}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise ExportError(
                f"{path} can't be read: {error}. Arrays of Python objects are refused, "
                "since unpickling runs code. Export again."
            ) from error
        return cls(_part(arrays, "inputs/"), _part(arrays, "outputs/"))


def reference_of(flat: FlatGenerator, seed: int) -> Reference:
    """Draw the reference of a generator: `NUM_SAMPLES` inputs, fewer if they are large.

    Args:
        flat: The generator.
        seed: Seed of the inputs.
    """
    count = flat.spec.fixed_batch or NUM_SAMPLES
    inputs = flat.spec.draw(count, seed)
    outputs = flat.reference(inputs)
    size = sum(v.nbytes for v in (*inputs.values(), *outputs.values()))
    if flat.spec.fixed_batch is None and size > _MAX_BYTES:
        count = max(1, count * _MAX_BYTES // size)
        inputs, outputs = _first(inputs, count), _first(outputs, count)
    return Reference(inputs, outputs)


def differences(
    spec: GeneratorSpec, expected: Mapping[str, np.ndarray], actual: Arrays
) -> dict[str, float]:
    """Return how far outputs are from the reference, over all outputs the worst.

    Args:
        spec: Inputs and outputs of the generator.
        expected: What the Keras generator made.
        actual: What an artefact made of the same inputs.

    Returns:
        `relative_error`, and for float outputs `psnr_mean` and `psnr_min` in dB.
    """
    errors, ratios = [0.0], []
    for output in spec.outputs:
        want, got = expected[output.name], actual[output.name]
        errors.append(relative_error(got, want))
        if want.dtype.kind != "f":
            continue
        low, high = value_range(output, want)
        ratios.append(psnr(want, got, high - low))
    found = {"relative_error": max(errors)}
    if ratios:
        found["psnr_mean"] = min(float(np.mean(ratio)) for ratio in ratios)
        found["psnr_min"] = min(float(np.min(ratio)) for ratio in ratios)
    return found


def _first(arrays: Arrays, count: int) -> Arrays:
    return {name: v[:count] if v.ndim else v for name, v in arrays.items()}


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }


def _plain(value: np.ndarray) -> np.ndarray:
    # Strings come as objects, which only pickle would store.
    return value.astype("S") if value.dtype == object else value


def _as_fed(value: np.ndarray) -> np.ndarray:
    return value.astype(object) if value.dtype.kind == "S" else value
