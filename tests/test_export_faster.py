"""Faster generators: another way to write the same function."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

from keras_gan.export import faster
from keras_gan.export.faster import faster_generator, rewriting
from keras_gan.export.modes import MODES, ONNX_MODES, SAVED_MODEL_MODES, TFLITE_MODES
from keras_gan.export.sub_pixel import Axis, SubPixelConvolution, axes_of
from keras_gan.networks import dcgan_generator

INT8 = TFLITE_MODES["int8"]
ALL_MODES = [mode for modes in MODES.values() for mode in modes.values()]
# Kernel, stride, padding, height and width, form.
GEOMETRIES = [
    (4, 2, "same", (4, 4), "merged"),
    (4, 2, "same", (3, 5), "split"),
    (5, 2, "same", (4, 3), "merged"),
    (5, 2, "same", (3, 4), "split"),
    (4, 2, "valid", (3, 4), "split"),
    (5, 2, "valid", (3, 4), "merged"),
    (5, 3, "same", (3, 4), "split"),
    (2, 3, "valid", (3, 3), "merged"),
    (3, 1, "same", (4, 4), "merged"),
]
PRODUCT = itertools.product(
    range(1, 8),
    (1, 2, 3, 4),
    ("same", "valid"),
    ((3, 4), (5, 2)),
    ("merged", "split"),
)
ALL_GEOMETRIES = [g for g in PRODUCT if g[4] == "merged" or g[0] >= g[1]]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def randomised(model):
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if "kernel" in weight.path:
            fan_in = np.prod(weight.shape[:-1])
            weight.assign(rng.normal(size=weight.shape) / np.sqrt(fan_in))
        else:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model


def difference(model, other, *inputs):
    one, two = (np.asarray(m(*inputs, training=False)) for m in (model, other))
    assert one.shape == two.shape
    return np.abs(one - two).max()


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def rewritten(transposed, form, x):
    transposed(x)
    transposed.bias.assign(drawn(*transposed.bias.shape, seed=1))
    layer = SubPixelConvolution(transposed.filters, axes_of(transposed), form)
    layer.build(x.shape)
    layer.set_transposed_weights(*transposed.get_weights())
    return layer


def check_geometry(kernel_size, stride, padding, size, form):
    x = drawn(2, *size, 2)
    transposed = layers.Conv2DTranspose(3, kernel_size, stride, padding)
    layer = rewritten(transposed, form, x)
    actual, expected = layer(x), transposed(x)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_plain_convolutions_and_depth_to_space_are_a_transposed_convolution(geometry):
    check_geometry(*geometry)


@pytest.mark.slow
def test_they_are_for_all_kernels_strides_paddings_and_sizes():
    for geometry in ALL_GEOMETRIES:
        check_geometry(*geometry)


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding", "form"),
    [(25, 4, "same", "merged"), (25, 4, "valid", "split"), (4, 2, "same", "split")],
)
def test_they_are_along_one_axis_too(kernel_size, stride, padding, form):
    x = drawn(2, 5, 3)
    transposed = layers.Conv1DTranspose(2, kernel_size, stride, padding)
    layer = rewritten(transposed, form, x)
    np.testing.assert_allclose(layer(x), transposed(x), atol=1e-5)


def test_a_split_convolution_has_as_many_weights_as_the_transposed_one():
    x = drawn(1, 4, 4, 3)
    for kernel_size in (4, 5, 7):
        transposed = layers.Conv2DTranspose(6, kernel_size, 2, "same")
        layer = rewritten(transposed, "split", x)
        assert layer.count_params() == transposed.count_params()


def test_a_merged_convolution_of_an_even_kernel_has_no_zeros():
    axis = Axis(kernel_size=4, stride=2, cut=1, surplus=0)
    assert len(axis.window((0, 1), axis.shift())) == 2


def test_a_free_height_and_width_stay_free():
    inputs = keras.Input((None, None, 2))
    outputs = layers.Conv2DTranspose(3, 4, 2, "same")(inputs)
    model = keras.Model(inputs, outputs)
    sooner = faster_generator(model)
    assert kinds(sooner)[-1] == "SubPixelConvolution"
    assert sooner.output_shape == (None, None, None, 3)
    for size in ((3, 5), (4, 4)):
        assert difference(model, sooner, drawn(1, *size, 2)) < 1e-5


@pytest.fixture(scope="module")
def dcgan():
    return randomised(dcgan_generator((15, 16, 1), 6, width=32, kernel_size=4))


@pytest.mark.parametrize("mode", ALL_MODES, ids=lambda mode: mode.artefact_name)
def test_a_dcgan_draws_the_same_pictures_in_the_form_of_each_mode(dcgan, mode):
    weights = dcgan.get_weights()
    sooner = faster_generator(dcgan, mode)
    assert difference(dcgan, sooner, drawn(3, 6)) < 1e-5
    assert (sooner is dcgan) == (not rewriting(mode))
    if rewriting(mode):
        assert not any("Normalization" in kind for kind in kinds(sooner))
    for before, after in zip(weights, dcgan.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert sooner.output_names == dcgan.output_names
    assert sooner.inputs[0].name == dcgan.inputs[0].name


def test_the_form_follows_what_was_measured():
    expected = {
        ("tflite", "float32"): ["merged", "split", "split"],
        ("tflite", "weight_only"): ["merged", "split", "split"],
        ("tflite", "int8"): ["merged", "merged", "split"],
        ("onnx", "float32"): [None, None, "split"],
        ("onnx", "int8"): ["merged", "merged", "merged"],
        ("onnx", "dynamic"): [None, None, None],
    }
    for (format_name, name), forms in expected.items():
        form = faster._FORMS[rewriting(MODES[format_name][name])]
        assert [form(filters) for filters in (16, 32, 64)] == forms
    assert rewriting(SAVED_MODEL_MODES["float32"]) == ""
    assert {rewriting(mode) for mode in ALL_MODES} == {"", *faster._FORMS}


def test_of_a_sequential_all_that_can_go_is_gone():
    model = randomised(
        keras.Sequential(
            [
                keras.Input((8,)),
                layers.Dense(3 * 3 * 4),
                layers.GaussianNoise(0.1),
                layers.Reshape((3, 3, 4)),
                layers.BatchNormalization(),
                layers.LeakyReLU(),
                layers.Conv2DTranspose(6, 4, 2, "same", use_bias=False),
                layers.Cropping2D(((0, 1), (1, 0))),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.LeakyReLU(),
                layers.Conv2D(5, 3, use_bias=False),
                layers.BatchNormalization(center=False),
                layers.BatchNormalization(scale=False),
                layers.Conv2DTranspose(1, 5, 2, "same", activation="tanh"),
            ]
        )
    )
    sooner = faster_generator(model, INT8)
    assert kinds(sooner) == [
        "InputLayer",
        "Dense",
        "Reshape",
        "LeakyReLU",
        "SubPixelConvolution",
        "Cropping2D",
        "Conv2D",
        "SubPixelConvolution",
    ]
    assert difference(model, sooner, drawn(4, 8)) < 1e-5


def test_what_others_see_is_not_folded_away():
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2DTranspose(3, 4, 2, "same")(inputs)
    normalised = layers.BatchNormalization()(x)
    model = randomised(
        keras.Model(inputs, layers.Add()([x, layers.ReLU()(normalised)]))
    )
    sooner = faster_generator(model)
    assert "BatchNormalization" in kinds(sooner) and "ReLU" in kinds(sooner)
    assert difference(model, sooner, drawn(2, 4, 4, 2)) < 1e-5


def test_a_model_inside_and_a_layer_that_is_called_twice_keep_their_function():
    block = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2DTranspose(2, 4, 2, "same"),
            layers.BatchNormalization(),
        ]
    )
    twice = layers.Conv2DTranspose(2, 4, 2, "same")
    one, two = keras.Input((4, 4, 2), name="one"), keras.Input((4, 4, 2), name="two")
    difference_of_both = keras.ops.subtract(twice(one), twice(two))
    model = keras.Model({"one": one, "two": two}, difference_of_both + block(one))
    sooner = faster_generator(randomised(model))
    assert kinds(sooner).count("SubPixelConvolution") == 1
    inner = next(layer for layer in sooner.layers if isinstance(layer, keras.Model))
    assert kinds(inner) == ["InputLayer", "SubPixelConvolution"]
    inputs = {"one": drawn(2, 4, 4, 2), "two": drawn(2, 4, 4, 2, seed=1)}
    assert difference(model, sooner, inputs) < 1e-5


def test_what_cannot_be_rewritten_is_left_as_it_is():
    class OfSomebody(keras.Model):
        def call(self, inputs):
            return inputs

    unusual = [
        layers.Conv2DTranspose(2, 3, (2, 1), "same"),
        layers.Conv2DTranspose(2, 3, 2, "same", output_padding=1),
        layers.Conv2DTranspose(2, 3, 1, "same", dilation_rate=2),
        layers.Conv2DTranspose(2, 3, 2, "same", activation="softmax"),
        layers.Conv3DTranspose(2, 3, 2, "same"),
    ]
    for layer in unusual:
        shape = (4, 4, 4, 1) if isinstance(layer, layers.Conv3DTranspose) else (4, 4, 1)
        model = keras.Sequential([keras.Input(shape), layer])
        assert faster_generator(model) is model, layer
    subclassed = OfSomebody()
    subclassed(np.zeros((1, 2)))
    assert faster_generator(subclassed) is subclassed


def test_a_model_with_a_layer_that_has_no_config_is_left_as_it_is():
    class Scale(layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return self.factor * inputs

        def get_config(self):
            raise NotImplementedError

    model = keras.Sequential(
        [keras.Input((4, 4, 1)), Scale(2.0), layers.Conv2DTranspose(1, 4, 2, "same")]
    )
    assert faster_generator(model) is model


def test_a_faster_generator_can_be_saved_and_loaded(dcgan, tmp_path):
    sooner = faster_generator(dcgan, ONNX_MODES["int8"])
    sooner.save(tmp_path / "sooner.keras")
    loaded = keras.saving.load_model(tmp_path / "sooner.keras")
    assert difference(sooner, loaded, drawn(2, 6)) == 0


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="must be one of .*merged.*Received: form='x'"):
        SubPixelConvolution(1, [(4, 2, 1, 0)], form="x")
