"""What the graph of a generator tells about its inputs and outputs."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_RESHAPED = {
    *("Cast", "ExpandDims", "Identity", "MirrorPad", "Reshape", "Squeeze"),
    *("StridedSlice", "Transpose"),
}
# What Keras does to ids on their way into a table: out-of-range checks and a wrap.
_ID_STEPS = _RESHAPED | {"SelectV2", "AddV2", "Add", "Maximum", "Minimum"}
_RANGES = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Softmax": (0.0, 1.0)}


def output_range(tensor: tf.Tensor) -> tuple[float | None, float | None]:
    """Return the least and largest value that the last activation allows.

    Args:
        tensor: An output of a traced function.

    Returns:
        The two values, `None` where the graph does not tell.
    """
    op = tensor.op
    while op.type in _RESHAPED and op.inputs:
        op = op.inputs[0].op
    return _RANGES.get(op.type, (None, None))


def num_ids(placeholder: tf.Tensor) -> int | None:
    """Return how many ids the tables know that an integer input looks up.

    Args:
        placeholder: The input of a traced function.

    Returns:
        The rows of the smallest table, or the depth of the one-hot code, `None` if
        the input does not come to one.
    """
    sizes = [size for size in _table_sizes(placeholder, set()) if size is not None]
    return min(sizes, default=None)


def _table_sizes(tensor: tf.Tensor, seen: set[str]) -> Iterator[int | None]:
    for op in tensor.consumers():
        if op.name in seen:
            continue
        seen.add(op.name)
        if op.type in ("GatherV2", "ResourceGather") and op.inputs[1] is tensor:
            yield _rows(op.inputs[0])
        elif op.type == "OneHot" and op.inputs[0] is tensor:
            depth = tf.get_static_value(op.inputs[1])
            yield None if depth is None else int(depth)
        elif op.type in _ID_STEPS:
            for result in op.outputs:
                yield from _table_sizes(result, seen)


def _rows(table: Any) -> int | None:
    shape = table.shape
    if table.dtype == tf.resource:
        shape = tf.TensorShape(table._handle_data.shape_and_type[0].shape)
    return shape[0] if shape.rank else None
