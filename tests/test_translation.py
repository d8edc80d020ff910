"""Pictures to pictures: the pool, the two games, and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gan
from keras_gan import CycleGAN, Pix2Pix, networks
from keras_gan.models import distribution
from keras_gan.models.image_pool import ImagePool
from keras_gan.schedules import LinearDecay
from tests import games_translation as translation
from tests.games_translation import first_batch, same

SHAPE = translation.SHAPE


def numbered(first, count):
    """Images of which each is filled with its own number."""
    numbers = tf.range(first, first + count, dtype="float32")
    return tf.ones((count, 2, 2, 1)) * numbers[:, None, None, None]


def exchanged(pool, first, count, step):
    shown = pool.exchange(numbered(first, count), tf.constant([5, step], "int64"))
    return shown.numpy()[:, 0, 0, 0].astype(int).tolist()


def held(pool):
    return sorted(pool.held_images()[:, 0, 0, 0].astype(int).tolist())


def test_a_pool_shows_what_comes_until_it_is_full():
    pool = ImagePool(5, (2, 2, 1))
    assert exchanged(pool, 0, 3, 0) == [0, 1, 2]
    assert held(pool) == [0, 1, 2]
    shown = exchanged(pool, 3, 4, 1)
    assert shown[:2] == [3, 4] and len(held(pool)) == 5


def test_every_image_is_shown_once_or_held():
    pool, shown = ImagePool(5, (2, 2, 1)), []
    for step in range(12):
        shown += exchanged(pool, 3 * step, 3, step)
    # The first five were shown when they came, and may come once more.
    assert sorted([*shown, *held(pool)]) == sorted([*range(36), *range(5)])


def test_half_of_the_images_are_old_ones_once_the_pool_is_full():
    pool = ImagePool(2000, (1, 1, 1))
    pool.count.assign(2000)
    shown = pool.exchange(tf.ones((2000, 1, 1, 1)), tf.constant([1, 2], "int64"))
    assert abs(np.mean(shown) - 0.5) < 0.05


def test_of_a_batch_larger_than_the_pool_the_rest_is_shown_as_it_is():
    pool = ImagePool(2, (2, 2, 1))
    exchanged(pool, 0, 2, 0)
    assert exchanged(pool, 2, 5, 1)[2:] == [4, 5, 6]
    assert len(held(pool)) == 2


def test_a_pool_draws_the_same_compiled_and_not():
    pools = [ImagePool(3, (2, 2, 1)) for _ in range(2)]
    compiled = tf.function(pools[1].exchange, jit_compile=True)
    for step in range(6):
        seed = tf.constant([5, step], "int64")
        images = numbered(2 * step, 2)
        same(pools[0].exchange(images, seed), compiled(images, seed))


def test_a_skipped_turn_leaves_the_pools_as_they_were():
    model = translation.cyclegan(run_eagerly=True)
    pipeline = translation.two_sets(batch_size=4)
    model.train_on_batch(first_batch(pipeline))
    before = [v.numpy() for pool in (model.pool_a, model.pool_b) for v in pool.weights]
    assert before[1] == 4
    spoiled = {name: x * float("nan") for name, x in first_batch(pipeline).items()}
    model.train_on_batch(spoiled)
    after = [v.numpy() for pool in (model.pool_a, model.pool_b) for v in pool.weights]
    for old, new in zip(before, after, strict=True):
        same(old, new)


def test_looking_at_a_game_leaves_its_pools_alone():
    model = translation.cyclegan(run_eagerly=True)
    batch = first_batch(translation.two_sets(batch_size=4))
    logits = model.logits(batch)
    assert len(logits["real"]) == 4 and np.isfinite(logits["fake"]).all()
    model.gradient_norms(batch)
    assert (
        int(model.pool_a.count.numpy()) == 0 and not model.pool_a.images.numpy().any()
    )


def test_the_direction_chooses_the_generator_of_call_and_predict():
    model = translation.cyclegan()
    pictures = translation.sources(4)
    for direction in ("ab", "ba", "ab"):
        model.direction = direction
        network = getattr(model, f"ema_generator_{direction}")
        assert model.ema_generator is network
        expected = network(pictures, training=False)
        same(model(pictures), expected)
        np.testing.assert_allclose(
            model.predict(pictures, verbose=0), expected, 0, 1e-6
        )
    there = model.generate(pictures, direction="ba", batch_size=3)
    np.testing.assert_allclose(there, model.ema_generator_ba(pictures), 0, 1e-6)


@pytest.mark.slow
def test_the_direction_is_saved_and_the_other_one_loads_the_same_weights(tmp_path):
    model = translation.cyclegan(direction="ba")
    model.train_on_batch(first_batch(translation.two_sets(batch_size=4)))
    model.save(tmp_path / "game.keras")
    assert keras_gan.load_model(tmp_path / "game.keras").direction == "ba"
    model.save_weights(tmp_path / "game.weights.h5")
    other = translation.cyclegan(direction="ab")
    other.load_weights(tmp_path / "game.weights.h5")
    for direction in ("ab", "ba"):
        name = f"ema_generator_{direction}"
        for one, two in zip(
            getattr(model, name).weights, getattr(other, name).weights, strict=True
        ):
            same(one, two)


def test_the_losses_of_a_cycle_of_identities_are_zero():
    source = keras.Input(SHAPE, name="source")
    identities = [
        keras.Model(
            source, keras.layers.Conv2D(1, 1, kernel_initializer="ones")(source)
        )
        for _ in range(2)
    ]
    model = translation.cyclegan(generators=identities)
    batch = first_batch(translation.two_sets(batch_size=4))
    fakes = model.generate_fakes(batch, None, training=False)
    losses = model.generator_losses(batch, fakes, None, training=False)
    assert float(losses["cycle"]) == float(losses["identity"]) == 0.0
    same(fakes["b"], batch["a"])


def test_the_generator_of_pairs_descends_the_weighted_distance():
    model = translation.pix2pix()
    batch = model.unpack(first_batch(translation.pairs(batch_size=4)))
    fakes = tf.zeros_like(batch["real"])
    losses = model.generator_losses(batch, fakes, None, training=False)
    expected = 100 * np.abs(batch["real"]).mean()
    np.testing.assert_allclose(losses["l1"], expected, rtol=1e-5)


def test_pairs_are_judged_by_l1_and_ssim():
    model = translation.pix2pix(metrics=["l1", "ssim"])
    pipeline = translation.pairs(batch_size=16)
    found = model.evaluate(pipeline, steps=2, return_dict=True, verbose=0)
    batches = list(pipeline.dataset(num_steps=2).as_numpy_iterator())
    real, source = (
        np.concatenate([batch[name] for batch in batches])
        for name in ("image", "source")
    )
    fake = model.generate(source)
    np.testing.assert_allclose(found["l1"], np.abs(real - fake).mean(), rtol=1e-4)
    ssim = tf.image.ssim(tf.constant(real), tf.constant(fake), 2.0, filter_size=8)
    np.testing.assert_allclose(found["ssim"], np.mean(ssim), rtol=1e-3)
    metric = keras_gan.metrics.SSIM()
    metric.update_state(real, real)
    assert float(metric.result()) == pytest.approx(1.0)


def test_linear_decay_survives_its_config():
    schedule = LinearDecay(2e-4, 10, 20)
    again = LinearDecay.from_config(schedule.get_config())
    rates = [float(again(step)) for step in (0, 10, 20, 30, 99)]
    np.testing.assert_allclose(rates, [2e-4, 2e-4, 1e-4, 0, 0], atol=1e-10)
    with pytest.raises(ValueError, match="decay_steps=0"):
        LinearDecay(2e-4, 10, 0)


def test_arrays_alone_are_refused_by_games_of_several_parts():
    images = translation.digit_images()
    for model, missing in (
        (translation.cyclegan(), "a, b"),
        (translation.pix2pix(), ""),
    ):
        with pytest.raises(ValueError, match=f"Expected the parts {missing}"):
            model.fit(images, batch_size=4, verbose=0)


def test_networks_that_do_not_fit_each_other_are_refused():
    patchgan, resnet = networks.patchgan_discriminator, networks.resnet_generator
    small, large = (patchgan((side, side, 1), width=2, num_downs=1) for side in (8, 16))
    paired = patchgan(SHAPE, SHAPE, width=2, num_downs=1)
    one = resnet((None, None, 1), 1, width=2, num_blocks=1)
    with pytest.raises(ValueError, match="must make pictures of the shape"):
        CycleGAN(one, one, small, large)
    with pytest.raises(ValueError, match="must take images alone"):
        CycleGAN(one, one, small, paired)
    with pytest.raises(ValueError, match="a dict of 'source' and 'images'"):
        Pix2Pix(one, small)
    with pytest.raises(ValueError, match="must be a built model of images"):
        Pix2Pix(one, one)
    with pytest.raises(ValueError, match="must make pictures of the shape"):
        Pix2Pix(resnet((8, 8, 1), 3, width=2, num_blocks=1), paired)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "ac"}, "`direction` must be one of 'ab', 'ba'"),
        ({"pool_size": -1}, "`pool_size` must be a positive integer"),
        ({"cycle_weight": -1.0}, "`cycle_weight` must be a number from 0"),
        ({"identity_weight": "half"}, "`identity_weight` must be a number from 0"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    discriminator = networks.patchgan_discriminator(SHAPE, width=2, num_downs=1)
    generator = translation.generator("generator")
    with pytest.raises(ValueError, match=message):
        CycleGAN(generator, generator, discriminator, discriminator, **options)


def test_a_pool_is_refused_under_several_replicas(monkeypatch):
    monkeypatch.setattr(distribution, "num_replicas", lambda: 2)
    with pytest.raises(ValueError, match="with 2 replicas. Give pool_size=0"):
        translation.cyclegan()
    assert translation.cyclegan(pool_size=0).memories == ()
