"""What lies beside the models of a serving pack for people: README and compose file."""

import json
from typing import Any

import numpy as np

from keras_gan.export.serving.configs import CONTAINER_FOLDER, METRICS_PATH

IMAGE = "tensorflow/serving:2.21.0"

_PACK = """\
# Generators to serve

This folder is made for [TensorFlow Serving](https://github.com/tensorflow/serving).
`keras_gan.export.export_serving` writes this page anew at each export.

| model | newest version | how to ask it |
|---|---|---|
{table}

## Start a server

```bash
keras-gan serve . --allow-untrusted
```

starts `tensorflow_model_server` if it is installed, else its Docker image, else a
preview in Python that answers the same requests. A SavedModel is a program: give the
flag only if you trust where this folder comes from. With Docker by hand, here:

```bash
{docker}
```

or `docker compose up`. Port 8500 speaks gRPC, port 8501 JSON; metrics for Prometheus
are at `http://localhost:8501{metrics}`.
A version published later is served within a second or two, and takes over from the one
before.

## Files

- `models.config`: the models. What is written here about a model stays, such as
  `version_labels` or a `model_version_policy`.
- `NAME/VERSION/`: a SavedModel, its warm-up requests
  (`assets.extra/tf_serving_warmup_requests`) and its batching
  (`batching_params.pbtxt`). A version is never changed; delete its folder to go back to
  the one before.
- `batching.config`: batching of models without such a file of their own: none.
- `monitoring.config`: metrics for Prometheus.
"""

_MODEL = """\
# {name}

Signatures: {signatures}.
These requests go to a server on this machine; see [how to start one](../README.md).

```bash
{curl}
```

```python
import numpy as np
from keras_gan.export.serving import connect

# Or "grpc://localhost:8500", which is faster for arrays.
with connect("http://localhost:8501", model="{name}") as client:
{python}
```

Without keras_gan, with `tensorflow`, `tensorflow-serving-api` and `grpcio`:

```python
import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

channel = grpc.insecure_channel(
    "localhost:8500", options=[("grpc.max_receive_message_length", -1)]
)
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
request = predict_pb2.PredictRequest()
request.model_spec.name = "{name}"
request.model_spec.signature_name = "{signature}"
{fill}
reply = stub.Predict(request, timeout=60)
outputs = {{name: tf.make_ndarray(value) for name, value in reply.outputs.items()}}
```
"""
# Zeros stand for longer inputs.
_MOST_NUMBERS = 300


def server_arguments(folder: str = CONTAINER_FOLDER) -> list[str]:
    """Return the arguments that make a server serve a pack, but for its ports.

    Args:
        folder: Where the configuration files lie, as the server sees it.
    """
    return [
        f"--model_config_file={folder}/models.config",
        f"--monitoring_config_file={folder}/monitoring.config",
        "--enable_batching=true",
        f"--batching_parameters_file={folder}/batching.config",
        "--enable_per_model_batching_parameters=true",
        # Without this a server with labels does not start.
        "--allow_version_labels_for_unavailable_models=true",
    ]


def docker_line() -> str:
    """Return the command that serves the pack in the working directory."""
    mount = f'-v "$PWD:{CONTAINER_FOLDER}:ro"'
    ports = "-p 127.0.0.1:8500:8500 -p 127.0.0.1:8501:8501"
    return " \\\n  ".join(
        [f"docker run --rm {ports}", mount, IMAGE, *server_arguments()]
    )


def compose_file() -> str:
    """Return a compose file that serves the folder it lies in."""
    arguments = "\n".join(f"      - {argument}" for argument in server_arguments())
    return f"""\
services:
  serving:
    image: {IMAGE}
    ports:
      - "127.0.0.1:8500:8500"
      - "127.0.0.1:8501:8501"
    volumes:
      - .:{CONTAINER_FOLDER}:ro
    command:
{arguments}
    restart: unless-stopped
"""


def pack_readme(models: dict[str, int]) -> str:
    """Return the README of a pack.

    Args:
        models: Name of each model to its newest version.
    """
    rows = (
        f"| {name} | {version} | [README]({name}/README.md) |"
        for name, version in models.items()
    )
    return _PACK.format(
        table="\n".join(rows), docker=docker_line(), metrics=METRICS_PATH
    )


def model_readme(name: str, requests: dict[str, dict[str, np.ndarray]]) -> str:
    """Return the README of a model, with requests that can be sent as they are.

    Args:
        name: Name of the model.
        requests: Signature to a small request: arrays by input name.
    """
    for_people = ("sample_png", "restyle_png", "sample", "serving_default")
    signature = next(key for key in for_people if key in requests)
    inputs = requests[signature]
    return _MODEL.format(
        name=name,
        signatures=", ".join(f"`{key}`" for key in requests),
        curl=_curl(name, signature, inputs),
        python=_python(signature, inputs),
        signature=signature,
        fill="\n".join(_filled(key, value) for key, value in inputs.items()),
    )


def _curl(name: str, signature: str, inputs: dict[str, np.ndarray]) -> str:
    address = f"http://localhost:8501/v1/models/{name}:predict"
    listed = {key: _json(value) for key, value in inputs.items()}
    body = json.dumps({"signature_name": signature, "inputs": listed})
    if "source_bytes" in inputs:
        picture = '"$(base64 -w0 source.png)"'
        return f"printf '{body}' {picture} |\n  curl -s {address} -d @-"
    # A long body is one to be made by a program.
    given = f"'{body}'" if len(body) < 4000 else "@request.json"
    return f"curl -s {address} \\\n  -d {given}"


def _json(value: np.ndarray) -> Any:
    return [{"b64": "%s"}] if value.dtype.kind in "OS" else value.tolist()


def _python(signature: str, inputs: dict[str, np.ndarray]) -> str:
    code = {name: _code(value) for name, value in inputs.items()}
    if signature == "serving_default":
        lines = [f"        {json.dumps(name)}: {v}," for name, v in code.items()]
        return "\n".join(["    outputs = client.predict({", *lines, "    })"])
    first = "source_bytes" if signature == "restyle_png" else "seed"
    named = [f"{name}={value}" for name, value in code.items() if name != first]
    call = f"client.{signature}({', '.join([code[first], *named])})"
    if signature == "sample":
        return f"    outputs = {call}"
    return f"""\
    picture = {call}[0]
with open("picture.png", "wb") as file:
    file.write(picture)"""


def _code(value: np.ndarray) -> str:
    """Return Python code for an input of a request."""
    if value.dtype.kind in "OS":
        return '[open("source.png", "rb").read()]'
    if value.size > _MOST_NUMBERS:
        return f"np.zeros({value.shape})"
    return repr(value.tolist())


def _filled(name: str, value: np.ndarray) -> str:
    dtype = "string" if value.dtype.kind in "OS" else value.dtype.name
    tensor = f"tf.make_tensor_proto({_code(value)}, tf.{dtype})"
    return f'request.inputs["{name}"].CopyFrom(\n    {tensor}\n)'
