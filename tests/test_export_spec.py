"""The description of a generator: found by itself, adjustable, carried by the files."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_gan import GAN, networks
from keras_gan.export import (
    ExportError,
    GeneratorInput,
    GeneratorSpec,
    Integers,
    Normal,
    OneHot,
    Rows,
    Uniform,
    export_onnx,
    load_artefact,
)
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.inference import keras_model
from tests.export_generators import GENERATORS, image_to_image, sequential, two_inputs


def functional(*inputs):
    parts = [layers.Flatten()(ops.cast(value, "float32")) for value in inputs]
    whole = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    return keras.Model(list(inputs), layers.Dense(4)(whole))


def test_what_a_plain_generator_takes_and_returns_is_found():
    spec = GeneratorSpec.of(two_inputs())
    digit, latents = spec.inputs
    assert (digit.role, digit.dtype, digit.sampler) == ("labels", "int32", Integers(10))
    assert (latents.role, latents.shape) == ("latents", (None, 16))
    assert latents.sampler == Normal()
    assert spec.output("pixels").role == "image"
    assert spec.output("style").role == "vector"
    spec = GeneratorSpec.of(image_to_image())
    assert spec.input("images").role == "image" and spec.has_free_sizes
    generated = spec.output("generated")
    assert (generated.low, generated.high, generated.layout) == (-1.0, 1.0, "NHWC")


@pytest.mark.parametrize(
    ("shape", "dtype", "name", "role", "sampler"),
    [
        ((8,), "float32", "noise", "noise", Normal()),
        ((8, 8, 2), "float32", "noise_1", "noise", Normal()),
        ((8, 8, 2), "float32", "photo", "image", Uniform(-1.0, 1.0)),
        ((6, 2), "float32", "series", "noise", Normal()),
        ((5,), "float32", "class_code", "attributes", OneHot()),
        ((5,), "float32", "attributes", "attributes", Uniform(0.0, 1.0)),
        ((1,), "int32", "digit", "labels", Integers(2)),
        ((7,), "int64", "ids", "tokens", Integers(2)),
    ],
)
def test_an_input_is_known_by_its_dtype_rank_and_name(
    shape, dtype, name, role, sampler
):
    model = functional(keras.Input(shape, dtype=dtype, name=name), keras.Input((3,)))
    item = GeneratorSpec.of(model).input(name)
    assert (item.role, item.dtype, item.sampler) == (role, dtype, sampler)


def test_ids_are_drawn_from_what_the_tables_that_they_reach_know():
    def looked_up(ids):
        return ops.one_hot(ids, 6)

    words = keras.Input((3,), dtype="int32", name="words")
    label = keras.Input((1,), dtype="int32", name="label")
    hue = keras.Input((), dtype="int32", name="hue")
    parts = [
        layers.Flatten()(layers.Embedding(40, 2)(words)),
        layers.Flatten()(layers.Embedding(9, 2)(label)),
        layers.Lambda(looked_up)(hue),
    ]
    spec = GeneratorSpec.of(
        keras.Model([words, label, hue], layers.Concatenate()(parts))
    )
    sizes = {item.name: item.sampler.num_ids for item in spec.inputs}
    assert sizes == {"words": 40, "label": 9, "hue": 6}


@pytest.mark.parametrize(
    ("activation", "limits"),
    [("tanh", (-1, 1)), ("sigmoid", (0, 1)), ("softmax", (0, 1)), ("relu", None)],
)
def test_the_last_activation_tells_the_range(activation, limits):
    latents = keras.Input((4,))
    x = layers.Dense(12, activation=activation)(latents)
    model = keras.Model(latents, layers.Reshape((2, 2, 3))(x))
    (output,) = GeneratorSpec.of(model).outputs
    assert (output.low, output.high) == (limits or (None, None))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_gan_knows_its_latents_and_the_range_of_its_pictures(distribution):
    gan = GAN(
        networks.dcgan_generator((8, 8, 1), latent_dim=4, width=4),
        networks.dcgan_discriminator((8, 8, 1), width=4),
        latent_dim=4,
        latent_distribution=distribution,
    )
    spec = GeneratorSpec.of(gan)
    drawn = spec.draw(4000)["latents"]
    ours = gan.sample_latents(4000, seed=0)
    assert drawn.dtype == ours.dtype
    for statistic in (np.min, np.max) if distribution == "uniform" else (np.std,):
        np.testing.assert_allclose(statistic(drawn), statistic(ours), rtol=0.02)
    assert (spec.outputs[0].low, spec.outputs[0].high) == (-1.0, 1.0)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_spec_survives_json_and_still_calls_its_generator(name):
    generator = GENERATORS[name][0]()
    spec = GeneratorSpec.of(generator)
    again = GeneratorSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    inputs = spec.draw(2)
    model = keras_model(generator)
    for output, value in FlatGenerator(model, again).reference(inputs).items():
        expected = FlatGenerator(model, spec).reference(inputs)[output]
        np.testing.assert_array_equal(value, expected)


def test_a_spec_can_be_adjusted_and_the_files_follow(tmp_path):
    model = sequential()
    spec = GeneratorSpec.of(model).adjusted(
        latents={"name": "style", "sampler": Uniform(-2, 2)},
        outputs={"name": "points", "low": -3.0, "high": 3.0},
    )
    latents = spec.draw(50)["style"]
    assert 1.9 < np.abs(latents).max() <= 2
    draw = load_artefact(export_onnx(model, tmp_path / "g.onnx", spec=spec))
    assert (list(draw.inputs), list(draw.outputs)) == (["style"], ["points"])
    np.testing.assert_allclose(draw(latents), model(latents), atol=1e-5)
    with pytest.raises(ExportError, match=r"Received: \['z'\]"):
        spec.adjusted(z=Normal())
    with pytest.raises(ExportError, match=r"can be changed. Received: \['size'\]"):
        spec.adjusted(style={"size": 3})
    with pytest.raises(ExportError, match="role"):
        spec.adjusted(style={"role": "magic"})


def test_drawn_inputs_are_valid_and_repeatable():
    inputs = (
        GeneratorInput("latents", (None, 1000), "float32", "latents", Normal()),
        GeneratorInput("labels", (None, 1000), "int64", "labels", Integers(7)),
        GeneratorInput("code", (None, 5), "float32", "attributes", OneHot()),
        GeneratorInput("image", (None, None, None, 3), "float32", "image", Uniform()),
    )
    spec = GeneratorSpec(inputs, ())
    first, again, other = spec.draw(2, 1), spec.draw(2, 1), spec.draw(2, 2)
    for name in spec.input_names:
        np.testing.assert_array_equal(first[name], again[name])
        assert first[name].dtype == spec.input(name).dtype
    assert not np.array_equal(first["latents"], other["latents"])
    assert set(np.unique(first["labels"])) == set(range(7))
    assert np.array_equal(first["code"].sum(-1), [1, 1])
    assert np.abs(first["image"]).max() <= 1
    assert abs(first["latents"].std() - 1) < 0.1
    assert spec.draw(1)["image"].shape == (1, 32, 32, 3)
    assert first["image"].shape == (2, 64, 64, 3)


def test_given_rows_go_around_and_their_range_is_kept():
    rows = Rows(np.arange(6.0, dtype="float32").reshape(3, 2))
    drawn = rows.draw((7, 2), np.random.default_rng(0))
    np.testing.assert_array_equal(drawn[3:6], drawn[:3])
    item = GeneratorInput("z", (None, 2), "float32", "latents", rows)
    spec = GeneratorSpec.from_json(GeneratorSpec((item,), ()).to_json())
    assert spec.input("z").sampler == Uniform(0.0, 5.0)
    with pytest.raises(ExportError, match="at least one row"):
        Rows(np.zeros((0, 2)))


def test_free_sizes_are_named_when_a_file_needs_them_all():
    spec = GeneratorSpec.of(image_to_image())
    with pytest.raises(ExportError, match="with every size"):
        spec.static_shapes(1)
    signature = keras.InputSpec(shape=(None, 8, 6, 4), dtype="float32")
    fixed = GeneratorSpec.of(image_to_image(), signature)
    assert fixed.static_shapes(3) == {"images": (3, 8, 6, 4)}


def test_a_spec_of_another_generator_is_refused():
    spec = GeneratorSpec.of(two_inputs())
    spec = GeneratorSpec.from_json(spec.to_json())
    with pytest.raises(ExportError, match=r"takes the inputs \['latents'\]"):
        FlatGenerator(sequential(), spec)


def test_a_generator_that_fails_on_drawn_inputs_asks_for_samples():
    class Picky(keras.Model):
        def call(self, inputs):
            tf.debugging.assert_positive(inputs)
            return inputs

    model = Picky()
    model(np.ones((1, 3), "float32"))
    with pytest.raises(ExportError, match="sample_inputs"):
        GeneratorSpec.of(model)
    spec = GeneratorSpec.of(model, sample_inputs=np.ones((2, 3), "float32"))
    assert spec.output_names == ["outputs"]
