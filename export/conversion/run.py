"""What the child process does with one request."""

import contextlib
import pathlib
import traceback
from typing import Any

# Once, at the start of the child, and not within the time limit of a task.
import tensorflow as tf

from keras_gan.export.conversion.task import Task
from keras_gan.export.conversion.to_onnx import write_onnx
from keras_gan.export.conversion.to_tflite import write_tflite
from keras_gan.export.errors import ExportError
from keras_gan.export.packages import require

_WRITERS = {"tflite": write_tflite, "onnx": write_onnx}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return notes on the file that was written, or the error and its message."""
    saved_model = pathlib.Path(request.pop("saved_model"))
    task = Task.from_json(request)
    try:
        with tf.device("CPU:0"):
            notes = _WRITERS[task.format](saved_model, task)
            _try(task.path)
            return {"notes": notes}
    except (ExportError, ImportError) as error:
        kind = ImportError if isinstance(error, ImportError) else type(error)
        return {"error": kind.__name__, "message": str(error)}
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__} in the conversion: {error}"
        return {"error": "ExportError", "message": message}


def _try(path: pathlib.Path) -> None:
    """Load a file here: a runtime that aborts on it takes only the child along.

    What fails without a crash, the proof tells better.
    """
    with contextlib.suppress(Exception):
        if path.suffix == ".onnx":
            require("onnxruntime").InferenceSession(
                str(path), providers=["CPUExecutionProvider"]
            )
            return
        litert = require("ai_edge_litert.interpreter")
        interpreter = litert.Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
        interpreter.invoke()
