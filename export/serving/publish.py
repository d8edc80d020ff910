"""Versions of a model in a folder that a server watches."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator

from keras_gan import files
from keras_gan.export.errors import ExportError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"\s*[+-]?[0-9]+\s*")
_LARGEST_VERSION = 2**63 - 1


def checked_name(name: str) -> str:
    """Return the name of a model if addresses and folders can carry it."""
    if _NAME.fullmatch(name):
        return name
    raise ExportError(
        "`name` becomes a folder and a part of web addresses, so it is made of "
        "letters, digits, `_`, `-` and `.`, and begins with a letter or digit. "
        f"Received: name={name!r}"
    )


def versions(folder: pathlib.Path) -> dict[int, list[str]]:
    """Return the versions that a server sees in a folder.

    Args:
        folder: The folder of one model.

    Returns:
        Each version to the names it goes by, which are several only if a server could
        not tell which is meant, as with `1` and `001`.
    """
    found: dict[int, list[str]] = {}
    for child in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _VERSION.fullmatch(child.name):
            found.setdefault(int(child.name), []).append(child.name)
    return found


def checked_version(version: int | str | None, folder: pathlib.Path) -> int | None:
    """Return the number of a version that is not there yet, `None` for the next one.

    Args:
        version: A number, or how it is written.
        folder: The folder of the model.
    """
    if version is None:
        return None
    number = _version_number(version)
    taken = versions(folder).get(number)
    if taken:
        raise ExportError(
            f"Version {number} is there already, as {folder / taken[0]}. A server may "
            "hold it, and clients rely on it, so it is never replaced. Leave out "
            "`version` to publish the next one."
        )
    return number


def _version_number(version: int | str) -> int:
    text = str(version)
    if isinstance(version, bool) or not _VERSION.fullmatch(text):
        reason = "a server skips every folder whose name is not a number"
    elif text != str(int(text)):
        reason = f"a server takes it for {int(text)}, which may be there too"
    elif not 1 <= int(text) <= _LARGEST_VERSION:
        reason = "versions run from 1 to the largest 64-bit integer"
    else:
        return int(text)
    raise ExportError(
        f"`version` must be a plain number: {reason}. Received: version={version!r}"
    )


@contextlib.contextmanager
def workspace(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a place to prepare a version in, where no server looks.

    Args:
        folder: The folder of the model; the place is on the same file system.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = pathlib.Path(tempfile.mkdtemp(prefix=".publish-", dir=folder))
    except OSError as error:
        raise ExportError(
            f"The folder of the model cannot be written to: {error}. "
            f"Received: {folder}. Choose one that this user may write to."
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def publish(
    fresh: pathlib.Path, folder: pathlib.Path, version: int | None
) -> pathlib.Path:
    """Make a version appear, whole, under its number.

    Servers poll folders and load what they find, half copied or not. So everything is
    on the disk before the one rename that shows it.

    Args:
        fresh: The SavedModel, in a `workspace` of the folder.
        folder: The folder of the model.
        version: Its number, `None` for one more than the highest.

    Returns:
        The path of the version.
    """
    files.sync_tree(fresh)
    while True:
        highest = max(versions(folder), default=0)
        number = checked_version(version, folder) or highest + 1
        path = folder / str(number)
        try:
            os.rename(fresh, path)
        except OSError:
            # Another export took the number meanwhile: the next one, or the reason.
            if not path.exists():
                raise
            continue
        files.sync(folder)
        return path
