"""Requests that a server replays when it loads a version, so that no user waits."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.endpoint_proof import example_inputs
from keras_gan.export.endpoints import endpoints_of
from keras_gan.export.errors import ExportError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.replay import MAX_WARM_UP_RECORDS, WARM_UP_FILE
from keras_gan.export.serving.packages import require_serving

_LARGE_BYTES = 100_000


def write_warm_up(
    flat: FlatGenerator,
    path: pathlib.Path,
    name: str,
    batch_sizes: Sequence[int],
    seed: int = 0,
) -> None:
    """Write a warm-up request for each signature and batch size.

    Args:
        flat: The generator.
        path: The SavedModel, which gets them in its `assets.extra`.
        name: Name of the model on the server.
        batch_sizes: Those that the server will run.
        seed: Seed of the requests.
    """
    records = list(_records(flat, name, batch_sizes, seed))
    if len(records) > MAX_WARM_UP_RECORDS:
        raise ExportError(
            f"A server refuses a version with more than {MAX_WARM_UP_RECORDS} warm-up "
            f"requests. Received: {len(batch_sizes)} batch sizes, which make "
            f"{len(records)}. Allow fewer batch sizes."
        )
    file = path / WARM_UP_FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record.SerializeToString())


def _records(
    flat: FlatGenerator, name: str, batch_sizes: Sequence[int], seed: int
) -> Iterator[Any]:
    endpoints = endpoints_of(flat.spec, flat.reference)
    for size in batch_sizes:
        yield _record(name, "serving_default", flat.spec.draw(size, seed))
        for endpoint in endpoints:
            inputs = example_inputs(flat.spec, endpoint, size, seed)
            yield _record(name, endpoint.name, inputs)


def _record(name: str, signature: str, inputs: dict[str, np.ndarray]) -> Any:
    logs = require_serving("tensorflow_serving.apis.prediction_log_pb2")
    log = logs.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for input_name, value in inputs.items():
        request.inputs[input_name].CopyFrom(_tensor(np.asarray(value)))
    return log


def _tensor(value: np.ndarray) -> Any:
    if value.dtype.kind in "fiu" and value.nbytes > _LARGE_BYTES:
        # One number stands for all: a file full of source pictures helps nobody.
        return tf.make_tensor_proto(value.flat[0], shape=value.shape)
    return tf.make_tensor_proto(value)
