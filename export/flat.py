"""A generator as one flat function: named tensors in, named tensors out."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.modes import SAVED_MODEL_MODES, Mode
from keras_gan.export.quiet import quiet
from keras_gan.export.signature import CallSignature, call_signature
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.substitutions import plan, substituted


class FlatGenerator:
    """A generator as every export format sees it.

    All formats are converted from `function()` and compared with `reference()`. Both
    call the model with `training=False`.

    Args:
        model: A Keras model that computes in float32.
        spec: Its inputs and outputs.
        notes: What was done to the model already, in sentences.
    """

    def __init__(
        self, model: keras.Model, spec: GeneratorSpec, notes: tuple[str, ...] = ()
    ):
        self.model = model
        self.spec = spec
        self.notes = notes
        self.call_signature = spec.call or _call_of(model, spec)
        self._functions: dict[Any, Any] = {}

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Batch sizes to try a free batch at, or the one that the model insists on."""
        fixed = self.spec.fixed_batch
        return (1, 7) if fixed is None else (fixed,)

    def reference(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return what the Keras model itself makes of the inputs, on the CPU."""
        # A GPU may round to TF32, which is no reference for a float32 file.
        with quiet(), tf.device("CPU:0"):
            outputs = self._called(inputs)
        return {name: np.asarray(value) for name, value in outputs.items()}

    def function(self, batch_size: int | None = None, mode: Mode | None = None) -> Any:
        """Return the generator as a `tf.function` with named inputs and outputs.

        Args:
            batch_size: A fixed batch size, which also fixes every other dimension;
                by default both stay as free as the model has them.
            mode: What it is traced for, see `substitutions`; by default a SavedModel.
        """
        mode = mode or SAVED_MODEL_MODES["float32"]
        key = (batch_size, plan(mode))
        if key not in self._functions:
            self._functions[key] = self._function(batch_size, mode)
        return self._functions[key]

    def _function(self, batch_size: int | None, mode: Mode) -> Any:
        def generate(*tensors):
            inputs = dict(zip(self.spec.input_names, tensors, strict=True))
            with substituted(mode):
                return self._traced_call(inputs)

        return tf.function(
            generate, input_signature=self.tensor_specs(batch_size), autograph=False
        )

    def tensor_specs(self, batch_size: int | None = None) -> list[tf.TensorSpec]:
        """Return the inputs of `function` as TensorFlow describes them."""
        shapes = {} if batch_size is None else self.spec.static_shapes(batch_size)
        return [
            tf.TensorSpec(shapes.get(item.name, item.shape), item.dtype, item.name)
            for item in self.spec.inputs
        ]

    def _traced_call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        # Keras compiles a grouped convolution with XLA in a function of its own, which
        # TF Serving refuses to run and tf2onnx to convert.
        try:
            with _written_out_functions():
                return self._called(inputs)
        except Exception:  # a layer's own tf.function may live by its autograph
            return self._called(inputs)

    def _called(self, inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = self.model(*self.arguments(inputs), training=False)
        values = keras.tree.flatten(outputs)
        return dict(zip(self.spec.output_names, values, strict=True))

    def arguments(self, inputs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of the model's `call` for inputs by name."""
        values = [tf.convert_to_tensor(inputs[name]) for name in self.spec.input_names]
        call = self.call_signature
        if set(call.inputs) == set(inputs):
            return call.arguments(dict(zip(self.spec.input_names, values, strict=True)))
        return call.arguments(dict(zip(call.inputs, values, strict=True)))


def _call_of(model: keras.Model, spec: GeneratorSpec) -> CallSignature:
    """Find out how a model takes the inputs of a spec that came without it."""
    specs = {
        item.name: tf.TensorSpec(item.shape, item.dtype, name=item.name)
        for item in spec.inputs
    }
    try:
        call = call_signature(model)
    except ExportError:
        nested = specs if len(specs) > 1 else next(iter(specs.values()))
        call = call_signature(model, nested)
    if len(call.inputs) != len(specs):
        raise ExportError(
            f"Generator `{model.name}` takes the inputs {list(call.inputs)}. "
            f"Received: a spec with {list(specs)}. Start from "
            "`GeneratorSpec.of(generator)`."
        )
    return call


@contextlib.contextmanager
def _written_out_functions() -> Iterator[None]:
    """Trace what `tf.function`s do in place of a call to them."""
    was_eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(was_eager)
