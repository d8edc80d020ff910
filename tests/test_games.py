"""What every game must do, on tiny networks and data."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gan
from keras_gan.export import export_onnx, export_saved_model, export_tflite
from tests import harness
from tests.games import GAMES, PLAYED

BATCH_SIZE = 16


@pytest.fixture(params=PLAYED)
def game(request):
    return GAMES[request.param]


def first_batch(game):
    return next(iter(game.pipeline(batch_size=BATCH_SIZE).dataset(num_steps=1)))


def moved(model, before):
    """Which networks have other weights than before, by role."""
    roles = [*model.roles(), *(f"ema_{role}" for role in model.generators)]
    return {
        role
        for role in roles
        if any(
            not np.array_equal(old, new)
            for old, new in zip(
                before[role], getattr(model, role).get_weights(), strict=True
            )
        )
    }


def weights(model):
    roles = [*model.roles(), *(f"ema_{role}" for role in model.generators)]
    return {role: getattr(model, role).get_weights() for role in roles}


@pytest.mark.parametrize("name", PLAYED)
def test_a_round_moves_both_players_and_the_averages_and_nothing_else(name):
    game = GAMES[name]
    model = game.build()
    before = weights(model)
    logs = model.train_on_batch(first_batch(game), return_dict=True)
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert logs["d_skipped"] == logs["g_skipped"] == 0
    averages = {f"ema_{role}" for role in model.generators}
    players = {*model.generators, *model.discriminators}
    assert moved(model, before) == players | averages


@pytest.mark.parametrize("waiting", ["generators", "discriminators"])
def test_a_player_whose_optimizer_stands_still_is_not_moved_by_the_other(game, waiting):
    still, moving = keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-3)
    optimizers = [still, moving] if waiting == "generators" else [moving, still]
    model = game.build(
        generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1]
    )
    before = [variable.numpy() for variable in players_variables(model, waiting)]
    model.train_on_batch(first_batch(game))
    for old, now in zip(before, players_variables(model, waiting), strict=True):
        np.testing.assert_array_equal(old, now.numpy())


def players_variables(model, roles):
    networks = [getattr(model, role) for role in getattr(model, roles)]
    return [variable for network in networks for variable in network.trainable_weights]


def test_a_saved_game_draws_the_same_pictures(game, tmp_path):
    model = game.build()
    model.train_on_batch(first_batch(game))
    model.save(tmp_path / "game.keras")
    loaded = keras_gan.load_model(tmp_path / "game.keras")
    assert type(loaded) is type(model)
    harness.assert_same_state(harness.state(model), harness.state(loaded))
    inputs = game.inputs(4)
    np.testing.assert_array_equal(
        model.predict(inputs, verbose=0), loaded.predict(inputs, verbose=0)
    )


def test_evaluation_judges_the_pictures_and_moves_nothing(game):
    model = game.build(metrics="kid")
    pipeline = game.pipeline(batch_size=BATCH_SIZE)
    before = harness.state(model)
    results = model.evaluate(pipeline, steps=2, return_dict=True, verbose=0)
    assert np.isfinite(results["kid"])
    networks = [name for name in before if "evaluation" not in name]
    after = harness.state(model)
    for name in networks:
        if "metric" not in name:
            np.testing.assert_array_equal(before[name], after[name], err_msg=name)


def test_a_batch_of_nan_is_skipped_by_the_players_that_it_reaches(game):
    model, batch = game.build(), first_batch(game)
    model.train_on_batch(batch)
    model.reset_metrics()
    before = weights(model)
    spoiled = tf.nest.map_structure(_spoiled, batch)
    logs = model.train_on_batch(spoiled, return_dict=True)
    now_moved = moved(model, before)
    assert logs["d_skipped"] == 1
    assert not now_moved & {*model.discriminators}
    if logs["g_skipped"]:
        assert not now_moved & {*model.generators}
    for variable in model.variables:
        if "metric" not in variable.path and "float" in str(variable.dtype):
            assert np.isfinite(variable.numpy()).all(), variable.path


def _spoiled(values):
    if not values.dtype.is_floating:
        return values
    return tf.concat([tf.fill(tf.shape(values[:1]), float("nan")), values[1:]], axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["jit", "bfloat16", "float16", "accumulation"])
def test_an_option_plays_on(game, option):
    options = {"jit": {"jit_compile": True}, "accumulation": {"accumulation_steps": 2}}
    policy = f"mixed_{option}" if "float" in option else "float32"
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = game.build(**options.get(option, {}))
    finally:
        keras.config.set_dtype_policy(previous)
    before = weights(model)
    history = model.fit(
        game.pipeline(batch_size=BATCH_SIZE), steps_per_epoch=4, verbose=0
    ).history
    assert np.isfinite(history["d_loss"] + history["g_loss"]).all()
    assert moved(model, before) >= {*model.generators, *model.discriminators}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("export", "name"),
    [
        (export_saved_model, "generator"),
        (export_tflite, "generator.tflite"),
        (export_onnx, "generator.onnx"),
    ],
)
def test_the_generator_is_exported_with_parity(game, export, name, tmp_path):
    model = game.build()
    model.train_on_batch(first_batch(game))
    path = export(model, tmp_path / name)
    assert path.exists()
