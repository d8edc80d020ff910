"""From what a person hands over to a generator that can be exported."""

from typing import Any

import keras
import numpy as np

from keras_gan.export.errors import ExportError, ParityError, UnsupportedOpError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.parity import relative_error
from keras_gan.export.precision import computes_in_half, rebuilt_in_float32
from keras_gan.export.rewrites import NOISE_AS_INPUT
from keras_gan.export.sampling import Sampler, num_valid_ids
from keras_gan.export.signature import call_signature

# Rounding to half precision moves pictures by a few percent; other weights or another
# activation move them by their own size.
_SAME_FUNCTION = 0.25


def prepared(
    generator: Any, input_signature: Any = None, sample_inputs: Any = None
) -> FlatGenerator:
    """Return the flat float32 form of a generator, tried on a few inputs.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`.
        input_signature: Specs of the inputs, where the model does not tell them.
        sample_inputs: Inputs to try the generator on, where drawn ones will not do.
    """
    model = keras_model(generator)
    flat = _flattened(model, input_signature, sample_inputs)
    inputs = flat.sampler(flat.batch_sizes[0])
    pictures = flat.reference(inputs)
    _check_repeatable(pictures, flat.reference(inputs))
    if not computes_in_half(model):
        return _checked_finite(flat, pictures)
    rebuilt = rebuilt_in_float32(model, *flat.signature.arguments(inputs))
    flat = _flattened(rebuilt, input_signature, sample_inputs)
    rebuilt_pictures = flat.reference(inputs)
    _check_same_function(rebuilt_pictures, pictures)
    return _checked_finite(flat, rebuilt_pictures)


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


def _flattened(
    model: keras.Model, input_signature: Any, sample_inputs: Any
) -> FlatGenerator:
    signature = call_signature(model, input_signature, sample_inputs)
    given = None if sample_inputs is None else signature.by_name(sample_inputs)
    sampler = Sampler(signature.inputs, num_valid_ids(model), given)
    try:
        return FlatGenerator(model, signature, sampler)
    except ExportError:
        raise
    except Exception as error:
        shapes = {name: tuple(spec.shape) for name, spec in signature.inputs.items()}
        raise ExportError(
            f"The generator fails on inputs drawn for {shapes}: {error} "
            "Pass `sample_inputs` that it takes."
        ) from error


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
