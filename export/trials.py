"""The inputs that an artefact and its generator are compared on."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from keras_gan.export.flat import FlatGenerator
from keras_gan.export.spec import GeneratorSpec

NUM_SAMPLES = 256
_MAX_BATCH_SIZE = 32
# Of float32, 16 MiB a batch: layers inside of a generator need many times as much.
_MAX_VALUES = 2**22

Arrays = dict[str, np.ndarray]


def trials(
    flat: FlatGenerator, batch_sizes: Sequence[int], seed: int
) -> Iterator[tuple[Arrays, Arrays]]:
    """Yield inputs and the outputs of Keras: each batch size, then an oblong picture.

    Args:
        flat: The generator.
        batch_sizes: Batch sizes.
        seed: Seed of the inputs.
    """
    inputs: Arrays = {}
    for trial, batch_size in enumerate(batch_sizes):
        inputs = flat.spec.draw(batch_size, seed + trial)
        yield inputs, flat.reference(inputs)
    oblong = _oblong(flat.spec, inputs)
    if oblong is None:
        return
    try:
        expected = flat.reference(oblong)
    except Exception:  # this generator takes squares only
        return
    yield oblong, expected


def samples(
    spec: GeneratorSpec, seed: int, batch_size: int | None = None
) -> Iterator[Arrays]:
    """Yield inputs of 256 samples, or a few more, batch after batch.

    Args:
        spec: Of the generator.
        seed: Seed of the inputs.
        batch_size: By default the one that the generator insists on, or else up to 32,
            fewer if the samples are big.
    """
    size = batch_size or spec.fixed_batch or _fitting_batch_size(spec)
    for index in range(math.ceil(NUM_SAMPLES / size)):
        inputs = spec.draw(size, seed + index)
        for item in spec.inputs:
            rows = getattr(item.sampler, "values", None)
            if rows is not None and rows.ndim:  # every draw starts at the first
                chosen = (index * size + np.arange(size)) % len(rows)
                inputs[item.name] = rows[chosen].astype(inputs[item.name].dtype)
        yield inputs


def _fitting_batch_size(spec: GeneratorSpec) -> int:
    shapes = [item.shape[1:] for item in (*spec.inputs, *spec.outputs)]
    largest = max(math.prod(size or 64 for size in shape) for shape in shapes)
    return max(1, min(_MAX_BATCH_SIZE, _MAX_VALUES // largest))


def _oblong(spec: GeneratorSpec, inputs: Arrays) -> Arrays | None:
    """Return inputs of half the height where a picture may have any size."""
    free = [
        item.name
        for item in spec.inputs
        if len(item.shape) == 4
        and item.shape[1:3] == (None, None)
        and not hasattr(item.sampler, "values")
    ]
    cut = {name: inputs[name][:, : inputs[name].shape[1] // 2] for name in free}
    return {**inputs, **cut} if cut else None
