"""The Inception Score and the diversity of generated images inside `fit`."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gan import GAN, networks
from keras_gan.metrics import (
    MSSSIM,
    InceptionScore,
    inception_score,
    ms_ssim_diversity,
)
from keras_gan.metrics.classifier import Classifier
from keras_gan.metrics.diversity import ms_ssim
from tests import harness
from tests.test_metrics_in_fit import update

RNG = np.random.default_rng(0)


def probabilities(count=90, num_classes=5):
    odds = np.exp(2.0 * RNG.normal(size=(count, num_classes)))
    return (odds / odds.sum(axis=1, keepdims=True)).astype("float32")


def pictures(count, shape=(16, 16, 1)):
    return RNG.uniform(-1, 1, (count, *shape)).astype("float32")


def test_the_score_of_batches_is_that_of_all_images_in_one_split():
    found = probabilities()
    expected = inception_score(found, num_splits=1).mean
    assert 1.0 < expected < 5.0
    metric, logits = InceptionScore(tf.nn.softmax), np.log(found)
    assert metric.name == "inception_score(softmax_v2)"
    assert update(metric, logits, logits, 40) == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    assert np.isnan(metric.result())
    classes = 100.0 * np.eye(4, dtype="float32")
    metric = InceptionScore(tf.nn.softmax)
    assert update(metric, classes, classes, 1) == pytest.approx(4.0)
    metric.update_state(classes, np.nan * classes)
    assert np.isnan(metric.result())


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_score_of_no_probabilities_is_refused_before_work_starts(jit_compile):
    for features in ("random", "pixels", logits_of):
        with pytest.raises(ValueError, match="sums from .* Pass the softmax"):
            harness.gan(metrics=InceptionScore(features), jit_compile=jit_compile)


def logits_of(images):
    return tf.reshape(images, (-1, 64)) - 1.0


def test_a_game_is_scored_by_a_classifier_while_it_is_evaluated():
    classifier = Classifier((8, 8, 1), 10)
    model = harness.gan(metrics=[InceptionScore(classifier.probabilities), "ms_ssim"])
    batch = next(iter(harness.digits(batch_size=64).dataset(num_steps=1)))
    fakes = model.samples(batch)
    told = classifier.probabilities_of(classifier.features.extract(fakes))
    np.testing.assert_allclose(
        classifier.probabilities.extract(fakes), told, rtol=1e-4, atol=1e-6
    )
    latents = model._latents(64, model._draw("evaluation/latents", step=0))
    fakes = np.asarray(model.ema_generator(latents, training=False))
    told = classifier.probabilities_of(classifier.features.extract(fakes))
    found = model.test_on_batch(batch, return_dict=True)
    expected = inception_score(told, num_splits=1).mean
    assert found["inception_score(classifier)"] == pytest.approx(expected, rel=1e-4)
    assert found["ms_ssim"] == pytest.approx(
        ms_ssim(fakes[1:], fakes[:-1]).numpy().mean(), abs=1e-5
    )


def test_similar_images_are_told_from_different_ones():
    noise = pictures(40)
    one = np.repeat(noise[:1], 40, axis=0)
    assert update(MSSSIM(), noise, one, 10) == pytest.approx(1.0, abs=1e-6)
    found = update(MSSSIM(), noise, noise, 40)
    assert found == pytest.approx(ms_ssim_diversity(noise), abs=0.02)
    metric = MSSSIM()
    metric.update_state(noise, noise)
    metric.update_state(noise[:1], noise[:1])
    assert float(metric.result()) == found
    metric.reset_state()
    metric.update_state(noise[:1], noise[:1])
    assert np.isnan(metric.result())


@pytest.mark.parametrize("name", ["ms_ssim", "ssim"])
def test_a_game_of_vectors_has_no_similarity_of_pictures(name):
    game = GAN(
        networks.vector_generator(2, 8), networks.vector_discriminator(2), latent_dim=8
    )
    with pytest.raises(ValueError, match=f"'{name}' compares images.*shape \\(2,\\)"):
        game.compile(metrics=name)
