"""Perceptual path length and MS-SSIM diversity."""

import numpy as np
import pytest

from keras_gan import pictures
from keras_gan.metrics.diversity import ms_ssim, ms_ssim_diversity, scales
from keras_gan.metrics.path_length import (
    NoPathLength,
    perceptual_path_length,
    step,
)

RNG = np.random.default_rng(2)
LATENTS = RNG.normal(size=(80, 8)).astype("float32")
SLOPE = RNG.normal(size=(8, 12)).astype("float32")


def draw(latents):
    return 0.1 * latents @ SLOPE


def flat(images):
    return np.asarray(images)


def test_the_path_of_a_linear_generator_is_the_length_of_its_slope():
    starts, ends = np.split(LATENTS.astype("float64"), 2)
    expected = np.square(0.1 * (ends - starts) @ SLOPE).sum(axis=1)
    value = perceptual_path_length(
        draw, LATENTS, flat, straight=True, percentiles=None, batch_size=7
    )
    # Float32 latents hold a step of 1e-4 to three digits.
    np.testing.assert_allclose(value, (expected.mean(), expected.std()), rtol=3e-3)


def test_the_tails_are_dropped_as_the_percentiles_say():
    starts, ends = np.split(LATENTS.astype("float64"), 2)
    lengths = np.sort(np.square(0.1 * (ends - starts) @ SLOPE).sum(axis=1))
    value = perceptual_path_length(
        draw, LATENTS, flat, epsilon=1.0, straight=True, percentiles=(10.0, 80.0)
    )
    # 39 gaps between 40 values: the 4th and 33rd from below are kept, rounded outward.
    np.testing.assert_allclose(value.mean, lengths[3:33].mean(), rtol=1e-5)


@pytest.mark.parametrize("straight", [False, True])
def test_a_step_is_that_of_the_pictures_between_two_latents(straight):
    starts, ends = np.split(LATENTS, 2)
    between = pictures.lerp if straight else pictures.slerp
    expected = [between(*pair, 5)[1] for pair in zip(starts, ends, strict=True)]
    steps = step(starts, ends, 0.25, straight)
    assert steps.dtype == "float32"
    np.testing.assert_allclose(steps, expected, atol=1e-5)
    np.testing.assert_array_equal(step(starts, starts, 0.3, straight), starts)
    np.testing.assert_allclose(step(starts, -starts, 0.5, straight), 0 * starts)


def test_a_step_of_the_whole_way_arrives():
    starts, ends = np.split(LATENTS, 2)
    np.testing.assert_allclose(step(starts, ends, 1.0), ends, atol=1e-6)


def quantised(latents):
    return pictures.to_uint8(draw(latents))


def in_levels(latents):
    return np.rint(draw(latents) / 0.013) * 0.013


def in_half_precision(latents):
    return draw(latents).astype("float16").astype("float32")


def with_rounded_insides(latents):
    return np.tanh(np.rint(draw(latents) * 100) @ SLOPE.T / 100)


@pytest.mark.parametrize(
    "rounded", [in_levels, in_half_precision, with_rounded_insides]
)
def test_a_generator_that_rounds_has_no_path_length(rounded):
    with pytest.raises(NoPathLength, match="as short as `epsilon`"):
        perceptual_path_length(rounded, LATENTS, flat)
    assert perceptual_path_length(lambda z: np.tanh(draw(z)), LATENTS, flat).mean > 0
    assert perceptual_path_length(lambda z: 0 * draw(z), LATENTS, flat).mean == 0


@pytest.mark.parametrize("seed", range(9))
def test_a_generator_that_rounds_has_none_by_no_chance(seed):
    latents = np.random.default_rng(seed).normal(size=(200, LATENTS.shape[1]))
    slope = np.random.default_rng(seed).normal(size=(LATENTS.shape[1], 64))

    def by_integers(latents):
        return np.tanh(np.rint(latents * 64) / 64 @ slope).astype("float32")

    with pytest.raises(NoPathLength, match="as short as `epsilon`"):
        perceptual_path_length(by_integers, latents, flat)


@pytest.mark.parametrize("batch_size", [1, 39])
def test_a_generator_that_stands_still_is_told_from_any_batch(batch_size):
    def by_ten(latents):
        return np.tanh(np.rint(draw(latents) * 10) / 7)

    with pytest.raises(NoPathLength, match="is 0 and not 0"):
        perceptual_path_length(by_ten, LATENTS, flat, batch_size=batch_size)


PATH_REFUSALS = {
    "even number": (draw, LATENTS[:7], {}),
    "`epsilon` must": (draw, LATENTS, {"epsilon": 0.0}),
    "`percentiles` must": (draw, LATENTS, {"percentiles": (60, 40)}),
    "must be finite": (lambda z: draw(z) + np.nan, LATENTS, {}),
    "dtype=uint8": (quantised, LATENTS, {}),
    "on a level": (lambda z: quantised(z) / 127.5 - 1.0, LATENTS, {}),
}


@pytest.mark.parametrize("message", PATH_REFUSALS)
def test_a_path_that_has_no_length_is_refused(message):
    generator, latents, options = PATH_REFUSALS[message]
    with pytest.raises(ValueError, match=message):
        perceptual_path_length(generator, latents, flat, **options)


def test_the_similarity_of_one_window_is_its_formula():
    first, second = RNG.uniform(-1, 1, (2, 1, 11, 11, 1)).astype("float32")
    weights = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    x, y = (side[0, :, :, 0].astype("float64") / 2 + 0.5 for side in (first, second))
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x, var_y = (
        (weights * x**2).sum() - mean_x**2,
        (weights * y**2).sum() - mean_y**2,
    )
    shared = (weights * x * y).sum() - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    expected = luminance * (2 * shared + 9e-4) / (var_x + var_y + 9e-4)
    np.testing.assert_allclose(ms_ssim(first, second), max(expected, 0.0), atol=1e-5)
    np.testing.assert_allclose(ms_ssim(first, first), 1.0, atol=1e-6)


def test_small_images_have_fewer_scales_whose_weights_sum_to_one():
    sides = {8: (1, 8), 21: (1, 11), 28: (2, 11), 44: (3, 11), 176: (5, 11)}
    for side, expected in sides.items():
        powers, window = scales(side)
        assert (len(powers), window) == expected
        assert sum(powers) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (45, 50, 3)])
def test_one_picture_is_similar_to_itself_and_noise_to_nothing(shape):
    noise = RNG.uniform(-1, 1, (12, *shape)).astype("float32")
    one = np.repeat(noise[:1], 12, axis=0)
    half = np.concatenate([one, noise])
    values = [ms_ssim_diversity(x, num_pairs=60) for x in (noise, half, one)]
    assert values[0] < values[1] < values[2]
    assert values[0] < 0.2
    assert values[2] == pytest.approx(1.0, abs=1e-6)


IMAGE_REFUSALS = {
    "two or more": np.zeros((1, 8, 8, 1)),
    "dtype=uint8": np.zeros((3, 8, 8, 1), "uint8"),
    "1 NaN": np.where(np.arange(192).reshape(3, 8, 8, 1) == 5, np.nan, 0.0),
    "to 255": np.full((3, 8, 8, 1), 255.0),
}


@pytest.mark.parametrize("message", IMAGE_REFUSALS)
def test_images_that_can_not_be_compared_are_refused(message):
    with pytest.raises(ValueError, match=message):
        ms_ssim_diversity(IMAGE_REFUSALS[message])
