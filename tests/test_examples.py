"""The examples run as they are shipped."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.example_data import ARGUMENTS

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_for_two_steps(path, tmp_path):
    args = [sys.executable, path, "--steps", "2", "--out", tmp_path / "out"]
    args += ARGUMENTS[path.stem](tmp_path)
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "out" / "samples.png").is_file()


def test_an_example_can_be_read_in_one_sitting():
    for path in EXAMPLES:
        assert len(path.read_text().splitlines()) <= 150, path


@pytest.mark.slow
def test_the_python_of_the_readme_runs_as_printed(tmp_path):
    readme = Path(__file__).parents[1] / "README.md"
    code = readme.read_text().split("```python\n")[1].split("```")[0]
    for long, short in (("epochs=20", "epochs=1"), ("epochs=40", "epochs=2")):
        assert long in code
        code = code.replace(long, short)
    code = code.replace("initial_epoch=20", "initial_epoch=1")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "generator.tflite").stat().st_size > 0
