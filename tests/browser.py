"""Headless Chromium on a folder that is served here, for the tests of the page.

It is driven by the DevTools protocol over two pipes: messages of JSON, each ended by a
zero byte, on the file descriptors 3 and 4 of the browser.
"""

import base64
import contextlib
import fcntl
import functools
import http.server
import json
import os
import pathlib
import select
import shutil
import signal
import tempfile
import threading
import time

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


def chromium():
    """Path of the browser; skips the test, with what to do, where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(
            "NOT TESTED IN A BROWSER: no Chromium on the path. Run "
            "`apt-get install -y --no-install-recommends chromium`."
        )
    return path


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@contextlib.contextmanager
def served(folder):
    """Serve a folder on a free port of this machine; gives the address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Browser:
    """One tab of a headless Chromium.

    Attributes:
        complaints: What the page wrote to the console as a warning or an error, and
            the exceptions that it did not catch.
        requests: Addresses that the page asked for.
    """

    def __init__(self):
        self.complaints, self.requests = [], []
        self._answers, self._count, self._buffer = {}, 0, b""
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        self._start(chromium())
        target = self._send("Target.createTarget", session=None, url="about:blank")
        attached = self._send(
            "Target.attachToTarget",
            session=None,
            targetId=target["targetId"],
            flatten=True,
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self._send(f"{domain}.enable")

    def _start(self, path):
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        # Both stand above 4, so that giving one its number never closes the other.
        given = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]
        actions = [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(given)]
        quiet = os.open(os.devnull, os.O_RDWR)
        actions += [(os.POSIX_SPAWN_DUP2, quiet, fd) for fd in (0, 1, 2)]
        arguments = [path, *FLAGS, f"--user-data-dir={self._profile}"]
        self._pid = os.posix_spawn(
            path, arguments, os.environ, file_actions=actions, setpgroup=0
        )
        for fd in (theirs_in, theirs_out, *given, quiet):
            os.close(fd)
        self._in, self._out = ours_in, ours_out

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _send(self, method, session: str | None = "tab", **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        answer = self._answer(self._count, time.monotonic() + 60)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _answer(self, number, deadline):
        while number not in self._answers:
            self._listen(deadline)
        return self._answers.pop(number)

    def _listen(self, deadline):
        ready, _, _ = select.select([self._in], [], [], deadline - time.monotonic())
        data = os.read(self._in, 1 << 16) if ready else b""
        if not data:
            raise RuntimeError("Chromium does not answer.")
        *messages, self._buffer = (self._buffer + data).split(b"\0")
        for text in messages:
            self._take(json.loads(text))

    def _take(self, message):
        parameters = message.get("params", {})
        match message.get("method"):
            case None:
                self._answers[message["id"]] = message
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(parameters["exceptionDetails"])
            case "Runtime.consoleAPICalled" if parameters["type"] != "log":
                self.complaints.append(parameters["args"])
            case "Log.entryAdded" if parameters["entry"]["level"] != "verbose":
                self.complaints.append(parameters["entry"]["text"])

    def open(self, address):
        """Open a page and wait until its scripts have run."""
        self.complaints.clear()
        self.requests.clear()
        self._send("Page.navigate", url=address)
        self.wait_for("document.readyState === 'complete'")

    def run(self, expression):
        """The value of an expression in the page; of a promise, what it gives."""
        result = self._send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, expression, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while not self.run(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} never came true in the page.")
            time.sleep(0.02)

    def choose_files(self, selector, *paths):
        """Give files to a file input, as its dialogue does."""
        root = self._send("DOM.getDocument")["root"]["nodeId"]
        found = self._send("DOM.querySelector", nodeId=root, selector=selector)
        files = [str(pathlib.Path(path).resolve()) for path in paths]
        self._send("DOM.setFileInputFiles", files=files, nodeId=found["nodeId"])

    def press(self, key, code=0):
        """Press a key of the keyboard, as `"ArrowRight"`."""
        for kind in ("rawKeyDown", "keyUp"):
            self._send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
            )

    def drag(self, *places):
        """Move the mouse along these places with its button down."""
        kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 2), "mouseReleased"]
        for kind, (x, y) in zip(kinds, places, strict=True):
            self._send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                buttons=1,
                clickCount=1,
            )

    def save_downloads_in(self, folder):
        self._send(
            "Browser.setDownloadBehavior",
            session=None,
            behavior="allow",
            downloadPath=str(folder),
        )

    def look(self, width, height, *, dark=False, scale=1):
        """Set the size of the window and its colour scheme."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )
        scheme = {
            "name": "prefers-color-scheme",
            "value": "dark" if dark else "light",
        }
        self._send("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path, *, whole=False):
        """Write what is seen, or the whole page, as a PNG."""
        shot = self._send(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
