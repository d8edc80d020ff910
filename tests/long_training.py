"""A training of many steps, and what it takes of the machine meanwhile."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import psutil

from keras_gan.callbacks import Checkpoint
from tests import harness

EVERY_STEPS = 500
# TensorFlow's and the allocator's pools fill first.
WARM_UP_STEPS = 5_000
WINDOW = 10


class Growth(NamedTuple):
    """What a training takes more at its end than after its warm-up.

    Attributes:
        steps: Rounds that it has played.
        memory_mib: Resident memory, means of ten measurements.
        open_files: Open files.
    """

    steps: int
    memory_mib: float
    open_files: int


class Meter(keras.callbacks.Callback):
    """Writes step, resident bytes and open files into a file, every so many steps."""

    def __init__(self, path, every_steps: int = EVERY_STEPS // 2):
        super().__init__()
        self.path, self.every_steps = Path(path), every_steps
        self.process = psutil.Process()

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.step.numpy())
        if step % self.every_steps == 0:
            row = [step, self.process.memory_info().rss, self.process.num_fds()]
            with open(self.path, "a") as file:
                file.write(json.dumps(row) + "\n")


def train(folder: Path, steps: int) -> None:
    """Plays a tiny game on digits, with all that a long training has around it."""
    harness.gan(penalties=["r1"]).fit(
        harness.digits(batch_size=32),
        steps_per_epoch=100,
        epochs=steps // 100,
        callbacks=[
            keras.callbacks.TerminateOnNaN(),
            keras.callbacks.CSVLogger(folder / "log.csv"),
            Meter(folder / "meter.jsonl"),
            Checkpoint(folder / "kept", every_steps=EVERY_STEPS, every_epoch=False),
        ],
        verbose=0,
    )


def measure(folder: Path, steps: int) -> Growth:
    """Trains in a process of its own, where nothing else comes and goes."""
    command = [sys.executable, "-m", "tests.long_training", str(folder), str(steps)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
    lines = (folder / "meter.jsonl").read_text().splitlines()
    rows = np.array([json.loads(line) for line in lines])
    after = rows[rows[:, 0] >= WARM_UP_STEPS]
    first, last = (part.mean(axis=0) for part in (after[:WINDOW], after[-WINDOW:]))
    return Growth(
        int(rows[-1, 0]),
        round(float(last[1] - first[1]) / 2**20, 2),
        int(after[:, 2].max() - after[:, 2].min()),
    )


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]))
