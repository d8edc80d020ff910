"""SIGKILLs that a training survives: it ends bit for bit as one that was left alone.

A small GAN on scikit-learn's digits keeps a checkpoint every third step; its process is
killed at random instants, within a save or not, and started again.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "kills.json"
sys.path.insert(0, str(ROOT))

from keras_gan.export.card.machine import machine, versions  # noqa: E402
from tests import crash_training  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, nargs=2, default=(2, 8))
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        steps = crash_training.assert_kills_change_nothing(
            Path(folder), asked.kills, tuple(asked.seconds)
        )
    result = {
        "command": f"python benchmarks/kills.py --kills {asked.kills}",
        "kills": asked.kills,
        "steps": steps,
        "differing_bits": 0,
        "seconds": round(time.perf_counter() - start),
        "versions": versions(),
        "machine": machine(),
    }
    asked.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{asked.kills} kills in {steps} steps: the state is equal to the last bit.")


if __name__ == "__main__":
    main()
