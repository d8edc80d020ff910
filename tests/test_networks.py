"""The builders: shapes of any size, the papers' numbers, names, saving, gradients."""

from functools import partial
from itertools import combinations

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import networks
from keras_gan.layers import Maxout, SpectralNormalization

LATENT_DIM = 16
GENERATORS = {
    "dcgan": partial(networks.dcgan_generator, width=4),
    "mlp": partial(networks.mlp_generator, hidden_units=(8, 8)),
    "fully_connected": partial(networks.fully_connected_generator, hidden_units=(8, 8)),
    "deconvolutional": partial(
        networks.deconvolutional_generator, hidden_units=(8,), num_maps=4
    ),
}
DISCRIMINATORS = {
    "dcgan": partial(networks.dcgan_discriminator, width=4),
    "dcgan_plain": partial(
        networks.dcgan_discriminator, width=4, normalization=None, minibatch_stddev=True
    ),
    "dcgan_spectral": partial(
        networks.dcgan_discriminator, width=4, normalization="spectral"
    ),
    "maxout": partial(networks.maxout_discriminator, units=(8, 8)),
    "fully_connected": partial(networks.fully_connected_discriminator, units=(8, 8)),
    "convolutional": partial(
        networks.convolutional_discriminator, filters=(4, 4, 6), units=8
    ),
}
DISCRIMINATOR_NAMES = [f"{name}_d" for name in DISCRIMINATORS]
BUILDERS = GENERATORS | dict(
    zip(DISCRIMINATOR_NAMES, DISCRIMINATORS.values(), strict=True)
)
IMAGE_SHAPES = [(4, 4, 1), (5, 9, 2), (28, 28, 1), (45, 30, 3), (8, 64, 4)]


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


@pytest.fixture
def bfloat16():
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_dtype_policy("float32")


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def kernels_of(model):
    return [w.numpy() for w in model.trainable_weights if w.name == "kernel"]


def within(values, limit):
    """Whether the values fill the interval of a uniform initializer."""
    return 0.95 * limit < np.abs(values).max() <= limit


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("shape", IMAGE_SHAPES, ids=str)
def test_generators_draw_images_of_any_shape_in_the_unit_range(name, shape):
    model = GENERATORS[name](shape, LATENT_DIM)
    images = model(100 * random(3, LATENT_DIM))
    assert images.shape == (3, *shape)
    assert images.dtype == "float32"
    assert np.abs(images).max() <= 1.0
    assert np.std(images) > 0


@pytest.mark.parametrize("name", DISCRIMINATORS)
@pytest.mark.parametrize("shape", IMAGE_SHAPES, ids=str)
def test_discriminators_give_one_logit_for_images_of_any_shape(name, shape):
    logits = DISCRIMINATORS[name](shape)(random(3, *shape))
    assert logits.shape == (3, 1)
    assert logits.dtype == "float32"
    assert np.std(logits) > 0


@pytest.mark.parametrize("name", GENERATORS)
def test_latents_have_a_hundred_dimensions_by_default(name):
    model = GENERATORS[name]((8, 8, 1))
    assert model.input_shape == (None, 100)
    assert model.inputs[0].name == "latents"


def test_vector_networks_map_latents_to_vectors_to_logits():
    generator = networks.vector_generator(2, latent_dim=5)
    discriminator = networks.vector_discriminator(2, hidden_units=(8,))
    vectors = generator(random(3, 5))
    assert vectors.shape == (3, 2)
    assert discriminator(vectors).shape == (3, 1)
    assert [generator.inputs[0].name, discriminator.inputs[0].name] == [
        "latents",
        "vectors",
    ]
    assert generator.count_params() == 5 * 128 + 128 + 128 * 128 + 128 + 128 * 2 + 2


@pytest.mark.parametrize("side", range(1, 12))
def test_a_crop_only_ever_cuts_what_the_strides_overshoot(side):
    model = GENERATORS["deconvolutional"]((side, 8, 1), LATENT_DIM)
    maps = model.get_layer("generator_maps").output.shape[1:3]
    assert model.output_shape == (None, side, 8, 1)
    assert (maps[0] - 1) * 3 + 5 - side < 3 or maps[0] == 1


