"""Silence around converters and runtimes that write to the console by themselves."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

from keras_gan.export.errors import ExportError

_LOGGERS = ("absl", "tensorflow", "tf2onnx")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back warnings, log lines and what C++ code writes to standard error.

    What was held back from standard error is written out again if the block fails
    with anything but an `ExportError`, which says in its own words what happened.
    """
    with (
        warnings.catch_warnings(),
        _silent_loggers(),
        _captured_stderr(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _silent_loggers() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _captured_stderr() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # a process without standard error has nothing to silence
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        held_back = b""
        try:
            yield
        except ExportError:
            raise
        except BaseException:
            log.seek(0)
            held_back = log.read()
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            with open(2, "wb", closefd=False) as stderr:
                stderr.write(held_back)
