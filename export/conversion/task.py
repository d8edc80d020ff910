"""One file that the child process shall write."""

import dataclasses
import pathlib
from typing import Any


@dataclasses.dataclass(frozen=True)
class Task:
    """A SavedModel to one file of one format and mode.

    Args:
        format: `"tflite"` or `"onnx"`.
        mode: The name of one of the modes of the format.
        path: The file to write.
        options: `name` of the generator, `inputs` and `outputs` (their names, in
            order), `batch_size` (`None` if it is free), and `opset` for ONNX.
        calibration: An `.npz` file of samples by input name, for the modes that
            measure ranges.
        metadata: What `write_metadata` puts into the file.
    """

    format: str
    mode: str
    path: pathlib.Path
    options: dict[str, Any]
    calibration: pathlib.Path | None = None
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a description that `from_json` reads, in any working directory."""
        calibration = self.calibration and str(self.calibration.resolve())
        fields = {name: getattr(self, name) for name in ("format", "mode", "options")}
        return {
            **fields,
            "path": str(self.path.resolve()),
            "calibration": calibration,
            "metadata": self.metadata,
        }

    @classmethod
    def from_json(cls, description: dict[str, Any]) -> "Task":
        """Return the task that `to_json` described."""
        calibration = description["calibration"]
        return cls(
            **{
                **description,
                "path": pathlib.Path(description["path"]),
                "calibration": calibration and pathlib.Path(calibration),
            }
        )