@pytest.mark.parametrize(
    ("shape", "base"),
    [
        ((64, 64, 3), (4, 4)),
        ((28, 28, 1), (7, 7)),
        ((30, 30, 1), (4, 4)),
        ((8, 64, 3), (4, 32)),
        ((4, 4, 1), (2, 2)),
    ],
)
def test_dcgan_halves_the_smaller_side_until_it_is_at_most_seven(shape, base):
    generator = networks.dcgan_generator(shape, LATENT_DIM, width=2)
    discriminator = networks.dcgan_discriminator(shape, width=2)
    last_relu = [la for la in discriminator.layers if "relu" in la.name][-1]
    assert generator.get_layer("generator_base").output.shape[1:3] == base
    assert last_relu.output.shape[1:3] == base


def test_dcgan_has_the_layers_of_the_paper_at_its_own_size():
    generator = networks.dcgan_generator((64, 64, 3), width=128)
    discriminator = networks.dcgan_discriminator((64, 64, 3), width=128)
    up = [25 * a * b for a, b in [(1024, 512), (512, 256), (256, 128), (128, 3)]]
    norms = 2 * (16384 + 512 + 256 + 128)
    down = [25 * a * b for a, b in [(3, 128), (128, 256), (256, 512), (512, 1024)]]
    assert count(generator.trainable_weights) == 100 * 16384 + sum(up) + norms
    assert count(discriminator.trainable_weights) == (
        sum(down) + 2 * (256 + 512 + 1024) + 16384
    )


def count(weights):
    return sum(int(np.prod(w.shape)) for w in weights)


def test_dcgan_starts_from_narrow_normals_without_biases():
    models = (
        networks.dcgan_generator((32, 32, 3), width=32),
        networks.dcgan_discriminator((32, 32, 3), width=32),
    )
    for model in models:
        for kernel in kernels_of(model):
            few = 4 / np.sqrt(kernel.size)
            assert kernel.mean() == pytest.approx(0.0, abs=0.02 * few)
            assert kernel.std() == pytest.approx(0.02, rel=few)
        gammas = [w.numpy() for w in model.trainable_weights if w.name == "gamma"]
        gammas = np.concatenate(gammas)
        assert gammas.mean() == pytest.approx(1.0, abs=0.01)
        assert gammas.std() == pytest.approx(0.02, rel=0.3)
        assert not any(w.name == "bias" for w in model.weights)


def test_the_mnist_pair_has_the_sizes_and_ranges_of_the_paper():
    generator = networks.mlp_generator((28, 28, 1))
    discriminator = networks.maxout_discriminator((28, 28, 1))
    assert [k.shape for k in kernels_of(generator)] == [
        (100, 1200),
        (1200, 1200),
        (1200, 784),
    ]
    assert [k.shape for k in kernels_of(discriminator)] == [
        (784, 240 * 5),
        (240, 240 * 5),
        (240, 1),
    ]
    assert all(within(k, 0.05) for k in kernels_of(generator))
    assert all(within(k, 0.005) for k in kernels_of(discriminator))
    rates = [la.rate for la in discriminator.layers if "dropout" in la.name]
    assert rates == [0.2, 0.5, 0.5]


def test_the_convolutional_cifar_pair_has_the_sizes_of_the_paper():
    generator = networks.deconvolutional_generator((32, 32, 3), hidden_units=(16,))
    assert generator.get_layer("generator_hidden_2").units == 8000
    assert generator.get_layer("generator_maps").output.shape == (None, 10, 10, 80)
    assert generator.get_layer("generator_deconvolution").output.shape[1:3] == (32, 32)

    discriminator = networks.convolutional_discriminator((32, 32, 3))
    pools = [la.output.shape[1:] for la in discriminator.layers if "pool" in la.name]
    assert pools == [(16, 16, 32), (8, 8, 32), (4, 4, 192)]
    assert [k.shape for k in kernels_of(discriminator)] == [
        *[(8, 8, 3, 32)] * 2,
        *[(8, 8, 32, 32)] * 2,
        *[(5, 5, 32, 192)] * 2,
        (4 * 4 * 192, 500 * 5),
        (500, 1),
    ]
    rates = [la.rate for la in discriminator.layers if "dropout" in la.name]
    assert rates == [0.2, 0.5, 0.5, 0.5, 0.5]


