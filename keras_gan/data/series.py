"""Pipelines over time series."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.data.checks import as_float32
from keras_gan.data.pipeline import Pipeline, checked_batching, shuffled_indices


def from_series(
    series: np.ndarray, *, batch_size: int = 64, seed: int = 0, name: str = "series"
) -> Pipeline:
    """Makes a pipeline of time series of one length.

    Series have no range of their own. Scale them to a standard deviation of about 1,
    and cut longer ones into windows.

    Args:
        series: Finite floating-point numbers of shape
            `(num_examples, length, channels)`, or `(num_examples, length)` for one
            channel.
        batch_size: Number of series in a batch.
        seed: Integer that the order of the series depends on.
        name: Name of the data, for reports.

    Returns:
        A `Pipeline` of float32 batches of shape `(batch, length, channels)`.

    Example:

    >>> waves = np.sin(np.linspace(0, 9, 32) + np.arange(100.0)[:, None])
    >>> pipeline = from_series(waves, batch_size=50)
    >>> len(pipeline), pipeline.example_shape
    (2, (32, 1))
    """
    series = _checked(series)
    batch_size, seed = checked_batching(len(series), batch_size, seed)
    indices_at = shuffled_indices(len(series), batch_size, seed)
    with tf.device("CPU:0"):
        tensor = tf.constant(series)
    return Pipeline(
        lambda step: tf.gather(tensor, indices_at(step)),
        len(series) // batch_size,
        batch_size=batch_size,
        example_shape=series.shape[1:],
        name=name,
        num_examples=len(series),
    )


def _checked(series: Any) -> np.ndarray:
    given = np.asarray(series)
    if given.ndim not in (2, 3) or 0 in given.shape or given.dtype.kind != "f":
        raise ValueError(
            "Expected floating-point series of shape (num_examples, length, channels) "
            f"or (num_examples, length). Received: {given.dtype} of shape "
            f"{given.shape}. Cut series of different lengths into windows of one."
        )
    given = as_float32(given if given.ndim == 3 else given[..., None])
    bad = int(given.size - np.count_nonzero(np.isfinite(given)))
    if bad:
        raise ValueError(
            f"Expected finite numbers. Received: {bad} of {given.size} that are NaN, "
            "infinite or beyond float32. Fill the gaps, or leave these series out."
        )
    return given
