"""Parzen likelihood, memorisation, modes and support size, without TensorFlow."""

import gzip
import json
import math

import numpy as np
import pytest

from keras_gan.metrics.distances import nearest
from keras_gan.metrics.frechet import frechet_distance
from keras_gan.metrics.memorisation import memorisation, neighbour_picture
from keras_gan.metrics.modes import class_modes, mixture_modes
from keras_gan.metrics.parzen import parzen_log_likelihood
from keras_gan.metrics.support import support_size

RING = np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4])


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def unit(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=shape)


def log_density(x, samples, sigma):
    """log p(x) by the formula, one Gaussian at a time."""
    dim = samples.shape[1]
    norm = (2 * np.pi * sigma**2) ** (dim / 2)
    terms = [math.exp(-((x - s) ** 2).sum() / (2 * sigma**2)) / norm for s in samples]
    return math.log(sum(terms) / len(samples))


def test_parzen_is_the_mean_log_density_of_a_gaussian_around_each_sample():
    samples, validation, test = unit(30, 5), unit(8, 5, seed=1), unit(12, 5, seed=2)
    found = parzen_log_likelihood(samples, validation, test)
    sigmas = np.logspace(-1, 0, 10)
    chosen = [np.mean([log_density(x, samples, s) for x in validation]) for s in sigmas]
    values = [log_density(x, samples, found.sigma) for x in test]
    assert found.sigma == sigmas[np.argmax(chosen)]
    assert found.log_likelihood == pytest.approx(np.mean(values), rel=1e-12)
    error = np.std(values) / math.sqrt(len(values))
    assert found.standard_error == pytest.approx(error, rel=1e-12)


def test_parzen_chooses_sigma_on_the_first_thousand_validation_images():
    samples, few = unit(20, 3), unit(1000, 3, seed=1)
    # Copies of the samples, which would ask for the narrowest window.
    more = np.concatenate([few, np.repeat(samples, 500, axis=0)])
    expected = parzen_log_likelihood(samples, few, few)
    assert parzen_log_likelihood(samples, more, few) == expected
    assert parzen_log_likelihood(samples, more[::-1], few).sigma == 0.1


def test_parzen_stays_finite_where_every_density_underflows():
    far = np.zeros((2, 784)), np.ones((3, 784))
    found = parzen_log_likelihood(far[0], far[1], far[1], sigmas=[0.01])
    norm = 784 * math.log(0.01 * math.sqrt(2 * math.pi))
    assert found.log_likelihood == pytest.approx(-784 / 2e-4 - norm, rel=1e-12)


def test_parzen_refuses_images_of_another_scale():
    good = unit(4, 8, 8, 1)
    for bad in (2 * good - 1, (255 * good).astype("uint8")):
        with pytest.raises(ValueError, match=r"`test` must have values in \[0, 1\]"):
            parzen_log_likelihood(good, good, bad)
    with pytest.raises(ValueError, match="list of positive widths"):
        parzen_log_likelihood(good, good, good, sigmas=[0.0])


@pytest.fixture
def mnist(real_sets):
    folder = real_sets / "data" / "mnist"
    if not (folder / "parzen_reference.json").is_file():
        pytest.skip(f"{folder} holds no parzen_reference.json")

    def images(name):
        content = gzip.decompress((folder / f"{name}-idx3-ubyte.gz").read_bytes())
        return np.frombuffer(content, "uint8", offset=16).reshape(-1, 784) / 255.0

    reference = json.loads((folder / "parzen_reference.json").read_text())
    return images("train-images"), images("t10k-images"), reference


def bernoulli(train):
    return np.random.default_rng(0).random((10_000, 784)) < train.mean(axis=0)


def clipped_normal(train):
    rows = np.random.default_rng(0).normal(
        train.mean(axis=0), train.std(axis=0), (10_000, 784)
    )
    return rows.clip(0.0, 1.0)


# The oracle's float64 numbers, by the recipe of the authors' parzen_ll.py.
ORACLE = {
    "first 10000 MNIST training images": lambda train: train[:10_000],
    "10000 samples: independent pixel Bernoulli-mean noise, rng0": bernoulli,
    "10000 per-pixel marginal Gaussian clipped, rng0": clipped_normal,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ORACLE)
def test_parzen_of_digits_is_that_of_the_authors_protocol(mnist, name):
    train, test, reference = mnist
    expected = reference[name]
    samples = np.asarray(ORACLE[name](train[:50_000]), "float64")
    found = parzen_log_likelihood(samples, train[50_000:], test)
    assert found.log_likelihood == pytest.approx(expected["test_ll"], rel=1e-6)
    assert found.standard_error == pytest.approx(expected["se"], rel=1e-6)
    assert found.sigma == pytest.approx(expected["sigma"], rel=1e-12)


