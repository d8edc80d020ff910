"""Find out what a Keras generator takes and returns."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.graphs import num_ids, output_range
from keras_gan.export.names import output_names
from keras_gan.export.quiet import quiet
from keras_gan.export.samplers import (
    Integers,
    Normal,
    OneHot,
    Rows,
    Sampler,
    Uniform,
)
from keras_gan.export.signature import CallSignature, call_signature
from keras_gan.export.spec import GeneratorInput, GeneratorOutput, GeneratorSpec

_LABEL_WORDS = ("label", "class", "condition", "attribute")


def keras_model(generator: Any) -> keras.Model:
    """Return the model to export: the argument, or the EMA generator of a GAN."""
    model = getattr(generator, "ema_generator", generator)
    if isinstance(model, keras.Model):
        return model
    raise ExportError(
        "`generator` must be a Keras model, or a GAN whose `ema_generator` is one. "
        f"Received: generator={generator!r} of type {type(generator).__name__}. "
        "Wrap layers in a `keras.Sequential`."
    )


def inferred_spec(
    generator: Any, input_signature: Any = None, sample_inputs: Any = None
) -> GeneratorSpec:
    """Return the spec of a generator; see `GeneratorSpec.of`.

    A GAN may know better: its `input_samplers`, a dict by input name or a list in the
    order of the inputs, and its `output_range` go before what is guessed here.
    """
    model = keras_model(generator)
    call = call_signature(model, input_signature, sample_inputs)
    graph = _traced(model, call)
    inputs = [
        _input(model, name, spec, placeholder)
        for (name, spec), placeholder in zip(
            call.inputs.items(), graph.inputs, strict=False
        )
    ]
    inputs = _with_known_samplers(inputs, getattr(generator, "input_samplers", None))
    if sample_inputs is not None:
        given = call.by_name(sample_inputs)
        inputs = [_sampled(item, Rows(given[item.name])) for item in inputs]
    spec = GeneratorSpec(tuple(inputs), (), model.name, call)
    known_range = getattr(generator, "output_range", None)
    outputs = _outputs(model, spec, call, graph, known_range)
    return GeneratorSpec(spec.inputs, outputs, model.name, call)


def _traced(model: keras.Model, call: CallSignature) -> Any:
    def function(*tensors):
        named = dict(zip(call.inputs, tensors, strict=True))
        return keras.tree.flatten(model(*call.arguments(named), training=False))

    traced = tf.function(function, autograph=False)
    specs = [tf.TensorSpec(spec.shape, spec.dtype) for spec in call.inputs.values()]
    with quiet():
        try:
            return traced.get_concrete_function(*specs)
        except Exception as error:
            raise _failing(call, error) from error


def _failing(call: CallSignature, error: Exception) -> ExportError:
    shapes = {name: tuple(spec.shape) for name, spec in call.inputs.items()}
    return ExportError(
        f"The generator fails on inputs drawn for {shapes}: {error} "
        "Pass `spec=GeneratorSpec.of(generator, sample_inputs=...)` with inputs that "
        "it takes."
    )


def _input(
    model: keras.Model, name: str, spec: tf.TensorSpec, placeholder: tf.Tensor
) -> GeneratorInput:
    role = _role(name, spec)
    sampler = _sampler(model, name, spec, role, placeholder)
    return GeneratorInput(name, tuple(spec.shape), spec.dtype.name, role, sampler)


def _role(name: str, spec: tf.TensorSpec) -> str:
    rank = spec.shape.rank
    if not spec.dtype.is_floating:
        is_label = any(word in name for word in _LABEL_WORDS)
        one_each = rank < 2 or spec.shape[-1] == 1
        return "labels" if one_each or is_label else "tokens"
    if "noise" in name:
        return "noise"
    if rank == 0 or any(word in name for word in _LABEL_WORDS):
        return "attributes"
    return {2: "latents", 4: "image"}.get(rank, "noise")


def _sampler(
    model: keras.Model, name: str, spec: tf.TensorSpec, role: str, placeholder: Any
) -> Sampler:
    if spec.dtype.is_bool:
        return Integers(2)
    if spec.dtype.is_integer:
        return Integers(num_ids(placeholder) or _least_embedding(model))
    if not spec.dtype.is_floating:
        return Rows(np.array([b""]))
    if role == "image":
        return Uniform(-1.0, 1.0)
    if role == "attributes":
        is_class = spec.shape.rank and not name.startswith("attribute")
        return OneHot() if is_class else Uniform(0.0, 1.0)
    return Normal()


def _least_embedding(model: keras.Model) -> int:
    """Return how many ids every embedding of the generator knows, 2 if it has none."""
    sizes = [
        layer.input_dim
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Embedding)
    ]
    return min(sizes, default=2)


def _with_known_samplers(
    inputs: list[GeneratorInput], samplers: Any
) -> list[GeneratorInput]:
    if samplers is None:
        return inputs
    if not isinstance(samplers, dict):
        samplers = dict(zip([item.name for item in inputs], samplers, strict=True))
    return [_sampled(item, samplers.get(item.name, item.sampler)) for item in inputs]


def _sampled(item: GeneratorInput, sampler: Sampler) -> GeneratorInput:
    return GeneratorInput(item.name, item.shape, item.dtype, item.role, sampler)


def _outputs(
    model: keras.Model,
    spec: GeneratorSpec,
    call: CallSignature,
    graph: Any,
    known_range: tuple[float, float] | None,
) -> tuple[GeneratorOutput, ...]:
    structure = _tried(model, spec, call, 1)
    values = keras.tree.flatten(structure)
    names = output_names(
        structure, getattr(model, "output_names", None), spec.input_names
    )
    shapes = [_free_shape(tensor.shape, spec.fixed_batch) for tensor in graph.outputs]
    return tuple(
        _output(name, value, shape, known_range or output_range(tensor))
        for name, value, shape, tensor in zip(
            names, values, shapes, graph.outputs, strict=True
        )
    )


def _tried(
    model: keras.Model, spec: GeneratorSpec, call: CallSignature, batch_size: int
) -> Any:
    inputs = spec.draw(spec.fixed_batch or batch_size)
    with quiet(), tf.device("CPU:0"):
        try:
            tensors = {n: tf.convert_to_tensor(value) for n, value in inputs.items()}
            return model(*call.arguments(tensors), training=False)
        except Exception as error:
            raise _failing(call, error) from error


def _free_shape(shape: tf.TensorShape, fixed_batch: int | None) -> tuple[Any, ...]:
    sizes = tuple(shape) if shape.rank is not None else ()
    return (fixed_batch, *sizes[1:]) if sizes else sizes


def _output(
    name: str, value: Any, shape: tuple[Any, ...], limits: tuple[Any, Any]
) -> GeneratorOutput:
    rank, dtype = len(value.shape), keras.backend.standardize_dtype(value.dtype)
    # What a graph leaves open is the rank's worth of free sizes.
    shape = shape if len(shape) == rank else (None,) * rank
    is_image = rank == 4 and "float" in dtype
    role = "image" if is_image else {2: "vector", 3: "sequence"}.get(rank, "other")
    dtype = dtype if dtype not in ("float16", "bfloat16") else "float32"
    return GeneratorOutput(
        name, shape, dtype, role, *limits, layout="NHWC" if is_image else ""
    )
