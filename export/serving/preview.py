"""A server that answers as TensorFlow Serving does, for trying things out."""

import concurrent.futures
import pathlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.serving.grpc_services import add_services
from keras_gan.export.serving.packages import require_serving
from keras_gan.export.serving.rest import RESTInterface, application
from keras_gan.export.serving.served_models import ServedModels
from keras_gan.export.staging import StrPath

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class PreviewServer:
    """A preview of TensorFlow Serving in this process, for tests and a first look.

    It answers the same requests on the same addresses in the same formats, over gRPC
    and REST, loads SavedModels the same way, batches, warms up, and replaces versions
    while it runs. It is Python: for use by others run the real server. Use it in a
    `with` statement, or `start` and `stop` it.

    Args:
        folder: A pack of `export_serving`, or the folder of one model in it.
        host: The address to listen on; anything but the loopback shows the models
            to the network.
        rest_port: Port for JSON, 0 for a free one.
        grpc_port: Port for gRPC, 0 for a free one.
        poll_seconds: How often to look for new versions.
        max_request_bytes: Longer requests are refused.
        log: Is told what is loaded and unloaded.
        allow_untrusted: Whether to load SavedModels, which are programs, though this
            process did not write them.

    Example:

    ```python
    with PreviewServer("models", rest_port=0, grpc_port=0) as server:
        client = connect(server.rest_url, model="digits")
        pictures = client.sample_png(range(16))
    ```
    """

    def __init__(
        self,
        folder: StrPath,
        *,
        host: str = "127.0.0.1",
        rest_port: int = 8501,
        grpc_port: int = 8500,
        poll_seconds: float = 1.0,
        max_request_bytes: int = 64 * 2**20,
        log: Callable[[str], None] = lambda line: None,
        allow_untrusted: bool = False,
    ):
        self._host = host
        self._ports = (rest_port, grpc_port)
        self._max_request_bytes = max_request_bytes
        self._models = ServedModels(
            pathlib.Path(folder), poll_seconds, log, allow_untrusted
        )
        self._http: Any = None
        self._grpc: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "PreviewServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def rest_url(self) -> str:
        """Where JSON is spoken, such as `"http://127.0.0.1:8501"`."""
        return f"http://{self._address(self._ports[0])}"

    @property
    def grpc_url(self) -> str:
        """Where gRPC is spoken, such as `"grpc://127.0.0.1:8500"`."""
        return f"grpc://{self._address(self._ports[1])}"

    def start(self) -> None:
        """Load the models and listen."""
        uvicorn = require_serving("uvicorn")
        listening = self._listening()
        try:
            self._grpc = self._grpc_server()
            self._models.start()
            self._grpc.start()
            self._start_http(uvicorn, listening)
        except BaseException:
            listening.close()
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening, answer what has come in, and free the models."""
        if self._grpc is not None:
            self._grpc.stop(_STOP_SECONDS).wait()
        if self._http is not None and self._thread is not None:
            self._http.should_exit = True
            self._thread.join()
        self._grpc = self._http = self._thread = None
        self._models.stop()

    def _grpc_server(self) -> Any:
        grpc = require_serving("grpc")
        # Each waits for its batch, so there are more of them than cores.
        threads = concurrent.futures.ThreadPoolExecutor(256)
        limits = [
            ("grpc.max_receive_message_length", self._max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ]
        server = grpc.server(threads, options=limits)
        add_services(server, self._models)
        rest_port, grpc_port = self._ports
        try:
            port = server.add_insecure_port(self._address(grpc_port))
        except RuntimeError as error:
            raise _cannot_listen(self._address(grpc_port), error) from error
        self._ports = (rest_port, port)
        return server

    def _start_http(self, uvicorn: Any, listening: socket.socket) -> None:
        app = application(RESTInterface(self._models), self._max_request_bytes)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            headers=[("server", "keras-gan-preview")],
            timeout_graceful_shutdown=int(_STOP_SECONDS),
        )
        self._http = uvicorn.Server(config)
        run = self._http.run
        self._thread = threading.Thread(
            target=run, kwargs={"sockets": [listening]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._http.started and time.monotonic() < deadline:
            time.sleep(0.01)

    def _listening(self) -> socket.socket:
        rest_port, grpc_port = self._ports
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server(
                (self._host, rest_port), family=family, backlog=1024
            )
        except OSError as error:
            raise _cannot_listen(self._address(rest_port), error) from error
        # Else an answer in two parts waits 40 ms for an acknowledgement of the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ports = (listening.getsockname()[1], grpc_port)
        return listening

    def _address(self, port: int) -> str:
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"


def _cannot_listen(address: str, error: Exception) -> ExportError:
    return ExportError(
        f"The server cannot listen on {address}: {error}. Choose another port, or stop "
        "the program that has this one."
    )
