"""Exports every generator of the zoo in every format and mode, and tells what came."""

import argparse
import json
import os
import pathlib
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from export_matrix_page import page_of
from export_zoo import ZOO, Block

from keras_gan.export.conversion.source import Source
from keras_gan.export.errors import ExportError
from keras_gan.export.exported import Exported
from keras_gan.export.modes import ARTEFACTS, Mode
from keras_gan.export.onnx import onnx_exported
from keras_gan.export.prepare import prepared
from keras_gan.export.saved_model import saved_model_exported
from keras_gan.export.tflite import tflite_exported

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "export_matrix.json"
PAGE = ROOT / "docs" / "export_matrix.md"
COMMAND = "python benchmarks/export_matrix.py"
PACKAGES = (
    *("keras-gan", "tensorflow", "keras", "numpy", "tf2onnx", "onnx", "onnxruntime"),
    *("onnxslim", "ai-edge-litert", "ai-edge-quantizer"),
)
PROTOCOL = (
    "Each generator is prepared once and handed to `export_saved_model`, "
    "`export_tflite` (batch 1, or sizes as free as the generator leaves them where "
    "these are more than the batch) and `export_onnx`, mode by mode. "
    "Weights are random and seeded, with the statistics and the contrast of a trained "
    "network. A cell is proven if the file, reloaded in its runtime, kept the limits "
    "of its mode against the Keras generator; else it is refused, in the words of the "
    "error, and no file is left."
)


def parse_arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(ZOO), metavar="NAME")
    parser.add_argument("--modes", nargs="+", choices=list(ARTEFACTS), metavar="MODE")
    parser.add_argument("--again", action="store_true", help="also what is there")
    parser.add_argument("--page-only", action="store_true", help="export nothing")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--page", type=pathlib.Path, default=PAGE)
    return parser.parse_args(given)


