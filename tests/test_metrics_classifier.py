"""The classifier of the data's own labels, and what it adds to an evaluation."""

import keras
import numpy as np
import pytest

from keras_gan.data.examples import Examples, load_examples
from keras_gan.metrics.classifier import (
    NUM_FEATURES,
    Classifier,
    cached_classifier,
    train_classifier,
)
from keras_gan.metrics.evaluation import Evaluation
from keras_gan.metrics.modes import stacked_modes


@pytest.fixture(scope="module")
def digits():
    return load_examples("digits")


@pytest.fixture(scope="module")
def classifier(digits):
    return train_classifier(digits.at(np.arange(1200)), num_steps=60)


def test_digits_are_told_apart_and_features_lead_to_the_classes(classifier, digits):
    assert classifier.test_accuracy > 0.85
    unseen = digits.at(np.arange(1200, 1500))
    features = classifier.features.extract(unseen.images)
    assert features.shape == (300, NUM_FEATURES)
    told = classifier.probabilities_of(features)
    np.testing.assert_allclose(told.sum(axis=1), 1.0)
    logits = classifier.predict(unseen.images, verbose=0)
    np.testing.assert_array_equal(told.argmax(1), logits.argmax(1))
    assert np.mean(told.argmax(1) == unseen.labels) > 0.8


def test_the_channels_of_stacked_digits_are_told_apart(classifier, digits):
    unseen = digits.at(np.arange(1200, 1500))
    told = classifier.predict(unseen.images, verbose=0).argmax(1)
    stacked = unseen.images[..., 0].reshape(100, 3, 8, 8).transpose(0, 2, 3, 1)
    triples = {tuple(triple) for triple in told.reshape(100, 3).tolist()}
    found = stacked_modes(classifier, stacked)
    assert found.num_modes == len(triples)
    counts = np.unique(told.reshape(100, 3) @ [100, 10, 1], return_counts=True)[1]
    assert found.kl == pytest.approx(np.sum(counts / 100 * np.log(counts * 10)))
    with pytest.raises(ValueError, match=r"\(num_samples, 8, 8, channels\)"):
        stacked_modes(classifier, stacked[:, :4])


@pytest.mark.slow
def test_a_seed_gives_one_classifier_which_is_trained_once(tmp_path, digits):
    few = digits.at(np.arange(100))
    one, same = (
        cached_classifier(few, cache_dir=tmp_path / name, num_steps=3)
        for name in ("one", "same")
    )
    assert one.features.fingerprint == same.features.fingerprint
    (path,) = (tmp_path / "one").iterdir()
    before = path.stat().st_mtime_ns
    again = cached_classifier(few, cache_dir=tmp_path / "one", num_steps=3)
    assert path.stat().st_mtime_ns == before
    assert again.features.fingerprint == one.features.fingerprint
    assert (again.test_accuracy, again.data) == (one.test_accuracy, "digits")
    cached_classifier(few, digits.at([100, 101]), cache_dir=path.parent, num_steps=3)
    assert len(list(path.parent.iterdir())) == 2
    others = cached_classifier(
        few.at(np.arange(99)), cache_dir=tmp_path / "one", num_steps=3
    )
    assert others.features.fingerprint != one.features.fingerprint


def test_another_seed_gives_other_weights():
    one, other = (Classifier((8, 8, 1), 10, seed=seed) for seed in (1, 2))
    assert one.features.fingerprint != other.features.fingerprint


@pytest.mark.parametrize("shape", [(5, 9, 2), (32, 32, 3), (4, 4, 1)])
def test_images_of_any_shape_have_features(shape):
    classifier = Classifier(shape, num_classes=3)
    assert classifier.features(np.zeros((2, *shape), "float32")).shape == (2, 64)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(classifier)
    )
    assert again.image_shape == shape


def test_a_generator_of_one_class_has_lost_the_others(classifier, digits):
    evaluation = Evaluation(
        digits.at(np.arange(400)),
        metrics=("modes", "inception_score"),
        classifier=classifier,
    )
    ones = digits.at(np.flatnonzero(digits.labels == 1)[:150])

    def draw(num_images, seed):
        return ones.images[np.arange(num_images) % len(ones)]

    numbers, floor = evaluation.measure(draw), evaluation.floor()
    assert numbers["num_modes(classifier)"] <= 4 < floor["num_modes(classifier)"] == 10
    assert 2 * numbers["is(classifier)"] < floor["is(classifier)"]
    assert numbers["mode_kl(classifier)"] > 1 > floor["mode_kl(classifier)"]


def test_data_without_labels_have_no_classifier():
    with pytest.raises(ValueError, match="needs labels.*'faces'"):
        train_classifier(Examples(np.zeros((10, 8, 8, 1)), name="faces"))


@pytest.mark.slow
def test_mnist_is_told_apart_in_a_minute(mnist_dir):
    train, test = (
        load_examples("mnist", split, data_dir=mnist_dir) for split in ("train", "test")
    )
    assert train_classifier(train, test).test_accuracy >= 0.985
