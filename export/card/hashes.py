"""What the files of an export were when they were written."""

import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

# Written by `benchmark` afterwards, and the report, which cannot hold its own hash.
_NOT_LISTED = ("report.json", "benchmark.json")


def sha256(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed_files(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return size and hash of each file of an export, by its path inside.

    The report itself, a later benchmark and hidden files are not among them.

    Args:
        folder: The folder of the export.
    """
    files = {
        path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()
    }
    return {
        name.as_posix(): file_entry(path)
        for name, path in sorted(files.items())
        if name.as_posix() not in _NOT_LISTED
        and not any(part.startswith(".") for part in name.parts)
    }


def file_entry(path: pathlib.Path) -> dict[str, Any]:
    """Return size and hash of one file."""
    return {"bytes": path.stat().st_size, "sha256": sha256(path)}


def combined_sha256(files: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one hash for several files: that of their sorted list.

    Each line of the list is a hash, two spaces and a path, as `sha256sum` writes it.

    Args:
        files: Path inside the artefact to an entry with `sha256`.
    """
    lines = (f"{files[name]['sha256']}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest(report: Mapping[str, Any]) -> str:
    """Return the hash of a report without its field `digest`.

    It tells a damaged or edited report; it is no signature, and keeps nobody from
    writing another report with another digest.

    Args:
        report: What `report.json` holds.
    """
    rest = {key: value for key, value in report.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
