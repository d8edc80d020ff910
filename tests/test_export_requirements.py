import types

import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from keras_gan.export.card import gpu_delegate, places, runtime_versions
from keras_gan.export.card.gpu_delegate import left_to_the_cpu
from keras_gan.export.card.places import onnx_places, tflite_places
from keras_gan.export.card.requirements import (
    onnx_requirement,
    requirement,
    tflite_requirement,
)
from keras_gan.export.card.runtime_versions import onnxruntime_release, tflite_release
from keras_gan.export.card.tflite_file import (
    Operation,
    Tensor,
    TFLiteFile,
    read_tflite,
)
from tests.export_generators import convolutional
from tests.exported_card import Export, small_export


def tensor(*shape, dtype="float32", constant=False):
    return Tensor(shape, dtype, constant, 0.0, 0)


def step(name, inputs=None, version=1, output=None, custom=False, **options):
    inputs = inputs or (tensor(1, 4, 4, 3),)
    output = output or tensor(1, 4, 4, 3)
    options = types.SimpleNamespace(**options)
    return Operation(name, version, tuple(inputs), (output,), options, custom)


def file_of(*steps, given=None, made=None):
    given, made = given or tensor(1, 8), made or tensor(1, 4, 4, 3)
    return TFLiteFile(steps, {"latents": given}, {"images": made}, {"latents": 0}, "")


def place(found, word):
    (match,) = [item for item in found if word in item.name]
    return match


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tflite", "tflite-int8-io"])
def test_the_smallest_runtime_is_the_one_that_the_converter_writes(name):
    file = read_tflite(small_export()[0].path(name))
    assert tflite_requirement(file).version == file.written_minimum != ""


def written_in(mode):
    name = f"tflite-{mode}"
    return read_tflite(Export(convolutional(name="latents"), [name]).path(name))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["float16", "dynamic", "int8"])
def test_every_mode_needs_the_runtime_that_the_converter_writes(mode):
    file = written_in(mode)
    assert tflite_requirement(file).version == file.written_minimum != ""


@pytest.mark.slow
def test_the_number_that_the_converter_writes_is_too_small_for_int16x8():
    # It is written before the operations become those on 16 bits.
    file = written_in("int16x8")
    assert file.written_minimum == "1.14.0"
    assert tflite_requirement(file).version == "2.3.0"


def test_the_newest_operation_decides():
    old, new = step("FULLY_CONNECTED"), step("FULLY_CONNECTED", version=12)
    deconvolution = step("TRANSPOSE_CONV", version=4)
    assert tflite_requirement(file_of(old, deconvolution)).version == "2.13.0"
    newest = tflite_requirement(file_of(new, old, deconvolution))
    assert str(newest) == "TensorFlow Lite 2.17.0"
    assert newest.reason == "FULLY_CONNECTED version 12"


def test_an_operation_of_the_future_is_named():
    found = tflite_requirement(file_of(step("ADD"), step("ADD", version=99)))
    assert found.version == ""
    assert "ADD version 99" in found.reason
    assert "not known" in str(found)


def test_releases_are_compared_as_numbers():
    assert runtime_versions.as_numbers("2.9.0") < runtime_versions.as_numbers("2.13.0")
    assert tflite_release("BROADCAST_TO", 1) == ""
    assert tflite_release("BROADCAST_TO", 2) == "2.5.0"


@pytest.mark.parametrize(
    ("opset", "ir_version", "release"),
    [
        (13, 7, "1.7.0"),
        (15, 8, "1.10.0"),
        (17, 8, "1.12.0"),
        (18, 8, "1.14.0"),
        (17, 9, "1.15.0"),
        (17, 10, "1.18.0"),
        (21, 8, "1.18.0"),
        (99, 8, ""),
    ],
)
def test_onnxruntime_must_know_the_opset_and_the_file(opset, ir_version, release):
    assert onnxruntime_release(opset, ir_version) == release


@pytest.mark.slow
def test_each_format_names_its_runtime():
    export, _ = small_export()
    found = {
        name: requirement(export.path(name), name.partition("-")[0])
        for name in ("saved_model", "tflite", "onnx")
    }
    assert found["saved_model"].runtime == "TensorFlow"
    assert found["saved_model"].version.startswith("2.")
    assert str(found["onnx"]) == "onnxruntime 1.12.0"
    assert found["tflite"].reason.count(" version ") == 1


