"""What a TFLite file holds, read from its flatbuffer."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from keras_gan.export.packages import require
from keras_gan.export.rewrites import refused, unsupported_ops

# Variables of a SavedModel that the converter did not freeze have no values.
_STATEFUL = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}
_CONVERSIONS = {"QUANTIZE", "DEQUANTIZE", "CAST"}


def check(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Refuse a file that no plain runtime can run, or that lost its names.

    Args:
        content: The file.
        inputs: Names of the inputs that it must have.
        outputs: Names of the outputs that it must have.
    """
    model = _model(content)
    foreign = {name for name in _operation_names(model) if name in _STATEFUL}
    foreign.update(_custom_names(model))
    if foreign:
        raise unsupported_ops("TFLite", foreign)
    signature = model.SignatureDefs(0) if model.SignatureDefsLength() else None
    for declared, kind in ((inputs, "Inputs"), (outputs, "Outputs")):
        found = [] if signature is None else _names_in(signature, kind)
        if set(found) != set(declared):
            raise refused(
                "The TFLite converter",
                f"its file has the {kind.lower()} {sorted(found)}, and "
                f"{sorted(declared)} were declared",
            )


def float_operations(content: bytes) -> list[str]:
    """Return the names of the operations that compute in float32.

    Args:
        content: The file of a generator that was quantised to integers.
    """
    model = _model(content)
    return sorted(
        {
            name
            for name, output_types in _operations(model)
            if name not in _CONVERSIONS and _schema().TensorType.FLOAT32 in output_types
        }
    )


def _schema() -> Any:
    return require("ai_edge_litert.schema_py_generated")


def _model(content: bytes) -> Any:
    return _schema().Model.GetRootAs(content, 0)


@functools.cache
def _builtin_names() -> dict[int, str]:
    return {code: name for name, code in vars(_schema().BuiltinOperator).items()}


def _code_name(code: Any) -> str:
    # Files of before 2020 have the code in a byte, which is 127 in those of today.
    return _builtin_names()[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]


def _operation_names(model: Any) -> set[str]:
    codes = map(model.OperatorCodes, range(model.OperatorCodesLength()))
    return {_code_name(code) for code in codes}


def _custom_names(model: Any) -> Iterator[str]:
    for index in range(model.OperatorCodesLength()):
        name = model.OperatorCodes(index).CustomCode()
        if name:
            yield name.decode()


def _operations(model: Any) -> Iterator[tuple[str, set[int]]]:
    """Yield the name of each operation and the types of its outputs."""
    for subgraph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for operator in map(subgraph.Operators, range(subgraph.OperatorsLength())):
            outputs = map(operator.Outputs, range(operator.OutputsLength()))
            types = {subgraph.Tensors(index).Type() for index in outputs}
            yield _code_name(model.OperatorCodes(operator.OpcodeIndex())), types


def _names_in(signature: Any, kind: str) -> list[str]:
    count = getattr(signature, f"{kind}Length")()
    return [getattr(signature, kind)(index).Name().decode() for index in range(count)]
