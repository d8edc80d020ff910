"""Latents and noise drawn from seeds inside a graph, row by row."""

import zlib
from typing import Any

import tensorflow as tf

from keras_gan import random
from keras_gan.export.samplers import Integers, Normal, OneHot, Uniform
from keras_gan.export.spec import GeneratorInput

_DRAWN_ROLES = ("latents", "noise")
_SAMPLERS = (Normal, Uniform, Integers, OneHot)


def is_drawn(item: GeneratorInput) -> bool:
    """Return whether an input stands for chance, and not for something asked for."""
    return item.role in _DRAWN_ROLES and bool(item.shape)


def can_be_drawn(item: GeneratorInput) -> bool:
    """Return whether a formula draws the rows of an input, each of a known size."""
    return isinstance(item.sampler, _SAMPLERS) and None not in item.shape[1:]


def rows_from_seeds(item: GeneratorInput, seeds: Any, truncation: Any = None) -> Any:
    """Draw a row of an input from each seed.

    A row depends on its own seed and on the name of the input, not on the rows
    beside it, the process or the machine, so that a seed is the address of a picture.

    Args:
        item: An input that `can_be_drawn`.
        seeds: Tensor of int64 seeds of shape `(batch,)`.
        truncation: Tensor of shape `(batch,)`, or one number for all rows: how far
            normal latents go from their mean, 1 as drawn, 0 not at all.

    Returns:
        A tensor of shape `(batch, ...)` with the dtype of the input.
    """
    stream = tf.constant(zlib.crc32(item.name.encode()), tf.int64)

    def row(seed):
        return _row(item, tf.stack([seed, stream]))

    shape = (seeds.shape[0], *item.shape[1:])
    rows = tf.map_fn(row, seeds, fn_output_signature=tf.TensorSpec(shape[1:]))
    if truncation is not None:
        mean = getattr(item.sampler, "mean", 0.0)
        factors = tf.broadcast_to(truncation, tf.shape(seeds))
        ones = [1] * (len(shape) - 1)
        factors = tf.reshape(factors, tf.concat([tf.shape(seeds), ones], 0))
        rows = mean + factors * (rows - mean)
    return tf.ensure_shape(tf.cast(rows, item.dtype), shape)


def _row(item: GeneratorInput, seed: Any) -> Any:
    sizes: Any = item.shape[1:]
    sampler, shape = item.sampler, tf.constant(sizes, tf.int32)
    if isinstance(sampler, Normal):
        return sampler.mean + sampler.stddev * random.normal(shape, seed)
    if isinstance(sampler, Uniform):
        return random.uniform(shape, seed, sampler.low, sampler.high)
    if isinstance(sampler, Integers):
        num_ids = tf.constant(sampler.num_ids, tf.float32)
        return tf.floor(random.uniform(shape, seed) * num_ids)
    chosen = tf.floor(random.uniform(shape[:-1], seed) * tf.cast(shape[-1], tf.float32))
    return tf.one_hot(tf.cast(chosen, tf.int32), sizes[-1])
