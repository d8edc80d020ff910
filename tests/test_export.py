"""Exports: the same pictures in every format, and proof that they are the same."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_gan.export import (
    ExportError,
    GeneratorSpec,
    Limits,
    ParityError,
    artefact,
    export_onnx,
    export_tflite,
    load_artefact,
)
from keras_gan.export.modes import ONNX_MODES
from keras_gan.export.parity import relative_error
from keras_gan.export.prepare import prepared
from keras_gan.export.proof import prove
from tests.export_generators import (
    EXPORTERS,
    GENERATORS,
    FakeGAN,
    FromDict,
    convolutional,
    drawn,
    keras_outputs,
    listed,
    sequential,
    two_inputs,
)

FORMATS = ("saved_model", "tflite", "onnx")
FAST = ("sequential",)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Export a generator of the table in all formats, once."""

    @functools.cache
    def exports(name):
        build, input_names, _ = GENERATORS[name]
        generator, inputs = build(), drawn(input_names)
        samples = inputs if "images" in inputs else None
        spec = GeneratorSpec.of(generator, sample_inputs=samples)
        folder = tmp_path_factory.mktemp("exported")
        return generator, {
            path.partition(".")[2] or path: export(generator, folder / path, spec=spec)
            for path, export in EXPORTERS.items()
        }

    return exports


@pytest.mark.parametrize(
    "name",
    [
        name if name in FAST else pytest.param(name, marks=pytest.mark.slow)
        for name in GENERATORS
    ],
)
def test_a_generator_draws_the_same_pictures_under_the_same_names_in_all_formats(
    name, exported
):
    generator, paths = exported(name)
    _, input_names, output_names = GENERATORS[name]
    folder = paths["saved_model"].parent
    assert listed(folder) == ["generator.onnx", "generator.tflite", "saved_model"]
    inputs = drawn(input_names)
    expected = keras_outputs(generator, inputs)
    for path in paths.values():
        draw = load_artefact(path)
        assert sorted(draw.inputs) == sorted(input_names)
        assert sorted(draw.outputs) == sorted(output_names)
        actual = draw.run(inputs)
        for output, value in zip(output_names, expected, strict=True):
            np.testing.assert_allclose(actual[output], value, atol=1e-5)


def test_of_a_gan_the_moving_average_of_the_generator_is_exported(tmp_path):
    gan, inputs = FakeGAN(), drawn(["z"])
    draw = load_artefact(export_onnx(gan, tmp_path / "g.onnx"))
    np.testing.assert_allclose(draw(inputs), gan.ema_generator(inputs["z"]), atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "file_name"),
    [
        ("mixed_float16", "generator.tflite"),
        ("mixed_bfloat16", "generator.onnx"),
        ("float16", "generator.onnx"),
    ],
)
def test_a_half_precision_generator_is_exported_in_float32(dtype, file_name, tmp_path):
    half, single = convolutional(dtype), convolutional()
    single.set_weights(half.get_weights())
    inputs = drawn(["latents"])
    draw = load_artefact(EXPORTERS[file_name](half, tmp_path / file_name))
    np.testing.assert_allclose(draw(inputs), single(inputs["latents"]), atol=1e-5)
    assert half.layers[1].compute_dtype != "float32"
    assert "rebuilt in float32" in prepared(half).notes[0]
    assert keras.config.dtype_policy().name == "float32"


def test_a_subclassed_half_precision_generator_is_rebuilt_on_its_inputs(tmp_path):
    model = FromDict(dtype="mixed_bfloat16")
    model.embed.dtype_policy = model.dense.dtype_policy = "mixed_bfloat16"
    inputs = drawn(["latents", "labels"])
    half = np.asarray(model(inputs)).astype("float32")
    draw = load_artefact(export_onnx(model, tmp_path / "g.onnx"))
    assert draw.inputs["labels"] == "int32"
    assert relative_error(draw(inputs), half) < 0.05


