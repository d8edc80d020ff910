"""Which SavedModels may be loaded: a SavedModel is a program."""

import hashlib
import pathlib

from keras_gan.export.card.hashes import sha256
from keras_gan.export.errors import UntrustedError
from keras_gan.export.staging import StrPath

# Data for a server, which no program reads.
_DATA = ("assets.extra", "batching_params.pbtxt")
# What this process wrote, wherever it was moved or copied since.
_written: set[str] = set()


def remember(path: pathlib.Path) -> None:
    """Note that this process wrote the SavedModel that lies at `path`.

    Args:
        path: Its folder.
    """
    _written.add(_digest(path))


def check_trusted(path: StrPath, allow_untrusted: bool = False) -> None:
    """Raise `UntrustedError` for a SavedModel that this process did not write.

    Args:
        path: An artefact. Files are no programs, and may be anybody's.
        allow_untrusted: Whether the user vouches for it.
    """
    path = pathlib.Path(path)
    if allow_untrusted or not path.is_dir() or _digest(path) in _written:
        return
    raise UntrustedError(
        "A SavedModel is a program: loading it is enough to read and write files as "
        "this user, whatever its hashes say, since whoever changes it can write new "
        f"ones. This process did not write it. Received: {path}. If you trust where "
        "it comes from, give --allow-untrusted (in Python `allow_untrusted=True`). "
        "A .keras, .tflite or .onnx file of the same generator needs no trust."
    )


def _digest(folder: pathlib.Path) -> str:
    lines = sorted(
        f"{sha256(path)}  {path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in _DATA
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
