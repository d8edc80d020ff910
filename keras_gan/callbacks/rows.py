"""A file of one JSON object an epoch, which a resumed training goes on with."""

import json
import math
from collections.abc import Callable
from pathlib import Path

from keras_gan import files


class EpochRows:
    """JSON lines with the key `"epoch"`, counted from 0 as in Keras' logs.

    Numbers that are not finite are written as `null`, which every reader of JSON
    takes.

    Args:
        path: The file, or `None` to keep the rows in memory.
        is_own: Whether a row may be the owner's; a file that holds others is refused.
    """

    def __init__(self, path=None, *, is_own: Callable[[dict], bool]):
        self.path = None if path is None else Path(path)
        self._is_own = is_own
        self._rows = []
        self._written = ""

    def open(self):
        """Reads what the file holds; finds out now if its folder can't be made."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._written = self._read()
        try:
            self._rows = [json.loads(line) for line in self._written.splitlines()]
            _ = [row["epoch"] for row in self._rows]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path} does not hold one JSON object with an epoch a line: "
                f"{error}. Move it away, or write to another file."
            ) from error
        if not all(map(self._is_own, self._rows)):
            self._refuse_to_share()

    def _read(self) -> str:
        return self.path.read_text() if self.path.is_file() else ""

    def _refuse_to_share(self):
        raise ValueError(
            f"{self.path} holds the rows of another callback. Give each a file of its "
            "own."
        )

    @property
    def has_any(self) -> bool:
        """Whether there are rows of any epoch."""
        return bool(self._rows)

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
        if self.path is None:
            return
        if self.path.is_file() and self._read() != self._written:
            self._refuse_to_share()
        lines = [json.dumps(row, allow_nan=False) + "\n" for row in self._rows]
        self._written = "".join(lines)
        files.write_text(self.path, self._written)


def _strict(row: dict) -> dict:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
