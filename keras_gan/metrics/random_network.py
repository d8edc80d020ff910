"""Features of a network whose weights are random, and the same everywhere."""

import functools
from typing import Any

import numpy as np
import tensorflow as tf

_NUM_PROJECTIONS = 128
_WIDTHS = (16, 32, 64, 128)


def random_network(values: tf.Tensor) -> tf.Tensor:
    """Return features of a network with fixed random weights.

    Random convolutions tell textures and shapes apart without a download, and a
    generator of any domain can be judged by them. Images go through four 3x3
    convolutions of stride 2 with ReLU, and each gives the mean and the standard
    deviation of its channels; anything else is projected on random directions. The
    weights come from the raw integers of NumPy's Philox generator, which are the same
    in every version and on every machine.

    Args:
        values: Float32 tensor of shape `(batch, ...)`, of about zero mean and unit
            variance; four dimensions are images. All but the batch must be static.

    Returns:
        Float32 tensor of shape `(batch, num_features)`: 480 features of images, 128
        of anything else.
    """
    if values.shape.rank != 4:
        return _projected(values)
    features = []
    for kernel in _kernels(values.shape[-1]):
        values = tf.nn.relu(tf.nn.conv2d(values, kernel, 2, "SAME"))
        mean, variance = tf.nn.moments(values, (1, 2))
        features += [mean, tf.sqrt(variance)]
    return tf.concat(features, -1)


def random_features(outputs: np.ndarray) -> np.ndarray:
    """Return the features of `random_network` for an array, computed on the CPU.

    Args:
        outputs: Array of shape `(batch, ...)`, see `random_network`.

    Returns:
        Float64 array of shape `(batch, num_features)`.
    """
    with tf.device("CPU:0"):
        features = random_network(tf.constant(np.asarray(outputs, "float32")))
    return features.numpy().astype("float64")


@functools.lru_cache(maxsize=8)
def _kernels(channels: int) -> tuple[np.ndarray, ...]:
    generator = np.random.Philox(0)
    kernels = []
    for width in _WIDTHS:
        variance = 2.0 / (9 * channels)
        kernels.append(_weights(generator, (3, 3, channels, width), variance))
        channels = width
    return tuple(kernels)


def _projected(values: tf.Tensor, block: int = 4096) -> tf.Tensor:
    # Block by block, since the directions of a long waveform do not fit in memory.
    generator = np.random.Philox(0)
    width = values.shape[1:].num_elements()
    values = tf.reshape(values, (-1, width))
    parts: list[Any] = []
    for start in range(0, width, block):
        part = values[:, start : start + block]
        shape = (min(block, width - start), _NUM_PROJECTIONS)
        parts.append(tf.matmul(part, _weights(generator, shape, 1.0)))
    return tf.add_n(parts)


def _weights(
    generator: np.random.Philox, shape: tuple[int, ...], variance: float
) -> np.ndarray:
    """Return uniform weights of zero mean."""
    raw = generator.random_raw(int(np.prod(shape))).reshape(shape)
    return ((raw / 2.0**64 - 0.5) * np.sqrt(12.0 * variance)).astype("float32")