class Results:
    """The table as it grows, written after every cell.

    A cell that is under way stands in the file as `"died"`, so that a crash of this
    process is found there afterwards.

    Args:
        path: The JSON file, which may exist.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        head = {
            "benchmark": "export_matrix",
            "command": COMMAND,
            "machine": describe_machine(),
            "versions": {name: version(name) for name in PACKAGES},
            "protocol": PROTOCOL,
        }
        old = json.loads(path.read_text()) if path.exists() else {}
        if old.get("versions", head["versions"]) != head["versions"]:
            raise ValueError(
                "A table is of one set of versions. Received: "
                f"{path} of {old['versions']}, and {head['versions']} are installed. "
                "Name a new file with `--results`, or delete the old one."
            )
        self.table = {**head, "generators": old.get("generators", {})}

    def cells(self, entry: Block) -> dict[str, Any]:
        """Return the cells of a generator by artefact name."""
        rows = self.table["generators"]
        row = rows.setdefault(entry.name, {"parameters": None, "cells": {}})
        row.update(family=entry.family, about=entry.about)
        return row["cells"]

    def put(self, entry: Block, artefact: str, cell: dict[str, Any]) -> None:
        self.cells(entry)[artefact] = cell
        self.write()

    def write(self) -> None:
        rows = self.table["generators"]
        ordered = {name: rows[name] for name in ZOO if name in rows}
        for row in ordered.values():
            cells = row["cells"]
            row["cells"] = {name: cells[name] for name in ARTEFACTS if name in cells}
        self.table["generators"] = ordered
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".part")
        fresh.write_text(json.dumps(self.table, indent=1, ensure_ascii=False) + "\n")
        fresh.replace(self.path)


def run_generator(entry: Block, artefacts: list[str], results: Results) -> None:
    """Export one generator as each of the artefacts, and write down what came."""
    results.put(entry, artefacts[0], {"outcome": "died"})
    try:
        flat = prepared(*entry.make())
    except ExportError as error:
        for name in artefacts:
            finish(entry, name, refused(error), results)
        return
    row = results.table["generators"][entry.name]
    row["parameters"] = flat.model.count_params()
    with Source(flat) as source, tempfile.TemporaryDirectory() as folder:
        for name in artefacts:
            results.put(entry, name, {"outcome": "died"})
            path = pathlib.Path(folder) / ARTEFACTS[name].file_name
            start = time.perf_counter()
            cell = export(source, path, ARTEFACTS[name])
            finish(entry, name, cell, results, time.perf_counter() - start)


def saved_model(source: Source, path: pathlib.Path, mode: Mode) -> Exported:
    return saved_model_exported(source.flat, path)


def tflite(source: Source, path: pathlib.Path, mode: Mode) -> Exported:
    batch_size = None if source.flat.spec.has_free_sizes else 1
    return tflite_exported(source, path, mode, batch_size=batch_size)


EXPORTERS = {"saved_model": saved_model, "tflite": tflite, "onnx": onnx_exported}


def export(source: Source, path: pathlib.Path, mode: Mode) -> dict[str, Any]:
    """Return what became of one artefact."""
    try:
        return proven(EXPORTERS[mode.format](source, path, mode))
    except ExportError as error:
        if path.exists():
            raise RuntimeError(f"{path.name} was left by a refusal") from error
        return refused(error)
    except Exception as error:  # a defect, which the page shows as one
        reason = str(error).split("\n")[0][:300]
        return {"outcome": "failed", "error": type(error).__name__, "reason": reason}


def proven(exported: Any) -> dict[str, Any]:
    proof = exported.proof.to_json()
    cell = {
        "outcome": "proven",
        "relative_error": float(f"{proof['relative_error']:.2g}"),
        "kilobytes": round(size_of(exported.path) / 1000, 1),
    }
    if proof["quality"]:
        quality = {name: float(f"{v:.4g}") for name, v in proof["quality"].items()}
        cell["quality"] = quality
    if exported.notes:
        cell["notes"] = list(exported.notes)
    return cell


def refused(error: ExportError) -> dict[str, Any]:
    # What a converter printed before it crashed follows on further lines.
    reason = str(error).split("\n")[0]
    return {"outcome": "refused", "error": type(error).__name__, "reason": reason}


def size_of(path: pathlib.Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def describe_machine() -> dict[str, Any]:
    cpu, cpuinfo = platform.processor(), pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [x.partition(":")[2].strip() for x in lines if "model name" in x]
        cpu = names[0] if names else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def finish(
    entry: Block,
    artefact: str,
    cell: dict[str, Any],
    results: Results,
    seconds: float = 0.0,
) -> None:
    results.put(entry, artefact, cell)
    found = cell.get("reason") or cell.get("quality") or cell.get("relative_error")
    print(
        f"{entry.name:<34}{artefact:<20}{cell['outcome']:<8}{seconds:5.1f} s  {found}",
        flush=True,
    )


def print_summary(table: dict[str, Any]) -> None:
    rows = table["generators"].values()
    for name in ARTEFACTS:
        cells = [row["cells"][name] for row in rows if name in row["cells"]]
        outcomes = [cell["outcome"] for cell in cells]
        counts = {key: outcomes.count(key) for key in sorted(set(outcomes))}
        print(f"{name:<20}{counts}")


def main(given: list[str] | None = None) -> None:
    args = parse_arguments(given)
    if not args.page_only:
        results = Results(args.results)
        for name in args.only or ZOO:
            cells = results.cells(ZOO[name])
            wanted = args.modes or list(ARTEFACTS)
            missing = [mode for mode in wanted if args.again or mode not in cells]
            if missing:
                run_generator(ZOO[name], missing, results)
                keras.backend.clear_session()
        results.write()
        print_summary(results.table)
    args.page.parent.mkdir(parents=True, exist_ok=True)
    args.page.write_text(page_of(json.loads(args.results.read_text())))


if __name__ == "__main__":
    sys.exit(main())
