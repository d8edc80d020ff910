"""Tensors as the REST interface of TensorFlow Serving writes them in JSON."""

import base64
import binascii
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.serving.refusals import invalid

Arrays = dict[str, np.ndarray]
_KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}


def parsed_request(
    body: bytes, inputs_of: Callable[[str], Mapping[str, Any]]
) -> tuple[str, Arrays, bool]:
    """Return what the body of a `:predict` request asks for.

    Args:
        body: A JSON object with `instances`, a list of rows, or `inputs`, a column
            for each input; and with `signature_name` if it is not `serving_default`.
        inputs_of: From the name of a signature to the `TensorInfo` of its inputs.

    Returns:
        The name of the signature, arrays by input name, and whether the request came
        in rows.
    """
    request = _object(body)
    signature = request.get("signature_name", "serving_default")
    if not isinstance(signature, str):
        raise invalid(f"`signature_name` must be a string. Received: {signature!r}")
    infos = inputs_of(signature or "serving_default")
    keys = [key for key in ("instances", "inputs") if key in request]
    if len(keys) != 1:
        raise invalid(
            "A request has either `instances`, a list of rows, or `inputs`, a column "
            f"for each input. Received: {sorted(request)}"
        )
    is_in_rows = keys == ["instances"]
    values = request[keys[0]]
    columns = _columns_of_rows(values, infos) if is_in_rows else _columns(values, infos)
    arrays = {name: _array(name, columns[name], infos[name]) for name in columns}
    return signature or "serving_default", arrays, is_in_rows


def response(outputs: Arrays, in_rows: bool) -> str:
    """Return outputs as JSON, in the form in which the request came.

    The name of a single output is left out. Bytes are base64 if the name of their
    output ends in `_bytes`, and text else.

    Args:
        outputs: Arrays by name.
        in_rows: Whether to write a list of rows.
    """
    named = {
        name: np.asarray(value, "O") if np.asarray(value).dtype.kind in "SU" else value
        for name, value in outputs.items()
    }
    if not in_rows:
        return f'{{"outputs": {_named(named)}}}'
    sizes = {name: value.shape[:1] for name, value in named.items()}
    if len(set(sizes.values())) > 1 or () in sizes.values():
        raise invalid(
            "Outputs of different batch sizes cannot be written in rows. Ask with "
            f"`inputs` in place of `instances`. Received: {sizes}"
        )
    (num_rows,) = next(iter(sizes.values()))
    rows = (
        _named({name: value[row] for name, value in named.items()})
        for row in range(num_rows)
    )
    return f'{{"predictions": [{", ".join(rows)}]}}'


def _object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"The body of the request is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise invalid("The body of the request must be a JSON object.")
    return request


def _columns_of_rows(rows: Any, infos: Mapping[str, Any]) -> dict[str, list[Any]]:
    if not isinstance(rows, list) or not rows:
        raise invalid("`instances` must be a list with a row at least.")
    names = sorted(infos)
    if len(names) == 1 and not _has_names(rows[0]):
        rows = [{names[0]: row} for row in rows]
    for number, row in enumerate(rows):
        if not _has_names(row) or sorted(row) != names:
            received = sorted(row) if isinstance(row, dict) else type(row).__name__
            raise invalid(
                f"Each of the `instances` must be an object with exactly {names}. "
                f"Received: {received} in row {number}."
            )
    return {name: [row[name] for row in rows] for name in names}


def _columns(values: Any, infos: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted(infos)
    if not _has_names(values):
        if len(names) > 1:
            raise invalid(f"`inputs` must be an object with {names}.")
        return {names[0]: values}
    missing = [name for name in names if name not in values]
    if missing:
        raise invalid(
            f"`inputs` must have {names}. Missing: {missing}. Stored defaults are for "
            "gRPC; over REST all inputs are sent."
        )
    return {name: values[name] for name in names}


def _has_names(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def _array(name: str, value: Any, info: Any) -> np.ndarray:
    dtype = np.dtype(tf.as_dtype(info.dtype).as_numpy_dtype)
    value = _without_base64(value, name) if dtype.kind == "O" else value
    try:
        array = np.array(value) if dtype.kind != "O" else _objects(value)
    except ValueError as error:
        raise invalid(f"Input `{name}`: rows of different sizes. {error}") from error
    kinds = _KINDS.get(dtype.kind, "O")
    if array.size and array.dtype.kind not in kinds:
        raise invalid(
            f"Input `{name}` is {tf.as_dtype(info.dtype).name}. "
            f"Received: {_foreign(value, kinds)!r}"
        )
    if dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype.name)
        if array.min() < limits.min or array.max() > limits.max:
            raise invalid(f"Input `{name}` holds numbers too large for {dtype.name}.")
    return array.astype(dtype)


def _objects(value: Any) -> np.ndarray:
    # numpy would cut zero bytes from the end of a string.
    shape: list[int] = []
    level = value
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    leaves = list(_leaves(value))
    array = np.empty(len(leaves), "O")
    array[:] = leaves
    return array.reshape(shape)


def _without_base64(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_without_base64(item, name) for item in value]
    if isinstance(value, str):
        return value.encode()
    text = value.get("b64") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(text, str):
        raise invalid(
            f'Input `{name}` is made of strings or {{"b64": ...}}. Received: {value!r}'
        )
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid(f"Input `{name}` is no base64: {error}") from error


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _foreign(value: Any, kinds: str) -> Any:
    """Return the first value that is not of these kinds, in a few characters."""
    wrong = (leaf for leaf in _leaves(value) if np.array(leaf).dtype.kind not in kinds)
    leaf = next(wrong, value)
    return leaf if len(repr(leaf)) < 50 else f"{repr(leaf)[:50]}..."


def _named(outputs: Arrays) -> str:
    if len(outputs) == 1:
        ((name, value),) = outputs.items()
        return _written(value, name)
    items = (f"{json.dumps(name)}: {_written(v, name)}" for name, v in outputs.items())
    return f"{{{', '.join(items)}}}"


def _written(value: Any, name: str) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        if value.ndim == 1 and value.dtype.kind in "iub":
            return json.dumps(value.tolist())
        if value.ndim == 1 and value.dtype.kind == "f":
            decimal = _decimal if value.dtype.itemsize < 8 else json.dumps
            return f"[{', '.join(map(decimal, value.tolist()))}]"
        return f"[{', '.join(_written(item, name) for item in value)}]"
    plain = value.item() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(plain, bytes) and name.endswith("_bytes"):
        return json.dumps({"b64": base64.b64encode(plain).decode()})
    if isinstance(plain, bytes):
        return json.dumps(plain.decode(errors="replace"))
    return _decimal(plain) if isinstance(plain, float) else json.dumps(plain)


def _decimal(value: float) -> str:
    """Return a float32 in few digits that read back as the same float32."""
    text = f"{value:g}"
    if text in ("nan", "inf", "-inf"):
        return json.dumps(value)
    if struct.unpack("f", struct.pack("f", float(text)))[0] != value:
        text = f"{value:.9g}"
    return text if "." in text or "e" in text else f"{text}.0"
