"""The text game: its losses, its texts, and its generator for ids and for strings."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gan
from keras_gan import TextToImage, layers, networks, recipes
from keras_gan.data import Vocabulary
from keras_gan.export import ExportError, export_text_to_image, load_artefact
from keras_gan.models.text_to_image import _moved_on
from tests import games_text, harness
from tests.games import Game
from tests.test_resume import assert_resume_is_exact

KNOWN = games_text.vocabulary()


@pytest.fixture(scope="module")
def game():
    return games_text.text_game()


def softplus(x):
    return np.log1p(np.exp(x))


def counting_game():
    """One whose judge adds the mean of an image to the first id of its text."""
    images = keras.Input((8, 8, 3), name="images")
    tokens = keras.Input((KNOWN.length,), dtype="int32", name="tokens")
    mean = keras.ops.mean(images, axis=(1, 2, 3), keepdims=False)
    first = keras.ops.cast(tokens[:, 0], "float32")
    logits = keras.ops.expand_dims(mean + first, -1)
    logits = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)(logits)
    judge = keras.Model({"images": images, "tokens": tokens}, logits)
    encoder = networks.text_encoder(KNOWN.num_ids, KNOWN.length, dim=4)
    draw = networks.text_generator((8, 8, 3), encoder, 2, condition_dim=2, width=2)
    game = TextToImage(draw, judge, latent_dim=4, vocabulary=KNOWN, seed=0)
    game.compile(metrics=())
    return game


def judged(tokens):
    """Losses of real images of 1 and fakes of 0, whose texts are `tokens`."""
    batch = {
        "real": tf.ones((len(tokens), 8, 8, 3)),
        "tokens": tf.constant([[token, 0, 0, 0] for token in tokens]),
    }
    fakes = tf.zeros_like(batch["real"])
    seed = tf.constant([3, 4], "int64")
    return counting_game().discriminator_losses(batch, fakes, seed, training=False)


def test_fakes_and_wrong_texts_count_half_each():
    # With two in a batch the wrong text of each is the other's.
    losses = judged([2, 4])
    real = softplus(-np.array([3.0, 5.0])).mean()
    fake = softplus(np.array([2.0, 4.0])).mean()
    wrong = softplus(np.array([5.0, 3.0])).mean()
    np.testing.assert_allclose(losses["adversarial"], (real + fake) / 2, rtol=1e-5)
    np.testing.assert_allclose(losses["matching"], (real + wrong) / 2, rtol=1e-5)


def test_another_image_with_the_same_text_is_no_wrong_pair():
    losses = judged([3, 3, 3])
    np.testing.assert_allclose(losses["matching"], losses["adversarial"], rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_every_text_goes_to_another_image_and_none_is_lost(size):
    texts, shifts = tf.range(size)[:, None], set()
    for step in range(40):
        moved = _moved_on(texts, tf.constant([5, step], "int64")).numpy()[:, 0]
        assert sorted(moved) == list(range(size))
        assert size == 1 or (moved != np.arange(size)).all()
        shifts.add(moved[0])
    assert len(shifts) == max(size - 1, 1)


def augmentation(kernel, bias):
    layer = layers.ConditioningAugmentation(1)
    layer.build(((None, 1), (None, 3)))
    layer.statistics.set_weights([np.array([kernel], "float32"), np.float32(bias)])
    return layer


def test_the_divergence_is_that_of_two_gaussians():
    features = np.array([[1.0], [3.0]], "float32")
    # mean = feature, log-variance = 0.5: (feature^2 + e^0.5 - 1 - 0.5) / 2
    layer = augmentation(kernel=[1.0, 0.0], bias=[0.0, 0.5])
    expected = np.mean((features**2 + np.exp(0.5) - 1.5) / 2)
    np.testing.assert_allclose(layer.divergence(features), expected, rtol=1e-6)
    standard = augmentation(kernel=[0.0, 0.0], bias=[0.0, 0.0])
    assert float(standard.divergence(features)) == 0.0


def test_a_condition_is_its_mean_and_the_noise_of_the_first_latents():
    layer = augmentation(kernel=[2.0, 0.0], bias=[1.0, np.log(9.0)])
    latents = np.array([[0.0, 5.0, 6.0], [-1.0, 7.0, 8.0]], "float32")
    drawn = layer((np.array([[1.0], [1.0]], "float32"), latents))
    np.testing.assert_allclose(drawn, [[3.0, 5.0, 6.0], [0.0, 7.0, 8.0]], rtol=1e-6)


def test_a_condition_needs_as_many_latents():
    with pytest.raises(ValueError, match="Give at least latent_dim=4"):
        layers.ConditioningAugmentation(4)((np.ones((2, 3)), np.ones((2, 3))))


def test_padding_says_nothing_and_a_row_of_it_is_finite():
    keras.utils.set_random_seed(1)
    short, long = (networks.text_encoder(9, length, dim=4) for length in (2, 5))
    long.set_weights(short.get_weights())
    np.testing.assert_allclose(
        long(np.array([[3, 7, 0, 0, 0]])), short(np.array([[7, 3]])), rtol=1e-5
    )
    assert np.isfinite(long(np.zeros((1, 5), "int32"))).all()


def test_the_generator_descends_a_divergence_only_if_its_text_is_a_cloud(game):
    assert game.loss_names["generator"] == ["adversarial", "divergence"]
    draw = keras.Model(
        game.generator.input,
        networks.dcgan_generator((8, 8, 3), 10, width=4)(
            game.generator.input["latents"]
        ),
    )
    plain = TextToImage(draw, game.discriminator, latent_dim=10, vocabulary=KNOWN)
    plain.compile(metrics=())
    assert plain.loss_names["generator"] == ["adversarial"]


def test_the_divergence_reaches_the_encoder_of_the_generator(game):
    tokens = KNOWN.tokenise(["red cross", "blue square"])
    with tf.GradientTape() as tape:
        divergence = game._divergence(tokens)
    encoder = game.generator.get_layer("encoder")
    gradients = tape.gradient(divergence, [w.value for w in encoder.trainable_weights])
    assert all(np.abs(tf.convert_to_tensor(g)).max() > 0 for g in gradients)


def test_one_image_is_drawn_for_each_text_and_more_go_through_them_again(game):
    texts = ["red cross", "blue square"]
    assert game.generate(texts=texts).shape == (2, 8, 8, 3)
    tokens = KNOWN.tokenise([*texts, *texts, texts[0]])
    latents = game.sample_latents(5, seed=3)
    expected = game.predict({"latents": latents, "tokens": tokens}, verbose=0)
    np.testing.assert_array_equal(game.generate(5, seed=3, texts=texts), expected)


def test_without_texts_the_words_of_the_vocabulary_are_drawn(game):
    np.testing.assert_array_equal(
        game.generate(4, seed=1), game.generate(4, seed=1, texts=KNOWN.words[:4])
    )


def test_unknown_words_warn_and_a_text_of_nothing_else_is_refused(game):
    with pytest.warns(UserWarning, match="does not know a, shiny, tree") as caught:
        game.generate(texts=["A shiny red tree!"], seed=0)
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match="Received: 'tree'. It knows 5 words"):
        game.generate(texts=["red", "tree"])
    with pytest.raises(ValueError, match="Received: '!'"):
        game.generate(texts=["!"])
    with pytest.raises(ValueError, match="at least one text"):
        game.generate(texts=[])


def test_texts_and_embeddings_are_not_taken_for_each_other(game):
    other = games_text.embeddings_game()
    rows = games_text.embed(["red cross"])
    assert other.generate(embeddings=rows, num_images=2).shape == (2, 8, 8, 3)
    assert other.generate(3).shape == (3, 8, 8, 3)
    with pytest.raises(ValueError, match="knows no words"):
        other.generate(texts=["red"])
    with pytest.raises(ValueError, match="shape \\(num_texts, 5\\)"):
        other.generate(embeddings=rows[:, :3])
    with pytest.raises(ValueError, match="the game has a vocabulary"):
        game.generate(embeddings=rows)
    with pytest.raises(ValueError, match="Received: both"):
        game.generate(texts=["red"], embeddings=rows)


IMAGES = np.stack([np.full((8, 8, 3), x, "float32") for x in (-1.0, 1.0)])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"image": IMAGES}, "a batch with `tokens`.*keys \\['image'\\]"),
        (IMAGES, "Expected a batch with `tokens`"),
        ({"image": IMAGES, "tokens": ["red", "blue"]}, "Received: strings. Encode"),
        ({"image": IMAGES, "tokens": [[2, 3], [2, 3]]}, "shape \\(batch, 4\\)"),
        ({"image": IMAGES, "tokens": [[2, 3, 0, 9]] * 2}, "values from 0 to 9"),
        ({"image": IMAGES, "tokens": [[2, -1, 0, 0]] * 2}, "values from -1 to 2"),
        ({"image": IMAGES, "tokens": [[2.0, 3.0, 0.0, 0.0]] * 2}, "float32"),
        (
            {"image": IMAGES, "tokens": [[2, 3, 0, 0], [0, 0, 0, 0]]},
            "needs a caption. Received: 1 of 2 rows",
        ),
    ],
)
def test_data_without_their_captions_are_refused_at_the_door(game, data, message):
    with pytest.raises(ValueError, match=message):
        game.fit(tf.data.Dataset.from_tensors(data), verbose=0)
    assert int(game.step) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either `vocabulary`"),
        ({"vocabulary": KNOWN, "embedding_dim": 3}, "either `vocabulary`"),
        ({"vocabulary": ["red"]}, "must be a `keras_gan.data.Vocabulary`"),
        ({"embedding_dim": 0}, "`embedding_dim` must be a positive integer"),
        ({"embedding_dim": 3}, "can't take \\{latents: .*, embeddings: "),
        ({"vocabulary": KNOWN, "prompts": ["tree"]}, "Received: 'tree'"),
        ({"vocabulary": KNOWN, "divergence_weight": -1}, "must be a number from 0 on"),
    ],
)
def test_a_game_is_built_for_one_kind_of_text(game, options, message):
    with pytest.raises(ValueError, match=message):
        TextToImage(game.generator, game.discriminator, latent_dim=10, **options)


def test_the_recipe_has_the_sizes_of_the_paper():
    game = recipes.stackgan_text_to_image(KNOWN, (16, 16, 3), width=4, seed=0)
    assert (game.latent_dim, game.example_shape) == (228, (16, 16, 3))
    assert game.compiled
    embedded = recipes.stackgan_text_to_image(
        image_shape=(16, 16, 3), embedding_dim=7, width=4, seed=0
    )
    assert embedded.text_shape == (7,)


@pytest.mark.slow
def test_a_game_of_embeddings_resumes_and_is_exported(tmp_path):
    played = Game(
        games_text.embeddings_game,
        games_text.from_embeddings,
        games_text.embeddings_inputs,
    )
    assert_resume_is_exact(played, tmp_path, penalties="r1")
    game, inputs = played.build(), played.inputs(3)
    game.fit(played.pipeline(batch_size=64), steps_per_epoch=2, verbose=0)
    expected = game.predict(inputs, verbose=0)
    for path in keras_gan.export.export_all(game, tmp_path / "exported").values():
        np.testing.assert_allclose(load_artefact(path)(inputs), expected, atol=1e-4)


@pytest.mark.slow
def test_files_take_ids_or_strings_and_the_vocabulary_travels_beside(tmp_path):
    game = games_text.text_game()
    game.fit(games_text.from_tokens(), steps_per_epoch=2, verbose=0)
    paths = export_text_to_image(game, tmp_path / "exported")
    assert set(paths) == {
        *("saved_model", "tflite", "onnx", "saved_model_texts", "vocabulary")
    }
    texts = ["A RED cross!", "blue\tsquare", "an unknown, green thing of many words"]
    known, latents = (
        Vocabulary.load(paths["vocabulary"]),
        game.sample_latents(3, seed=1),
    )
    ids = {"latents": latents, "tokens": known.tokenise(texts)}
    expected = game.predict(ids, verbose=0)
    assert np.abs(expected[0] - expected[1]).max() > 1e-3
    for name in ("saved_model", "tflite", "onnx"):
        draw = load_artefact(paths[name])
        assert draw.inputs["tokens"] == np.int32
        np.testing.assert_allclose(draw(ids), expected, atol=1e-4)
    draw = load_artefact(paths["saved_model_texts"])
    drawn = draw({"latents": latents, "texts": texts})
    np.testing.assert_allclose(drawn, expected, atol=1e-4)
    beside = keras_gan.export.check(tmp_path / "exported").added
    assert {name.split("/")[0] for name in beside} == {
        "saved_model_texts",
        "vocabulary.json",
    }


def test_a_game_without_words_has_no_vocabulary_to_export(tmp_path):
    with pytest.raises(ExportError, match="Expected a game with a vocabulary"):
        export_text_to_image(games_text.embeddings_game(), tmp_path)


def test_a_loaded_game_knows_its_words_and_prompts(tmp_path):
    game = games_text.text_game()
    config = {**game.get_config(), "prompts": ["red cross"]}
    game = TextToImage.from_config(config)
    game.compile()
    game.save(tmp_path / "game.keras")
    loaded = keras_gan.load_model(tmp_path / "game.keras")
    assert loaded.vocabulary.to_json() == KNOWN.to_json()
    assert loaded.prompts == ["red cross"]
    harness.assert_same_state(harness.state(game), harness.state(loaded))
    np.testing.assert_array_equal(game.generate(2, seed=0), loaded.generate(2, seed=0))
