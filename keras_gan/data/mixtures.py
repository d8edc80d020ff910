"""Gaussian mixtures in the plane, on which mode collapse can be counted.

VEEGAN (Srivastava et al., 2017, arXiv:1705.07761) and PacGAN (Lin et al., 2018,
arXiv:1712.04086).
"""

import math

import numpy as np
import tensorflow as tf

from keras_gan.data.pipeline import Pipeline, checked_batching, checked_count


class Mixture(Pipeline):
    """Points from equally likely Gaussians, drawn afresh at every step.

    A sample counts as of high quality when it is within three standard deviations of
    a center, and a mode as covered when it has such a sample: VEEGAN's measures,
    for which `centers` and `stddev` are at hand.

    Args:
        centers: Means of the Gaussians, of shape `(num_modes, dim)`.
        stddev: Standard deviation of each Gaussian in each dimension.
        steps_per_epoch: Steps that count as an epoch; the data has no end.
        batch_size: Number of points in a batch.
        seed: Integer that the points depend on.
        name: Name of the data, for reports.

    Example:

    >>> line = Mixture([[-1.0], [0.0], [1.0]], 0.1, batch_size=16)
    >>> line.centers.shape, line.example_shape
    ((3, 1), (1,))
    """

    def __init__(
        self,
        centers: np.ndarray,
        stddev: float,
        *,
        steps_per_epoch: int = 1000,
        batch_size: int = 64,
        seed: int = 0,
        name: str = "mixture",
    ) -> None:
        self.centers = np.asarray(centers, np.float32)
        self.stddev = _checked_length("stddev", stddev)
        batch_size, self.seed = checked_batching(None, batch_size, seed)
        super().__init__(
            self._points_at,
            steps_per_epoch,
            batch_size=batch_size,
            example_shape=self.centers.shape[1:],
            name=name,
        )

    def _points_at(self, step: tf.Tensor) -> tf.Tensor:
        seeds = tf.random.split(tf.stack([self.seed, step]), num=2, alg="philox")
        mode_seed, noise_seed = tf.unstack(seeds)
        modes = tf.random.stateless_uniform(
            [self.batch_size],
            mode_seed,
            maxval=len(self.centers),
            dtype=tf.int32,
            alg="philox",
        )
        noise = tf.random.stateless_normal(
            [self.batch_size, *self.example_shape], noise_seed, alg="philox"
        )
        return tf.gather(self.centers, modes) + self.stddev * noise


def ring(
    num_modes: int = 8,
    *,
    radius: float = 1.0,
    stddev: float = 0.01,
    steps_per_epoch: int = 1000,
    batch_size: int = 64,
    seed: int = 0,
) -> Mixture:
    """Makes a pipeline of Gaussians on a circle, the "2D-ring".

    Mode i is at angle `2 pi i / num_modes`. The defaults are PacGAN's: eight modes on
    the unit circle, variance 0.01^2.

    Args:
        num_modes: Number of Gaussians.
        radius: Radius of the circle of their centers.
        stddev: Standard deviation of each in each dimension.
        steps_per_epoch: Steps that count as an epoch; 1,000 of PacGAN's batches of 100
            are its 100,000 points.
        batch_size: Number of points in a batch.
        seed: Integer that the points depend on.

    Returns:
        A `Mixture` of float32 points of shape `(batch, 2)`.

    Example:

    >>> [float(x) for x in ring(num_modes=4).centers[0]]
    [1.0, 0.0]
    """
    num_modes = checked_count("num_modes", num_modes)
    angles = 2 * math.pi * np.arange(num_modes) / num_modes
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Mixture(
        _checked_length("radius", radius) * circle,
        stddev,
        steps_per_epoch=steps_per_epoch,
        batch_size=batch_size,
        seed=seed,
        name="ring",
    )


def grid(
    side: int = 5,
    *,
    spacing: float = 2.0,
    stddev: float = 0.05,
    steps_per_epoch: int = 1000,
    batch_size: int = 64,
    seed: int = 0,
) -> Mixture:
    """Makes a pipeline of Gaussians on a square lattice, the "2D-grid".

    The lattice is centered on the origin. The defaults are PacGAN's: 25 modes at
    (-4 + 2i, -4 + 2j), variance 0.0025.

    Args:
        side: Number of Gaussians along a side; there are `side * side`.
        spacing: Distance between neighbouring centers.
        stddev: Standard deviation of each in each dimension.
        steps_per_epoch: Steps that count as an epoch.
        batch_size: Number of points in a batch.
        seed: Integer that the points depend on.

    Returns:
        A `Mixture` of float32 points of shape `(batch, 2)`.

    Example:

    >>> grid().centers.shape
    (25, 2)
    """
    side = checked_count("side", side)
    ticks = _checked_length("spacing", spacing) * (np.arange(side) - (side - 1) / 2)
    lattice = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
    return Mixture(
        lattice.reshape(-1, 2),
        stddev,
        steps_per_epoch=steps_per_epoch,
        batch_size=batch_size,
        seed=seed,
        name="grid",
    )


def _checked_length(name: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise ValueError(
            f"`{name}` must be finite and not negative. Received: {name}={value!r}."
        )
    return float(value)
