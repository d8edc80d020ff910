"""Many clients at once against the preview server: lost requests, latency, memory."""

import argparse
import collections
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import psutil
import tensorflow as tf
from train_step import describe_machine, describe_versions

from keras_gan.export import GeneratorSpec
from keras_gan.export.serving import connect, export_serving
from keras_gan.networks import dcgan_generator

IMAGE_SHAPE = (32, 32, 3)
LATENT_DIM = 64
# The first third of the time is left to caches and pools to fill.
WARM_UP_SHARE = 1 / 3
# Most that the memory of a server may grow after that: pools move by some megabytes.
MOST_GROWTH = 0.05
SERVER = (
    "import sys; from keras_gan.export.serving import serve; "
    "serve(sys.argv[1], rest_port=0, grpc_port=0, server='preview', "
    "allow_untrusted=True)"
)
PROTOCOL = (
    "The preview server in a process of its own, the clients as threads of another on "
    "the same cores. Each client asks without a pause: in turns `serving_default` with "
    "1 to 3 latents and `sample_png` with 1 to 3 seeds; half of them over REST, half "
    "over gRPC. Every answer is compared: arrays with those of Keras, pictures with "
    "the bytes of the first answer to the same seed. A request is lost if it fails, "
    "times out or gets another's rows. Memory is the resident set of the server, each "
    "second; growth is from the mean of the second third of the time to that of the "
    "last."
)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--width", type=int, default=16, help="of the generator")
    parser.add_argument("--out", type=Path, help="JSON file, beside standard output")
    return parser.parse_args()


def start_server(folder: Path) -> tuple[subprocess.Popen, list[str]]:
    """Returns the process, and the addresses of REST and gRPC."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        addresses = re.findall(r"\w+://[\d.:]+\d", line)
        if len(addresses) == 2:
            return process, addresses
    raise ValueError(f"The server did not start. Received: {process.wait()}.")


class Load:
    """Clients that ask until a deadline, and what they were answered.

    Args:
        generator: What is served.
        urls: Addresses of the server, taken in turns.
        seconds: How long to ask.
    """

    def __init__(self, generator: keras.Model, urls: list[str], seconds: float):
        self.latents = GeneratorSpec.of(generator).draw(64)["latents"]
        self.images = np.asarray(generator(self.latents, training=False))
        self.urls = urls
        self.seconds = seconds
        self.latencies = collections.defaultdict(list)
        self.failures: list[str] = []
        self.files: dict[int, bytes] = {}
        self.lock = threading.Lock()

    def run(self, num_clients: int) -> None:
        start = threading.Barrier(num_clients)
        threads = [
            threading.Thread(target=self.ask_until, args=(number, start))
            for number in range(num_clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask_until(self, number: int, start: threading.Barrier) -> None:
        rng = np.random.default_rng(number)
        url = self.urls[number % len(self.urls)]
        with connect(url, model="load") as client:
            client.metadata()
            start.wait()
            deadline = time.monotonic() + self.seconds
            turn = number
            while time.monotonic() < deadline:
                turn += 1
                ask = self.ask_arrays if turn % 2 else self.ask_pictures
                rows = rng.integers(0, 64, rng.integers(1, 4))
                begin = time.monotonic()
                try:
                    problem = ask(client, rows)
                except Exception as error:
                    problem = f"{type(error).__name__}: {error}"
                kind = f"{url.partition(':')[0]} {ask.__name__.removeprefix('ask_')}"
                with self.lock:
                    self.latencies[kind].append(1e3 * (time.monotonic() - begin))
                    self.failures += [f"{kind}: {problem}"] if problem else []

    def ask_arrays(self, client, rows) -> str | None:
        images = client.predict(self.latents[rows])
        error = np.abs(images - self.images[rows]).max()
        return None if error < 1e-4 else f"rows of another request, off by {error}"

    def ask_pictures(self, client, rows) -> str | None:
        for seed, file in zip(rows, client.sample_png(rows), strict=True):
            with self.lock:
                first = self.files.setdefault(int(seed), file)
            if file != first and not almost_equal(file, first):
                return f"another picture for seed {seed}"
        return None


def almost_equal(file: bytes, other: bytes) -> bool:
    """Whether two pictures differ by what another batch size rounds at most."""
    pixels = [tf.io.decode_png(item).numpy().astype(int) for item in (file, other)]
    return bool(np.abs(pixels[0] - pixels[1]).max() <= 1)


class Memory(threading.Thread):
    """Notes the resident megabytes of a process each second until it is told to stop.

    Args:
        pid: Number of the process.
    """

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.megabytes: list[float] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(1.0):
            size = self.process.memory_info().rss / 2**20
            self.megabytes.append(round(size, 1))

    def summary(self) -> dict:
        third = int(len(self.megabytes) * WARM_UP_SHARE)
        middle = statistics.mean(self.megabytes[third : 2 * third])
        last = statistics.mean(self.megabytes[2 * third :])
        growth = last / middle - 1.0
        return {
            "megabytes": self.megabytes,
            "growth": round(growth, 4),
            "flat": growth <= MOST_GROWTH,
        }


def summary(load: Load) -> dict:
    def percentiles(values):
        return dict(
            zip(
                ("p50", "p95", "p99"),
                np.percentile(values, [50, 95, 99]).round(1).tolist(),
                strict=True,
            )
        )

    counts = {kind: len(values) for kind, values in load.latencies.items()}
    total = sum(counts.values())
    return {
        "num_requests": total,
        "num_lost": len(load.failures),
        "requests_per_s": round(total / load.seconds, 1),
        "latency_ms": {
            kind: {"num_requests": counts[kind], **percentiles(values)}
            for kind, values in sorted(load.latencies.items())
        },
        "failures": load.failures[:10],
    }


def measure(clients: int, seconds: float, width: int, folder: Path) -> dict:
    """Serves a generator from a folder and returns what so many clients saw."""
    keras.utils.set_random_seed(0)
    generator = dcgan_generator(IMAGE_SHAPE, LATENT_DIM, width=width)
    export_serving(generator, folder, name="load")
    process, urls = start_server(folder)
    try:
        load, memory = Load(generator, urls, seconds), Memory(process.pid)
        memory.start()
        load.run(clients)
        memory.stopped.set()
        memory.join()
        process.terminate()
        status = process.wait(timeout=60)
    finally:
        process.kill()
        process.stdout.close()
    return {**summary(load), "memory": memory.summary(), "exit_status": status}


def main() -> None:
    args = parse_arguments()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        result = measure(args.clients, args.seconds, args.width, Path(folder))
    report = {
        "benchmark": "serving_load",
        "command": shlex.join(["python", *sys.argv]),
        "machine": describe_machine(),
        "versions": {**describe_versions(False), **describe_packages()},
        "protocol": PROTOCOL,
        "clients": args.clients,
        "seconds": args.seconds,
        "image_shape": IMAGE_SHAPE,
        "width": args.width,
        **result,
        "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
    }
    text = json.dumps(report)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


def describe_packages() -> dict:
    from importlib.metadata import version

    names = ("tensorflow-serving-api", "grpcio", "starlette", "uvicorn", "httpx")
    return {name: version(name) for name in names}


if __name__ == "__main__":
    main()
