"""The monitor that reads the game."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from keras_gan import callbacks, data, losses, runs
from keras_gan import settings as settings_lib
from keras_gan.callbacks import health
from keras_gan.callbacks.rows import EpochRows
from keras_gan.callbacks.symptoms import (
    ADVICE,
    COLLAPSE,
    CONFIDENT,
    FADING,
    LOSING,
    NONFINITE,
    OVERFITTING,
    VANISHING,
    WINNING,
    Thresholds,
    lasting,
    symptoms,
)
from keras_gan.cli import main
from tests import harness

PIPELINE = harness.digits(batch_size=64)
IMAGES = next(iter(PIPELINE.dataset(num_steps=1)))
FINE = {
    "r_t": 0.5,
    "real_probability": 0.7,
    "fake_probability": 0.3,
    "separation": 0.6,
    "gradient_ratio": 0.8,
    "diversity": 0.9,
    "nonfinite": 0,
}


def seen(found, anchored=True, diversities=(0.3,)):
    return symptoms(found, Thresholds(), anchored=anchored, diversities=diversities)


def monitored(folder, **options):
    """A monitor of an untrained game, and what it says."""
    lines = []
    model = harness.gan(run_eagerly=True, dropout=0.0, **options)
    monitor = callbacks.Health(
        IMAGES.numpy(), PIPELINE, file=folder / "health.jsonl", say=lines.append
    )
    monitor.set_model(model)
    monitor.on_train_begin()
    return monitor, model, lines


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"nonfinite": 3}, [NONFINITE]),
        ({"r_v": 0.7, "r_v_error": 0.1}, [OVERFITTING]),
        ({"r_v": 0.7, "r_v_error": 0.3}, []),
        ({"r_t": 0.8}, [CONFIDENT]),
        ({"r_t": 0.8, "r_v": 0.0, "r_v_error": 0.1}, []),
        ({"real_probability": 0.99, "fake_probability": 0.01}, [WINNING]),
        ({"separation": 0.05}, [LOSING]),
        ({"gradient_ratio": 1e-3}, [VANISHING]),
        ({"gradient_ratio": 1e-3, "separation": 0.3}, []),
        ({"diversity": 0.3}, [COLLAPSE]),
        (dict.fromkeys(["real_probability", "separation", "diversity"], np.nan), []),
    ],
    ids=str,
)
def test_every_rule_sees_what_it_is_for_and_nothing_else(changed, expected):
    assert seen({**FINE, **changed}) == expected


def test_a_generator_that_still_gains_diversity_has_not_collapsed():
    low = {**FINE, "diversity": 0.3}
    assert seen(low, diversities=[0.2]) == seen(low, diversities=[]) == []


def test_a_generator_that_has_lost_a_third_of_its_variety_is_called_out():
    found = {**FINE, "diversity": 0.6}
    assert seen(found, diversities=[0.5, np.nan, 0.95, 0.65]) == [FADING]
    assert seen(found, diversities=[0.5, np.nan, 0.85]) == []
    assert "0.60 as far apart" in ADVICE[FADING].format(**found)
    # The first pictures may be further apart than real ones.
    assert seen({**FINE, "diversity": 0.7}, diversities=[3.0, 0.9]) == []


def test_a_file_of_another_callback_is_refused_by_name(tmp_path):
    file = tmp_path / "rows.jsonl"
    numbers = EpochRows(file, is_own=lambda row: True)
    numbers.open()
    other = EpochRows(file, is_own=lambda row: "symptoms" in row)
    other.open()
    numbers.add(0, {"recall": 0.5})
    with pytest.raises(ValueError, match="rows.jsonl .* a file of its own"):
        other.add(0, {"symptoms": []})
    assert json.loads(file.read_text()) == {"epoch": 0, "recall": 0.5}
    monitor = callbacks.Health(IMAGES.numpy(), file=file)
    with pytest.raises(ValueError, match="rows of another callback"):
        monitor.on_train_begin()
    file.write_text('{"epoch": 0, "health_diversity": 0.5, "symptoms": []}\n')
    with pytest.raises(ValueError, match="rows of another callback"):
        callbacks.Evaluate(None, file=file).on_train_begin()


def test_a_critic_without_a_level_may_separate_all_images():
    found = {**FINE, "real_probability": 1.0, "fake_probability": 0.0, "r_t": 1.0}
    assert seen(found, anchored=False) == []


def test_a_symptom_lasts_if_it_held_three_times_and_what_is_urgent_at_once():
    found = [[], [COLLAPSE], [COLLAPSE, LOSING], [COLLAPSE, NONFINITE]]
    assert [lasting(found[: n + 1], 3) for n in range(4)] == [
        [],
        [],
        [],
        [COLLAPSE, NONFINITE],
    ]


def test_r_v_is_zero_for_what_is_learned_and_one_for_what_is_known_by_heart():
    random = np.random.default_rng(0)
    train, fake = random.normal(2, 1, (4000, 1)), random.normal(-2, 1, (4000, 1))
    unseen = random.normal(2, 1, (4000, 1))
    learned = health.share_by_heart(train, unseen, fake)
    assert abs(learned["r_v"]) < 3 * learned["r_v_error"]
    np.testing.assert_allclose(learned["r_v_error"], np.sqrt(2 / 4000) / 4, rtol=0.1)
    assert abs(health.share_by_heart(train, fake, fake)["r_v"] - 1) < 1e-9


def test_the_undecided_logit_moves_with_losses_that_see_differences_only():
    real, fake = np.full((4, 1), 7.0), np.full((4, 1), 3.0)
    levels = {
        name: float(losses.get(name).undecided_logit(real, fake))
        for name in losses.LOSSES
    }
    assert levels.pop("least_squares") == 0.5
    unanchored = {"wasserstein", "relativistic_average", "relativistic_paired"}
    assert {name for name, level in levels.items() if level == 5.0} == unanchored
    assert unanchored == {n for n in losses.LOSSES if not losses.get(n).anchored}
    assert {level for name, level in levels.items() if name not in unanchored} == {0.0}


def test_gradient_norms_are_those_of_the_losses_without_penalties():
    model = harness.gan(penalties=["r1"], dropout=0.0, run_eagerly=True)
    norms = model.gradient_norms(IMAGES)
    latents = model._latents(64, model._draw("inspection/latents", step=0))
    loss = losses.get("non_saturating")
    with tf.GradientTape(persistent=True) as tape:
        fakes = model.generator(latents, training=True)
        fake = model.discriminator(fakes, training=True)
        real = model.discriminator(IMAGES, training=True)
        totals = {
            "generator": loss.generator(fake),
            "discriminator": loss.discriminator(real, fake),
        }
    for player, total in totals.items():
        variables = [v.value for v in getattr(model, f"{player}_variables")]
        expected = tf.linalg.global_norm(tape.gradient(total, variables))
        np.testing.assert_allclose(norms[player], expected, rtol=1e-4)


@pytest.mark.parametrize(
    "run_eagerly", [True, pytest.param(False, marks=pytest.mark.slow)]
)
def test_a_run_with_the_monitor_ends_bit_equal_to_one_without(run_eagerly, tmp_path):
    ends, logs = [], []
    for watched in (False, True):
        model = harness.gan(penalties=["r1"], run_eagerly=run_eagerly)
        watchers = []
        if watched:
            file = tmp_path / "health.jsonl"
            watchers = [callbacks.Health(PIPELINE, PIPELINE, num_images=32, file=file)]
        logs.append(
            model.fit(
                PIPELINE, epochs=2, steps_per_epoch=1, callbacks=watchers, verbose=0
            ).history
        )
        # With the optimizers, the metrics and the states of random layers.
        ends.append([v.numpy() for v in [*model.variables, *model.metrics_variables]])
        ends[-1] += [v.numpy() for v in model.optimizer.variables]
    for plain, monitored in zip(*ends, strict=True):
        np.testing.assert_array_equal(plain, monitored)
    assert {name: logs[1][name] for name in logs[0]} == logs[0]
    assert set(logs[1]) - set(logs[0]) == set(watchers[0].names)
    assert np.isfinite([logs[1][name] for name in watchers[0].names]).all()
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1]
    assert rows[1]["health_r_t"] == logs[1]["health_r_t"][1]


@pytest.mark.slow
def test_a_generator_of_one_picture_is_called_a_collapse_once_until_it_is_over(
    tmp_path,
):
    monitor, model, lines = monitored(tmp_path)
    start = model.ema_generator.get_weights()
    model.ema_generator.set_weights([np.zeros_like(weight) for weight in start])
    logs = {}
    for epoch in range(5):
        monitor.on_epoch_end(epoch, logs)
    assert logs["health_diversity"] < 1e-3
    (line,) = [line for line in lines if "collapse" in line]
    assert line.startswith("Epoch 4, a collapse of the samples: ")
    # A resumed training knows what was said, and a good measurement ends it.
    monitor.on_train_begin()
    monitor.on_epoch_end(5, logs)
    real = health.first_examples(model, PIPELINE, 64)
    monitor.model.samples = lambda data: real.numpy()
    monitor.on_epoch_end(6, logs)
    assert [line for line in lines if "collapse" in line][1:] == [
        "Epoch 7: a collapse of the samples is over."
    ]
    np.testing.assert_allclose(logs["health_diversity"], 1.0, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("num_images", [48, 1500])
def test_a_game_on_few_images_is_called_out_for_learning_them_by_heart(num_images):
    images = np.concatenate(list(harness.digits(batch_size=256)))
    lines = []
    model = harness.gan(dropout=0.0, penalties=["r1"])
    monitor = callbacks.Health(images[:num_images], images[1500:], say=lines.append)
    pipeline = data.from_arrays(images[:num_images], batch_size=48)
    model.fit(pipeline, epochs=6, steps_per_epoch=250, callbacks=[monitor], verbose=0)
    assert any(OVERFITTING in line for line in lines) == (num_images == 48)


def test_weights_that_are_not_finite_are_called_out_at_once(tmp_path):
    monitor, model, lines = monitored(tmp_path)
    weight = model.discriminator_variables[0]
    weight.assign(weight * np.nan)
    logs = {"d_loss": float("nan"), "g_loss": 1.0}
    monitor.on_epoch_end(0, logs)
    assert logs["health_nonfinite"] == weight.shape[0] * weight.shape[1] + 1
    assert len(lines) == 1 and "last saved model" in lines[0]
    (row,) = (tmp_path / "health.jsonl").read_text().splitlines()
    assert json.loads(row, parse_constant=pytest.fail)["health_r_t"] is None


def test_unmeasured_epochs_show_nan_under_the_same_names(tmp_path):
    monitor, _, _ = monitored(tmp_path)
    monitor.every_epochs = 2
    first, second = {}, {}
    monitor.on_epoch_end(0, first)
    monitor.on_epoch_end(1, second)
    assert first.keys() == second.keys() == set(monitor.names)
    assert np.isnan(list(first.values())).all()
    assert np.isfinite(list(second.values())).all()


@pytest.mark.slow
def test_a_run_is_judged_on_its_held_out_split_and_keeps_its_health(
    tmp_path, mnist_dir
):
    options = "--model dcgan --width 4 --batch-size 32 --epochs 1 --health"
    options += " --quiet --no-report"
    splits = "--data mnist --split train[:128] --validation-split test[:64]"
    source = f"{splits} --data-dir {mnist_dir} --out {tmp_path / 'run'}"
    done = CliRunner().invoke(main, f"train {source} {options}".split())
    assert done.exit_code == 0, done.output
    with open(tmp_path / "run" / "log.csv") as file:
        (row,) = csv.DictReader(file)
    assert np.isfinite(float(row["val_kid"])) and "health_r_v" not in row
    (row,) = (tmp_path / "run" / "health.jsonl").read_text().splitlines()
    assert "health_r_v" in json.loads(row)
    asked = f"train {source} {options} --validation-split train[:128] --overwrite"
    refused = CliRunner().invoke(main, asked.split())
    assert refused.exit_code == 1 and "other examples" in refused.output


def test_a_run_reads_its_health_where_that_is_cheap_or_asked_for():
    settings = settings_lib.Settings(data="ring")
    for steps in (runs.MIN_STEPS_FOR_HEALTH - 1, runs.MIN_STEPS_FOR_HEALTH):
        pipeline = data.Pipeline(
            lambda step: tf.zeros((1, 2)), steps, batch_size=1, example_shape=(2,)
        )
        asked = [dataclasses.replace(settings, health=x) for x in (None, True, False)]
        watched = [runs._watches_health(one, pipeline) for one in asked]
        assert watched == [steps >= runs.MIN_STEPS_FOR_HEALTH, True, False]
