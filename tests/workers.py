"""A training under a strategy, in a process of its own; `test_strategies.py` starts it.

python -m tests.workers mirrored|multi_worker FOLDER EPOCHS
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_gan import callbacks
from keras_gan.models import distribution
from tests import harness

STEPS_PER_EPOCH = 4


def two_devices() -> tf.distribute.Strategy:
    """Makes two devices of the processor, which TensorFlow allows at the start."""
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


STRATEGIES = {
    "mirrored": two_devices,
    "multi_worker": tf.distribute.MultiWorkerMirroredStrategy,
}


class Tell(keras.callbacks.Callback):
    """Writes down how far this worker is."""

    def __init__(self, file: Path):
        super().__init__()
        self.file = file

    def on_train_batch_end(self, batch, logs=None):
        self.file.write_text(str(int(self.model.step.numpy())))


def main(name: str, folder: Path, epochs: int) -> None:
    strategy = STRATEGIES[name]()
    worker = 0 if distribution.is_chief(strategy) else 1
    with strategy.scope():
        model = harness.plain_gan(penalties=["r1"])
    history = model.fit(
        harness.digits(batch_size=32),
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=epochs,
        validation_data=harness.digits(batch_size=32).dataset(num_steps=2),
        callbacks=[
            callbacks.Checkpoint(folder / "kept", every_steps=3),
            Tell(folder / f"{worker}.step"),
        ],
        verbose=0,
    ).history
    state = harness.state(model)
    np.savez(folder / f"{worker}.npz", *state.values())
    (folder / f"{worker}.json").write_text(json.dumps(history))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
