"""What to write instead of an operation that a format cannot run."""

import re
from collections.abc import Iterable

from keras_gan.export.errors import UnsupportedOpError

# The longest recurrent loop and the largest lookup table that the exporter itself
# writes in another form.
LONGEST_LOOP = 64
LARGEST_TABLE = 4096

NOISE_AS_INPUT = (
    "Draw the noise outside and give it to the generator as one more `keras.Input`."
)
NO_PYTHON = "Write the Python or NumPy step with `keras.ops`."
NO_JIT = "Remove `jit_compile=True` from the functions that the generator calls."
NO_HALF = "Remove the explicit casts to half precision from the generator."
TOKEN_IDS = "Let the generator start from token ids; turn text into ids outside of it."
RESIZE = (
    'Resize with `interpolation="bilinear"`, or fix height and width, with which the '
    "exporter can write every resize as two matrix products."
)
NEAREST = (
    "Replace `UpSampling2D` by "
    '`keras.ops.image.resize(..., interpolation="nearest")`, and keep convolution '
    "kernels independent of the inputs."
)
ERF = "Use `gelu(x, approximate=True)` or `0.5 * x * (1 + ops.erf(x / 2**0.5))`."
TANH = "Use the tanh form, as in `gelu(x, approximate=True)`."
TF_ARGMAX = "Use `tf.argmax` and `tf.argmin` in place of those of `keras.ops`."
SHARED_KERNELS = (
    "Scale the activations by the style and demodulate the output, in place of a "
    "grouped convolution with one kernel per sample."
)
WIDE_NOISE = (
    "Give a stored noise buffer all channels, or add it after a convolution without "
    "bias."
)
CONSTANTS_AS_WEIGHTS = (
    "Keep constant tensors of the generator in weights: create them with `add_weight` "
    "in a layer."
)
SHORT_LOOP = (
    f"Give the sequences a fixed length of at most {LONGEST_LOOP}, which the exporter "
    'can write out step by step, or export with mode="weight_only".'
)
FIXED_SIZES = (
    "Export with a `batch_size`, and give the sequences a fixed length: with both, or "
    f"with a length of at most {LONGEST_LOOP}, the loop can be written."
)
SMALL_TABLE = (
    f"Keep tables to {LARGEST_TABLE} rows, look them up along their first axis, or "
    'export with mode="int8" or mode="weight_only".'
)
FLOAT_INPUTS = (
    "Cast integer inputs to floats, or turn them into one-hot codes, before anything "
    'else, or export with mode="int8" or mode="weight_only".'
)
FLAT_LABELS = (
    "Give the labels one dimension, the batch, so that they need no reshape, or export "
    'with mode="int8" or mode="weight_only".'
)
DILATED_CONVOLUTION = "Dilate a `Conv2D` in place of the transposed convolution."
SAME_PADDING = (
    'Use `padding="same"` in the transposed convolution, without `output_padding`.'
)
OTHER_NAMES = "Name the inputs and outputs differently with `GeneratorSpec`."

# Operations to the rewrite that was tried, in every format that lacks them.
_FOR_OPS = (
    (r"Random|Multinomial", NOISE_AS_INPUT),
    (r"ResizeBicubic|ResizeArea|ScaleAndTranslate", RESIZE),
    (r"xb?f16>", NO_HALF),
    (r"(?s)\bConv2D\b(?!.*xb?f16>)", NEAREST),
    (r"Erfc", ERF),
    (r"\bErf\b", TANH),
    (r"Bitcast|BitwiseAnd", TF_ARGMAX),
    (r"String|Regex|LookupTable", TOKEN_IDS),
    (r"PyFunc", NO_PYTHON),
    (r"jit_compile|PartitionedCall", NO_JIT),
    (r"TensorList", FIXED_SIZES),
    (r"\bConv2DBackpropInput\b(?!.*xb?f16>)", DILATED_CONVOLUTION),
)

# Words of a converter or runtime that fails to what it stumbled over.
_FOR_MESSAGES = (
    (
        r"Input channels C is not equal to kernel channels|zero_point.* != 0",
        SHARED_KERNELS,
    ),
    (
        r"Dimensions must be equal, but are 1 and|Must provide as many biases",
        WIDE_NOISE,
    ),
    (r"list index out of range|declared inputs", CONSTANTS_AS_WEIGHTS),
    (r"TensorListReserve", FIXED_SIZES),
    (r"Attribute pads must not", SAME_PADDING),
    (r"Max and min for dynamic tensors should be recorded", FLOAT_INPUTS),
)


def unsupported_ops(
    format_name: str, ops: Iterable[str], details: str = ""
) -> UnsupportedOpError:
    """Return the error for operations that a format does not have.

    Args:
        format_name: The format, as people write it.
        ops: Names of the operations that stand in the way.
        details: The operations with the types of their operands, if these are known.
    """
    names = ", ".join(sorted(set(ops)))
    advice = _advice(_FOR_OPS, f"{names} {details}")
    return UnsupportedOpError(
        f"{format_name} has no operation for {names} of this generator. "
        f"{advice or 'Write that step with other operations.'}"
    )


def refused(who: str, reason: object) -> UnsupportedOpError:
    """Return the error for a converter or runtime that fails with a message.

    Args:
        who: The converter or runtime, as people write it.
        reason: The exception it raised, or what it said.
    """
    message = str(reason).strip() or type(reason).__name__
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    # The line that a rewrite is known for says more than the first one.
    known = (line for line in lines if _advice(_FOR_MESSAGES, line))
    headline = next(known, lines[0])[:300].rstrip(".")
    advice = _advice(_FOR_MESSAGES, message) or "Change the layer that it names."
    return UnsupportedOpError(f"{who} refused the generator: {headline}. {advice}")


def _advice(rewrites: Iterable[tuple[str, str]], text: str) -> str:
    return " ".join(advice for pattern, advice in rewrites if re.search(pattern, text))
