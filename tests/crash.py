"""What a disk holds when a process or the machine ends in the middle of a save.

A recorder (`crash_recorder.c`, preloaded) writes down every change of a file. From any
prefix of those the state of the disk is built: after a kill all that was written is
there; after a power cut what was not synced may be lost, whole or page by page, while
names keep the order they were given in, as journalling file systems have it.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("crash_recorder.c")
PAGE = 4096


class Change(NamedTuple):
    """One recorded change: what, of which path, the bytes or other path, where."""

    name: str
    path: str
    data: bytes
    offset: int


class File:
    """Content of a file, now and when it was last synced."""

    def __init__(self, content: bytes = b"", is_synced: bool = False):
        self.now = bytearray(content)
        self.synced = bytes(content) if is_synced else b""

    def write(self, offset: int, data: bytes) -> None:
        if len(self.now) < offset:
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset : offset + len(data)] = data

    def resize(self, size: int) -> None:
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))

    def after_power_cut(self, rng: random.Random | None) -> bytes:
        """What is left: the synced bytes, or, by `rng`, some of the pages since."""
        if self.now == self.synced:
            return self.synced
        if rng is None:
            return self.synced
        old = self.synced + bytes(max(0, len(self.now) - len(self.synced)))
        content = bytearray(self.now)
        for start in range(0, len(content), PAGE):
            part = slice(start, start + PAGE)
            if rng.random() < 0.5:
                content[part] = old[part][: len(content[part])]
        return bytes(content)


class Disk:
    """Folders and files; a folder is the value `None`."""

    def __init__(self, root: Path):
        self.entries: dict[str, File | None] = {}
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            content = None if path.is_dir() else File(path.read_bytes(), True)
            self.entries[name] = content

    def apply(self, change: Change) -> None:
        name, path = change.name, change.path
        if name == "mkdir":
            self.entries[path] = None
        elif name == "create":
            self.entries.setdefault(path, File())
        elif name == "truncate":
            self._file(path).resize(change.offset)
        elif name == "write":
            self._file(path).write(change.offset, change.data)
        elif name == "sync":
            file = self.entries.get(path)
            if file is not None:
                file.synced = bytes(file.now)
        elif name in ("unlink", "rmdir"):
            del self.entries[path]
        elif name == "link":
            self.entries[change.data.decode()] = self.entries[path]
        elif name == "rename":
            self._rename(path, change.data.decode())
        else:
            raise ValueError(f"A change that nobody knows: {change}")

    def _file(self, path: str) -> File:
        file = self.entries[path]
        assert file is not None
        return file

    def _rename(self, old: str, new: str) -> None:
        for path in [p for p in self.entries if p == old or p.startswith(f"{old}/")]:
            self.entries[new + path[len(old) :]] = self.entries.pop(path)

    def write_to(self, root: Path, content) -> None:
        """Makes `root` this disk, each file with what `content` says it holds."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        for path in sorted(self.entries):
            file = self.entries[path]
            if file is None:
                (root / path).mkdir()
            else:
                (root / path).write_bytes(content(file))


def recorder(folder: Path) -> Path:
    """Compiles the recorder."""
    library = folder / "recorder.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"]
    subprocess.run(command, check=True)
    return library


def recording(library: Path, root: Path, log: Path) -> dict[str, str]:
    """The environment in which a process is recorded."""
    return os.environ | {
        "LD_PRELOAD": str(library),
        "RECORD_ROOT": str(root),
        "RECORD_LOG": str(log),
    }


def changes(log: Path) -> list[Change]:
    """Reads what the recorder has written."""
    content, position, found = log.read_bytes(), 0, []

    def line() -> str:
        nonlocal position
        end = content.index(b"\n", position)
        text = content[position:end].decode()
        position = end + 1
        return text

    while position < len(content):
        name, size, offset = line().split()
        path = line()
        data = content[position : position + int(size)]
        position += int(size)
        found.append(Change(name, path, data, int(offset)))
    return found


def crashes(
    before: Path, recorded: list[Change], root: Path, draws: int = 22
) -> Iterator:
    """Makes `root` every state that a crash may leave, one after the other.

    Args:
        before: The disk before the first change.
        recorded: The changes.
        root: A folder that is made anew for every state.
        draws: Random power cuts for every prefix.

    Yields:
        What ended it, and after how many changes.
    """
    disk, rng = Disk(before), random.Random(0)
    for count, change in enumerate([*recorded, None]):
        disk.write_to(root, lambda file: bytes(file.now))
        yield "kill", count
        disk.write_to(root, lambda file: file.after_power_cut(None))
        yield "power cut", count
        for _ in range(draws):
            disk.write_to(root, lambda file: file.after_power_cut(rng))
            yield "power cut, pages lost", count
        if change is None:
            return
        if change.name == "write" and len(change.data) > 1:
            half = change._replace(data=change.data[: len(change.data) // 2])
            disk.apply(half)
            disk.write_to(root, lambda file: bytes(file.now))
            yield "kill within a write", count
        disk.apply(change)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few bits flipped, a part overwritten, moved, cut off or put twice."""
    changed, at = bytearray(content), rng.randrange(len(content))
    size = min(rng.choice([1, 4, 64, 4096]), len(content) - at)
    kind = rng.randrange(5)
    if kind == 0:
        changed[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        changed[at : at + size] = rng.randbytes(size)
    elif kind == 2:
        changed[at : at + size] = bytes(size)
    elif kind == 3:
        del changed[at:]
    else:
        changed[at:at] = changed[at : at + size]
    return bytes(changed)
