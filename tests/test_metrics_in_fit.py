"""Metrics that judge the averaged generator's images inside `fit` and `evaluate`."""

import json
import subprocess
import sys
import textwrap
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import GAN, AdversarialModel, data, networks
from keras_gan.metrics import streaming
from keras_gan.metrics.features import FeatureExtractor, get
from keras_gan.metrics.frechet import frechet_distance
from keras_gan.metrics.mind import mind
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall
from tests import harness

PIPELINE = harness.digits(batch_size=256)
EXTRACTOR = get("random")


@keras.saving.register_keras_serializable("tests")
def flat(images):
    return tf.reshape(images, (-1, 64))


def vectors(seed, count=60, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, (count, 4)).astype("float32")


def update(metric, real, fake, batch_size):
    for start in range(0, len(real), batch_size):
        rows = slice(start, start + batch_size)
        metric.update_state(real[rows], fake[rows])
    return float(metric.result())


def mmd(real, fake):
    """The unbiased estimate as the paper writes it, in sums over pairs."""
    count = len(real)
    kernel = {
        (i, j): (float(a.astype("float64") @ b) / a.size + 1.0) ** 3
        for i, a in enumerate([*real, *fake])
        for j, b in enumerate([*real, *fake])
    }
    same = [(i, j) for i in range(count) for j in range(count) if i != j]
    real_pairs = np.mean([kernel[i, j] for i, j in same])
    fake_pairs = np.mean([kernel[count + i, count + j] for i, j in same])
    cross = [kernel[i, count + j] for i in range(count) for j in range(count)]
    return real_pairs + fake_pairs - 2 * np.mean(cross)


def test_kid_is_the_mean_over_batches_of_the_unbiased_mmd():
    real, fake = vectors(0), vectors(1, shift=0.5)
    expected = np.mean([mmd(real[i : i + 20], fake[i : i + 20]) for i in (0, 20, 40)])
    np.testing.assert_allclose(
        update(streaming.KID("pixels"), real, fake, 20), expected, rtol=1e-6
    )


def test_kid_counts_a_partial_batch_by_its_images_and_leaves_one_alone_out():
    real, fake = vectors(0), vectors(1)
    metric = streaming.KID()
    found = update(metric, real[:30], fake[:30], 20)
    expected = (
        20 * mmd(real[:20], fake[:20]) + 10 * mmd(real[20:30], fake[20:30])
    ) / 30
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    metric.update_state(real[:1], fake[:1])
    assert float(metric.result()) == found
    metric.reset_state()
    assert np.isnan(metric.result())


def test_fd_and_mind_of_batches_are_those_of_all_features_at_once():
    real, fake = vectors(0, 200), vectors(1, 200, shift=0.3)
    np.testing.assert_allclose(
        update(streaming.FD(), real, fake, 64), frechet_distance(real, fake), rtol=1e-6
    )
    metric = streaming.MIND(num_images=150, num_projections=50)
    expected = mind(real[:150], fake[:150], num_projections=50)
    np.testing.assert_allclose(update(metric, real, fake, 64), expected, rtol=1e-9)
    metric.reset_state()
    np.testing.assert_allclose(update(metric, real, fake, 200), expected, rtol=1e-9)


def test_both_sides_of_a_metric_are_seen_as_they_are():
    floats = next(iter(PIPELINE.dataset())).numpy()[:96]
    pixels = np.rint((floats + 1) * 127.5).astype("uint8")
    for kind in (streaming.KID, streaming.FD, streaming.MIND):
        found = update(kind("pixels"), pixels, floats[::-1], 96)
        wanted = update(kind("pixels"), pixels / 127.5 - 1, floats[::-1], 96)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
        with pytest.raises(ValueError, match="examples of one shape"):
            kind("pixels").update_state(floats, floats[:, :4])
    metric, real, fake = streaming.FD(), vectors(0, 90), vectors(1, 50)
    metric.update_state(real, fake)
    np.testing.assert_allclose(metric.result(), frechet_distance(real, fake), rtol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="as many generated"):
        streaming.MIND().update_state(real, fake)


def test_shares_of_batches_are_those_of_all_kept_features_at_once():
    real, fake = vectors(0, 90), vectors(1, 90, shift=0.5)
    expected = {
        **precision_recall(real[:80], fake[:80])._asdict(),
        **density_coverage(real[:80], fake[:80])._asdict(),
    }
    for name, value in expected.items():
        metric = streaming.METRICS[name](num_images=80)
        assert metric.name == name and 0 < value < 1.5
        assert update(metric, real, fake, 64) == pytest.approx(value)
        few = streaming.METRICS[name]()
        assert np.isnan(update(few, real[:3], fake[:3], 3))
        with pytest.raises(ValueError, match="`num_images` must be"):
            streaming.METRICS[name](num_images=3)


