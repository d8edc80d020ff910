"""Times our training step against four others on the same networks."""

import argparse
import importlib.util
import json
import os
import platform
import random
import shlex
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import train_step_contenders as contenders

from keras_gan import __version__
from keras_gan.data import from_arrays

IMAGE_SHAPES = {28: (28, 28, 1), 64: (64, 64, 3)}
NUM_IMAGES = 2048
# Most that our step may take of the other's, by image size.
AIMS = {
    "hand_written": {28: 1.03, 64: 1.03},
    "example": {28: 1.0, 64: 0.9},
    "torch": {28: 0.9, 64: 0.9},
}
AIMS_ARE_FOR = (32, 64)  # width, batch size
OURS = "keras_gan"
SETTINGS = ("rounds", "steps", "patience", "width", "batch_size", "threads")
# A turn during which other processes took more cores than this is played again.
CALM = 0.1
PAUSE = 3.0
# Fewer values cannot hold their median in between with 95 % confidence: 2 / 2**n.
MIN_PAIRS = 6
PROTOCOL = (
    "One process, a random order of the contenders in each round. Each plays "
    f"{contenders.WARM_UP} steps outside the clock and then `steps` on it. A turn "
    f"during which other processes took over {CALM} cores is played again after "
    f"{PAUSE:g} s, at most `patience` times; turns that never were calm are left out. "
    "Ratios are of our time to the other's in the same round, both turns calm; median "
    "with its 95 % bootstrap interval. `met` compares the median with the aim, "
    "`certain` says that the whole interval agrees."
)


def parse_arguments() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--steps", type=int, default=10, help="on the clock, per turn")
    parser.add_argument(
        "--patience", type=int, default=10, help="repetitions of a disturbed turn"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[28, 64], choices=list(IMAGE_SHAPES)
    )
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=cores, help="of each framework")
    parser.add_argument("--out", type=Path, help="JSON file, beside standard output")
    return parser.parse_args()


