"""A child process that answers one JSON line with another."""

import json
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
from typing import Any

_SCRIPT = pathlib.Path(__file__).with_name("worker.py")
# Reading TensorFlow from a cold disk on a busy machine takes a minute.
_START_S = 300.0
_IDLE_S = 60.0


class ChildEnded(Exception):
    """The child ended before it answered.

    Attributes:
        code: Its exit status; `-n` if signal `n` ended it.
        last_words: The end of what it wrote to standard error.
    """

    def __init__(self, code: int, last_words: str):
        super().__init__(code, last_words)
        self.code = code
        self.last_words = last_words


class Child:
    """A running `worker.py`, which starts while the caller does something else.

    Args:
        idle_s: Without a request for so long, it ends by itself.
    """

    def __init__(self, idle_s: float = _IDLE_S):
        self._log = tempfile.TemporaryFile()
        # -P, because modules beside the script have the names of packages.
        self.process: Any = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(idle_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._ready = False

    def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Return the answer to a request.

        Args:
            request: Anything that JSON can hold.
            timeout_s: Raise `TimeoutError` if there is no answer by then. The time
                in which the child starts does not count.
        """
        if not self._ready:
            self._answer(_START_S)
            self._ready = True
        log_start = os.fstat(self._log.fileno()).st_size
        self._send(json.dumps(request).encode() + b"\n")
        return self._answer(timeout_s, log_start)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            try:
                stream.close()
            except OSError:  # what was left in the buffer has no reader any more
                pass

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _send(self, line: bytes) -> None:
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except OSError:  # it has ended, which the listener reports
            pass

    def _answer(self, timeout_s: float, log_start: int = 0) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(timeout_s) from None
        if not line:
            raise ChildEnded(self.process.wait(), self._last_words(log_start))
        return json.loads(line)

    def _last_words(self, log_start: int) -> str:
        self._log.seek(log_start)
        text = self._log.read().decode(errors="replace")
        # The list of modules that ends a report of faulthandler tells nothing.
        lines = [line[:200] for line in text.splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith("Extension modules")]
        crash = [i for i, line in enumerate(lines) if line.startswith("Fatal Python")]
        start = crash[-1] if crash else max(len(lines) - 6, 0)
        return "\n".join(lines[start : start + 6])


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONWARNINGS": "ignore",
        "TF_CPP_MIN_LOG_LEVEL": "1",
        # The parent holds the GPU, whose rounding has no place in a file either.
        "CUDA_VISIBLE_DEVICES": "-1",
    }
