"""The files of onnxruntime-web, from the npm package of one version."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable

from keras_gan.export.errors import ExportError
from keras_gan.export.staging import StrPath, staged

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"

# Old servers do not know `.mjs` for JavaScript, and browsers then refuse the module.
NAMES = {
    "ort.wasm.min.mjs": "ort.wasm.min.js",
    "ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.js",
    "ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
}
SHA256 = {
    "ort.wasm.min.mjs": (
        "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b"
    ),
    "ort-wasm-simd-threaded.mjs": (
        "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
    ),
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
}

_TIMEOUT_S = 300
_BY_HAND = (
    f"Run `npm pack {PACKAGE}` where npm is and pass the file that it writes as "
    "`onnxruntime_web`."
)


def runtime_files(package: StrPath | None = None) -> dict[str, pathlib.Path]:
    """Return the files of onnxruntime-web that a page needs, each checked by sha256.

    They are kept in the folder `keras_gan` in Keras' own folder, so that only the
    first page needs npm and its registry.

    Args:
        package: The npm package, unpacked or as the `.tgz` that `npm pack` writes. By
            default the kept files are taken, and where there are none `npm pack`
            fetches the package.

    Returns:
        Name in the npm package to path.
    """
    kept = _cache()
    if package is not None:
        _keep(kept, lambda folder: _take_from(pathlib.Path(package), folder))
    elif not _is_whole(kept):
        _keep(kept, _fetch)
    return {name: kept / name for name in SHA256}


def _cache() -> pathlib.Path:
    home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    folder = pathlib.Path(home, "keras_gan", f"onnxruntime-web-{VERSION}")
    return folder.expanduser()


def _is_whole(folder: pathlib.Path) -> bool:
    paths = {folder / name: digest for name, digest in SHA256.items()}
    return all(p.is_file() and _sha256(p) == digest for p, digest in paths.items())


def _sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _keep(kept: pathlib.Path, bring: Callable[[pathlib.Path], None]) -> None:
    with staged(kept) as fresh:
        fresh.mkdir()
        bring(fresh)
        for name, expected in SHA256.items():
            _check(fresh / name, expected)


def _check(path: pathlib.Path, expected: str) -> None:
    found = _sha256(path)
    if found != expected:
        raise ExportError(
            f"{path.name} is not that of {PACKAGE}: its sha256 is {found}, and "
            f"{expected} was expected. {_BY_HAND}"
        )


def _take_from(package: pathlib.Path, folder: pathlib.Path) -> None:
    if package.is_dir():
        for name in SHA256:
            _copy(package, name, folder)
    elif package.is_file():
        _unpack(package, folder)
    else:
        raise ExportError(
            "`onnxruntime_web` must be the npm package, as a folder or `.tgz` file. "
            f"Received: onnxruntime_web={package}, which is not there. {_BY_HAND}"
        )


def _copy(package: pathlib.Path, name: str, folder: pathlib.Path) -> None:
    places = (package / "dist" / name, package / "package" / "dist" / name)
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise ExportError(
            f"`onnxruntime_web` has no dist/{name}, so it is not the npm package. "
            f"Received: onnxruntime_web={package}. {_BY_HAND}"
        )
    shutil.copyfile(found, folder / name)


def _unpack(package: pathlib.Path, folder: pathlib.Path) -> None:
    try:
        with tarfile.open(package) as archive:
            for name in SHA256:
                member = archive.extractfile(f"package/dist/{name}")
                if member is None:
                    raise KeyError(f"package/dist/{name} is not a file")
                with member, open(folder / name, "wb") as file:
                    shutil.copyfileobj(member, file)
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise ExportError(
            f"{package.name} is not the package {PACKAGE}: {error}. {_BY_HAND}"
        ) from error


def _fetch(folder: pathlib.Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ExportError(
            f"A page needs the files of {PACKAGE}, and there is no npm on the path to "
            f"fetch them with. Install npm, once; or: {_BY_HAND}"
        )
    with tempfile.TemporaryDirectory() as workspace:
        _run_npm(npm, workspace)
        packed = [*pathlib.Path(workspace).glob("*.tgz")]
        if len(packed) != 1:
            raise ExportError(f"`npm pack {PACKAGE}` wrote no package. {_BY_HAND}")
        _unpack(packed[0], folder)


def _run_npm(npm: str, workspace: str) -> None:
    try:
        done = subprocess.run(
            [npm, "pack", PACKAGE, "--silent"],
            cwd=workspace,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    if done.returncode:
        raise _failed(done.stderr or done.stdout)


def _failed(said: str) -> ExportError:
    words = " ".join(said.split())[-500:]
    return ExportError(f"`npm pack {PACKAGE}` failed: {words} {_BY_HAND}")
