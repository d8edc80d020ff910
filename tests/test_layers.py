"""The layers: closed forms, states, dtypes and saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan.layers import (
    Maxout,
    MinibatchStandardDeviation,
    PixelNormalization,
    SpectralNormalization,
)

IMAGES = (2, 8, 8, 3)
WRAPPED = {
    "dense": (lambda: layers.Dense(5), (2, 7)),
    "conv1d": (lambda: layers.Conv1D(5, 3), (2, 8, 3)),
    "conv2d": (lambda: layers.Conv2D(5, 3, strides=2), IMAGES),
    "depthwise": (lambda: layers.DepthwiseConv2D(3), IMAGES),
    "conv2d_transpose": (lambda: layers.Conv2DTranspose(5, 3, strides=2), IMAGES),
    "embedding": (lambda: layers.Embedding(6, 4), (2, 3)),
}


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs_of(kind):
    shape = WRAPPED[kind][1]
    return np.arange(6).reshape(shape) if kind == "embedding" else random(*shape)


def spectral_norm_of(layer):
    kernel = layer.kernel.numpy()
    if "Transpose" in type(layer.layer).__name__:
        kernel = np.swapaxes(kernel, -1, -2)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def normalized_dense(units=5, input_dim=7, **kwargs):
    layer = SpectralNormalization(layers.Dense(units, **kwargs))
    layer.build((None, input_dim))
    layer.kernel.assign(random(input_dim, units, seed=1))
    return layer


def test_maxout_is_the_largest_of_its_linear_pieces():
    layer, x = Maxout(4, num_pieces=3, bias_initializer="random_normal"), random(2, 6)
    outputs = layer(x)
    pieces = x @ layer.kernel.numpy() + layer.bias.numpy()
    expected = pieces.reshape(2, 3, 4).max(axis=1)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)


def test_maxout_of_opposite_pieces_is_an_absolute_value():
    layer = Maxout(1, num_pieces=2)
    layer.build((None, 1))
    layer.kernel.assign([[1.0, -1.0]])
    x = random(9, 1)
    np.testing.assert_allclose(layer(x), np.abs(x))


def test_maxout_works_on_the_last_axis_of_any_rank():
    layer, x = Maxout(4, num_pieces=2), random(2, 5, 3, 6)
    flat = layer(x.reshape(-1, 6))
    np.testing.assert_allclose(
        layer(x), np.reshape(flat, (2, 5, 3, 4)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("kind", WRAPPED)
def test_spectral_normalization_converges_to_the_kernel_over_its_svd_norm(kind):
    make, _ = WRAPPED[kind]
    layer, plain, x = SpectralNormalization(make(), 60), make(), inputs_of(kind)
    outputs = layer(x, training=True)
    plain(x)
    weights = [
        w / spectral_norm_of(layer) if w.shape == layer.kernel.shape else w
        for w in layer.layer.get_weights()
    ]
    plain.set_weights(weights)
    np.testing.assert_allclose(outputs, plain(x), rtol=1e-4, atol=1e-5)


def test_spectral_normalization_finds_the_norm_over_several_training_calls():
    layer = normalized_dense(use_bias=False)
    for _ in range(50):
        effective = layer(np.eye(7, dtype="float32"), training=True)
    assert np.linalg.norm(effective, 2) == pytest.approx(1.0, abs=1e-5)


def test_spectral_normalization_leaves_the_raw_kernel_alone():
    layer = normalized_dense()
    before = layer.kernel.numpy()
    layer(random(2, 7), training=True)
    np.testing.assert_array_equal(layer.kernel, before)
    trainable = [w.name for w in layer.trainable_weights]
    assert trainable == ["kernel", "bias"]
    assert layer.non_trainable_weights == [layer.u]


def test_spectral_normalization_stores_u_in_training_only():
    layer, x = normalized_dense(), random(2, 7)
    before = layer.u.numpy()
    inference = layer(x, training=False)
    np.testing.assert_array_equal(layer.u, before)
    training = layer(x, training=True)
    assert not np.allclose(layer.u, before)
    np.testing.assert_array_equal(training, inference)


def test_the_gradient_flows_through_sigma_with_u_and_v_held():
    layer, x, upstream = normalized_dense(), random(3, 7), random(3, 5, seed=2)
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(upstream * layer(x, training=True))
    gradient, of_bias = tape.gradient(loss, layer.trainable_variables)

    v = kernel @ u / np.linalg.norm(kernel @ u)
    u = v @ kernel / np.linalg.norm(v @ kernel)
    sigma = v @ kernel @ u
    of_normalized = x.T @ upstream
    mean = np.sum(of_normalized * kernel / sigma)
    expected = (of_normalized - mean * np.outer(v, u)) / sigma
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(of_bias, upstream.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_compiled_penalty_on_a_spectrally_normalized_layer_equals_eager(jit_compile):
    layer, x = normalized_dense(), tf.constant(random(3, 7))
    start = layer.u.numpy()

    def penalty_gradients():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                outputs = tf.tanh(layer(x, training=True))
            penalty = tf.reduce_sum(inner.gradient(outputs, x) ** 2)
        return outer.gradient(penalty, layer.trainable_variables)

    expected, u = penalty_gradients(), layer.u.numpy()
    layer.u.assign(start)
    compiled = tf.function(penalty_gradients, jit_compile=jit_compile)()
    for gradient, other in zip(expected, compiled, strict=True):
        np.testing.assert_allclose(gradient, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.u, u, rtol=1e-5)


def test_zero_weights_give_zeros_and_do_not_stop_the_power_iteration():
    layer, x = normalized_dense(use_bias=False), random(2, 7)
    kernel = layer.kernel.numpy()
    layer.kernel.assign(np.zeros_like(kernel))
    with tf.GradientTape() as tape:
        outputs = layer(x, training=True)
    gradient = tape.gradient(outputs, layer.trainable_variables[0])
    np.testing.assert_array_equal(outputs, np.zeros((2, 5)))
    assert np.all(np.isfinite(gradient))
    layer.kernel.assign(kernel)
    for _ in range(50):
        outputs = layer(x, training=True)
    expected = x @ kernel / np.linalg.norm(kernel, 2)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_spectral_normalization_takes_the_policy_of_the_layer_it_wraps():
    layer, x = normalized_dense(dtype="mixed_bfloat16"), random(3, 7)
    reference = normalized_dense()
    reference.u.assign(layer.u)
    with tf.GradientTape() as tape:
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(outputs, "float32"))
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert outputs.dtype == "bfloat16"
    assert layer.u.dtype == layer.kernel.dtype == gradients[0].dtype == "float32"
    expected = reference(x, training=True)
    np.testing.assert_allclose(tf.cast(outputs, "float32"), expected, atol=0.05)


def test_stateless_calls_take_the_weights_they_are_given():
    layer, x = normalized_dense(), random(3, 7)
    trainable = [2 * layer.kernel.numpy(), np.full(5, 3.0, "float32")]
    before = layer(x)
    after, (u,) = layer.stateless_call(trainable, [layer.u.numpy()], x, training=True)
    np.testing.assert_allclose(after, before + 3.0, rtol=1e-5, atol=1e-5)
    assert not np.allclose(u, layer.u)


class CountingDense(layers.Dense):
    """A layer that owns state besides its kernel."""

    def build(self, input_shape):
        super().build(input_shape)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        if training:
            self.calls.assign_add(1.0)
        return super().call(inputs)


def test_the_wrapped_layer_keeps_its_own_state_and_losses():
    inner = CountingDense(5, activity_regularizer="l2", kernel_regularizer="l2")
    layer, x = SpectralNormalization(inner), random(2, 7)
    for _ in range(3):
        layer(x, training=True)
    layer(x, training=False)
    assert float(inner.calls) == 3.0
    of_kernel = 0.01 * np.sum(inner.kernel.numpy() ** 2)
    of_outputs = 0.01 * np.sum(layer(x).numpy() ** 2) / 2
    assert sum(map(float, layer.losses)) == pytest.approx(of_kernel + of_outputs)


def test_spectral_normalization_refuses_a_layer_without_a_matrix():
    with pytest.raises(ValueError, match="Received: layer=<ReLU"):
        SpectralNormalization(layers.ReLU())(random(2, 3))


def expected_deviation(x, group_size):
    groups = x.reshape(group_size, -1, *x.shape[1:])
    deviations = np.sqrt(groups.var(axis=0) + 1e-8)
    statistic = deviations.reshape(len(deviations), -1).mean(axis=1)
    return np.tile(statistic, group_size)


@pytest.mark.parametrize("shape", [(8, 4, 3, 6), (8, 6)])
def test_minibatch_deviation_is_the_mean_deviation_within_a_group(shape):
    x = random(*shape)
    outputs = MinibatchStandardDeviation(group_size=4)(x).numpy()
    np.testing.assert_array_equal(outputs[..., :-1], x)
    statistic = outputs[..., -1].reshape(8, -1)
    expected = np.broadcast_to(expected_deviation(x, 4)[:, None], statistic.shape)
    np.testing.assert_allclose(statistic, expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4, 4, 3), (3, 5), (1, 5)])
def test_a_batch_that_does_not_divide_is_one_group(shape):
    x = random(*shape)
    outputs = MinibatchStandardDeviation(group_size=4)(x).numpy()
    expected = expected_deviation(x, len(x))[0]
    np.testing.assert_allclose(outputs[..., -1], expected, rtol=1e-5)


def test_each_deviation_feature_is_of_its_share_of_the_channels():
    x = random(4, 2, 2, 6)
    outputs = MinibatchStandardDeviation(4, num_features=2)(x).numpy()
    for feature, share in enumerate((x[..., :3], x[..., 3:])):
        expected = expected_deviation(share, 4)[0]
        np.testing.assert_allclose(outputs[..., 6 + feature], expected, rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_minibatch_deviation_of_a_batch_of_unknown_size_equals_eager(jit_compile):
    layer = MinibatchStandardDeviation()
    spec = [tf.TensorSpec((None, 2, 2, 3), "float32")]
    compiled = tf.function(layer.__call__, spec, jit_compile=jit_compile)
    for size in (8, 6):
        x = random(size, 2, 2, 3)
        np.testing.assert_allclose(compiled(x), layer(x), rtol=1e-5)


def test_minibatch_deviation_of_equal_samples_has_finite_derivatives():
    layer, x = MinibatchStandardDeviation(), tf.ones((4, 2, 2, 3))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            outputs = layer(x)[..., -1]
        gradient = inner.gradient(outputs, x)
        penalty = tf.reduce_sum(gradient**2)
    np.testing.assert_allclose(outputs, np.full((4, 2, 2), 1e-4), rtol=1e-5)
    np.testing.assert_array_equal(gradient, np.zeros(x.shape))
    assert np.all(np.isfinite(outer.gradient(penalty, x)))


def test_pixel_normalization_gives_every_pixel_unit_mean_square():
    outputs = PixelNormalization()(random(2, 4, 4, 8)).numpy()
    np.testing.assert_allclose((outputs**2).mean(axis=-1), 1.0, rtol=1e-5)


def test_pixel_normalization_keeps_directions_and_forgets_lengths():
    x = random(3, 8)
    outputs = PixelNormalization()(x)
    np.testing.assert_allclose(PixelNormalization()(10 * x), outputs, rtol=1e-5)
    expected = x / np.linalg.norm(x, axis=-1, keepdims=True) * np.sqrt(8)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 300.0])
def test_half_precision_neither_overflows_nor_divides_by_zero(scale):
    x = tf.cast(scale * random(4, 2, 2, 4), "float16")
    policy = "mixed_float16"
    for layer in (
        PixelNormalization(dtype=policy),
        MinibatchStandardDeviation(dtype=policy),
    ):
        outputs = layer(x)
        assert outputs.dtype == "float16"
        assert np.all(np.isfinite(outputs))


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        (Maxout, {"units": 0}),
        (Maxout, {"units": 2, "num_pieces": 0}),
        (SpectralNormalization, {"layer": layers.Dense(2), "power_iterations": 0}),
        (SpectralNormalization, {"layer": layers.Dense(2), "epsilon": 0.0}),
        (MinibatchStandardDeviation, {"group_size": 0}),
        (MinibatchStandardDeviation, {"num_features": -1}),
        (PixelNormalization, {"epsilon": 0.0}),
    ],
)
def test_bad_arguments_are_refused_with_what_was_received(layer, arguments):
    with pytest.raises(ValueError, match="must be .*Received: "):
        layer(**arguments)


def test_minibatch_deviation_refuses_channels_it_cannot_share_out():
    with pytest.raises(ValueError, match="num_features=2"):
        MinibatchStandardDeviation(num_features=2)(random(4, 3))


def test_a_saved_model_of_all_layers_comes_back_whole(tmp_path):
    images = keras.Input(IMAGES[1:])
    x = SpectralNormalization(layers.Conv2D(4, 3), 2, epsilon=1e-4)(images)
    x = PixelNormalization(1e-6)(x)
    x = MinibatchStandardDeviation(2, num_features=2)(x)
    x = Maxout(3, 2, kernel_initializer=keras.initializers.RandomUniform(-1, 1))(x)
    model = keras.Model(images, x)
    model(random(*IMAGES), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.to_json() == model.to_json()
    for training in (False, True):
        x = random(*IMAGES, seed=3)
        np.testing.assert_allclose(
            loaded(x, training=training), model(x, training=training), rtol=1e-6
        )
