"""Decoded images in a file that later runs find again."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from keras_gan import files


def cached_array(
    chunks: Iterable[np.ndarray],
    description: dict[str, Any],
    cache_dir: str | os.PathLike | None = None,
) -> np.memmap:
    """Returns the mapped array of a cached file, which is written where missing.

    Args:
        chunks: Parts of the uint8 array, in order; drawn from only to write it.
        description: All that the array depends on, among it its `"name"` and its
            `"shape"`. A file is used again only when its description is the same.
        cache_dir: Folder of the files; `None` is `keras_gan` in Keras' own folder.
    """
    root = Path(cache_dir or os.path.join(keras_home(), "keras_gan"))
    text = json.dumps(description, indent=2)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    stem = description["name"].replace("/", "-")
    folder = root.expanduser() / f"{stem}-{digest}"
    if not _holds(folder, text):
        _write(chunks, tuple(description["shape"]), text, folder)
    return np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)


def keras_home() -> str:
    return os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")


def _holds(folder: Path, text: str) -> bool:
    record = folder / "description.json"
    return record.is_file() and record.read_text() == text


def _write(
    chunks: Iterable[np.ndarray], shape: tuple[int, ...], text: str, folder: Path
) -> None:
    """Writes array and description aside, then gives them their name at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".tmp-", dir=folder.parent))
    try:
        # Not through a mapped array: on a full disk that would kill the process.
        with open(draft / "images.npy", "wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(chunk.tobytes())
        (draft / "description.json").write_text(text)
        files.sync_tree(draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    except OSError:
        # Another process may have been quicker, with the very same content.
        if not _holds(folder, text):
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
