import numpy as np
import pytest
import tensorflow as tf

from keras_gan.random import normal, uniform

SEED = tf.constant([(3 << 32) | 7, 5], "int64")


@pytest.mark.parametrize("draw", [normal, uniform])
def test_draws_are_the_same_with_and_without_xla(draw):
    plain = tf.function(lambda: draw((40, 25), SEED))()
    compiled = tf.function(lambda: draw((40, 25), SEED), jit_compile=True)()
    np.testing.assert_allclose(plain, compiled, rtol=1e-5, atol=1e-6)


def test_normal_numbers_have_the_moments_of_the_distribution():
    x = normal((100_000,), SEED).numpy().astype("float64")
    moments = [np.mean(x**power) for power in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)
    assert 4 < np.abs(x).max() < 5.8


def test_uniform_numbers_fill_their_range_evenly():
    x = uniform((100_000,), SEED, -2.0, 2.0).numpy()
    assert -2 <= x.min() and x.max() < 2
    counts = np.histogram(x, bins=20, range=(-2, 2))[0]
    np.testing.assert_allclose(counts, 5000, rtol=0.06)


def test_other_seeds_give_other_numbers():
    seeds = [SEED, SEED + [0, 1], SEED + [1, 0], tf.constant([7, 5], "int64")]
    draws = [normal((8,), seed).numpy() for seed in seeds]
    for i, one in enumerate(draws):
        for other in draws[i + 1 :]:
            assert np.abs(one - other).min() > 0