def test_a_rebuild_that_forgets_an_argument_is_refused(tmp_path):
    class Scaled(layers.Layer):
        def __init__(self, factor=1.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

        def get_config(self):
            return layers.Layer.get_config(self)

    latents = keras.Input((4,))
    x = layers.Dense(4, dtype="mixed_float16")(latents)
    model = keras.Model(latents, Scaled(3.0)(x))
    with pytest.raises(ParityError, match="get_config"):
        export_onnx(model, tmp_path / "g.onnx")


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("format_name", FORMATS)
def test_an_artefact_draws_any_number_of_pictures(exported, format_name, count):
    generator, paths = exported("convolutional")
    draw = load_artefact(paths[format_name])
    latents = drawn(["latents"], count)["latents"]
    images = draw(latents)
    np.testing.assert_allclose(images, generator(latents), atol=1e-5)
    np.testing.assert_allclose(draw({"latents": latents.tolist()}), images)


@pytest.mark.slow
def test_free_dimensions_stay_free_and_have_names_in_onnx(exported):
    import onnx

    _, paths = exported("image to image")
    signature = tf.saved_model.load(str(paths["saved_model"])).signatures
    (spec,) = signature["serving_default"].structured_input_signature[1].values()
    assert spec.shape.as_list() == [None, None, None, 4]
    graph = onnx.load(paths["onnx"]).graph
    dimensions = graph.input[0].type.tensor_type.shape.dim
    sizes = [size.dim_param or size.dim_value for size in dimensions]
    assert sizes == ["batch", "height", "width", 4]
    sizes = [size.dim_param for size in graph.output[0].type.tensor_type.shape.dim]
    assert sizes[:3] == ["batch", "generated_height", "generated_width"]


def test_a_tflite_file_has_a_fixed_batch_and_runs_more_in_turns(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    generator = sequential()
    path = export_tflite(generator, tmp_path / "g.tflite", batch_size=4)
    draw = load_artefact(path)
    (detail,) = Interpreter(str(path)).get_input_details()
    assert detail["shape_signature"].tolist() == [4, 16]
    inputs = drawn(["latents"], 6)
    np.testing.assert_allclose(draw(inputs), generator(inputs["latents"]), atol=1e-5)


def test_a_grouped_convolution_is_left_to_the_server_and_not_to_xla(exported):
    _, paths = exported("image to image")
    loaded = tf.saved_model.load(str(paths["saved_model"]))
    graph = loaded.signatures["serving_default"].graph.as_graph_def()
    assert graph.library.function
    assert not any(body.attr["_XlaMustCompile"].b for body in graph.library.function)


def damage_what_onnx_draws(monkeypatch, damage):
    run = artefact.ONNXArtefact.run

    def damaged(self, inputs):
        return {name: damage(value) for name, value in run(self, inputs).items()}

    monkeypatch.setattr(artefact.ONNXArtefact, "run", damaged)


def test_a_runtime_that_disagrees_stops_the_export(tmp_path, monkeypatch):
    path = export_onnx(sequential(), tmp_path / "g.onnx")
    before = path.read_bytes()
    damage_what_onnx_draws(monkeypatch, lambda outputs: 1.003 * outputs)
    with pytest.raises(ParityError, match="by 0.003 .* 0.0001 is allowed"):
        export_onnx(sequential(), path)
    assert path.read_bytes() == before
    assert listed(tmp_path) == ["g.onnx"]
    export_onnx(sequential(), path, limits=Limits(relative_error=1e-2))
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda images: np.where(images > 0, images, np.nan), "holds NaN"),
        (lambda images: images[:, ::2], "of shape"),
        (lambda images: images.astype("float64"), "float64"),
        (lambda images: images[::-1], r"\(7, 8, 8, 3\) differs"),
    ],
)
def test_every_way_to_disagree_is_noticed(damage, words, exported, monkeypatch):
    generator, paths = exported("convolutional")
    flat = prepared(generator)
    mode, sizes = ONNX_MODES["float32"], (1, 7)
    proof = prove(flat, paths["onnx"], mode, batch_sizes=sizes)
    assert proof.relative_error < 1e-5
    damage_what_onnx_draws(monkeypatch, damage)
    with pytest.raises(ParityError, match=words):
        prove(flat, paths["onnx"], mode, batch_sizes=sizes)


def test_the_artefact_of_another_generator_is_noticed(exported):
    (_, paths), mode = exported("convolutional"), ONNX_MODES["float32"]
    other = keras.models.clone_model(exported("convolutional")[0])
    with pytest.raises(ParityError, match="differs from the Keras generator"):
        prove(prepared(other), paths["onnx"], mode, batch_sizes=(1, 7))
    with pytest.raises(ParityError, match=r"\['digit', 'latents'\] were declared"):
        prove(prepared(two_inputs()), paths["onnx"], mode, batch_sizes=(1, 7))


def test_an_artefact_that_cannot_be_loaded_or_called_says_why(exported, tmp_path):
    with pytest.raises(ExportError, match="must be a folder with a SavedModel"):
        load_artefact(tmp_path / "nothing.onnx")
    _, paths = exported("convolutional")
    for name in ("tflite", "onnx"):
        cut = tmp_path / paths[name].name
        cut.write_bytes(paths[name].read_bytes()[:100])
        with pytest.raises(ExportError, match="cannot load"):
            load_artefact(cut)
    draw = load_artefact(paths["onnx"])
    with pytest.raises(ExportError, match=r"dict of \['latents'\]"):
        draw({"z": np.zeros((1, 16))})
