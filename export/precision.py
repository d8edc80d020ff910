"""Generators trained in half precision, rebuilt in float32 for export."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from keras_gan.export.errors import ExportError

_HALF = {"float16", "bfloat16", "mixed_float16", "mixed_bfloat16"}


def computes_in_half(model: keras.Model) -> bool:
    """Return whether any layer of the model computes in half precision."""
    return any(layer.compute_dtype in _HALF for layer in model._flatten_layers())


def rebuilt_in_float32(model: keras.Model, *example: Any) -> keras.Model:
    """Return the model with the same weights, computing in float32 throughout.

    TFLite has no half-precision convolution or matrix product, and a float32
    generator with the trained weights draws the same pictures with less rounding.
    The model is rebuilt from its config.

    Args:
        model: A Keras model with a mixed or half-precision dtype policy.
        *example: Arguments of `model.call`, to build a subclassed model on.
    """
    try:
        copy = _from_config(model)
        if not copy.built:
            copy(*example, training=False)
        copy.set_weights(model.get_weights())
    except Exception as error:
        raise ExportError(
            f"Generator `{model.name}` computes in {model.compute_dtype} and cannot "
            f"be rebuilt in float32 from its config: {error} Build it under the "
            "float32 dtype policy, copy the weights with `set_weights`, and export "
            "that one."
        ) from error
    return copy


def _from_config(model: keras.Model) -> keras.Model:
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    classes = {type(layer).__name__: type(layer) for layer in model._flatten_layers()}
    with _float32_policy():
        return keras.saving.deserialize_keras_object(
            _in_float32(config), custom_objects=classes, safe_mode=False
        )


@contextlib.contextmanager
def _float32_policy() -> Iterator[None]:
    """Layers that a layer makes for itself follow the global policy."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _in_float32(config: Any) -> Any:
    """Replace each half-precision dtype and dtype policy in a Keras config."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            name = config["config"]["name"]
            return "float32" if name in _HALF else config
        return {
            key: "float32" if key == "dtype" and _is_half(value) else _in_float32(value)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_in_float32(value) for value in config)
    return config


def _is_half(value: Any) -> bool:
    return isinstance(value, str) and value in _HALF
