"""What a drawing is asked for: the range of its images, and classes as the data's."""

import keras
import numpy as np
import pytest

from keras_gan import callbacks
from keras_gan.data.examples import Examples
from keras_gan.export.errors import ExportError
from keras_gan.export.samplers import Integers, Normal, OneHot, Rows, sampler_from_json
from keras_gan.export.spec import GeneratorInput, GeneratorOutput, GeneratorSpec
from keras_gan.metrics import Drawing, Evaluation
from keras_gan.metrics.checks import OutOfRange
from tests import games_labels, games_tables, harness


def drawing_of_means(num_classes=3):
    """Draws a grey image for each class, the same for all latents."""
    rows = GeneratorInput("latents", (None, 2), "float32", "latents", Normal())
    labels = GeneratorInput(
        "labels", (None, 1), "int32", "labels", Integers(num_classes)
    )
    images = GeneratorOutput("images", (None, 8, 8, 1), "float32", "image")

    def run(inputs):
        shades = inputs["labels"].reshape(-1, 1, 1, 1) / num_classes
        return {"images": np.broadcast_to(shades, (len(shades), 8, 8, 1))}

    return Drawing(run, GeneratorSpec((rows, labels), (images,)), "here")


def unequal_digits(share=0.9):
    """Images that are told apart by their labels, most of them of the first."""
    random = np.random.default_rng(0)
    labels = (random.random(400) > share).astype("int64")
    images = random.uniform(-1, 1, (400, 8, 8, 1)).astype("float32")
    return Examples(images, labels, "unequal")


def test_images_of_another_range_are_refused_and_not_shown_white():
    layers = [keras.Input((16,)), harness.generator(), keras.layers.Rescaling(127.5)]
    draw = Drawing.of(keras.Sequential(layers))
    with pytest.raises(OutOfRange, match=r"in \[-1, 1\].*% of them beyond 1.5"):
        draw(20, seed=0)


def test_a_few_values_beyond_the_range_are_clipped_and_infinite_ones_are_named():
    def draw_of(values):
        def run(inputs):
            images = np.zeros((len(inputs["latents"]), 8, 8, 1), "float32")
            images[0, 0, : len(values), 0] = values
            return {"images": images}

        means = drawing_of_means()
        return Drawing(run, means.spec, "here")

    images = draw_of([3.0, -1.25, 0.5])(20, seed=0)
    np.testing.assert_array_equal(images[0, 0, :3, 0], [1.0, -1.0, 0.5])
    real = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 1)).astype("float32")
    evaluation = Evaluation(real, metrics="mind", features="pixels")
    with pytest.raises(ValueError, match="NaN or infinity. Received: 1 of 30"):
        evaluation.measure(draw_of([np.inf]))


def test_a_game_that_leaves_the_range_is_refused_at_first_and_then_nan():
    real = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 1)).astype("float32")

    class Game:
        value = 0.5

        def generate(self, num_images, seed):
            return np.full((num_images, 8, 8, 1), self.value, "float32")

    game = Game()
    watcher = callbacks.Evaluate(
        Evaluation(real, metrics="mind", features="pixels"), every_epochs=1
    )
    watcher.set_model(game)
    watcher.on_train_begin()
    for epoch, value in enumerate([0.5, 40.0]):
        game.value, logs = value, {}
        watcher.on_epoch_end(epoch, logs)
        assert np.isnan(logs["mind(pixels)"]) == (value == 40.0)
    fresh = callbacks.Evaluate(watcher.evaluation)
    fresh.set_model(game)
    fresh.on_train_begin()
    with pytest.raises(OutOfRange, match="values from 40 to 40"):
        fresh.on_epoch_end(0, {})


def test_classes_are_drawn_as_often_as_the_data_have_them():
    data, draw = unequal_digits(), drawing_of_means()
    evaluation = Evaluation(data, metrics="mind", features="pixels")
    expected = np.bincount(data.labels, minlength=3) / 400
    images = evaluation.by_labels(draw)(3000, seed=0)
    shades = np.unique(images[:, 0, 0, 0], return_counts=True)[1] / 3000
    np.testing.assert_allclose(shades, expected[:2], atol=0.03)
    assert len(np.unique(draw(300, seed=0))) == 3
    said = evaluation.report(draw, seeds=(0,)).protocol["conditions"]
    assert said == {"labels": f"in shares of {expected[0]:.4g}, {expected[1]:.4g}, 0"}
    assert draw.conditions == {"labels": "each as often as the others"}


def test_a_draw_without_such_labels_stays_as_it_is():
    evaluation = Evaluation(unequal_digits(), metrics="mind", features="pixels")
    plain = Drawing.of(harness.gan())
    np.testing.assert_array_equal(
        evaluation.by_labels(plain)(20, seed=0), plain(20, seed=0)
    )
    assert plain.conditions == {}
    # The data are of more classes, and a code is no class of theirs.
    one_class = drawing_of_means(1)
    assert evaluation.by_labels(one_class) is one_class
    code = Drawing.of(games_labels.infogan())
    assert evaluation.by_labels(code) is code
    attributes = Drawing.of(games_labels.conditional())
    assert evaluation.by_labels(attributes) is attributes
    assert evaluation.by_labels(len) is len


def test_evaluate_draws_a_games_classes_as_the_data_have_them():
    data, game = unequal_digits(), games_labels.acgan()
    evaluation = Evaluation(data, metrics="mind", features="pixels")
    watcher = callbacks.Evaluate(evaluation)
    watcher.set_model(game)
    watcher.on_train_begin()
    watcher.on_epoch_end(0, logs := {})
    assert logs["mind(pixels)"] == evaluation.measure(Drawing.of(game))["mind(pixels)"]


def test_a_table_is_drawn_by_the_conditions_that_generate_asks_for():
    game = games_tables.tabular_gan()
    weights = game.transformer.condition_weights()
    drawn = GeneratorSpec.of(game).draw(4000)["conditions"]
    np.testing.assert_allclose(drawn.mean(axis=0), weights, atol=0.03)


def test_weights_and_rows_of_whole_numbers_come_back_from_a_file():
    for sampler in (Integers(2, (0.25, 0.75)), OneHot((0.5, 0.5)), Integers((3, 2))):
        assert sampler_from_json(sampler.to_json()) == sampler
    assert Integers(4).to_json() == {"class": "Integers", "num_ids": 4}
    texts = Rows(np.arange(12, dtype="int32").reshape(3, 4))
    again = sampler_from_json(texts.to_json())
    np.testing.assert_array_equal(again.draw((5, 4), None), texts.draw((5, 4), None))
    many = Rows(np.zeros((5000, 1), "int32"))
    assert sampler_from_json(many.to_json()) == Integers(1)
    with pytest.raises(ExportError, match="num_ids=3 and 2 weights"):
        Integers(3, (0.5, 0.5))
