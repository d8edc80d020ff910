"""What cannot be exported is refused in one sentence, and nothing is written."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_gan.export import (
    ExportError,
    Limits,
    ParityError,
    UnsupportedOpError,
    export_all,
    export_onnx,
    export_tflite,
    load_artefact,
)
from tests.export_generators import (
    EXPORTERS,
    image_to_image,
    listed,
    sequential,
)

POSITIONS = tf.constant([0.1, 0.2, 0.3, 0.4])


def with_step(function):
    class Step(layers.Layer):
        def call(self, x):
            return function(x)

    latents = keras.Input((4,), name="latents")
    return keras.Model(latents, Step()(layers.Dense(4)(latents)))


def fixed_noise(x):
    return x + tf.random.stateless_normal(tf.shape(x), (1, 2))


def erfc_in_a_loop(x):
    def step(index, value):
        return index + 1, tf.math.erfc(value)

    return tf.while_loop(lambda index, _: index < 3, step, (0, x))[1]


def exact_gelu(x):
    return ops.gelu(x, approximate=False)


def positions(x):
    return x + tf.gather(POSITIONS, [2, 0, 1, 3])


def largest(x):
    return ops.cast(ops.argmax(x, axis=-1, keepdims=True), "float32")


def python_step(x):
    return tf.ensure_shape(tf.numpy_function(np.tanh, [x], "float32"), (None, 4))


def by_sign(x):
    if tf.reduce_sum(x) > 0:
        return x
    return 3 * x


branch = tf.function(by_sign)
compiled_branch = tf.function(by_sign, jit_compile=True)


@pytest.mark.parametrize(
    ("function", "file_name", "words"),
    [
        (fixed_noise, "generator.onnx", "StatelessRandomNormalV2.*keras.Input"),
        (python_step, "saved_model", "PyFunc.*keras.ops"),
        (compiled_branch, "saved_model", "jit_compile"),
    ],
)
def test_an_operation_that_a_format_lacks_is_named_with_its_rewrite(
    function, file_name, words, tmp_path, capfd
):
    model = with_step(function)
    with pytest.raises(UnsupportedOpError, match=words):
        EXPORTERS[file_name](model, tmp_path / file_name)
    assert listed(tmp_path) == []
    assert capfd.readouterr().err == ""


def test_a_layer_that_lives_by_autograph_is_traced_as_it_is(tmp_path):
    model = with_step(branch)
    draw = load_artefact(export_onnx(model, tmp_path / "g.onnx"))
    latents = np.array([[1, 2, 3, 4]], "float32")
    for sign in (1, -1):
        np.testing.assert_allclose(
            draw(sign * latents), model(sign * latents), rtol=1e-5
        )


@pytest.mark.parametrize("file_name", EXPORTERS)
def test_a_generator_that_draws_its_own_noise_is_refused(file_name, tmp_path):
    seed = keras.random.SeedGenerator(1)
    model = with_step(lambda x: x + keras.random.normal(ops.shape(x), seed=seed))
    with pytest.raises(UnsupportedOpError, match="noise outside"):
        EXPORTERS[file_name](model, tmp_path / file_name)


@pytest.mark.parametrize(
    ("function", "file_name"),
    [
        (exact_gelu, "generator.onnx"),
        (erfc_in_a_loop, "generator.onnx"),
        (largest, "generator.onnx"),
        (largest, "generator.tflite"),
        (positions, "generator.onnx"),
    ],
)
def test_what_converters_break_in_silence_is_written_in_another_form(
    function, file_name, tmp_path
):
    model = with_step(function)
    draw = load_artefact(EXPORTERS[file_name](model, tmp_path / file_name))
    latents = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_allclose(draw(latents), model(latents), atol=1e-5)


def test_a_weight_that_is_not_a_number_is_found_before_anything_is_written(tmp_path):
    model = sequential()
    model.layers[0].bias.assign(np.full(16, np.nan))
    with pytest.raises(ParityError, match="itself returns NaN"):
        export_all(model, tmp_path)
    assert listed(tmp_path) == []


def test_options_are_checked_at_the_door(tmp_path):
    model = sequential()
    with pytest.raises(ExportError, match=r"Received: opset=19"):
        export_onnx(model, tmp_path / "g.onnx", opset=19)
    with pytest.raises(ExportError, match=r"Received: batch_size=0"):
        export_tflite(model, tmp_path / "g.tflite", batch_size=0)
    with pytest.raises(ExportError, match="artefacts=.*tfjs"):
        export_all(model, tmp_path, artefacts=["onnx", "tfjs"])
    with pytest.raises(ExportError, match="limits=.*tfjs"):
        export_all(model, tmp_path, limits={"tfjs": Limits()})
    with pytest.raises(ExportError, match="mode='int4'"):
        export_tflite(model, tmp_path / "g.tflite", mode="int4")
    with pytest.raises(ExportError, match="with every size"):
        export_tflite(image_to_image(), tmp_path / "g.tflite")
    assert listed(tmp_path) == []


@pytest.mark.parametrize("thing", [None, "generator.keras", lambda z: z])
def test_a_thing_that_is_no_keras_model_is_refused(thing, tmp_path):
    with pytest.raises(ExportError, match=r"Keras model.*Received: generator="):
        export_onnx(thing, tmp_path / "g.onnx")


@pytest.mark.parametrize(
    ("module", "file_name", "package"),
    [
        ("tf2onnx", "generator.onnx", "tf2onnx"),
        ("onnxruntime", "generator.onnx", "onnxruntime"),
        ("ai_edge_litert.interpreter", "generator.tflite", "ai-edge-litert"),
    ],
)
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    module, file_name, package, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        EXPORTERS[file_name](sequential(), tmp_path / file_name)
