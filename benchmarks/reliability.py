"""What a training survives, counted: every figure of it that the README gives.

A row of the results is a part of `PARTS`, with the command that made it. What is there
stays, and `--only` measures parts anew. The parts share their harness with the tests of
the same names.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[1]
# The harness of the tests, and what all scripts of results share.
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "published")]

from common import RESULTS, Results  # noqa: E402

from tests import crash_training  # noqa: E402

PROTOCOL = {
    "kills": "a process that trains and saves at every third step is killed at a "
    "random instant; after the last kill its state is compared with that of an "
    "unbroken training",
}


def kills(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    crash_training.kill(folder, asked.kills)
    return crash_training.compare(folder)._asdict()


PARTS: dict[str, Callable[[argparse.Namespace, Path], dict[str, Any]]] = {
    "kills": kills,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument(
        "--work", type=Path, help="folder that a stopped part goes on in"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "reliability.json")
    asked = parser.parse_args()
    for part in asked.only or PARTS:
        if not asked.only and Results(asked.out, PROTOCOL).find(part=part):
            continue
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            work = Path(asked.work or folder) / part
            work.mkdir(parents=True, exist_ok=True)
            row = PARTS[part](asked, work)
        row["seconds"] = round(time.perf_counter() - began)
        # Read again: another part may have been measured meanwhile.
        Results(asked.out, PROTOCOL).add(row, part=part)
        print(part, row, flush=True)


if __name__ == "__main__":
    main()