def test_too_few_images_for_fd_are_nan_with_one_warning_that_says_how_many():
    metric = streaming.FD()
    with pytest.warns(UserWarning, match="'fd' is NaN.* 4 features needs 5") as seen:
        assert np.isnan(update(metric, vectors(0, 4), vectors(1, 4), 2))
        assert np.isnan(metric.result())
    assert len(seen) == 1
    assert np.isfinite(update(metric, vectors(2, 1), vectors(3, 1), 1))


def test_a_diverged_generator_gives_nan_and_no_error():
    real, fake = vectors(0), vectors(1) * np.nan
    for name in streaming.METRICS:
        # Of two pictures, not of their features.
        shape = (-1, 2, 2, 1) if name.endswith(("l1", "ssim")) else real.shape
        judged = real.reshape(shape), fake.reshape(shape)
        assert np.isnan(update(streaming.METRICS[name](), *judged, 20)), name


def test_keras_callbacks_find_out_which_way_is_better():
    best = {"kid": 0.4, "mind": 0.4, "fd": 0.4, "recall": 0.5, "coverage": 0.5}
    model = harness.gan(metrics=list(best))
    for name, expected in best.items():
        stopper = keras.callbacks.EarlyStopping(f"val_{name}")
        stopper.set_model(model)
        stopper.on_train_begin()
        for epoch, number in enumerate([0.5, 0.4]):
            stopper.on_epoch_end(epoch, {f"val_{name}": number})
        assert stopper.best == expected
    variables = model.metrics_variables
    assert len({id(variable) for variable in variables}) == len(variables)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two epochs with all three metrics, their history and their best model."""
    folder = tmp_path_factory.mktemp("trained")
    own = FeatureExtractor(lambda images: flat(images), "own")
    model = harness.gan(metrics=["kid", "mind", streaming.FD(own)])
    stopper = keras.callbacks.EarlyStopping("val_kid", patience=0, min_delta=100.0)
    saver = keras.callbacks.ModelCheckpoint(
        folder / "best.keras", "val_kid", save_best_only=True
    )
    with pytest.warns(UserWarning, match="saved without its metrics fd.own") as seen:
        history = model.fit(
            PIPELINE,
            epochs=5,
            validation_data=PIPELINE,
            callbacks=[stopper, saver],
            verbose=0,
        )
    # h5py adds its own, of NumPy.
    assert [warning.category for warning in seen].count(UserWarning) == 1
    return history.history, folder / "best.keras"


def test_validation_logs_the_metrics_and_training_does_not(trained):
    logs, _ = trained
    assert {"val_kid", "val_mind", "val_fd(own)", "val_loss"} <= set(logs)
    assert np.isfinite([logs["val_kid"], logs["val_mind"], logs["val_fd(own)"]]).all()
    assert not {"kid", "mind", "fd(own)"} & set(logs)


def test_early_stopping_and_checkpoints_follow_val_kid(trained):
    logs, path = trained
    assert len(logs["val_kid"]) == 2
    loaded = keras.saving.load_model(path)
    best = int(np.argmin(logs["val_kid"]))
    assert int(loaded.step) == (best + 1) * PIPELINE.steps_per_epoch
    found = loaded.evaluate(PIPELINE, return_dict=True, verbose=0)
    np.testing.assert_allclose(found["kid"], logs["val_kid"][best], rtol=1e-5)
    # An extractor's weights are in no config.
    assert set(found) & {"kid", "mind", "fd"} == {"kid", "mind"}


def test_the_images_of_the_averaged_generator_are_judged():
    model = harness.gan(run_eagerly=True)
    for weight in model.generator_variables:
        weight.assign(3.0 * weight)
    real = next(iter(PIPELINE.dataset(num_steps=1)))[:40]
    latents = model._latents(40, model._draw("evaluation/latents", step=0))
    expected = {
        role: mmd(
            EXTRACTOR(real).numpy(),
            EXTRACTOR(getattr(model, role)(latents, training=False)).numpy(),
        )
        for role in ("ema_generator", "generator")
    }
    found = model.test_on_batch(real, return_dict=True)["kid"]
    np.testing.assert_allclose(found, expected["ema_generator"], rtol=1e-5)
    assert not np.isclose(found, expected["generator"], rtol=0.1)
    assert model.generator.name == "generator"


def test_every_generator_of_a_game_steps_aside_for_its_average():
    class Chain(AdversarialModel):
        generators = ("first", "second")
        discriminators = ()

        def generate_fakes(self, batch, seed, training):
            return self.second(self.first(batch["real"]))

    def network(name, value):
        return keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(2, kernel_initializer="ones")],
            name=name,
        )

    game = Chain({"first": network("first", 1), "second": network("second", 2)})
    for role in ("first", "second"):
        getattr(game, f"ema_{role}").set_weights([3 * np.ones((2, 2)), np.zeros(2)])
    ones = {"real": np.ones((1, 2), "float32")}
    assert game.draw_fakes(ones, None).numpy().tolist() == [[36.0, 36.0]]
    assert game.generate_fakes(ones, None, False).numpy().tolist() == [[4.0, 4.0]]


def test_without_metrics_nothing_is_judged_and_vectors_are_judged_as_they_are():
    model = harness.gan(metrics=(), run_eagerly=True)
    assert model.get_compile_config()["metrics"] == []
    assert "kid" not in model.test_on_batch(
        next(iter(PIPELINE.dataset(num_steps=1))), return_dict=True
    )
    model = GAN(
        networks.vector_generator(2, 8), networks.vector_discriminator(2), latent_dim=8
    )
    model.compile(run_eagerly=True)
    points = next(iter(data.ring(batch_size=64).dataset(num_steps=1)))
    found = model.test_on_batch(points, return_dict=True)["kid"]
    fakes = model.ema_generator(
        model._latents(64, model._draw("evaluation/latents", step=0))
    )
    np.testing.assert_allclose(found, mmd(points.numpy(), fakes.numpy()), rtol=1e-4)


def test_a_file_from_before_the_metrics_still_loads(tmp_path):
    harness.gan().save(tmp_path / "new.keras")
    with (
        zipfile.ZipFile(tmp_path / "new.keras") as new,
        zipfile.ZipFile(tmp_path / "old.keras", "w") as old,
    ):
        for name in new.namelist():
            content = new.read(name)
            if name == "config.json":
                config = json.loads(content)
                del config["compile_config"]["metrics"]
                content = json.dumps(config)
            old.writestr(name, content)
    loaded = keras.saving.load_model(tmp_path / "old.keras")
    (judge,) = loaded.get_compile_config()["metrics"]
    assert judge["class_name"] == "KID"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"steps_per_execution": 7}, marks=pytest.mark.slow),
        pytest.param({"jit_compile": True}, marks=pytest.mark.slow),
        pytest.param({"policy": "mixed_float16"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_the_result_does_not_depend_on_how_the_steps_are_run(options):
    found = []
    for given in ({}, dict(options)):
        keras.config.set_dtype_policy(given.pop("policy", "float32"))
        try:
            model = harness.gan(metrics=["kid", "mind"], **given)
        finally:
            keras.config.set_dtype_policy("float32")
        logs = model.evaluate(PIPELINE, return_dict=True, verbose=0)
        found.append([logs["kid"], logs["mind"]])
    tolerance = 1e-2 if "policy" in options else 1e-4
    np.testing.assert_allclose(*found, rtol=tolerance)


@pytest.mark.slow
def test_replicas_judge_their_shares_and_the_sum_is_reported():
    script = """
        import numpy as np, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        from keras_gan.metrics import streaming
        from keras_gan.metrics.real_fake import numpy_of
        from tests import harness
        from tests.test_metrics_in_fit import EXTRACTOR

        pipeline = harness.digits(batch_size=64)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with strategy.scope():
            metrics = ["kid", streaming.MIND(num_images=128), "fd"]
            model = harness.gan(metrics=metrics)
        history = model.fit(
            pipeline, steps_per_epoch=2, validation_data=pipeline, verbose=0
        ).history
        images = np.concatenate(list(pipeline.dataset(num_steps=2)))[:65]
        batches = tf.data.Dataset.from_tensor_slices(images).batch(64)
        # Of the last batch one replica gets nothing.
        odd = model.evaluate(batches, return_dict=True, verbose=0)
        assert np.isfinite([odd["kid"], odd["mind"]]).all()
        found = model.evaluate(pipeline, return_dict=True, verbose=0)
        for name in ("kid", "mind", "fd"):
            np.testing.assert_allclose(history["val_" + name][0], found[name])
        judges = {judge.name: judge for judge in model._journal.judges}
        assert numpy_of(judges["kid"].weight) == 28 * 64
        assert numpy_of(judges["fd"]._moments[0]) == 28 * 64
        filled = numpy_of(judges["mind"]._filled)
        assert filled.tolist()[:-1] == [1.0] * 128
        reals = numpy_of(judges["mind"]._kept[0])[:-1]
        first = np.concatenate(list(pipeline.dataset(num_steps=2)))
        expected = EXTRACTOR(first).numpy()
        key = lambda rows: rows[np.lexsort(rows.T)]
        np.testing.assert_allclose(key(reals), key(expected), rtol=1e-4, atol=1e-6)
        values = lambda: [
            replica.numpy()
            for variable in model.variables
            for replica in strategy.experimental_local_results(variable.value)
        ]
        mean = model.discriminator.get_layer("discriminator_norm").moving_mean
        ones, others = strategy.experimental_local_results(mean.value)
        others.assign(ones + 1.0)
        before = values()
        norms = model.gradient_norms(first)
        assert all(norm > 0 for norm in norms.values())
        assert model.logits(first)["real"].shape == (128, 1)
        assert model.samples(first).shape == first.shape
        for one, other in zip(before, values(), strict=True):
            np.testing.assert_array_equal(one, other)
    """
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], check=True
    )
