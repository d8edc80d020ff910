"""What every client of TensorFlow Serving, or of its preview, can do."""

import abc
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError

Arrays = dict[str, np.ndarray]


class Client(abc.ABC):
    """What both clients can do; see `connect`.

    Args:
        model: Name of the model.
        version: Number of the version to ask, by default the newest.
        label: Label of the version to ask, in place of a number.
        timeout_s: How long to wait for an answer.
    """

    def __init__(
        self,
        model: str,
        version: int | None = None,
        label: str | None = None,
        timeout_s: float = 60.0,
    ):
        if version is not None and label is not None:
            raise ExportError(
                "A version is asked for by number or by label. "
                f"Received: version={version}, label={label!r}"
            )
        self.model = model
        self.version = version
        self.label = label
        self.timeout_s = timeout_s
        self._signatures: dict[str, Any] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def predict(self, inputs: Any, signature: str = "serving_default") -> Any:
        """Return what a signature makes of the inputs.

        Args:
            inputs: A dict from name to array, or one array for a single input, each
                with a batch dimension.
            signature: Name of the signature.

        Returns:
            An array, or a dict from name to array if there are several outputs.
        """
        definition = self._definition(signature)
        if not isinstance(inputs, Mapping):
            inputs = dict.fromkeys(definition.inputs, inputs)
        outputs = self._predict(signature, _typed(inputs, definition.inputs))
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    def sample(self, seeds: Any, *, truncation: Any = 1.0, **inputs: Any) -> Any:
        """Return what the generator makes of seeds.

        Args:
            seeds: An integer or several; each is the address of a row.
            truncation: One number for all rows or one for each; for generators with
                normal latents.
            **inputs: The other inputs, such as `labels`: one value for all rows, or
                one for each.

        Returns:
            As `predict`.
        """
        return self._sampled("sample", seeds, truncation, inputs)

    def sample_png(
        self, seeds: Any, *, truncation: Any = 1.0, **inputs: Any
    ) -> list[bytes]:
        """Return a PNG file for each seed; the arguments are those of `sample`."""
        return list(self._sampled("sample_png", seeds, truncation, inputs))

    def restyle_png(
        self, files: Iterable[bytes], seeds: Any = None, **inputs: Any
    ) -> list[bytes]:
        """Return what the generator makes of pictures, as PNG files.

        Args:
            files: PNG or JPEG files.
            seeds: As in `sample`, for generators that take noise beside the pictures.
            **inputs: The other inputs.
        """
        sources = np.array(list(files), "O")
        named = {"source_bytes": sources, "seed": seeds, **inputs}
        given = {name: value for name, value in named.items() if value is not None}
        rows = self._rows("restyle_png", given, len(sources))
        return list(self.predict(rows, "restyle_png"))

    @abc.abstractmethod
    def status(self) -> dict[int, str]:
        """Return the state of each version, such as `{1: "AVAILABLE"}`."""

    def metadata(self) -> dict[str, dict[str, dict[str, tuple[str, tuple]]]]:
        """Return the inputs and outputs of each signature: dtype and shape by name."""
        self._signatures = self._metadata()
        return {
            name: {
                "inputs": _described(definition.inputs),
                "outputs": _described(definition.outputs),
            }
            for name, definition in self._signatures.items()
            if not name.startswith("__")
        }

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abc.abstractmethod
    def _predict(self, signature: str, inputs: Arrays) -> Arrays: ...

    @abc.abstractmethod
    def _metadata(self) -> dict[str, Any]: ...

    def _definition(self, signature: str) -> Any:
        if signature not in self._signatures:
            self._signatures = self._metadata()
        if signature not in self._signatures:
            known = sorted(name for name in self._signatures if name[:2] != "__")
            raise ExportError(
                f"Model {self.model} has the signatures {known}. "
                f"Received: {signature!r}"
            )
        return self._signatures[signature]

    def _sampled(
        self, signature: str, seeds: Any, truncation: Any, inputs: dict[str, Any]
    ) -> Any:
        seeds = np.atleast_1d(np.asarray(list(seeds) if _is_lazy(seeds) else seeds))
        values = {"seed": seeds, "truncation": truncation, **inputs}
        if "truncation" not in self._definition(signature).inputs:
            # A default says nothing; any other wish must not be swallowed.
            if np.any(np.asarray(truncation) != 1.0):
                raise ExportError(
                    f"Model {self.model} has no latents to truncate. "
                    f"Received: truncation={truncation}"
                )
            del values["truncation"]
        return self.predict(self._rows(signature, values, len(seeds)), signature)

    def _rows(self, signature: str, values: dict[str, Any], num_rows: int) -> Arrays:
        """Repeat values that are given once for all rows."""
        infos = self._definition(signature).inputs
        rows = {}
        for name, value in values.items():
            value = np.asarray(value)
            rank = len(infos[name].tensor_shape.dim) if name in infos else value.ndim
            if value.ndim == rank - 1:
                value = np.broadcast_to(value, (num_rows, *value.shape))
            rows[name] = value
        return rows


def refused(code: Any, message: Any) -> ExportError:
    """Return the error for an answer that is one.

    Args:
        code: The HTTP status, or the name of the gRPC code.
        message: What the server said.
    """
    return ExportError(f"The server answered {code}: {message}")


def _is_lazy(seeds: Any) -> bool:
    return isinstance(seeds, Iterable) and not hasattr(seeds, "__array__")


def _typed(inputs: Mapping[str, Any], infos: Mapping[str, Any]) -> Arrays:
    arrays = {}
    for name, value in inputs.items():
        dtype = tf.as_dtype(infos[name].dtype).as_numpy_dtype if name in infos else None
        arrays[name] = np.asarray(value, dtype)
    return arrays


def _described(infos: Mapping[str, Any]) -> dict[str, tuple[str, tuple]]:
    return {
        name: (tf.as_dtype(info.dtype).name, tuple(tf.TensorShape(info.tensor_shape)))
        for name, info in infos.items()
    }