def test_returned_training_images_are_called_copies():
    train, held_out = normal(400, 6), normal(300, 6, seed=1)
    found = memorisation(train[:200] + 1e-3 * normal(200, 6, seed=2), train, held_out)
    assert found.copied_share == 1.0
    assert found.held_out_copied_share < 0.6
    assert found.z < -10


def test_new_data_is_no_copy_and_neither_is_a_shifted_generator():
    train, held_out = normal(400, 6), normal(300, 6, seed=1)
    new = memorisation(normal(300, 6, seed=2), train, held_out)
    assert abs(new.z) < 3
    assert abs(new.copied_share - new.held_out_copied_share) < 0.1
    shifted = memorisation(normal(300, 6, seed=2) + 2.0, train, held_out)
    assert shifted.z > 10
    assert shifted.copied_share < new.held_out_copied_share


def test_a_copy_is_nearer_to_its_original_than_the_next_one_is():
    train = np.array([[0.0], [1.0], [3.0]])
    # From 0 to 1 it is 1, from 3 to the next 2; on the edge counts as a copy.
    for sample, copied in ((-0.9, 1.0), (-1.1, 0.0), (5.0, 1.0), (5.1, 0.0)):
        assert memorisation([[sample]], train, train).copied_share == copied


def test_z_is_mann_whitneys():
    from scipy.stats import mannwhitneyu

    train, held_out = normal(50, 3), normal(40, 3, seed=1)
    samples = 0.8 * normal(30, 3, seed=2)
    found = memorisation(samples, train, held_out)
    first, second = (nearest(rows, train)[0][:, 0] for rows in (samples, held_out))
    u = mannwhitneyu(first, second).statistic
    deviation = math.sqrt(30 * 40 * 71 / 12)
    assert found.z == pytest.approx((u - 30 * 40 / 2) / deviation, abs=1e-12)


def test_without_held_out_data_training_examples_are_taken_out_in_turn():
    train = normal(60, 4)
    found = memorisation(train[:5], train)
    shares, distances = [], []
    for index in range(60):
        rest = np.delete(train, index, axis=0)
        single = memorisation(train[index, None], rest, train[:1])
        shares.append(single.copied_share)
        distances.append(nearest(train[index, None], rest)[0][0, 0])
    assert found.held_out_copied_share == pytest.approx(np.mean(shares))
    # Five copies at distance 0 are under all 60 distances.
    assert found.z == pytest.approx(-150 / math.sqrt(5 * 60 * 66 / 12))
    assert min(distances) > 0


def test_the_neighbour_picture_shows_samples_beside_their_neighbours():
    train = np.linspace(-1, 1, 5 * 16).reshape(5, 4, 4, 1).astype("float32")
    picture = neighbour_picture(train[:2], train, np.array([[0, 1], [1, 2]]))
    # Two rows of three pictures of 4 pixels, seams of one, a gap of four.
    assert picture.shape == (11, 6 + 4 + 11, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[1:5, 1:5], picture[1:5, 11:15])
    np.testing.assert_array_equal(picture[6:10, 1:5], picture[1:5, 16:20])
    pixels = np.rint((train + 1) * 127.5).astype("uint8")
    from_pixels = neighbour_picture(pixels[:2], pixels, np.array([[0, 1], [1, 2]]))
    np.testing.assert_array_equal(from_pixels, picture)
    with pytest.raises(ValueError, match="one row of indices a sample"):
        neighbour_picture(train[:2], train, np.array([[0]]))


def test_a_mode_is_covered_by_a_sample_within_three_deviations():
    samples = np.concatenate([RING[:3], RING[3:5] * 1.029, RING[5:] * 1.031])
    found = mixture_modes(samples, RING, stddev=0.01)
    assert (found.num_modes, found.high_quality_share) == (5, 5 / 8)
    assert found.kl == 0.0
    one = mixture_modes(np.repeat(RING[:1], 7, axis=0), RING, stddev=0.01)
    assert (one.num_modes, one.high_quality_share) == (1, 1.0)
    assert one.kl == pytest.approx(math.log(8))


def test_of_the_data_itself_nearly_all_is_of_high_quality():
    samples = np.repeat(RING, 2000, axis=0) + 0.01 * normal(16_000, 2)
    share = mixture_modes(samples, RING, stddev=0.01).high_quality_share
    assert share == pytest.approx(1 - math.exp(-4.5), abs=0.004)


