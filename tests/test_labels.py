"""Labels: layers, networks, losses, what `generate` takes, and what it is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from keras import layers

import keras_gan
from keras_gan import data, metrics, networks
from keras_gan.cli import main
from keras_gan.export.samplers import Integers, sampler_from_json
from keras_gan.layers import ConditionalBatchNormalization, OneHotLabels
from keras_gan.models.conditional import label_loss
from keras_gan.models.parts import Labels
from tests import games_labels, harness


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(scope="module")
def attributes():
    return games_labels.conditional(metrics=())


def test_labels_of_several_attributes_are_one_hot_side_by_side():
    labels = np.array([[2, 0], [0, 1]])
    expected = np.concatenate([np.eye(3)[labels[:, 0]], np.eye(2)[labels[:, 1]]], 1)
    np.testing.assert_array_equal(OneHotLabels((3, 2))(labels), expected)
    np.testing.assert_array_equal(OneHotLabels(3)(labels[:, 0]), expected[:, :3])


@pytest.mark.parametrize("num_classes", [1, 0, True, 2.0, (), (10, 1), "ten"], ids=str)
def test_a_number_of_classes_that_is_none_is_refused(num_classes):
    with pytest.raises(ValueError, match="from 2 on.*Received"):
        OneHotLabels(num_classes)


def test_conditional_batch_norm_starts_as_batch_norm():
    features, labels = random(6, 4, 4, 3), np.eye(2, dtype="float32")[[0, 1] * 3]
    plain = layers.BatchNormalization(epsilon=1e-5)(features, training=True)
    conditional = ConditionalBatchNormalization()(features, labels, training=True)
    np.testing.assert_allclose(conditional, plain, atol=1e-5)


def test_conditional_batch_norm_has_a_scale_and_a_shift_for_each_class():
    features, layer = random(6, 3), ConditionalBatchNormalization()
    classes = np.array([0, 1, 0, 1, 1, 0])
    labels = np.eye(2, dtype="float32")[classes]
    plain = layer(features, labels, training=True).numpy()
    scales, shifts = random(2, 3, seed=1), random(2, 3, seed=2)
    layer.to_scale.kernel.assign(scales)
    layer.to_shift.kernel.assign(shifts)
    np.testing.assert_allclose(
        layer(features, labels, training=True),
        (1 + scales[classes]) * plain + shifts[classes],
        atol=1e-5,
    )


@pytest.mark.parametrize("conditioning", ["concatenation", "batch_normalization"])
@pytest.mark.parametrize("num_classes", [5, (3, 2)], ids=str)
def test_a_conditional_generator_is_told_the_labels(conditioning, num_classes):
    model = networks.conditional_generator(
        (9, 8, 2), num_classes, 4, width=2, conditioning=conditioning
    )
    assert {tensor.name for tensor in model.inputs} == {"latents", "labels"}
    labels = Labels(num_classes)
    classes = np.ones((3, *labels.shape), "int32")
    inputs = {"latents": random(3, 4), "labels": classes}
    for weight in model.trainable_weights:
        if weight.path.split("/")[-2] in ("to_scale", "to_shift"):
            weight.assign(random(*weight.shape))
    images = model(inputs).numpy()
    assert images.shape == (3, 9, 8, 2)
    others = model({**inputs, "labels": classes - 1}).numpy()
    assert np.abs(images - others).max() > 1e-6


@pytest.mark.parametrize("normalization", ["batch", "spectral", None])
@pytest.mark.parametrize("conditioning", ["concatenation", "projection"])
def test_a_conditional_discriminator_is_told_the_labels(normalization, conditioning):
    model = networks.conditional_discriminator(
        (9, 8, 2), 5, width=2, normalization=normalization, conditioning=conditioning
    )
    images = random(3, 9, 8, 2)
    one, other = (
        model({"images": images, "labels": np.full(3, label)}).numpy()
        for label in (1, 4)
    )
    assert one.shape == (3, 1)
    assert np.abs(one - other).max() > 1e-7


def test_projections_of_attributes_add_up():
    model = networks.conditional_discriminator(
        (8, 8, 1), (3, 2), width=2, normalization=None, conditioning="projection"
    )
    images = random(4, 8, 8, 1)

    def logits(*labels):
        return model({"images": images, "labels": np.tile(labels, (4, 1))}).numpy()

    np.testing.assert_allclose(
        logits(0, 0) + logits(2, 1), logits(0, 1) + logits(2, 0), atol=1e-5
    )


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (networks.conditional_generator, {"conditioning": "projection"}),
        (networks.conditional_discriminator, {"conditioning": "batch_normalization"}),
    ],
)
def test_an_unknown_conditioning_is_refused(build, options):
    with pytest.raises(ValueError, match="`conditioning` must be one of.*Received"):
        build((8, 8, 1), 10, **options)


def test_the_label_loss_of_a_blind_classifier_is_the_logarithm_of_the_classes():
    labels = np.array([[2, 0], [0, 1]])
    loss = label_loss(labels, np.zeros((2, 5), "float32"), (3, 2))
    np.testing.assert_allclose(loss, np.log(3) + np.log(2), rtol=1e-6)
    loss = label_loss(labels[:, 0], np.zeros((2, 3), "float32"), 3)
    np.testing.assert_allclose(loss, np.log(3), rtol=1e-6)


def test_the_players_of_acgan_share_the_loss_of_the_classes():
    game = games_labels.acgan(metrics=())
    batch = game.unpack(next(iter(games_labels.by_digit(16).dataset(num_steps=1))))
    # Dropout stands still outside of training.
    seed = tf.constant([1, 2], "int64")
    fakes = game.generate_fakes(batch, seed, training=False)
    told, real = (
        label_loss(batch["labels"], game.discriminator(images)["labels"], 10)
        for images in (fakes, batch["real"])
    )
    with game._journal.aside():
        judged = game.discriminator_losses(batch, fakes, seed, training=False)
        drawn = game.generator_losses(batch, fakes, seed, training=False)
    np.testing.assert_allclose(drawn["labels"], told, rtol=1e-5)
    np.testing.assert_allclose(judged["labels"], told + real, rtol=1e-5)


def test_the_players_of_infogan_share_the_loss_of_the_codes():
    game = games_labels.infogan(metrics=())
    assert game.loss_names["discriminator"] == ["adversarial", "information"]
    batch = {"real": tf.constant(random(16, 8, 8, 1))}
    seed = tf.constant([1, 2], "int64")
    fakes = game.generate_fakes(batch, seed, training=False)
    told = game.discriminator(fakes["images"])
    missed = ((told["codes"] - fakes["codes"]).numpy() ** 2).sum(axis=1).mean() / 2
    expected = label_loss(fakes["labels"], told["labels"], 10) + missed
    with game._journal.aside():
        judged = game.discriminator_losses(batch, fakes, seed, training=False)
        drawn = game.generator_losses(batch, fakes, seed, training=False)
    np.testing.assert_allclose(drawn["information"], expected, rtol=1e-5)
    np.testing.assert_allclose(judged["information"], expected, rtol=1e-5)


def test_infogan_draws_codes_and_reads_them():
    game = games_labels.infogan(metrics=())
    drawn = game._draw_codes(4000, tf.constant([3, 4], "int64"))
    assert np.bincount(drawn["labels"]).min() > 300 and drawn["labels"].shape == (4000,)
    assert -1 <= drawn["codes"].numpy().min() < -0.99 and drawn["codes"].shape[1] == 2
    images = game.generate(seed=0, codes=[0.5, -0.5])
    other = game.generate(seed=0, codes=[-0.5, -0.5])
    assert images.shape == (10, 8, 8, 1) and np.abs(images - other).max() > 1e-4
    read = game.read_codes(images)
    assert read["labels"].shape == (10,) and read["codes"].shape == (10, 2)
    with pytest.raises(ValueError, match=r"codes of shape \(10, 2\).*Received"):
        game.generate(codes=[0.5])


def test_generate_goes_through_the_classes_where_no_labels_are_given(attributes):
    labels = attributes.labels_for(23)
    assert labels.tolist()[:3] == [[0, 0], [0, 1], [1, 0]]
    np.testing.assert_array_equal(labels[20:], labels[:3])
    assert attributes.generate(seed=0).shape == (20, 8, 8, 1)


def test_one_label_is_that_of_all_images(attributes):
    labels = attributes.labels_for(3, (7, 1))
    np.testing.assert_array_equal(labels, [[7, 1]] * 3)
    np.testing.assert_array_equal(
        attributes.generate(3, labels=(7, 1), seed=0),
        attributes.generate(labels=[(7, 1)] * 3, seed=0),
    )


def test_one_hot_labels_are_the_integers_they_stand_for():
    labels, kind = np.array([2, 0, 1]), Labels(3)
    rows = np.eye(3, dtype="float32")[labels]
    kind.check_spec("labels", tf.TensorSpec((None, 3), "float32"))
    kind.check_values("labels", rows)
    np.testing.assert_array_equal(kind.indices(rows), labels)
    with pytest.raises(ValueError, match="single 1 in a row.*Received"):
        kind.check_values("labels", rows + rows[::-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": (10, 0)}, r"\[0, 10\) x \[0, 2\).*Received.*\(10, 0\)"),
        ({"labels": (0, -1)}, "Received: values from"),
        ({"labels": 3}, "2 integers an example"),
        ({"labels": [[1.0, 0.0]]}, "Received: float64"),
        ({"labels": [[1], [2, 0]]}, "as many for each image"),
        ({"labels": []}, "as many for each image"),
        ({"labels": [(1, 0), (2, 0)], "num_images": 3}, "num_images=3 and 2 labels"),
        ({"num_images": 0}, "positive integer"),
    ],
    ids=str,
)
def test_labels_that_name_no_class_are_refused(attributes, options, message):
    with pytest.raises(ValueError, match=message):
        attributes.generate(**options)


def test_the_last_label_of_an_array_is_looked_at_before_the_first_step():
    game, arrays = games_labels.acgan(metrics=()), games_labels.arrays()
    labels = arrays["label"][:, 0].copy()
    labels[-1] = 10
    spoiled = {"image": arrays["image"], "label": labels}
    for given in (spoiled, data.from_arrays(spoiled)):
        with pytest.raises(ValueError, match=r"in \[0, 10\). Received.*0 to 10"):
            game.fit(given, verbose=0)
    assert int(game.step) == 0


def test_networks_of_another_game_are_refused_in_words():
    with pytest.raises(ValueError, match="discriminator whose outputs are a dict"):
        keras_gan.ACGAN(
            games_labels.generator(10),
            harness.discriminator(),
            num_classes=10,
            latent_dim=games_labels.LATENT_DIM,
        )
    with pytest.raises(ValueError, match="generator that takes inputs by name"):
        keras_gan.ConditionalGAN(
            harness.generator(),
            games_labels.projection(10),
            num_classes=10,
            latent_dim=harness.LATENT_DIM,
        )


def test_integers_of_several_attributes_are_drawn_each_from_its_own_range():
    sampler = sampler_from_json(Integers((12, 3)).to_json() | {"num_ids": [12, 3]})
    assert sampler == Integers((12, 3))
    rows = sampler.draw((500, 2), np.random.default_rng(0))
    assert rows.max(0).tolist() == [11, 2] and rows.min() == 0
    assert (sampler.high, sampler.common_high) == (11, 2)


def test_the_share_of_found_classes_is_that_of_right_labels():
    digits = data.load_examples("digits")
    classifier = metrics.train_classifier(digits, num_steps=150)
    held_out = digits.at(np.arange(200))
    half = held_out.labels.copy()
    half[::2] = (half[::2] + 1) % 10
    right = metrics.conditioning_accuracy(classifier, held_out.images, held_out.labels)
    mixed = metrics.conditioning_accuracy(classifier, held_out.images, half)
    assert right["accuracy"] > 0.9 and right["classifier_accuracy"] > 0.9
    assert abs(mixed["accuracy"] - right["accuracy"] / 2) < 0.1
    assert right["chance"] < 0.2 and len(right["by_class"]) == 10
    pixels = np.rint((held_out.images + 1) * 127.5).astype("uint8")
    found = metrics.conditioning_accuracy(classifier, pixels, held_out.labels)
    assert found["accuracy"] == right["accuracy"]
    refused = {
        r"images in \[-1, 1\]": (pixels.astype("float32"), held_out.labels),
        "labels from 1 to 10": (pixels, held_out.labels + 1),
        r"shape=\(3,\)": (pixels, held_out.labels[:3]),
    }
    for message, (images, labels) in refused.items():
        with pytest.raises(ValueError, match=message):
            metrics.conditioning_accuracy(classifier, images, labels)


@pytest.mark.slow
def test_a_conditional_game_learns_where_each_class_lies():
    labels = np.arange(2000) % 4
    centres = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], "float32")
    points = centres[labels] + 0.1 * random(2000, 2)
    inputs = {
        "latents": keras.Input((4,), name="latents"),
        "labels": keras.Input((), dtype="int32", name="labels"),
    }
    generator, discriminator = (
        keras.Model(
            {key: x, "labels": inputs["labels"]},
            perceptron(layers.Concatenate()([x, OneHotLabels(4)(inputs["labels"])]), n),
        )
        for key, x, n in (
            ("latents", inputs["latents"], 2),
            ("images", keras.Input((2,), name="images"), 1),
        )
    )
    game = keras_gan.ConditionalGAN(
        generator, discriminator, num_classes=4, latent_dim=4, ema_momentum=0.99, seed=0
    )
    game.compile(
        keras.optimizers.Adam(1e-3, beta_1=0.0),
        keras.optimizers.Adam(1e-3, beta_1=0.0),
        penalties="r1",
        metrics=(),
    )
    vectors = data.from_arrays({"image": points, "label": labels})
    game.fit(vectors, epochs=25, verbose=0)
    drawn = game.generate(400, seed=0).reshape(100, 4, 2)
    distances = np.linalg.norm(drawn[:, :, None] - centres, axis=-1)
    assert (distances.argmin(-1) == np.arange(4)).mean() > 0.95


def perceptron(x, units):
    for _ in range(2):
        x = layers.Dense(32, activation="leaky_relu")(x)
    return layers.Dense(units)(x)


def test_the_command_samples_a_game_of_labels_and_walks_in_none(tmp_path):
    path = tmp_path / "game.keras"
    games_labels.conditional(metrics=()).save(path)
    out = str(tmp_path / "samples.png")
    done = CliRunner().invoke(main, ["sample", str(path), "--out", out])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "samples.png").is_file()
    done = CliRunner().invoke(main, ["interpolate", str(path), "--out", out])
    assert done.exit_code == 1
    assert "ConditionalGAN, which takes other inputs" in done.output