def limit_threads(threads: int, with_torch: bool) -> None:
    """Gives both frameworks as many threads, and the process as many cores."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    if with_torch:
        import torch

        torch.set_num_threads(threads)


def make_contenders(size: int, args: argparse.Namespace, with_torch: bool) -> dict:
    image_shape = IMAGE_SHAPES[size]
    pixels = np.random.default_rng(0).integers(
        0, 256, (NUM_IMAGES, *image_shape), dtype="uint8"
    )
    pipeline = from_arrays(pixels, batch_size=args.batch_size)
    built = contenders.make_all(pipeline, args.width)
    if with_torch:
        from train_step_torch import TutorialStep

        built["torch"] = TutorialStep(pixels, args.batch_size, args.width)
        check_same_parameters(built[OURS], built["torch"])
    return built


def check_same_parameters(ours, other) -> None:
    if ours.num_parameters() != other.num_parameters():
        raise ValueError(
            "Expected networks of the same size. Received numbers of trainable "
            f"parameters: {ours.num_parameters()} and {other.num_parameters()}."
        )


def time_rounds(built: dict, args: argparse.Namespace) -> list[dict]:
    """Returns the turns of every round by contender."""
    order = random.Random(0)
    for contender in built.values():
        contender.run(1)
    rounds = []
    for _ in range(args.rounds):
        turns = order.sample(list(built), len(built))
        rounds.append({name: time_turn(built[name], args) for name in turns})
    for name, contender in built.items():
        if not np.isfinite(list(contender.losses().values())).all():
            raise ValueError(f"Diverged: {name}. Received: {contender.losses()}.")
    return rounds


def time_turn(contender, args: argparse.Namespace) -> dict:
    """Returns milliseconds per step, and the cores that others took meanwhile."""
    for attempt in range(args.patience + 1):
        if attempt > 0:
            time.sleep(PAUSE)
        start, others = time.perf_counter(), seconds_of_others()
        seconds = contender.run(args.steps)
        others = (seconds_of_others() - others) / (time.perf_counter() - start)
        if others <= CALM:
            break
    return {"ms": round(1e3 * seconds / args.steps, 3), "others": round(others, 2)}


def seconds_of_others() -> float:
    """CPU seconds that the machine has given to other processes since its start."""
    if sys.platform != "linux":
        return 0.0
    line = Path("/proc/stat").read_text().partition("\n")[0]
    user, nice, system, _, _, *interrupts_and_stolen = map(int, line.split()[1:9])
    busy = user + nice + system + sum(interrupts_and_stolen)
    return busy / os.sysconf("SC_CLK_TCK") - time.process_time()


def calm_times(rounds: list[dict], *names: str) -> list[list[float]]:
    """Milliseconds of the named contenders in the rounds where all of them had calm."""
    turns = [[x[name] for name in names] for x in rounds]
    calm = [x for x in turns if all(turn["others"] <= CALM for turn in x)]
    return [[turn["ms"] for turn in x] for x in calm]


def median_and_interval(values: list[float]) -> dict:
    summary = {"num_rounds": len(values), "median": None, "interval": None}
    if values:
        summary["median"] = round(statistics.median(values), 4)
    if len(values) >= MIN_PAIRS:
        samples = np.random.default_rng(0).choice(values, (10_000, len(values)))
        ends = np.percentile(np.median(samples, axis=1), [2.5, 97.5])
        summary["interval"] = ends.round(4).tolist()
    return summary


def compare(rounds: list[dict], name: str, aim: float | None) -> dict:
    pairs = calm_times(rounds, OURS, name)
    ratio = median_and_interval([ours / other for ours, other in pairs])
    ratio |= {"aim": aim, "met": None, "certain": None}
    if aim is not None and ratio["interval"]:
        low, high = ratio["interval"]
        ratio["met"] = ratio["median"] <= aim
        ratio["certain"] = high <= aim or low > aim
    return ratio


def measure(size: int, args: argparse.Namespace, with_torch: bool) -> dict:
    keras.backend.clear_session()
    built = make_contenders(size, args, with_torch)
    rounds = time_rounds(built, args)
    stated = (args.width, args.batch_size) == AIMS_ARE_FOR
    result = {
        "image_shape": IMAGE_SHAPES[size],
        "parameters": built[OURS].num_parameters(),
        "ms_per_step": {
            name: median_and_interval([ms for (ms,) in calm_times(rounds, name)])
            for name in built
        },
        "ratio_of_ours_to": {
            name: compare(
                rounds, name, AIMS.get(name, {}).get(size) if stated else None
            )
            for name in built
            if name != OURS
        },
        "losses": {name: contender.losses() for name, contender in built.items()},
        "rounds": rounds,
    }
    print_table(size, args, result)
    return result


def print_table(size: int, args: argparse.Namespace, result: dict) -> None:
    def line(*cells):
        print("{:<20}{:>9}{:>9}{:>17}{:>7}{:>7}  {}".format(*cells), file=sys.stderr)

    print(
        f"\n{size}x{size}, width {args.width}, batch {args.batch_size}; trainable "
        f"parameters {result['parameters']}",
        file=sys.stderr,
    )
    line("step", "ms", "ratio", "95 % interval", "pairs", "aim", "met")
    for name, time_taken in result["ms_per_step"].items():
        ratio = result["ratio_of_ours_to"].get(name, {})
        line(
            name,
            shown(time_taken["median"], ".1f"),
            shown(ratio.get("median"), ".3f"),
            " to ".join(shown(end, ".3f") for end in ratio.get("interval") or []),
            ratio.get("num_rounds", ""),
            shown(ratio.get("aim"), ".2f"),
            verdict(ratio, args.rounds),
        )


def shown(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def verdict(ratio: dict, rounds: int) -> str:
    if ratio.get("aim") is None:
        return ""
    if ratio["met"] is None:
        return f"open: {ratio['num_rounds']} calm pairs of {rounds}"
    return ("yes" if ratio["met"] else "no") + (
        "" if ratio["certain"] else ", not certain"
    )


def describe_machine() -> dict:
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [x.partition(":")[2].strip() for x in lines if "model name" in x]
        cpu = names[0] if names else cpu
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def describe_versions(with_torch: bool) -> dict:
    modules = {"tensorflow": tf, "keras": keras, "numpy": np}
    if with_torch:
        import torch

        modules["torch"] = torch
    versions = {name: str(module.__version__) for name, module in modules.items()}
    return {"keras_gan": __version__, "python": platform.python_version(), **versions}


def main() -> None:
    args = parse_arguments()
    with_torch = importlib.util.find_spec("torch") is not None
    limit_threads(args.threads, with_torch)
    load = os.getloadavg()[0]
    report = {
        "benchmark": "train_step",
        "command": shlex.join(["python", *sys.argv]),
        "machine": describe_machine(),
        "versions": describe_versions(with_torch),
        "protocol": PROTOCOL,
        **{key: getattr(args, key) for key in SETTINGS},
        "sizes": {size: measure(size, args, with_torch) for size in args.sizes},
        "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
    }
    if not with_torch:
        print("torch is not installed: no comparison with it.", file=sys.stderr)
    text = json.dumps(report)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
