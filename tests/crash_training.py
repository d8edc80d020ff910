"""A training in a process of its own, which is killed at random and started again."""

import random
import signal
import subprocess
import sys
import textwrap
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_gan.checkpoints import CheckpointFolder, restore
from tests import harness

SCRIPT = textwrap.dedent("""
    import sys
    import keras
    from keras_gan.callbacks import Checkpoint
    from tests import harness

    class Says(keras.callbacks.Callback):
        said = False

        def on_train_batch_end(self, batch, logs=None):
            if not self.said:
                print("trains", flush=True)
                self.said = True

    model = harness.gan(penalties=["r1"])
    callbacks = [Says(), Checkpoint(sys.argv[1], every_steps=3)]
    pipeline = harness.digits(batch_size=256)
    print("begins", flush=True)
    model.fit(pipeline, epochs=1_000_000, callbacks=callbacks, verbose=0)
""")


class Comparison(NamedTuple):
    """A killed training beside one that was left alone.

    Attributes:
        kills: SIGKILLs.
        within_a_save: How many of them left a checkpoint half written or half removed.
        steps: Rounds that both have played.
        bits: Size of the state of either.
        differing_bits: How many of them are not equal.
    """

    kills: int
    within_a_save: int
    steps: int
    bits: int
    differing_bits: int


def kill(folder: Path, kills: int, seconds: float = 4) -> None:
    """Kills a training at random, again and again.

    Every other one is killed while it is brought back or traced, the rest once it
    trains. What lies in the folder is gone on with, up to the number of kills.

    Args:
        folder: Where the checkpoints lie, and a line for every kill with what it left
            half done.
        kills: How many SIGKILLs.
        seconds: Most time from the begin, or the first step, to a kill.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for count in range(len(_left(folder)), kills):
        line = ("begins", "trains")[count % 2]
        delay = random.Random(count).uniform(0, seconds)
        _stop(folder, line, delay, signal.SIGKILL)
        names = sorted(path.name for path in _checkpoints(folder).glob(".*"))
        with open(folder / "kills.txt", "a") as file:
            file.write(" ".join(names) + "\n")


def compare(folder: Path) -> Comparison:
    """Lets a killed training end, and compares it with one that was left alone."""
    _stop(folder, "trains", 1, signal.SIGTERM)
    end = CheckpointFolder(_checkpoints(folder)).newest()
    killed, unbroken = (harness.gan(penalties=["r1"]) for _ in range(2))
    restore(killed, end)
    unbroken.fit(harness.digits(batch_size=256), steps_per_epoch=end.step, verbose=0)
    one, other = harness.state(killed), harness.state(unbroken)
    left = [set(line.split()) for line in _left(folder)]
    return Comparison(
        len(left),
        # What is left half done stays until the next save.
        sum(bool(now - before) for before, now in pairwise([set(), *left])),
        end.step,
        8 * sum(value.nbytes for value in one.values()),
        differing_bits(one, other),
    )


def differing_bits(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> int:
    """Counts the bits in which two states of equal shapes differ."""
    return sum(
        int(np.bitwise_count(_bytes(a) ^ _bytes(b)).sum())
        for a, b in zip(one.values(), other.values(), strict=True)
    )


def _bytes(value: np.ndarray) -> np.ndarray:
    return np.frombuffer(value.tobytes(), "uint8")


def _checkpoints(folder: Path) -> Path:
    return folder / "checkpoints"


def _left(folder: Path) -> list[str]:
    path = folder / "kills.txt"
    return path.read_text().splitlines() if path.is_file() else []


def _stop(folder: Path, line: str, seconds: float, how: signal.Signals) -> None:
    errors = folder / "errors.txt"
    with open(errors, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(_checkpoints(folder))],
            stdout=subprocess.PIPE,
            stderr=file,
            cwd=Path(__file__).parents[1],
        )
    try:
        while (said := process.stdout.readline()) and said.decode().strip() != line:
            pass
        time.sleep(seconds)
        process.send_signal(how)
        assert process.wait(120) == -how, errors.read_text()
    finally:
        # Two that train in one folder would spoil what is gone on with.
        process.kill()
        process.stdout.close()
