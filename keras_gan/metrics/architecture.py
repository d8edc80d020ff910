"""What a Keras model does, but for the values of its weights."""

import json
from typing import Any

import keras


def architecture(model: keras.Model) -> str:
    """Return the settings of a model's layers and the shapes of its weights, as text.

    Models that do the same have the same, also after they were saved and loaded.

    Args:
        model: A built Keras model.
    """
    shapes = [tuple(weight.shape) for weight in model.weights]
    return json.dumps([_settings(model), shapes])


def _settings(layer: keras.layers.Layer) -> Any:
    """What layers do, without their names, which another process chooses anew."""
    if isinstance(layer, keras.Model):
        return [_settings(inner) for inner in layer.layers]
    try:
        config = _without_names(layer.get_config())
    except NotImplementedError:
        config = {}
    words = json.dumps(config, sort_keys=True, default=lambda x: type(x).__name__)
    return f"{type(layer).__name__} {words}"


def _without_names(config: Any) -> Any:
    if isinstance(config, dict):
        return {k: _without_names(v) for k, v in config.items() if k != "name"}
    if isinstance(config, (list, tuple)):
        return [_without_names(item) for item in config]
    return config
