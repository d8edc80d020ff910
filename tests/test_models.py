import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import GAN, constraints, data, losses, penalties
from tests import harness

IMAGES = next(iter(harness.digits().dataset(num_steps=1)))


def changed(before, after):
    names = [name for name in before if not np.array_equal(before[name], after[name])]
    return {name.split()[1].split("/")[0] for name in names}


def weights_of(model):
    return {f"{i} {v.path}": v.numpy() for i, v in enumerate(model.variables)}


def play(model, turn):
    """One turn of one player on the same images."""
    batch = model.unpack(IMAGES)
    fakes = model.generate_fakes(batch, model._draw("latents"), training=False)
    if turn == "discriminator":
        model._descend(model._discriminator_turn(batch, 0, fakes))
        return
    model._descend(model._generator_turn(batch))


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_turn_changes_its_own_player_only_buffers_included(player):
    model = harness.gan(penalties=["r1"])
    before = weights_of(model)
    play(model, player)
    names = changed(before, weights_of(model)) - {"seed_generator"}
    assert {name for name in names if "seed" not in name} == {player}


@pytest.mark.parametrize(
    "options",
    [
        {"discriminator_steps": 2},
        {"discriminator_steps": 2, "fresh_latents": True},
        {"turns": "simultaneous"},
    ],
    ids=str,
)
def test_practice_for_the_discriminator_leaves_the_generator_alone(options):
    still = keras.optimizers.SGD(0.0)
    model = harness.gan(
        generator_optimizer=still,
        discriminator_optimizer=keras.optimizers.SGD(0.1),
        run_eagerly=True,
        **options,
    )
    norm = model.generator.get_layer("generator_norm")
    model.train_on_batch(IMAGES)
    # One pass of the generator's own turn moves its statistics once.
    first = norm.moving_mean.numpy() / (1 - norm.momentum)
    batch = model.unpack(IMAGES)
    part = {
        "real": batch["real"][-len(IMAGES) // options.get("discriminator_steps", 1) :]
    }
    model.step.assign(0)
    latents = model._latents(len(part["real"]), model._draw("latents"))
    hidden = model.generator.get_layer("generator_hidden")(latents)
    np.testing.assert_allclose(first, np.mean(hidden, 0), rtol=1e-3, atol=1e-5)


def test_the_generator_answers_the_updated_discriminator_or_the_old_one_at_once():
    gradients = {}
    for turns in ("alternating", "simultaneous"):
        model = harness.gan(
            turns=turns,
            dropout=0.0,
            run_eagerly=True,
            generator_optimizer=keras.optimizers.SGD(1.0),
            discriminator_optimizer=keras.optimizers.SGD(1.0),
        )
        start = [v.numpy() for v in model.generator_variables]
        batch = model.unpack(IMAGES)
        seed = model._draw("latents")
        model.train_on_batch(IMAGES)
        steps = [
            a - v.numpy() for a, v in zip(start, model.generator_variables, strict=True)
        ]
        other = harness.gan(dropout=0.0)
        if turns == "alternating":
            for old, new in zip(
                other.discriminator_variables,
                model.discriminator_variables,
                strict=True,
            ):
                old.assign(new)
        with tf.GradientTape() as tape:
            fakes = other.generate_fakes(batch, seed, training=True)
            loss = losses.NonSaturating().generator(
                other.discriminator(fakes, training=True)
            )
        expected = tape.gradient(loss, [v.value for v in other.generator_variables])
        gradients[turns] = steps
        for got, want in zip(steps, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-6)
    assert not np.allclose(gradients["alternating"][0], gradients["simultaneous"][0])


def test_the_discriminator_descends_its_losses_on_each_share_of_the_batch():
    model = harness.gan(
        discriminator_steps=2,
        dropout=0.0,
        run_eagerly=True,
        generator_optimizer=keras.optimizers.SGD(0.1),
        discriminator_optimizer=keras.optimizers.SGD(0.1),
    )
    model.train_on_batch(IMAGES)
    assert int(model.discriminator_optimizer.iterations) == 2
    assert int(model.generator_optimizer.iterations) == 1
    assert int(model.step) == 1


def test_fresh_latents_show_the_players_different_fakes():
    seen = []

    class Spy(GAN):
        def discriminator_losses(self, batch, fakes, seed, training):
            seen.append(fakes)
            return super().discriminator_losses(batch, fakes, seed, training)

        def generator_losses(self, batch, fakes, seed, training):
            seen.append(fakes)
            return super().generator_losses(batch, fakes, seed, training)

    for fresh in (False, True):
        seen.clear()
        model = Spy(harness.generator(), harness.discriminator(), latent_dim=16)
        model.compile(fresh_latents=fresh, run_eagerly=True)
        model.train_on_batch(IMAGES)
        assert np.array_equal(seen[0], seen[1]) is not fresh


def test_the_logs_hold_every_part_and_the_total_is_their_sum():
    model = harness.gan(penalties=["r1", penalties.R2(gamma=1.0)], run_eagerly=True)
    logs = model.train_on_batch(IMAGES, return_dict=True)
    assert set(logs) == {
        *("loss", "d_loss", "g_loss", "d_adversarial", "d_r1", "d_r2"),
        *("real_probability", "fake_probability", "d_skipped", "g_skipped"),
    }
    parts = logs["d_adversarial"] + logs["d_r1"] + logs["d_r2"]
    np.testing.assert_allclose(logs["d_loss"], parts, rtol=1e-6)
    np.testing.assert_allclose(logs["loss"], logs["d_loss"] + logs["g_loss"], rtol=1e-6)


def test_the_logs_of_a_round_equal_the_losses_computed_by_hand():
    model = harness.gan(dropout=0.0, turns="simultaneous", run_eagerly=True)
    latents = model._latents(len(IMAGES), model._draw("latents"))
    fakes = model.generator(latents, training=True)
    real_logits = model.discriminator(IMAGES, training=True).numpy()
    fake_logits = model.discriminator(fakes, training=True).numpy()
    model = harness.gan(dropout=0.0, turns="simultaneous", run_eagerly=True)
    logs = model.train_on_batch(IMAGES, return_dict=True)
    d_loss = (
        np.log1p(np.exp(-real_logits)).mean() + np.log1p(np.exp(fake_logits)).mean()
    )
    np.testing.assert_allclose(logs["d_loss"], d_loss, rtol=1e-4)
    np.testing.assert_allclose(
        logs["g_loss"], np.log1p(np.exp(-fake_logits)).mean(), rtol=1e-4
    )
    np.testing.assert_allclose(
        logs["real_probability"], (1 / (1 + np.exp(-real_logits))).mean(), rtol=1e-4
    )


def test_the_average_follows_the_generator_and_copies_its_buffers():
    model = harness.gan(run_eagerly=True)
    start = [v.numpy() for v in model.generator.trainable_variables]
    model.train_on_batch(IMAGES)
    for old, new, average in zip(
        start,
        model.generator.trainable_variables,
        model.ema_generator.weights[:2] + model.ema_generator.weights[2:],
        strict=False,
    ):
        if average.shape == new.shape and "moving" not in average.path:
            expected = old + 0.9 * (new.numpy() - old)
            np.testing.assert_allclose(average.numpy(), expected, rtol=1e-4, atol=1e-6)
    for role in ("moving_mean", "moving_variance"):
        pair = [
            getattr(network.layers[1], role).numpy()
            for network in (model.generator, model.ema_generator)
        ]
        np.testing.assert_array_equal(*pair)


def test_predict_call_and_generate_draw_with_the_averaged_generator():
    model = harness.gan(run_eagerly=True)
    model.train_on_batch(IMAGES)
    latents = model.sample_latents(5, seed=1)
    expected = model.ema_generator(latents, training=False).numpy()
    assert not np.allclose(expected, model.generator(latents, training=False))
    np.testing.assert_array_equal(model(latents), expected)
    np.testing.assert_allclose(model.predict(latents, verbose=0), expected, atol=1e-6)
    images = model.generate(5, seed=1)
    np.testing.assert_allclose(images, expected, atol=1e-6)
    np.testing.assert_array_equal(images, model.generate(5, seed=1))
    assert not np.allclose(images, model.generate(5, seed=2))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_latents_have_zero_mean_and_unit_variance(distribution):
    model = GAN(
        harness.generator(),
        harness.discriminator(),
        latent_dim=16,
        latent_distribution=distribution,
    )
    latents = model.sample_latents(4000, seed=0)
    np.testing.assert_allclose(latents.mean(), 0, atol=0.02)
    np.testing.assert_allclose(latents.std(), 1, atol=0.02)
    assert (np.abs(latents).max() <= 3**0.5) == (distribution == "uniform")


@pytest.mark.slow
def test_evaluate_changes_nothing_and_gives_the_same_twice():
    model = harness.gan(penalties=[penalties.R1(interval=4)])
    pipeline = harness.digits()
    model.fit(pipeline, epochs=1, steps_per_epoch=2, verbose=0)
    before = harness.state(model)
    first = model.evaluate(pipeline, return_dict=True, verbose=0)
    before_counter = {k: v for k, v in before.items() if "evaluation" not in k}
    after = {k: v for k, v in harness.state(model).items() if "evaluation" not in k}
    harness.assert_same_state(before_counter, after)
    assert model.evaluate(pipeline, return_dict=True, verbose=0) == first
    assert set(first) >= {"d_loss", "g_loss", "d_r1", "real_probability"}


@pytest.mark.slow
def test_validation_data_adds_its_logs():
    model = harness.gan()
    pipeline = harness.digits(batch_size=256)
    history = model.fit(pipeline, validation_data=pipeline, verbose=0).history
    assert {"val_d_loss", "val_g_loss", "val_loss"} <= set(history)


@pytest.mark.slow
def test_weight_clipping_holds_all_of_the_discriminator_and_survives_saving(tmp_path):
    model = harness.gan(
        loss="wasserstein", discriminator_constraint=constraints.WeightClip(0.02)
    )
    model.train_on_batch(IMAGES)
    weights = [v.numpy() for v in model.discriminator_variables]
    assert max(np.abs(w).max() for w in weights) <= 0.02 + 1e-7
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.discriminator_constraint.limit == 0.02
    loaded.train_on_batch(IMAGES)
    assert max(np.abs(v).max() for v in loaded.discriminator_variables) <= 0.02 + 1e-7


def test_compiling_again_without_the_constraint_takes_it_off():
    model = harness.gan(discriminator_constraint=constraints.WeightClip(0.02))
    model.compile()
    assert all(v.constraint is None for v in model.discriminator_variables)


@pytest.mark.slow
def test_steps_per_execution_gives_the_same_weights():
    pipeline = harness.digits()
    states = []
    for steps in (1, 4):
        model = harness.gan(steps_per_execution=steps)
        model.fit(pipeline, steps_per_epoch=8, verbose=0)
        states.append(harness.state(model))
    harness.assert_same_state(*states)


@pytest.mark.slow
def test_jit_compilation_agrees_without_dropout():
    weights = []
    for jit in (False, True):
        model = harness.gan(
            jit_compile=jit,
            dropout=0.0,
            loss="wasserstein",
            penalties="gradient_penalty",
            generator_optimizer=keras.optimizers.SGD(0.01),
            discriminator_optimizer=keras.optimizers.SGD(0.01),
        )
        model.fit(harness.digits(), steps_per_epoch=3, verbose=0)
        weights.append(model.get_weights())
    for plain, compiled in zip(*weights, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_with_float32_weights_and_both_optimizers_scaled(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = harness.gan(penalties=["r1"])
    finally:
        keras.config.set_dtype_policy("float32")
    before = weights_of(model)
    history = model.fit(harness.digits(), steps_per_epoch=4, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert {"generator", "discriminator", "ema_generator"} <= changed(
        before, weights_of(model)
    )
    scaled = keras.optimizers.LossScaleOptimizer
    for optimizer in model.optimizer.optimizers:
        assert isinstance(optimizer, scaled) == (policy == "mixed_float16")
    assert model.generate(2, seed=0).dtype == "float32"


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_of_unknown_length_play_no_phantom_round():
    model = harness.gan()
    images = np.asarray(IMAGES)

    def batches():
        for start in range(0, 32, 8):
            yield images[start : start + 8]

    dataset = tf.data.Dataset.from_generator(
        batches, output_signature=tf.TensorSpec((8, 8, 8, 1))
    )
    model.fit(dataset, epochs=3, verbose=0)
    assert int(model.step) == 12
    assert int(model.generator_optimizer.iterations) == 12
    assert int(model.discriminator_optimizer.iterations) == 12


@pytest.mark.slow
def test_vectors_are_played_too():
    from keras_gan import networks

    pipeline = data.ring(batch_size=64)
    model = GAN(
        networks.vector_generator(2, 8),
        networks.vector_discriminator(2),
        latent_dim=8,
    )
    model.compile()
    model.fit(pipeline, steps_per_epoch=2, verbose=0)
    assert model.generate(10, seed=0).shape == (10, 2)


def test_summary_and_state_tree_know_every_variable_once(capsys):
    model = harness.gan()
    model.summary()
    assert "ema_generator" in capsys.readouterr().out
    assert len({v.path for v in model.variables}) == len(model.variables)
    assert model.get_state_tree()["optimizer_variables"]


@pytest.mark.slow
def test_keras_own_export_draws_the_averaged_generator(tmp_path):
    model = harness.gan(run_eagerly=True)
    model.train_on_batch(IMAGES)
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    latents = model.sample_latents(3, seed=0)
    np.testing.assert_allclose(
        loaded.serve(latents), model.ema_generator(latents, training=False), atol=1e-5
    )
