"""Metrics of two clouds of features: laws, streaming, and what they refuse."""

import numpy as np
import pytest

from keras_gan.metrics.frechet import FeatureStatistics, frechet_distance
from keras_gan.metrics.inception_score import inception_score
from keras_gan.metrics.kernel import kernel_distance, squared_discrepancy
from keras_gan.metrics.mind import mind
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall

RNG = np.random.default_rng(0)
MIXING = RNG.normal(size=(6, 6))
REAL = RNG.normal(size=(200, 6)) @ MIXING
FAKE = RNG.normal(size=(150, 6)) * 0.7 + 0.3
ROTATION = np.linalg.qr(RNG.normal(size=(6, 6)))[0]

DISTANCES = {
    "fd": frechet_distance,
    "kid": lambda real, fake: kernel_distance(real, fake, subset_size=50).mean,
    "mind": mind,
}
COMPARISONS = {**DISTANCES, "pr": precision_recall, "dc": density_coverage}


def with_spectrum(variances):
    """Points whose covariance is exactly diagonal with these variances."""
    width = len(variances)
    points = np.concatenate([np.eye(width), -np.eye(width), np.zeros((1, width))])
    return points * np.sqrt(np.asarray(variances) * width)  # 2 v w / (2 w) = v


def test_the_frechet_distance_of_axis_aligned_clouds_is_that_of_their_deviations():
    first, second = np.array([4.0, 1.0, 0.25]), np.array([1.0, 9.0, 0.0])
    gap = np.array([1.0, -2.0, 0.5])
    expected = np.sum(gap**2) + np.sum((np.sqrt(first) - np.sqrt(second)) ** 2)
    value = frechet_distance(with_spectrum(first), with_spectrum(second) + gap)
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_the_frechet_distance_of_dead_features_is_as_without_them():
    dead = np.zeros((200, 3))
    padded = frechet_distance(np.hstack([REAL, dead]), np.hstack([FAKE, dead[:150]]))
    np.testing.assert_allclose(padded, frechet_distance(REAL, FAKE), rtol=1e-9)


def test_the_frechet_distance_of_a_collapsed_generator_is_all_of_the_variance():
    collapsed = np.full((50, 6), 2.0)
    gap = REAL.mean(axis=0) - 2.0
    expected = gap @ gap + REAL.var(axis=0, ddof=1).sum()
    np.testing.assert_allclose(frechet_distance(REAL, collapsed), expected, rtol=1e-9)


def test_few_images_of_many_features_are_measured_only_knowingly():
    few = [RNG.normal(size=(9, 40)) @ np.eye(40)[:, :30] for _ in range(2)]
    with pytest.raises(ValueError, match="at least 31 images"):
        frechet_distance(*few)
    by_images = frechet_distance(*few, allow_rank_deficient=True)
    stored = [FeatureStatistics.of(side) for side in few]
    with pytest.raises(ValueError, match="Received: 9 images of 30 features"):
        frechet_distance(*stored)
    by_covariances = frechet_distance(*stored, allow_rank_deficient=True)
    centred = [side - side.mean(axis=0) for side in few]
    overlap = np.linalg.svd(centred[0] @ centred[1].T / 8, compute_uv=False).sum()
    means = np.sum((few[0].mean(axis=0) - few[1].mean(axis=0)) ** 2)
    expected = means + sum((side**2).sum() / 8 for side in centred) - 2 * overlap
    np.testing.assert_allclose(by_images, expected, rtol=1e-12)
    # Rounding of a covariance's zero variances enters as its root.
    np.testing.assert_allclose(by_covariances, expected, rtol=1e-6)


def test_statistics_of_batches_are_those_of_the_whole_even_far_from_zero():
    features = (REAL + 1e6).astype("float64")
    statistics = FeatureStatistics()
    for start in (0, 1, 130):
        statistics.update(features[start : {0: 1, 1: 130, 130: 200}[start]])
    assert statistics.count == 200
    np.testing.assert_allclose(statistics.mean, features.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(
        statistics.covariance, np.cov(REAL, rowvar=False), rtol=1e-8, atol=1e-8
    )
    np.testing.assert_allclose(
        frechet_distance(statistics, FAKE + 1e6), frechet_distance(REAL, FAKE), 1e-8
    )


def test_kept_statistics_open_with_their_own_key_only(tmp_path):
    path = tmp_path / "cache" / "real.npz"
    statistics = FeatureStatistics.of(REAL)
    statistics.save(path, data="mnist", features="random")
    again = FeatureStatistics.load(path, features="random", data="mnist")
    assert frechet_distance(again, FAKE) == frechet_distance(statistics, FAKE)
    again.update(FAKE)
    np.testing.assert_allclose(
        again.covariance, np.cov(np.concatenate([REAL, FAKE]), rowvar=False)
    )
    for key in ({"data": "cifar10", "features": "random"}, {"data": "mnist"}):
        with pytest.raises(ValueError, match="statistics of something else"):
            FeatureStatistics.load(path, **key)
    path.write_bytes(b"not ours")
    with pytest.raises(ValueError, match="no file of `FeatureStatistics.save`"):
        FeatureStatistics.load(path)
    assert not list(path.parent.glob(".partial-*"))


def test_the_kernel_distance_is_unbiased():
    values = []
    for seed in range(200):
        cloud = np.random.default_rng(seed).normal(size=(2, 20, 3))
        values.append(squared_discrepancy(*cloud))
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0 < max(values)


def test_the_kernel_distance_of_two_pairs_is_its_formula():
    real, fake = np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])
    # k(1, 2) = 27, k(0, 3) = 1; across 1, 64, 1, 343.
    value = kernel_distance(real, fake, num_subsets=3, subset_size=2)
    assert value == pytest.approx((27 + 1 - 409 / 2, 0.0))


