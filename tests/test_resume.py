"""Training that stops and goes on equals training in one go, bit for bit."""

import itertools
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import constraints
from keras_gan.losses import LOSSES
from keras_gan.models.execution import StepsInARow
from keras_gan.penalties import PENALTIES, R1, Penalty
from tests import harness
from tests.games import GAMES, PLAYED

REGULARISERS = (None, *PENALTIES, "weight_clip")


def options_for(loss, regulariser):
    if regulariser == "weight_clip":
        constraint = constraints.WeightClip(0.05)
        return {"loss": loss, "discriminator_constraint": constraint}
    return {"loss": loss, "penalties": regulariser}


def assert_resume_is_exact(game, tmp_path, **options):
    """Two epochs, save, load, two more: the state of four epochs in one go."""
    pipeline = game.pipeline(batch_size=128)
    whole = game.build(**options)
    whole.fit(pipeline, epochs=4, verbose=0)
    first = game.build(**options)
    first.fit(pipeline, epochs=2, verbose=0)
    first.save(tmp_path / "half.keras")
    second = keras.saving.load_model(tmp_path / "half.keras")
    second.fit(pipeline, initial_epoch=2, epochs=4, verbose=0)
    harness.assert_same_state(harness.state(whole), harness.state(second))


@pytest.mark.parametrize("game", PLAYED)
def test_a_resumed_run_equals_an_unbroken_one(game, tmp_path):
    options = options_for("non_saturating", "r1")
    assert_resume_is_exact(GAMES[game], tmp_path, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "regulariser"), list(itertools.product(LOSSES, REGULARISERS))
)
def test_a_resumed_run_equals_an_unbroken_one_for_all_losses_and_regularisers(
    loss, regulariser, tmp_path
):
    options = options_for(loss, regulariser)
    assert_resume_is_exact(GAMES["gan"], tmp_path, **options)


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_pairs_and_drawn_penalties_resume_in_every_game(game, tmp_path):
    options = options_for("relativistic_paired", "gradient_penalty")
    assert_resume_is_exact(GAMES[game], tmp_path, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"turns": "simultaneous", "penalties": ["r1", "r2"]},
        {"fresh_latents": True, "discriminator_steps": 4},
        {"loss": "wasserstein", "discriminator_steps": 2},
        {"steps_per_execution": 2},
    ],
    ids=str,
)
def test_a_resumed_run_equals_an_unbroken_one_however_the_round_is_played(
    options, tmp_path
):
    assert_resume_is_exact(GAMES["gan"], tmp_path, **options)


