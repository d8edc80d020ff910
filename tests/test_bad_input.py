"""Bad input gets one clear error, before anything is trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan import GAN, networks
from tests import harness

GOOD = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return harness.gan(discriminator_steps=2)


def dataset(images, batch_size=8):
    return tf.data.Dataset.from_tensor_slices(images).batch(
        batch_size, drop_remainder=True
    )


BAD_DATA = {
    "uint8": ((GOOD * 127 + 128).astype("uint8"), "uint8.*x / 127.5 - 1"),
    "0..255": (GOOD * 127.5 + 127.5, r"values in \[.*x / 127.5 - 1"),
    "0..1": ((GOOD + 1) / 2, "looks like.*2 \\* x - 1"),
    "integers": ((GOOD * 100).astype("int32"), "floating-point.*int32"),
    "no channel": (GOOD[..., 0], "channel axis"),
    "three channels": (np.repeat(GOOD, 3, -1), r"Received.*8, 8, 3"),
    "another size": (GOOD[:, :6], r"\(batch, 8, 8, 1\).*6, 8, 1"),
    "nan": (np.where(GOOD > 0.99, np.nan, GOOD), "NaN or infinite"),
    "infinite": (np.where(GOOD > 0.99, np.inf, GOOD), "NaN or infinite"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_images_are_refused_before_training(model, case):
    images, message = BAD_DATA[case]
    with pytest.raises(ValueError, match=message):
        model.fit(dataset(images))
    assert int(model.step) == 0


@pytest.mark.parametrize("case", ["uint8", "0..255", "0..1", "nan"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_bad_arrays_are_refused_before_training(model, case):
    images, message = BAD_DATA[case]
    with pytest.raises(ValueError, match=message):
        model.fit(images, batch_size=8)
    assert int(model.step) == 0


def test_channels_first_are_recognised():
    rgb = GAN(
        networks.dcgan_generator((8, 8, 3), 4, width=4),
        networks.dcgan_discriminator((8, 8, 3), width=4),
        latent_dim=4,
    )
    rgb.compile()
    images = np.repeat(GOOD, 3, -1).transpose(0, 3, 1, 2)
    with pytest.raises(ValueError, match="NHWC"):
        rgb.fit(dataset(images))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dataset(GOOD[:0]), "empty"),
        (dataset(GOOD[:5]), "empty.*batch_size"),
        (dataset(GOOD).filter(lambda _: False), "gave no batch"),
        (dataset(GOOD).unbatch(), "Batch the dataset"),
        (None, "Received: NoneType"),
        ("mnist", "keras_gan.data.load"),
        (dataset(GOOD, 5), "shared by discriminator_steps=2"),
        (dataset({"pixels": GOOD}), "key 'image'"),
        ({"image": BAD_DATA["uint8"][0]}, "x / 127.5 - 1"),
        ((BAD_DATA["uint8"][0], None), "x / 127.5 - 1"),
        (iter([GOOD]), "from_generator"),
        (tf.data.Dataset.from_tensor_slices(GOOD).batch(8), "drop_remainder=True"),
    ],
    ids=[
        *("empty", "few", "filtered", "unbatched", "none", "name", "odd", "dict"),
        *("dict of arrays", "tuple of arrays", "iterator", "remainder"),
    ],
)
def test_bad_datasets_are_refused_before_training(model, data, message):
    with pytest.raises(ValueError, match=message):
        model.fit(data)
    assert int(model.step) == 0


def test_fewer_images_than_a_batch_are_refused(model):
    with pytest.raises(ValueError, match="at least one batch.*batch_size=32"):
        model.fit(GOOD, batch_size=32)


def test_evaluate_checks_its_data_too(model):
    with pytest.raises(ValueError, match="x / 127.5 - 1"):
        model.evaluate(dataset(BAD_DATA["0..255"][0]))


def test_an_option_without_a_meaning_for_a_game_is_refused(model):
    with pytest.raises(ValueError, match="no use for validation_split"):
        model.fit(GOOD, batch_size=8, validation_split=0.5)


def test_an_epoch_that_executions_overshoot_is_refused():
    several = harness.gan(steps_per_execution=4)
    with pytest.raises(ValueError, match="steps_per_execution=4"):
        several.fit(harness.digits(), steps_per_epoch=6)


@pytest.mark.slow
def test_validation_data_may_be_of_another_kind_than_the_data():
    fresh = harness.gan()
    logs = fresh.fit(
        GOOD, batch_size=8, validation_data=dataset(GOOD), verbose=0
    ).history
    assert "val_d_loss" in logs
    fresh.fit(dataset(GOOD), validation_data=GOOD, validation_batch_size=16, verbose=0)
    fresh.fit(GOOD, batch_size=8, validation_data=(GOOD, None), verbose=0)


def test_a_network_that_cannot_be_copied_is_refused_with_the_cure():
    lambdas = keras.Sequential(
        [keras.Input((16,)), layers.Dense(64), layers.Lambda(lambda x: x * 2)]
    )
    stacked = keras.Sequential([lambdas, layers.Reshape((8, 8, 1))])
    with pytest.raises(ValueError, match="can't be copied.*Lambda"):
        GAN(stacked, harness.discriminator(), latent_dim=16)


def test_a_batch_size_beside_a_dataset_is_refused(model):
    with pytest.raises(ValueError, match="`batch_size` belongs to arrays"):
        model.fit(dataset(GOOD), batch_size=4)


def test_a_model_must_be_compiled_first():
    fresh = GAN(harness.generator(), harness.discriminator(), latent_dim=16)
    with pytest.raises(ValueError, match="Call `compile"):
        fresh.fit(GOOD)
    with pytest.raises(ValueError, match="Call `compile"):
        fresh.evaluate(GOOD)


def test_networks_that_do_not_fit_each_other_are_refused():
    small = networks.vector_discriminator(3)
    with pytest.raises(ValueError, match=r"discriminator takes.*\(3,\).*\(8, 8, 1\)"):
        GAN(harness.generator(), small, latent_dim=16)
    with pytest.raises(ValueError, match=r"generator takes.*\(16,\).*latent_dim"):
        GAN(harness.generator(), harness.discriminator(), latent_dim=10)
    with pytest.raises(ValueError, match="must be a keras.Model"):
        GAN("generator", harness.discriminator(), latent_dim=16)


def head(*ending):
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), *ending])


def test_a_discriminator_must_end_in_logits():
    with pytest.raises(ValueError, match="one logit an image"):
        GAN(harness.generator(), head(layers.Dense(2)), latent_dim=16)
    squashed = head(layers.Dense(1, activation="sigmoid"))
    with pytest.raises(ValueError, match="Remove the activation"):
        GAN(harness.generator(), squashed, latent_dim=16)
    nested = keras.Sequential([keras.Input((8, 8, 1)), squashed])
    with pytest.raises(ValueError, match="Remove the activation"):
        GAN(harness.generator(), nested, latent_dim=16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hing"}, "Did you mean 'hinge'"),
        ({"penalties": "r3"}, "Unknown penalty: 'r3'.*r1"),
        ({"turns": "both"}, "'alternating', 'simultaneous'"),
        ({"discriminator_steps": 0}, "positive integer"),
    ],
    ids=str,
)
def test_bad_compile_options_are_refused(options, message):
    fresh = GAN(harness.generator(), harness.discriminator(), latent_dim=16)
    with pytest.raises(ValueError, match=message):
        fresh.compile(**options)


def test_one_optimizer_for_both_players_is_refused():
    fresh = GAN(harness.generator(), harness.discriminator(), latent_dim=16)
    shared = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="optimizer of its own"):
        fresh.compile(shared, shared)


def test_a_player_with_nothing_to_train_is_refused():
    frozen = harness.discriminator()
    frozen.trainable = False
    fresh = GAN(harness.generator(), frozen, latent_dim=16)
    with pytest.raises(ValueError, match="discriminator has no trainable variables"):
        fresh.compile()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, "`latent_dim` must be a positive integer"),
        ({"latent_distribution": "cauchy"}, "'normal', 'uniform'"),
        ({"ema_momentum": 1.0}, r"\[0, 1\)"),
        ({"seed": -1}, "`seed` must be"),
    ],
    ids=str,
)
def test_bad_constructor_options_are_refused(options, message):
    options = {"latent_dim": 16, **options}
    with pytest.raises(ValueError, match=message):
        GAN(harness.generator(), harness.discriminator(), **options)


def test_generate_refuses_bad_counts_and_seeds(model):
    with pytest.raises(ValueError, match="`num_images` must be a positive integer"):
        model.generate(0)
    with pytest.raises(ValueError, match="`seed` must be"):
        model.generate(1, seed=2**40)
