"""Write the card of an export beside its artefacts."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from keras_gan.export.card.code import code
from keras_gan.export.card.pictures import (
    NUM_PICTURES,
    NUM_POINTS,
    can_be_pictured,
    comparison,
)
from keras_gan.export.card.ports import ports
from keras_gan.export.card.readme import readme
from keras_gan.export.card.reference import Reference, reference_of
from keras_gan.export.card.report import described, write_report
from keras_gan.export.exported import Exported
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import opened, run
from keras_gan.export.spec import GeneratorOutput

README, PICTURES, REFERENCE = "README.md", "pictures.png", "reference.npz"


def write_card(
    folder: pathlib.Path,
    flat: FlatGenerator,
    exported: Sequence[Exported],
    *,
    refused: Mapping[str, str] | None = None,
    seed: int = 0,
    seconds: float = 2.0,
) -> dict[str, Any]:
    """Write the card of an export: what each artefact is worth and how to call it.

    `report.json` and `README.md` say how near, large and fast each artefact is and
    where it runs; `pictures.png` shows the same inputs through each; `reference.npz`
    lets another machine check them without the model.

    Args:
        folder: Where the artefacts lie.
        flat: The generator they were made of.
        exported: An `Exported` for each artefact.
        refused: Names of artefacts that could not be exported, and why.
        seed: Seed of the inputs.
        seconds: About how long to measure speeds, in all.

    Returns:
        What `report.json` holds.
    """
    folder = pathlib.Path(folder)
    reference = reference_of(flat, seed)
    report = described(folder, flat, exported, reference, seed=seed, seconds=seconds)
    report["refused"] = dict(refused or {})
    codes = {
        item.mode.artefact_name: _code(item, flat, reference, report)
        for item in exported
    }
    reference.save(folder / REFERENCE)
    has_pictures = _write_pictures(folder / PICTURES, flat, exported, seed)
    page = readme(report, codes, has_pictures)
    (folder / README).write_text(page, encoding="utf-8")
    return write_report(folder, report)


def _code(
    item: Exported, flat: FlatGenerator, reference: Reference, report: dict[str, Any]
) -> dict[str, str]:
    found = ports(item.path, item.mode.format, flat.spec, reference)
    places = report["artefacts"][item.mode.artefact_name]["places"]
    browsers = [place["runs"] for place in places if "browser" in place["name"]]
    return code(found, runs_in_browsers=any(runs != "no" for runs in browsers))


def _write_pictures(
    path: pathlib.Path, flat: FlatGenerator, exported: Sequence[Exported], seed: int
) -> bool:
    output = _pictured(flat)
    if output is None:
        return False
    from keras_gan.pictures import save_png

    count = NUM_PICTURES if output.role == "image" else NUM_POINTS
    inputs = flat.spec.draw(flat.spec.fixed_batch or count, seed)
    samples = {"Keras": flat.reference(inputs)[output.name]}
    for item in exported:
        made = run(opened(item.path), inputs)
        samples[item.mode.artefact_name] = made[output.name]
    save_png(path, comparison(samples, output), min_side=1)
    return True


def _pictured(flat: FlatGenerator) -> GeneratorOutput | None:
    return next(filter(can_be_pictured, flat.spec.outputs), None)
