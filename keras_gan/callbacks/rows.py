"""A file of one JSON object an epoch, which a resumed training goes on with."""

import json
import math
import os
from pathlib import Path


def write_whole(path: Path, text: str):
    """Replaces a file atomically: a kill leaves the old one or the new one."""
    partial = path.with_name(f".partial-{path.name}")
    with open(partial, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


class EpochRows:
    """JSON lines with the key `"epoch"`, counted from 0 as in Keras' logs.

    Numbers that are not finite are written as `null`, which every reader of JSON
    takes.

    Args:
        path: The file, or `None` to keep the rows in memory.
    """

    def __init__(self, path=None):
        self.path = None if path is None else Path(path)
        self._rows = []

    def open(self):
        """Reads what the file holds; finds out now if its folder can't be made."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = self.path.read_text() if self.path.is_file() else ""
        try:
            self._rows = [json.loads(line) for line in text.splitlines()]
            _ = [row["epoch"] for row in self._rows]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path} does not hold one JSON object with an epoch a line: "
                f"{error}. Move it away, or write to another file."
            ) from error

    def before(self, epoch: int) -> list[dict]:
        """The rows of earlier epochs, in their order."""
        return [row for row in self._rows if row["epoch"] < epoch]

    def begin(self, epoch: int):
        """Drops the rows of this epoch and of later ones.

        They are of a training that was killed before it could save what it had
        learned, and are repeated.
        """
        kept = self.before(epoch)
        if len(kept) < len(self._rows):
            self._rows = kept
            self._write()

    def add(self, epoch: int, row: dict):
        """Appends the row of this epoch."""
        self._rows = [*self.before(epoch), {"epoch": epoch, **_strict(row)}]
        self._write()

    def _write(self):
        if self.path is not None:
            lines = [json.dumps(row, allow_nan=False) + "\n" for row in self._rows]
            write_whole(self.path, "".join(lines))


def _strict(row: dict) -> dict:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
