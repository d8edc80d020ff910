"""Artefacts appear whole or not at all."""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from keras_gan.export.errors import ExportError

StrPath = str | os.PathLike[str]

_FILE_SUFFIXES = {".tflite", ".onnx", ".keras", ".h5", ".pb", ".zip"}


def checked_file(path: StrPath, suffix: str) -> pathlib.Path:
    """Return `path` if an artefact file with this suffix may be written there."""
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ExportError(
            f"`path` must end in {suffix}. Received: path={path}. "
            f"Write for example generator{suffix}."
        )
    if path.is_dir():
        raise ExportError(
            f"`path` must name a file, and a folder stands there. Received: path={path}"
        )
    return path


def checked_folder(path: StrPath) -> pathlib.Path:
    """Return `path` if a SavedModel may be written there.

    A folder that holds anything but a SavedModel is never replaced.
    """
    path = pathlib.Path(path)
    if path.suffix in _FILE_SUFFIXES or path.is_file():
        raise ExportError(
            "A SavedModel is a folder, so `path` must not name a file. "
            f"Received: path={path}. Write for example saved_model."
        )
    if path.is_dir() and any(path.iterdir()) and not is_saved_model(path):
        raise ExportError(
            "`path` is a folder that holds other things than a SavedModel and would "
            f"be replaced. Received: path={path}. Name a new folder inside it."
        )
    return path


def is_saved_model(path: pathlib.Path) -> bool:
    """Return whether `path` is a folder with a SavedModel in it."""
    return (path / "saved_model.pb").is_file()


@contextlib.contextmanager
def staged(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a place to write to, and move what was written to `path` at the end.

    The place lies in a hidden folder beside `path`, on the same file system, which
    is gone afterwards. If the block raises, what stood at `path` still stands.

    Args:
        path: Where the artefact, a file or a folder, shall appear.
    """
    workspace = new_workspace(path)
    try:
        fresh = workspace / path.name
        yield fresh
        replace(path, fresh, workspace / "replaced")
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def new_workspace(path: pathlib.Path) -> pathlib.Path:
    """Make a hidden folder beside `path`, on the same file system."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return pathlib.Path(tempfile.mkdtemp(prefix=".export-", dir=path.parent))
    except OSError as error:
        raise ExportError(
            f"The folder of `path` cannot be written to: {error}. "
            f"Received: path={path}. Choose a folder that this user may write to."
        ) from error


def replace(path: pathlib.Path, fresh: pathlib.Path, replaced: pathlib.Path) -> None:
    """Move `fresh` to `path`; what was there goes to `replaced`, and back on error."""
    if not path.is_dir():
        os.replace(fresh, path)
        return
    # A folder with things in it cannot be renamed over: step aside, then back on error.
    os.rename(path, replaced)
    try:
        os.rename(fresh, path)
    except BaseException:
        os.rename(replaced, path)
        raise
