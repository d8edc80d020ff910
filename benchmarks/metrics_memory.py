"""Peak memory and time of each metric on 50,000 x 2,048 features a side.

Each is measured in a process of its own, whose whole memory counts: Python, TensorFlow
and both sides in float32. Rows that are there stay; `--only` measures anew.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "published")]

import numpy as np  # noqa: E402
from common import RESULTS, Results  # noqa: E402, the scripts are no package
from frechet import draw_features  # noqa: E402

from keras_gan import metrics  # noqa: E402

SIDES = "real", "fake"
BATCH = 500
NUM_CLASSES = 1008
NUM_LIKELY = 10_000


def in_batches(metric: metrics.FD) -> Callable:
    """A metric of `compile`, fed as `fit` does."""

    def measure(real, fake):
        for start in range(0, len(real), BATCH):
            rows = slice(start, start + BATCH)
            metric.update_state(real[rows], fake[rows])
        return float(metric.result())

    return measure


def inception_score(real, fake):
    odds = np.exp(fake[:, :NUM_CLASSES])
    odds /= odds.sum(axis=1, keepdims=True)
    return metrics.inception_score(odds).mean


def parzen(real, fake):
    for side in (real, fake):
        np.clip(side, 0.0, 1.0, out=side)
    return metrics.parzen_log_likelihood(fake, real, real[-NUM_LIKELY:]).log_likelihood


METRICS: dict[str, Callable] = {
    "frechet_distance": metrics.frechet_distance,
    "kernel_distance": lambda *sides: metrics.kernel_distance(*sides).mean,
    "mind": metrics.mind,
    "precision_recall": lambda *sides: metrics.precision_recall(*sides).recall,
    "density_coverage": lambda *sides: metrics.density_coverage(*sides).coverage,
    "memorisation": lambda real, fake: metrics.memorisation(fake, real).z,
    "support_size": lambda real, fake: metrics.support_size(fake, real).support,
    "inception_score": inception_score,
    "parzen_log_likelihood": parzen,
    "FD in fit": lambda *sides: in_batches(metrics.FD("pixels"))(*sides),
    "KID in fit": lambda *sides: in_batches(metrics.KID("pixels"))(*sides),
    "MIND in fit": lambda real, fake: in_batches(
        metrics.MIND("pixels", num_images=len(real))
    )(real, fake),
}


def protocol(num_images: int, num_features: int) -> dict:
    return {
        "features": f"{num_images} x {num_features} of each side, float32, drawn as "
        "those of frechet.py",
        "memory": "the largest resident set of a process that loads both sides and "
        "takes one metric",
        "inception_score": f"{NUM_CLASSES} classes",
        "parzen_log_likelihood": f"of {NUM_LIKELY} test rows",
        "in fit": f"batches of {BATCH}; MIND keeps every row",
    }


def peak_bytes() -> int:
    """The largest resident set of this program, without that which started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024


def measure(name: str, folder: Path) -> dict:
    """What this process takes for one metric."""
    sides = [np.load(folder / f"{side}.npy") for side in SIDES]
    before = time.perf_counter(), time.process_time()
    value = METRICS[name](*sides)
    seconds = time.perf_counter() - before[0]
    cpu_seconds = time.process_time() - before[1]
    return {
        "value": value,
        "peak_gb": round(peak_bytes() / 1e9, 2),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--only", nargs="+", choices=list(METRICS), metavar="METRIC")
    parser.add_argument("--out", type=Path, default=RESULTS / "metrics_memory.json")
    parser.add_argument("--in-process", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.in_process:
        print(json.dumps(measure(asked.only[0], asked.in_process)))
        return
    results = Results(asked.out, protocol(asked.images, asked.features))
    with tempfile.TemporaryDirectory() as folder:
        for seed, side in enumerate(SIDES):
            rows = draw_features(seed, asked.images, asked.features)
            np.save(Path(folder) / f"{side}.npy", rows.astype("float32"))
        del rows
        for name in METRICS:
            if asked.only and name not in asked.only:
                continue
            if not asked.only and results.find(metric=name):
                continue
            words = [sys.executable, __file__, "--only", name, "--in-process", folder]
            run = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
            row = json.loads(run.stdout.splitlines()[-1])
            results.add(row, metric=name)
            print(name, row, flush=True)


if __name__ == "__main__":
    main()
