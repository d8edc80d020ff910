"""Small data that several tests read."""

import numpy as np


def numbered(num_examples):
    """Vectors that carry their own index."""
    return np.arange(num_examples, dtype=np.float32)[:, None]


def drawn(pipeline, start_step=0, num_steps=None):
    batches = pipeline.dataset(start_step, num_steps or len(pipeline))
    return np.concatenate(list(batches.as_numpy_iterator()))[:, 0].astype(int)


def pixels(num_examples=8, size=(4, 4, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num_examples, *size), "uint8")


def reds(pipeline):
    epoch = np.concatenate(list(pipeline))
    return np.sort(np.rint((epoch[:, 0, 0, 0] + 1) * 127.5))
