"""What a format cannot run is found before it is converted, and named."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from keras_gan import layers as our_layers
from keras_gan import networks
from keras_gan.export import (
    GeneratorSpec,
    UnsupportedOpError,
    export_onnx,
    export_tflite,
)
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.lint import Finding, lint, located, refuse
from keras_gan.export.modes import ARTEFACTS
from keras_gan.recipes import RECIPES
from tests.export_blocks import built
from tests.export_generators import called_on_dict, sequential, two_inputs

SHAPE = (8, 8, 1)


@functools.cache
def flat_block(name):
    model = built(name)
    return FlatGenerator(model, GeneratorSpec.of(model))


def notes(flat, artefact, batch_size=None):
    mode = ARTEFACTS[artefact]
    return refuse(lint(flat, mode, batch_size), mode)


def all_layers():
    """All layers of the package, in one model."""
    images = keras.Input((8, 8, 4), name="images")
    x = our_layers.SpectralNormalization(layers.Conv2D(4, 3, padding="same"))(images)
    x = our_layers.MinibatchStandardDeviation()(our_layers.PixelNormalization()(x))
    return keras.Model(images, our_layers.Maxout(3)(layers.Flatten()(x)))


SHIPPED = {
    "dcgan": lambda: networks.dcgan_generator(SHAPE, 4, width=4),
    "mlp": lambda: networks.mlp_generator(SHAPE, 4, hidden_units=(4,)),
    "fully connected": lambda: networks.fully_connected_generator(
        SHAPE, 4, hidden_units=(4, 4)
    ),
    "deconvolutional": lambda: networks.deconvolutional_generator(
        SHAPE, 4, hidden_units=(4,), num_maps=2
    ),
    "vector": lambda: networks.vector_generator(2, 4),
    "discriminator": lambda: networks.dcgan_discriminator(SHAPE, width=4),
    "maxout": lambda: networks.maxout_discriminator(SHAPE, units=(4,)),
    "layers": all_layers,
}
OF_USERS = {"sequential": sequential, "two": two_inputs, "dict": called_on_dict}


def test_every_builder_of_a_recipe_is_among_the_shipped_networks():
    builders = {recipe.generator for recipe in RECIPES.values()}
    named = {item for item in builders if item.__module__.startswith("keras_gan.net")}
    assert {item.__name__ for item in named} == {
        "dcgan_generator",
        "mlp_generator",
        "fully_connected_generator",
        "deconvolutional_generator",
    }


@pytest.mark.parametrize("name", [*SHIPPED, *OF_USERS])
def test_networks_and_layers_pass_in_all_formats(name):
    model = {**SHIPPED, **OF_USERS}[name]()
    flat = FlatGenerator(model, GeneratorSpec.of(model))
    assert notes(flat, "saved_model") == notes(flat, "onnx") == ()
    # Of all modes of TFLite it has the most rules.
    notes(flat, "tflite-int16x8", 1)


@pytest.mark.parametrize(
    ("block", "artefacts", "words"),
    [
        ("own noise", "tflite onnx", "`step`.*RandomStandardNormal.*`keras.Input`"),
        ("seeded noise", "onnx", "`step`.*StatelessRandomNormalV2.*`keras.Input`"),
        ("python step", "saved_model tflite onnx", "`step`.*PyFunc.*keras.ops"),
        ("compiled step", "saved_model tflite onnx", "`step`.*jit_compile"),
        ("half precision", "tflite", "`step`.*half precision.*MatMul.*casts"),
        ("grouped modulation", "onnx", "`grouped_modulation`.*Conv2D.*demodulate"),
        ("words", "tflite onnx", "`text_vectorization`.*StringLower.*token ids"),
        ("category labels", "tflite-int16x8", "`category_enc.*one dimension"),
        ("free length", "tflite", "`gru.*TensorListReserve.*at most 64"),
        ("free length", "tflite-int8", "`gru.*While.*at most 64.*weight_only"),
    ],
)
def test_what_cannot_be_written_is_refused_with_layer_and_rewrite(
    block, artefacts, words
):
    for artefact in artefacts.split():
        with pytest.raises(UnsupportedOpError, match=words):
            notes(flat_block(block), artefact)


def test_kernels_made_from_the_inputs_are_refused_for_integers_only():
    flat = flat_block("grouped modulation")
    assert notes(flat, "tflite", 1) == ()
    for artefact in ("tflite-int8", "tflite-int16x8"):
        with pytest.raises(UnsupportedOpError, match="kernels.*demodulate"):
            notes(flat, artefact, 1)


@pytest.mark.parametrize(
    ("block", "artefact", "words"),
    [
        ("nearest", "onnx", ["`up_sampling2d`: nearest", "`up_sampling2d_1`: nearest"]),
        ("gelu", "onnx", ["`step`: exact gelu"]),
        ("vector quantizer", "tflite", ["`quantizer`: argmax"]),
        ("one-hot labels", "tflite-int8", ["`code`: one-hot codes are looked up"]),
        ("embedded labels", "tflite-int16x8", ["`embedding`: the lookup"]),
        ("stored noise", "onnx", ["`stored_noise`: a stored buffer"]),
        ("seeded noise", "tflite", ["`step`: random numbers of a fixed seed"]),
        ("gru", "tflite-int8", ["`gru`: the recurrent loop"]),
        ("bicubic", "tflite", ["`up_sampling2d`: the resize is two products"]),
    ],
)
def test_what_the_exporter_rewrites_is_said_layer_by_layer(block, artefact, words):
    keras.backend.clear_session()
    flat_block.cache_clear()
    sentences = notes(flat_block(block), artefact, 1)
    assert len(sentences) == len(words)
    for sentence, start in zip(sentences, words, strict=True):
        assert sentence.startswith(f"Layer {start}")


def test_dropout_that_is_always_on_is_said_to_be_off():
    latents = keras.Input((4,), name="latents")
    x = layers.Dropout(0.5, name="chance")(latents, training=True)
    model = keras.Model(latents, layers.Dense(2)(x))
    flat = FlatGenerator(model, GeneratorSpec.of(model))
    (note,) = notes(flat, "saved_model")
    assert note == "Layer `chance`: is off, though called with training=True."


def test_all_things_in_the_way_are_named_at_once():
    latents = keras.Input((4, 4, 8), name="latents")
    text = keras.Input((), dtype="string", name="words")
    ids = layers.StringLookup(vocabulary=["a", "b"], name="ids")(text)
    noise = built("own noise").get_layer("step")
    x = layers.Flatten()(noise(latents)) + layers.Embedding(3, 128)(ids)
    model = keras.Model([latents, text], x)
    samples = [np.zeros((2, 4, 4, 8), "float32"), np.array(["a", "b"])]
    spec = GeneratorSpec.of(model, sample_inputs=samples)
    with pytest.raises(UnsupportedOpError, match="`step`.*`ids`"):
        notes(FlatGenerator(model, spec), "onnx")


def test_many_layers_are_counted():
    problem = ["random numbers are drawn", "Random", "Draw them outside."]
    findings = [Finding(f"noise_{index}", *problem) for index in range(5)]
    with pytest.raises(UnsupportedOpError, match="`noise_2` and 2 more: random"):
        refuse(findings, ARTEFACTS["onnx"])


def test_an_error_of_a_converter_is_located_in_a_layer():
    flat, mode = flat_block("gelu"), ARTEFACTS["onnx"]
    error = located(UnsupportedOpError("ONNX has no operation for Erf."), flat, mode)
    assert str(error) == "ONNX has no operation for Erf. Look into `step`."
    other = UnsupportedOpError("ONNX has no operation for Sinh.")
    assert located(other, flat, mode) is other


CONVERTED = [
    ("nearest", "tflite", {"batch_size": None}),
    ("style", "tflite", {"batch_size": None}),
    ("gru", "tflite", {"batch_size": None}),
    ("bicubic", "tflite", {}),
    ("vector quantizer", "tflite", {}),
    ("table row", "tflite", {}),
    ("seeded noise", "tflite", {}),
    ("one-hot labels", "tflite-int8", {}),
    ("category labels", "tflite-int8", {}),
    ("segmentation map", "tflite-int8", {}),
    ("gru", "tflite-int8", {}),
    ("long series", "tflite-int8", {}),
    ("layer norm", "tflite-int16x8", {}),
    ("embedded labels", "tflite-int16x8", {}),
    ("masked bidirectional lstm", "tflite-int16x8", {}),
    ("transformer", "tflite-int16x8", {}),
    ("style", "onnx", {}),
    ("gelu", "onnx", {}),
    ("stored noise", "onnx", {}),
    ("transformer", "onnx", {}),
    ("vector quantizer", "onnx", {}),
    ("table row", "onnx", {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("block", "artefact", "options"), CONVERTED)
def test_what_was_rewritten_converts_and_draws_the_same(
    block, artefact, options, tmp_path
):
    mode = ARTEFACTS[artefact]
    export = {"tflite": export_tflite, "onnx": export_onnx}[mode.format]
    path = tmp_path / mode.file_name
    assert export(built(block), path, mode=mode.name, **options) == path
    assert path.stat().st_size > 0
