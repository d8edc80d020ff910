"""Serve a pack with the best server that this machine has."""

import contextlib
import functools
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import text_format

from keras_gan.export.errors import ExportError
from keras_gan.export.serving import configs
from keras_gan.export.serving.preview import PreviewServer
from keras_gan.export.serving.publish import versions
from keras_gan.export.serving.readme import IMAGE, server_arguments
from keras_gan.export.serving.served_models import models_of
from keras_gan.export.staging import StrPath
from keras_gan.export.trust import check_trusted

SERVERS = ("tensorflow_model_server", "docker", "preview")
_DOCKER_ANSWERS_S = 20.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    folder: StrPath,
    *,
    host: str = "127.0.0.1",
    rest_port: int = 8501,
    grpc_port: int = 8500,
    server: str | None = None,
    poll_seconds: float = 1.0,
    max_request_bytes: int = 64 * 2**20,
    log: Callable[[str], None] | None = None,
    allow_untrusted: bool = False,
) -> None:
    """Serve the models of a folder until SIGINT or SIGTERM.

    By `tensorflow_model_server` if it is installed, else by its Docker image if Docker
    runs, else by a preview in this process that answers the same requests.

    Args:
        folder: A pack of `export_serving`, or the folder of one model in it.
        host: The address to listen on. `tensorflow_model_server` listens on all
            addresses of the machine and cannot be told otherwise.
        rest_port: Port for JSON.
        grpc_port: Port for gRPC.
        server: One of `SERVERS`, by default the first that can be had.
        poll_seconds: How often to look for new versions, at least every second but
            for the preview.
        max_request_bytes: Longest request that the preview takes.
        log: Is told what happens; by default it is printed.
        allow_untrusted: Whether to serve SavedModels, which are programs, though this
            process did not write them.

    Example:

    ```python
    serve("models", allow_untrusted=True)  # keras-gan serve models --allow-untrusted
    ```
    """
    folder = pathlib.Path(folder).resolve()
    models = models_of(folder)
    for _, place in models:
        for names in versions(place).values():
            for name in names:
                check_trusted(place / name, allow_untrusted)
    server = _chosen(server)
    log = log or functools.partial(print, flush=True)
    if server == "preview":
        log(
            f"Serving {folder} by a preview of TensorFlow Serving, in Python, for a "
            "first look. Install tensorflow_model_server or Docker to serve others."
        )
        preview = PreviewServer(
            folder,
            host=host,
            rest_port=rest_port,
            grpc_port=grpc_port,
            poll_seconds=poll_seconds,
            max_request_bytes=max_request_bytes,
            log=log,
            allow_untrusted=allow_untrusted,
        )
        _run_preview(preview, log)
        return
    with tempfile.TemporaryDirectory(prefix="keras-gan-serve-") as place:
        if server == "docker":
            name = pathlib.Path(place).name
            write_configs(models, pathlib.Path(place), in_container=True)
            argv = docker_argv(models, place, host, rest_port, grpc_port, name)
        else:
            if host in _LOOPBACK:
                log("tensorflow_model_server listens on all addresses of this machine.")
            write_configs(models, pathlib.Path(place), in_container=False)
            argv = model_server_argv(place, rest_port, grpc_port, poll_seconds)
        log(f"Serving {folder}: {shlex.join(argv)}")
        _run_process(argv)


def write_configs(
    models: list[tuple[Any, pathlib.Path]], place: pathlib.Path, in_container: bool
) -> None:
    """Write the configuration files of a server.

    Args:
        models: The `ModelConfig` and the folder of each model.
        place: The folder to write to.
        in_container: Whether the models lie in `/models` for the server, or where
            they are.
    """
    whole = configs.parsed_models("")
    for model, folder in models:
        entry = whole.model_config_list.config.add()
        entry.CopyFrom(model)
        inside = f"{configs.CONTAINER_FOLDER}/{model.name}"
        entry.base_path = inside if in_container else str(folder)
    (place / "models.config").write_text(text_format.MessageToString(whole))
    (place / "monitoring.config").write_text(configs.monitoring_config())
    # The parameters are those of each version; a server refuses an empty file.
    (place / "batching.config").write_text("# See batching_params.pbtxt.\n")


def model_server_argv(
    place: StrPath, rest_port: int, grpc_port: int, poll_seconds: float = 1.0
) -> list[str]:
    """Return the command line of `tensorflow_model_server`.

    Args:
        place: The folder of the configuration files.
        rest_port: Port for JSON.
        grpc_port: Port for gRPC.
        poll_seconds: How often to look for new versions.
    """
    return [
        "tensorflow_model_server",
        f"--port={grpc_port}",
        f"--rest_api_port={rest_port}",
        f"--file_system_poll_wait_seconds={max(1, round(poll_seconds))}",
        *server_arguments(str(place)),
    ]


def docker_argv(
    models: list[tuple[Any, pathlib.Path]],
    place: StrPath,
    host: str,
    rest_port: int,
    grpc_port: int,
    name: str,
) -> list[str]:
    """Return the command line that runs the server in Docker.

    Args:
        models: The `ModelConfig` and the folder of each model.
        place: The folder of the configuration files.
        host: The address to listen on.
        rest_port: Port for JSON.
        grpc_port: Port for gRPC.
        name: Name of the container.
    """
    mounts = [(str(place), "/config")]
    mounts += [
        (str(path), f"{configs.CONTAINER_FOLDER}/{model.name}")
        for model, path in models
    ]
    address = f"[{host}]" if ":" in host else host
    address = "127.0.0.1" if address == "localhost" else address
    return [
        *("docker", "run", "--rm", "--name", name),
        *("-p", f"{address}:{grpc_port}:8500", "-p", f"{address}:{rest_port}:8501"),
        *(item for outer, inner in mounts for item in ("-v", f"{outer}:{inner}:ro")),
        IMAGE,
        *server_arguments("/config"),
    ]


def _chosen(server: str | None) -> str:
    if server is None:
        return next(name for name in SERVERS if _can_be_had(name))
    if server not in SERVERS:
        raise ExportError(
            f"`server` must be one of {SERVERS}. Received: server={server!r}"
        )
    if not _can_be_had(server):
        raise ExportError(
            f"{server} is not at hand: it is not on the path, or does not answer. "
            "Leave out `server` to take the best that is."
        )
    return server


def _can_be_had(server: str) -> bool:
    if server == "preview":
        return True
    if shutil.which(server) is None:
        return False
    return server != "docker" or _docker_runs()


def _docker_runs() -> bool:
    try:
        answer = subprocess.run(
            ["docker", "info"], capture_output=True, timeout=_DOCKER_ANSWERS_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _run_preview(preview: PreviewServer, log: Callable[[str], None]) -> None:
    stopped = threading.Event()
    with _on_stop(lambda: stopped.set()), preview:
        log(f"REST at {preview.rest_url}, gRPC at {preview.grpc_url}.")
        stopped.wait()
        log("Stopping.")


def _run_process(argv: list[str]) -> None:
    running: list[subprocess.Popen] = []
    asked = threading.Event()

    def stop() -> None:
        asked.set()
        for process in running:
            process.terminate()

    # From before it starts, so that no signal leaves it behind.
    with _on_stop(stop):
        # In a session of its own it gets each signal once, from here.
        running.append(subprocess.Popen(argv, start_new_session=True))
        if asked.is_set():
            stop()
        status = running[0].wait()
    if status != 0 and not asked.is_set():
        raise ExportError(f"{argv[0]} ended with status {status}: see what it wrote.")


@contextlib.contextmanager
def _on_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGINT and SIGTERM, in the main thread of a program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
