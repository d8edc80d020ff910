"""The operations of a traced generator, and the layers they belong to."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Node:
    """One operation of a traced generator, or of a function that it calls.

    Args:
        type: The kind of operation, as TensorFlow calls it.
        layer: The name of the innermost layer that it is part of, empty outside.
        dtype: What it computes in, `None` if it has no say in that.
        must_compile: Whether XLA has to compile it.
        op: The operation, `None` in the body of a function.
    """

    type: str
    layer: str
    dtype: tf.DType | None
    must_compile: bool
    op: Any = None


class TracedGenerator:
    """What the lint looks at: all operations that the outputs need.

    Args:
        model: The generator.
        concrete: The concrete function that was traced from it.
    """

    def __init__(self, model: keras.Model, concrete: Any):
        self.model = model
        self.graph = concrete.graph
        library = concrete.graph.as_graph_def().library.function
        self._bodies = {body.signature.name: body for body in library}
        self._layers = {layer.name for layer in model._flatten_layers()} - {model.name}
        self._needed = _upstream([tensor.op for tensor in concrete.outputs])
        captured = {id(tensor) for _, tensor in concrete.graph.captures}
        self._fed = _downstream(
            [tensor.op for tensor in concrete.inputs if id(tensor) not in captured]
        )
        self.nodes = tuple(self._main_nodes())

    def depends_on_inputs(self, tensor: Any) -> bool:
        """Return whether a tensor of the outermost graph depends on an input."""
        return tensor.op.name in self._fed

    def _main_nodes(self) -> Iterator[Node]:
        for op in self.graph.get_operations():
            if op.name in self._needed and op.type != "Const":
                yield from self._nodes(op.node_def, "", op)

    def _nodes(self, definition: Any, scope: str, op: Any = None) -> Iterator[Node]:
        path, attributes = f"{scope}{definition.name}", definition.attr
        called = [name for name in _functions(definition) if name in self._bodies]
        compiled = [self._bodies[name].attr["_XlaMustCompile"].b for name in called]
        dtype = attributes["T"].type if "T" in attributes else 0
        yield Node(
            definition.op,
            self._layer(path),
            tf.as_dtype(dtype) if dtype else None,
            attributes["_XlaMustCompile"].b or any(compiled),
            op,
        )
        for name in called:
            for inner in self._bodies[name].node_def:
                yield from self._nodes(inner, f"{path}/")

    def _layer(self, path: str) -> str:
        """Find the innermost layer in a scope; a scope is a name and a number."""
        for part in reversed(path.split("/")):
            for name in (re.sub(r"_\d+$", "", part), part):
                if name in self._layers:
                    return name
        return ""


def _functions(definition: Any) -> Iterator[str]:
    for value in definition.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for function in value.list.func:
            yield function.name


def _upstream(ops: list[Any]) -> set[str]:
    return _reached(ops, lambda op: [t.op for t in op.inputs] + op.control_inputs)


def _downstream(ops: list[Any]) -> set[str]:
    return _reached(
        ops, lambda op: [user for t in op.outputs for user in t.consumers()]
    )


def _reached(ops: list[Any], neighbours: Any) -> set[str]:
    seen = {op.name for op in ops}
    waiting = list(ops)
    while waiting:
        for op in neighbours(waiting.pop()):
            if op.name not in seen:
                seen.add(op.name)
                waiting.append(op)
    return seen
