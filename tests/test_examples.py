"""The examples run as they are shipped."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_for_two_steps(path, tmp_path):
    args = [sys.executable, path, "--steps", "2", "--out", tmp_path / "out"]
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "out" / "samples.png").is_file()


def test_an_example_can_be_read_in_one_sitting():
    for path in EXAMPLES:
        assert len(path.read_text().splitlines()) <= 150, path
