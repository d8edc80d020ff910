"""The networks of Pix2Pix and CycleGAN: sizes, the papers' numbers, free sizes."""

import keras
import numpy as np
import pytest

import keras_gan
from keras_gan import export, networks, recipes
from keras_gan.layers import ReflectionPadding2D
from keras_gan.schedules import LinearDecay
from tests import games_translation as translation


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def widths(model, kind=keras.layers.Conv2D):
    return [layer.filters for layer in model.layers if type(layer) is kind]


def fields_of_view(model):
    """Pixels that one logit sees, on each side."""
    size, step = 1, 1
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            size += (layer.kernel_size[0] - 1) * step
            step *= layer.strides[0]
    return size


@pytest.mark.parametrize("shape", [(2, 2, 3), (6, 10, 1), (14, 9, 2)])
def test_a_unet_draws_at_any_size(shape):
    unet = networks.unet_generator(shape, 4, width=2)
    images = np.asarray(unet(random(3, *shape)))
    assert images.shape == (3, *shape[:2], 4)
    assert np.abs(images).max() <= 1.0


def test_the_unet_of_the_paper_has_its_widths():
    unet = networks.unet_generator((256, 256, 3))
    assert widths(unet) == [64, 128, 256, 512, 512, 512, 512, 512]
    back = widths(unet, keras.layers.Conv2DTranspose)
    assert back == [512, 512, 512, 512, 256, 128, 64, 3]
    assert [x.rate for x in unet.layers if isinstance(x, keras.layers.Dropout)] == (
        [0.5] * 3
    )


@pytest.mark.parametrize(("num_downs", "pixels"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_as_many_pixels_as_it_says(num_downs, pixels):
    patchgan = networks.patchgan_discriminator((64, 64, 3), num_downs=num_downs)
    assert fields_of_view(patchgan) == pixels
    assert patchgan.output_shape == (None, *[64 // 2**num_downs] * 2, 1)


def test_a_patchgan_sees_source_and_image():
    patchgan = networks.patchgan_discriminator(
        (8, 8, 3), (8, 8, 1), width=2, num_downs=1, normalization=None
    )
    images, source = random(2, 8, 8, 3), random(2, 8, 8, 1)
    logits = patchgan({"images": images, "source": source})
    for changed in (
        {"images": -images, "source": source},
        {"images": images, "source": -source},
    ):
        assert not np.allclose(logits, patchgan(changed))


def test_the_residual_generator_of_the_paper_has_its_widths():
    resnet = networks.resnet_generator((256, 256, 3))
    assert widths(resnet) == [64, 128, 256, *[256] * 18, 3]
    assert widths(resnet, keras.layers.Conv2DTranspose) == [128, 64]


@pytest.mark.parametrize(
    "options",
    [{}, {"upsampling": "nearest"}, {"light": True}],
)
def test_a_residual_generator_draws_at_free_sizes_as_at_fixed_ones(options):
    options = {"width": 4, "num_blocks": 1, **options}
    free = networks.resnet_generator((None, None, 1), 2, **options)
    for shape in ((12, 16, 1), (16, 12, 1)):
        fixed = networks.resnet_generator(shape, 2, **options)
        fixed.set_weights(free.get_weights())
        images = random(2, *shape)
        assert fixed.output_shape == (None, *shape[:2], 2)
        np.testing.assert_allclose(free(images), fixed(images), 0, 1e-5)


def test_the_light_generator_has_a_fraction_of_the_weights():
    options = {"width": 16, "num_blocks": 4, "upsampling": "nearest"}
    light, plain = (
        networks.resnet_generator(light=light, **options) for light in (True, False)
    )
    assert 6 * light.count_params() < plain.count_params()


def test_pictures_are_normalised_one_by_one():
    resnet = networks.resnet_generator((8, 8, 1), 1, width=4, num_blocks=1)
    images = random(4, 8, 8, 1)
    alone = resnet(images[:1], training=True)
    np.testing.assert_allclose(resnet(images, training=True)[:1], alone, 0, 1e-5)


def test_a_reflection_does_not_repeat_the_border():
    image = np.arange(12, dtype="float32").reshape(1, 3, 4, 1)
    padded = np.asarray(ReflectionPadding2D(2)(image))
    expected = np.pad(image, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(padded, expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: networks.resnet_generator((30, 32, 3)), "divisible by 4"),
        (
            lambda: networks.resnet_generator(light=True, upsampling="transposed"),
            "`upsampling` must be one of",
        ),
        (lambda: networks.resnet_generator((4, 4, 3)), "padding=1"),
        (lambda: networks.resnet_generator(upsampling="bilinear"), "Give 'nearest'"),
        (lambda: networks.unet_generator((8, 8, 1), num_downs=4), "can be halved 3"),
        (lambda: networks.unet_generator((8, 8, 1), upsampling="zoom"), "'nearest'"),
        (lambda: networks.patchgan_discriminator((8, 8, 1), (4, 4, 1)), "same height"),
        (lambda: ReflectionPadding2D(0), "positive whole number of pixels"),
    ],
)
def test_sizes_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_the_recipes_have_the_settings_of_their_papers():
    pairs = recipes.pix2pix((64, 64, 3), (64, 64, 1), width=4)
    assert (pairs.l1_weight, fields_of_view(pairs.discriminator)) == (100.0, 34)
    cycles = recipes.cyclegan((32, 32, 3), width=4, num_blocks=1, constant_steps=50)
    assert (cycles.cycle_weight, cycles.identity_weight) == (10.0, 0.5)
    assert cycles.pool_size == 50
    assert type(cycles.loss) is keras_gan.losses.LOSSES["least_squares"]
    for optimizer in cycles.optimizer.optimizers:
        assert isinstance(optimizer._learning_rate, LinearDecay)
        assert optimizer.beta_1 == 0.5
    assert cycles.generator_ab.input_shape == (None, None, None, 3)


@pytest.mark.slow
@pytest.mark.parametrize("light", [False, True])
def test_a_game_of_free_sizes_exports_them_where_the_format_can(light, tmp_path):
    generators = [
        networks.resnet_generator(
            (None, None, 1),
            1,
            width=4,
            num_blocks=1,
            light=light,
            upsampling="nearest" if light else "transposed",
            name=name,
        )
        for name in ("generator_ab", "generator_ba")
    ]
    game = translation.cyclegan(generators=generators, direction="ba")
    pictures = random(1, 16, 24, 1).clip(-1, 1)
    expected = game.generate(pictures)
    for write, name in (
        (export.export_onnx, "generator.onnx"),
        (export.export_saved_model, "generator"),
    ):
        artefact = export.load_artefact(write(game, tmp_path / name))
        np.testing.assert_allclose(artefact(pictures), expected, 0, 1e-4)
    with pytest.raises(export.ExportError, match="input_signature"):
        export.export_tflite(game, tmp_path / "generator.tflite")
    signature = keras.InputSpec(shape=(None, 16, 24, 1), dtype="float32")
    spec = export.GeneratorSpec.of(game, input_signature=signature)
    path = export.export_tflite(game, tmp_path / "generator.tflite", spec=spec)
    np.testing.assert_allclose(export.load_artefact(path)(pictures), expected, 0, 1e-4)
