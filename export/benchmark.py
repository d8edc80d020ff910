"""Measure the speed of an export again, on another machine."""

import dataclasses
import datetime
import json
import pathlib
from typing import Any

from keras_gan.export.card.latency import (
    ask_tensorflow_for,
    measured,
    timed_artefact,
)
from keras_gan.export.card.machine import machine, num_cores, versions
from keras_gan.export.card.report import SCHEMA_VERSION, protocol, read_report
from keras_gan.export.check import check_files, check_programs
from keras_gan.export.errors import ExportError
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, staged

BENCHMARK = "benchmark.json"


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """How fast the artefacts of an export are on a machine.

    Args:
        path: The file it was written to.
        result: What the file holds.
        card: By artefact: the median latency in the report, of the machine that
            exported.
    """

    path: pathlib.Path
    result: dict[str, Any]
    card: dict[str, float]

    def __str__(self):
        on, speeds = self.result["machine"], self.result["speeds"]
        width = max(map(len, speeds))
        has_frames = any("frames_per_second" in speed for speed in speeds.values())
        lines = [
            f"{on['cpu']}, {on['cores']} cores, {on['os']}",
            f"{'':{width}}  threads  median ms  95 % ms  pictures/s  card's median ms"
            f"{'  frames/s' if has_frames else ''}",
        ]
        for name, speed in speeds.items():
            lines.append(
                f"{name:{width}}  {speed['num_threads']:7d}  "
                f"{speed['latency_ms_median']:9.3f}  {speed['latency_ms_p95']:7.3f}  "
                f"{speed['pictures_per_second']:10.0f}  {self.card[name]:16.3f}"
                + (f"  {speed['frames_per_second']:8.1f}" if has_frames else "")
            )
        return "\n".join(lines)


def benchmark(
    folder: StrPath,
    *,
    seconds: float = 10.0,
    num_threads: int | None = None,
    seed: int = 0,
    allow_untrusted: bool = False,
) -> Benchmark:
    """Measure how fast the artefacts of an export draw on this machine.

    Latency is that of one picture (or of the fixed batch), throughput that of 32 at
    once where the batch is free. The numbers go to `benchmark.json`; the card of the
    export stays as it is.

    Args:
        folder: Where `export_all` wrote to.
        seconds: About how long to measure, in all, after the warm-up.
        num_threads: Threads of each runtime, by default one for each core.
            TensorFlow takes the number only in a process where it has run nothing.
        seed: Seed of the inputs.
        allow_untrusted: Whether to load a SavedModel, which is a program, though this
            process did not write it.

    Returns:
        What was measured; printed, it is a table.

    Example:

    ```python
    print(benchmark("exported", num_threads=1))
    ```
    """
    if seconds <= 0 or (num_threads is not None and num_threads < 1):
        raise ExportError(
            "`seconds` must be above 0 and `num_threads` at least 1. "
            f"Received: seconds={seconds}, num_threads={num_threads}"
        )
    folder = pathlib.Path(folder)
    report = read_report(folder)
    check_files(folder, report)
    check_programs(folder, report, allow_untrusted)
    if num_threads is not None:
        ask_tensorflow_for(num_threads)
    spec, threads = GeneratorSpec.from_json(report["spec"]), num_threads or num_cores()
    candidates = {
        name: timed_artefact(folder / item["path"], item["format"], spec, threads, seed)
        for name, item in report["artefacts"].items()
    }
    result = {
        "schema_version": SCHEMA_VERSION,
        "report_digest": report["digest"],
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "machine": machine(),
        "protocol": protocol(seconds, seed),
        "speeds": measured(candidates, seconds),
    }
    path = folder / BENCHMARK
    with staged(path) as fresh:
        fresh.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    card = {
        name: item["speed"]["latency_ms_median"]
        for name, item in report["artefacts"].items()
    }
    return Benchmark(path, result, card)
