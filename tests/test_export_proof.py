"""Proofs: what is right passes, and every known corruption is caught."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan.export import ExportError, Limits, ParityError, Rows
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.modes import ONNX_MODES, SAVED_MODEL_MODES, TFLITE_MODES
from keras_gan.export.parity import relative_error
from keras_gan.export.prepare import prepared
from keras_gan.export.proof import Proof, prove
from keras_gan.export.replay import (
    MAX_WARM_UP_RECORDS,
    WARM_UP_FILE,
    ServedModel,
    replay_in_session,
    replay_warm_up,
)
from keras_gan.export.trials import NUM_SAMPLES, samples
from tests.export_generators import image_to_image, two_inputs
from tests.export_proofs import (
    converted,
    deep,
    deep_tflite,
    digits_decoder,
    spoil,
    written,
)

SAVED, LITE, INT8 = (
    SAVED_MODEL_MODES["float32"],
    TFLITE_MODES["float32"],
    TFLITE_MODES["int8"],
)


@pytest.fixture(scope="module")
def flat():
    return prepared(deep())


@pytest.fixture(scope="module")
def other():
    return prepared(deep(seed=1))


@pytest.fixture(scope="module")
def saved_model(flat, tmp_path_factory):
    return written(flat, tmp_path_factory.mktemp("proof"), "saved_model")


@pytest.fixture(scope="module")
def tflite(tmp_path_factory):
    path = tmp_path_factory.mktemp("proof") / "generator.tflite"
    path.write_bytes(deep_tflite())
    return path


@pytest.fixture(scope="module")
def digits():
    return prepared(digits_decoder())


@pytest.fixture
def copy(saved_model, tmp_path):
    return shutil.copytree(saved_model, tmp_path / "copy")


def test_the_relative_error_is_the_largest_over_the_largest_value():
    expected = np.array([-4.0, 2.0])
    assert relative_error(np.array([-4.0, 3.0]), expected) == 0.25
    assert relative_error(np.array([0.5, 0.0]), np.zeros(2)) == 0.5
    assert relative_error(np.array([1, 2, 3, 5]), np.array([1, 2, 3, 4])) == 0.25
    assert relative_error(np.array([b"a", b"b"]), np.array([b"a", b"c"])) == 0.5


def test_a_saved_model_of_the_generator_is_proven(flat, saved_model):
    proof = prove(flat, saved_model, SAVED, batch_sizes=(1, 7), seed=4)
    assert (proof.runtime, proof.batch_sizes, proof.seed) == ("TensorFlow", (1, 7), 4)
    assert (proof.num_samples, proof.quality) == (8, None)
    assert 0 <= proof.relative_error < 1e-5
    assert proof.limits == SAVED.limits


def test_a_quantised_mode_is_judged_on_256_samples(flat, tflite):
    proof = prove(flat, tflite, INT8, batch_sizes=(1,))
    assert proof.num_samples == NUM_SAMPLES == 256
    # Float32 is the best that an int8 file could be.
    assert proof.quality == pytest.approx(
        {
            "psnr_mean": 120,
            "psnr_p5": 120,
            "ssim_mean": 1,
            "ssim_p5": 1,
            "feature_distance": 0,
        },
        abs=1e-4,
    )
    kept = json.loads(json.dumps(proof.to_json()))
    kept["limits"] = Limits(**kept["limits"])
    kept["batch_sizes"] = tuple(kept["batch_sizes"])
    assert Proof(**kept) == proof


def test_the_artefact_of_another_generator_is_refused(other, tflite):
    with pytest.raises(ParityError, match="first layer, `start`") as caught:
        prove(other, tflite, LITE, batch_sizes=(1, 1))
    assert "0.0001 is allowed" in str(caught.value)
    with pytest.raises(ParityError, match=r"(?s)psnr_p5 is .* or more is asked.*drift"):
        prove(other, tflite, INT8, batch_sizes=(1,))


@pytest.mark.slow
def test_a_file_that_the_session_alone_reads_wrongly_is_refused(
    flat, saved_model, monkeypatch
):
    run = ServedModel.run

    def wrong(self, inputs, signature="serving_default"):
        return {name: 1.01 * v for name, v in run(self, inputs, signature).items()}

    monkeypatch.setattr(ServedModel, "run", wrong)
    with pytest.raises(ParityError, match="C\\+\\+ loader .* by 0.01 of"):
        prove(flat, saved_model, SAVED, batch_sizes=(2,))


@pytest.mark.parametrize("kept", [0, 100, -8])
def test_a_truncated_tflite_file_is_refused(flat, tflite, tmp_path, kept):
    path = tmp_path / "generator.tflite"
    path.write_bytes(tflite.read_bytes()[:kept])
    with pytest.raises(ParityError, match="damaged"):
        prove(flat, path, LITE, batch_sizes=(1,))


def test_a_truncated_onnx_file_is_refused(flat, tmp_path):
    path = tmp_path / "generator.onnx"
    path.write_bytes(b"\x08\x08\x12\x07tf2onnx\x3a\xff\xff")
    with pytest.raises(ParityError, match="damaged"):
        prove(flat, path, ONNX_MODES["float32"], batch_sizes=(1,))


@pytest.mark.parametrize(
    "name", ["saved_model.pb", "variables/variables.data-00000-of-00001"]
)
def test_a_truncated_saved_model_is_refused(flat, copy, name):
    file = copy / name
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ParityError, match="damaged"):
        prove(flat, copy, SAVED, batch_sizes=(1,))


def test_a_weight_that_is_not_a_number_is_found(flat, tmp_path):
    model = deep()
    kernel = model.get_layer("second").kernel
    kernel.assign(kernel * [[[[np.nan] + [1.0] * 7]]])
    path = written(FlatGenerator(model, flat.spec), tmp_path, "saved_model")
    with pytest.raises(ParityError, match="NaN .*after layer `first_relu`"):
        prove(flat, path, SAVED, batch_sizes=(1,))


def test_a_renamed_output_is_found(flat, tflite):
    outputs = tuple(dataclasses.replace(o, name="pictures") for o in flat.spec.outputs)
    renamed = FlatGenerator(flat.model, dataclasses.replace(flat.spec, outputs=outputs))
    with pytest.raises(
        ParityError, match=r"outputs are \['images'\], and \['pictures'"
    ):
        prove(renamed, tflite, LITE, batch_sizes=(1,))


def test_an_input_of_another_dtype_is_found(flat, tflite):
    spec = flat.spec.adjusted(latents={"dtype": "float64"})
    with pytest.raises(ParityError, match="float32, and float64 was declared"):
        prove(FlatGenerator(flat.model, spec), tflite, LITE, batch_sizes=(1,))


@pytest.mark.slow
def test_limits_of_a_user_are_those_that_count(flat, tflite, other):
    loose = Limits(relative_error=3.0, psnr_mean=1.0)
    proof = prove(other, tflite, LITE, batch_sizes=(1,), limits=loose)
    assert (proof.limits, proof.num_samples) == (loose, 256)
    assert proof.quality and 1 < proof.quality["psnr_mean"] < 30
    strict = Limits(ssim_p5=1.1)
    with pytest.raises(ParityError, match="ssim_p5 is 1, and 1.1 or more"):
        prove(flat, tflite, INT8, batch_sizes=(1,), limits=strict)


def test_pictures_of_any_size_are_tried_on_squares_and_an_oblong(tmp_path, monkeypatch):
    flat = prepared(image_to_image())
    path = written(flat, tmp_path, "saved_model")
    tried = []
    reference = flat.reference

    def noted(inputs):
        tried.append(inputs["images"].shape[1:3])
        return reference(inputs)

    monkeypatch.setattr(flat, "reference", noted)
    proof = prove(flat, path, SAVED, batch_sizes=(1, 3))
    assert tried == [(32, 32), (64, 64), (32, 64)]
    assert proof.relative_error < 1e-5


def test_all_rows_that_are_given_are_tried(flat, tflite, monkeypatch):
    rows = np.random.default_rng(0).normal(size=(100, 16)).astype("float32")
    given = FlatGenerator(flat.model, flat.spec.adjusted(latents=Rows(rows)))
    seen = []
    reference = given.reference

    def noted(inputs):
        seen.append(inputs["latents"])
        return reference(inputs)

    monkeypatch.setattr(given, "reference", noted)
    prove(given, tflite, INT8, batch_sizes=(1,))
    assert {*map(bytes, rows)} == {*map(bytes, np.concatenate(seen))}


def test_batches_are_as_large_as_memory_allows(flat):
    def num_rows(side):
        shape = (None, side, side, 3)
        spec = flat.spec.adjusted(images={"shape": shape})
        return len(next(samples(spec, seed=0))["latents"])

    assert [num_rows(side) for side in (16, None, 256, 4096)] == [32, 32, 21, 1]


@pytest.mark.slow
def test_a_generator_that_compares_its_rows_is_judged_on_batches_of_the_file(tmp_path):
    latents = keras.Input((8,), name="latents")
    x = layers.Lambda(lambda x: x - tf.reduce_mean(x, 0, keepdims=True) / 2)(latents)
    flat = prepared(keras.Model(latents, layers.Dense(6)(x)))
    path = tmp_path / "generator.tflite"
    path.write_bytes(converted(flat, tmp_path / "saved"))
    quality = prove(flat, path, INT8, batch_sizes=(1,)).quality
    assert quality and quality["psnr_mean"] > 100


@pytest.mark.slow
def test_of_several_outputs_the_worst_is_told_and_named(tmp_path):
    model = two_inputs()
    flat = prepared(model)
    path = written(flat, tmp_path, "saved_model")
    spoil(model.get_layer("style"))
    with pytest.raises(ParityError, match="`style` .* too far") as caught:
        prove(flat, path, INT8, batch_sizes=(1,))
    assert "pixels" not in str(caught.value)


def words():
    latents = keras.Input((8,), name="latents")
    logits = layers.Reshape((6, 5))(layers.Dense(30, name="logits")(latents))
    tokens = layers.Lambda(lambda x: tf.argmax(x, -1), output_shape=(6,))(logits)
    return keras.Model(latents, {"tokens": tokens})


@pytest.mark.slow
def test_integers_may_differ_in_as_many_places_as_features_may_move(tmp_path):
    model = words()
    flat = prepared(model)
    path = written(flat, tmp_path, "saved_model")
    kernel = model.get_layer("logits").kernel
    proof = prove(flat, path, INT8, batch_sizes=(2,))
    assert proof.quality == {"share_differing": 0}
    kernel.assign(kernel + np.random.default_rng(0).normal(0, 0.1, kernel.shape))
    with pytest.raises(ParityError, match="share_differing is 0"):
        prove(flat, path, INT8, batch_sizes=(2,))


def test_a_session_answers_as_keras_does_and_names_what_is_missing(flat, saved_model):
    inputs = flat.spec.draw(3)
    outputs = replay_in_session(saved_model, inputs)
    expected = flat.reference(inputs)
    np.testing.assert_allclose(outputs["images"], expected["images"], atol=1e-5)
    with pytest.raises(ParityError, match=r"takes \['latents'\]. Received: \[\]"):
        replay_in_session(saved_model, {})
    with pytest.raises(ParityError, match="`sample` was asked for"):
        replay_in_session(saved_model, inputs, "sample")


def test_stored_defaults_stand_in_for_inputs_that_are_left_out(tmp_path):
    archive = keras.export.ExportArchive()
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    archive.track(model)

    three = tf.constant([3.0])

    def scaled(latents, scale=three):
        return {"images": latents * scale}

    specs = [tf.TensorSpec((None, 2)), tf.TensorSpec((None,))]
    archive.add_endpoint("serving_default", scaled, input_signature=specs)
    archive.write_out(str(tmp_path / "saved"), verbose=False)
    inputs = {"latents": np.array([[1.0, 2.0]], "float32")}
    outputs = replay_in_session(tmp_path / "saved", inputs)
    np.testing.assert_array_equal(outputs["images"], [[3.0, 6.0]])


def warm_up(path, requests):
    from tensorflow_serving.apis import prediction_log_pb2

    file = path / WARM_UP_FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for inputs in requests:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


def test_warm_up_requests_are_replayed_and_counted(flat, copy):
    assert replay_warm_up(copy) == 0
    warm_up(copy, [flat.spec.draw(1), flat.spec.draw(4)])
    assert replay_warm_up(copy) == 2


def test_a_warm_up_request_that_fails_is_named(flat, copy):
    warm_up(copy, [flat.spec.draw(1), {"latents": np.zeros((1, 3), "float32")}])
    with pytest.raises(
        ParityError, match="request 1: Signature `serving_default` fails"
    ):
        prove(flat, copy, SAVED, batch_sizes=(1,))
    warm_up(copy, [{"latents": np.full((1, 16), np.nan, "float32")}])
    with pytest.raises(ParityError, match="NaN"):
        replay_warm_up(copy)


def test_more_warm_up_requests_than_a_server_takes_are_refused(flat, copy):
    warm_up(copy, [flat.spec.draw(1)] * (MAX_WARM_UP_RECORDS + 1))
    with pytest.raises(ParityError, match="1000 warm-up requests at most"):
        replay_warm_up(copy)


def label_generator():
    keras.utils.set_random_seed(0)
    latents = keras.Input((16,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    one_hot = layers.CategoryEncoding(10, output_mode="one_hot")(labels)
    x = layers.Concatenate()([latents, one_hot])
    x = layers.Reshape((4, 4, 8))(layers.Dense(128, activation="relu")(x))
    x = layers.Conv2DTranspose(3, 4, 2, "same", activation="tanh")(x)
    return keras.Model([latents, labels], x)


@pytest.mark.slow
def test_one_hot_labels_in_int8_are_caught(tmp_path):
    flat = prepared(label_generator())
    path = tmp_path / "generator.tflite"
    calibration = flat.spec.draw(200)
    path.write_bytes(converted(flat, tmp_path / "saved", calibration=calibration))
    with pytest.raises(ParityError, match="psnr_p5"):
        prove(flat, path, INT8, batch_sizes=(1,))


@pytest.mark.slow
@pytest.mark.parametrize(("count", "passes"), [(200, True), (1, False)])
def test_one_calibration_sample_is_caught_and_two_hundred_pass(
    digits, tmp_path, count, passes
):
    path = tmp_path / "generator.tflite"
    calibration = {"latents": digits.spec.draw(200, seed=9)["latents"][:count]}
    path.write_bytes(converted(digits, tmp_path / "saved", calibration=calibration))
    if passes:
        quality = prove(digits, path, INT8, batch_sizes=(1,)).quality
        assert quality and quality["psnr_p5"] > 38
        return
    with pytest.raises(ParityError, match="psnr_p5 is .*Calibrate on more samples"):
        prove(digits, path, INT8, batch_sizes=(1,))


@pytest.mark.slow
def test_a_truncated_calibration_is_caught(digits, tmp_path):
    path = tmp_path / "generator.tflite"
    calibration = {"latents": 0.5 * digits.spec.draw(200)["latents"]}
    path.write_bytes(converted(digits, tmp_path / "saved", calibration=calibration))
    with pytest.raises(ExportError, match="psnr_p5"):
        prove(digits, path, INT8, batch_sizes=(1,))
