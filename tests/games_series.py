"""Short waves of two channels, and the plain game on them."""

import keras
import numpy as np

from keras_gan import GAN, data, networks
from tests import harness

SHAPE = (12, 2)


def waves(batch_size=32, seed=3):
    shifts = np.random.default_rng(0).uniform(0, 6, (128, 1))
    angles = np.linspace(0, 6, SHAPE[0]) + shifts
    series = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return data.from_series(series, batch_size=batch_size, seed=seed)


def series_gan(**compile_options) -> GAN:
    keras.utils.set_random_seed(7)
    dim = harness.LATENT_DIM
    model = GAN(
        networks.series_generator(SHAPE, dim, width=4, kernel_size=3),
        networks.series_discriminator(SHAPE, width=4, kernel_size=3),
        latent_dim=dim,
        seed=11,
    )
    model.compile(**compile_options)
    return model
