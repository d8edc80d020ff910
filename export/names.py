"""Names of a generator's inputs and outputs, the same in every format."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf

# What Keras calls an input that was not given a name.
_AUTOMATIC = re.compile(r"(keras_tensor|input_layer)(_\d+)?|input_\d+")


def input_names(specs: Any) -> list[str]:
    """Name the inputs of a generator.

    A key of a dict or a name given by a person is kept. Of the others, the only
    floating one of rank 2 is `latents`; the rest are `input_0`, `input_1`, by place.

    Args:
        specs: Nested structure of `tf.TensorSpec`, as the generator takes it.

    Returns:
        One name for each leaf of `specs`, in the order of `keras.tree.flatten`.
    """
    leaves = keras.tree.flatten_with_path(specs)
    names = [_given_name(path, spec.name) for path, spec in leaves]
    unnamed = [index for index, name in enumerate(names) if name is None]
    vectors = [index for index in unnamed if _is_vector(leaves[index][1])]
    for index in unnamed:
        names[index] = "latents" if vectors == [index] else f"input_{index}"
    return unique([_clean(name) for name in names if name is not None])


def output_names(
    outputs: Any, layer_names: Sequence[str] | None, taken: Iterable[str]
) -> list[str]:
    """Name the outputs of a generator, never as one of its inputs.

    A key of a dict is kept. A single output without one is `images` if its rank is 4,
    `generated` if an input is called that, else `outputs`. Several in a list are
    called as the layers they come from.

    Args:
        outputs: Nested structure of arrays, as the generator returns it.
        layer_names: `output_names` of a functional model, else `None`.
        taken: The names of the inputs.

    Returns:
        One name for each leaf of `outputs`, in the order of `keras.tree.flatten`.
    """
    leaves = keras.tree.flatten_with_path(outputs)
    names = [_given_name(path, None) for path, _ in leaves]
    if len(names) == 1:
        names = [names[0] or ("images" if len(leaves[0][1].shape) == 4 else "outputs")]
    elif layer_names and len(layer_names) == len(names):
        names = [name or layer for name, layer in zip(names, layer_names, strict=True)]
    names = [_clean(name or f"output_{index}") for index, name in enumerate(names)]
    if names == ["images"] and "images" in taken:
        names = ["generated"]
    return unique(names, taken)


def unique(names: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Return the names, each with a number behind it if it is there already."""
    seen = set(taken)
    result = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        result.append(candidate)
    return result


def _given_name(path: Sequence[Any], name: str | None) -> str | None:
    keys = [key for key in path if isinstance(key, str)]
    if keys:
        return keys[-1]
    return None if name is None or _AUTOMATIC.fullmatch(name) else name


def _is_vector(spec: tf.TensorSpec) -> bool:
    return spec.dtype.is_floating and spec.shape.rank == 2


def _clean(name: str) -> str:
    """Spell the name so that TensorFlow, ONNX and TFLite all keep it."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return name if name[:1].isalpha() else f"tensor_{name.lstrip('_')}"
