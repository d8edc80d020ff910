"""Every mode of TFLite and ONNX: what is in the file, and what it draws."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from keras_gan.export import (
    ExportError,
    GeneratorSpec,
    Limits,
    ParityError,
    export_onnx,
    export_tflite,
    load_artefact,
)
from keras_gan.export.conversion import flatbuffer
from keras_gan.export.conversion.source import Source
from keras_gan.export.metadata import read_metadata
from keras_gan.export.modes import ARTEFACTS, ONNX_MODES, TFLITE_MODES
from keras_gan.export.onnx import onnx_exported
from keras_gan.export.packages import require
from keras_gan.export.prepare import prepared
from keras_gan.export.tflite import tflite_exported
from tests.export_generators import listed, with_random_statistics

# Each builds and runs whole exports.
pytestmark = pytest.mark.slow

slow = pytest.mark.slow
MODES = [*TFLITE_MODES.values(), *ONNX_MODES.values()]
FAST = ("tflite", "tflite-weight-only", "tflite-int8", "onnx", "onnx-int8")
TWICE = ("tflite-int8", "onnx")
NAMES = [
    pytest.param(m.artefact_name, marks=[] if m.artefact_name in FAST else slow)
    for m in MODES
]
TFLITE_NAMES = [name for name in NAMES if "tflite" in name.values[0]]
ONNX_NAMES = [name for name in NAMES if "onnx" in name.values[0]]
# Largest error over the largest value. One step of int8 is 1/255 of a range.
ERRORS = {
    "float32": 1e-5,
    "float16": 3e-3,
    "dynamic": 0.05,
    "weight_only": 0.02,
    "int8": 0.1,
    "int8_io": 0.1,
    "int16x8": 0.02,
}


def dense():
    latents = keras.Input((16,), name="latents")
    x = layers.Dense(96, activation="relu")(latents)
    x = layers.BatchNormalization()(x)
    return with_random_statistics(
        keras.Model(latents, layers.Dense(16, activation="tanh", name="row")(x))
    )


def dcgan():
    latents = keras.Input((16,), name="latents")
    x = layers.Reshape((4, 4, 32))(layers.Dense(4 * 4 * 32, use_bias=False)(latents))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(16, 4, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")(x)
    return with_random_statistics(keras.Model(latents, x))


def conditional():
    latents = keras.Input((16,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    embedded = layers.Embedding(10, 8, embeddings_initializer="normal")(labels)
    x = layers.Concatenate()([latents, layers.Rescaling(10.0)(embedded)])
    x = layers.Reshape((4, 4, 8))(layers.Dense(4 * 4 * 8, activation="relu")(x))
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")(x)
    return keras.Model([labels, latents], x)


def sequences():
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 16, embeddings_initializer="normal")(tokens)
    x = layers.GRU(16, return_sequences=True)(layers.Rescaling(10.0)(x))
    return keras.Model(tokens, layers.Dense(4, activation="tanh")(layers.GRU(16)(x)))


def restyler():
    source = keras.Input((None, None, 3), name="photo")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(source)
    x = layers.Conv2DTranspose(16, 4, strides=2, padding="same", activation="relu")(x)
    return keras.Model(source, layers.Conv2D(3, 3, padding="same")(x))


@pytest.fixture(scope="module")
def dense_source():
    with Source(prepared(dense())) as source:
        yield source


@pytest.fixture(scope="module")
def dense_file(dense_source, tmp_path_factory):
    """Export the dense generator in a mode, once."""
    folder = tmp_path_factory.mktemp("dense")
    return functools.cache(lambda name: exported(dense_source, folder, name))


def exported(source, folder, name, batch_size=1):
    mode = ARTEFACTS[name]
    path = folder / mode.file_name
    if mode.format == "onnx":
        return onnx_exported(source, path, mode)
    return tflite_exported(source, path, mode, batch_size=batch_size)


def check(flat, item, seed=99, count=6, slack=1.0):
    """Compare a file with Keras on samples that neither proof nor calibration saw."""
    artefact = load_artefact(item.path)
    inputs = flat.spec.draw(count, seed)
    expected = flat.reference(inputs)
    actual = artefact.run(inputs)
    assert set(artefact.inputs) == set(flat.spec.input_names)
    assert set(artefact.outputs) == set(flat.spec.output_names)
    for name, value in expected.items():
        assert actual[name].dtype == value.dtype
        allowed = slack * ERRORS[item.mode.name] * np.abs(value).max()
        np.testing.assert_allclose(actual[name], value, atol=allowed, rtol=0)
    metadata = read_metadata(item.path)
    assert metadata["mode"] == item.mode.name
    assert GeneratorSpec.from_json(metadata["spec"]) == flat.spec


@pytest.mark.parametrize("name", NAMES)
def test_a_dense_generator_draws_the_same_in_every_mode(name, dense_source, dense_file):
    check(dense_source.flat, dense_file(name))


@pytest.mark.parametrize(
    ("name", "share"),
    [
        pytest.param("tflite-float16", 0.75, marks=slow),
        pytest.param("tflite-dynamic", 0.65, marks=slow),
        ("tflite-weight-only", 0.65),
        ("tflite-int8", 0.65),
        pytest.param("tflite-int8-io", 0.65, marks=slow),
        pytest.param("tflite-int16x8", 0.65, marks=slow),
        pytest.param("onnx-float16", 0.75, marks=slow),
    ],
)
def test_smaller_modes_are_smaller(name, share, dense_file):
    float_size = dense_file(name.partition("-")[0]).path.stat().st_size
    assert dense_file(name).path.stat().st_size < share * float_size


@pytest.mark.parametrize("name", TFLITE_NAMES)
def test_only_int8_io_has_integers_at_its_ends(name, dense_file):
    litert = require("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(model_path=str(dense_file(name).path))
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    expected = np.int8 if name == "tflite-int8-io" else np.float32
    assert {end["dtype"] for end in ends} == {expected}


@pytest.mark.parametrize("name", TFLITE_NAMES)
def test_integer_modes_compute_in_integers_and_no_other_does(name, dense_file):
    item = dense_file(name)
    in_float = flatbuffer.float_operations(item.path.read_bytes())
    assert bool(in_float) != item.mode.needs_calibration


@pytest.mark.parametrize("name", ONNX_NAMES)
def test_onnx_files_are_of_the_opset_asked_and_have_float_ends(name, dense_file):
    onnx = require("onnx")
    model = onnx.load(str(dense_file(name).path))
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version <= 8
    assert {op.version for op in model.opset_import if not op.domain} == {17}
    ends = [end.type.tensor_type for end in (*model.graph.input, *model.graph.output)]
    assert {end.elem_type for end in ends} == {onnx.TensorProto.FLOAT}
    assert {end.shape.dim[0].dim_param for end in ends} == {"batch"}
    types = {node.op_type for node in model.graph.node}
    assert ("DequantizeLinear" in types) == (name == "onnx-int8")


@slow
@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize("build", [dcgan, conditional, sequences])
def test_generators_draw_the_same_in_every_mode(build, batch_size, tmp_path):
    with Source(prepared(build())) as source:
        for mode in MODES:
            name = mode.artefact_name
            if (build, batch_size, name) == (sequences, None, "tflite-int16x8"):
                with pytest.raises(ExportError, match="ONE_HOT"):
                    exported(source, tmp_path, name, batch_size)
                continue
            item = exported(source, tmp_path, name, batch_size)
            # A loop rounds again and again.
            check(source.flat, item, slack=2.0 if build is sequences else 1.0)
            if mode.format == "tflite":
                assert load_artefact(item.path).batch_size == batch_size


@slow
def test_free_heights_and_widths_stay_free_in_every_mode(tmp_path):
    photos = np.random.default_rng(5).uniform(-1, 1, (2, 48, 24, 3)).astype("float32")
    with Source(prepared(restyler()), calibration=100) as source:
        expected = source.flat.reference({"photo": photos})["images"]
        for mode in MODES:
            item = exported(source, tmp_path, mode.artefact_name, None)
            allowed = ERRORS[mode.name] * np.abs(expected).max()
            actual = load_artefact(item.path)(photos)
            np.testing.assert_allclose(actual, expected, atol=allowed, rtol=0)


def test_fixed_sizes_of_a_generator_of_free_sizes_must_be_said(tmp_path):
    with pytest.raises(ExportError, match="batch_size=None"):
        export_tflite(restyler(), tmp_path / "g.tflite")
    assert listed(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(m.artefact_name, marks=[] if m.artefact_name in TWICE else slow)
        for m in MODES
    ],
)
def test_the_same_generator_makes_the_same_bytes(
    name, dense_source, dense_file, tmp_path
):
    item = dense_file(name)
    batch_size = 1 if item.mode.format == "tflite" else None
    with Source(dense_source.flat) as source:
        source.convert(item.mode, tmp_path / item.path.name, batch_size, opset=17)
    assert (tmp_path / item.path.name).read_bytes() == item.path.read_bytes()


@slow
@pytest.mark.parametrize("opset", [13, 14, 15, 16, 18])
def test_all_modes_of_onnx_work_with_older_and_newer_operations(opset, tmp_path):
    flat = prepared(dcgan())
    with Source(flat) as source:
        for mode in ONNX_MODES.values():
            path = tmp_path / mode.file_name
            check(flat, onnx_exported(source, path, mode, opset=opset))
            model = require("onnx").load(str(path))
            versions = {op.version for op in model.opset_import if not op.domain}
            assert versions == {opset}


def test_batch_normalisation_is_folded_into_the_product_before_it(dense_file):
    graph = require("onnx").load(str(dense_file("onnx").path)).graph
    types = [node.op_type for node in graph.node]
    assert "BatchNormalization" not in types and len(types) <= 7


@pytest.mark.parametrize(
    "export", [export_tflite, pytest.param(export_onnx, marks=slow)]
)
def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(export, tmp_path):
    suffix = export.__name__.partition("_")[2]
    path = tmp_path / f"g.{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(ParityError, match="psnr_mean"):
        export(dense(), path, mode="dynamic", limits=Limits(psnr_mean=1000.0))
    with pytest.raises(ExportError, match="calibration=99"):
        export(dense(), path, mode="int8", calibration=99)
    assert path.read_bytes() == b"old" and listed(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("export", "options", "words"),
    [
        (export_tflite, {"mode": "int4"}, "mode='int4'"),
        (export_onnx, {"mode": "weight_only"}, "mode='weight_only'"),
        (export_onnx, {"opset": 12}, "opset=12"),
        (export_tflite, {"batch_size": 0}, "batch_size=0"),
    ],
)
def test_unknown_options_are_refused(export, options, words, tmp_path):
    path = tmp_path / f"g.{export.__name__.partition('_')[2]}"
    with pytest.raises(ExportError, match=words):
        export(dense(), path, **options)
    assert listed(tmp_path) == []


@slow
def test_calibration_on_a_single_repeated_sample_does_not_pass(tmp_path):
    rng = np.random.default_rng(0)
    once = np.tile(rng.normal(size=(1, 16)), (100, 1))
    with pytest.raises(ParityError, match="psnr"):
        export_tflite(
            dense(), tmp_path / "g.tflite", mode="int8", calibration={"latents": once}
        )
    assert listed(tmp_path) == []
