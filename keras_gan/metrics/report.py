"""The report of an evaluation: JSON, Markdown and pictures."""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.directions import better
from keras_gan.metrics.protocol import notes_of, protocol_of
from keras_gan.metrics.verdicts import Verdict, verdicts

SCHEMA_VERSION = 1
_NUM_SAMPLES, _NUM_BESIDE, _NUM_NEIGHBOURS = 64, 10, 3


class Number(NamedTuple):
    """One number of a report.

    Attributes:
        values: One for each seed.
        floor: The same of real data, empty where there is none.
    """

    values: tuple[float, ...]
    floor: tuple[float, ...] = ()


@dataclass(frozen=True)
class Report:
    """What was measured of a generator, by which protocol, and what it says.

    Args:
        protocol: All that the numbers depend on, by name.
        numbers: By name, in the order of the metrics.
        verdicts: What they say.
        pictures: Uint8 arrays by the name of their file.
    """

    protocol: dict[str, Any]
    numbers: dict[str, Number]
    verdicts: tuple[Verdict, ...]
    pictures: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        evaluation: Any,
        draw: Any,
        seeds: tuple[int, ...],
        *,
        command: str = "",
        source: str = "",
        resize: str = "none",
        notes: tuple[str, ...] = (),
    ) -> "Report":
        """Measure draws of several seeds; see `Evaluation.report`."""
        if not seeds:
            raise ValueError("A report needs at least one seed. Received: seeds=().")
        found, samples, left_out = [], None, {}
        for seed in seeds:
            numbers, drawn = evaluation.measure_and_keep(draw, seed)
            samples = drawn if samples is None else samples
            found.append(numbers)
            left_out |= evaluation.left_out
        found = _of_all(found)
        floors = [evaluation.floor(seed) for seed in seeds]
        protocol = {
            "command": command or f"Evaluation(...).report(draw, seeds={seeds})",
            "source": source or getattr(draw, "source", type(draw).__name__),
            **protocol_of(evaluation, seeds, resize),
            "conditions": getattr(evaluation.by_labels(draw), "conditions", {}),
            "left_out": left_out,
            "notes": [*notes_of(evaluation), *notes, *getattr(draw, "notes", ())],
        }
        return cls(
            protocol,
            _numbers(found, floors),
            verdicts(_means(found), _means(floors)),
            _pictures(evaluation, samples),
        )

    def to_json(self) -> dict[str, Any]:
        """Return all but the pictures as JSON can hold it: what is not finite, null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "protocol": self.protocol,
            "verdicts": [verdict._asdict() for verdict in self.verdicts],
            "numbers": {
                name: {
                    **_summary(number.values),
                    "floor": _summary(number.floor) if number.floor else None,
                    "better": better(name),
                }
                for name, number in self.numbers.items()
            },
        }

    def to_markdown(self) -> str:
        """Return the report for a reader."""
        problems = [v.text for v in self.verdicts if v.is_problem]
        fine = [v.text for v in self.verdicts if not v.is_problem]
        lines = [
            f"# Evaluation of {self.protocol['source']}",
            "",
            *(f"- **{text}**" for text in problems),
            *(f"- {text}" for text in fine),
            "",
            *self._table(),
            "",
            "Mean and standard deviation over the seeds. The floor is real data that "
            "play the generator, in the same numbers; of a copied share, the level of "
            "real examples that were not trained on.",
            "",
            *self._figures(),
            "## Protocol",
            "",
            *(f"- {name}: {_said(value)}" for name, value in self.protocol.items()),
        ]
        return "\n".join(lines) + "\n"

    def table(self) -> str:
        """Return the numbers for a terminal."""
        rows = self._cells()
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def write(self, folder: str | os.PathLike) -> Path:
        """Write `evaluation.json`, `evaluation.md` and the pictures.

        Args:
            folder: Where to; it is made.

        Returns:
            The path of `evaluation.md`.
        """
        from keras_gan.pictures import save_png

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in self.pictures.items():
            save_png(folder / name, picture)
        text = json.dumps(self.to_json(), indent=2, allow_nan=False)
        (folder / "evaluation.json").write_text(f"{text}\n", encoding="utf-8")
        page = folder / "evaluation.md"
        page.write_text(self.to_markdown(), encoding="utf-8")
        return page

    def _cells(self) -> list[tuple[str, str, str, str]]:
        head = ("number", "generator", "floor", "better")
        return [head] + [
            (name, _shown(number.values), _shown(number.floor), better(name))
            for name, number in self.numbers.items()
        ]

    def _table(self) -> list[str]:
        head, *rows = (f"| {' | '.join(cells)} |" for cells in self._cells())
        return [head, "|---|---|---|---|", *rows]

    def _figures(self) -> list[str]:
        captions = {
            "samples.png": "Samples of the first seed, not chosen.",
            "neighbours.png": "On the left samples of the first seed, not chosen; "
            "beside each the nearest training examples in pixels, then in features.",
        }
        return [
            line
            for name in self.pictures
            for line in (f"![{captions[name]}]({name})", "", f"*{captions[name]}*", "")
        ]


def _of_all(found):
    """The numbers that every seed has."""
    names = [name for name in found[0] if all(name in item for item in found)]
    return [{name: item[name] for name in names} for item in found]


def _numbers(found, floors) -> dict[str, Number]:
    numbers = {}
    for name in found[0]:
        if name.startswith("held_out_"):
            continue
        pairs = zip(floors, found, strict=True)
        levels = [{**floor, **_levels(item)} for floor, item in pairs]
        floor = tuple(level[name] for level in levels if name in level)
        numbers[name] = Number(tuple(item[name] for item in found), floor)
    return numbers


def _levels(found) -> dict[str, float]:
    prefix = "held_out_"
    # New data are as far from the training data as new data.
    levels = {name: 0.0 for name in found if name.startswith("copying_z")}
    return levels | {
        k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)
    }


def _means(found) -> dict[str, float]:
    return {name: float(np.mean([item[name] for item in found])) for name in found[0]}


def _summary(values) -> dict[str, Any]:
    finite = [value if math.isfinite(value) else None for value in values]
    known = None not in finite
    return {
        "mean": float(np.mean(values)) if known else None,
        "deviation": _deviation(values) if known else None,
        "values": finite,
    }


def _deviation(values) -> float | None:
    if len(values) < 2:
        return None
    # Equal numbers leave a rounding error.
    deviation = float(np.std(values, ddof=1))
    return deviation if deviation > 1e-12 * np.max(np.abs(values)) else 0.0


def _shown(values) -> str:
    if not values:
        return ""
    mean = float(np.mean(values))
    if not math.isfinite(mean):
        return "∞" if mean > 0 else str(mean)
    deviation = _deviation(values)
    return f"{mean:.4g}" + ("" if deviation is None else f" ± {deviation:.2g}")


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_said(item) for item in value) or "none"
    if value is None or isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`"


def _pictures(evaluation, samples) -> dict[str, np.ndarray]:
    from keras_gan import pictures
    from keras_gan.metrics.memorisation import neighbour_picture

    # Of vectors all: a scatter of few shows nothing.
    shown = samples[:_NUM_SAMPLES] if evaluation.is_image else samples
    found = {"samples.png": pictures.picture(shown)}
    if evaluation.is_image and "memorisation" in evaluation.metrics:
        chosen = samples[:_NUM_BESIDE]
        nearest = [
            evaluation.training_sets[name].nearest(rows(chosen), _NUM_NEIGHBOURS)
            for name, rows in evaluation.searched.items()
        ]
        train = evaluation.train.images
        found["neighbours.png"] = neighbour_picture(chosen, train, *nearest)
    return found
