"""On what a number was measured."""

import importlib.metadata
import os
import pathlib
import platform
import re
from typing import Any

_PACKAGES = (
    "keras-gan",
    "tensorflow",
    "keras",
    "ai-edge-litert",
    "onnxruntime",
    "onnx",
    "tf2onnx",
    "ai-edge-quantizer",
    "numpy",
)


def machine() -> dict[str, Any]:
    """Return what the machine is: processor, cores that may be used, system."""
    return {
        "cpu": _cpu_name(),
        "cores": num_cores(),
        "architecture": platform.machine(),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions(*more: str) -> dict[str, str]:
    """Return the releases of the packages that make and run artefacts, and of more."""
    found = {}
    for name in (*_PACKAGES, *more):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    match = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    return match.group(1) if match else platform.processor() or platform.machine()
