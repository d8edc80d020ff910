"""SavedModels as TensorFlow Serving runs them: the C++ loader and a session."""

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ParityError
from keras_gan.export.packages import require
from keras_gan.export.quiet import quiet
from keras_gan.export.staging import StrPath

WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"
# With one more the server refuses to load the model.
MAX_WARM_UP_RECORDS = 1000


class ServedModel:
    """A SavedModel in a session on a graph of its own, loaded as the server does.

    `tf.saved_model.load` rebuilds Python objects and calls functions. The server knows
    nothing of those: it runs the graph from the names that the signatures give. Use it
    in a `with` statement.

    Args:
        path: The folder of the SavedModel.

    Example:

    ```python
    with ServedModel("saved_model") as served:
        images = served.run({"latents": latents})["images"]
    ```
    """

    def __init__(self, path: StrPath):
        config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
        with quiet(), tf.Graph().as_default() as graph:
            self._session = tf.compat.v1.Session(graph=graph, config=config)
            meta_graph: Any = tf.compat.v1.saved_model.loader.load(
                self._session, [tf.saved_model.SERVING], str(path)
            )
        self.signatures: dict[str, Any] = {
            name: signature
            for name, signature in meta_graph.signature_def.items()
            if not name.startswith("__")
        }

    def __enter__(self) -> "ServedModel":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def run(
        self, inputs: dict[str, Any], signature: str = "serving_default"
    ) -> dict[str, np.ndarray]:
        """Return the outputs by name.

        Args:
            inputs: Arrays by name. Those left out take their stored defaults.
            signature: Name of the signature.
        """
        definition = self._signature(signature)
        given = {**self.defaults(signature), **inputs}
        if set(given) != set(definition.inputs):
            raise ParityError(
                f"Signature `{signature}` takes {sorted(definition.inputs)}. "
                f"Received: {sorted(given)}"
            )
        feeds = {definition.inputs[name].name: given[name] for name in given}
        fetches = {name: info.name for name, info in definition.outputs.items()}
        try:
            with quiet():
                return self._session.run(fetches, feeds)
        except Exception as error:
            raise ParityError(
                f"Signature `{signature}` fails in the C++ loader of TensorFlow "
                f"Serving: {str(error).partition(chr(10))[0]}"
            ) from error

    def defaults(self, signature: str) -> dict[str, np.ndarray]:
        """Return the stored values of inputs that a request may leave out."""
        stored = self._signature(signature).defaults
        return {name: tf.make_ndarray(value) for name, value in stored.items()}

    def _signature(self, name: str) -> Any:
        if name not in self.signatures:
            raise ParityError(
                f"The SavedModel has the signatures {sorted(self.signatures)}, and "
                f"`{name}` was asked for."
            )
        return self.signatures[name]


def replay_in_session(
    path: StrPath, inputs: dict[str, Any], signature: str = "serving_default"
) -> dict[str, np.ndarray]:
    """Return what a SavedModel makes of a request in TensorFlow Serving.

    Args:
        path: The folder of the SavedModel.
        inputs: Arrays by input name. Those left out take their stored defaults.
        signature: Name of the signature.

    Returns:
        Arrays by output name.
    """
    with ServedModel(path) as served:
        return served.run(inputs, signature)


def replay_warm_up(path: StrPath) -> int:
    """Replay the warm-up requests of a SavedModel, as a server does when it loads it.

    A request that fails there keeps the whole model from being served.

    Args:
        path: The folder of the SavedModel.

    Returns:
        How many requests there are; 0 if the SavedModel has none.
    """
    requests = list(warm_up_requests(path))
    if len(requests) > MAX_WARM_UP_RECORDS:
        raise ParityError(
            f"A server takes {MAX_WARM_UP_RECORDS} warm-up requests at most. "
            f"Received: {len(requests)} in {path}"
        )
    if requests:
        with ServedModel(path) as served:
            for index, (signature, inputs) in enumerate(requests):
                try:
                    check_finite(served.run(inputs, signature), signature)
                except ParityError as error:
                    raise ParityError(f"Warm-up request {index}: {error}") from error
    return len(requests)


def warm_up_requests(path: StrPath) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield the signature and the inputs of each warm-up request of a SavedModel.

    Args:
        path: The folder of the SavedModel.
    """
    file = pathlib.Path(path) / WARM_UP_FILE
    if not file.is_file():
        return
    logs = require("tensorflow_serving.apis.prediction_log_pb2")
    for record in tf.data.TFRecordDataset(str(file)):
        log = logs.PredictionLog.FromString(record.numpy())
        kind = log.WhichOneof("log_type")
        if kind != "predict_log":
            raise ParityError(
                "The warm-up requests of a generator are all `predict_log`. "
                f"Received: `{kind}` in {file}"
            )
        request = log.predict_log.request
        inputs = {name: tf.make_ndarray(v) for name, v in request.inputs.items()}
        yield request.model_spec.signature_name or "serving_default", inputs


def check_finite(outputs: dict[str, np.ndarray], signature: str) -> None:
    """Raise if an output holds NaN, infinity or an empty string.

    Args:
        outputs: Arrays by name.
        signature: What returned them.
    """
    for name, value in outputs.items():
        value = np.asarray(value)
        if value.dtype.kind in "fc":
            is_sound = np.all(np.isfinite(value))
        else:
            is_sound = value.dtype.kind not in "OS" or all(value.flat)
        if value.size == 0 or not is_sound:
            raise ParityError(
                f"Output `{name}` of signature `{signature}` holds NaN, infinity or "
                "nothing at all."
            )
