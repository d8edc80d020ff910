"""Configuration files of TensorFlow Serving, parsed before they are written."""

import functools
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from keras_gan.export.errors import ExportError
from keras_gan.export.serving.packages import require_serving

# Where the pack lies inside a container.
CONTAINER_FOLDER = "/models"
METRICS_PATH = "/monitoring/prometheus/metrics"

_INT, _TEXT, _YES_OR_NO = ".google.protobuf.Int64Value", "string", "bool"
# Of two messages that the package tensorflow-serving-api leaves out.
_FIELDS = {
    "PrometheusConfig": {"enable": _YES_OR_NO, "path": _TEXT},
    "MonitoringConfig": {"prometheus_config": ".tensorflow.serving.PrometheusConfig"},
    "BatchingParameters": {
        "max_batch_size": _INT,
        "batch_timeout_micros": _INT,
        "max_enqueued_batches": _INT,
        "num_batch_threads": _INT,
        "thread_pool_name": ".google.protobuf.StringValue",
        "allowed_batch_sizes": "int64",
        "pad_variable_length_inputs": _YES_OR_NO,
        "enable_large_batch_splitting": ".google.protobuf.BoolValue",
        "max_execution_batch_size": _INT,
    },
}
_REPEATED = {"allowed_batch_sizes"}


def models_config(names: Iterable[str], text: str = "") -> str:
    """Return the configuration that makes a server serve models of a pack.

    Args:
        names: The models.
        text: A configuration to extend; what it says of a model stays.
    """
    config = parsed_models(text)
    known = {model.name for model in config.model_config_list.config}
    fresh = [name for name in names if name not in known]
    for name in fresh:
        model = config.model_config_list.config.add()
        model.name = name
        model.base_path = f"{CONTAINER_FOLDER}/{name}"
        model.model_platform = "tensorflow"
    # Written anew, a text loses its comments.
    return text_format.MessageToString(config) if fresh else text


def parsed_models(text: str) -> Any:
    """Return the `ModelServerConfig` of a text."""
    package = require_serving("tensorflow_serving.config.model_server_config_pb2")
    return _parsed(text, package.ModelServerConfig)


def batching_parameters(sizes: Sequence[int], timeout_micros: int = 2000) -> str:
    """Return the batching parameters of a model.

    Args:
        sizes: Allowed batch sizes, increasing; a batch is filled up to the next one.
        timeout_micros: How long a request waits for others to come.
    """
    lines = [
        f"max_batch_size {{ value: {sizes[-1]} }}",
        f"batch_timeout_micros {{ value: {timeout_micros} }}",
        "max_enqueued_batches { value: 100 }",
        "enable_large_batch_splitting { value: true }",
        *(f"allowed_batch_sizes: {size}" for size in sizes),
    ]
    text = "\n".join(lines) + "\n"
    parsed_batching(text)
    return text


def parsed_batching(text: str) -> Any:
    """Return the `BatchingParameters` of a text, checked as a server does."""
    parameters = _parsed(text, _message_class("BatchingParameters"))
    sizes = list(parameters.allowed_batch_sizes)
    limit = parameters.max_batch_size.value
    if sizes and (sorted(set(sizes)) != sizes or sizes[-1] != limit or sizes[0] < 1):
        raise ExportError(
            "`allowed_batch_sizes` must increase and end in `max_batch_size`. "
            f"Received: allowed_batch_sizes={sizes}, max_batch_size={limit}"
        )
    return parameters


def monitoring_config() -> str:
    """Return the configuration that makes a server tell Prometheus its metrics."""
    text = f'prometheus_config {{ enable: true path: "{METRICS_PATH}" }}\n'
    parsed_monitoring(text)
    return text


def parsed_monitoring(text: str) -> Any:
    """Return the `MonitoringConfig` of a text."""
    return _parsed(text, _message_class("MonitoringConfig"))


def read(path: pathlib.Path, parse: Any) -> Any:
    """Return the parsed content of a file, of none as of an empty one.

    Args:
        path: The file.
        parse: One of the functions above that parse a text.
    """
    try:
        return parse(path.read_text() if path.is_file() else "")
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from error


def _parsed(text: str, message_class: Any) -> Any:
    try:
        return text_format.Parse(text, message_class())
    except text_format.ParseError as error:
        name = message_class.DESCRIPTOR.name
        raise ExportError(
            f"A server could not read this as a {name}: {error}. Received: {text!r}"
        ) from error


@functools.cache
def _message_class(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(_file())  # type: ignore[attr-defined]
    descriptor = pool.FindMessageTypeByName(f"tensorflow.serving.{name}")
    return message_factory.GetMessageClass(descriptor)


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="keras_gan/serving_configs.proto",
        package="tensorflow.serving",
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for message_name, fields in _FIELDS.items():
        message = file.message_type.add(name=message_name)
        for number, (name, kind) in enumerate(fields.items(), 1):
            field: Any = message.field.add(name=name, number=number)
            field.label = 3 if name in _REPEATED else 1
            if kind.startswith("."):
                field.type, field.type_name = field.TYPE_MESSAGE, kind
            else:
                field.type = getattr(field, f"TYPE_{kind.upper()}")
    return file
