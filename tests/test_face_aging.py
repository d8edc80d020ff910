"""Face ageing: what its losses are, what it refuses, and that it ages."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import FaceAging, data, networks, recipes
from keras_gan.export import export_onnx, export_saved_model, export_tflite
from keras_gan.models.ages import group_of
from keras_gan.recipes.face_judges import contrastive_loss, worst_change
from tests import games_face_aging as tiny

SEED = tf.constant([1, 2], "int64")
IMAGES, AGES = tiny.ellipses(16)


@pytest.fixture(scope="module")
def game():
    """Never trained, and so the same for all tests."""
    return tiny.face_aging()


def batch_of(images, ages):
    return {"real": tf.constant(images), "ages": tf.constant(ages)}


def untouched():
    """A generator that leaves every face as it is."""
    images = keras.Input(tiny.SHAPE, name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    copy = keras.layers.Conv2D(1, 1, kernel_initializer="ones", use_bias=False)
    return keras.Model({"images": images, "labels": labels}, copy(images))


def test_ages_fall_into_the_groups_between_the_edges(game):
    assert game.group_of([0, 29, 30, 59.5, 89]).tolist() == [0, 0, 1, 1, 2]
    inside_the_game = game._groups(tf.constant([0, 29, 30, 59, 89])).numpy()
    assert inside_the_game.tolist() == [0, 0, 1, 1, 2]


def test_a_batch_asks_for_its_own_groups_in_another_order(game):
    fakes = game.generate_fakes(batch_of(IMAGES, AGES), SEED, training=False)
    labels, order = fakes["labels"].numpy(), fakes["order"].numpy()
    assert sorted(order) == list(range(16)) and list(order) != list(range(16))
    np.testing.assert_array_equal(labels, game.group_of(AGES)[order])


def test_a_real_face_is_judged_under_the_group_that_it_is_of(game):
    batch = batch_of(IMAGES, AGES)
    fakes = game.generate_fakes(batch, SEED, training=False)
    critic, real = game._critic(batch, fakes, training=False)
    true = {"images": IMAGES, "labels": game.group_of(AGES).astype("int32")}
    expected = game.discriminator(true).numpy()[fakes["order"].numpy()]
    np.testing.assert_allclose(critic(real), expected, rtol=1e-5, atol=1e-6)


def test_another_seed_asks_for_other_groups(game):
    batch = batch_of(IMAGES, AGES)
    one, other = (
        game.generate_fakes(batch, tf.constant([1, step], "int64"), training=False)
        for step in (0, 1)
    )
    assert one["order"].numpy().tolist() != other["order"].numpy().tolist()


def test_a_face_that_is_left_alone_has_changed_neither_person_nor_pixels():
    discriminator, judges = tiny.discriminator(), tiny.judges()
    weights = {"age": 2.0}
    game = FaceAging(
        untouched(),
        discriminator,
        *judges,
        age_groups=tiny.AGE_GROUPS,
        loss_weights=weights,
    )
    game.compile(run_eagerly=True)
    batch = batch_of(IMAGES, AGES)
    fakes = game.generate_fakes(batch, SEED, training=True)
    losses = game.generator_losses(batch, fakes, SEED, training=True)
    assert float(losses["identity"]) == pytest.approx(0.0, abs=1e-6)
    assert float(losses["pixels"]) == 0.0
    logits = judges[1](IMAGES).numpy().astype("float64")
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -logs[np.arange(16), fakes["labels"].numpy()].mean()
    assert float(losses["age"]) == pytest.approx(2.0 * expected, rel=1e-5)


def test_the_identity_loss_is_one_minus_the_cosine_of_the_features(game):
    batch = batch_of(IMAGES, AGES)
    fakes = game.generate_fakes(batch, SEED, training=False)
    losses = game.generator_losses(batch, fakes, SEED, training=False)
    before, after = (game.identity(x).numpy() for x in (IMAGES, fakes["images"]))
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = ((before * after).sum(axis=1) / lengths).mean()
    expected = game.loss_weights["identity"] * (1.0 - cosine)
    assert float(losses["identity"]) == pytest.approx(expected, abs=1e-5)


def test_generate_takes_ages_in_years_or_groups(game):
    by_age = game.generate(IMAGES, ages=70)
    assert by_age.shape == IMAGES.shape
    np.testing.assert_array_equal(by_age, game.generate(IMAGES, groups=[2] * 16))
    by_name = {"images": IMAGES, "labels": np.full(16, 2, "int32")}
    np.testing.assert_array_equal(by_age, game.predict(by_name, verbose=0))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ages": 90}, r"\[0, 90\).*Received: values from 90 to 90"),
        ({"ages": -1}, r"\[0, 90\).*Received: values from -1"),
        ({"ages": float("nan")}, r"\[0, 90\).*Received: values from nan"),
        ({"ages": "old"}, "must be numbers of years"),
        ({"groups": 3}, r"\[0, 3\).*Received: values from 3 to 3"),
        ({"groups": 0.5}, "as integers"),
        ({"ages": [1, 2]}, "one for each of 16.*shape \\(2,\\)"),
        ({}, "`ages` or `groups`, one of the two"),
        ({"ages": 5, "groups": 0}, "`ages` or `groups`, one of the two"),
    ],
    ids=str,
)
def test_generate_refuses_what_is_no_age(game, options, words):
    with pytest.raises(ValueError, match=words):
        game.generate(IMAGES, **options)


def test_generate_refuses_bytes(game):
    with pytest.raises(ValueError, match="Received: uint8.*127.5"):
        game.generate((IMAGES * 127 + 128).astype("uint8"), ages=5)


def test_generate_refuses_faces_of_another_size(game):
    with pytest.raises(ValueError, match=r"8, 8, 1.*Received"):
        game.generate(IMAGES[:, :6], ages=5)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"image": IMAGES, "age": AGES + 60}, r"`ages` in years in \[0, 90\).*wider"),
        ({"image": IMAGES, "age": AGES - 60}, r"`ages` in years in \[0, 90\).*wider"),
        ({"image": IMAGES}, "a batch with `age`.*from_arrays"),
        ({"age": AGES, "picture": IMAGES}, "the key 'image'"),
    ],
    ids=["too old", "unborn", "no ages", "no images"],
)
def test_the_door_refuses_ages_out_of_range_and_parts_that_are_missing(
    game, arrays, words
):
    with pytest.raises(ValueError, match=words):
        game.fit(data.from_arrays(arrays, batch_size=16), verbose=0)
    assert game.train_function is None


def test_the_door_refuses_ages_that_are_no_whole_numbers(game):
    faces = tf.data.Dataset.from_tensors((IMAGES, AGES + 0.5))
    with pytest.raises(ValueError, match="`ages` as dense integers.*float"):
        game.fit(faces, verbose=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"age_groups": (0, 30)}, "edges in whole years that rise"),
        ({"age_groups": (0, 60, 30, 90)}, "edges in whole years that rise"),
        ({"age_groups": (0, 20, 40, 60, 90)}, r"logits of 4 groups.*\(batch, 3\)"),
        ({"loss_weights": {"ages": 1.0}}, "Unknown loss to weigh.*'age'"),
        ({"loss_weights": {"age": -1.0}}, "from 0 on. Received: loss_weights"),
        ({"age_classifier": "a"}, "age classifier must be a keras.Model"),
        ({"identity": "a"}, "identity network must be a keras.Model"),
        ({"generator": tiny.judges()[0]}, "inputs 'images' and 'labels'"),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused(options, words):
    identity, age_classifier = tiny.judges()
    parts = {
        "generator": tiny.generator(),
        "discriminator": tiny.discriminator(),
        "identity": identity,
        "age_classifier": age_classifier,
        "age_groups": tiny.AGE_GROUPS,
    }
    with pytest.raises(ValueError, match=words):
        FaceAging(**{**parts, **options})


def test_a_classifier_that_ends_in_a_softmax_is_refused():
    identity, age_classifier = tiny.judges()
    softmax = keras.Sequential([age_classifier, keras.layers.Softmax()])
    with pytest.raises(ValueError, match="age classifier must end in logits"):
        FaceAging(
            tiny.generator(),
            tiny.discriminator(),
            identity,
            softmax,
            age_groups=tiny.AGE_GROUPS,
        )


def test_the_networks_take_faces_of_any_sides_that_can_be_halved_twice():
    generator = networks.face_aging_generator((16, 12, 3), 4, width=2, num_blocks=1)
    assert generator.output_shape == (None, 16, 12, 3)
    discriminator = networks.face_aging_discriminator((16, 12, 3), 4, width=2)
    assert discriminator.output_shape == (None, 1)
    with pytest.raises(ValueError, match="divisible by 4"):
        networks.face_aging_generator((18, 12, 3), 4)


def test_without_its_mask_the_generator_gives_the_face_back_to_the_bit():
    generator = networks.face_aging_generator((8, 8, 3), 2, width=2, num_blocks=1)
    mask = generator.get_layer("generator_mask")
    mask.set_weights([0 * mask.kernel.numpy(), np.array([-1e4], "float32")])
    faces = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    labels = np.array([0, 1], "int32")
    np.testing.assert_array_equal(generator({"images": faces, "labels": labels}), faces)


def test_the_contrastive_loss_of_versions_that_agree_and_others_that_do_not():
    numbers = np.array([[0.0], [0.0], [1.0], [1.0]], "float32")
    features = np.array([[2, 0], [1, 0], [0, 3], [0, 1]], "float32")
    # The cosines are 1 within a photograph and 0 between them, two of the three.
    expected = -np.log(np.exp(5.0) / (np.exp(5.0) + 2.0))
    losses = keras.ops.convert_to_numpy(contrastive_loss(numbers, features))
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_the_worst_change_of_a_face_runs_against_what_speaks_for_its_group():
    """Of a linear judge it is the difference of the weights, at full length."""
    weights = np.random.default_rng(0).normal(size=(IMAGES[0].size, 2))
    dense = keras.layers.Dense(2, use_bias=False)
    judge = keras.Sequential([keras.Input(tiny.SHAPE), keras.layers.Flatten(), dense])
    dense.set_weights([weights])
    labels = np.arange(16) % 2
    change = worst_change(judge, tf.constant(IMAGES), labels, 0.05) - IMAGES
    against = weights[:, 1 - labels].T - weights[:, labels].T
    against /= np.sqrt((against**2).mean(axis=1, keepdims=True))
    expected = 0.05 * against.reshape(IMAGES.shape)
    np.testing.assert_allclose(change, expected, atol=1e-5)


@pytest.mark.parametrize("robustness", [-0.1, 1.0, float("nan"), True, "much"])
def test_a_robustness_that_is_no_small_change_is_refused(robustness):
    with pytest.raises(ValueError, match="`robustness` must be .* Received"):
        recipes.train_age_classifier(
            IMAGES, AGES, tiny.AGE_GROUPS, robustness=robustness
        )


@pytest.mark.slow
def test_a_trained_game_darkens_ellipses_by_the_asked_age_and_keeps_their_grounds():
    images, ages = tiny.ellipses(1024)
    groups = group_of(ages, tiny.AGE_GROUPS)
    grounds = np.digitize(images[:, 0, 0, 0], (0.65, 0.8))
    options = {"width": 8, "num_steps": 300}
    identity = recipes.train_identity(images, {"ground": grounds}, **options)
    classifier = recipes.train_age_classifier(images, ages, tiny.AGE_GROUPS, **options)
    told = classifier.predict(images, verbose=0).argmax(axis=1)
    assert (told == groups).mean() > 0.8
    game = recipes.face_aging(
        identity,
        classifier,
        tiny.SHAPE,
        age_groups=tiny.AGE_GROUPS,
        width=8,
        num_blocks=1,
        seed=0,
    )
    game.fit(tiny.faces(), steps_per_epoch=400, verbose=0)
    test, _ = tiny.ellipses(64, seed=1)
    middle = np.array(
        [game.generate(test, groups=g)[:, 3:5, 3:5].mean() for g in range(3)]
    )
    # Real ones are at 0.53, 0.0 and -0.53.
    assert (np.diff(middle) < -0.2).all(), middle
    corners = np.abs(game.generate(test, groups=2) - test)[:, 0, 0].mean()
    between = np.abs(test[:32] - test[32:])[:, 0, 0].mean()
    assert corners < between


@pytest.mark.slow
@pytest.mark.parametrize(
    ("export", "name"),
    [
        (export_saved_model, "aging"),
        (export_tflite, "aging.tflite"),
        (export_onnx, "aging.onnx"),
    ],
)
def test_the_networks_of_the_recipe_are_exported_with_their_inputs_named(
    export, name, tmp_path
):
    shape, options = (16, 16, 3), {"width": 4}
    game = recipes.face_aging(
        networks.face_judge(shape, 6, **options),
        networks.face_judge(shape, 6, **options),
        shape,
        num_blocks=1,
        **options,
    )
    faces = np.random.default_rng(0).uniform(-1, 1, (8, *shape)).astype("float32")
    ages = np.arange(8, dtype="int32") * 10
    game.train_on_batch({"image": faces, "age": ages})
    path = export(game, tmp_path / name)
    from keras_gan.export import load_artefact

    inputs = {"images": faces[:1], "labels": np.array([3], "int32")}
    drawn = load_artefact(path)(inputs)
    np.testing.assert_allclose(drawn, game.predict(inputs, verbose=0), atol=1e-4)
