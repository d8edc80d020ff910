"""The page of the export matrix, made of its JSON."""

import re
from collections.abc import Iterator
from typing import Any

TITLE = "# Every generator in every format and mode"
INTRODUCTION = """\
This page is made by a script; change the script or the zoo, not the page:

```
{command}                    # only what is missing
{command} --again            # everything, {num_cells} exports
{command} --only dcgan_generator --again
{command} --page-only        # this page, from `{results}`
```

{protocol}

Cells of float modes say the largest error over the largest value, as `2e-07`. Cells of
quantised ones say the 5th percentile of the paired signal-to-noise ratio of 256
samples, as `47 dB`. A raised number points to a reason below the table, a raised
letter to what the exporter wrote in another form or found worth knowing. The JSON
beside the script has the mean, structural similarity, feature distance and size of
every cell.

Measured on {cpu}, {cores} cores, {system}, with {versions}."""
HEADINGS = {
    "saved_model": "SavedModel",
    "tflite": "TFLite",
    "tflite-float16": "float16",
    "tflite-dynamic": "dynamic",
    "tflite-weight-only": "weight only",
    "tflite-int8": "int8",
    "tflite-int8-io": "int8 io",
    "tflite-int16x8": "int16x8",
    "onnx": "ONNX",
    "onnx-float16": "float16",
    "onnx-dynamic": "dynamic",
    "onnx-int8": "int8",
}
# What tells apart reasons and notes that say the same.
MODE_NAMED = re.compile(r" \(mode='\w+'\)")
LAYER_NAMED = re.compile(r"^Layer `\w+`: ")
RESULTS = "benchmarks/results/export_matrix.json"


def page_of(table: dict[str, Any]) -> str:
    """Return the page as Markdown.

    Args:
        table: What `export_matrix.py` wrote.
    """
    rows = table["generators"]
    families: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        families.setdefault(row["family"], {})[name] = row
    parts = [TITLE, introduction(table), summary(rows)]
    for family, members in families.items():
        parts.append(f"## {family}")
        parts += Section(members).parts()
    return "\n\n".join(parts) + "\n"


def introduction(table: dict[str, Any]) -> str:
    rows, machine = table["generators"].values(), table["machine"]
    versions = {"Python": machine["python"], **table["versions"]}
    return INTRODUCTION.format(
        command=table["command"],
        num_cells=sum(len(row["cells"]) for row in rows),
        results=RESULTS,
        protocol=table["protocol"],
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
        **{key: machine[key] for key in ("cpu", "cores", "system")},
    )


def summary(rows: dict[str, Any]) -> str:
    """Return how many generators each mode took."""
    cells = {
        name: [row["cells"][name] for row in rows.values() if name in row["cells"]]
        for name in HEADINGS
    }
    outcomes = {name: [c["outcome"] for c in found] for name, found in cells.items()}
    lines = [
        ["mode", "proven", "refused"],
        *(
            [f"`{name}`", str(found.count("proven")), str(found.count("refused"))]
            for name, found in outcomes.items()
        ),
    ]
    return markdown_table(lines)


class Section:
    """The table of one family, with its reasons.

    Args:
        rows: The generators of the family by name.
    """

    def __init__(self, rows: dict[str, Any]):
        self.rows = rows
        self.reasons: list[str] = []
        self.notes: list[str] = []

    def parts(self) -> Iterator[str]:
        """Yield the table, what its generators are, and its reasons and notes."""
        lines = [["generator", "weights", *HEADINGS.values()]]
        lines += [self.line(name, row) for name, row in self.rows.items()]
        yield markdown_table(lines)
        abouts = (f"- `{name}`: {row['about']}" for name, row in self.rows.items())
        yield "\n".join(abouts)
        if self.reasons:
            yield "Refused:"
            yield "\n".join(f"{i}. {text}" for i, text in enumerate(self.reasons, 1))
        if self.notes:
            yield "Written in another, equal form, or worth knowing:"
            yield "\n".join(
                f"- {letters(i)}: {text}" for i, text in enumerate(self.notes)
            )

    def line(self, name: str, row: dict[str, Any]) -> list[str]:
        cells = (row["cells"].get(mode) for mode in HEADINGS)
        weights = row["parameters"]
        shown = "" if weights is None else f"{weights:,}"
        return [f"`{name}`", shown, *map(self.cell, cells)]

    def cell(self, cell: dict[str, Any] | None) -> str:
        if cell is None:
            return ""
        if cell["outcome"] in ("refused", "failed"):
            reason = MODE_NAMED.sub("", f"{cell['error']}: {one_line(cell['reason'])}")
            return f"{cell['outcome']}<sup>{index_in(self.reasons, reason) + 1}</sup>"
        if cell["outcome"] != "proven":
            return f"**{cell['outcome']}**"
        notes = [LAYER_NAMED.sub("", note) for note in cell.get("notes", ())]
        marks = sorted({letters(index_in(self.notes, note)) for note in notes})
        return measure(cell) + (f"<sup>{','.join(marks)}</sup>" if marks else "")


def measure(cell: dict[str, Any]) -> str:
    """Return what a proven cell is worth."""
    quality = cell.get("quality", {})
    if "psnr_p5" in quality:
        return f"{quality['psnr_p5']:.0f} dB"
    if "share_differing" in quality:
        return f"{quality['share_differing']:.1%} differ"
    return f"{cell['relative_error']:.0e}" if cell["relative_error"] else "0"


def index_in(known: list[str], text: str) -> int:
    if text not in known:
        known.append(text)
    return known.index(text)


def letters(index: int) -> str:
    """Return a, b, ..., z, aa, ab, ..."""
    first, last = divmod(index, 26)
    return (letters(first - 1) if first else "") + chr(ord("a") + last)


def one_line(text: str) -> str:
    return " ".join(text.split())


def markdown_table(lines: list[list[str]]) -> str:
    head, *rows = ("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([head, "|" + "---|" * len(lines[0]), *rows])
