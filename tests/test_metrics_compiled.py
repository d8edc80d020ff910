"""What `compile(metrics=...)` takes: names, objects and configs."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import callbacks
from keras_gan.metrics import FD, KID, MIND, Precision, real_fake, streaming
from keras_gan.metrics.directions import mode_of
from keras_gan.metrics.features import FeatureExtractor
from tests import harness
from tests.test_metrics_in_fit import EXTRACTOR, flat, update


def test_metrics_are_saved_whose_features_a_config_can_make_again():
    dense = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    cases = [
        (None, True),
        ("random", True),
        (FeatureExtractor("random"), True),
        (flat, True),
        (FeatureExtractor(flat, "flat"), True),
        (EXTRACTOR.network, False),
        (dense, False),
        (FeatureExtractor(lambda images: flat(images), "own"), False),
    ]
    for given, is_saved in cases:
        metric = streaming.KID(given)
        assert metric.is_saved == is_saved, given
        if is_saved:
            config = keras.saving.serialize_keras_object(metric)
            (other,) = streaming.get_all([json.loads(json.dumps(config))])
            assert other.is_saved
            other.build((8, 8, 1))


def test_metrics_come_back_from_their_configs():
    metric = streaming.MIND(EXTRACTOR, num_images=30, seed=1, name="sliced")
    config = keras.saving.serialize_keras_object(metric)
    (other,) = streaming.get_all([json.loads(json.dumps(config))])
    images = np.random.default_rng(0).uniform(-1, 1, (2, 20, 8, 8, 1))
    assert update(other, *images, 20) == update(metric, *images, 20)
    assert other.name == "sliced"


def test_unknown_and_double_metrics_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match="Did you mean 'kid'"):
        harness.gan(metrics="kit")
    with pytest.raises(ValueError, match="different names"):
        harness.gan(metrics=["kid", streaming.KID("pixels", name="kid")])
    with pytest.raises(ValueError, match="show d_loss already"):
        harness.gan(metrics=streaming.KID(name="d_loss"))


def test_the_features_that_were_given_enter_the_name():
    own = FeatureExtractor(flat, "own")
    names = {
        "kid": KID(),
        "kid(pixels)": KID("pixels"),
        "mind(own)": MIND(own),
        "precision(flat)": Precision(flat),
        "fd(own)": FD(own),
        "fid": FD(FeatureExtractor(flat, "inception-2015")),
        "fd(keras-inception-v3)": FD("keras-inception-v3"),
        "mine": FD("pixels", name="mine"),
    }
    assert [metric.name for metric in names.values()] == list(names)
    with pytest.raises(ValueError, match="Did you mean 'pixels'"):
        KID("pixel")


def test_one_game_is_judged_by_several_features_under_their_names(tmp_path):
    pipeline = harness.digits(batch_size=64)
    model = harness.gan(metrics=["kid", KID("pixels")])
    found = model.evaluate(pipeline, return_dict=True, verbose=0, steps=2)
    assert found["kid"] != found["kid(pixels)"]
    model.save(tmp_path / "game.keras")
    again = keras.saving.load_model(tmp_path / "game.keras")
    same = again.evaluate(pipeline, return_dict=True, verbose=0, steps=2)
    assert same["kid(pixels)"] == pytest.approx(found["kid(pixels)"], rel=1e-5)


DIRECTIONS = {
    "val_kid": "min",
    "val_kid(pixels)": "min",
    "fid": "min",
    "ms_ssim": "min",
    "near_duplicates(pixels)": "min",
    "copied_share(pixels)": "min",
    "val_loss": "min",
    "val_density": "max",
    "support(pixels)": "max",
    "recall(random)": "max",
    "val_inception_score(classifier)": "max",
    "retrieval_recall": "max",
    "val_accuracy": "max",
}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_callbacks_know_which_way_a_number_is_better(name):
    assert mode_of(name) == DIRECTIONS[name]


@pytest.mark.parametrize("name", ["copying_z(pixels)", "kid_deviation(random)"])
def test_a_number_without_a_direction_needs_a_mode(name, tmp_path):
    for callback in (callbacks.ExportOnBest, callbacks.Checkpoint):
        with pytest.raises(ValueError, match='Give `mode="min"`'):
            callback(tmp_path, monitor=name)
        callback(tmp_path, monitor=name, mode="max")


def test_a_replica_that_gets_no_image_adds_nothing(monkeypatch):
    monkeypatch.setattr(real_fake, "num_replicas", lambda: 2)
    metric, images = KID("random"), np.zeros((4, 8, 8, 1), "float32")
    images[1:] = 0.5
    metric.update_state(images, images[::-1])
    found = float(metric.result())
    metric.update_state(images[:0], images[:0])
    assert float(metric.result()) == found
    assert metric._look_at(tf.zeros((0, 8, 8, 1))).shape == (0, 480)
