"""Every state that a crash can leave of a save is one that a training goes on from."""

import collections
import random
import shutil
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from keras_gan.checkpoints import MODEL, CheckpointError, CheckpointFolder, verified
from tests import crash, crash_training, harness

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
]

# One checkpoint is there; the save of the next is recorded.
SCENARIOS = {
    "beside the last one": "folder(3).write(model, {'it': 'new'})",
    "the last one is removed": "folder(1).write(model, {'it': 'new'})",
    "in the place of a damaged one": """
        (root / 'step-00000009').mkdir()
        (root / 'step-00000009' / 'model.keras').write_bytes(b'damaged')
        folder(2).write(model, {'it': 'new'})
    """,
    "nothing is synced": """
        files.sync = lambda path: None
        folder(1).write(model, {'it': 'new'})
    """,
}
SCRIPT = """
    import pathlib, sys
    from keras_gan import checkpoints, files
    from tests import harness
    root = pathlib.Path(sys.argv[1])
    folder = lambda keep: checkpoints.CheckpointFolder(root, keep)
    model = harness.gan()
    model.step.assign(9)
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A folder with one good checkpoint, of step 5."""
    root = tmp_path_factory.mktemp("crash") / "before"
    model = harness.gan()
    model.step.assign(5)
    CheckpointFolder(root).write(model, {"it": "old"})
    return root


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return crash.recorder(tmp_path_factory.mktemp("recorder"))


def record(before, library, tmp_path, scenario):
    root, log = tmp_path / "root", tmp_path / "log"
    shutil.copytree(before, root)
    script = textwrap.dedent(SCRIPT) + textwrap.dedent(SCENARIOS[scenario])
    subprocess.run(
        [sys.executable, "-c", script, str(root)],
        env=crash.recording(library, root, log),
        cwd=Path(__file__).parents[1],
        check=True,
    )
    recorded = crash.changes(log)
    # What is replayed to its end is what the process has left.
    disk = crash.Disk(before)
    for change in recorded:
        disk.apply(change)
    assert disk.entries.keys() == crash.Disk(root).entries.keys()
    for name, file in crash.Disk(root).entries.items():
        assert file is None or file.now == disk.entries[name].now, name
    return recorded, root


def outcomes(before, recorded, end, place):
    """What a training finds after each crash, counted."""
    models = {
        path.name: (path / MODEL).read_bytes()
        for folder in (before, end)
        for path in folder.glob("step-*")
    }
    counts = collections.Counter()
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


@pytest.mark.parametrize("scenario", list(SCENARIOS)[:3])
def test_a_training_goes_on_from_every_state_that_a_crash_leaves(
    before, library, tmp_path, scenario
):
    recorded, end = record(before, library, tmp_path, scenario)
    counts = outcomes(before, recorded, end, tmp_path / "place")
    print(scenario, len(recorded), "changes", dict(counts))
    assert {what for _, what in counts} == {"old", "new"}
    assert sum(counts.values()) >= 600


def test_no_changed_byte_of_a_checkpoint_is_accepted(before, tmp_path):
    root, rng = tmp_path / "root", random.Random(0)
    shutil.copytree(before, root)
    (path,) = root.iterdir()
    good = {file: file.read_bytes() for file in path.iterdir()}
    for _ in range(10_000):
        file = rng.choice(list(good))
        changed = crash.mutated(good[file], rng)
        if changed == good[file]:
            continue
        file.write_bytes(changed)
        with pytest.raises(CheckpointError):
            verified(path)
        file.write_bytes(good[file])
    assert verified(path).record == {"it": "old"}


def test_a_training_that_is_killed_at_random_ends_as_one_that_was_not(tmp_path):
    crash_training.assert_kills_change_nothing(tmp_path, kills=5)


def test_the_harness_finds_a_writer_that_does_not_sync(before, library, tmp_path):
    recorded, end = record(before, library, tmp_path, "nothing is synced")
    counts = outcomes(before, recorded, end, tmp_path / "place")
    print(dict(counts))
    lost = {how for how, what in counts if what == "nothing"}
    assert "power cut" in lost and "kill" not in lost
