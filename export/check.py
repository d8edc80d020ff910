"""Check an export again: its files by their hashes, its artefacts by what they draw."""

import dataclasses
import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from keras_gan.export.card.hashes import listed_files
from keras_gan.export.card.reference import Reference, differences
from keras_gan.export.card.report import read_report
from keras_gan.export.card.write import REFERENCE
from keras_gan.export.errors import ExportError, ParityError
from keras_gan.export.modes import Limits
from keras_gan.export.parity import check_form, check_signature, opened, run
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath
from keras_gan.export.trust import check_trusted

# Sixteen samples scatter around the measures of the 256 that the proof saw, and another
# processor rounds integers in other places.
_SLACK_DB = 1.0


@dataclasses.dataclass(frozen=True)
class Checked:
    """An export that was found as it was written.

    Args:
        folder: Where it lies.
        num_files: How many files were compared with their hashes.
        differences: By artefact: how far it is from the reference.
        added: What lies beside the artefacts that the export did not write.
    """

    folder: pathlib.Path
    num_files: int
    differences: dict[str, dict[str, float]]
    added: tuple[str, ...] = ()

    def __str__(self):
        lines = [f"{self.folder}: {self.num_files} files are as they were written."]
        for name, found in self.differences.items():
            values = ", ".join(f"{key} {value:.3g}" for key, value in found.items())
            lines.append(f"  {name} draws the pictures of the reference: {values}")
        lines += [f"  {name} is not of this export." for name in self.added]
        return "\n".join(lines)


def check(folder: StrPath, *, allow_untrusted: bool = False) -> Checked:
    """Check that an export is what it was, on this machine too.

    Every file must have the hash of the report, and nothing may have been added to an
    artefact. Each artefact is loaded in its runtime and draws the inputs of
    `reference.npz`; a float one must keep the limit of its proof, a quantised one be
    as near to Keras as it was, up to 1 dB.

    Args:
        folder: Where `export_all` wrote to.
        allow_untrusted: Whether to load a SavedModel, which is a program, though this
            process did not write it.

    Returns:
        What was found. An `ExportError` names all files that are not as they were, a
        `ParityError` all artefacts that draw something else.

    Example:

    ```python
    print(check("exported"))
    ```
    """
    folder = pathlib.Path(folder)
    report = read_report(folder)
    added = check_files(folder, report)
    check_programs(folder, report, allow_untrusted)
    reference = Reference.load(folder / REFERENCE)
    spec = GeneratorSpec.from_json(report["spec"])
    found, problems = {}, []
    for name, entry in report["artefacts"].items():
        try:
            found[name] = _compared(folder / entry["path"], spec, reference)
            problems += _beyond(name, entry, found[name])
        except ExportError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise ParityError(
            f"The artefacts in {folder} do not draw what they did: "
            f"{' '.join(problems)} Export again, or look for another release or "
            "setting of the runtime."
        )
    return Checked(folder, len(report["files"]), found, tuple(added))


def check_files(folder: pathlib.Path, report: Mapping[str, Any]) -> list[str]:
    """Raise `ExportError` if files are missing, changed or were added to an artefact.

    Args:
        folder: Where they lie.
        report: What `report.json` holds.

    Returns:
        What lies beside the artefacts and is not known to the report.
    """
    written, present = report["files"], listed_files(folder)
    unknown = sorted(present.keys() - written.keys())
    roots = tuple(f"{item['path']}/" for item in report["artefacts"].values())
    kinds = {
        "missing": sorted(written.keys() - present.keys()),
        "added": [name for name in unknown if name.startswith(roots)],
        "changed": sorted(
            name
            for name in written.keys() & present.keys()
            if written[name]["sha256"] != present[name]["sha256"]
        ),
    }
    problems = [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]
    if problems:
        raise ExportError(
            f"The files in {folder} are not those that were written. "
            f"{'; '.join(problems)}. Copy the folder again, or export again."
        )
    strangers = (name for name in unknown if not name.startswith(roots))
    return sorted({name.partition("/")[0] for name in strangers})


def check_programs(
    folder: pathlib.Path, report: Mapping[str, Any], allow_untrusted: bool
) -> None:
    """Raise `UntrustedError` if one of the artefacts may not be loaded.

    Args:
        folder: Where they lie.
        report: What `report.json` holds.
        allow_untrusted: Whether the user vouches for them.
    """
    for item in report["artefacts"].values():
        check_trusted(folder / item["path"], allow_untrusted)


def _compared(
    path: pathlib.Path, spec: GeneratorSpec, reference: Reference
) -> dict[str, float]:
    artefact = opened(path)
    check_signature(artefact, spec)
    made = run(artefact, reference.inputs)
    for name, expected in reference.outputs.items():
        problem = check_form(f"output `{name}`", made[name], expected)
        if problem:
            raise ParityError(problem)
    return differences(spec, reference.outputs, made)


def _beyond(
    name: str, entry: Mapping[str, Any], found: Mapping[str, float]
) -> Iterator[str]:
    limits, was = Limits(**entry["proof"]["limits"]), entry["reference"]
    allowed = limits.relative_error
    if allowed is not None and not found["relative_error"] <= allowed:
        yield (
            f"{name} differs by {found['relative_error']:.2g} of the largest value, "
            f"and {allowed:.2g} is allowed."
        )
    if allowed is not None:
        return
    for measure in ("psnr_mean", "psnr_min"):
        least = was.get(measure, -math.inf) - _SLACK_DB
        if measure in found and not found[measure] >= least:
            yield (
                f"{name} has a {measure} of {found[measure]:.1f} dB, and had "
                f"{was[measure]:.1f}."
            )
    # Without floats there is no noise: tokens are the same or they are not.
    if "psnr_mean" not in found and found["relative_error"] > was["relative_error"]:
        yield f"{name} gives other values for {found['relative_error']:.1%} of entries."
