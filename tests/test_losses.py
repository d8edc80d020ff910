import keras
import numpy as np
import pytest

from keras_gan import losses

REAL = np.array([[1.5], [-0.5], [0.25]], "float32")
FAKE = np.array([[-2.0], [0.75], [0.1]], "float32")


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def expected_pairs(x, y):
    """Both players' losses of every pair, written in probabilities with NumPy."""
    log_d, log_not_d = np.mean(log_sigmoid(x)), np.mean(log_sigmoid(-y))
    return {
        "minimax": (-log_d - log_not_d, log_not_d),
        "non_saturating": (-log_d - log_not_d, -np.mean(log_sigmoid(y))),
        "least_squares": (
            np.mean((x - 1) ** 2) / 2 + np.mean(y**2) / 2,
            np.mean((y - 1) ** 2) / 2,
        ),
        "wasserstein": (np.mean(y) - np.mean(x), -np.mean(y)),
        "hinge": (
            np.mean(np.maximum(0, 1 - x)) + np.mean(np.maximum(0, 1 + y)),
            -np.mean(y),
        ),
        "relativistic_average": (
            -np.mean(log_sigmoid(x - y.mean())) - np.mean(log_sigmoid(x.mean() - y)),
            -np.mean(log_sigmoid(y - x.mean())) - np.mean(log_sigmoid(y.mean() - x)),
        ),
        "relativistic_paired": (
            -np.mean(log_sigmoid(x - y)),
            -np.mean(log_sigmoid(y - x)),
        ),
    }


@pytest.mark.parametrize("name", losses.LOSSES)
def test_both_players_losses_equal_their_numpy_value(name):
    loss = losses.get(name)
    discriminator, generator = expected_pairs(
        REAL.astype("float64"), FAKE.astype("float64")
    )[name]
    np.testing.assert_allclose(loss.discriminator(REAL, FAKE), discriminator, rtol=1e-5)
    np.testing.assert_allclose(loss.generator(FAKE, REAL), generator, rtol=1e-5)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_beliefs_are_one_half_where_real_and_fake_look_the_same_to_an_optimal_critic(
    name,
):
    loss = losses.get(name)
    equilibrium = {"least_squares": 0.5, "wasserstein": 7.0}.get(name, 0.0)
    logits = np.full((4, 1), equilibrium, "float32")
    np.testing.assert_allclose(loss.probabilities(logits, logits), [0.5, 0.5])


@pytest.mark.parametrize("name", losses.LOSSES)
def test_a_better_fake_lowers_the_generator_and_a_clearer_margin_the_discriminator(
    name,
):
    loss = losses.get(name)
    assert loss.generator(FAKE + 0.5, REAL) < loss.generator(FAKE, REAL)
    real = np.array([[0.4]], "float32")
    fake = np.array([[0.3]], "float32")
    assert loss.discriminator(real + 0.2, fake - 0.2) < loss.discriminator(real, fake)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_label_smoothing_moves_the_optimum_of_real_images_only(name):
    loss = losses.LOSSES[name](label_smoothing=0.1)
    optimum = np.log(0.9 / 0.1).astype("float32")
    at, above = loss.discriminator(optimum, -9.0), loss.discriminator(optimum + 1, -9.0)
    assert at < above
    np.testing.assert_allclose(
        loss.generator(FAKE, REAL), losses.get(name).generator(FAKE, REAL)
    )
    fake_part = loss.discriminator(REAL, FAKE) - loss.discriminator(REAL, FAKE * 0)
    plain = losses.get(name)
    plain_part = plain.discriminator(REAL, FAKE) - plain.discriminator(REAL, FAKE * 0)
    np.testing.assert_allclose(fake_part, plain_part, rtol=1e-5)


def test_smoothed_least_squares_is_zero_at_its_smoothed_target():
    loss = losses.LeastSquares(label_smoothing=0.2)
    assert loss.discriminator(np.float32([[0.8]]), np.float32([[0.0]])) == 0


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0])
def test_a_label_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=r"\[0, 0.5\)"):
        losses.NonSaturating(label_smoothing=smoothing)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_a_loss_survives_serialisation(name):
    loss = losses.get(name)
    config = keras.saving.serialize_keras_object(loss)
    copy = losses.get(config)
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()


def test_half_precision_logits_give_a_float32_loss():
    loss = losses.get("hinge")
    value = loss.discriminator(REAL.astype("float16"), FAKE.astype("float16"))
    assert keras.backend.standardize_dtype(value.dtype) == "float32"


def test_a_map_of_logits_counts_every_patch_once():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 4, 3, 3, 1)).astype("float32")
    loss = losses.get("non_saturating")
    flat = loss.discriminator(real.reshape(-1, 1), fake.reshape(-1, 1))
    np.testing.assert_allclose(loss.discriminator(real, fake), flat, rtol=1e-6)


def test_an_unknown_name_is_refused_with_the_near_misses():
    with pytest.raises(ValueError, match="Did you mean 'wasserstein'"):
        losses.get("waserstein")
    with pytest.raises(ValueError, match="Expected a loss as a name"):
        losses.get(3)
