"""How a generator is called: its inputs by name, and where each of them goes."""

import dataclasses
import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.names import input_names
from keras_gan.export.recorded import free_batch, recorded_specs


@dataclasses.dataclass(frozen=True)
class CallSignature:
    """The inputs of a generator, flat and named, and the way back to its `call`.

    Args:
        inputs: Name of each input to its dtype and shape. A free dimension is `None`.
        structure: The names, nested as `generator.call` takes its inputs.
        spread: Whether `call` takes the entries of `structure` as arguments of
            their own.
    """

    inputs: dict[str, tf.TensorSpec]
    structure: Any
    spread: bool

    @property
    def fixed_batch(self) -> int | None:
        """The batch size that the generator insists on, `None` if any will do."""
        sizes = [spec.shape[0] for spec in self.inputs.values() if spec.shape.rank]
        return next((size for size in sizes if size is not None), None)

    def arguments(self, named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of `generator.call` for inputs by name."""
        packed: Any = keras.tree.map_structure(named.__getitem__, self.structure)
        return tuple(packed) if self.spread else (packed,)

    def by_name(self, inputs: Any) -> dict[str, np.ndarray]:
        """Return inputs, by name or nested as for `generator.call`, by name."""
        if not (isinstance(inputs, dict) and set(inputs) == set(self.inputs)):
            _check_nested_alike("sample_inputs", self.structure, inputs)
            names = keras.tree.flatten(self.structure)
            inputs = dict(zip(names, keras.tree.flatten(inputs), strict=True))
        return {name: self._array(name, inputs[name]) for name in self.inputs}

    def _array(self, name: str, value: Any) -> np.ndarray:
        spec = self.inputs[name]
        array = np.asarray(value, spec.dtype.as_numpy_dtype)
        if array.size == 0 or not spec.shape.is_compatible_with(array.shape):
            raise ExportError(
                f"Input `{name}` of the generator has shape {tuple(spec.shape)}. "
                f"Received: sample_inputs of shape {array.shape}. "
                "Pass samples as the generator takes them, with a batch dimension."
            )
        return array


def call_signature(
    model: keras.Model, input_signature: Any = None, sample_inputs: Any = None
) -> CallSignature:
    """Find out how a generator is called.

    Args:
        model: A Keras model.
        input_signature: `keras.InputSpec` or `tf.TensorSpec` for each input, nested
            as for `model.call`; a dict by argument name if it takes several
            arguments. Needed only where the model does not tell.
        sample_inputs: Arrays in the same form; they tell dtypes and shapes too.
    """
    specs, spread = _nested_specs(model, input_signature, sample_inputs)
    leaves, names = keras.tree.flatten(specs), input_names(specs)
    inputs = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name)
        for name, spec in zip(names, leaves, strict=True)
    }
    return CallSignature(inputs, keras.tree.pack_sequence_as(specs, names), spread)


def _nested_specs(
    model: keras.Model, input_signature: Any, sample_inputs: Any
) -> tuple[Any, bool]:
    symbolic = _symbolic_specs(model)
    if symbolic is not None:
        return _refined(symbolic, input_signature), False
    if input_signature is not None:
        return _by_argument(model, _map(_declared, input_signature))
    if sample_inputs is not None:
        return _by_argument(model, _map(_sampled, sample_inputs))
    return recorded_specs(model)


def _symbolic_specs(model: keras.Model) -> Any:
    """Return the inputs of a functional or built Sequential model, else `None`."""
    inputs = getattr(model, "inputs", None)
    if inputs and isinstance(model, keras.Sequential):
        # Built by a call, a Sequential model keeps the batch size of that call.
        return free_batch(_declared(inputs[0]))
    return _map(_declared, model.input) if inputs else None


def _refined(specs: Any, input_signature: Any) -> Any:
    """Replace shapes and dtypes, and keep the names that the model gives."""
    if input_signature is None:
        return specs
    _check_nested_alike("input_signature", specs, input_signature)

    def refine(spec: tf.TensorSpec, given: Any) -> tf.TensorSpec:
        given = _declared(given)
        return tf.TensorSpec(given.shape, given.dtype, name=spec.name)

    refined = map(refine, *map(keras.tree.flatten, (specs, input_signature)))
    return keras.tree.pack_sequence_as(specs, list(refined))


def _check_nested_alike(option: str, expected: Any, given: Any) -> None:
    as_tuples = keras.tree.lists_to_tuples
    try:
        keras.tree.assert_same_structure(as_tuples(expected), as_tuples(given))
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"`{option}` must be nested as the inputs of the generator: {expected}. "
            f"Received: {_map(lambda value: getattr(value, 'shape', value), given)}"
        ) from error


def _by_argument(model: keras.Model, specs: Any) -> tuple[Any, bool]:
    """Order a dict by argument name as `call` takes the arguments."""
    arguments = [*inspect.signature(model.call).parameters]
    if isinstance(specs, dict) and set(specs) <= set(arguments):
        named = {
            name: tf.TensorSpec(spec.shape, spec.dtype, name=name)
            for name, spec in specs.items()
        }
        return [named[name] for name in arguments if name in named], True
    return specs, False


def _declared(spec: Any) -> tf.TensorSpec:
    if getattr(spec, "shape", None) is None or getattr(spec, "dtype", None) is None:
        raise ExportError(
            "Each entry of `input_signature` needs a shape and a dtype, as in "
            '`keras.InputSpec(shape=(None, 128), dtype="float32")`. '
            f"Received: {spec!r}"
        )
    dtype = tf.as_dtype(keras.backend.standardize_dtype(spec.dtype))
    return tf.TensorSpec(tuple(spec.shape), dtype, name=getattr(spec, "name", None))


def _sampled(value: Any) -> tf.TensorSpec:
    array = np.asarray(value)
    dtype = tf.float32 if array.dtype == np.float64 else tf.as_dtype(array.dtype)
    return free_batch(tf.TensorSpec(array.shape, dtype))


def _map(function: Any, structure: Any) -> Any:
    return keras.tree.map_structure(function, structure)
