"""Two devices and one, side by side; `test_strategies.py` starts it.

python -m tests.replicas CASE...
"""

import contextlib
import dataclasses
import functools
import sys
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from keras_gan import random
from keras_gan.models import distribution
from keras_gan.models.gan import LATENT_DISTRIBUTIONS
from keras_gan.models.rounds import Rounds
from tests import harness
from tests.games import GAMES
from tests.workers import two_devices

BATCH_SIZE = 32
LATENTS = np.random.default_rng(0).normal(size=(BATCH_SIZE, harness.LATENT_DIM))


@functools.cache
def images():
    # Devices are made before anything runs on one.
    return np.concatenate(list(harness.digits(BATCH_SIZE).dataset(num_steps=4)))


def adam(**options):
    return keras.optimizers.Adam(1e-3, **options)


def built(strategy, build=harness.plain_gan, optimizer=adam, **options):
    """A game whose replicas draw the halves of what one device draws."""
    scope = contextlib.nullcontext() if strategy is None else strategy.scope()
    with scope:
        model = build(
            generator_optimizer=optimizer(),
            discriminator_optimizer=optimizer(),
            metrics=(),
            **options,
        )

    def latents(count, seed):
        drawn = tf.constant(LATENTS, "float32")
        if strategy is None:
            return drawn[:count]
        context = tf.distribute.get_replica_context()
        return tf.stack(tf.split(drawn, 2))[context.replica_id_in_sync_group][:count]

    model._latents = latents
    return model


def trained(strategy, **options):
    model = built(strategy, **options)
    data = tf.data.Dataset.from_tensor_slices(images()).batch(BATCH_SIZE)
    model.fit(data, epochs=2, verbose=0)
    return harness.state(model)


