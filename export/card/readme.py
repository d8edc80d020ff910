"""The card of an export as a page: what `README.md` says."""

from collections.abc import Mapping, Sequence
from typing import Any

_LANGUAGES = {
    "python": "Python",
    "kotlin": "Kotlin, Android",
    "swift": "Swift, iOS and macOS",
    "cpp": "C++",
    "javascript": "JavaScript, in the browser",
}
_RUNS = {"yes": "yes", "partly": "in part", "no": "no"}


def readme(
    report: Mapping[str, Any],
    codes: Mapping[str, Mapping[str, str]],
    has_pictures: bool,
) -> str:
    """Return the page about an export.

    Args:
        report: What `report.json` holds.
        codes: By artefact: code that calls it, by language.
        has_pictures: Whether `pictures.png` lies beside it.
    """
    sections = [
        _title(report),
        _table(report),
        *([_pictures(report)] if has_pictures else []),
        _interface(report["spec"]),
        _protocol(report),
        _places(report["artefacts"]),
        _notes(report["artefacts"]),
        _refused(report["refused"]),
        _code(report, codes),
        _check(report["artefacts"]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(report: Mapping[str, Any]) -> str:
    packages = report["versions"]
    return (
        f"# {report['generator']}\n\n"
        f"{len(report['artefacts'])} files of one generator, each reloaded in its "
        "runtime and compared with the Keras model before it was put here. Written by "
        f"keras_gan {packages['keras-gan']} with TensorFlow {packages['tensorflow']} "
        f"and Keras {packages['keras']} on {report['written'][:10]}."
    )


def _table(report: Mapping[str, Any]) -> str:
    rows = [
        [f"Keras, `{name.removeprefix('keras ')}`", "", "", "", *_speed(speed)]
        for name, speed in report["keras"].items()
    ]
    for item in report["artefacts"].values():
        rows.append(
            [
                f"`{item['path']}`",
                item["mode"].replace("_", " "),
                _size(item["bytes"]),
                _quality(item),
                *_speed(item["speed"]),
            ]
        )
    header = ["file", "mode", "size", "how near", "median", "95 %", "pictures/s"]
    if any("frames_per_second" in item for item in report["keras"].values()):
        header.append("frames/s")
    return f"## The files\n\n{table(header, rows)}"


def _speed(speed: Mapping[str, Any]) -> list[str]:
    frames = []
    if "frames_per_second" in speed:
        size = "x".join(map(str, speed["frame_size"]))
        frames = [f"{speed['frames_per_second']:,.0f} of {size}"]
    return [
        _ms(speed["latency_ms_median"]),
        _ms(speed["latency_ms_p95"]),
        f"{speed['pictures_per_second']:,.0f}",
        *frames,
    ]


def _ms(value: float) -> str:
    return f"{value:.3g} ms" if value < 100 else f"{value:,.0f} ms"


def _size(count: int) -> str:
    return f"{count / 1e3:.0f} KB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def _quality(item: Mapping[str, Any]) -> str:
    proof = item["proof"]
    quality = proof.get("quality") or {}
    if "psnr_mean" not in quality:
        return f"error {proof['relative_error']:.1g}"
    parts = [f"PSNR {quality['psnr_mean']:.1f} dB, p5 {quality['psnr_p5']:.1f}"]
    if quality.get("ssim_p5") is not None:
        parts.append(f"SSIM p5 {quality['ssim_p5']:.3f}")
    return "; ".join(parts)


def _pictures(report: Mapping[str, Any]) -> str:
    return (
        "## The same inputs through each\n\n![One line per file, Keras first]"
        f"(pictures.png)\n\nInputs of seed {report['protocol']['seed']}."
    )


def _interface(spec: Mapping[str, Any]) -> str:
    rows = [
        ["in", f"`{i['name']}`", i["role"], i["dtype"], _shape(i), _drawn(i["sampler"])]
        for i in spec["inputs"]
    ]
    rows += [
        ["out", f"`{o['name']}`", o["role"], o["dtype"], _shape(o), _range(o)]
        for o in spec["outputs"]
    ]
    header = ["", "name", "role", "dtype", "shape", "values"]
    return f"## Inputs and outputs\n\n{table(header, rows)}"


def _shape(item: Mapping[str, Any]) -> str:
    sizes = ("free" if size is None else str(size) for size in item["shape"])
    return f"({', '.join(sizes)})"


def _drawn(sampler: Mapping[str, Any]) -> str:
    options = (f"{k} {v}" for k, v in sampler.items() if k != "class")
    return " ".join([sampler["class"], *options])


def _range(output: Mapping[str, Any]) -> str:
    if output["low"] is None or output["high"] is None:
        return "any"
    layout = f", {output['layout']}" if output["layout"] else ""
    return f"{output['low']:g} to {output['high']:g}{layout}"


def _protocol(report: Mapping[str, Any]) -> str:
    return (
        "## How the numbers came about\n\n"
        "How near: the error is the largest one over the largest value. PSNR and SSIM "
        "compare each picture with the one that Keras makes of the same input; p5 is "
        "the 5th percentile, which shows the inputs that fare worst.\n\n"
        f"{_proofs(report['artefacts'])}\n\n{_speeds(report)}"
    )


def _proofs(artefacts: Mapping[str, Any]) -> str:
    rows = [
        [
            f"`{item['path']}`",
            item["proof"]["runtime"],
            str(item["proof"]["num_samples"]),
            ", ".join(map(str, item["proof"]["batch_sizes"])),
            str(item["proof"]["seed"]),
            _limits(item["proof"]["limits"]),
        ]
        for item in artefacts.values()
    ]
    return table(["file", "runtime", "inputs", "batches", "seed", "allowed"], rows)


def _limits(limits: Mapping[str, float | None]) -> str:
    words = {
        "relative_error": "error up to {:g}",
        "psnr_mean": "PSNR from {:g} dB",
        "psnr_p5": "its p5 from {:g}",
        "ssim_mean": "SSIM from {:g}",
        "ssim_p5": "its p5 from {:g}",
        "feature_distance": "feature distance up to {:g}",
    }
    asked = (
        text.format(limits[name])
        for name, text in words.items()
        if limits.get(name) is not None
    )
    return ", ".join(asked) or "anything"


def _speeds(report: Mapping[str, Any]) -> str:
    machine, how = report["machine"], report["protocol"]
    speeds = {
        **report["keras"],
        **{name: item["speed"] for name, item in report["artefacts"].items()},
    }
    fields = ("num_threads", "batch_size", "throughput_batch_size", "num_runs")
    rows = [
        [name, *(str(speed[field]) for field in fields)]
        for name, speed in speeds.items()
    ]
    header = ["", "threads", "batch of the latency", "batch of pictures/s", "runs"]
    return (
        f"How fast: {machine['cpu']}, {machine['cores']} cores, {machine['os']}, "
        f"Python {machine['python']}; inputs of seed {how['seed']} ready in memory, "
        f"outputs fetched as NumPy arrays. After {how['warm_up_runs']} warm-up runs, "
        f"{how['rounds']} rounds of about {how['seconds']:g} s in all, in which all "
        "take turns. Median and 95th percentile of the runs of the smallest batch; "
        "pictures per second by the median run of the larger one, frames per second "
        "of a generator that pictures go into by that of the smallest. What else the "
        f"machine did is in these numbers: `{how['command']} .` measures again where "
        f"you are.\n\n{table(header, rows)}"
    )


def _places(artefacts: Mapping[str, Any]) -> str:
    smallest = [
        [
            f"`{item['path']}`",
            f"{item['smallest_runtime']['runtime']} "
            f"{item['smallest_runtime']['version'] or '(release not known)'}",
            item["smallest_runtime"]["reason"],
        ]
        for item in artefacts.values()
    ]
    alike: dict[tuple[str, str, str], list[str]] = {}
    for item in artefacts.values():
        for place in item["places"]:
            key = place["name"], _RUNS[place["runs"]], place["reason"]
            alike.setdefault(key, []).append(item["path"])
    rows = [[*key, _listed(paths)] for key, paths in sorted(alike.items())]
    return (
        "## Where it will run\n\nSmallest runtime, read from the file (LiteRT is what "
        "TensorFlow Lite is called since its 2.17):\n\n"
        f"{table(['file', 'runtime', 'what asks for it'], smallest)}\n\n"
        "Concluded from the operations, types and sizes in the file; nothing but the "
        "CPU runtimes was tried:\n\n"
        f"{table(['where', 'runs', 'why', 'files'], rows)}"
    )


def _notes(artefacts: Mapping[str, Any]) -> str:
    notes: dict[str, list[str]] = {}
    for item in artefacts.values():
        for note in item["notes"]:
            notes.setdefault(note, []).append(f"`{item['path']}`")
    if not notes:
        return ""
    lines = (f"- {note} ({', '.join(paths)})" for note, paths in notes.items())
    return "## Worth knowing\n\n" + "\n".join(lines)


def _refused(refused: Mapping[str, str]) -> str:
    if not refused:
        return ""
    lines = (
        f"- {name}: {' '.join(reason.split())}" for name, reason in refused.items()
    )
    return "## Not exported\n\n" + "\n".join(lines)


def _code(report: Mapping[str, Any], codes: Mapping[str, Mapping[str, str]]) -> str:
    artefacts, parts = report["artefacts"], []
    for language, title in _LANGUAGES.items():
        # Code that differs in nothing but the name of the file is written once.
        groups: dict[str, list[str]] = {}
        for name, by_language in codes.items():
            if language in by_language:
                path = artefacts[name]["path"]
                general = by_language[language].replace(path, "\0")
                groups.setdefault(general, []).append(path)
        for general, (first, *others) in groups.items():
            same = f" (the same for {_listed(others)})" if others else ""
            parts.append(f"### {title}: `{first}`{same}")
            parts.append(f"```{language}\n{general.replace(chr(0), first)}\n```")
    untried = (
        "The tests of keras_gan run the Python, parse the JavaScript, and compile the "
        "C++ against declarations of the two interfaces; Kotlin and Swift were written "
        "to the documented interfaces and not compiled."
    )
    return "\n\n".join(["## Code", untried, *parts])


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def _check(artefacts: Mapping[str, Any]) -> str:
    has_program = any(item["format"] == "saved_model" for item in artefacts.values())
    flag = " --allow-untrusted" if has_program else ""
    trust = (
        " A SavedModel is a program, which both of them run: give the flag only if you "
        "trust where this folder comes from."
    )
    return (
        f"## Check it\n\n```sh\nkeras-gan check .{flag}\n"
        f"keras-gan benchmark .{flag}\n```\n\n"
        "The first compares every file with its hash and draws the inputs of "
        "`reference.npz` again through each artefact; the second measures speed on "
        f"your machine and writes `benchmark.json`.{trust if has_program else ''}"
    )
