"""A version of a model that is loaded and answers requests."""

import contextlib
import pathlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.replay import warm_up_requests
from keras_gan.export.serving import configs
from keras_gan.export.serving.batcher import Batcher, Batching
from keras_gan.export.serving.refusals import Refusal, invalid

Arrays = dict[str, np.ndarray]
_CODES = {value: name for name, value in vars(tf.errors).items() if name.isupper()}


class Servable:
    """A SavedModel in a session, loaded and run by the names in its signatures.

    It is warmed up when it is loaded, and batches concurrent requests to a signature
    if it comes with a `batching_params.pbtxt`.

    Args:
        path: The folder of the SavedModel.
        version: Its number.
    """

    def __init__(self, path: pathlib.Path, version: int):
        self.version = version
        config = tf.compat.v1.ConfigProto()
        config.gpu_options.allow_growth = True
        with tf.Graph().as_default() as graph:
            self._session = tf.compat.v1.Session(graph=graph, config=config)
            loaded: Any = tf.compat.v1.saved_model.loader.load(
                self._session, [tf.saved_model.SERVING], str(path)
            )
        self.signatures: dict[str, Any] = dict(loaded.signature_def)
        self._in_use = 0
        self._idle = threading.Condition()
        self._batching = _batching(path)
        self._batchers: dict[str, Batcher] = {}
        try:
            for signature, inputs in warm_up_requests(path):
                self._compute(signature, inputs)
        except BaseException:
            self._session.close()
            raise

    @contextlib.contextmanager
    def used(self) -> Iterator["Servable"]:
        """Keep the session open during the block."""
        with self._idle:
            self._in_use += 1
        try:
            yield self
        finally:
            with self._idle:
                self._in_use -= 1
                self._idle.notify_all()

    def close(self) -> None:
        """Let the requests that it has come to their end, then free the memory."""
        with self._idle:
            self._idle.wait_for(lambda: self._in_use == 0, timeout=30.0)
        for batcher in self._batchers.values():
            batcher.close()
        self._session.close()

    def predict(
        self, signature: str, inputs: Arrays, output_filter: Sequence[str] = ()
    ) -> Arrays:
        """Return the outputs of a signature by name.

        Args:
            signature: Its name.
            inputs: Arrays by name; those with a stored default may be missing.
            output_filter: Names of the outputs to return, by default all.
        """
        definition = self.definition(signature)
        inputs = _complete(definition, inputs)
        _check_filter(definition, output_filter)
        for name, value in inputs.items():
            _check_input(name, value, definition.inputs[name])
        outputs = self._outputs(signature, inputs)
        return {name: outputs[name] for name in output_filter or sorted(outputs)}

    def definition(self, signature: str) -> Any:
        """Return the `SignatureDef` of a name."""
        if signature not in self.signatures:
            raise Refusal(
                "FAILED_PRECONDITION",
                f'The model has no signature "{signature}", but '
                f"{sorted(name for name in self.signatures if name[:2] != '__')}.",
            )
        return self.signatures[signature]

    def _outputs(self, signature: str, inputs: Arrays) -> Arrays:
        if self._batching is None:
            return self._compute(signature, inputs)
        _check_rows(inputs)
        with self._idle:
            if signature not in self._batchers:
                self._batchers[signature] = Batcher(
                    lambda batch: self._compute(signature, batch), self._batching
                )
        return self._batchers[signature].submit(inputs)

    def _compute(self, signature: str, inputs: Arrays) -> Arrays:
        definition = self.definition(signature)
        inputs = _complete(definition, inputs)
        feeds = {definition.inputs[name].name: inputs[name] for name in inputs}
        fetches = {name: info.name for name, info in definition.outputs.items()}
        try:
            return self._session.run(fetches, feeds)
        except tf.errors.OpError as error:
            code = _CODES.get(error.error_code, "UNKNOWN")
            raise Refusal(code, error.message.splitlines()[0]) from error


def _batching(path: pathlib.Path) -> Batching | None:
    file = path / "batching_params.pbtxt"
    if not file.is_file():
        return None
    parameters = configs.read(file, configs.parsed_batching)
    limit = parameters.max_batch_size.value or 1000
    return Batching(
        max_batch_size=limit,
        timeout_s=parameters.batch_timeout_micros.value / 1e6,
        max_enqueued_batches=parameters.max_enqueued_batches.value or 10,
        allowed_sizes=tuple(parameters.allowed_batch_sizes),
    )


def _complete(definition: Any, inputs: Arrays) -> Arrays:
    """Return the inputs with the stored defaults of those that are missing."""
    known = set(definition.inputs)
    stored = {
        name: tf.make_ndarray(value)
        for name, value in definition.defaults.items()
        if name not in inputs
    }
    missing = known - set(inputs) - set(stored)
    if missing or not set(inputs) <= known:
        raise invalid(
            f"The signature takes the inputs {sorted(known)}. Missing: "
            f"{sorted(missing)}. Not among them: {sorted(set(inputs) - known)}."
        )
    return {**inputs, **stored}


def _check_filter(definition: Any, output_filter: Sequence[str]) -> None:
    unknown = sorted(set(output_filter) - set(definition.outputs))
    if unknown or len(set(output_filter)) != len(output_filter):
        raise invalid(
            f"An output filter names each output once, of "
            f"{sorted(definition.outputs)}. Received: {list(output_filter)}."
        )


def _check_input(name: str, value: np.ndarray, info: Any) -> None:
    dtype, shape = tf.as_dtype(info.dtype), tf.TensorShape(info.tensor_shape)
    given = tf.string if value.dtype.kind in "OSU" else tf.as_dtype(value.dtype)
    if given != dtype:
        raise invalid(
            f"Input `{name}` is {dtype.name}, and {given.name} was sent. Values are "
            "not converted."
        )
    if not shape.is_compatible_with(value.shape):
        raise invalid(
            f"Input `{name}` has shape {tuple(shape)}, and {value.shape} was sent."
        )


def _check_rows(inputs: Arrays) -> None:
    if any(value.ndim == 0 for value in inputs.values()):
        raise invalid(
            "With batching each input needs a batch dimension. Received scalars: "
            f"{sorted(name for name, value in inputs.items() if value.ndim == 0)}."
        )
    sizes = {name: len(value) for name, value in inputs.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise invalid(
            "With batching all inputs need the same number of rows, at least one. "
            f"Received: {sizes}. An input left out counts one row, its default."
        )
