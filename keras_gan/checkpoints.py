"""Checkpoints of a training that no kill and no power cut can spoil.

A checkpoint is a folder that appears by one rename, when all of it is on the disk, with
a manifest of every file's size and sha256 and of itself. What a manifest does not vouch
for is never opened.
"""

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_gan import files, loading

MANIFEST, MODEL, RECORD = "MANIFEST.json", "model.keras", "record.json"
_PREFIX, _DRAFT, _OLD = "step-", ".draft-", ".old-"
_BLOCK = 1 << 20
# What reading JSON that anybody may have written can end in.
_NO_RECORD = (OSError, OverflowError, RecursionError, TypeError, ValueError)


class CheckpointError(ValueError):
    """A checkpoint that can't be used, in words."""


class Checkpoint(NamedTuple):
    """A checkpoint that was verified.

    Attributes:
        path: Its folder.
        record: What `write` was given beside the model.
    """

    path: Path
    record: dict[str, Any]

    @property
    def model(self) -> Path:
        """The `.keras` file."""
        return self.path / MODEL

    @property
    def step(self) -> int:
        """Rounds that the model has played."""
        return _step_of(self.path)


class CheckpointFolder:
    """The checkpoints of one training.

    One process writes to a folder; others may read meanwhile.

    Args:
        folder: Where they lie, as `step-00001234/`.
        keep: How many of the newest stay.
    """

    def __init__(self, folder, keep: int = 3):
        self.folder = Path(folder)
        self.keep = keep

    def write(self, model, record: dict[str, Any], best: int | None = None) -> Path:
        """Writes a checkpoint of a game, then removes the ones too many.

        Args:
            model: The game.
            record: JSON to keep beside it.
            best: Step of a checkpoint that stays though it is old.

        Returns:
            The folder of the checkpoint.

        Raises:
            CheckpointError: If a weight is not finite; nothing is written.
        """
        check_finite(model)
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            files.sync(self.folder.parent)
        self._tidy()
        path = self.folder / f"{_PREFIX}{int(model.step.numpy()):08d}"
        draft = path.with_name(f"{_DRAFT}{path.name}")
        draft.mkdir()
        try:
            model.save(draft / MODEL)
            (draft / RECORD).write_text(json.dumps(record, indent=1) + "\n")
            (draft / MANIFEST).write_text(_manifest(_listed(draft)))
            files.sync_tree(draft)
            if path.exists():
                _remove(path)
            draft.rename(path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        files.sync(self.folder)
        self._prune(best)
        return path

    def newest(self) -> Checkpoint | None:
        """Returns the newest that is whole; warns of every one that it passes over."""
        for path in reversed(self._paths()):
            try:
                return verified(path)
            except CheckpointError as error:
                warnings.warn(f"A checkpoint is passed over: {error}", stacklevel=2)
        return None

    def records(self) -> Iterable[tuple[int, dict[str, Any]]]:
        """Steps and records of all checkpoints whose record can be read."""
        for path in self._paths():
            try:
                yield _step_of(path), _record_in(path)
            except _NO_RECORD:
                continue

    def _paths(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if _step_of(path) >= 0]
        return sorted(found, key=_step_of)

    def _prune(self, best: int | None) -> None:
        for path in self._paths()[: -self.keep]:
            if _step_of(path) != best:
                _remove(path)

    def _tidy(self) -> None:
        # What a kill has left half written or half removed.
        for path in self.folder.iterdir():
            if path.name.startswith((_DRAFT, _OLD)):
                shutil.rmtree(path, ignore_errors=True)


def verified(path: str | Path) -> Checkpoint:
    """Returns a checkpoint whose every file is what its manifest says.

    Args:
        path: Its folder.

    Raises:
        CheckpointError: If a file is missing, is too much, has other bytes, or can't be
            read.
    """
    path = Path(path)
    try:
        return _verified(path)
    except OSError as error:
        raise CheckpointError(f"{path} can't be read: {error}") from error


def _verified(path: Path) -> Checkpoint:
    try:
        text = (path / MANIFEST).read_text()
        listed = {
            str(name): (int(size), str(digest))
            for name, (size, digest) in json.loads(text)["files"].items()
        }
        is_whole = text == _manifest(listed)
    except (*_NO_RECORD, AttributeError, KeyError) as error:
        raise CheckpointError(f"{path} has no readable {MANIFEST}: {error}") from error
    if not is_whole:
        raise CheckpointError(f"{path / MANIFEST} was changed: its own sum is wrong.")
    present = {file.name for file in path.iterdir()} - {MANIFEST}
    if present != set(listed) or not present >= {MODEL, RECORD}:
        raise CheckpointError(
            f"{path} holds {sorted(present)}, and its manifest lists {sorted(listed)}."
        )
    for name, (size, digest) in listed.items():
        file = path / name
        if not file.is_file() or file.is_symlink() or file.stat().st_size != size:
            raise CheckpointError(f"{file} is not the file of {size} bytes it was.")
        if _sha256(file) != digest:
            raise CheckpointError(f"{file} was changed: its sha256 is another.")
    try:
        return Checkpoint(path, _record_in(path))
    except _NO_RECORD as error:
        raise CheckpointError(f"{path / RECORD} can't be read: {error}") from error


def restore(model, checkpoint: Checkpoint) -> None:
    """Brings a game to the state of a checkpoint, all of it or nothing.

    Args:
        model: A game that was built and compiled as the one that was saved.
        checkpoint: What `CheckpointFolder.newest` returned.

    Raises:
        CheckpointError: If the state does not fit; the model is as it was.
    """
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy() for variable in variables]
    try:
        loading.checked_content(checkpoint.model)
        with warnings.catch_warnings():
            # Keras warns where it should refuse: moments would be lost.
            warnings.filterwarnings("error", message="Skipping variable loading")
            model.load_weights(checkpoint.model)
        check_finite(model)
    except Exception as error:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        reason = str(error).strip().split("\n")[0]
        raise CheckpointError(
            f"{checkpoint.path} does not fit this model, which is as it was: {reason}"
        ) from error


def check_finite(model) -> None:
    """Raises `CheckpointError` for a game with a NaN or an infinity in its state."""
    for variable in [*model.variables, *model.optimizer.variables]:
        value = np.asarray(variable.numpy())
        if (
            value.dtype.kind not in "iub"
            and not np.isfinite(value.astype("float32", copy=False)).all()
        ):
            raise CheckpointError(
                f"The state is not finite any more, first in {variable.path}."
            )


def _record_in(path: Path) -> dict[str, Any]:
    return dict(json.loads((path / RECORD).read_text()))


def _step_of(path: Path) -> int:
    name = path.name.removeprefix(_PREFIX)
    is_one = path.name.startswith(_PREFIX) and name.isdecimal() and path.is_dir()
    return int(name) if is_one else -1


def _remove(path: Path) -> None:
    # Under its name a checkpoint is whole; one that is half removed has another.
    old = path.with_name(f"{_OLD}{path.name}")
    shutil.rmtree(old, ignore_errors=True)
    path.rename(old)
    shutil.rmtree(old, ignore_errors=True)


def _listed(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        file.name: (file.stat().st_size, _sha256(file))
        for file in sorted(folder.iterdir())
    }


def _manifest(listed: dict[str, Any]) -> str:
    own = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    return json.dumps({"files": listed, "sha256": own}, indent=1) + "\n"


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