@pytest.mark.slow
def test_a_new_process_goes_on_from_the_file_alone(tmp_path):
    pipeline = harness.digits(batch_size=256)
    model = harness.gan(penalties=["r1"])
    model.fit(pipeline, epochs=1, verbose=0)
    model.save(tmp_path / "half.keras")
    model.fit(pipeline, initial_epoch=1, epochs=2, verbose=0)
    script = f"""
        import keras, numpy as np
        import keras_gan
        model = keras.saving.load_model({str(tmp_path / "half.keras")!r})
        pipeline = keras_gan.data.digits(batch_size=256, seed=3)
        model.fit(pipeline, initial_epoch=1, epochs=2, verbose=0)
        variables = [*model.variables, *model.optimizer.variables]
        np.savez({str(tmp_path / "end.npz")!r}, *[v.numpy() for v in variables])
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
    with np.load(tmp_path / "end.npz") as arrays:
        end = {f"{i}": arrays[f"arr_{i}"] for i in range(len(arrays.files))}
    harness.assert_same_state(harness.state(model), end)


@pytest.mark.slow
def test_a_run_may_stop_in_the_middle_of_an_epoch(tmp_path):
    pipeline = harness.digits(batch_size=128)
    whole = harness.gan()
    whole.fit(pipeline, steps_per_epoch=9, verbose=0)
    first = harness.gan()
    first.fit(pipeline, steps_per_epoch=4, verbose=0)
    first.save(tmp_path / "part.keras")
    second = keras.saving.load_model(tmp_path / "part.keras")
    second.fit(pipeline, steps_per_epoch=5, verbose=0)
    harness.assert_same_state(harness.state(whole), harness.state(second))


@pytest.mark.slow
def test_arrays_are_played_in_an_order_that_resumes_too(tmp_path):
    images = np.concatenate(list(harness.digits()))[:256]
    whole = harness.gan()
    whole.fit(images, batch_size=64, epochs=2, verbose=0)
    first = harness.gan()
    first.fit(images, batch_size=64, epochs=1, verbose=0)
    first.save(tmp_path / "half.keras")
    second = keras.saving.load_model(tmp_path / "half.keras")
    second.fit(images, batch_size=64, initial_epoch=1, epochs=2, verbose=0)
    harness.assert_same_state(harness.state(whole), harness.state(second))


@pytest.mark.slow
def test_loading_keeps_weights_averages_and_both_optimizers(tmp_path):
    model = harness.gan(loss="hinge", penalties=["r1"], turns="simultaneous")
    model.fit(harness.digits(), steps_per_epoch=2, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    harness.assert_same_state(harness.state(model), harness.state(loaded))
    assert loaded.get_config()["latent_dim"] == harness.LATENT_DIM
    assert loaded.get_compile_config() == model.get_compile_config()
    np.testing.assert_array_equal(loaded.generate(4, seed=0), model.generate(4, seed=0))


@pytest.mark.slow
def test_weights_alone_round_trip_with_their_random_states(tmp_path):
    model = harness.gan()
    model.fit(harness.digits(), steps_per_epoch=2, verbose=0)
    model.save_weights(tmp_path / "m.weights.h5")
    other = harness.gan()
    other.load_weights(tmp_path / "m.weights.h5")
    harness.assert_same_state(harness.state(model), harness.state(other))


@pytest.mark.slow
@pytest.mark.parametrize("penalties", [["r1"], ["r1", "r2"]], ids=str)
def test_the_same_run_gives_the_same_bits_every_time(penalties):
    # A weight that is read after its update shows in some runs only.
    states = []
    for _ in range(6):
        model = harness.gan(
            loss="relativistic_paired", penalties=penalties, dropout=0.0
        )
        model.fit(harness.digits(batch_size=64), epochs=2, verbose=0)
        states.append(harness.state(model))
    for state in states[1:]:
        harness.assert_same_state(states[0], state)


def racing_sum():
    """A train function whose sum of three starts with whichever term is free."""
    a, b, c = np.random.default_rng(0).normal(0, 100, (3, 32)).astype("float32")

    @tf.function
    def add(a, b, c):
        first, second = tf.linalg.matmul(a[None], tf.eye(32))[0] + 1.0, b * 1.0
        third = tf.linalg.matmul(c[None], tf.eye(32))[0] + 1.0
        reader = tf.linalg.matmul(first[None], tf.ones((32, 32)))
        return first + second + third, reader, second

    return lambda iterator: add(a, b, next(iterator) * c)[0].numpy().tobytes()


def test_a_sum_of_three_terms_has_the_same_bits_in_every_step():
    # Without the row some steps start with the third term.
    row = StepsInARow(harness.gan(), make=racing_sum)
    ones = iter(tf.data.Dataset.from_tensors(1.0).repeat())
    assert len({row(ones) for _ in range(300)}) == 1


def test_a_large_sum_runs_in_a_row():
    """TensorFlow would make one of more than 205 MB into a variable."""

    @tf.function
    def add(x):
        terms = [tf.sin(factor * tf.ones(20_000_000)) for factor in (x, 2 * x, 3 * x)]
        return tf.reduce_mean(tf.add_n(terms))

    row = StepsInARow(harness.gan(), make=lambda: lambda iterator: add(next(iterator)))
    expected = np.sin(1.0) + np.sin(2.0) + np.sin(3.0)
    assert float(row(iter([tf.constant(1.0)]))) == pytest.approx(expected, rel=1e-3)


class Loop(Penalty):
    """A penalty that counts in a loop."""

    name = "loop"

    def penalty(self, critic, real, fake, seed):
        start = tf.reduce_min(real)
        return tf.while_loop(lambda x: x < 3.0, lambda x: x + 1.0, [start])[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalty", "steps_per_execution", "is_row", "functions"),
    [
        (R1(interval=2), 1, True, 2),
        (R1(interval=2), 5, True, 2),
        (Loop(), 1, False, 1),
    ],
    ids=["lazy", "five steps", "loop"],
)
def test_all_steps_but_those_with_loops_run_in_a_row(
    penalty, steps_per_execution, is_row, functions
):
    model = harness.gan(penalties=[penalty], steps_per_execution=steps_per_execution)
    model.fit(harness.digits(), steps_per_epoch=20, verbose=0)
    assert int(model.step) == 20
    assert model.train_function.is_row == is_row
    assert len(model.train_function.functions) == functions
