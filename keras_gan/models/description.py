"""What a training is, line by line, to tell whether a checkpoint belongs to it."""

import hashlib
import importlib.metadata
import os
import platform
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan._version import __version__
from keras_gan.data.pipeline import Pipeline

# Names that Keras numbers as it goes are others in every process.
_LEFT_OUT = {"name", "inbound_nodes", "input_layers", "output_layers", "build_config"}
# How fast it runs, not what; `seed` is compared where it was chosen.
_HOW = {"run_eagerly", "steps_per_execution", "metrics", "seed"}
_PACKAGES = ("tensorflow", "keras", "numpy")


def describe(model, data, steps_per_epoch) -> dict[str, Any]:
    """Returns the settings of a game and its data, as `path: value` of JSON values."""
    found = {"model": type(model).__name__} | _flat("", model.get_config())
    found |= _flat("compile", model.get_compile_config())
    if not model.draws_seed:
        found["seed"] = model.seed
    found["steps_per_epoch"] = steps_per_epoch
    if isinstance(data, Pipeline):
        found["data"] = repr(data)
        # Another seed or other files are another first batch.
        found["first batch"] = _digest(next(iter(data)))
    return found


def _digest(batch) -> str:
    digest = hashlib.sha256()
    for part in tf.nest.flatten(batch):
        digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()[:16]


def environment(model) -> dict[str, Any]:
    """Returns what the last bits of a training depend on, beside its settings."""
    threading = tf.config.threading
    return {
        "keras_gan": __version__,
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "intra_op_threads": threading.get_intra_op_parallelism_threads(),
        "inter_op_threads": threading.get_inter_op_parallelism_threads(),
        "oneDNN": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        "replicas": model.distribute_strategy.num_replicas_in_sync,
        "gpus": len(tf.config.list_logical_devices("GPU")),
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Returns a line `name: before -> now` for all that differs."""
    names = [*before, *(name for name in now if name not in before)]
    return [
        f"{name}: {before.get(name)!r} -> {now.get(name)!r}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def _flat(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(k, v) for k, v in value.items() if k not in _LEFT_OUT | _HOW]
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        plain = isinstance(value, (str, int, float, bool, type(None)))
        return {path: value if plain else repr(value)}
    found: dict[str, Any] = {}
    for key, part in items:
        found |= _flat(f"{path}.{key}" if path else str(key), part)
    return found