def test_mind_of_a_shift_is_three_times_its_squared_length():
    shift = np.array([1.0, -2.0, 0.0, 0.5, 0.0, 3.0])
    # Along u the clouds are u @ shift apart; the mean of its square is |shift|^2 / d.
    value = mind(REAL, REAL + shift, num_projections=20_000)
    np.testing.assert_allclose(value, 3 * shift @ shift, rtol=0.03)
    exact = mind(REAL, REAL + shift, directions=5.0 * ROTATION)
    np.testing.assert_allclose(exact, 3 * shift @ shift, rtol=1e-12)


def test_mind_takes_as_many_of_the_larger_side():
    repeated = np.repeat(REAL[:1], 300, axis=0)
    assert mind(repeated, repeated[:7] + 1.0, directions=np.eye(6)) == 18.0
    assert mind(REAL, FAKE) == mind(REAL, FAKE) != mind(REAL, FAKE, seed=1)


@pytest.mark.parametrize("name", DISTANCES)
def test_a_distance_is_symmetric_small_at_home_and_large_abroad(name):
    distance = DISTANCES[name]
    at_home = distance(REAL[:100], REAL[100:])
    assert abs(at_home) < 0.2 * distance(REAL[:100], REAL[100:] + 3.0)
    there, back = distance(REAL[:150], FAKE), distance(FAKE, REAL[:150])
    # The subsets are drawn for one side after the other.
    np.testing.assert_allclose(there, back, rtol=0.2 if name == "kid" else 1e-9)


@pytest.mark.parametrize("name", ["fd", "pr", "dc"])
def test_turning_and_moving_all_features_changes_nothing(name):
    turned = [side @ ROTATION + 5.0 for side in (REAL, FAKE)]
    np.testing.assert_allclose(
        COMPARISONS[name](*turned), COMPARISONS[name](REAL, FAKE), rtol=1e-9
    )


@pytest.mark.parametrize("name", COMPARISONS)
def test_float32_features_are_measured_as_their_float64_copies(name):
    single = REAL.astype("float32"), FAKE.astype("float32")
    double = [side.astype("float64") for side in single]
    assert COMPARISONS[name](*single) == COMPARISONS[name](*double)


def test_the_inception_score_is_one_for_unsure_and_all_classes_for_sure_images():
    sure = np.eye(5)[np.arange(100) % 5]
    unsure, one_class = np.full((40, 5), 0.2), np.eye(5)[[3] * 40]
    for probabilities, expected in ((unsure, 1), (one_class, 1), (sure, 5)):
        value = inception_score(probabilities, num_splits=1)
        assert value == pytest.approx((expected, 0.0))
    mean, std = inception_score(sure)
    assert 1 < mean < 5 and std > 0


def changed(value):
    features = REAL.copy()
    features[[3, 9], 2] = value
    return features


BAD_SIDES = {
    "nan": (changed(np.nan), "2 of 200 rows with NaN"),
    "infinite": (changed(-np.inf), "2 of 200 rows with NaN"),
    "overflow": (changed(1e200), "within 1e\\+20.* to 1e\\+200"),
    "rank": (REAL.reshape(200, 2, 3), "Received: shape=\\(200, 2, 3\\)"),
    "width": (REAL[:, :4], "Received: 4 and 6 features"),
    "rows": (REAL[:1], "1"),
    "dtype": (REAL.astype("U"), "must hold real numbers"),
}


@pytest.mark.parametrize("fault", BAD_SIDES)
@pytest.mark.parametrize("name", COMPARISONS)
def test_features_that_can_not_be_measured_are_refused(name, fault):
    real, message = BAD_SIDES[fault]
    with pytest.raises(ValueError, match=message):
        COMPARISONS[name](real, FAKE)


REFUSALS = {
    "subset_size": lambda: kernel_distance(REAL, FAKE, subset_size=151),
    "2 or more": lambda: kernel_distance(REAL, FAKE, subset_size=1),
    "`num_subsets` must": lambda: kernel_distance(REAL, FAKE, num_subsets=0),
    "`num_projections` must": lambda: mind(REAL, FAKE, num_projections=2.5),
    "`directions` must be of": lambda: mind(REAL, FAKE, directions=np.eye(5)),
    "none of": lambda: mind(REAL, FAKE, directions=np.zeros((2, 6))),
    "softmax of the logits": lambda: inception_score(REAL),
    "at least 10 rows": lambda: inception_score(np.eye(5)),
    "Call `update": lambda: FeatureStatistics().mean,
    "at least 2 images": lambda: FeatureStatistics.of(REAL[:1]).covariance,
    "after 6": lambda: FeatureStatistics.of(REAL).update(REAL[:, :5]),
    "hold at least 4 rows": lambda: precision_recall(REAL[:3], FAKE),
    "hold at least 6 rows": lambda: density_coverage(REAL, FAKE[:5]),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_settings_that_do_not_fit_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSALS[message]()
