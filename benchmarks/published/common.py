"""What all published scripts share: results that are kept row by row, and MNIST."""

import argparse
import gzip
import hashlib
import json
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from keras_gan import files
from keras_gan.data.examples import Examples
from keras_gan.export.card.machine import machine, versions
from keras_gan.metrics.classifier import cached_classifier

RESULTS = Path(__file__).resolve().parent.parent / "results"


class Results:
    """A JSON file of rows, each written as soon as it is there.

    Every row has the command and the machine that made it.

    Args:
        path: The file. What it holds already is gone on with, on any machine.
        protocol: What every row was measured by. Rows of another protocol can't stand
            in one file.
    """

    def __init__(self, path: Path, protocol: dict[str, Any]):
        self.path = Path(path)
        self.rows: list[dict[str, Any]] = []
        self._head = {
            "protocol": json.loads(json.dumps(protocol)),
            "versions": versions(),
        }
        self._origin = {
            "command": command(),
            "machine": machine() | {"platform": platform.platform()},
        }
        if self.path.is_file():
            self._go_on(json.loads(self.path.read_text()))

    def _go_on(self, old: dict[str, Any]) -> None:
        for key in ("protocol", "versions"):
            if old[key] != self._head[key]:
                raise SystemExit(
                    f"{self.path} holds results of another {key}. Received: "
                    f"{old[key]}, and now it is {self._head[key]}. Move the file away, "
                    "or give another with --out."
                )
        self.rows = old["rows"]

    def find(self, **key: Any) -> dict[str, Any] | None:
        """Returns the row whose fields are those of `key`, if it is there."""
        for row in self.rows:
            if all(row[name] == value for name, value in key.items()):
                return row
        return None

    def add(self, row: dict[str, Any], **key: Any) -> None:
        """Keeps a row under its key."""
        row = {**self._origin, **key, **row}
        self.rows = [r for r in self.rows if any(r[n] != key[n] for n in key)] + [row]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(self._head | {"rows": self.rows}, indent=1)
        files.write_text(self.path, content + "\n")


def on_mnist(parser: argparse.ArgumentParser, name: str) -> tuple:
    """Parses the options that the scripts on MNIST share, and loads what they need.

    Returns:
        The options, training and test `Examples`, and the classifier of the digits.
    """
    parser.add_argument("--data", type=Path, help="folder of MNIST's four files")
    parser.add_argument("--work", type=Path, default=Path("runs") / name)
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.json")
    asked = parser.parse_args()
    train, test = mnist(asked.data)
    return asked, train, test, cached_classifier(train, test, cache_dir=asked.work)


def digest(protocol: dict[str, Any]) -> str:
    """A short name of a protocol, for files that another one must not go on with."""
    return hashlib.sha256(json.dumps(protocol).encode()).hexdigest()[:8]


def command() -> str:
    """The command line that runs now, from the root of the repository."""
    script = Path(sys.argv[0]).resolve()
    root = RESULTS.parent.parent
    name = script.relative_to(root) if script.is_relative_to(root) else script.name
    hidden = {"--work", "--data", "--out"}
    words, skip = [], False
    for word in sys.argv[1:]:
        if skip or word in hidden:
            skip = word in hidden
            continue
        words.append(word)
    return shlex.join(["python", str(name), *words])


def mnist(folder: Path | None) -> tuple[Examples, Examples]:
    """Returns MNIST's training and test images, in their original order.

    Published protocols count by that order, which TensorFlow Datasets does not keep.

    Args:
        folder: Where the four original `idx?-ubyte.gz` files lie; without it Keras
            fetches them as one file.
    """
    if folder is None:
        parts = keras.datasets.mnist.load_data()
    else:
        parts = [
            [_idx(folder, part, kind) for kind in ("images-idx3", "labels-idx1")]
            for part in ("train", "t10k")
        ]
    train, test = (
        Examples(images.reshape(-1, 28, 28, 1), labels.astype("int64"), "mnist", split)
        for (images, labels), split in zip(parts, ("train", "test"), strict=True)
    )
    return train, test


def _idx(folder: Path, part: str, kind: str) -> np.ndarray:
    path = Path(folder) / f"{part}-{kind}-ubyte.gz"
    if not path.is_file():
        raise SystemExit(f"There is no {path}. Give the folder of MNIST's four files.")
    with gzip.open(path) as file:
        content = file.read()
    # The header is a magic number and one 32-bit size a dimension.
    return np.frombuffer(content, "uint8", offset=4 + 4 * content[3])
