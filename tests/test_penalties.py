import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import constraints, penalties
from keras_gan.random import normal

SEED = tf.constant([3, 4], "int64")
RNG = np.random.default_rng(0)
REAL = tf.constant(RNG.uniform(-1, 1, (6, 4, 4, 2)), "float32")
FAKE = tf.constant(RNG.uniform(-1, 1, (6, 4, 4, 2)), "float32")
SLOPE = tf.constant(RNG.normal(0, 0.3, (4, 4, 2)), "float32")
NORM = float(np.linalg.norm(SLOPE))


def linear_critic(images):
    return tf.reduce_sum(images * SLOPE, [1, 2, 3])[:, None] + 0.7


def quadratic_critic(images):
    return 0.5 * tf.reduce_sum(tf.square(images), [1, 2, 3])[:, None]


CLOSED_FORMS = {
    "r1": (penalties.R1(gamma=3.0), 1.5 * NORM**2),
    "r2": (penalties.R2(gamma=3.0), 1.5 * NORM**2),
    "gradient_penalty": (penalties.GradientPenalty(weight=5.0), 5 * (NORM - 1) ** 2),
    "dragan": (penalties.DRAGAN(weight=5.0), 5 * (NORM - 1) ** 2),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_penalty_of_a_linear_critic_equals_its_closed_form(name):
    penalty, expected = CLOSED_FORMS[name]
    value = penalty(linear_critic, REAL, FAKE, SEED)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["fd_r1", "fd_r2"])
def test_a_finite_difference_of_a_linear_critic_is_its_slope_along_the_noise(name):
    penalty = penalties.PENALTIES[name](gamma=3.0, sigma=0.1)
    noise = normal(REAL.shape, SEED)
    slopes = tf.reduce_sum(noise * SLOPE, [1, 2, 3])
    expected = 1.5 * tf.reduce_mean(tf.square(slopes))
    value = penalty(linear_critic, REAL, FAKE, SEED)
    np.testing.assert_allclose(value, expected, rtol=1e-3)


def test_finite_differences_agree_with_r1_on_average():
    images = tf.repeat(REAL[:1], 20_000, axis=0)
    exact = penalties.R1(gamma=2.0)(quadratic_critic, images, images, SEED)
    approximate = penalties.FiniteDifferenceR1(gamma=2.0)(
        quadratic_critic, images, images, SEED
    )
    np.testing.assert_allclose(approximate, exact, rtol=0.05)


def test_r1_sees_real_images_and_r2_fake_ones():
    real_norm = tf.reduce_mean(tf.reduce_sum(REAL**2, [1, 2, 3]))
    fake_norm = tf.reduce_mean(tf.reduce_sum(FAKE**2, [1, 2, 3]))
    r1 = penalties.R1(gamma=2.0)(quadratic_critic, REAL, FAKE, SEED)
    r2 = penalties.R2(gamma=2.0)(quadratic_critic, REAL, FAKE, SEED)
    np.testing.assert_allclose([r1, r2], [real_norm, fake_norm], rtol=1e-5)


def test_the_gradient_penalty_looks_between_real_and_fake():
    points = penalties.GradientPenalty().points(REAL, FAKE, SEED)
    share = (points - REAL) / (FAKE - REAL)
    per_image = tf.reshape(share, (len(REAL), -1))
    np.testing.assert_allclose(per_image, per_image[:, :1] * np.ones(32), atol=1e-3)
    assert np.all((per_image >= -1e-3) & (per_image <= 1 + 1e-3))
    assert np.std(per_image[:, 0]) > 0.05


def test_dragan_looks_near_the_data_and_not_at_the_fakes():
    points = penalties.DRAGAN().points(REAL, FAKE, SEED)
    distance = points - REAL
    assert np.all(distance >= 0)
    assert np.max(distance) <= 0.5 * np.std(REAL)
    assert np.max(distance) > 0.1 * np.std(REAL)


def test_the_gradient_of_a_penalty_is_finite_where_the_critic_is_flat():
    weight = tf.Variable(0.0)

    def critic(images):
        return weight * tf.reduce_sum(images, [1, 2, 3])[:, None]

    for name in penalties.PENALTIES:
        with tf.GradientTape() as tape:
            value = penalties.get(name)(critic, REAL, FAKE, SEED)
        assert np.isfinite(tape.gradient(value, weight)), name


def test_vectors_and_patch_critics_are_penalised_too():
    vectors = tf.ones((5, 3))
    critic = lambda x: tf.reduce_sum(2.0 * x, 1, keepdims=True)  # noqa: E731
    np.testing.assert_allclose(
        penalties.R1(gamma=2.0)(critic, vectors, vectors, SEED), 12.0, rtol=1e-6
    )
    patches = lambda x: tf.reduce_sum(x, -1, keepdims=True)  # noqa: E731
    expected = 4 * 4 * 2
    np.testing.assert_allclose(
        penalties.R1(gamma=2.0)(patches, REAL, FAKE, SEED), expected, rtol=1e-6
    )


def test_a_lazy_penalty_is_paid_in_full_on_every_kth_step():
    lazy = penalties.R1(gamma=3.0, interval=4)
    step = tf.Variable(0, dtype="int64")

    @tf.function
    def paid():
        return lazy.at_step(step, linear_critic, REAL, FAKE, SEED)

    values = []
    for _ in range(8):
        values.append(float(paid()))
        step.assign_add(1)
    full = float(penalties.R1(gamma=3.0)(linear_critic, REAL, FAKE, SEED))
    np.testing.assert_allclose(values, [4 * full, 0, 0, 0] * 2, rtol=1e-5)


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_a_penalty_survives_serialisation(name):
    penalty = penalties.PENALTIES[name](interval=3)
    copy = penalties.get(keras.saving.serialize_keras_object(penalty))
    assert type(copy) is type(penalty)
    assert copy.get_config() == penalty.get_config()


def test_bad_weights_intervals_and_names_are_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        penalties.R1(gamma=-1)
    with pytest.raises(ValueError, match="must not be negative"):
        penalties.GradientPenalty(weight=float("nan"))
    with pytest.raises(ValueError, match="counts steps"):
        penalties.R2(interval=0)
    with pytest.raises(ValueError, match="`sigma` must be positive"):
        penalties.FiniteDifferenceR1(sigma=0)
    with pytest.raises(ValueError, match="Did you mean 'dragan'"):
        penalties.get("dragon")
    with pytest.raises(ValueError, match="can be given once"):
        penalties.get_all(["r1", penalties.R1(gamma=1)])


def test_weight_clip_keeps_weights_within_its_limit():
    clipped = constraints.WeightClip(0.1)(np.float32([-3.0, 0.05, 0.2]))
    np.testing.assert_allclose(clipped, [-0.1, 0.05, 0.1])
    with pytest.raises(ValueError, match="must be positive"):
        constraints.WeightClip(0.0)
