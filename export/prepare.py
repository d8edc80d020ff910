"""From what a person hands over to a generator that can be exported."""

import dataclasses
from typing import Any

import numpy as np

from keras_gan.export.errors import ParityError, UnsupportedOpError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.inference import keras_model
from keras_gan.export.parity import relative_error
from keras_gan.export.precision import computes_in_half, rebuilt_in_float32
from keras_gan.export.rewrites import NOISE_AS_INPUT
from keras_gan.export.spec import GeneratorSpec

# Rounding to half precision moves pictures by a few percent; other weights or another
# activation move them by their own size.
_SAME_FUNCTION = 0.25
_REBUILT = "The half-precision generator is rebuilt in float32 with the same weights."


def prepared(generator: Any, spec: GeneratorSpec | None = None) -> FlatGenerator:
    """Return the flat float32 form of a generator, tried on a few inputs.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`; what this function
            made of one comes back as it is.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
    """
    if isinstance(generator, FlatGenerator):
        return generator
    model = keras_model(generator)
    spec = GeneratorSpec.of(generator) if spec is None else spec
    flat = FlatGenerator(model, spec)
    inputs = spec.draw(flat.batch_sizes[0])
    pictures = flat.reference(inputs)
    _check_repeatable(pictures, flat.reference(inputs))
    if not computes_in_half(model):
        return _checked_finite(flat, pictures)
    rebuilt = rebuilt_in_float32(model, *flat.arguments(inputs))
    spec = dataclasses.replace(spec, call=flat.call_signature)
    flat = FlatGenerator(rebuilt, spec, (_REBUILT,))
    rebuilt_pictures = flat.reference(inputs)
    _check_same_function(rebuilt_pictures, pictures)
    return _checked_finite(flat, rebuilt_pictures)


def _check_repeatable(
    pictures: dict[str, np.ndarray], again: dict[str, np.ndarray]
) -> None:
    if not all(_close(again[name], pictures[name], 1e-3) for name in pictures):
        raise UnsupportedOpError(
            "The generator draws random numbers of its own: the same inputs gave two "
            f"different outputs, so no file can be proven equal. {NOISE_AS_INPUT}"
        )


def _check_same_function(
    rebuilt: dict[str, np.ndarray], original: dict[str, np.ndarray]
) -> None:
    for name, value, expected in zip(
        rebuilt, rebuilt.values(), original.values(), strict=True
    ):
        overflowed = not np.all(np.isfinite(expected.astype("float64")))
        if not overflowed and not _close(value, expected, _SAME_FUNCTION):
            raise ParityError(
                "The float32 rebuild of the half-precision generator computes "
                f"something else: output `{name}` differs by "
                f"{relative_error(value, expected):.2g} of its largest value. Check "
                "that every `get_config` returns all arguments, or export a float32 "
                "generator with the same weights."
            )


def _checked_finite(
    flat: FlatGenerator, pictures: dict[str, np.ndarray]
) -> FlatGenerator:
    for name, value in pictures.items():
        if not np.all(np.isfinite(value.astype("float64"))):
            raise ParityError(
                "The Keras generator itself returns NaN or infinity, so there is "
                f"nothing to prove. Received: output `{name}`. Look for a weight that "
                "is not finite, and go back to an earlier checkpoint."
            )
    return flat


def _close(value: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    same = np.array_equal(value, expected, equal_nan=value.dtype.kind == "f")
    return same or relative_error(value, expected) <= tolerance
