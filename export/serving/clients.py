"""From the address of a server to a client of it."""

from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.serving.client import Client
from keras_gan.export.serving.grpc_client import GRPCClient
from keras_gan.export.serving.rest_client import RESTClient


def connect(url: str, model: str, **options: Any) -> Client:
    """Return a client of a model on a server.

    Args:
        url: `"http://host:8501"` for REST, `"grpc://host:8500"` for gRPC.
        model: Name of the model.
        **options: `version`, a number, or `label`, to ask another version than the
            newest; `timeout_s`.

    Example:

    ```python
    with connect("grpc://localhost:8500", model="digits") as client:
        images = client.sample(range(16), truncation=0.7, labels=3)
    ```
    """
    scheme, separator, address = url.partition("://")
    if scheme in ("http", "https") and separator:
        return RESTClient(url, model, **options)
    if scheme == "grpc" and separator:
        return GRPCClient(address, model, **options)
    raise ExportError(
        f"`url` must begin with http://, https:// or grpc://. Received: url={url!r}"
    )
