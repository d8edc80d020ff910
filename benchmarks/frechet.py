"""Times our Fréchet distance against a matrix root and against plain eigenvalues."""

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import scipy
import threadpoolctl

from keras_gan.export.card.machine import machine, versions
from keras_gan.metrics.frechet import FeatureStatistics, frechet_distance

NUM_HIDDEN = 256
NOISE = 0.2
PROTOCOL = (
    "Features are a rectified mixture of 256 hidden normal numbers and noise, "
    "correlated and not negative as a network's are. All start from the same means "
    "and covariances in float64 and take turns, `rounds` times; medians. `sqrtm` is "
    "scipy.linalg.sqrtm of the product of the covariances, `eigvals` NumPy's "
    "eigenvalues of it, as torch-fidelity 0.4 computes. `ratio` is the other's CPU "
    "time over ours. On a busy machine take one thread: several wait for each other, "
    "and their waiting counts as CPU time."
)


def draw_features(seed: int, num_images: int, num_features: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((num_images, NUM_HIDDEN))
    mixing = np.random.default_rng(0).standard_normal((NUM_HIDDEN, num_features))
    noise = random.standard_normal((num_images, num_features))
    scale = 1.0 + 0.1 * seed  # the second side differs
    return np.maximum(scale * hidden @ mixing / 16 + NOISE * noise + 0.1, 0.0)


def without_overlap(real: FeatureStatistics, fake: FeatureStatistics) -> float:
    gap = real.mean - fake.mean
    return gap @ gap + np.trace(real.covariance) + np.trace(fake.covariance)


def by_sqrtm(real: FeatureStatistics, fake: FeatureStatistics) -> float:
    import scipy.linalg

    root = scipy.linalg.sqrtm(real.covariance @ fake.covariance)
    return float(without_overlap(real, fake) - 2 * np.trace(root).real)


def by_eigvals(real: FeatureStatistics, fake: FeatureStatistics) -> float:
    values = np.linalg.eigvals(real.covariance @ fake.covariance)
    return float(
        without_overlap(real, fake) - 2 * np.sqrt(values.astype(complex)).real.sum()
    )


CONTENDERS: dict[str, Callable] = {
    "keras_gan": frechet_distance,
    "sqrtm": by_sqrtm,
    "eigvals": by_eigvals,
}


def timed(function: Callable, *args) -> tuple[float, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = function(*args)
    return value, time.perf_counter() - wall, time.process_time() - cpu


def measure(real, fake, rounds: int) -> dict[str, dict]:
    turns: dict[str, list] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, function in CONTENDERS.items():
            turns[name].append(timed(function, real, fake))
    rows = {}
    for name, results in turns.items():
        value, seconds, cpu_s = (
            statistics.median(x) for x in zip(*results, strict=True)
        )
        rows[name] = {"value": value, "seconds": seconds, "cpu_s": cpu_s}
    for row in rows.values():
        row["ratio"] = row["cpu_s"] / rows["keras_gan"]["cpu_s"]
        row["relative_gap"] = row["value"] / rows["keras_gan"]["value"] - 1.0
    return rows


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, help="of BLAS; default: its own choice")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    if args.threads:
        threadpoolctl.threadpool_limits(args.threads)
    load = os.getloadavg()[0]
    sides, statistics_s = [], []
    for seed in (0, 1):
        features = draw_features(seed, args.images, args.features)
        side, _, cpu_s = timed(FeatureStatistics.of, features)
        sides.append(side)
        statistics_s.append(cpu_s)
    report = {
        "benchmark": "frechet",
        "command": shlex.join(["python", *sys.argv]),
        "machine": machine() | {"platform": platform.platform()},
        "versions": versions() | {"scipy": scipy.__version__},
        "protocol": PROTOCOL,
        "num_images": args.images,
        "num_features": args.features,
        "rounds": args.rounds,
        "threads": args.threads or "as they are",
        "statistics_cpu_s": statistics.mean(statistics_s),
        "contenders": measure(*sides, args.rounds),
        "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
    }
    text = json.dumps(report)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
