"""Files that appear whole or not at all, also when the power fails."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a place to write a file to, which takes the name of `path` at the end.

    A kill, a full disk or an error leaves what stood at `path` as it was.

    Args:
        path: The file. Its folder is made where it is missing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays: Keras and NumPy read it.
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        sync(partial)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a whole file of UTF-8, or leave the one that is there."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def link(path: Path, other: Path) -> None:
    """Give a file another name, or copy it where names can't be shared."""
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)


def sync(path: str | os.PathLike) -> None:
    """Bring a file's content, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: str | os.PathLike) -> None:
    """Bring a folder with all that is in it to the disk."""
    for root, _, names in os.walk(folder):
        for name in names:
            sync(Path(root, name))
        sync(root)
