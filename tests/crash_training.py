"""A training in a process of its own, which is killed at random and started again."""

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import keras

from tests import harness

SCRIPT = textwrap.dedent("""
    import sys
    from keras_gan.callbacks import Checkpoint
    from tests import harness
    folder, epochs = sys.argv[1], int(sys.argv[2])
    model = harness.gan(penalties=["r1"])
    keeper = Checkpoint(folder, every_steps=3)
    pipeline = harness.digits(batch_size=256)
    print("trains", flush=True)
    model.fit(pipeline, epochs=epochs, callbacks=[keeper], verbose=0)
    model.save(folder + "/end.keras")
""")


def assert_kills_change_nothing(
    folder: Path, kills: int, epochs: int, seconds: tuple[float, float] = (3, 9)
) -> int:
    """Kills a training at random, and compares its end with one that was left alone.

    Args:
        folder: Where the checkpoints lie.
        kills: How many SIGKILLs.
        epochs: Epochs of 7 steps; enough of them that the kills come before the end.
        seconds: Least and most time between the first step and a kill.

    Returns:
        Rounds that were played.
    """
    rng, done = random.Random(kills), 0
    while not (folder / "end.keras").exists():
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder), str(epochs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout.readline() == b"trains\n"
        if done < kills:
            time.sleep(rng.uniform(*seconds))
            done += process.poll() is None
            process.kill()
        process.stdout.close()
        process.wait()
    assert done == kills, f"The training was over after {done} kills."
    unbroken = harness.gan(penalties=["r1"])
    unbroken.fit(harness.digits(batch_size=256), epochs=epochs, verbose=0)
    end = keras.saving.load_model(folder / "end.keras")
    harness.assert_same_state(harness.state(unbroken), harness.state(end))
    return int(end.step.numpy())
