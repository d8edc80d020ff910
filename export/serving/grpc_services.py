"""The gRPC interface of the preview server: the official services, filled in."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from keras_gan.export.serving.packages import require_serving
from keras_gan.export.serving.refusals import Refusal, invalid
from keras_gan.export.serving.served_models import ServedModels

_METADATA = "tensorflow_serving.apis.get_model_metadata_pb2"
_PREDICTION = "tensorflow_serving.apis.prediction_service_pb2_grpc"
_MODEL = "tensorflow_serving.apis.model_service_pb2_grpc"


def predict_response(models: ServedModels, request: Any) -> Any:
    """Return the answer to a `PredictRequest`.

    Args:
        models: What is served.
        request: The request.
    """
    spec = request.model_spec
    signature = spec.signature_name or "serving_default"
    inputs = {name: _array(name, value) for name, value in request.inputs.items()}
    answer = require_serving("tensorflow_serving.apis.predict_pb2").PredictResponse()
    with models.model(spec.name).used(**_which(spec)) as servable:
        outputs = servable.predict(signature, inputs, list(request.output_filter))
        answer.model_spec.name = spec.name
        answer.model_spec.signature_name = signature
        answer.model_spec.version.value = servable.version
    for name, value in outputs.items():
        answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return answer


def metadata_response(
    models: ServedModels, name: str, version: int | None, label: str | None
) -> Any:
    """Return the signatures of a version as a `GetModelMetadataResponse`.

    Args:
        models: What is served.
        name: Name of the model.
        version: Number of the version, by default the newest.
        label: Label of the version.
    """
    metadata = require_serving(_METADATA)
    answer, signatures = metadata.GetModelMetadataResponse(), metadata.SignatureDefMap()
    with models.model(name).used(version, label) as servable:
        answer.model_spec.name = name
        answer.model_spec.version.value = servable.version
        for key, definition in servable.signatures.items():
            signatures.signature_def[key].CopyFrom(definition)
    answer.metadata["signature_def"].Pack(signatures)
    return answer


def status_response(
    models: ServedModels, name: str, version: int | None, label: str | None
) -> Any:
    """Return where the versions of a model stand as a `GetModelStatusResponse`.

    Args:
        models: What is served.
        name: Name of the model.
        version: Number of a version, by default all.
        label: Label of a version.
    """
    status = require_serving("tensorflow_serving.apis.get_model_status_pb2")
    answer = status.GetModelStatusResponse()
    for number, state in models.model(name).states(version, label).items():
        entry = answer.model_version_status.add(version=number)
        entry.state = status.ModelVersionStatus.State.Value(state.state)
        entry.status.error_code = 2 if state.error else 0
        entry.status.error_message = state.error
    return answer


def add_services(server: Any, models: ServedModels) -> None:
    """Make a gRPC server answer for the models.

    Args:
        server: The `grpc.Server`.
        models: What is served.
    """
    prediction, model = require_serving(_PREDICTION), require_serving(_MODEL)
    metadata = require_serving(_METADATA)
    status = require_serving("tensorflow_serving.apis.get_model_status_pb2")

    class PredictionService(prediction.PredictionServiceServicer):
        def Predict(self, request, context):
            with _refused(context):
                return predict_response(models, request)

        def GetModelMetadata(self, request, context):
            with _refused(context):
                if list(request.metadata_field) != ["signature_def"]:
                    fields = list(request.metadata_field)
                    raise invalid(
                        '`metadata_field` must be ["signature_def"]. '
                        f"Received: {fields}"
                    )
                spec = request.model_spec
                return metadata_response(models, spec.name, **_which(spec))
            return metadata.GetModelMetadataResponse()

    class ModelService(model.ModelServiceServicer):
        def GetModelStatus(self, request, context):
            with _refused(context):
                spec = request.model_spec
                return status_response(models, spec.name, **_which(spec))
            return status.GetModelStatusResponse()

    prediction.add_PredictionServiceServicer_to_server(PredictionService(), server)
    model.add_ModelServiceServicer_to_server(ModelService(), server)


@contextlib.contextmanager
def _refused(context: Any) -> Iterator[None]:
    """Answer a refusal with its status; `abort` raises, which ends the call."""
    codes = require_serving("grpc").StatusCode
    try:
        yield
    except Refusal as refusal:
        code, message = refusal.code, refusal.message
    except Exception as error:
        code, message = "INTERNAL", f"{type(error).__name__}: {error}"
    else:
        return
    context.abort(getattr(codes, code, codes.UNKNOWN), message)


def _which(spec: Any) -> dict[str, Any]:
    choice = spec.WhichOneof("version_choice")
    return {
        "version": spec.version.value if choice == "version" else None,
        "label": spec.version_label if choice == "version_label" else None,
    }


def _array(name: str, value: Any) -> Any:
    try:
        return tf.make_ndarray(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"Input `{name}` is no whole tensor: {error}") from error
