"""Measures of pairs: outputs that moved a little, a lot, and not at all."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from keras_gan.export.modes import Limits
from keras_gan.export.quality import (
    PairedQuality,
    paired_feature_distance,
    psnr,
    ssim,
)


def noise(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def blobs(count=64, size=16, channels=1, seed=0):
    """Smooth pictures in [-1, 1], each of its own."""
    pictures = noise((count, size, size, channels), seed)
    return np.tanh(4 * ndimage.gaussian_filter(pictures, (0, 2, 2, 0)))


def test_an_error_of_a_hundredth_of_the_range_is_forty_decibels():
    images = blobs(3)
    signs = np.sign(noise(images.shape))
    np.testing.assert_allclose(psnr(images, images + 0.02 * signs, 2.0), 40, atol=1e-3)


def test_each_sample_has_its_own_ratio_and_the_same_ones_have_120_decibels():
    vectors = noise((3, 5))
    moved = vectors + np.array([[0.0], [0.1], [1.0]], "float32")
    np.testing.assert_allclose(psnr(vectors, moved, 1.0), [120, 20, 0], atol=1e-4)


def reference_ssim(a, b, peak):
    """The formula of Wang et al. with SciPy's filter, on one channel."""
    taps = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / np.outer(taps, taps).sum()

    def local_mean(x):
        return ndimage.correlate(x.astype("float64"), window)[5:-5, 5:-5]

    mean_a, mean_b = local_mean(a), local_mean(b)
    variances = local_mean(a * a) + local_mean(b * b) - mean_a**2 - mean_b**2
    covariance = local_mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return np.mean(luminance * (2 * covariance + c2) / (variances + c2))


def test_structural_similarity_follows_the_formula_of_its_paper():
    images = blobs(4, 24)
    moved = (0.8 * images + 0.1 * noise(images.shape, 1)).astype("float32")
    expected = [
        reference_ssim(a[..., 0], b[..., 0], 2.0)
        for a, b in zip(images, moved, strict=True)
    ]
    np.testing.assert_allclose(ssim(images, moved, 2.0), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 4, 3), (3, 20, 2), (8, 8, 5)])
def test_pictures_smaller_than_the_window_have_a_structural_similarity_too(shape):
    images = noise((4, *shape))
    np.testing.assert_allclose(ssim(images, images, 2.0), 1, atol=1e-6)
    error = noise(images.shape, 1)
    near, far = (ssim(images, images + d * error, 2.0).mean() for d in (0.01, 1))
    assert 1 > near > far


def test_big_pictures_are_averaged_down_to_256():
    small = blobs(1, 256)
    big, moved = (x.repeat(2, 1).repeat(2, 2) for x in (small, small * 0.7))
    np.testing.assert_allclose(
        ssim(big, moved, 2.0), ssim(small, small * 0.7, 2.0), atol=1e-5
    )


@pytest.mark.parametrize("outputs", [blobs(256), noise((256, 12)), noise((256, 9, 3))])
def test_the_feature_distance_is_0_for_the_same_and_1_for_other_inputs(outputs):
    assert paired_feature_distance(outputs, outputs) == 0
    shuffled = np.roll(outputs, 1, axis=0)
    assert paired_feature_distance(outputs, shuffled) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("outputs", [blobs(), noise((64, 12))])
def test_the_feature_distance_knows_neither_range_nor_contrast(outputs):
    moved = outputs + 0.1 * noise(outputs.shape, 1)
    distance = paired_feature_distance(outputs, moved)
    scaled = paired_feature_distance(127.5 * outputs + 127.5, 127.5 * moved + 127.5)
    assert scaled == pytest.approx(distance, rel=1e-3)


def test_the_feature_distance_grows_with_the_noise():
    outputs, error = blobs(channels=3), noise((64, 16, 16, 3), 1)
    distances = [
        paired_feature_distance(outputs, outputs + level * error)
        for level in (0.01, 0.05, 0.2)
    ]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_a_generator_that_ignores_its_inputs_has_a_finite_feature_distance():
    same = blobs(1).repeat(8, axis=0)
    assert paired_feature_distance(same, same) == 0
    assert 0 < paired_feature_distance(same, same + 0.1 * noise(same.shape)) < 1
    assert paired_feature_distance(np.zeros((4, 3)), np.zeros((4, 3))) == 0


def test_measures_of_batches_are_those_of_all_samples():
    images = blobs(12)
    moved = np.clip(images + 0.05 * noise(images.shape, 1), -1, 1)
    gathered = [PairedQuality(peak=2.0, is_image=True) for _ in range(2)]
    gathered[0].add(images, moved)
    for part in (slice(4), slice(4, 12)):
        gathered[1].add(images[part], moved[part])
    whole, parts = (item.summary() for item in gathered)
    assert set(whole) == {f.name for f in dataclasses.fields(Limits)} - {
        "relative_error"
    }
    assert parts == pytest.approx(whole, rel=0.05)
    assert whole["psnr_mean"] == pytest.approx(np.mean(psnr(images, moved, 2.0)))


def test_a_few_spoilt_samples_show_in_the_percentile_and_hardly_in_the_mean():
    vectors = noise((100, 8))
    moved = vectors + 1e-3
    moved[:6] += 0.5
    gathered = PairedQuality(peak=1.0)
    gathered.add(vectors, moved)
    measures = gathered.summary()
    assert measures["psnr_mean"] > 55 > 10 > measures["psnr_p5"]
    assert "ssim_p5" not in measures


def test_integers_are_told_by_the_share_that_differs():
    gathered = PairedQuality()
    tokens = np.arange(20).reshape(2, 10)
    assert gathered.add(tokens, np.where(tokens < 3, 99, tokens)).tolist() == [0.7, 1]
    assert gathered.summary() == pytest.approx({"share_differing": 0.15})
