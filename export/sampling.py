"""Seeded inputs that a generator can be tried on."""

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError


@dataclasses.dataclass(frozen=True)
class Sampler:
    """Draw inputs for a generator, the same ones for the same seed.

    Floats of rank 4 are taken for images and drawn uniformly from [-1, 1]; other
    floats are drawn from a standard normal distribution, integers uniformly from
    `[0, num_ids)`. A free dimension besides the batch is 32 at batch 1 and else 64,
    so that two sizes are tried.

    Args:
        specs: Name of each input to its dtype and shape.
        num_ids: How many ids the integer inputs may take.
        given: Arrays by name to take rows from instead, around and around.
    """

    specs: Mapping[str, tf.TensorSpec]
    num_ids: int = 2
    given: Mapping[str, np.ndarray] | None = None

    def __call__(self, batch_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([seed, batch_size])
        return {name: self._draw(name, batch_size, rng) for name in self.specs}

    def static_shape(self, name: str, batch_size: int) -> tuple[int | None, ...]:
        """Return the shape of an input, with the free sizes of the given samples."""
        shape = tuple(self.specs[name].shape)
        if self.given is not None:
            shape = self.given[name].shape
        return (batch_size, *shape[1:]) if shape else shape

    def _draw(self, name: str, batch_size: int, rng: np.random.Generator) -> np.ndarray:
        spec = self.specs[name]
        if self.given is not None:
            rows = self.given[name]
            return rows[np.arange(batch_size) % len(rows)] if rows.ndim else rows
        if not (spec.dtype.is_floating or spec.dtype.is_integer or spec.dtype.is_bool):
            raise ExportError(
                f"Inputs of dtype {spec.dtype.name} cannot be drawn at random. "
                f"Received: input `{name}`. Pass `sample_inputs` to try it on."
            )
        free_size = 32 if batch_size == 1 else 64
        shape = self.static_shape(name, batch_size)
        shape = [free_size if size is None else size for size in shape]
        return np.asarray(self._values(spec, shape, rng), spec.dtype.as_numpy_dtype)

    def _values(
        self, spec: tf.TensorSpec, shape: list[int], rng: np.random.Generator
    ) -> np.ndarray:
        if spec.dtype.is_integer or spec.dtype.is_bool:
            return rng.integers(0, 2 if spec.dtype.is_bool else self.num_ids, shape)
        if spec.shape.rank == 4:
            return rng.uniform(-1.0, 1.0, shape)
        return rng.standard_normal(shape)


def num_valid_ids(model: keras.Model) -> int:
    """Return how many ids every embedding of the generator knows, 2 if it has none."""
    sizes = [
        layer.input_dim
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Embedding)
    ]
    return min(sizes, default=2)
