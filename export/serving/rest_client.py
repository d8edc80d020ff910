"""A client that speaks JSON."""

import base64
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.serving.client import Arrays, Client, refused
from keras_gan.export.serving.packages import require_serving


class RESTClient(Client):
    """A client that speaks JSON.

    It is easy to look at and to pass through proxies. Floats take some ten bytes
    each: ask for `sample_png`, or use `GRPCClient`.

    Args:
        url: Where the server is, such as `"http://localhost:8501"`.
        model: Name of the model.
        **options: Those of `Client`.
    """

    def __init__(self, url: str, model: str, **options: Any):
        super().__init__(model, **options)
        self._httpx = require_serving("httpx")
        self._url = f"{url.rstrip('/')}/v1/models/{model}"
        self._http = self._httpx.Client(
            timeout=self.timeout_s, limits=self._httpx.Limits(max_connections=None)
        )

    def status(self) -> dict[int, str]:
        states = self._sent("GET", self._which())["model_version_status"]
        return {int(state["version"]): state["state"] for state in states}

    def close(self) -> None:
        self._http.close()

    def _predict(self, signature: str, inputs: Arrays) -> Arrays:
        columns = {name: _as_json(value) for name, value in inputs.items()}
        body = {"signature_name": signature, "inputs": columns}
        outputs = self._sent("POST", f"{self._which()}:predict", body)["outputs"]
        infos = self._definition(signature).outputs
        if len(infos) == 1:
            outputs = dict.fromkeys(infos, outputs)
        return {name: _from_json(outputs[name], info) for name, info in infos.items()}

    def _metadata(self) -> dict[str, Any]:
        json_format = require_serving("google.protobuf.json_format")
        metadata = require_serving("tensorflow_serving.apis.get_model_metadata_pb2")
        answer = self._sent("GET", f"{self._which()}/metadata")
        signatures = json_format.ParseDict(
            answer["metadata"]["signature_def"],
            metadata.SignatureDefMap(),
            ignore_unknown_fields=True,
        )
        return dict(signatures.signature_def)

    def _which(self) -> str:
        if self.label is not None:
            return f"{self._url}/labels/{self.label}"
        return (
            self._url
            if self.version is None
            else f"{self._url}/versions/{self.version}"
        )

    def _sent(self, method: str, url: str, body: Any = None) -> Any:
        try:
            answer = self._http.request(method, url, json=body)
        except self._httpx.TransportError as error:
            raise ConnectionError(
                f"No answer from {url}: {error or type(error).__name__}. Is the server "
                "running? `keras-gan serve` starts one."
            ) from error
        try:
            content = answer.json()
        except ValueError:
            content = {"error": answer.text[:500]}
        if answer.status_code != 200:
            raise refused(answer.status_code, content.get("error", content))
        return content


def _as_json(value: np.ndarray) -> Any:
    if value.dtype.kind not in "OSU":
        return value.tolist()
    files = [item.encode() if isinstance(item, str) else item for item in value.flat]
    texts = [{"b64": base64.b64encode(file).decode()} for file in files]
    return np.array(texts, "O").reshape(value.shape).tolist()


def _from_json(value: Any, info: Any) -> np.ndarray:
    dtype = tf.as_dtype(info.dtype)
    if dtype != tf.string:
        return np.asarray(value, dtype.as_numpy_dtype)
    return np.array([_bytes(item) for item in np.ravel(np.array(value, "O"))], "O")


def _bytes(item: Any) -> bytes:
    return base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode()
