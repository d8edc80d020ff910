"""Extractors: named ones, those of a user, and what enters a result."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan.metrics import KID, features, random_network
from keras_gan.metrics.features import FeatureExtractor
from tests import harness


def images(count=6, shape=(8, 8, 1), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), "uint8")


def color_means():
    network = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()],
        name="color_means",
    )
    return network


@keras.saving.register_keras_serializable(package="tests")
def corners(batch):
    return batch[:, 0, 0, :]


@pytest.mark.parametrize("name, width", [("random", 480), ("pixels", 64)])
def test_named_features_are_the_same_traced_in_parts_and_of_bytes(name, width):
    extractor = features.get(name)
    pictures = images()
    floats = pictures.astype("float32") / 127.5 - 1.0
    expected = extractor(floats).numpy()
    assert expected.shape == (6, width) and expected.dtype == np.float32
    found = {
        "traced": tf.function(extractor)(tf.constant(floats)).numpy(),
        "in parts": extractor.extract(floats, batch_size=4),
        "bytes": extractor.extract(pictures),
        "batches": extractor.extract(
            tf.data.Dataset.from_tensor_slices(floats).batch(5)
        ),
    }
    for how, value in found.items():
        np.testing.assert_allclose(value, expected, atol=1e-5, err_msg=how)


def test_vectors_are_projected_or_stay_as_they_are():
    vectors = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    np.testing.assert_array_equal(features.get("pixels").extract(vectors), vectors)
    assert features.get("random").extract(vectors).shape == (5, 128)


def test_long_vectors_are_projected_in_parts_like_whole_ones():
    values = tf.random.stateless_normal((4, 300), [0, 0])
    parts = random_network._projected(values, block=128)
    np.testing.assert_allclose(parts, random_network._projected(values), atol=1e-3)


def test_random_weights_are_the_same_on_every_machine():
    # The first words of Philox(0) in NumPy 2.4.6, which NEP 19 promises to keep.
    words = np.array(
        [259491006799949737, 4754966410622352325, 8698845897610382596], "uint64"
    )
    bound = np.sqrt(3 * 2 / 9)
    first = random_network._kernels(1)[0].reshape(-1)
    np.testing.assert_allclose(first[:3], (words / 2.0**63 - 1) * bound, rtol=1e-6)
    kernel = random_network._kernels(3)[2]
    assert np.std(kernel) == pytest.approx(np.sqrt(2 / (9 * 32)), rel=0.02)


def test_grey_images_are_repeated_for_a_network_of_colors():
    extractor = features.get(color_means())
    assert extractor.name == "color_means" and extractor.num_channels == 3
    found = extractor.extract(np.full((2, 4, 4, 1), 0.5, "float32"))
    np.testing.assert_allclose(found, np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match=r"of 3 channels, or of one.*\(2, 4, 4, 2\)"):
        extractor(np.zeros((2, 4, 4, 2), "float32"))


def test_only_the_network_of_2015_gives_the_fid():
    assert features.fd_name(FeatureExtractor(corners, "inception-2015")) == "fid"
    assert features.fd_name(features.get("random")) == "fd(random)"


def test_the_fingerprint_is_that_of_the_weights():
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="dense")
    one, same = FeatureExtractor(dense), FeatureExtractor(dense)
    before = one.fingerprint
    assert before == same.fingerprint
    dense.set_weights([weight + 1.0 for weight in dense.get_weights()])
    assert one.fingerprint != before


def test_the_fingerprint_is_that_of_what_layers_do_and_not_of_their_names(tmp_path):
    def network(scale=1.0, activation="relu"):
        inner = [
            keras.Input((6, 6, 2)),
            keras.layers.Conv2D(2, 3, activation=activation),
        ]
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Rescaling(scale),
                keras.layers.Conv2D(2, 3, kernel_initializer="ones"),
                keras.Sequential(inner),
                keras.layers.Flatten(),
            ]
        )
        model.layers[2].set_weights([np.ones((3, 3, 2, 2)), np.zeros(2)])
        return model

    def found(model):
        return FeatureExtractor(model, "net").fingerprint

    expected = found(network())
    assert found(network()) == expected
    assert found(network(scale=3.0)) != expected
    assert found(network(activation="tanh")) != expected
    network().save(tmp_path / "net.keras")
    assert found(keras.saving.load_model(tmp_path / "net.keras")) == expected


def test_the_fingerprint_of_a_function_is_what_it_makes_of_images():
    def scaled(factor):
        def network(batch):
            return factor * batch[:, 0, 0, :]

        extractor = FeatureExtractor(network, "mine")
        extractor.extract(images())
        return extractor.fingerprint

    assert scaled(1.0) == scaled(1.0) != scaled(2.0)


def test_a_config_brings_names_and_functions_back_and_never_other_weights():
    for extractor in (features.get("random"), FeatureExtractor(corners, "corners")):
        config = keras.saving.serialize_keras_object(extractor)
        again = features.get(config)
        assert (again.name, again.fingerprint) == (
            extractor.name,
            extractor.fingerprint,
        )
        np.testing.assert_array_equal(again(images()), extractor(images()))
    for network in (color_means(), lambda batch: batch):
        with pytest.raises(ValueError, match="would come back with other weights"):
            FeatureExtractor(network, "mine").get_config()


def test_keras_inception_sees_299_pixels_and_three_channels(monkeypatch):
    def tiny(**options):
        assert options["weights"] == "imagenet" and options["pooling"] == "avg"
        shape = options["input_shape"]
        layers = [keras.Input(shape), keras.layers.GlobalAveragePooling2D()]
        return keras.Sequential(layers)

    monkeypatch.setattr(keras.applications, "InceptionV3", tiny)
    extractor = features.get("keras-inception-v3")
    assert extractor.name == "keras-inception-v3"
    ramp = np.linspace(-1, 1, 8, dtype="float32")[None, None, :, None]
    found = extractor.extract(np.repeat(np.repeat(ramp, 8, 1), 2, 0))
    np.testing.assert_allclose(found, np.zeros((2, 3)), atol=1e-5)


def test_weights_that_cannot_be_fetched_are_one_clear_error(monkeypatch):
    def offline(**options):
        raise OSError("URL fetch failure on https://storage\nmore")

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    with pytest.raises(ValueError, match="URL fetch failure.*copy ~/.keras/models"):
        features.get("keras-inception-v3")


@keras.saving.register_keras_serializable(package="tests")
def in_numpy(batch):
    return np.reshape(np.asarray(batch), (len(batch), -1))


def test_a_function_of_arrays_is_an_extractor_that_says_its_number_of_features():
    extractor = FeatureExtractor(in_numpy, "flat", num_features=64)
    floats = images().astype("float32") / 127.5 - 1.0
    expected = floats.reshape(6, 64)
    found = extractor.extract(images(), batch_size=4)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(tf.function(extractor)(floats), expected)
    other = FeatureExtractor(lambda x: 2 * in_numpy(x), "flat", num_features=64)
    other.extract(images())
    assert other.fingerprint != extractor.fingerprint
    metric = KID(extractor)
    metric.update_state(floats, floats[::-1])
    assert metric.name == "kid(flat)" and np.isfinite(metric.result())
    with pytest.raises(ValueError, match="never compiled.*callbacks.Evaluate"):
        harness.gan(metrics=KID(extractor), jit_compile=True)
    game = harness.gan(metrics=KID(extractor))
    found = game.test_on_batch(next(iter(harness.digits(batch_size=8).dataset())))
    assert np.isfinite(found).all()
    config = keras.saving.serialize_keras_object(extractor)
    assert features.get(config).num_features == 64


BAD = {
    "classifier": (lambda: features.get("classifier"), "classifier=train_classifier"),
    "numpy": (lambda: features.get(in_numpy).extract(images()), "calls NumPy"),
    "known": (lambda: FeatureExtractor("pixels", "mine"), "its own name"),
    "width": (lambda: FeatureExtractor(in_numpy, num_features=0), "num_features=0"),
    "name": (lambda: features.get("randm"), "Did you mean 'random'"),
    "kind": (lambda: features.get(3), "Features must be a name"),
    "words": (lambda: FeatureExtractor(corners, "my net"), "letters, digits"),
    "rank": (lambda: features.get(tf.identity)(images()), "num_features"),
    "integers": (
        lambda: features.get("pixels").extract(images().astype("int32")),
        "dtype=int32, values from 0 to",
    ),
    "range": (
        lambda: features.get("pixels").extract(images().astype("float32")),
        "must be floats in \\[-1, 1\\], or uint8",
    ),
    "pairs": (
        lambda: features.get("pixels").extract([(images(), np.zeros(4))]),
        "Map the dataset to its images",
    ),
    "none": (lambda: features.get("pixels").extract([]), "no images"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_extractor_gets_one_clear_error(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act()


def test_features_of_another_width_than_promised_are_refused():
    extractor = FeatureExtractor(in_numpy, "flat", num_features=63)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\(6, 63\).*\(6, 64\)"):
        extractor.extract(images())
