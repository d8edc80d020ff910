"""Samples on which an integer file measures the ranges of its values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_gan.export.errors import ExportError
from keras_gan.export.samplers import Rows
from keras_gan.export.spec import GeneratorInput, GeneratorSpec

MIN_SAMPLES = 100
# Far from the seeds of the proofs, which shall see other samples.
_SEED = 1_000_003
# What is drawn by chance comes this close to its distribution with 100 values.
_SPREAD = 0.25
_SHIFT = 0.5

Calibration = int | Mapping[str, Any]


def calibration_samples(
    spec: GeneratorSpec, calibration: Calibration, batch_size: int | None, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return the samples that an integer file is calibrated on.

    A file serves well what is distributed as its calibration samples: with latents of
    half the spread its pictures lose 20 dB, with a single sample as much.

    Args:
        spec: Of the generator.
        calibration: How many samples to draw from the spec, or arrays by input name.
        batch_size: Of the file, `None` if it is free.
        seed: Seed of the drawn samples.

    Returns:
        Arrays by input name, with at least 100 rows.
    """
    if isinstance(calibration, Mapping):
        return _checked_arrays(spec, calibration)
    if isinstance(calibration, bool) or not isinstance(calibration, int | np.integer):
        raise ExportError(
            "`calibration` must be a number of samples or a dict of arrays by input "
            f"name. Received: calibration={calibration!r}"
        )
    _check_number("calibration", int(calibration))
    for item in spec.inputs:
        _check_rows(item)
    return _drawn(spec, int(calibration), batch_size, seed)


def _drawn(
    spec: GeneratorSpec, count: int, batch_size: int | None, seed: int
) -> dict[str, np.ndarray]:
    # In one draw where that is possible: rows that are given start again with each.
    size = spec.fixed_batch or -(-count // (batch_size or 1)) * (batch_size or 1)
    draws = [spec.draw(size, _SEED + seed + i) for i in range(-(-count // size))]
    return {
        item.name: np.concatenate([draw[item.name] for draw in draws])
        if item.shape
        else draws[0][item.name]
        for item in spec.inputs
    }


def _check_number(what: str, count: int) -> None:
    if count < MIN_SAMPLES:
        raise ExportError(
            f"Calibration needs at least {MIN_SAMPLES} samples: on fewer, values that "
            f"are served later lie outside of the ranges. Received: {what}={count}"
        )


def _check_rows(item: GeneratorInput) -> None:
    rows = item.sampler
    floating = item.dtype.startswith("float")
    if floating and isinstance(rows, Rows) and rows.values.ndim:
        _check_number(f"rows of input `{item.name}`", len(rows.values))


def _checked_arrays(
    spec: GeneratorSpec, calibration: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    if set(calibration) != set(spec.input_names):
        raise ExportError(
            f"`calibration` must have an array for each of {spec.input_names}. "
            f"Received: calibration with {sorted(calibration)}"
        )
    arrays = {item.name: _typed(item, calibration[item.name]) for item in spec.inputs}
    counts = {name: len(array) for name, array in arrays.items() if array.ndim}
    if len(set(counts.values())) != 1:
        raise ExportError(
            "The arrays of `calibration` must have as many rows each. "
            f"Received: {counts}"
        )
    _check_number("number of rows", next(iter(counts.values())))
    drawn = spec.draw(spec.fixed_batch or 1000, _SEED)
    for item in spec.inputs:
        _check_range(item, arrays[item.name])
        _check_distribution(item, arrays[item.name], drawn[item.name])
    return arrays


def _typed(item: GeneratorInput, value: Any) -> np.ndarray:
    array = np.asarray(value)
    expected = (None, *item.shape[1:]) if item.shape else ()
    fits = array.ndim == len(expected) and all(
        size in (None, given) for size, given in zip(expected, array.shape, strict=True)
    )
    if not fits or array.dtype.kind not in "fiub" or not np.all(np.isfinite(array)):
        raise ExportError(
            f"Input `{item.name}` takes finite {item.dtype} values of shape "
            f"{expected}. Received: calibration[{item.name!r}] of dtype {array.dtype} "
            f"and shape {array.shape}"
        )
    return array.astype(item.dtype)


def _check_range(item: GeneratorInput, array: np.ndarray) -> None:
    low, high = item.sampler.low, item.sampler.high
    least, most = array.min(), array.max()
    if (low is not None and least < low) or (high is not None and most > high):
        raise ExportError(
            f"The values of input `{item.name}` are declared as in [{low}, {high}]. "
            f"Received: calibration[{item.name!r}] in [{least}, {most}]. Scale the "
            f"arrays, or declare another range with `spec.adjusted({item.name}=...)`."
        )


def _check_distribution(
    item: GeneratorInput, array: np.ndarray, drawn: np.ndarray
) -> None:
    """Refuse latents of another spread or centre than will be served."""
    if item.role not in ("latents", "noise"):
        return
    spread, expected = array.std(), drawn.std()
    shift = abs(array.mean() - drawn.mean())
    if abs(spread - expected) > _SPREAD * expected or shift > _SHIFT * expected:
        raise ExportError(
            f"Input `{item.name}` is served with mean {drawn.mean():.2f} and standard "
            f"deviation {expected:.2f}. Received: calibration[{item.name!r}] with mean "
            f"{array.mean():.2f} and standard deviation {spread:.2f}, on which ranges "
            "come out wrong. Calibrate on what will be served; if that is what these "
            f"are, declare it with `spec.adjusted({item.name}=Normal(mean, stddev))`."
        )
