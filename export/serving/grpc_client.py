"""A client that speaks gRPC."""

from typing import Any

import tensorflow as tf

from keras_gan.export.serving.client import Arrays, Client, refused
from keras_gan.export.serving.packages import require_serving


class GRPCClient(Client):
    """A client that speaks gRPC: exact floats, short messages of any size.

    Args:
        address: Where the server is, such as `"localhost:8500"`.
        model: Name of the model.
        **options: Those of `Client`.
    """

    def __init__(self, address: str, model: str, **options: Any):
        super().__init__(model, **options)
        self._grpc = require_serving("grpc")
        services = "tensorflow_serving.apis"
        prediction = require_serving(f"{services}.prediction_service_pb2_grpc")
        status = require_serving(f"{services}.model_service_pb2_grpc")
        # The usual limit of 4 MB is twenty pictures of 128 by 128.
        limits = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
        ]
        address = address.removeprefix("grpc://")
        self._channel = self._grpc.insecure_channel(address, options=limits)
        self._prediction = prediction.PredictionServiceStub(self._channel)
        self._model_service = status.ModelServiceStub(self._channel)

    def status(self) -> dict[int, str]:
        api = require_serving("tensorflow_serving.apis.get_model_status_pb2")
        request = self._addressed(api.GetModelStatusRequest())
        answer = self._sent(self._model_service.GetModelStatus, request)
        name_of = api.ModelVersionStatus.State.Name
        return {
            entry.version: name_of(entry.state) for entry in answer.model_version_status
        }

    def close(self) -> None:
        self._channel.close()

    def _predict(self, signature: str, inputs: Arrays) -> Arrays:
        api = require_serving("tensorflow_serving.apis.predict_pb2")
        request = self._addressed(api.PredictRequest())
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        answer = self._sent(self._prediction.Predict, request)
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}

    def _metadata(self) -> dict[str, Any]:
        api = require_serving("tensorflow_serving.apis.get_model_metadata_pb2")
        request = self._addressed(api.GetModelMetadataRequest())
        request.metadata_field.append("signature_def")
        answer = self._sent(self._prediction.GetModelMetadata, request)
        signatures = api.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        return dict(signatures.signature_def)

    def _addressed(self, request: Any) -> Any:
        request.model_spec.name = self.model
        if self.version is not None:
            request.model_spec.version.value = self.version
        if self.label is not None:
            request.model_spec.version_label = self.label
        return request

    def _sent(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=self.timeout_s)
        except self._grpc.RpcError as error:
            code, details = error.code(), error.details()
            if code == self._grpc.StatusCode.UNAVAILABLE:
                raise ConnectionError(
                    f"No answer from the server: {details}. Is it running? "
                    "`keras-gan serve` starts one."
                ) from error
            raise refused(code.name, details) from error
