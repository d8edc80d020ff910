"""The parent's side of a conversion: one child for all, replaced when it fails."""

import atexit
import math
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from keras_gan.export.conversion.child import Child, ChildEnded
from keras_gan.export.conversion.task import Task
from keras_gan.export.errors import ExportError, UnsupportedOpError

_FORMAT_NAMES = {"tflite": "TFLite", "onnx": "ONNX"}
_ERRORS = {
    kind.__name__: kind for kind in (ExportError, UnsupportedOpError, ImportError)
}
_CRASHES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
_TRIES = 3


class _Shared:
    """The child of this process and the lock of those who want it."""

    lock = threading.Lock()
    child: Child | None = None


def prestart() -> None:
    """Start the child now, so that it imports TensorFlow while the caller works."""
    # Who holds the lock has a child running.
    if _Shared.lock.acquire(blocking=False):
        try:
            _running_child()
        finally:
            _Shared.lock.release()


def convert(
    saved_model: pathlib.Path, tasks: Sequence[Task], timeout_s: float = 600.0
) -> list[tuple[str, ...]]:
    """Convert a SavedModel in the child process, task after task.

    The child serves all exports of this process, so that TensorFlow is imported once.
    Whatever happens to it, this process lives on, and the next task gets a new one.

    Args:
        saved_model: The SavedModel.
        tasks: What to make of it. The first that fails ends the conversion.
        timeout_s: How many seconds each task may take.

    Returns:
        For each task what is worth knowing about the file, in sentences.
    """
    if not (isinstance(timeout_s, int | float) and 0 < timeout_s < math.inf):
        raise ExportError(
            "`timeout_s` must be a number of seconds above 0. "
            f"Received: timeout_s={timeout_s}"
        )
    notes = []
    for task in tasks:
        with _Shared.lock:
            request = {"saved_model": str(saved_model.resolve()), **task.to_json()}
            answer = _answered(request, task, timeout_s)
        if "error" in answer:
            raise _ERRORS[answer["error"]](answer["message"])
        notes.append(tuple(answer["notes"]))
    return notes


def _answered(request: dict[str, Any], task: Task, timeout_s: float) -> dict[str, Any]:
    for _ in range(_TRIES):
        child = _running_child()
        try:
            return child.ask(request, timeout_s)
        except ChildEnded as end:
            _discard()
            if end.code:
                raise _crashed(task, end) from None
        except TimeoutError as limit:
            _discard()
            raise ExportError(
                f"{_doing(task)} took longer than its time limit of {limit.args[0]:g} "
                "s, and was stopped. Pass a larger `timeout_s`, or a smaller generator."
            ) from None
        except BaseException:
            _discard()
            raise
    # An end without an error is one of idleness, which a fresh child cannot reach.
    raise ExportError(f"{_doing(task)} ended {_TRIES} times without an answer.")


def _running_child() -> Child:
    if _Shared.child is not None and not _Shared.child.is_running:
        _discard()
    if _Shared.child is None:
        try:
            _Shared.child = Child()
        except OSError as error:
            raise ExportError(
                f"The process that converts cannot be started: {error} "
                f"Received: sys.executable={sys.executable!r}"
            ) from error
    return _Shared.child


def _discard() -> None:
    child, _Shared.child = _Shared.child, None
    if child is not None:
        child.close()


def _crashed(task: Task, end: ChildEnded) -> ExportError:
    said = f" It said:\n{end.last_words}" if end.last_words else ""
    if end.code > 0:
        return ExportError(f"{_doing(task)} ended with exit status {end.code}.{said}")
    name = signal.Signals(-end.code).name
    if name not in _CRASHES:
        return ExportError(
            f"{_doing(task)} was ended from outside with {name}. Where memory ran out, "
            f"export on a machine with more of it; else try again.{said}"
        )
    advice = "Export the layers one by one to find the one that it cannot convert."
    if task.calibration is not None:
        advice = (
            "Loops crash it when they are calibrated: shorten the sequences, or export "
            'with mode="weight_only".'
        )
    return UnsupportedOpError(f"{_doing(task)} crashed with {name}. {advice}{said}")


def _doing(task: Task) -> str:
    return (
        f"The conversion to {_FORMAT_NAMES[task.format]} of {task.path.name} "
        f"(mode={task.mode!r})"
    )


def _forget_after_fork() -> None:
    # Two processes cannot talk to one child.
    _Shared.lock, _Shared.child = threading.Lock(), None


atexit.register(_discard)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
