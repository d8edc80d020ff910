"""Trains an example for real and keeps what it measured, with the command.

    python benchmarks/games.py labels --steps 6000 --data mnist --data-dir ~/tfds

What follows the name goes to `examples/NAME.py`. A training that was stopped goes on.
"""

import argparse
import json
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("example", choices=EXAMPLES)
    parser.add_argument("--work", type=Path, default=Path("runs"))
    asked, options = parser.parse_known_args()
    folder = asked.work / asked.example
    script = ROOT / "examples" / f"{asked.example}.py"
    subprocess.run([sys.executable, script, *options, "--out", folder], check=True)
    measured = json.loads((folder / "results.json").read_text())
    Results(RESULTS / "games.json", protocol={}).add(measured, example=asked.example)


if __name__ == "__main__":
    main()
