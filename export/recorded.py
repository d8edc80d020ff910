"""Inputs of a subclassed generator, from what Keras recorded when it was called."""

import inspect
import itertools
from typing import Any

import keras
import tensorflow as tf

from keras_gan.export.errors import ExportError

_NOT_INPUTS = ("training", "mask")
# An argument called so was not given a name of its own.
_ANY_INPUT = ("inputs", "input", "x")


def recorded_specs(model: keras.Model) -> tuple[Any, bool]:
    """Return the inputs a subclassed model was called with.

    Keras records shapes and no dtypes. An input is taken for integer ids if all that
    the model does with it is to cast it to integers (as `Embedding` and `one_hot`
    do), or if the model can only be traced so.

    Args:
        model: A model that has been called on data or built.

    Returns:
        A nested structure of `tf.TensorSpec`, and whether its entries are arguments
        of their own.
    """
    shapes = getattr(model, "_build_shapes_dict", None)
    if not model.built or not shapes:
        raise _unknown(model, "was never called, so its inputs are not known")
    arguments = _arguments(model)
    if len(shapes) == 1:
        if [*arguments.values()].count(inspect.Parameter.empty) > 1:
            raise _unknown(model, f"takes several arguments, {list(arguments)}")
        structure = _specs(*shapes.values(), name=next(iter(arguments), None))
        return _with_dtypes(model, structure, spread=False), False
    named = {key.removesuffix("_shape"): shape for key, shape in shapes.items()}
    structure = [_specs(named[name], name) for name in arguments if name in named]
    return _with_dtypes(model, structure, spread=True), True


def _arguments(model: keras.Model) -> dict[str, Any]:
    """Return the positional arguments of `call` that are inputs, and their defaults."""
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    return {
        name: parameter.default
        for name, parameter in inspect.signature(model.call).parameters.items()
        if parameter.kind in positional and name not in _NOT_INPUTS
    }


def _specs(shapes: Any, name: str | None) -> Any:
    """Turn nested recorded shapes, which are tuples of sizes, into float specs."""
    if isinstance(shapes, dict):
        return {key: _specs(shape, key) for key, shape in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shapes):
        given_name = None if name in _ANY_INPUT else name
        return tf.TensorSpec(tuple(shapes), tf.float32, name=given_name)
    return [_specs(shape, None) for shape in shapes]


def _with_dtypes(model: keras.Model, structure: Any, spread: bool) -> Any:
    specs = keras.tree.flatten(structure)
    looks_like_ids = [spec.shape.rank == 1 for spec in specs]
    failures = []
    for integer in ([False] * len(specs), looks_like_ids):
        try:
            placeholders = _trace(model, structure, _typed(specs, integer), spread)
        except Exception as error:
            failures.append(error)
            continue
        integer = [
            known or _only_cast_to_integers(placeholder)
            for known, placeholder in zip(integer, placeholders, strict=True)
        ]
        typed = [free_batch(spec) for spec in _typed(specs, integer)]
        return keras.tree.pack_sequence_as(structure, typed)
    raise _unknown(model, f"cannot be traced on inputs of {specs}") from failures[0]


def _typed(specs: list[tf.TensorSpec], integer: list[bool]) -> list[tf.TensorSpec]:
    return [
        tf.TensorSpec(spec.shape, tf.int32 if is_integer else tf.float32, spec.name)
        for spec, is_integer in zip(specs, integer, strict=True)
    ]


def _trace(
    model: keras.Model, structure: Any, specs: list[tf.TensorSpec], spread: bool
) -> list[tf.Tensor]:
    def call(*tensors):
        packed = keras.tree.pack_sequence_as(structure, list(tensors))
        return model(*(packed if spread else [packed]), training=False)

    unnamed = [tf.TensorSpec(spec.shape, spec.dtype) for spec in specs]
    concrete = tf.function(call, autograph=False).get_concrete_function(*unnamed)
    return concrete.inputs[: len(specs)]


def _only_cast_to_integers(tensor: tf.Tensor) -> bool:
    if tensor.dtype.is_integer:
        return True
    users = [user for user in tensor.consumers() if user.type != "Shape"]
    results = itertools.chain.from_iterable(user.outputs for user in users)
    passes = bool(users) and all(user.type in ("Cast", "Identity") for user in users)
    return passes and all(_only_cast_to_integers(result) for result in results)


def free_batch(spec: tf.TensorSpec) -> tf.TensorSpec:
    """Return the spec with a first dimension of any size."""
    shape = (None, *spec.shape[1:]) if spec.shape.rank else spec.shape
    return tf.TensorSpec(shape, spec.dtype, name=spec.name)


def _unknown(model: keras.Model, problem: str) -> ExportError:
    return ExportError(
        f"Generator `{model.name}` of class {type(model).__name__} {problem}. "
        "Call it once on a batch of its inputs, or pass `input_signature`, for example "
        '{"latents": keras.InputSpec(shape=(None, 128), dtype="float32")}.'
    )
