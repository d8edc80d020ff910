"""Time series: pipelines, networks, pictures, and the plain game on them."""

import numpy as np
import pytest

from keras_gan import GAN, data, networks, pictures
from keras_gan.models import door
from tests import games_series as games
from tests import harness


def test_every_epoch_has_every_series_once_and_one_channel_gets_an_axis():
    series = np.arange(40, dtype="float64").reshape(8, 5)
    pipeline = data.from_series(series, batch_size=4)
    batches = np.concatenate(list(pipeline))
    assert batches.dtype == np.float32 and pipeline.example_shape == (5, 1)
    assert sorted(batches[:, 0, 0].tolist()) == series[:, 0].tolist()


def refused(message):
    return pytest.raises(ValueError, match=message)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.zeros((4, 8), "int64"), "int64"),
        (np.zeros((4, 8, 2, 1)), r"\(4, 8, 2, 1\)"),
        (np.zeros((0, 8)), r"\(0, 8\)"),
        (np.full((4, 8), np.nan), "32 of 32"),
        (np.full((4, 8), 1e300), "beyond float32"),
    ],
)
def test_what_is_no_series_gets_one_clear_error(series, message):
    with refused(message):
        data.from_series(series, batch_size=2)


@pytest.mark.parametrize("shape", [(4, 1), (5, 2), (50, 3), (64, 1), (129, 1)])
def test_networks_fit_any_length_and_number_of_channels(shape):
    generator = networks.series_generator(shape, 4, width=2, kernel_size=3)
    discriminator = networks.series_discriminator(shape, width=2, kernel_size=3)
    drawn = generator(np.ones((2, 4), "float32"))
    assert drawn.shape == (2, *shape) and discriminator(drawn).shape == (2, 1)


def test_shapes_that_no_series_has_are_refused():
    for build in (networks.series_generator, networks.series_discriminator):
        with refused(r"Received: series_shape=\(3, 1\)"):
            build((3, 1))
        with refused("One channel is"):
            build((64,))


def test_an_array_of_series_becomes_the_pipeline_of_a_game():
    model = games.series_gan()
    series = np.concatenate(list(games.waves()))
    pipeline = door.pipeline_of_array(model, series, batch_size=64)
    expected = data.from_series(series, batch_size=64, seed=model.seed)
    assert pipeline.example_shape == model.example_shape == games.SHAPE
    for one, other in zip(pipeline, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    with refused("Resize the data, or build the networks"):
        model.fit(series[:, :8], batch_size=64, verbose=0)


def test_series_are_drawn_as_lines_to_one_scale():
    flat = np.zeros((1, 16, 1), "float32")
    rising = np.linspace(-1, 1, 16, dtype="float32")[None, :, None]
    picture = pictures.picture(np.concatenate([rising, flat]), columns=2)
    assert picture.shape == (50, 2 * 97 + 1, 3)
    white = (picture == 255).all(-1)
    left, right = white[:, :98], white[:, 98:]
    # The one goes from the bottom to the top, the other stays in the middle.
    assert left[-2, 1] and left[1, 96]
    assert set(np.nonzero(right)[0]) <= {23, 24, 25} and right.any()


def test_the_example_measures_the_law_of_its_series():
    from examples.series import distances, estimates, oscillations

    real = oscillations(512, seed=3)
    found = estimates(real)
    rng = np.random.default_rng(3)
    rng.uniform(size=(2, 512))
    expected = rng.uniform(2.0, 8.0, 512)
    assert np.abs(found["frequency"] - expected).mean() < 0.3
    same = distances(oscillations(512, seed=4), real)
    double = distances(2.0 * oscillations(512, seed=4), real)
    assert double["amplitude"] > 10 * same["amplitude"]


def test_a_generator_of_vectors_is_refused_by_a_discriminator_of_series():
    with refused("Build it for that shape"):
        GAN(
            harness.generator(),
            networks.series_discriminator(games.SHAPE, width=2),
            latent_dim=harness.LATENT_DIM,
        )
