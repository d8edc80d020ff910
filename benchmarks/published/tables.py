"""Writes the tables of numbers into README and docs, from the result files.

A table stands between `<!-- table NAME -->` and `<!-- end -->`, and is made from
`results/NAME.json`, or of `FILE.NAME` from `results/FILE.json`. `--check` writes
nothing and fails where a table is not that of its file.
"""

import argparse
import json
import math
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import games_tables  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", DOCS / "metrics.md", *sorted(DOCS.glob("games/*.md")))
TABLE = re.compile(r"(<!-- table ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# The columns of the ring and the grid: penalties that act together.
PENALTIES = (
    (),
    ("r1",),
    ("r1", "r2"),
    ("gradient_penalty",),
    ("dragan",),
    ("r2",),
    ("fd_r1", "fd_r2"),
)
# Modes of the ring and of the grid, as VEEGAN's table has them.
MODES = {"ring": 8, "grid": 25}
RING_GRID = {"GAN": (1, 3.3), "Unrolled GAN": (7.6, 23.6), "VEEGAN": (8, 24.6)}
# Modes and KL, as PacGAN's, StyleGAN2's and R3GAN's authors give them.
STACKED_MNIST = {
    "ALI": (16, 5.40),
    "Unrolled GAN": (48.7, 4.32),
    "DCGAN": (99, 3.40),
    "VEEGAN": (150, 2.95),
    "WGAN-GP": (959, 0.73),
    "StyleGAN2": (940, 0.42),
    "PacDCGAN2": (1000, 0.06),
    "R3GAN": (1000, 0.029),
}
# Mean log-likelihood of the test images and its standard error over them, Table 1 of
# Goodfellow et al. (2014).
PARZEN_MNIST = {
    "DBN": (138, 2.0),
    "Stacked CAE": (121, 1.6),
    "Deep GSN": (214, 1.1),
    "Adversarial nets": (225, 2.0),
}


def parzen_mnist(result: dict[str, Any]) -> list[list[str]]:
    """Log-likelihoods by recipe, means over the seeds, and what they hide."""
    names = ["log-likelihood", "copied (new)", "precision", "recall", "seeds"]
    lines = [["", *names]]
    for recipe in dict.fromkeys(row["recipe"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["recipe"] == recipe]
        found = [row["log_likelihood"] for row in rows]
        # One seed has the error over the test images, as the published rows do.
        error = rows[0]["standard_error"] if len(rows) == 1 else statistics.stdev(found)
        copied, new, *shares = (
            statistics.mean(row[name] for row in rows)
            for name in ("copied_share", "held_out_copied_share", "precision", "recall")
        )
        lines.append(
            [
                recipe,
                f"{statistics.mean(found):.0f} ± {error:.1f}",
                f"{copied:.0%} ({new:.0%})",
                *(f"{share:.0%}" for share in shares),
                str(len(rows)),
            ]
        )
    for name, (mean, error) in PARZEN_MNIST.items():
        lines.append([f"{name}, published", f"{mean} ± {error:g}", "", "", "", ""])
    return lines


def stacked_mnist(result: dict[str, Any]) -> list[list[str]]:
    """Modes and KL at the last count of every seed."""
    lines = [["", "modes of 1,000", "KL", "steps"]]
    for seed in dict.fromkeys(row["seed"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["seed"] == seed]
        last = max(rows, key=lambda row: row["step"])
        step = f"{last['step']:,}"
        ours = f"relativistic pairs, R1 and R2, seed {seed}"
        lines.append([ours, str(last["modes"]), f"{last['kl']:.2f}", step])
    for name, (modes, kl) in STACKED_MNIST.items():
        lines.append([f"{name}, published", f"{modes:g}", f"{kl:g}", ""])
    return lines


def ring_grid(result: dict[str, Any]) -> list[list[str]]:
    """Modes of the ring and of the grid by loss and penalties, means over the seeds.

    Bold where every seed found all; then the samples of high quality on both.
    """
    names = [" + ".join(penalties).replace("_", " ") for penalties in PENALTIES]
    lines = [["ring of 8 / grid of 25", names[0] or "no penalty", *names[1:]]]
    recipes = dict.fromkeys(row["recipe"] for row in result["rows"])
    for loss in dict.fromkeys(recipe.split(" + ")[0] for recipe in recipes):
        cells = [
            _covered(result["rows"], " + ".join((loss, *penalties)))
            for penalties in PENALTIES
        ]
        lines.append([loss.replace("_", " "), *cells])
    for name, (ring, grid) in RING_GRID.items():
        cells = [f"{ring:g} / {grid:g}", *[""] * (len(PENALTIES) - 1)]
        lines.append([f"{name}, published", *cells])
    return lines


def _covered(rows: list[dict], recipe: str) -> str:
    found = {
        data: [row for row in rows if (row["recipe"], row["data"]) == (recipe, data)]
        for data in MODES
    }
    if not all(found.values()):
        return ""

    def means(name: str, form: str) -> str:
        values = (statistics.mean(row[name] for row in found[x]) for x in MODES)
        return " / ".join(format(value, form) for value in values)

    modes, shares = means("modes", ".3g"), means("high_quality_share", ".0%")
    whole = all(row["modes"] == MODES[data] for data in MODES for row in found[data])
    return f"{f'**{modes}**' if whole else modes}, {shares}"


def time_to_quality(result: dict[str, Any]) -> list[list[str]]:
    """Medians over the seeds by threshold, and how many times as long theirs takes.

    A run that never got there counts as longer than all that did.
    """
    ours, theirs = (
        [row for row in result["rows"] if row["recipe"] == recipe]
        for recipe in ("keras_gan", "keras_example")
    )
    lines = [["", "keras_gan", "Keras' example", "ratio", "seeds"]]
    reached = dict.fromkeys(t for row in result["rows"] for t in row["reached"])
    for times in sorted(reached, key=int, reverse=True):
        for clock in ("wall", "cpu"):
            a, b = (_median(rows, times, clock) for rows in (ours, theirs))
            lines.append(
                [
                    f"{times} times the floor, {clock} seconds",
                    *(
                        f"{x:.0f}" if math.isfinite(x) else "not reached"
                        for x in (a, b)
                    ),
                    f"{b / a:.1f}" if math.isfinite(a + b) else "",
                    ", ".join(str(n) for n in dict.fromkeys([len(ours), len(theirs)])),
                ]
            )
    return lines


def _median(rows: list[dict], times: str, clock: str) -> float:
    never = {clock: math.inf}
    found = [row["reached"].get(times, never)[clock] for row in rows]
    return statistics.median(found) if found else math.inf


_CONTENDERS = {
    "hand_written": "the same round, hand-written as a `tf.function`",
    "example": "the round of Keras' DCGAN example",
    "torch": "the round of PyTorch's DCGAN tutorial",
}


def train_step(result: dict[str, Any]) -> list[list[str]]:
    """Our time over that of others, and ours alone, by image size."""
    sizes = result["sizes"].values()
    shapes = ["x".join(map(str, size["image_shape"])) for size in sizes]
    lines = [["`GAN.fit` over", *shapes]]
    for name, words in _CONTENDERS.items():
        ratios = [size["ratio_of_ours_to"].get(name) for size in sizes]
        lines.append([words, *(_ratio(ratio) for ratio in ratios)])
    ours = [size["ms_per_step"]["keras_gan"]["median"] for size in sizes]
    return [*lines, ["milliseconds of `GAN.fit`", *(f"{ms:.0f}" for ms in ours)]]


def _ratio(found: dict[str, Any] | None) -> str:
    if found is None or found["median"] is None:
        return ""
    if found["interval"] is None:
        return f"{found['median']:.2f}, {found['num_rounds']} rounds only"
    low, high = found["interval"]
    return f"{found['median']:.2f} ({low:.2f} to {high:.2f})"


def metrics_memory(result: dict[str, Any]) -> list[list[str]]:
    """What each metric takes at its largest."""
    lines = [["metric", "peak memory, GB", "processor seconds"]]
    for row in result["rows"]:
        cells = [f"{row['peak_gb']:.1f}", f"{row['cpu_seconds']:,.0f}"]
        lines.append([f"`{row['metric']}`", *cells])
    return lines


def frechet(result: dict[str, Any]) -> list[list[str]]:
    """Processor seconds of the Fréchet distance and of other ways to it."""
    lines = [["way", "processor seconds", "over ours", "relative gap"]]
    for name, found in result["contenders"].items():
        numbers = f"{found['cpu_s']:.1f}", f"{found['ratio']:.1f}"
        gap = abs(found["relative_gap"])
        lines.append([f"`{name}`", *numbers, f"{gap:.0e}" if gap else ""])
    return lines


def reliability(result: dict[str, Any]) -> list[list[str]]:
    """What was tried on a training, what came of it, and the command that tells."""
    lines = [["tried", "found", "command"]]
    for part, words in _SURVIVED.items():
        for row in result["rows"]:
            if row["part"] == part:
                lines += [[*cells, f"`{row['command']}`"] for cells in words(row)]
    return lines


def _crashes(row: dict[str, Any]) -> list[list[str]]:
    saves, broken = len(row["scenarios"]), row["without_fsync"]
    lost = broken["states"] - broken["old"] - broken["new"]
    return [
        [
            f"states that kills and power cuts leave of {saves} recorded saves",
            f"{row['recovered']:,} of {row['states']:,} hold a whole checkpoint",
        ],
        [
            "the same of a writer whose fsync is taken out",
            f"{lost:,} of {broken['states']:,} are lost",
        ],
    ]


def _mutants(row: dict[str, Any]) -> list[list[str]]:
    count = row["refused"] + row["accepted"]
    found = f"{row['refused']:,} refused, {row['accepted']:,} accepted"
    return [[f"{count:,} checkpoints with changed bytes", found]]


def _kills(row: dict[str, Any]) -> list[list[str]]:
    tried = f"{row['kills']:,} SIGKILLs, {row['within_a_save']:,} of them within a save"
    differing = f"{row['differing_bits']:,} of {row['bits']:,} bits differ"
    return [[tried, f"{differing} after {row['steps']:,} steps"]]


def _long_run(row: dict[str, Any]) -> list[list[str]]:
    found = f"{row['memory_mib']:+.2f} MiB of memory, {row['open_files']:+} open files"
    return [[f"{row['steps']:,} steps, after the warm-up", found]]


def _bad_input(row: dict[str, Any]) -> list[list[str]]:
    found = f"{row['named']} of {row['cases']} raise a named error"
    return [["bad inputs", found]]


_SURVIVED = {
    "crashes": _crashes,
    "mutants": _mutants,
    "kills": _kills,
    "long_run": _long_run,
    "bad_input": _bad_input,
}


MAKERS: dict[str, Callable[[dict[str, Any]], list[list[str]]]] = {
    "frechet": frechet,
    "metrics_memory": metrics_memory,
    "parzen_mnist": parzen_mnist,
    "reliability": reliability,
    "ring_grid": ring_grid,
    "stacked_mnist": stacked_mnist,
    "time_to_quality": time_to_quality,
    "train_step": train_step,
    **games_tables.MAKERS,
}


def markdown(lines: list[list[str]]) -> str:
    """Returns rows of cells as a table, the first of them as its head."""
    head, *body = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def with_tables(page: str) -> str:
    """Returns a page with each of its tables made anew."""

    def table(match: re.Match) -> str:
        name = match[2]
        result = json.loads((RESULTS / f"{name.split('.')[0]}.json").read_text())
        return f"{match[1]}{markdown(MAKERS[name](result))}\n{match[3]}"

    return TABLE.sub(table, page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for path in PAGES:
        page = path.read_text()
        if with_tables(page) != page:
            stale.append(path.name)
            if not check:
                path.write_text(with_tables(page))
    if check and stale:
        sys.exit(f"Not as the result files say: {', '.join(stale)}. Run tables.py.")


if __name__ == "__main__":
    main()