@pytest.mark.slow
def test_the_wide_cifar_generators_have_the_sizes_of_the_paper():
    fully_connected = networks.fully_connected_generator((32, 32, 3))
    shapes = [k.shape for k in kernels_of(fully_connected)]
    assert shapes == [(100, 8000), (8000, 8000), (8000, 3072)]
    discriminator = networks.fully_connected_discriminator((32, 32, 3))
    shapes = [k.shape for k in kernels_of(discriminator)]
    assert shapes == [(3072, 1600 * 5), (1600, 1600 * 5), (1600, 1)]
    shapes = [
        k.shape for k in kernels_of(networks.deconvolutional_generator((32, 32, 3)))
    ]
    assert shapes == [(100, 8000), (8000, 8000), (5, 5, 3, 80)]


@pytest.mark.parametrize("name", ["mlp", "fully_connected", "fully_connected_d"])
def test_no_two_layers_start_from_the_same_numbers(name):
    kernels = kernels_of(BUILDERS[name]((8, 8, 1)))
    values = [k.ravel()[:8] / np.abs(k).max() for k in kernels]
    for one, other in combinations(values, 2):
        assert not np.allclose(one, other, rtol=0.05)


def test_the_pieces_of_a_maxout_convolution_start_apart():
    model = DISCRIMINATORS["convolutional"]((8, 8, 1))
    first, second, *_ = kernels_of(model)
    assert not np.allclose(first, second)


def test_the_maxout_discriminator_sees_black_as_zero():
    model = networks.maxout_discriminator((4, 4, 1), units=(8,))
    outputs = model(-np.ones((2, 4, 4, 1)), training=True)
    np.testing.assert_array_equal(outputs, np.zeros((2, 1)))


def test_a_silent_generator_draws_the_mean_image_it_was_given():
    mean_image = np.clip(random(4, 3, 2), -0.9, 0.9)
    mean_image[0, 0] = -1.0
    model = networks.mlp_generator((4, 3, 2), LATENT_DIM, mean_image=mean_image)
    pixels = model.get_layer("generator_pixels")
    pixels.kernel.assign(tf.zeros_like(pixels.kernel))
    images = model(random(2, LATENT_DIM))
    np.testing.assert_allclose(images[1], mean_image, atol=1e-5)


@pytest.mark.parametrize("mean_image", [np.zeros((8, 8)), np.full((8, 8, 1), 2.0)])
def test_a_mean_image_of_another_shape_or_range_is_refused(mean_image):
    with pytest.raises(ValueError, match="`mean_image` must be .*Received: shape"):
        networks.mlp_generator((8, 8, 1), mean_image=mean_image)


@pytest.mark.parametrize("name", BUILDERS)
def test_two_players_share_no_layer_name_for_each_has_its_prefix(name):
    role, data = "generator", "latents"
    if name in DISCRIMINATOR_NAMES:
        role, data = "discriminator", "images"
    first, *others = BUILDERS[name]((8, 8, 1)).layers
    assert first.name == data
    assert all(layer.name.startswith(f"{role}_") for layer in others)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_name_given_prefixes_every_layer_but_the_input(name):
    model = BUILDERS[name]((8, 8, 1), name="player")
    assert model.name == "player"
    assert all(layer.name.startswith("player_") for layer in model.layers[1:])


@pytest.mark.parametrize(
    "name",
    [
        name if "deconv" not in name else pytest.param(name, marks=pytest.mark.slow)
        for name in BUILDERS
    ],
)
def test_a_saved_network_comes_back_the_same(name, tmp_path):
    model = BUILDERS[name]((9, 8, 2))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = random(4, *model.input_shape[1:])
    np.testing.assert_allclose(loaded(x), model(x), rtol=1e-6)
    assert loaded.to_json() == model.to_json()


