"""Endpoints of a SavedModel for people: seeds or a picture in, a picture out."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_gan.export.samplers import Normal
from keras_gan.export.seeds import can_be_drawn, is_drawn, rows_from_seeds
from keras_gan.export.spec import GeneratorInput, GeneratorOutput, GeneratorSpec

PNG_CHANNELS = (1, 3, 4)
_Tensors = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A signature of a SavedModel beside `serving_default`.

    Args:
        name: Its name.
        inputs: Dtype and shape of each input, by name.
        defaults: Values of inputs that a request may leave out.
        function: From tensors by name to tensors by name.
    """

    name: str
    inputs: dict[str, tf.TensorSpec]
    defaults: _Tensors
    function: Callable[[_Tensors], _Tensors]

    def python_function(self) -> Callable[..., _Tensors]:
        """Return the function with its inputs as arguments.

        TensorFlow stores a default of an argument in the signature if the argument
        belongs to a Python function; it loses that of a `tf.function`.
        """

        def endpoint(*tensors):
            return self.function(dict(zip(self.inputs, tensors, strict=True)))

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [
            inspect.Parameter(
                name, kind, default=self.defaults.get(name, inspect.Parameter.empty)
            )
            for name in self.inputs
        ]
        endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return endpoint


def endpoints_of(
    spec: GeneratorSpec, generate: Callable[[_Tensors], _Tensors]
) -> list[Endpoint]:
    """Return the endpoints that a generator can have beside `serving_default`.

    Args:
        spec: What goes in and comes out of the generator.
        generate: From its inputs by name to its outputs by name, in a graph.

    Returns:
        `sample`, from a `seed` per row to the outputs, and `sample_png`, to an encoded
        picture per row, where chance goes in; `restyle_png`, from an encoded picture
        per row to one, where pictures go in. Labels and all other inputs stay inputs.
        Normal latents add `truncation`, which may be left out.
    """
    chance = [item for item in spec.inputs if is_drawn(item)]
    pictures = [item for item in spec.inputs if item.role == "image"]
    if not all(map(can_be_drawn, chance)) or _clashes(spec, chance):
        return []
    outputs = [item for item in spec.outputs if _is_picture(item)]
    endpoints = []
    if chance and not pictures:
        endpoints.append(_endpoint("sample", spec, generate))
        if outputs:
            endpoints.append(_endpoint("sample_png", spec, generate, outputs))
    if outputs and len(pictures) == 1 and _is_picture(pictures[0]):
        endpoints.append(_endpoint("restyle_png", spec, generate, outputs))
    return endpoints


def encoded_name(item: GeneratorOutput, outputs: list[GeneratorOutput]) -> str:
    """Return what a picture is called when it is encoded.

    A server puts a string into JSON as base64 if its name ends in `_bytes`.
    """
    return "image_bytes" if len(outputs) == 1 else f"{item.name}_bytes"


def _clashes(spec: GeneratorSpec, chance: list[GeneratorInput]) -> bool:
    kept = {item.name for item in spec.inputs if item not in chance}
    return bool(kept & {"seed", "truncation", "source_bytes"})


def _is_picture(item: GeneratorInput | GeneratorOutput) -> bool:
    known = None not in _range(item)
    return item.role == "image" and known and item.shape[-1] in PNG_CHANNELS


def _range(item: GeneratorInput | GeneratorOutput) -> tuple[Any, Any]:
    limits = item.sampler if isinstance(item, GeneratorInput) else item
    return limits.low, limits.high


def _endpoint(
    name: str,
    spec: GeneratorSpec,
    generate: Callable[[_Tensors], _Tensors],
    outputs: list[GeneratorOutput] | None = None,
) -> Endpoint:
    inputs, defaults = _inputs(spec)

    def function(tensors: _Tensors) -> _Tensors:
        results = generate(
            {item.name: _value(item, tensors, defaults) for item in spec.inputs}
        )
        if outputs is None:
            return results
        return {
            encoded_name(item, outputs): encoded(item, results[item.name])
            for item in outputs
        }

    return Endpoint(name, inputs, defaults, function)


def _inputs(spec: GeneratorSpec) -> tuple[dict[str, tf.TensorSpec], _Tensors]:
    """Return the inputs of an endpoint, those with a default last, and the defaults."""
    rows, inputs, defaults = spec.fixed_batch, {}, {}
    for item in spec.inputs:
        if is_drawn(item):
            inputs["seed"] = tf.TensorSpec((rows,), tf.int64)
        elif item.role != "image":
            inputs[item.name] = tf.TensorSpec(item.shape, item.dtype)
    if any(map(_is_truncated, spec.inputs)):
        inputs["truncation"] = tf.TensorSpec((rows,), tf.float32)
        defaults["truncation"] = tf.ones(rows or 1)
    if any(item.role == "image" for item in spec.inputs):
        inputs["source_bytes"] = tf.TensorSpec((rows,), tf.string)
        # Grey, so that whoever replays a signature without knowing it has a picture.
        grey = tf.io.encode_png(tf.fill((64, 64, 1), tf.constant(127, tf.uint8)))
        defaults["source_bytes"] = tf.repeat(grey, rows or 1)
    return inputs, defaults


def _is_truncated(item: GeneratorInput) -> bool:
    is_normal = isinstance(item.sampler, Normal)
    return is_drawn(item) and item.role == "latents" and is_normal


def _value(item: GeneratorInput, tensors: _Tensors, defaults: _Tensors) -> Any:
    if is_drawn(item):
        truncation = tensors["truncation"] if _is_truncated(item) else None
        return rows_from_seeds(item, tensors["seed"], truncation)
    if item.role == "image":
        return decoded(item, tensors["source_bytes"])
    return tensors[item.name]


def encoded(item: GeneratorOutput, images: Any) -> Any:
    """Encode images as PNG, in a graph.

    Args:
        item: The output they are of.
        images: Tensor of shape `(batch, height, width, channels)`.

    Returns:
        A string tensor of shape `(batch,)`.
    """
    low, high = _range(item)
    levels = tf.round((images - low) * (255.0 / (high - low)))
    pixels = tf.cast(tf.clip_by_value(levels, 0.0, 255.0), tf.uint8)
    return tf.io.encode_png(pixels)


def decoded(item: GeneratorInput, files: Any) -> Any:
    """Decode PNG or JPEG files into the input of a generator, in a graph.

    Args:
        item: The input. Where its height and width are known, pictures are resized.
        files: String tensor of shape `(batch,)`; pictures of one size if any size will
            do.

    Returns:
        A tensor of shape `(batch, height, width, channels)`.
    """
    height, width, channels = item.shape[1:]
    low, high = _range(item)

    def image(file):
        pixels = tf.cast(tf.io.decode_png(file, channels), tf.float32)
        if height is not None and width is not None:
            pixels = tf.image.resize(pixels, (height, width), antialias=True)
        return low + pixels * ((high - low) / 255.0)

    spec = tf.TensorSpec((height, width, channels))
    images = tf.map_fn(image, files, fn_output_signature=spec)
    return tf.ensure_shape(images, (files.shape[0], height, width, channels))
