"""Tables of what the examples measured, in the README and in docs/games."""

import statistics
from typing import Any

Row = dict[str, Any]
Lines = list[list[str]]


def overview(result: Row) -> Lines:
    """What each example measured, beside its floors and its trivial answers."""
    lines = [["", "measured", "found", "beside it", "steps", "command"]]
    for example, words in _WORDS.items():
        for row in _rows(result, example):
            steps, command = f"{row['steps']:,}", f"`{row['command']}`"
            lines += [[*cells, steps, command] for cells in words(row)]
    return lines


def _rows(result: Row, example: str) -> list[Row]:
    return [row for row in result["rows"] if row["example"] == example]


def _styles(row: Row) -> list[str]:
    """The names of the two folders of a painter."""
    return row["variant"].split()[1:3]


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _numbers(values, form: str = ".2f") -> str:
    return ", ".join(f"{value:{form}}" for value in values)


def _conditioning(words: str, row: Row) -> list[str]:
    found = f"asked {words}, of {row['num_images']:,} pictures"
    beside = f"{_percent(row['classifier_accuracy'])} on real, "
    return [
        found,
        _percent(row["accuracy"]),
        f"{beside}chance {_percent(row['chance'])}",
    ]


def _labels(row: Row) -> Lines:
    return [[f"`{row['game']}` on {row['data']}", *_conditioning("class found", row)]]


def _anime(row: Row) -> Lines:
    return [
        [f"characters by {name}", *_conditioning(f"colour of {name} found", row[name])]
        for name in ("hair", "eyes")
    ]


def _text(row: Row) -> Lines:
    drawn, real = row["held_out_drawn"], row["held_out_real"]
    measured = f"own caption first of {row['num_candidates']}, held out"
    beside = f"{_percent(real['recall_at_1'])} on real, "
    beside += f"chance {_percent(1 / row['num_candidates'])}"
    return [["pictures of texts", measured, _percent(drawn["recall_at_1"]), beside]]


def _face_ageing(row: Row) -> Lines:
    groups = _numbers(row["age_groups"][:-1], "d")
    beside = f"inputs {row['estimated_age_of_inputs']:.0f}, "
    kept = statistics.mean(row["distance_to_input_by_group"])
    return [
        [
            "faces at other ages",
            f"estimated age, asked for from {groups} on",
            _numbers(row["estimated_age_by_asked_group"], ".0f"),
            f"{beside}off by {row['error_of_estimator']:.0f} on real",
        ],
        [
            "the same",
            "distance to the input",
            f"{kept:.3f}",
            f"{row['distance_between_persons']:.2f} between persons",
        ],
    ]


def _scribbles(row: Row) -> Lines:
    sides = [
        f"{row[name]['l1']:.3f}, {row[name]['ssim']:.3f}"
        for name in ("generated", "mean picture")
    ]
    return [
        [
            "pictures of outlines",
            "L1, SSIM to the held-out picture",
            sides[0],
            f"mean picture {sides[1]}",
        ]
    ]


def _painter(row: Row) -> Lines:
    ways = [row["ab"], row["ba"]]
    painted = [way["fd(random) of the painted"] for way in ways]
    untouched = [way["fd(random) of the untouched"] for way in ways]
    back = [way["l1 there and back"] for way in ways]
    return [
        [
            f"{' as '.join(_styles(row))}, and back",
            "fd(random), both ways",
            _numbers(painted),
            f"untouched {untouched[0]:.2f}",
        ],
        [
            "the same",
            "L1 there and back, both ways",
            _numbers(back, ".3f"),
            "0 is best",
        ],
    ]


def _tables(row: Row) -> Lines:
    names = ("column_shapes", "pair_trends", "accuracy")
    found, floor = (
        _numbers((row[side][name] for name in names), ".3f")
        for side in ("generated", "real_training_rows")
    )
    measured = "column shapes, pair trends, accuracy of a forest"
    return [[f"rows of `{row['data']}`", measured, found, f"real {floor}"]]


def _series(row: Row) -> Lines:
    found, floor = (_numbers(row[x].values(), ".3f") for x in ("wasserstein", "floor"))
    measured = f"Wasserstein distance of {', '.join(row['wasserstein'])}"
    return [["time series", measured, found, f"floor {floor}"]]


def _density(row: Row) -> Lines:
    found, floor = f"{row['wasserstein']:.3f}", f"floor {row['floor']:.3f}"
    return [["a density", "Wasserstein distance", found, floor]]