def test_classes_that_are_missing_cost_their_share_in_nats():
    assert class_modes(np.arange(1000), 1000) == (1000, 0.0)
    half = class_modes(np.arange(26_000) % 500, 1000)
    assert half.num_modes == 500
    assert half.kl == pytest.approx(math.log(2))
    weights = np.array([0, 0, 0, 2])
    expected = 0.75 * math.log(0.75 * 4) + 0.25 * math.log(0.25 * 4)
    assert class_modes(weights, 4).kl == pytest.approx(expected)


def test_what_are_no_modes_is_refused():
    with pytest.raises(ValueError, match="one integer a sample"):
        class_modes(np.ones((4, 10)), 10)
    with pytest.raises(ValueError, match=r"must lie in \[0, 10\)"):
        class_modes([3, 10], 10)
    with pytest.raises(ValueError, match="`stddev` must be positive"):
        mixture_modes(RING, RING, stddev=0.0)
    with pytest.raises(ValueError, match="the same width"):
        mixture_modes(np.zeros((2, 3)), RING, stddev=0.1)


def test_support_of_a_die_is_its_number_of_faces():
    faces = np.random.default_rng(0).integers(0, 50, 1000)
    found = support_size(np.eye(50)[faces], threshold=0.0)
    counts = np.bincount(faces)
    assert found.num_collisions == (counts * (counts - 1) // 2).sum()
    assert found.support == pytest.approx(50, rel=0.05)
    assert found.low < found.support < found.high
    # Half of all rooms of 23 people share a birthday.
    days = support_size(np.arange(400)[:, None] % 365, threshold=0.5)
    assert days.support == pytest.approx(400 * 399 / 2 / 35)
    year = days.batch_size * math.sqrt(365 / days.support)
    assert round(year) == 23


def test_samples_that_never_coincide_bound_the_support_from_below():
    found = support_size(np.arange(100.0)[:, None], threshold=0.5)
    assert (found.num_collisions, found.support) == (0, math.inf)
    # -log 0.025 collisions are the most that a Poisson mean may be.
    assert found.low == pytest.approx(4950 / -math.log(0.025))


def test_the_threshold_is_where_real_pairs_are_as_rare_as_asked_for():
    real, samples = normal(900, 3), normal(600, 3, seed=1)
    found, same = (support_size(rows, real[:600]) for rows in (samples, real[:600]))
    assert same.num_collisions == 10
    assert same.support == same.ceiling == 600 * 599 / 2 / 10
    assert found.low < found.ceiling < found.high
    # Larger real sets are cut to the number of samples, smaller ones scaled to it.
    more, fewer = (support_size(samples, rows) for rows in (real, real[:450]))
    assert more.threshold == pytest.approx(fewer.threshold, rel=0.5)
    collapsed = support_size(np.repeat(samples[:20], 30, axis=0), real)
    assert collapsed.support == pytest.approx(20, rel=0.05)


def test_equal_real_rows_do_not_hide_a_generator_that_repeats_itself():
    real = normal(1000, 3)
    collapsed = np.repeat(normal(5, 3, seed=1), 200, axis=0)
    collapsed += 1e-4 * normal(1000, 3, seed=2)
    found = support_size(collapsed, np.concatenate([real[:500], real[:500]]))
    assert found.support == pytest.approx(5, rel=0.05)


def test_bytes_and_images_of_floats_are_not_compared():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 9), "uint8")
    drawn = pixels.astype("float32") / 127.5 - 1
    refused = {
        "`train` and `samples`": lambda: memorisation(drawn, pixels),
        "`train` and `held_out`": lambda: memorisation(drawn, drawn, pixels),
        "`real` and `samples`": lambda: support_size(drawn, pixels),
        "`real` and `fake`": lambda: frechet_distance(pixels, drawn),
    }
    for names, act in refused.items():
        with pytest.raises(ValueError, match=f"{names} must be on one scale"):
            act()
    assert memorisation(pixels, pixels.astype("float32")).copied_share == 1.0


def test_a_threshold_needs_enough_real_data():
    samples = normal(1000, 3)
    with pytest.raises(ValueError, match="cannot be measured on 100 real"):
        support_size(samples, normal(100, 3))
    with pytest.raises(ValueError, match="neither `real` nor `threshold`"):
        support_size(samples)
    with pytest.raises(ValueError, match="stands in place of `real`"):
        support_size(samples, samples, threshold=0.1)
