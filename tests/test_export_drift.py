"""The layer after which an artefact drifts away from its generator."""

import contextlib

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_gan.export import drift
from keras_gan.export.drift import drift_sentence
from keras_gan.export.prepare import prepared
from tests.export_proofs import deep, deep_tflite, spoil, written


@contextlib.contextmanager
def spoilt(model, name):
    """Let Keras have other weights in a layer than the files."""
    layer = model.get_layer(name)
    weights = layer.get_weights()
    spoil(layer)
    try:
        yield
    finally:
        layer.set_weights(weights)


FILES = (
    "generator.tflite",
    pytest.param("saved_model", marks=pytest.mark.slow),
    pytest.param("generator.onnx", marks=pytest.mark.slow),
)


@pytest.fixture(scope="module", params=FILES)
def artefact(request, tmp_path_factory):
    model, folder = deep(), tmp_path_factory.mktemp("drift")
    flat = prepared(model)
    if request.param != "generator.tflite":
        return model, flat, written(flat, folder, request.param)
    path = folder / request.param
    path.write_bytes(deep_tflite())
    return model, flat, path


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("start", "The drift begins with the first layer, `start`."),
        ("first", "The drift begins after layer `shaped`."),
        ("second", "The drift begins after layer `first_relu`."),
        ("last", "The drift begins after layer `second_relu`."),
    ],
)
def test_the_drift_begins_after_the_last_layer_that_is_still_right(
    artefact, name, sentence
):
    model, flat, path = artefact
    inputs = flat.spec.draw(3, seed=5)
    with spoilt(model, name):
        assert drift_sentence(flat, path, inputs) == sentence


def test_of_an_artefact_that_is_right_nothing_is_said(artefact):
    _, flat, path = artefact
    assert drift_sentence(flat, path, flat.spec.draw(2)) == ""


def test_what_cannot_be_told_is_not_said(artefact, tmp_path):
    _, flat, path = artefact
    (tmp_path / "generator.onnx").write_text("no file")
    for place in (tmp_path / "generator.onnx", tmp_path / "gone.tflite", tmp_path):
        assert drift_sentence(flat, place, flat.spec.draw(2)) == ""
    assert drift_sentence(flat, path, {"other": np.zeros((1, 16), "float32")}) == ""


@pytest.fixture
def file_of(monkeypatch):
    """A file that computes what the layers compute now, without writing one."""

    def write(flat, inputs):
        steps = drift._steps(flat, inputs)
        tensors = [output.numpy() for step in steps for output in step.outputs]
        monkeypatch.setattr(
            drift, "intermediate_tensors", lambda path, inputs: (inputs, tensors)
        )
        return "file"

    return write


class Steps(keras.Model):
    """A subclassed generator with a block inside and steps that are no layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(12), layers.Dense(12, name="inside")
        self.block = keras.Sequential(
            [self.second, layers.LeakyReLU(0.1)], name="block"
        )
        self.last = layers.Dense(6, name="last")

    def call(self, latents):
        x = ops.tanh(self.first(latents)) * 2.0
        return self.last(ops.sin(self.block(x)))


def test_layers_of_nested_and_subclassed_models_are_told_apart(file_of):
    model = Steps()
    model(np.zeros((1, 4), "float32"))
    flat = prepared(model)
    inputs = flat.spec.draw(4)
    path = file_of(flat, inputs)
    spoil(model.last)
    assert "after layer `block`." in drift_sentence(flat, path, inputs)
    spoil(model.second)
    sentence = drift_sentence(flat, path, inputs)
    assert sentence == f"The drift begins after layer `{model.first.name}`."


def test_a_sound_branch_does_not_hide_the_drift_of_another(file_of):
    latents = keras.Input((8,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    x = layers.Dense(12, activation="tanh", name="early")(latents)
    x = layers.Dense(12, activation="tanh", name="wrong")(x)
    y = layers.Embedding(4, 6, name="words")(labels)
    for index in range(4):
        y = layers.Dense(5 + index, activation="tanh", name=f"words_{index}")(y)
    x = layers.Concatenate(name="joined")([x, y])
    model = keras.Model([latents, labels], layers.Dense(3, name="end")(x))
    flat = prepared(model)
    inputs = flat.spec.draw(8)
    path = file_of(flat, inputs)
    spoil(model.get_layer("wrong"))
    sentence = drift_sentence(flat, path, inputs)
    assert sentence == "The drift begins after layer `early`."


def test_keras_layers_are_as_before_after_a_look_at_them():
    call = keras.layers.Layer.__call__
    flat = prepared(deep())
    assert drift_sentence(flat, "nowhere", flat.spec.draw(1)) == ""
    assert keras.layers.Layer.__call__ is call
