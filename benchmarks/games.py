"""Trains an example for real and keeps what it measured, with the command.

    python benchmarks/games.py labels --game acgan --data mnist --data-dir ~/tfds

What follows the name goes to `examples/NAME.py`; a training that was stopped goes on.
A result is kept for each name with each set of options, but `--steps` and folders.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks" / "published"))

from common import RESULTS, Results  # noqa: E402

# Those that measure what they drew.
EXAMPLES = sorted(
    path.stem
    for path in (ROOT / "examples").glob("*.py")
    if "results.json" in path.read_text()
)


def portable(options: list[str]) -> list[str]:
    """The options with the names of folders in place of where they lie here."""
    return [Path(x).name if Path(x).is_dir() else x for x in options]


def variant(options: list[str]) -> str:
    """What sets this training apart from others of the same example."""
    return re.sub(r"--(steps|data-dir) \S+ ?", "", shlex.join(options)).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("example", choices=EXAMPLES)
    parser.add_argument("--work", type=Path, default=Path("runs"))
    asked, options = parser.parse_known_args()
    shown = portable(options)
    name = "-".join([asked.example, *re.findall(r"\w+", variant(shown))])
    folder = asked.work / name
    script = ROOT / "examples" / f"{asked.example}.py"
    subprocess.run([sys.executable, script, *options, "--out", folder], check=True)
    measured = json.loads((folder / "results.json").read_text())
    words = ["python", "benchmarks/games.py", asked.example, *shown]
    measured["command"] = shlex.join(words)
    rows = Results(RESULTS / "games.json", protocol={})
    rows.add(measured, example=asked.example, variant=variant(shown))


if __name__ == "__main__":
    main()
