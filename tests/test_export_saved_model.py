"""Endpoints of a SavedModel: seeds and pictures in, pictures out, row by row."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan import pictures
from keras_gan.export import (
    GeneratorSpec,
    Integers,
    Normal,
    OneHot,
    ParityError,
    Rows,
    Uniform,
    export_saved_model,
)
from keras_gan.export.endpoint_proof import check_endpoints, example_inputs
from keras_gan.export.endpoints import decoded, encoded, endpoints_of
from keras_gan.export.metadata import read_metadata
from keras_gan.export.prepare import prepared
from keras_gan.export.replay import ServedModel
from keras_gan.export.saved_model import write_saved_model
from keras_gan.export.seeds import rows_from_seeds
from keras_gan.export.spec import GeneratorInput
from tests.export_generators import called_on_dict
from tests.serving_pack import digits_pack

SEEDS = np.array([0, 7, -1, 2**62, 7])
LABELS = np.array([1, 2, 3, 4, 2], "int32")
DRAW = tf.function(rows_from_seeds, autograph=False, reduce_retracing=True)


@pytest.fixture(scope="module")
def exported():
    """A generator with latents and labels, its SavedModel, and a session on it."""
    generator, _, path = digits_pack()
    with ServedModel(path) as served:
        yield generator, path, served


def latents(shape=(None, 16), sampler=None, role="latents", dtype="float32"):
    return GeneratorInput("z", shape, dtype, role, sampler or Normal())


def drawn(item, seeds=SEEDS, truncation=None):
    return DRAW(item, tf.constant(seeds, tf.int64), truncation).numpy()


def signature(spec):
    return {item.name: item for item in endpoints_of(spec, lambda inputs: inputs)}


def test_a_row_depends_on_its_seed_and_on_nothing_beside_it():
    rows = drawn(latents())
    np.testing.assert_array_equal(rows[1], rows[4])
    np.testing.assert_array_equal(drawn(latents(), SEEDS[2:3])[0], rows[2])
    np.testing.assert_array_equal(drawn(latents(), SEEDS[::-1]), rows[::-1])
    assert len({row.tobytes() for row in rows}) == 4


def test_two_inputs_draw_from_streams_of_their_own():
    item = latents()
    other = GeneratorInput("noise", item.shape, "float32", "noise", Normal())
    correlation = np.corrcoef(
        drawn(item, np.arange(200)).ravel(), drawn(other, np.arange(200)).ravel()
    )
    assert abs(correlation[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("sampler", "mean", "stddev"),
    [
        (Normal(2.0, 0.5), 2.0, 0.5),
        (Uniform(-1.0, 3.0), 1.0, 4 / 12**0.5),
        (Integers(5), 2.0, 2**0.5),
        (OneHot(), 1 / 16, 15**0.5 / 16),
    ],
)
def test_seeds_draw_from_the_distribution_of_the_input(sampler, mean, stddev):
    rows = drawn(latents(sampler=sampler), np.arange(1000))
    assert rows.shape == (1000, 16)
    np.testing.assert_allclose([rows.mean(), rows.std()], [mean, stddev], atol=0.05)
    if isinstance(sampler, OneHot):
        assert (rows.sum(-1) == 1).all()
    if isinstance(sampler, Integers):
        assert set(np.unique(rows)) == {0, 1, 2, 3, 4}


def test_truncation_moves_each_row_towards_the_mean_by_its_own_factor():
    item = latents(sampler=Normal(2.0, 0.5))
    full, factors = drawn(item), np.array([1.0, 0.5, 0.0, 2.0, 1.0], "float32")
    cut = drawn(item, truncation=tf.constant(factors))
    expected = 2.0 + factors[:, None] * (full - 2.0)
    np.testing.assert_allclose(cut, expected, rtol=1e-6)
    np.testing.assert_array_equal(drawn(item, truncation=tf.ones(1)), full)


def test_encoded_pictures_are_those_that_the_package_shows():
    spec = GeneratorSpec.of(called_on_dict())
    images = np.linspace(-1.2, 1.2, 32, dtype="float32").reshape(2, 4, 4, 1)
    files = encoded(spec.output("images"), images)
    actual = np.stack([tf.io.decode_png(file).numpy() for file in files])
    np.testing.assert_array_equal(actual, pictures.to_uint8(images))


def test_a_decoded_picture_is_what_was_encoded_in_the_range_of_the_input():
    item = GeneratorInput("x", (None, 4, 4, 3), "float32", "image", Uniform(0.0, 1.0))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("uint8")
    images = decoded(item, tf.io.encode_png(pixels))
    np.testing.assert_allclose(images, pixels / 255.0, atol=1e-6)
    large = np.repeat(np.repeat(pixels, 2, 1), 2, 2)
    assert decoded(item, tf.io.encode_png(large)).shape == (2, 4, 4, 3)


def test_sample_draws_the_latents_and_leaves_the_labels_to_the_caller(exported):
    generator, _, served = exported
    z = drawn(GeneratorSpec.of(generator).input("latents"))
    expected = generator({"latents": z, "labels": LABELS})
    images = served.run({"seed": SEEDS, "labels": LABELS}, "sample")["images"]
    np.testing.assert_allclose(images, expected, atol=1e-5)
    half = np.full(5, 0.5, "float32")
    cut = served.run({"seed": SEEDS, "labels": LABELS, "truncation": half}, "sample")
    expected = generator({"latents": 0.5 * z, "labels": LABELS})
    np.testing.assert_allclose(cut["images"], expected, atol=1e-5)


def test_sample_png_encodes_what_sample_draws(exported):
    _, _, served = exported
    request = {"seed": SEEDS, "labels": LABELS}
    images = served.run(request, "sample")["images"]
    files = served.run(request, "sample_png")["image_bytes"]
    actual = np.stack([tf.io.decode_png(file).numpy() for file in files])
    np.testing.assert_array_equal(actual, pictures.to_uint8(images))


def test_truncation_is_stored_as_a_default_and_labels_are_not(exported):
    _, path, served = exported
    assert set(served.signatures) == {"serving_default", "sample", "sample_png"}
    for name in ("sample", "sample_png"):
        assert {k: v.tolist() for k, v in served.defaults(name).items()} == {
            "truncation": [1.0]
        }
        assert set(served.signatures[name].inputs) == {"seed", "truncation", "labels"}
    assert not served.defaults("serving_default")
    assert read_metadata(path)["mode"] == "float32"


@pytest.mark.slow
def test_a_seed_gives_the_same_picture_in_another_process(exported):
    _, path, served = exported
    file = served.run({"seed": SEEDS, "labels": LABELS}, "sample_png")["image_bytes"][1]
    program = (
        "import sys, tensorflow as tf\n"
        f"sample = tf.saved_model.load({str(path)!r}).signatures['sample_png']\n"
        "out = sample(seed=tf.constant([7], tf.int64), labels=tf.constant([2]),"
        "truncation=tf.constant([1.0]))\n"
        "sys.stdout.buffer.write(out['image_bytes'].numpy()[0])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert result.stdout == file, result.stderr[-500:]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"sample", "sample_png"}),
        ({"latents": Rows(np.zeros((3, 16)))}, set()),
        ({"latents": {"role": "attributes"}}, set()),
        ({"images": {"low": None}}, {"sample"}),
        ({"images": {"shape": (None, 4, 4, 2)}}, {"sample"}),
        ({"labels": {"name": "seed"}}, set()),
        ({"latents": {"shape": (None, None)}}, set()),
    ],
)
def test_a_generator_has_the_endpoints_that_make_sense_for_it(changes, expected):
    spec = GeneratorSpec.of(called_on_dict()).adjusted(**changes)
    assert set(signature(spec)) == expected


def test_uniform_latents_are_not_truncated():
    spec = GeneratorSpec.of(called_on_dict()).adjusted(latents=Uniform())
    assert set(signature(spec)["sample"].inputs) == {"labels", "seed"}


def restyler(height=None, noise=False):
    source = keras.Input((height, height, 3), name="photo")
    inputs, x = [source], source
    if noise:
        z = keras.Input((3,), name="noise")
        inputs, x = [source, z], x + layers.Reshape((1, 1, 3))(z)
    picture = layers.Conv2D(1, 3, padding="same", activation="tanh")(x)
    return keras.Model(inputs, picture)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [False, True])
def test_a_picture_goes_in_and_comes_out_encoded(noise, tmp_path):
    model = restyler(noise=noise)
    path = export_saved_model(model, tmp_path / "model")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3)).astype("uint8")
    request = {"source_bytes": tf.io.encode_png(pixels).numpy()}
    inputs = [pixels / np.float32(127.5) - 1.0]
    if noise:
        request["seed"] = SEEDS[:2]
        spec = GeneratorSpec.of(model)
        inputs.append(drawn(spec.input("noise"), SEEDS[:2]))
    with ServedModel(path) as served:
        files = served.run(request, "restyle_png")["image_bytes"]
    actual = [tf.io.decode_png(file).numpy().astype(int) for file in files]
    expected = pictures.to_uint8(model(inputs))
    np.testing.assert_allclose(actual, expected, atol=1)


@pytest.mark.slow
def test_a_fixed_batch_stays_fixed_in_all_signatures(tmp_path):
    x = keras.Input(batch_shape=(3, 16))
    images = layers.Reshape((4, 4, 1))(layers.Dense(16, activation="tanh")(x))
    path = export_saved_model(keras.Model(x, images), tmp_path / "model")
    with ServedModel(path) as served:
        assert served.defaults("sample")["truncation"].tolist() == [1.0, 1.0, 1.0]
        outputs = served.run({"seed": SEEDS[:3]}, "sample_png")
    assert len(outputs["image_bytes"]) == 3


def test_the_endpoints_of_another_generator_are_noticed(exported):
    _, path, _ = exported
    with pytest.raises(ParityError, match="Endpoint `sample`: output `images` differs"):
        check_endpoints(prepared(called_on_dict()), path, 1e-4)


def test_requests_are_the_same_for_the_same_seed(exported):
    spec = GeneratorSpec.of(exported[0])
    endpoint = signature(spec)["sample_png"]
    once, again = (example_inputs(spec, endpoint, 3, seed=5) for _ in range(2))
    assert set(once) == {"labels", "seed", "truncation"}
    for name, value in once.items():
        np.testing.assert_array_equal(value, again[name])
    other = example_inputs(spec, endpoint, 3, seed=6)
    assert (once["seed"] != other["seed"]).all()


def test_converters_get_one_signature_alone(exported, tmp_path):
    write_saved_model(prepared(exported[0]), tmp_path / "model", batch_size=2)
    with ServedModel(tmp_path / "model") as served:
        assert set(served.signatures) == {"serving_default"}
        shape = served.signatures["serving_default"].inputs["latents"].tensor_shape
        assert [size.size for size in shape.dim] == [2, 16]
