"""What a training survives, counted: every such figure in the README.

Each part is one row of the results, with the command that made it. Rows that are there
stay; `--only` measures anew. `tests/test_crashes.py` and `tests/test_long_runs.py`
assert what is recorded here, by the same functions.
"""

import argparse
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "published")]

from common import RESULTS, Results  # noqa: E402, the scripts are no package

import keras_gan  # noqa: E402
from tests import crash_saves, crash_training, long_training  # noqa: E402

PROTOCOL = {
    "crashes": "every file operation of a real save is recorded and each prefix is "
    "replayed: all written, all that was not synced lost, and random pages of it lost",
    "mutants": "bytes of a file of a checkpoint are flipped, overwritten, moved or cut",
    "kills": "a process that trains and saves at every third step is killed at random; "
    "the last state is compared with that of an unbroken training",
    "long_run": f"a tiny game, a checkpoint every {long_training.EVERY_STEPS} steps; "
    "what its process takes at the end more than after "
    f"{long_training.WARM_UP_STEPS} steps",
    "bad_input": "the cases of tests/test_bad_input.py; named is what keras_gan raises "
    "itself, as a ValueError or TypeError",
}


def crashes(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    before = crash_saves.one_checkpoint(folder / "before")
    saves = crash_saves.SCENARIOS | {"without fsync": crash_saves.WITHOUT_SYNC}
    found = {}
    for name, save in saves.items():
        # A path of LD_PRELOAD has no spaces.
        (place := folder / name.replace(" ", "-")).mkdir()
        found[name] = Counter()
        for (_, what), count in crash_saves.outcomes(before, place, save).items():
            found[name][what] += count
    broken = found.pop("without fsync")
    return {
        "scenarios": found,
        "states": sum(counts.total() for counts in found.values()),
        "recovered": sum(counts["old"] + counts["new"] for counts in found.values()),
        "without_fsync": {**broken, "states": broken.total()},
    }


def mutants(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    before = crash_saves.one_checkpoint(folder / "before")
    counts = crash_saves.changed_bytes(before, folder, asked.mutants)
    return {"refused": counts["refused"], "accepted": counts["accepted"]}


def kills(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    crash_training.kill(folder, asked.kills)
    return crash_training.compare(folder)._asdict()


def long_run(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    return long_training.measure(folder, asked.steps)._asdict()


def bad_input(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from tests.test_bad_input import CASES

    named = 0
    for case in CASES:
        try:
            case()
        except (TypeError, ValueError) as error:
            raised = traceback.extract_tb(error.__traceback__)[-1].filename
            named += Path(raised).is_relative_to(Path(keras_gan.__file__).parent)
        except Exception:
            traceback.print_exc()
    return {"cases": len(CASES), "named": named}


PARTS: dict[str, Callable[[argparse.Namespace, Path], dict[str, Any]]] = {
    "crashes": crashes,
    "mutants": mutants,
    "kills": kills,
    "long_run": long_run,
    "bad_input": bad_input,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), metavar="PART")
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument(
        "--work", type=Path, help="where stopped kills are gone on with"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "reliability.json")
    asked = parser.parse_args()
    for part in asked.only or PARTS:
        if not asked.only and Results(asked.out, PROTOCOL).find(part=part):
            continue
        with tempfile.TemporaryDirectory() as folder:
            goes_on = part == "kills" and asked.work
            row = PARTS[part](asked, asked.work if goes_on else Path(folder))
        # Opened only now: another part may have been measured meanwhile.
        Results(asked.out, PROTOCOL).add(row, part=part)
        print(part, row, flush=True)


if __name__ == "__main__":
    main()
