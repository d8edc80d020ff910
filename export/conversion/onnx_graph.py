"""ONNX models: what may stand in them, what things are called, how they get smaller."""

import pathlib
from collections.abc import Collection, Iterator
from typing import Any

from keras_gan.export.packages import require
from keras_gan.export.rewrites import refused, unsupported_ops

# What has weights worth quantising, and where they are among the inputs of a node.
_WEIGHTED = {
    **dict.fromkeys(("Conv", "ConvTranspose", "MatMul", "Gemm"), (1,)),
    **dict.fromkeys(("GRU", "LSTM", "RNN"), (1, 2)),
}


def save(model: Any, path: pathlib.Path) -> None:
    """Write a model, the same bytes for the same model."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def loaded(path: pathlib.Path) -> Any:
    """Return the model of a file."""
    return require("onnx").load(str(path))


def copied(model: Any) -> Any:
    """Return a copy, for those who change what they are given."""
    copy = require("onnx").ModelProto()
    copy.CopyFrom(model)
    return copy


def check(model: Any) -> None:
    """Refuse a model that is not valid ONNX."""
    try:
        require("onnx").checker.check_model(model)
    except Exception as error:
        raise refused("onnx.checker", error) from error


def runs(model: Any) -> bool:
    """Return whether onnxruntime can load a model."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception:
        return False
    return True


def tidy(model: Any, name: str) -> None:
    """Drop what depends on how a model was made and not on what it computes.

    Args:
        model: The model, which is changed.
        name: What to call its graph.
    """
    helper = require("onnx").helper
    model.graph.name, model.graph.doc_string, model.doc_string = name, "", ""
    # Shapes between nodes are found again by every runtime.
    del model.graph.value_info[:]
    # The newest version would be refused by runtimes that know all of the operations.
    model.ir_version = helper.find_min_ir_version_for([*model.opset_import], True)


def refuse_unknown_ops(model: Any, opset: int) -> None:
    """Refuse a model with operations that ONNX does not have."""
    # tf2onnx logs what it cannot convert and writes it into the file all the same.
    known = require("onnx").defs.has
    unknown = {
        node.op_type
        for node in _nodes(model.graph)
        if not node.domain and not known(node.op_type, opset, "")
    }
    if unknown:
        raise unsupported_ops("ONNX", unknown)


def refuse_other_inputs(model: Any, declared: Collection[str]) -> None:
    """Refuse a model that lost an input, or wants more than are declared."""
    actual = {value.name for value in model.graph.input}
    if actual != set(declared):
        raise refused(
            "tf2onnx", f"{sorted(actual)} would be needed, not the declared inputs"
        )


def name_free_dimensions(model: Any) -> None:
    """Call free sizes of inputs and outputs what they are, such as `batch`."""
    for value in model.graph.input:
        _name_dimensions(value, ("batch", "height", "width"))
    for value in model.graph.output:
        sizes = [f"{value.name}_{axis}" for axis in ("height", "width")]
        _name_dimensions(value, ("batch", *sizes))


def _name_dimensions(value: Any, image_names: tuple[str, ...]) -> None:
    dimensions = value.type.tensor_type.shape.dim
    for axis, dimension in enumerate(dimensions):
        if dimension.HasField("dim_value"):
            continue
        is_named = axis == 0 or (len(dimensions) == 4 and axis < 3)
        dimension.dim_param = image_names[axis] if is_named else f"{value.name}_{axis}"


def simplified(model: Any) -> Any:
    """Return the model with fewer nodes, or as it is if that does not work out."""
    try:
        smaller = slimmed(model)
        require("onnx").checker.check_model(smaller)
    except ImportError:
        raise
    except Exception:  # a simplifier that fails has nothing to say about the model
        return model
    fewer = sum(1 for _ in _nodes(smaller.graph)) < sum(1 for _ in _nodes(model.graph))
    same_form = _form(smaller) == _form(model)
    return smaller if fewer and same_form and runs(smaller) else model


def slimmed(model: Any) -> Any:
    """Return what onnxslim makes of a model."""
    return require("onnxslim").slim(copied(model))


def _form(model: Any) -> list[Any]:
    return [*model.graph.input, *model.graph.output]


def makers_for_bodies(model: Any) -> list[str]:
    """Return the names of nodes with outputs that the body of a loop or branch uses."""
    inner = {
        name
        for node in model.graph.node
        for used in _nodes_inside(node)
        for name in used.input
    }
    return [node.name for node in model.graph.node if inner.intersection(node.output)]


def float_weights(model: Any) -> list[str]:
    """Return the types of the operations whose weights are kept in float32."""
    floating = require("onnx").TensorProto.FLOAT
    weights = {w.name for w in model.graph.initializer if w.data_type == floating}
    return sorted(
        {
            node.op_type
            for node in _nodes(model.graph)
            for place in _WEIGHTED.get(node.op_type, ())
            if len(node.input) > place and node.input[place] in weights
        }
    )


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph, and those of the bodies of its loops and branches."""
    for node in graph.node:
        yield node
        yield from _nodes_inside(node)


def _nodes_inside(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield from _nodes(attribute.g)
