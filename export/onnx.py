"""Export a generator as an ONNX file, for onnxruntime, browsers and everything else."""

import pathlib
from collections.abc import Iterator
from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.packages import require
from keras_gan.export.parity import check_parity
from keras_gan.export.prepare import prepared
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import refused, unsupported_ops
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, checked_file, staged

_OPSETS = range(13, 19)


def export_onnx(
    generator: Any,
    path: StrPath,
    *,
    opset: int = 17,
    spec: GeneratorSpec | None = None,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> pathlib.Path:
    """Write a generator as a float32 ONNX file and prove what it draws.

    The batch dimension is free and called `batch`; a free height and width are called
    so too. The file passes `onnx.checker`, is reloaded in onnxruntime and compared
    with the Keras generator before it appears at `path`; a file that was there is
    replaced, and stays if the export fails.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`, which is exported
            then. Half-precision generators are rebuilt in float32.
        path: The file to write; it ends in `.onnx`.
        opset: Version of the ONNX operations, 13 to 18. Generators convert to all of
            them alike; 17 is old enough for every runtime since 2022.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        tolerance: The largest error allowed, relative to the largest output value.
        seed: Seed of the drawn inputs.

    Returns:
        The path.

    Example:

    ```python
    path = export_onnx(gan, "generator.onnx")
    images = load_artefact(path)(latents)
    ```
    """
    path = checked_file(path, ".onnx")
    if opset not in _OPSETS:
        raise ExportError(f"`opset` must be 13 to 18. Received: opset={opset}")
    onnx, *_ = map(require, ("onnx", "tf2onnx", "onnxruntime"))
    flat = prepared(generator, spec)
    with staged(path) as fresh:
        onnx.save_model(_converted(flat, opset), str(fresh))
        check_parity(flat, fresh, flat.batch_sizes, tolerance, seed)
    return path


def _converted(flat: FlatGenerator, opset: int) -> Any:
    function = flat.function()
    with quiet():
        try:
            model, _ = require("tf2onnx").convert.from_function(
                function, input_signature=function.input_signature, opset=opset
            )
        except Exception as error:
            raise refused("tf2onnx", error) from error
    _refuse_unknown_ops(model, opset)
    _refuse_other_inputs(model, set(flat.spec.input_names))
    _name_free_dimensions(model)
    return _checked(model)


def _refuse_unknown_ops(model: Any, opset: int) -> None:
    # tf2onnx logs what it cannot convert and writes it into the file all the same.
    known = require("onnx").defs.has
    unknown = {
        node.op_type
        for node in _nodes(model.graph)
        if not node.domain and not known(node.op_type, opset, "")
    }
    if unknown:
        raise unsupported_ops("ONNX", unknown)


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph, and those of the bodies of its loops and branches."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _refuse_other_inputs(model: Any, declared: set[str]) -> None:
    actual = {value.name for value in model.graph.input}
    if actual != declared:
        raise refused(
            "tf2onnx", f"{sorted(actual)} would be needed, not the declared inputs"
        )


def _name_free_dimensions(model: Any) -> None:
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


def _checked(model: Any) -> Any:
    try:
        require("onnx").checker.check_model(model)
    except Exception as error:
        raise refused("onnx.checker", error) from error
    return model
