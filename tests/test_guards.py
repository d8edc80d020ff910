"""Updates that are not finite change nothing, and many of them end the training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import callbacks, losses
from keras_gan.models.optimizers import _default
from tests import harness

IMAGES = next(iter(harness.digits().dataset(num_steps=1))).numpy()
BROKEN = np.full_like(IMAGES, np.nan)
ROLES = {"d": "discriminator", "g": "generator"}


@keras.saving.register_keras_serializable(package="keras_gan_tests")
class Unlucky(losses.NonSaturating):
    """A loss whose generator meets a NaN."""

    def generator(self, fake_logits, real_logits=None):
        return super().generator(fake_logits, real_logits) * float("nan")


def batches(*images):
    return tf.data.Dataset.from_tensor_slices(np.stack(images))


def state_of(model, player):
    role = ROLES[player]
    variables = [
        *getattr(model, role).weights,
        *getattr(model, f"{role}_optimizer").variables,
    ]
    return [variable.numpy() for variable in variables]


def are_equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "turns", ["alternating", pytest.param("simultaneous", marks=SLOW)]
)
def test_a_batch_with_a_nan_changes_nothing_of_the_discriminator(turns):
    model = harness.gan(turns=turns, penalties=["r1"])
    model.train_on_batch(IMAGES)
    before = {player: state_of(model, player) for player in ROLES}
    logs = model.train_on_batch(BROKEN, return_dict=True)
    assert are_equal(before["d"], state_of(model, "d"))
    assert not are_equal(before["g"], state_of(model, "g"))
    assert (logs["d_skipped"], logs["g_skipped"]) == (1, 0)
    assert np.isnan(logs["loss"]) and np.isnan(logs["d_loss"])
    assert {p: int(v.numpy()) for p, v in model.skips.items()} == {"d": 1, "g": 0}
    model.train_on_batch(IMAGES)
    assert not are_equal(before["d"], state_of(model, "d"))
    assert int(model.skips["d"].numpy()) == 0 and int(model.step.numpy()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"jit_compile": True}, {"run_eagerly": True}])
def test_the_guard_holds_however_the_step_runs(options):
    model = harness.gan(**options)
    model.train_on_batch(IMAGES)
    before = state_of(model, "d")
    model.train_on_batch(BROKEN)
    assert are_equal(before, state_of(model, "d"))


def test_a_generator_with_a_nan_stays_as_it_was_and_the_discriminator_learns():
    model = harness.gan(loss=Unlucky())
    before = {player: state_of(model, player) for player in ROLES}
    logs = model.train_on_batch(IMAGES, return_dict=True)
    assert are_equal(before["g"], state_of(model, "g"))
    assert not are_equal(before["d"], state_of(model, "d"))
    assert (logs["d_skipped"], logs["g_skipped"]) == (0, 1)


@pytest.mark.slow
def test_the_logs_of_an_epoch_are_of_what_was_finite():
    model = harness.gan(dropout=0.0)
    history = model.fit(batches(IMAGES, BROKEN, IMAGES), epochs=1, verbose=0).history
    assert history["d_skipped"] == [1] and history["g_skipped"] == [0]
    assert all(np.isfinite(values).all() for values in history.values())


@pytest.mark.slow
def test_keras_own_callback_ends_a_training_at_a_nan():
    model = harness.gan()
    data = batches(IMAGES, BROKEN, IMAGES)
    model.fit(data, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0)
    assert int(model.step.numpy()) == 2


@pytest.mark.slow
def test_many_updates_in_a_row_that_are_not_finite_end_the_training():
    model = harness.gan(loss=Unlucky())
    with pytest.raises(FloatingPointError, match="generator's .* 4 turns in a row, up"):
        model.fit(
            batches(*[IMAGES] * 6), callbacks=[callbacks.StopOnNaN(after=4)], verbose=0
        )
    assert int(model.step.numpy()) == 4
    model = harness.gan(loss=Unlucky())
    with pytest.raises(FloatingPointError, match="50 turns in a row"):
        model.fit(batches(IMAGES), steps_per_epoch=1, epochs=60, verbose=0)


@pytest.mark.slow
def test_a_training_goes_back_to_its_checkpoint_and_learns_more_slowly(tmp_path):
    model, said = harness.gan(), []
    keeper = callbacks.Checkpoint(tmp_path, say=said.append)
    model.fit(batches(IMAGES, IMAGES), callbacks=[keeper], verbose=0)
    good = harness.state(model)
    model.train_on_batch(IMAGES)
    rollback = callbacks.RollbackOnNaN(keeper, after=2, say=said.append)
    rollback.set_model(model)
    rollback.on_train_begin()
    for _ in range(2):
        model.train_on_batch(BROKEN)
    rollback.on_train_batch_end(0)
    changed = {
        name
        for (name, a), b in zip(
            good.items(), harness.state(model).values(), strict=True
        )
        if not np.array_equal(a, b)
    }
    # The step goes on.
    assert {name.split("/")[-1] for name in changed} == {"step", "learning_rate"}
    assert int(model.step.numpy()) == 5
    for optimizer in model.optimizer.optimizers:
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(5e-4)
    assert "step-00000002, with learning rates 0.0005, 0.0005" in said[-1]


@pytest.mark.slow
def test_a_training_goes_back_only_so_often(tmp_path):
    model = harness.gan(loss=Unlucky())
    keeper = callbacks.Checkpoint(tmp_path / "kept", say=lambda line: None)
    rollback = callbacks.RollbackOnNaN(
        keeper, after=2, max_rollbacks=2, say=lambda line: None
    )
    data = batches(*[IMAGES] * 8)
    with pytest.raises(FloatingPointError, match="There is no checkpoint in .*kept"):
        model.fit(data, callbacks=[keeper, rollback], verbose=0)
    assert not (tmp_path / "kept").exists()
    keeper.folder.write(model, {})
    rollback.set_model(model)
    with pytest.raises(FloatingPointError, match="It was rolled back 2 times"):
        for _ in range(3):
            rollback.act("g", 2)


def test_what_can_not_be_rolled_back_is_refused(tmp_path):
    keeper = callbacks.Checkpoint(tmp_path)
    with pytest.raises(ValueError, match="`checkpoint` must be the `Checkpoint`"):
        callbacks.RollbackOnNaN(str(tmp_path))
    with pytest.raises(ValueError, match="`factor` must lie in"):
        callbacks.RollbackOnNaN(keeper, factor=2)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    model = harness.gan(
        generator_optimizer=keras.optimizers.Adam(schedule),
        discriminator_optimizer=_default(),
    )
    with pytest.raises(ValueError, match="a schedule has its own"):
        model.fit(
            batches(IMAGES), callbacks=[callbacks.RollbackOnNaN(keeper)], verbose=0
        )


@pytest.mark.parametrize("growth", [2, pytest.param(2000, marks=SLOW)])
def test_a_loss_scale_moves_as_keras_moves_it(growth):
    def scaled():
        return keras.optimizers.LossScaleOptimizer(
            keras.optimizers.Adam(1e-3), 2.0**8, dynamic_growth_steps=growth
        )

    model = harness.gan(generator_optimizer=scaled(), discriminator_optimizer=scaled())
    ours = model.discriminator_optimizer
    theirs, weight = scaled(), keras.Variable(1.0)
    theirs.build([weight])
    for images in (IMAGES, BROKEN, IMAGES, IMAGES, IMAGES, BROKEN, BROKEN):
        model.train_on_batch(images)
        theirs.apply([tf.constant(1.0 if images is IMAGES else float("nan"))])
        for name in ("dynamic_scale", "step_counter", "iterations"):
            got, want = getattr(ours, name).numpy(), getattr(theirs, name).numpy()
            assert got == want, name
    # A step with conditions could not run in a row.
    assert model.train_function.is_row


def test_a_batch_in_parts_is_one_update():
    states, logs = [], []
    for parts in (1, 4):
        model = harness.plain_gan(accumulation_steps=parts, penalties=["r1"])
        # All latents of a round from one draw, whose parts the parts take.
        draw = model._latents(len(IMAGES), model._draw("latents")).numpy()
        pieces = iter(np.split(draw, parts) * 3)
        model._latents = lambda n, seed, pieces=pieces: tf.constant(next(pieces))
        model.run_eagerly = True
        logs.append(model.train_on_batch(IMAGES, return_dict=True))
        states.append(harness.state(model))
        assert int(model.step.numpy()) == 1
        for optimizer in model.optimizer.optimizers:
            assert int(optimizer.iterations.numpy()) == 1
    for (name, a), b in zip(states[0].items(), states[1].values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=name)
    assert logs[0]["d_loss"] == pytest.approx(logs[1]["d_loss"], rel=1e-5)


def test_parts_are_refused_where_the_batch_has_no_such_parts():
    model = harness.gan(accumulation_steps=5)
    with pytest.raises(ValueError, match="turns of accumulation_steps=5 parts"):
        model.fit(IMAGES, batch_size=32, verbose=0)
    with pytest.raises(ValueError, match="give `accumulation_steps` to `compile`"):
        harness.gan(
            generator_optimizer=keras.optimizers.Adam(gradient_accumulation_steps=2),
            discriminator_optimizer=_default(),
        )


@pytest.mark.slow
def test_many_turns_of_the_discriminator_are_a_loop_where_there_may_be_one():
    def game(turns, **options):
        return harness.plain_gan(
            generator_optimizer=keras.optimizers.SGD(0.1),
            discriminator_optimizer=keras.optimizers.SGD(0.1),
            discriminator_steps=turns,
            penalties=["r1"],
            metrics=(),
            **options,
        )

    batch = np.concatenate(list(harness.digits(32).dataset(num_steps=3)))[:84]
    sizes = {}
    for turns in (6, 12):
        row, loop = game(turns), game(turns, jit_compile=True)
        for model in (row, loop):
            logs = model.train_on_batch(batch, return_dict=True)
            assert logs["d_skipped"] == 0 and np.isfinite(logs["loss"])
            assert int(model.discriminator_optimizer.iterations.numpy()) == turns
        pairs = zip(
            harness.state(row).items(), harness.state(loop).values(), strict=True
        )
        for (name, a), b in pairs:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=name)
        step = tf.function(game(turns).train_step)
        graph = step.get_concrete_function(tf.constant(batch)).graph
        sizes[turns] = len(graph.get_operations())
    assert sizes[12] - sizes[6] < 20
