"""The child process: reads tasks from standard input and converts them.

Run as a script by `Child`. It imports what a conversion needs and nothing else: neither
Keras nor the `__init__` of this package, which would take longer than TensorFlow.
"""

import faulthandler
import json
import os
import pathlib
import queue
import signal
import sys
import threading
import types
from typing import Any, BinaryIO


def main(idle_s: float) -> None:
    """Answer requests until there are none for `idle_s` seconds, or no parent."""
    faulthandler.enable(all_threads=False)
    # Ctrl-C is for the parent, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _private_stdout()
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    _import_lightly()
    from keras_gan.export.conversion.run import answer

    _write(answers, {"ready": True})
    while True:
        try:
            request = requests.get(timeout=idle_s)
        except queue.Empty:
            os._exit(0)
        _write(answers, answer(json.loads(request)))


def _private_stdout() -> BinaryIO:
    """Keep standard output for answers, and send what converters print to the log."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _read(requests: queue.SimpleQueue) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)  # the parent is gone, and nobody waits for what is being converted


def _import_lightly() -> None:
    folder = pathlib.Path(__file__).resolve().parents[1]
    paths: dict[str, list[str]] = {"keras_gan": [], "keras_gan.export": [str(folder)]}
    for name, path in paths.items():
        package = types.ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package
    # TensorFlow imports Keras if it is there, and does not need it.
    blocked: dict[str, Any] = sys.modules
    blocked["keras"] = None


def _write(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]))