_WORDS = {
    "labels": _labels,
    "anime": _anime,
    "text_to_image": _text,
    "face_ageing": _face_ageing,
    "scribbles": _scribbles,
    "painter": _painter,
    "tables": _tables,
    "series": _series,
    "density": _density,
}


def labels(result: Row) -> Lines:
    """Conditioning of all games with labels."""
    head = ["", "steps", "asked class found", "classifier on real", "chance"]
    lines = [[*head, "worst class"]]
    for row in _rows(result, "labels"):
        shares = {name: share or 0.0 for name, share in row["by_class"].items()}
        worst = min(shares, key=lambda name: shares[name])
        cells = _conditioning_cells(row, row)
        lines.append(
            [f"`{row['game']}`", *cells, f"{worst}: {_percent(shares[worst])}"]
        )
    for row in _rows(result, "anime"):
        for name in ("hair", "eyes"):
            cells = _conditioning_cells(row, row[name])
            lines.append([f"anime faces: {name}", *cells, ""])
    return lines


def _conditioning_cells(row: Row, found: Row) -> list[str]:
    names = ("accuracy", "classifier_accuracy", "chance")
    shares = [_percent(found[name]) for name in names]
    return [f"{row['steps']:,} of {row['batch_size']}", *shares]


def text(result: Row) -> Lines:
    """How often a picture's own caption is found among others."""
    (row,) = _rows(result, "text_to_image")
    lines = [["pictures, by held-out captions", "own caption first", "among five"]]
    for name in ("drawn", "real"):
        found = row[f"held_out_{name}"]
        shares = (_percent(found[f"recall_at_{k}"]) for k in (1, 5))
        lines.append([name, *shares])
    chances = (_percent(k / row["num_candidates"]) for k in (1, 5))
    return [*lines, ["chance", *chances]]


def face_ageing(result: Row) -> Lines:
    """Estimated age and distance by the asked group."""
    (row,) = _rows(result, "face_ageing")
    edges = row["age_groups"]
    groups = [f"{a}-{b - 1}" for a, b in zip(edges, edges[1:], strict=False)]
    ages, distances = (
        [f"{x:{form}}" for x in row[name]]
        for name, form in (
            ("estimated_age_by_asked_group", ".1f"),
            ("distance_to_input_by_group", ".3f"),
        )
    )
    return [
        ["asked group, years", *groups],
        ["mean estimated age", *ages],
        ["distance to the input (1 - cos)", *distances],
    ]


def scribbles(result: Row) -> Lines:
    """Distance from the held-out pictures, and of what is trivial."""
    (row,) = _rows(result, "scribbles")
    lines = [["", "L1 (0 is best)", "SSIM (1 is best)"]]
    for name in ("generated", "mean picture", "outline itself"):
        lines.append([name, *(f"{row[name][key]:.3f}" for key in ("l1", "ssim"))])
    return lines


def painter(result: Row) -> Lines:
    """Both ways of each painter, against untouched pictures."""
    lines = []
    for row in _rows(result, "painter"):
        a, b = _styles(row)
        lines.append(["", f"{a} to {b}", f"{b} to {a}"])
        for name in row["ab"]:
            lines.append([name, *(f"{row[way][name]:.3f}" for way in ("ab", "ba"))])
    return lines


def tables(result: Row) -> Lines:
    """Scores of generated rows, of real ones in brackets."""
    names = {
        "column_shapes": "column shapes",
        "pair_trends": "pair trends",
        "accuracy": "accuracy of a forest",
    }
    lines = [["table", "rows", *names.values(), "commonest"]]
    for row in _rows(result, "tables"):
        counts = f"{row['rows']['train']} + {row['rows']['test']}"
        cells = [
            f"{row['generated'][name]:.3f} ({row['real_training_rows'][name]:.3f})"
            for name in names
        ]
        lines.append([f"`{row['data']}`", counts, *cells, f"{row['majority']:.3f}"])
    return lines


def series(result: Row) -> Lines:
    """Wasserstein distances of what is estimated of every series."""
    (row,) = _rows(result, "series")
    lines = [["estimated", "mean of the real", "generated", "floor"]]
    for name, found in row["wasserstein"].items():
        mean = f"{row['means_of_real'][name]:.2f}"
        lines.append([name, mean, f"{found:.3f}", f"{row['floor'][name]:.3f}"])
    return lines


MAKERS = {
    "games": overview,
    **{
        f"games.{maker.__name__}": maker
        for maker in (labels, text, face_ageing, scribbles, painter, tables, series)
    },
}
