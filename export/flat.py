"""A generator as one flat function: named tensors in, named tensors out."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.names import output_names
from keras_gan.export.quiet import quiet
from keras_gan.export.sampling import Sampler
from keras_gan.export.signature import CallSignature


class FlatGenerator:
    """A generator as every export format sees it.

    All formats are converted from `function()` and compared with `reference()`. Both
    call the model with `training=False`.

    Args:
        model: A Keras model that computes in float32.
        signature: How the model is called.
        sampler: Draws inputs by name.
    """

    def __init__(self, model: keras.Model, signature: CallSignature, sampler: Sampler):
        self.model = model
        self.signature = signature
        self.sampler = sampler
        outputs = self._computed(sampler(self.batch_sizes[0]))
        self.output_names = output_names(
            outputs, getattr(model, "output_names", None), signature.inputs
        )

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Batch sizes to try a free batch at, or the one that the model insists on."""
        fixed = self.signature.fixed_batch
        return (1, 7) if fixed is None else (fixed,)

    def reference(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return what the Keras model itself makes of the inputs, on the CPU."""
        outputs = self._named(self._computed(inputs))
        return {name: np.asarray(value) for name, value in outputs.items()}

    def function(self, batch_size: int | None = None) -> Any:
        """Return the generator as a `tf.function` with named inputs and outputs.

        Args:
            batch_size: A fixed batch size, which also fixes every other dimension;
                by default both stay as free as the model has them.
        """

        def generate(*tensors):
            inputs = dict(zip(self.signature.inputs, tensors, strict=True))
            return self._named(self._traced_call(inputs))

        specs = [self._spec(name, batch_size) for name in self.signature.inputs]
        return tf.function(generate, input_signature=specs, autograph=False)

    def _spec(self, name: str, batch_size: int | None) -> tf.TensorSpec:
        spec = self.signature.inputs[name]
        if batch_size is None:
            return spec
        shape = self.sampler.static_shape(name, batch_size)
        if None in shape:
            raise ExportError(
                "A file with fixed sizes needs them all, and the generator leaves "
                f"some open. Received: input `{name}` of shape {tuple(spec.shape)}. "
                "Pass `input_signature` with every size, or `sample_inputs`."
            )
        return tf.TensorSpec(shape, spec.dtype, name=name)

    def _computed(self, inputs: dict[str, np.ndarray]) -> Any:
        # A GPU may round to TF32, which is no reference for a float32 file.
        with quiet(), tf.device("CPU:0"):
            return self._call(inputs)

    def _traced_call(self, inputs: dict[str, Any]) -> Any:
        # Keras compiles a grouped convolution with XLA in a function of its own, which
        # TF Serving refuses to run and tf2onnx to convert.
        try:
            with _written_out_functions():
                return self._call(inputs)
        except Exception:  # a layer's own tf.function may live by its autograph
            return self._call(inputs)

    def _call(self, inputs: dict[str, Any]) -> Any:
        tensors = {name: tf.convert_to_tensor(value) for name, value in inputs.items()}
        return self.model(*self.signature.arguments(tensors), training=False)

    def _named(self, outputs: Any) -> dict[str, Any]:
        values = keras.tree.flatten(outputs)
        return dict(zip(self.output_names, values, strict=True))


@contextlib.contextmanager
def _written_out_functions() -> Iterator[None]:
    """Trace what `tf.function`s do in place of a call to them."""
    was_eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(was_eager)
