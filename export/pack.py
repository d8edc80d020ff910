"""A folder of artefacts with one card: the old one goes when the new one is whole."""

import contextlib
import json
import pathlib
import shutil
from collections.abc import Iterator

from keras_gan.export.card.report import REPORT
from keras_gan.export.errors import ExportError
from keras_gan.export.staging import StrPath, new_workspace, replace


@contextlib.contextmanager
def staged_pack(folder: StrPath) -> Iterator[pathlib.Path]:
    """Give a folder to write to, and move what is in it into `folder` at the end.

    Files of an earlier pack that the new one lacks go; things that no pack wrote stay.
    If the block raises, `folder` is as it was.

    Args:
        folder: Where the files shall appear.
    """
    folder = pathlib.Path(folder)
    if folder.is_file():
        raise ExportError(
            f"`folder` must name a folder, and a file stands there. Received: {folder}"
        )
    workspace = new_workspace(folder)
    try:
        fresh = workspace / "pack"
        fresh.mkdir()
        yield fresh
        _publish(fresh, folder, workspace)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def files_of(folder: pathlib.Path) -> list[str]:
    """Return the names that the card of a folder lists, none if it has no card."""
    try:
        files = json.loads((folder / REPORT).read_text())["files"]
        parts = [pathlib.PurePosixPath(name).parts for name in files]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return sorted({part[0] for part in parts if part and part[0] not in ("/", "..")})


def _publish(
    fresh: pathlib.Path, folder: pathlib.Path, workspace: pathlib.Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in fresh.iterdir())
    stale = [name for name in files_of(folder) if name not in names]
    # The card last: until then the old one says that its files have changed.
    for name in sorted(names, key=lambda name: name == REPORT):
        replace(folder / name, fresh / name, workspace / f"replaced-{name}")
    for name in stale:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
