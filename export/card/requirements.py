"""The smallest runtime that runs an artefact, read from its file."""

import dataclasses
import pathlib
from typing import Any

from keras_gan.export.card.runtime_versions import (
    as_numbers,
    onnxruntime_release,
    tflite_release,
)
from keras_gan.export.card.tflite_file import TFLiteFile, read_tflite
from keras_gan.export.packages import require


@dataclasses.dataclass(frozen=True)
class Requirement:
    """The smallest runtime for a file.

    Args:
        runtime: What runs it.
        version: The first release that does, empty if that is not known.
        reason: What in the file asks for it.
    """

    runtime: str
    version: str
    reason: str

    def __str__(self):
        return f"{self.runtime} {self.version or '(release not known)'}"


def requirement(path: pathlib.Path, format_name: str) -> Requirement:
    """Return the smallest runtime that runs an artefact.

    Args:
        path: The artefact.
        format_name: `"saved_model"`, `"tflite"` or `"onnx"`.
    """
    if format_name == "tflite":
        return tflite_requirement(read_tflite(path))
    if format_name == "onnx":
        return onnx_requirement(require("onnx").load(str(path)))
    return _saved_model_requirement(path)


def tflite_requirement(file: TFLiteFile) -> Requirement:
    """Return the smallest runtime for the operations of a TFLite file.

    The converter writes such a number into the file too, but quantisers that change
    the operations afterwards leave it as it was.

    Args:
        file: The file.
    """
    steps = {(step.name, step.version) for step in file.operations}
    releases = {step: tflite_release(*step) for step in sorted(steps)}
    unknown = [f"{name} version {n}" for (name, n), r in releases.items() if not r]
    if unknown:
        return Requirement(
            "TensorFlow Lite", "", f"release of {', '.join(unknown)} is not known"
        )
    (name, version), release = max(
        releases.items(), key=lambda item: as_numbers(item[1])
    )
    return Requirement("TensorFlow Lite", release, f"{name} version {version}")


def onnx_requirement(model: Any) -> Requirement:
    """Return the smallest onnxruntime for an ONNX model.

    Args:
        model: An `onnx.ModelProto`.
    """
    opsets = {item.domain or "ai.onnx": item.version for item in model.opset_import}
    opset = opsets["ai.onnx"]
    reason = f"opset {opset} in a file of IR version {model.ir_version}"
    contributed = sorted(
        {node.op_type for node in model.graph.node if node.domain == "com.microsoft"}
    )
    if contributed:
        reason += f"; {', '.join(contributed)} of onnxruntime itself"
    release = onnxruntime_release(opset, model.ir_version)
    return Requirement("onnxruntime", release, reason)


def _saved_model_requirement(path: pathlib.Path) -> Requirement:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((path / "saved_model.pb").read_bytes())
    writer = saved.meta_graphs[0].meta_info_def.tensorflow_version
    return Requirement(
        "TensorFlow", writer, "the release that wrote it; older ones are not promised"
    )
