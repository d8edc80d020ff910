"""Run an exported generator in the runtime that its format is made for."""

import abc
import pathlib
import re
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.packages import require
from keras_gan.export.quiet import quiet
from keras_gan.export.staging import StrPath, is_saved_model
from keras_gan.export.trust import check_trusted


class Artefact(abc.ABC):
    """An exported generator, loaded and ready to draw.

    Attributes:
        format_name: What to call the artefact in a sentence.
        runtime: What runs it.
        inputs: Name of each input to its dtype.
        outputs: Names of the outputs.
        batch_size: The only batch size that one run of it takes, `None` if any.
    """

    format_name: str
    runtime: str
    inputs: dict[str, np.dtype]
    outputs: list[str]
    batch_size: int | None = None

    @abc.abstractmethod
    def __init__(self, path: pathlib.Path, num_threads: int | None = None): ...

    @abc.abstractmethod
    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs by name for inputs by name, with any batch size."""

    def __call__(self, inputs: Any) -> Any:
        """Return what the generator makes of the inputs.

        Args:
            inputs: A dict from name to array, or one array for a single input. Each
                has a batch dimension of any size.

        Returns:
            An array, or a dict from name to array if there are several outputs.
        """
        if not isinstance(inputs, dict) and len(self.inputs) == 1:
            inputs = dict.fromkeys(self.inputs, inputs)
        if not isinstance(inputs, dict) or set(inputs) != set(self.inputs):
            raise ExportError(
                f"This {self.format_name} takes a dict of {sorted(self.inputs)}. "
                f"Received: {sorted(inputs) if isinstance(inputs, dict) else inputs!r}"
            )
        typed = {name: np.asarray(inputs[name], self.inputs[name]) for name in inputs}
        outputs = self.run(typed)
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))


class SavedModelArtefact(Artefact):
    """A SavedModel folder, run by TensorFlow through `serving_default`."""

    format_name = "SavedModel"
    runtime = "TensorFlow"

    def __init__(self, path: pathlib.Path, num_threads: int | None = None):
        # The signature does not keep the variables alive, the loaded object does.
        self._loaded: Any = tf.saved_model.load(str(path))
        self._signature = self._loaded.signatures["serving_default"]
        specs = self._signature.structured_input_signature[1]
        self.inputs = {
            name: np.dtype(spec.dtype.as_numpy_dtype) for name, spec in specs.items()
        }
        self.outputs = list(self._signature.structured_outputs)

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        return {name: out.numpy() for name, out in self._signature(**tensors).items()}


class TFLiteArtefact(Artefact):
    """A `.tflite` file, run by LiteRT, batch after batch of its fixed size.

    A file with integer inputs or outputs takes and returns real values all the same.
    """

    format_name = "TFLite file"
    runtime = "LiteRT"

    def __init__(self, path: pathlib.Path, num_threads: int | None = None):
        litert = require("ai_edge_litert.interpreter")
        self._interpreter = litert.Interpreter(
            model_path=str(path), num_threads=num_threads
        )
        self._interpreter.allocate_tensors()
        self._runner = self._interpreter.get_signature_runner("serving_default")
        self._given = self._runner.get_input_details()
        self._made = self._runner.get_output_details()
        self.inputs = {
            name: _real_dtype(detail) for name, detail in self._given.items()
        }
        self.outputs = list(self._made)
        sizes = [d["shape_signature"] for d in self._given.values()]
        batch = next(int(shape[0]) for shape in sizes if len(shape))
        self.batch_size = None if batch < 0 else batch

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        total = next(len(value) for value in inputs.values() if value.ndim)
        size = self.batch_size or total
        parts = []
        for start in range(0, total, size):
            # The last rows stand in for those that a last, short batch lacks.
            rows = np.minimum(np.arange(start, start + size), total - 1)
            parts.append(
                self._run_once({n: v[rows] if v.ndim else v for n, v in inputs.items()})
            )
        return {
            name: np.concatenate([part[name] for part in parts])[:total]
            for name in self.outputs
        }

    def _run_once(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given = {n: _to_file(value, self._given[n]) for n, value in inputs.items()}
        made = self._runner(**given)
        return {name: _from_file(made[name], self._made[name]) for name in self.outputs}


def _is_quantised(detail: dict[str, Any]) -> bool:
    return bool(detail["quantization"][0]) and np.dtype(detail["dtype"]).kind in "iu"


def _real_dtype(detail: dict[str, Any]) -> np.dtype:
    return np.dtype("float32" if _is_quantised(detail) else detail["dtype"])


def _to_file(value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if not _is_quantised(detail):
        return value
    (scale, zero_point), info = detail["quantization"], np.iinfo(detail["dtype"])
    steps = np.round(value / scale) + zero_point
    return np.clip(steps, info.min, info.max).astype(detail["dtype"])


def _from_file(value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    if not _is_quantised(detail):
        return value
    scale, zero_point = detail["quantization"]
    return (value.astype("float32") - zero_point) * np.float32(scale)


class ONNXArtefact(Artefact):
    """An `.onnx` file, run by onnxruntime on the CPU."""

    format_name = "ONNX file"
    runtime = "onnxruntime"

    def __init__(self, path: pathlib.Path, num_threads: int | None = None):
        runtime = require("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        if num_threads is not None:
            options.intra_op_num_threads = num_threads
        self._session = runtime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {
            item.name: _numpy_dtype(item.type) for item in self._session.get_inputs()
        }
        self.outputs = [item.name for item in self._session.get_outputs()]

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        values = self._session.run(self.outputs, inputs)
        return dict(zip(self.outputs, values, strict=True))


def load_artefact(
    path: StrPath, num_threads: int | None = None, *, allow_untrusted: bool = False
) -> Artefact:
    """Load an exported generator; call it to draw.

    Args:
        path: A SavedModel folder, a `.tflite` or an `.onnx` file.
        num_threads: Threads of LiteRT or onnxruntime; `None` leaves it to them.
            TensorFlow's are those of the process.
        allow_untrusted: Whether to load a SavedModel, which is a program, though this
            process did not write it.

    Returns:
        A callable from an array, or a dict from input name to array, to the
        generated array of shape `(batch, ...)`, or a dict from output name to array
        if there are several outputs.

    Example:

    ```python
    draw = load_artefact("generator.onnx")
    images = draw(np.random.default_rng(0).standard_normal((16, 128)))
    ```
    """
    path = pathlib.Path(path)
    kind = artefact_kind(path)
    check_trusted(path, allow_untrusted)
    with quiet():
        try:
            return kind(path, num_threads)
        except ImportError:
            raise
        except Exception as error:
            raise ExportError(
                f"{kind.runtime} cannot load the {kind.format_name}: {error} "
                f"Received: path={path}. Export the generator again."
            ) from error


def artefact_kind(path: pathlib.Path) -> type[Artefact]:
    """Return the class that loads what is found at `path`."""
    if is_saved_model(path):
        return SavedModelArtefact
    kinds = {".tflite": TFLiteArtefact, ".onnx": ONNXArtefact}
    if path.suffix in kinds and path.is_file():
        return kinds[path.suffix]
    raise ExportError(
        "`path` must be a folder with a SavedModel, or a .tflite or .onnx file. "
        f"Received: path={path}, where there is no such thing."
    )


def _numpy_dtype(onnx_type: str) -> np.dtype:
    kind = re.sub(r"tensor\((\w+)\)", r"\1", onnx_type)
    renamed = {"float": "float32", "double": "float64", "string": "object"}
    return np.dtype(renamed.get(kind, kind))
