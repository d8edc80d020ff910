"""The REST interface of the preview server: models, metadata and predictions."""

import functools
import json
import re
import urllib.parse
from typing import Any

from keras_gan.export.serving.grpc_services import metadata_response, status_response
from keras_gan.export.serving.json_tensors import parsed_request, response
from keras_gan.export.serving.packages import require_serving
from keras_gan.export.serving.refusals import Refusal, invalid
from keras_gan.export.serving.served_models import ServedModels

_MODEL = r"/v1/models/(?P<name>[^/:]+)"
_WHICH = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(rf"{_MODEL}{_WHICH}:(?P<verb>predict|classify|regress)")
_STATUS = re.compile(rf"{_MODEL}{_WHICH}(?P<metadata>/metadata)?")
_LARGEST_VERSION = 2**63 - 1


class RESTInterface:
    """Answers requests to paths under `/v1`, whatever brings them.

    Args:
        models: What is served.
    """

    def __init__(self, models: ServedModels):
        self._models = models

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """Return the HTTP status and the JSON of an answer.

        Args:
            method: The HTTP method.
            path: The path, still encoded.
            body: What came with it.
        """
        try:
            return 200, self._answer(method, path, body)
        except Refusal as refusal:
            return refusal.http_status, error_body(refusal.message)
        except Exception as error:
            return 500, error_body(f"{type(error).__name__}: {error}")

    def _answer(self, method: str, path: str, body: bytes) -> str:
        predict, status = _PREDICT.fullmatch(path), _STATUS.fullmatch(path)
        if method == "POST" and predict:
            if predict["verb"] != "predict":
                raise Refusal("UNIMPLEMENTED", "Generators answer to :predict alone.")
            return self._predict(_which(predict), body)
        if method == "GET" and status:
            make = metadata_response if status["metadata"] else status_response
            return _as_json(make(self._models, **_which(status)))
        raise invalid(f"There is no such address or method: {method} {path}")

    def _predict(self, which: dict[str, Any], body: bytes) -> str:
        model = self._models.model(which.pop("name"))
        with model.used(**which) as servable:
            name, inputs, in_rows = parsed_request(
                body, functools.partial(_inputs_of, servable)
            )
            return response(servable.predict(name, inputs), in_rows)


def error_body(message: str) -> str:
    """Return the JSON of an error."""
    return json.dumps({"error": message})


def application(interface: RESTInterface, max_request_bytes: int) -> Any:
    """Return the ASGI application around the interface.

    Args:
        interface: What answers.
        max_request_bytes: Longer bodies are refused before they are read.
    """
    anyio = require_serving("anyio")
    applications = require_serving("starlette.applications")
    responses = require_serving("starlette.responses")
    routing = require_serving("starlette.routing")

    @functools.cache
    def threads():
        # Each waits for its batch, so there are more of them than cores.
        return anyio.CapacityLimiter(256)

    async def endpoint(request):
        body = await _body(request, max_request_bytes)
        if body is None:
            message = f"The body of a request may have {max_request_bytes} bytes."
            status, text = 413, error_body(message)
        else:
            path = request.scope["raw_path"].decode()
            status, text = await anyio.to_thread.run_sync(
                interface.answer,
                request.method,
                urllib.parse.unquote(path),
                body,
                limiter=threads(),
            )
        return responses.Response(text, status, media_type="application/json")

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    route = routing.Route("/{path:path}", endpoint, methods=methods)
    return applications.Starlette(routes=[route])


async def _body(request: Any, max_bytes: int) -> bytes | None:
    """Return the body of a request, `None` if it is too long."""
    if int(request.headers.get("content-length") or 0) > max_bytes:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            return None
        parts.append(part)
    return b"".join(parts)


def _which(match: re.Match[str]) -> dict[str, Any]:
    version = match["version"] and int(match["version"])
    if version and version > _LARGEST_VERSION:
        raise invalid(f"There are no versions as large as {version}.")
    return {"name": match["name"], "version": version, "label": match["label"]}


def _inputs_of(servable: Any, signature: str) -> Any:
    try:
        return servable.definition(signature).inputs
    except Refusal as refusal:
        # The real server reads the signature for the JSON first, and says so.
        raise invalid(refusal.message) from refusal


def _as_json(message: Any) -> str:
    json_format = require_serving("google.protobuf.json_format")
    as_dict = functools.partial(
        json_format.MessageToDict,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
    if message.DESCRIPTOR.name != "GetModelMetadataResponse":
        return json.dumps(as_dict(message), indent=1)
    metadata = require_serving("tensorflow_serving.apis.get_model_metadata_pb2")
    signatures = metadata.SignatureDefMap()
    message.metadata["signature_def"].Unpack(signatures)
    described = {
        "model_spec": as_dict(message.model_spec),
        "metadata": {"signature_def": as_dict(signatures)},
    }
    return json.dumps(described, indent=1)