def assert_equal(two, tolerance=1e-6, **options):
    one, other = trained(None, **options), trained(two, **options)
    for (name, a), b in zip(one.items(), other.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


def updates(two):
    assert_equal(two)


def penalties(two):
    # Adam divides by the size of a gradient, and so makes its rounding larger.
    descent = functools.partial(keras.optimizers.SGD, 0.1)
    assert_equal(two, penalties=["r1"], optimizer=descent)
    assert_equal(two, turns="simultaneous", optimizer=descent)
    assert_equal(two, penalties=["r1"], tolerance=2e-6)


def clipping(two):
    for option in ("clipnorm", "global_clipnorm", "clipvalue"):
        assert_equal(two, optimizer=functools.partial(adam, **{option: 1e-3}))


def synchronised_statistics(two):
    # A bias before a batch norm has no gradient but rounding, which Adam would enlarge.
    def build(**options):
        keras.utils.set_random_seed(7)
        kept = keras.layers.BatchNormalization
        keras.layers.BatchNormalization = lambda **given: kept(
            synchronized=True, **given
        )
        try:
            return harness.gan(dropout=0.0, **options)
        finally:
            keras.layers.BatchNormalization = kept

    assert_equal(
        two,
        tolerance=1e-5,
        build=build,
        optimizer=functools.partial(keras.optimizers.SGD, 0.1),
    )


def replicas_draw_their_own_latents(two):
    with two.scope():
        model = harness.plain_gan(metrics=())

    def draw():
        return model._latents(4, model._draw("latents"))

    one, other = two.experimental_local_results(two.run(tf.function(draw)))
    assert not np.allclose(one, other)


def statistics_are_those_of_all(two):
    with two.scope():
        model = harness.gan(metrics=())
    model.fit(images(), batch_size=BATCH_SIZE, verbose=0)
    for network in (model.generator, model.discriminator, model.ema_generator):
        for variable in network.non_trainable_weights:
            one, other = two.experimental_local_results(variable.value)
            assert np.array_equal(one.numpy(), other.numpy()), variable.path


def a_nan_on_any_replica_is_skipped_on_all(two):
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        with two.scope():
            model = harness.gan(metrics=())
        keras.config.set_dtype_policy("float32")
        for half in (slice(0, 16), slice(16, 32)):
            broken = images()[:BATCH_SIZE].copy()
            broken[half] = np.nan
            data = tf.data.Dataset.from_tensors(images()[:BATCH_SIZE])
            data = data.concatenate(tf.data.Dataset.from_tensors(broken))
            before = [v.numpy() for v in model.discriminator_variables]
            history = model.fit(data, verbose=0).history
            assert history["d_skipped"][0] >= 1 and history["g_skipped"][0] <= 1
            values = [
                replica.numpy()
                for variable in model.variables
                for replica in two.experimental_local_results(variable.value)
            ]
            assert all(np.isfinite(value).all() for value in values)
            if policy == "float32":
                assert history["d_skipped"] == [1] and history["g_skipped"] == [0]
                assert int(model.discriminator_optimizer.iterations.numpy()) == (
                    1 if half.start == 0 else 2
                )
                after = [v.numpy() for v in model.discriminator_variables]
                assert not np.array_equal(before[0], after[0])


def parts_and_turns_go_together(two):
    with two.scope():
        model = harness.gan(
            metrics=(), discriminator_steps=2, accumulation_steps=2, penalties=["r1"]
        )
    model.fit(images(), batch_size=BATCH_SIZE, verbose=0)
    assert int(model.step.numpy()) == 4
    assert int(model.discriminator_optimizer.iterations.numpy()) == 8


def every_game_that_allows_it(two):
    share_what_is_drawn()
    without_pools = functools.partial(GAMES["cyclegan"].build, pool_size=0)
    games = {
        **{name: game for name, game in GAMES.items() if game.halves_are_whole},
        "cyclegan": dataclasses.replace(GAMES["cyclegan"], build=without_pools),
    }
    for name, game in games.items():
        one, other = (played(game, strategy) for strategy in (None, two))
        for (path, a), b in zip(one.items(), other.values(), strict=True):
            np.testing.assert_allclose(
                a, b, rtol=1e-6, atol=1e-6, err_msg=f"{name}: {path}"
            )
        print("played:", name)


def share_what_is_drawn():
    """Lets each replica draw its part of what one device draws, not its own."""
    draw = Rounds._draw

    def draw_as_one(*args, **kwargs):
        with mock.patch.object(distribution, "num_replicas", lambda: 1):
            return draw(*args, **kwargs)

    Rounds._draw = draw_as_one
    parts = {draw: parts_of(draw) for draw in (random.normal, random.uniform)}
    modules = [m for name, m in sys.modules.items() if name.startswith("keras_gan")]
    for module in [*map(vars, modules), LATENT_DISTRIBUTIONS]:
        for name in [n for n, x in module.items() if callable(x) and x in parts]:
            module[name] = parts[module[name]]


def parts_of(draw):
    def draw_part(shape, seed, *ends):
        count = distribution.num_replicas()
        whole = draw((shape[0] * count, *shape[1:]), seed, *ends)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.gather(tf.stack(tf.split(whole, count)), replica)

    return draw_part


def played(game, strategy):
    """The state after some rounds without dropout, batch statistics synchronised."""
    scope = contextlib.nullcontext() if strategy is None else strategy.scope()
    with scope:
        model = game.build(
            generator_optimizer=keras.optimizers.SGD(0.01),
            discriminator_optimizer=keras.optimizers.SGD(0.01),
            metrics=(),
        )
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
    model.fit(game.pipeline(batch_size=BATCH_SIZE), steps_per_epoch=3, verbose=0)
    return harness.state(model)


CASES = [
    updates,
    penalties,
    clipping,
    synchronised_statistics,
    replicas_draw_their_own_latents,
    statistics_are_those_of_all,
    a_nan_on_any_replica_is_skipped_on_all,
    parts_and_turns_go_together,
    every_game_that_allows_it,
]


if __name__ == "__main__":
    devices = two_devices()
    for case in CASES:
        if case.__name__ in sys.argv[1:]:
            case(devices)
            print("done:", case.__name__)
