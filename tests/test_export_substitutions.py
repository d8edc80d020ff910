"""What is traced in another form computes the same, and nothing stays replaced."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from keras.src import backend
from tensorflow.python.framework.func_graph import FuncGraph

from keras_gan.export import equal_functions, export_tflite, load_artefact
from keras_gan.export.modes import MODES, mode_named
from keras_gan.export.substitution_table import SUBSTITUTIONS
from keras_gan.export.substitutions import plan, replacements, substituted

ONNX = mode_named("onnx", "float32")
TFLITE = mode_named("tflite", "float32")
INT8 = mode_named("tflite", "int8")
INT16 = mode_named("tflite", "int16x8")
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


def integers(low, high, *shape, dtype="int32"):
    return RNG.integers(low, high, shape).astype(dtype)


def traced(function, mode, *inputs, free=True):
    """Trace a function for a mode with a free batch size."""

    def generate(*tensors):
        with substituted(mode):
            return function(*tensors)

    specs = [
        tf.TensorSpec((None, *value.shape[1:]) if free else value.shape, value.dtype)
        for value in inputs
    ]
    traceable = tf.function(generate, input_signature=specs, autograph=False)
    return traceable.get_concrete_function()


def types(concrete):
    return {op.type for op in concrete.graph.get_operations()}


def assert_equal(function, mode, *inputs, replaced=(), free=True, atol=1e-6):
    """Check values, shape and dtype against the eager original, and what was traced."""
    concrete = traced(function, mode, *inputs, free=free)
    expected = function(*map(tf.constant, inputs))
    actual = concrete(*map(tf.constant, inputs))
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=atol)
    assert types(concrete).isdisjoint(replaced)
    return concrete


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("size", [1, 2, (3, 5)])
def test_nearest_upsampling_is_one_resize(size, data_format):
    layer = layers.UpSampling2D(size, data_format=data_format)
    concrete = assert_equal(layer, TFLITE, normal(2, 3, 4, 5), replaced={"Tile"})
    assert "ResizeNearestNeighbor" in types(concrete)


def test_upsampling_of_a_large_factor_rounds_to_the_same_pixels():
    assert_equal(layers.UpSampling2D((37, 61)), ONNX, normal(1, 7, 11, 1))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_repeat_keeps_the_sizes_that_are_known(axis):
    concrete = assert_equal(
        lambda x: ops.repeat(x, 3, axis=axis), TFLITE, normal(2, 3, 4)
    )
    expected = [None, 3, 4]
    if axis != 0:
        expected[axis] *= 3
    assert concrete.outputs[0].shape.as_list() == expected


def test_a_repeat_by_several_numbers_is_left_alone():
    assert_equal(lambda x: ops.repeat(x, [2, 0, 1], axis=1), TFLITE, normal(2, 3))


@pytest.mark.parametrize("function", [ops.argmax, ops.argmin])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_argmax_takes_the_first_of_equals(function, axis, keepdims):
    few_values = integers(1, 4, 3, 5, 7).astype("float32")
    for values in (few_values, few_values.astype("float16"), integers(0, 3, 3, 5, 7)):
        assert_equal(
            lambda x: function(x, axis, keepdims=keepdims),
            ONNX,
            values,
            replaced={"Bitcast", "BitwiseAnd"},
        )


def test_both_zeros_are_one_number_to_argmax():
    zeros = np.array([[-0.0, 0.0]], "float32")
    assert traced(lambda x: ops.argmax(x, -1), ONNX, zeros)(zeros).numpy() == [0]


@pytest.mark.parametrize("gelu", [tf.nn.gelu, lambda x: ops.gelu(x, approximate=False)])
def test_exact_gelu_is_computed_without_erfc(gelu):
    values = np.linspace(-12, 12, 301, dtype="float32")[None]
    assert_equal(gelu, ONNX, values, replaced={"Erfc"}, atol=2e-6)


def test_an_operation_in_the_body_of_a_loop_is_replaced_too():
    def loop(x):
        def step(index, value):
            return index + 1, tf.math.erfc(value)

        return tf.while_loop(lambda index, _: index < 3, step, (0, x))[1]

    concrete = assert_equal(loop, ONNX, normal(2, 3))
    library = concrete.graph.as_graph_def().library.function
    assert library
    assert all(node.op != "Erfc" for body in library for node in body.node_def)


def test_expm1_of_celu_is_computed_with_exp():
    values = np.linspace(-9, 9, 61, dtype="float32")[None]
    assert_equal(keras.activations.celu, ONNX, values, replaced={"Expm1"})


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("size", [(6, 9), (2, 3)])
@pytest.mark.parametrize(
    ("method", "antialias"),
    [("bicubic", False), ("bicubic", True), ("lanczos5", False), ("area", False)],
)
def test_a_resize_of_known_size_is_two_matrix_products(size, method, antialias, free):
    assert_equal(
        lambda x: tf.image.resize(x, size, method, antialias=antialias),
        TFLITE,
        normal(2, 3, 4, 2),
        replaced={"ResizeBicubic", "ScaleAndTranslate", "ResizeArea"},
        free=free,
    )


def test_a_resize_of_free_size_is_left_alone():
    def double(x):
        size = 2 * tf.shape(x)[1:3]
        return tf.image.resize(x, size, "bicubic")

    with_free_size = tf.function(
        lambda x: _substituted_call(double, x),
        input_signature=[tf.TensorSpec((1, None, None, 2))],
    )
    concrete = with_free_size.get_concrete_function()
    assert "ResizeBicubic" in types(concrete)


def _substituted_call(function, x):
    with substituted(TFLITE):
        return function(x)


@pytest.mark.parametrize(
    ("axis", "dtype"), [(-1, "int32"), (2, "int64"), (0, "uint8"), (1, "int32")]
)
def test_a_one_hot_code_is_looked_up_also_for_ids_out_of_range(axis, dtype):
    ids = integers(0 if dtype == "uint8" else -2, 7, 3, 5, dtype=dtype)
    concrete = assert_equal(
        lambda x: ops.one_hot(x, 4, axis=axis), INT8, ids, replaced={"OneHot"}
    )
    assert "GatherV2" in types(concrete)


def test_a_one_hot_code_keeps_its_two_values():
    def code(x):
        return tf.one_hot(x, 5, on_value=2.0, off_value=-1.0)

    assert_equal(code, INT8, integers(-1, 6, 4), replaced={"OneHot"})


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_an_embedding_is_a_product_with_a_one_hot_code(shape):
    layer = layers.Embedding(7, 3)
    # Keras counts negative ids from the end.
    assert_equal(layer, INT16, integers(-7, 7, *shape), replaced={"GatherV2"})


def test_a_lookup_by_tensorflow_is_a_product_too():
    table = tf.Variable(normal(7, 2, 3))
    for gather in (lambda x: tf.gather(table, x), lambda x: tf.gather(table[:], x)):
        ids = integers(0, 7, 4)
        assert_equal(gather, INT16, ids, replaced={"GatherV2", "ResourceGather"})


def test_lookups_that_products_cannot_replace_are_left_alone():
    table = tf.constant(normal(3, 7))
    concrete = assert_equal(
        lambda x: tf.gather(table, x, axis=1), INT16, integers(0, 7, 4)
    )
    assert "GatherV2" in types(concrete)
    large = layers.Embedding(5000, 2)
    assert "GatherV2" in types(assert_equal(large, INT16, integers(0, 5000, 4)))


def test_ids_do_not_become_floats_in_between():
    def encode(x):
        return layers.CategoryEncoding(4, output_mode="one_hot")(x)

    concrete = assert_equal(encode, INT8, integers(0, 4, 5, 1), replaced={"OneHot"})
    assert len(replacements(concrete.graph)) == 2
    floats = np.linspace(-3, 3, 25, dtype="float32")
    concrete = assert_equal(lambda x: ops.cast(x, "int32"), INT8, floats)
    assert len(replacements(concrete.graph)) == 0


@pytest.mark.parametrize("axes", [(1, 2), (-2, -3), (0, 1, 3)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_a_mean_is_taken_axis_by_axis(axes, keepdims):
    def mean(x):
        return tf.reduce_mean(x, axes, keepdims)

    concrete = assert_equal(mean, TFLITE, normal(2, 6, 5, 3), free=False)
    for trace, count in (
        (concrete, len(axes)),
        (traced(mean, INT8, normal(2, 6, 5, 3)), 1),
    ):
        operations = trace.graph.get_operations()
        assert [op.type for op in operations].count("Mean") == count


@pytest.mark.slow
def test_a_flat_picture_is_normalised_as_exactly_as_by_keras(tmp_path):
    # A variance is a small difference of large sums there.
    images = keras.Input((128, 128, 3), name="images")
    norm = layers.GroupNormalization(groups=-1, epsilon=1e-3)
    flat = (0.9 + 0.02 * normal(2, 128, 128, 3)).astype("float32")
    path = export_tflite(keras.Model(images, norm(images)), tmp_path / "norm.tflite")
    exact = flat.astype("float64")
    exact -= exact.mean((1, 2), keepdims=True)
    exact /= np.sqrt(exact.var((1, 2), keepdims=True) + 1e-3)
    drawn = load_artefact(path)(flat)
    assert np.abs(drawn - exact).max() < 2e-5


def test_a_mean_over_one_axis_of_integers_or_of_unknown_axes_is_left_alone():
    for mean, inputs in (
        (lambda x: tf.reduce_mean(x, 1), [normal(2, 6, 5)]),
        (lambda x: tf.reduce_mean(x, (0, 1)), [integers(0, 9, 6, 5)]),
        (tf.reduce_mean, [normal(6, 5), integers(0, 1, 2)]),
    ):
        operations = traced(mean, TFLITE, *inputs).graph.get_operations()
        assert [op.type for op in operations].count("Mean") == 1


def test_squares_and_masks_are_written_for_16_bits():
    layer = layers.LayerNormalization()
    squares = {"Square", "SquaredDifference"}
    assert_equal(layer, INT16, normal(3, 5), replaced=squares)
    assert_equal(
        lambda x: ops.not_equal(x, 0), INT16, integers(0, 2, 9), replaced={"NotEqual"}
    )


@pytest.mark.parametrize(
    "layer",
    [
        layers.GRU(3),
        layers.LSTM(3, return_sequences=True),
        layers.SimpleRNN(3, go_backwards=True),
    ],
)
def test_a_recurrent_layer_of_known_length_is_unrolled(layer):
    assert_equal(layer, INT8, normal(2, 3, 3), replaced={"While"})


@pytest.mark.parametrize("return_sequences", [False, True])
def test_a_masked_recurrent_layer_is_unrolled_in_both_directions(return_sequences):
    embedding = layers.Embedding(3, 4, mask_zero=True)
    layer = layers.SimpleRNN(3, return_sequences=return_sequences)
    both = layers.Bidirectional(layer)
    tokens = np.array([[0, 1, 0, 2, 0], [1, 2, 1, 0, 0], [0, 0, 0, 0, 0]], "int32")
    assert_equal(lambda x: both(embedding(x)), INT8, tokens, replaced={"While"})


def test_a_loop_is_kept_where_it_converts_and_where_it_is_long(monkeypatch):
    layer, sequences = layers.SimpleRNN(2), normal(2, 3, 2)
    assert "While" in types(traced(layer, TFLITE, sequences, free=False))
    assert "While" in types(traced(layer, ONNX, sequences))
    assert "While" not in types(traced(layer, TFLITE, sequences))
    monkeypatch.setattr(equal_functions, "LONGEST_LOOP", 2)
    assert "While" in types(traced(layer, INT8, sequences))


def test_tensors_made_before_the_call_become_constants():
    small, large = tf.constant(normal(4)), tf.constant(normal(4, 40))

    def add(x):
        return (x + small) @ large

    concrete = assert_equal(add, ONNX, normal(2, 4))
    assert concrete.captured_inputs == []
    assert len(concrete.inputs) == 1


def test_a_buffer_is_widened_only_behind_a_bias():
    noise = tf.Variable(normal(1, 4, 4, 1))
    with_bias, without_bias = layers.Conv2D(3, 1), layers.Conv2D(3, 1, use_bias=False)
    images = normal(2, 4, 4, 2)
    concrete = assert_equal(lambda x: with_bias(x) + noise, ONNX, images)
    assert len(replacements(concrete.graph)) == 1
    concrete = assert_equal(lambda x: noise + without_bias(x), ONNX, images)
    assert len(replacements(concrete.graph)) == 0


def test_numbers_of_a_fixed_seed_are_constants_where_their_shape_is_fixed():
    def noise(x):
        return x + tf.random.stateless_normal((1, 3), (1, 2))

    assert_equal(noise, ONNX, normal(2, 3), replaced={"StatelessRandomNormalV2"})
    concrete = assert_equal(
        lambda x: x + tf.random.stateless_uniform(tf.shape(x), (1, 2)),
        ONNX,
        normal(2, 3),
    )
    assert "StatelessRandomUniformV2" in types(concrete)


def test_what_was_replaced_is_said_with_the_layer():
    latents = keras.Input((4, 4, 2))
    model = keras.Sequential([latents, layers.UpSampling2D(name="grow")])
    concrete = traced(lambda x: model(x), ONNX, normal(1, 4, 4, 2))
    (replacement,) = replacements(concrete.graph)
    assert replacement.layer == "grow"
    assert "one resize" in replacement.note
    assert replacements(tf.Graph()) == ()


def originals():
    owned = [
        (owner, name) for item in SUBSTITUTIONS for owner, name, _ in item.functions
    ]
    owned.append((FuncGraph, "_create_op_internal"))
    return [getattr(owner, name) for owner, name in owned]


def test_everything_is_put_back_also_after_an_error():
    before = originals()
    for mode in (modes for named in MODES.values() for modes in named.values()):
        with pytest.raises(ZeroDivisionError), substituted(mode):
            assert originals() != before
            raise ZeroDivisionError
        assert originals() == before


def test_other_threads_see_the_original_functions():
    seen = []

    def trace():
        x = tf.constant([[-0.0, 0.0]])
        function = tf.function(lambda x: backend.numpy.argmax(x, axis=-1))
        seen.append(function(x).numpy().tolist())

    with tf.Graph().as_default(), substituted(ONNX):
        thread = threading.Thread(target=trace)
        thread.start()
        thread.join()
    assert seen == [[1]]


def test_modes_of_one_plan_can_share_a_trace():
    assert plan(mode_named("tflite", "int8")) == plan(mode_named("tflite", "int8_io"))
    assert plan(ONNX) == plan(mode_named("onnx", "int8"))
    assert len({plan(mode) for modes in MODES.values() for mode in modes.values()}) == 5
    assert plan(mode_named("saved_model", "float32")) == ("no cudnn",)
