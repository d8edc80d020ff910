"""Saves that are recorded, crashed and damaged, and what a training then finds."""

import collections
import random
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

from keras_gan.checkpoints import MODEL, CheckpointError, CheckpointFolder, verified
from tests import crash, harness

# One checkpoint is there; the save of the next is recorded.
SCENARIOS = {
    "beside the last one": "folder(3).write(model, {'it': 'new'})",
    "the last one is removed": "folder(1).write(model, {'it': 'new'})",
    "in the place of a damaged one": """
        (root / 'step-00000009').mkdir()
        (root / 'step-00000009' / 'model.keras').write_bytes(b'damaged')
        folder(2).write(model, {'it': 'new'})
    """,
}
WITHOUT_SYNC = """
    files.sync = lambda path: None
    folder(1).write(model, {'it': 'new'})
"""
SCRIPT = """
    import pathlib, sys
    from keras_gan import checkpoints, files
    from tests import harness
    root = pathlib.Path(sys.argv[1])
    folder = lambda keep: checkpoints.CheckpointFolder(root, keep)
    model = harness.gan()
    model.step.assign(9)
"""


def one_checkpoint(root: Path) -> Path:
    """Makes a folder with one good checkpoint, of step 5."""
    model = harness.gan()
    model.step.assign(5)
    CheckpointFolder(root).write(model, {"it": "old"})
    return root


def record(before: Path, folder: Path, save: str) -> tuple[list[crash.Change], Path]:
    """Records a save that a process of its own makes.

    Args:
        before: What `one_checkpoint` has made; it stays as it is.
        folder: Where the process works.
        save: What it runs.

    Returns:
        The changes, and the folder of checkpoints after them.
    """
    root, log = folder / "root", folder / "log"
    shutil.copytree(before, root)
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT) + textwrap.dedent(save), root],
        env=crash.recording(crash.recorder(folder), root, log),
        cwd=Path(__file__).parents[1],
        check=True,
    )
    recorded = crash.changes(log)
    # What is replayed to its end is what the process has left.
    disk = crash.Disk(before)
    for change in recorded:
        disk.apply(change)
    left = crash.Disk(root).entries
    assert disk.entries.keys() == left.keys()
    for name, file in left.items():
        assert file is None or file.now == disk.entries[name].now, name
    return recorded, root


def outcomes(before: Path, folder: Path, save: str) -> collections.Counter:
    """Counts what a training finds after each crash of a recorded save.

    Args:
        before: As in `record`.
        folder: As in `record`.
        save: As in `record`.

    Returns:
        How often, by what ended the save and by what is found: the `"old"` checkpoint
        or the `"new"` one, `"nothing"`, or a `"wrong"` model.
    """
    recorded, end = record(before, folder, save)
    models = {
        path.name: (path / MODEL).read_bytes()
        for root in (before, end)
        for path in root.glob("step-*")
    }
    counts, place = collections.Counter(), folder / "place"
    for how, _ in crash.crashes(before, recorded, place):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = CheckpointFolder(place).newest()
        if found is None:
            counts[how, "nothing"] += 1
        elif found.model.read_bytes() != models[found.path.name]:
            counts[how, "wrong"] += 1
        else:
            counts[how, found.record["it"]] += 1
    return counts


def changed_bytes(before: Path, folder: Path, count: int) -> collections.Counter:
    """Counts how many checkpoints with changed bytes are `"refused"` and `"accepted"`.

    Args:
        before: As in `record`.
        folder: Where the checkpoint is copied to.
        count: How many.
    """
    root, rng, counts = folder / "root", random.Random(0), collections.Counter()
    shutil.copytree(before, root)
    (path,) = root.iterdir()
    good = {file: file.read_bytes() for file in sorted(path.iterdir())}
    while counts.total() < count:
        file = rng.choice(list(good))
        changed = crash.mutated(good[file], rng)
        if changed == good[file]:
            continue
        file.write_bytes(changed)
        try:
            verified(path)
            counts["accepted"] += 1
        except CheckpointError:
            counts["refused"] += 1
        file.write_bytes(good[file])
    # It was the bytes, and nothing else.
    assert verified(path).record == {"it": "old"}
    return counts