def test_operations_of_onnxruntime_itself_are_named():
    model = onnx_model([helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")])
    assert "Gelu of onnxruntime itself" in onnx_requirement(model).reason


def test_the_tables_name_operations_that_exist():
    known = set(vars(schema.BuiltinOperator))
    assert set(runtime_versions._TFLITE) <= known
    assert gpu_delegate._SUPPORTED | set(gpu_delegate._CHECKS) <= known
    assert all(onnx.defs.has(name) for name in places._WEBGPU)


CONSTANT_AXES = tensor(2, dtype="int32", constant=True)


@pytest.mark.parametrize(
    "fitting",
    [
        step("TRANSPOSE_CONV"),
        step("MEAN", [tensor(1, 4, 4, 3), CONSTANT_AXES]),
        step("PAD", [tensor(1, 4, 4, 3), tensor(4, 2, dtype="int32", constant=True)]),
        step(
            "MIRROR_PAD",
            [tensor(1, 4, 4, 3), tensor(4, 2, dtype="int32", constant=True)],
            mode=0,
        ),
        step("STRIDED_SLICE", ellipsisMask=0, newAxisMask=0, shrinkAxisMask=0),
        step("SLICE"),
        step(
            "ONE_HOT",
            [
                tensor(1, dtype="int32"),
                tensor(dtype="int32", constant=True),
                tensor(constant=True),
                tensor(constant=True),
            ],
        ),
        step("GATHER", [tensor(10, 4, constant=True), tensor(1, dtype="int32")]),
        step("CAST", [tensor(1, dtype="int32")]),
        step("CAST", [tensor(1, dtype="bool")]),
        step("DEQUANTIZE", [tensor(4, dtype="float16")]),
        step("RESIZE_BILINEAR", alignCorners=False, halfPixelCenters=True),
        step("SELECT_V2", [tensor(1, dtype="bool"), tensor(1, 4, 4, 3), tensor()]),
    ],
    ids=lambda item: item.name,
)
def test_the_gpu_takes(fitting):
    assert left_to_the_cpu(file_of(fitting)) == []
    assert place(tflite_places(file_of(fitting)), "GPU").runs == "yes"


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (step("WHILE"), "WHILE is not supported"),
        (step("SHAPE"), "SHAPE is not supported"),
        (step("CONV_3D_TRANSPOSE"), "CONV_3D_TRANSPOSE is not supported"),
        (step("FlexErf", custom=True), "FlexErf is a custom operation"),
        (step("ADD", [tensor(None, 4)]), "ADD works on sizes that are not fixed"),
        (
            step("MEAN", [tensor(1, 4, 4, 3), tensor(2, dtype="int32")]),
            "MEAN over axes that are not constant",
        ),
        (
            step("MIRROR_PAD", [tensor(1, 4, 4, 3), CONSTANT_AXES], mode=1),
            "MIRROR_PAD that repeats the border",
        ),
        (
            step("PAD", [tensor(1, 4), tensor(2, 2, dtype="int32", constant=True)]),
            "PAD of 2 dimensions",
        ),
        (
            step("STRIDED_SLICE", ellipsisMask=0, newAxisMask=0, shrinkAxisMask=1),
            "STRIDED_SLICE that drops or adds a dimension",
        ),
        (step("SLICE", [tensor(1, 4)]), "SLICE of 2 dimensions"),
        (
            step(
                "ONE_HOT", [tensor(2, 1, dtype="int32"), *[tensor(constant=True)] * 3]
            ),
            "ONE_HOT other than",
        ),
        (
            step("GATHER", [tensor(10, 4), tensor(1, 6, dtype="int32")]),
            "GATHER by other than a row of int32",
        ),
        (step("CAST", [tensor(1, dtype="uint8")]), "CAST from uint8 to float32"),
        (step("ADD", [tensor(4, dtype="int16")]), "ADD works on int16"),
        (
            step("RESIZE_BILINEAR", alignCorners=True, halfPixelCenters=True),
            "RESIZE_BILINEAR with aligned corners",
        ),
        (
            step("SELECT_V2", [tensor(1, dtype="bool"), tensor(1, 3), tensor()]),
            "SELECT_V2 of integers or with broadcasting",
        ),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_the_gpu_leaves(odd, reason):
    (found,) = left_to_the_cpu(file_of(odd))
    assert found.startswith(reason)


def test_steps_that_stay_on_the_cpu_make_the_gpu_run_in_part():
    found = place(tflite_places(file_of(step("ADD"), step("WHILE"))), "GPU")
    assert (found.runs, found.reason) == (
        "partly",
        "stays on the CPU: WHILE is not supported",
    )


def test_a_file_of_which_nothing_fits_does_not_run_on_the_gpu():
    whole = tensor(1, 4, dtype="int16")
    steps = [step(name, [whole], output=whole) for name in ("ADD", "ADD", "TANH")]
    found = place(tflite_places(file_of(*steps)), "GPU")
    assert found.runs == "no"
    assert found.reason.count("ADD works on int16") == 1


def test_free_sizes_shut_out_gpus_browsers_and_accelerators():
    free = file_of(step("ADD", output=tensor(None, 4, 4, 3)))
    runs = {item.name: item.runs for item in tflite_places(free)}
    assert runs.pop("CPU, LiteRT") == "yes"
    assert set(runs.values()) == {"no"}


def test_custom_operations_run_nowhere():
    found = tflite_places(file_of(step("FlexErf", custom=True)))
    assert place(found, "CPU").runs == "no"
    assert "FlexErf" in place(found, "CPU").reason


def test_accelerators_ask_for_integers_from_end_to_end():
    whole, real = tensor(1, 4, dtype="int8"), tensor(1, 4)
    inside = [step("QUANTIZE", output=whole), step("ADD", output=whole)]
    ends = {"given": whole, "made": whole}
    assert place(tflite_places(file_of(*inside, **ends)), "int8").runs == "yes"
    floats = place(tflite_places(file_of(step("ADD"))), "int8")
    assert (floats.runs, floats.reason) == ("no", "computes in floats")
    outside = file_of(*inside, step("DEQUANTIZE"), given=real, made=real)
    assert "int8_io" in place(tflite_places(outside), "int8").reason


@pytest.mark.slow
def test_a_real_file_runs_where_its_operations_say():
    export, _ = small_export()
    floats = tflite_places(read_tflite(export.path("tflite")))
    whole = tflite_places(read_tflite(export.path("tflite-int8-io")))
    assert place(floats, "GPU").runs == place(floats, "LiteRT.js").runs == "yes"
    assert place(floats, "int8").runs == "no"
    assert place(whole, "int8").runs == place(whole, "GPU").runs == "yes"
    assert place(whole, "LiteRT.js").reason == "it has no tensors of int8"


@pytest.mark.slow
def test_a_real_file_is_read_with_its_signature():
    file = read_tflite(small_export()[0].path("tflite-int8-io"))
    assert file.inputs["latents"].shape == (1, 16)
    assert file.outputs["images"].dtype == "int8"
    assert 0 < file.inputs["latents"].scale < 1
    assert file.input_places == {"latents": 0}
    assert "FULLY_CONNECTED" in {item.name for item in file.operations}


def onnx_model(nodes, weights=()):
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"
    ]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], initializer=weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def half_weight(dtype):
    return helper.make_tensor("w", dtype, [1], [1.0])


@pytest.mark.parametrize(
    ("model", "runs", "reason"),
    [
        (onnx_model([helper.make_node("Tanh", ["x"], ["y"])]), "yes", "kernels"),
        (
            onnx_model([helper.make_node("ConvInteger", ["x"], ["y"])]),
            "partly",
            "goes back to wasm: ConvInteger",
        ),
        (
            onnx_model(
                [helper.make_node("Add", ["x", "w"], ["y"])],
                [half_weight(TensorProto.FLOAT16)],
            ),
            "partly",
            "shader-f16",
        ),
    ],
)
def test_webgpu_runs_what_it_has_kernels_for(model, runs, reason):
    found = onnx_places(model)
    assert place(found, "wasm").runs == place(found, "CPU").runs == "yes"
    assert place(found, "WebGPU").runs == runs
    assert reason in place(found, "WebGPU").reason


def test_operations_inside_a_loop_count_too():
    body = onnx_model([helper.make_node("OneHot", ["x"], ["y"])]).graph
    branch = helper.make_node("If", ["x"], ["y"], then_branch=body, else_branch=body)
    assert "OneHot" in place(onnx_places(onnx_model([branch])), "WebGPU").reason
