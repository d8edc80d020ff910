"""Inputs of a generator: how it is called, under which names, and on what to try it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan.export import ExportError, GeneratorSpec, export_onnx, load_artefact
from keras_gan.export.names import input_names, output_names
from keras_gan.export.prepare import prepared
from tests.export_generators import (
    FromArguments,
    FromDict,
    called_on_dict,
    drawn,
)


def test_a_generator_that_was_never_called_asks_for_its_signature(tmp_path):
    path = tmp_path / "g.onnx"
    with pytest.raises(ExportError, match=r"Call it once .*input_signature"):
        export_onnx(FromDict(), path)
    signature = {
        "latents": keras.InputSpec(shape=(None, 16), dtype="float32"),
        "labels": keras.InputSpec(shape=(None,), dtype="int32"),
    }
    model = FromDict()
    export_onnx(model, path, spec=GeneratorSpec.of(model, signature))
    inputs = drawn(["latents", "labels"])
    np.testing.assert_allclose(load_artefact(path)(inputs), model(inputs), atol=1e-5)


def test_several_arguments_are_told_by_samples_or_a_signature():
    model = FromArguments()
    inputs = drawn(["latents", "labels"])
    model(inputs["latents"], inputs["labels"])
    with pytest.raises(ExportError, match="several arguments"):
        prepared(model)
    samples = {"labels": np.arange(10) % 3, **inputs}
    flat = prepared(model, GeneratorSpec.of(model, sample_inputs=samples))
    assert flat.spec.input_names == ["latents", "labels"]
    expected = model(inputs["latents"], inputs["labels"])
    np.testing.assert_allclose(flat.reference(inputs)["outputs"], expected)


def test_integer_inputs_of_a_called_subclass_are_found_from_what_it_does_with_them():
    assert GeneratorSpec.of(called_on_dict()).input("labels").dtype == "int32"

    class Gathered(keras.Model):
        def call(self, inputs):
            return inputs["latents"] + tf.gather(tf.eye(16), inputs["labels"])

    model = Gathered()
    model(drawn(["latents", "labels"], 2))
    assert GeneratorSpec.of(model).input("labels").dtype == "int32"


def test_an_argument_called_inputs_is_no_name():
    class Plain(keras.Model):
        def call(self, inputs):
            return inputs * 2.0

    class Named(keras.Model):
        def call(self, style):
            return style * 2.0

    for model, name in ((Plain(), "latents"), (Named(), "style")):
        model(np.zeros((2, 16), "float32"))
        assert GeneratorSpec.of(model).input_names == [name]


def test_names_are_clean_distinct_and_kept_where_a_person_gave_them():
    def spec(name, rank=2, dtype="float32"):
        return tf.TensorSpec((None,) * rank, dtype, name=name)

    assert input_names(spec("keras_tensor_12")) == ["latents"]
    assert input_names([spec("input_layer_3", 4), spec(None)]) == ["input_0", "latents"]
    assert input_names([spec(None), spec("keras_tensor")]) == ["input_0", "input_1"]
    assert input_names([spec("style code"), spec("style_code")]) == [
        "style_code",
        "style_code_1",
    ]
    assert input_names({"b": spec("x"), "a": spec("y")}) == ["a", "b"]
    assert input_names(spec("x")) == ["x"]
    images, vector = np.zeros((1, 2, 2, 1)), np.zeros((1, 2))
    assert output_names(images, ["tanh"], ["latents"]) == ["images"]
    assert output_names(vector, None, ["outputs"]) == ["outputs_1"]
    assert output_names([images, vector], ["a", "b"], ["b"]) == ["a", "b_1"]
    assert output_names([images, vector], None, []) == ["output_0", "output_1"]
    assert output_names({"picture": images}, None, []) == ["picture"]
