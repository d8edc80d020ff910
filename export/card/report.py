"""The card of an export as data: what `report.json` holds."""

import dataclasses
import datetime
import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from keras_gan.export.card.hashes import (
    combined_sha256,
    digest,
    file_entry,
    listed_files,
)
from keras_gan.export.card.latency import (
    ROUNDS,
    WARM_UP_RUNS,
    measured,
    timed_artefact,
    timed_keras,
)
from keras_gan.export.card.machine import machine, num_cores, versions
from keras_gan.export.card.places import places
from keras_gan.export.card.reference import Reference, differences
from keras_gan.export.card.requirements import requirement
from keras_gan.export.errors import ExportError
from keras_gan.export.exported import Exported
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import opened, run

SCHEMA_VERSION = 1
REPORT = "report.json"


def protocol(seconds: float, seed: int) -> dict[str, Any]:
    """Return how speeds are measured, for whoever reads them."""
    return {
        "seconds": seconds,
        "rounds": ROUNDS,
        "warm_up_runs": WARM_UP_RUNS,
        "seed": seed,
        "command": "keras-gan benchmark",
    }


def described(
    folder: pathlib.Path,
    flat: FlatGenerator,
    exported: Sequence[Exported],
    reference: Reference,
    *,
    seed: int,
    seconds: float,
) -> dict[str, Any]:
    """Measure artefacts and return all that is known of them.

    Args:
        folder: Where they lie.
        flat: The generator they were made of.
        exported: An `Exported` for each artefact.
        reference: Seeded inputs and outputs of the generator.
        seed: Seed of the inputs.
        seconds: About how long to measure speeds.
    """
    candidates = timed_keras(flat, seed) | {
        item.mode.artefact_name: timed_artefact(
            item.path, item.mode.format, flat.spec, num_cores(), seed
        )
        for item in exported
    }
    speeds = measured(candidates, seconds)
    artefacts = {
        item.mode.artefact_name: _artefact(folder, flat, item, reference)
        | {"speed": speeds.pop(item.mode.artefact_name)}
        for item in exported
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "generator": flat.spec.name,
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "machine": machine(),
        "protocol": protocol(seconds, seed),
        "spec": flat.spec.to_json(),
        "keras": speeds,
        "artefacts": artefacts,
    }


def _artefact(
    folder: pathlib.Path, flat: FlatGenerator, item: Exported, reference: Reference
) -> dict[str, Any]:
    made = run(opened(item.path), reference.inputs)
    format_name = item.mode.format
    return {
        "format": format_name,
        "mode": item.mode.name,
        "path": item.path.relative_to(folder).as_posix(),
        **file_facts(item.path),
        "proof": item.proof.to_json(),
        "reference": differences(flat.spec, reference.outputs, made),
        "smallest_runtime": dataclasses.asdict(requirement(item.path, format_name)),
        "places": [dataclasses.asdict(p) for p in places(item.path, format_name)],
        "notes": list(item.notes),
    }


def file_facts(path: pathlib.Path) -> dict[str, Any]:
    """Return size, hash and files of an artefact.

    Args:
        path: A file, or the folder of a SavedModel, whose hash is that of the sorted
            list of its files.
    """
    if path.is_file():
        entry = file_entry(path)
        return {**entry, "files": {path.name: entry}}
    files = listed_files(path)
    size = sum(entry["bytes"] for entry in files.values())
    return {"bytes": size, "sha256": combined_sha256(files), "files": files}


def write_report(folder: pathlib.Path, report: Mapping[str, Any]) -> dict[str, Any]:
    """Write `report.json`, with the hash of each file and of itself.

    Args:
        folder: The folder, with all its other files there.
        report: What `described` returned.

    Returns:
        The report as it was written.
    """
    # As JSON has it, which knows no tuples.
    whole = json.loads(json.dumps({**report, "files": listed_files(folder)}))
    whole["digest"] = digest(whole)
    text = json.dumps(whole, indent=2)
    (folder / REPORT).write_text(f"{text}\n", encoding="utf-8")
    return whole


def read_report(folder: pathlib.Path) -> dict[str, Any]:
    """Read `report.json` and make sure that it is whole.

    Args:
        folder: The folder of an export.
    """
    path = folder / REPORT
    if not path.is_file():
        raise ExportError(
            f"`folder` must hold the {REPORT} of an export. Received: folder={folder}. "
            "Write it with `export_all`."
        )
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{path} is damaged: {error}. Export again.") from error
    if not isinstance(report, dict):
        raise ExportError(f"{path} holds no JSON object. Export again.")
    if report.get("schema_version") != SCHEMA_VERSION:
        raise ExportError(
            f"{path} must be of schema version {SCHEMA_VERSION}. "
            f"Received: schema_version={report.get('schema_version')}. Read it with "
            "the release of keras_gan that wrote it."
        )
    if report.get("digest") != digest(report):
        raise ExportError(
            f"{path} was changed after it was written: its digest does not fit. "
            "Export again, or take the file from where it came."
        )
    try:
        paths = [item["path"] for item in report["artefacts"].values()]
        hashes = [item["sha256"] for item in report["files"].values()]
        is_whole = all(isinstance(text, str) for text in (*paths, *hashes))
    except (AttributeError, KeyError, TypeError):
        is_whole = False
    # An artefact lies in the folder itself, under a name of its own.
    if not is_whole or not all(re.fullmatch(r"\w[\w.-]*", path) for path in paths):
        raise ExportError(
            f"{path} does not list files of its own folder. Take the export from where "
            "it came."
        )
    return report
