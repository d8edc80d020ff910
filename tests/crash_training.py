"""A training in a process of its own, which is killed at random and started again."""

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from keras_gan.checkpoints import CheckpointFolder, restore
from tests import harness

SCRIPT = textwrap.dedent("""
    import sys
    from keras_gan.callbacks import Checkpoint
    from tests import harness
    model = harness.gan(penalties=["r1"])
    keeper = Checkpoint(sys.argv[1], every_steps=3)
    pipeline = harness.digits(batch_size=256)
    print("trains", flush=True)
    model.fit(pipeline, epochs=1_000_000, callbacks=[keeper], verbose=0)
""")


def assert_kills_change_nothing(
    folder: Path, kills: int, seconds: tuple[float, float] = (3, 9)
) -> int:
    """Kills a training at random, and compares its end with one that was left alone.

    After the last kill it goes on a little, and is asked to end.

    Args:
        folder: Where the checkpoints lie.
        kills: How many SIGKILLs.
        seconds: Least and most time between the first step and a kill.

    Returns:
        Rounds that were played.
    """
    rng = random.Random(kills)
    for how in [signal.SIGKILL] * kills + [signal.SIGTERM]:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout.readline() == b"trains\n"
        time.sleep(rng.uniform(*seconds))
        process.send_signal(how)
        process.stdout.close()
        assert process.wait(120) == -how
    end = CheckpointFolder(folder).newest()
    killed, unbroken = (harness.gan(penalties=["r1"]) for _ in range(2))
    restore(killed, end)
    unbroken.fit(harness.digits(batch_size=256), steps_per_epoch=end.step, verbose=0)
    harness.assert_same_state(harness.state(unbroken), harness.state(killed))
    return end.step
