"""What the child process does with one request."""

import pathlib
import traceback
from typing import Any

# Once, at the start of the child, and not within the time limit of a task.
import tensorflow as tf

from keras_gan.export.conversion.task import Task
from keras_gan.export.conversion.to_onnx import write_onnx
from keras_gan.export.conversion.to_tflite import write_tflite
from keras_gan.export.errors import ExportError

_WRITERS = {"tflite": write_tflite, "onnx": write_onnx}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return notes on the file that was written, or the error and its message."""
    saved_model = pathlib.Path(request.pop("saved_model"))
    task = Task.from_json(request)
    try:
        with tf.device("CPU:0"):
            return {"notes": _WRITERS[task.format](saved_model, task)}
    except (ExportError, ImportError) as error:
        kind = ImportError if isinstance(error, ImportError) else type(error)
        return {"error": kind.__name__, "message": str(error)}
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__} in the conversion: {error}"
        return {"error": "ExportError", "message": message}
