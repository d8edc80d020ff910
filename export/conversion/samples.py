"""Calibration samples, as a converter takes them."""

from collections.abc import Iterator

import numpy as np

from keras_gan.export.conversion.task import Task


def calibration_batches(task: Task) -> Iterator[dict[str, np.ndarray]]:
    """Yield the calibration samples of a task in batches that its file takes."""
    assert task.calibration is not None
    with np.load(task.calibration, allow_pickle=False) as arrays:
        samples = {name: arrays[name] for name in arrays.files}
    size = task.options["batch_size"] or 1
    total = min(len(array) for array in samples.values() if array.ndim)
    for start in range(0, total - size + 1, size):
        yield {
            name: array[start : start + size] if array.ndim else array
            for name, array in samples.items()
        }