def penalized(model, x):
    """Gradients of the logits' sum plus R1's squared norm, as a discriminator sees."""
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            logits = model(x, training=True)
        gradient = tf.cast(inner.gradient(logits, x), "float32")
        loss = tf.reduce_sum(logits) + tf.reduce_sum(gradient**2)
    return outer.gradient(loss, model.trainable_variables)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_every_weight_of_a_discriminator_gets_a_finite_gradient_under_r1(name):
    model = DISCRIMINATORS[name]((9, 8, 3))
    gradients = penalized(model, tf.constant(random(8, 9, 8, 3)))
    for gradient in gradients:
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_weight_of_a_generator_gets_a_finite_gradient(name):
    model = GENERATORS[name]((9, 8, 3), LATENT_DIM)
    target = random(8, 9, 8, 3)
    with tf.GradientTape() as tape:
        images = model(random(8, LATENT_DIM), training=True)
        loss = tf.reduce_sum((images - target) ** 2)
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient)


@pytest.mark.parametrize("name", BUILDERS)
def test_outputs_stay_float32_under_mixed_precision(name, bfloat16):
    model = BUILDERS[name]((9, 8, 2))
    outputs = model(random(4, *model.input_shape[1:]), training=True)
    assert outputs.dtype == "float32"
    assert np.all(np.isfinite(outputs))
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)


@pytest.mark.slow
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_r1_compiles_under_xla_and_mixed_precision(name, bfloat16):
    model = DISCRIMINATORS[name]((9, 8, 3))
    compiled = tf.function(partial(penalized, model), jit_compile=True)
    for gradient in compiled(tf.constant(random(8, 9, 8, 3))):
        assert np.all(np.isfinite(gradient))


def test_spectral_normalization_wraps_every_layer_of_the_discriminator():
    model = DISCRIMINATORS["dcgan_spectral"]((8, 16, 3))
    owners = [layer for layer in model.layers if layer.weights]
    assert len(owners) == 2
    assert all(isinstance(layer, SpectralNormalization) for layer in owners)


@pytest.mark.parametrize("normalization", ["spectral", None])
def test_only_the_minibatch_deviation_lets_logits_depend_on_the_batch(normalization):
    x, others = random(4, 8, 8, 1), random(4, 8, 8, 1, seed=1)
    others[0] = x[0]
    for minibatch_stddev in (False, True):
        model = networks.dcgan_discriminator(
            (8, 8, 1),
            width=4,
            normalization=normalization,
            minibatch_stddev=minibatch_stddev,
        )
        same = np.allclose(model(x)[0], model(others)[0], rtol=1e-4)
        assert same != minibatch_stddev


def test_maxout_layers_have_five_pieces():
    model = networks.fully_connected_discriminator((8, 8, 3), units=(4, 6))
    maxouts = [layer for layer in model.layers if isinstance(layer, Maxout)]
    assert [(layer.units, layer.num_pieces) for layer in maxouts] == [(4, 5), (6, 5)]


@pytest.mark.parametrize("shape", [(8, 8), 8, (8, 8, 0), (8, -8, 3), (8, 8.0, 3), None])
@pytest.mark.parametrize("name", BUILDERS)
def test_a_bad_image_shape_is_refused_with_what_was_received(name, shape):
    with pytest.raises(ValueError, match="`image_shape` must be .*Received: "):
        BUILDERS[name](shape)


def test_dcgan_refuses_images_too_small_to_halve():
    for builder in (networks.dcgan_generator, networks.dcgan_discriminator):
        with pytest.raises(ValueError, match="at least 4"):
            builder((3, 8, 1))


@pytest.mark.parametrize(
    ("builder", "options"),
    [
        ("dcgan", {"latent_dim": 0}),
        ("dcgan", {"width": 0}),
        ("mlp", {"hidden_units": ()}),
        ("fully_connected", {"hidden_units": (8, 0)}),
        ("deconvolutional", {"num_maps": 1.5}),
        ("dcgan_d", {"normalization": "layer"}),
        ("maxout_d", {"units": 8.0}),
        ("maxout_d", {"num_pieces": True}),
        ("maxout_d", {"dropout": 0.2}),
        ("maxout_d", {"dropout": (0.2, 1.0)}),
        ("convolutional_d", {"filters": (4, 4)}),
    ],
)
def test_bad_options_are_refused_by_name(builder, options):
    (option,) = options
    with pytest.raises(ValueError, match=f"`{option}` must .*Received: {option}="):
        BUILDERS[builder]((8, 8, 1), **options)
