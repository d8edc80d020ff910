"""What to write instead of an operation that a format cannot run."""

import re
from collections.abc import Iterable

from keras_gan.export.errors import UnsupportedOpError

NOISE_AS_INPUT = (
    "Draw the noise outside and give it to the generator as one more `keras.Input`."
)

# Operations to the rewrite that was tried, in every format that lacks them.
_FOR_OPS = (
    (r"Random|Multinomial", NOISE_AS_INPUT),
    (
        r"ResizeBicubic",
        'Resize with `interpolation="bilinear"`, or export to ONNX, which has bicubic.',
    ),
    (
        r"xb?f16>",
        "Remove the explicit casts to half precision from the generator.",
    ),
    (
        r"(?s)\bConv2D\b(?!.*xb?f16>)",
        "Replace `UpSampling2D` by "
        '`keras.ops.image.resize(..., interpolation="nearest")`, and keep convolution '
        "kernels independent of the inputs.",
    ),
    (
        r"Erfc",
        "Use `gelu(x, approximate=True)` or `0.5 * x * (1 + ops.erf(x / 2**0.5))`.",
    ),
    (r"\bErf\b", "Use the tanh form, as in `gelu(x, approximate=True)`."),
    (
        r"Bitcast|BitwiseAnd",
        "Use `tf.argmax` and `tf.argmin` in place of those of `keras.ops`.",
    ),
    (
        r"String|Regex|LookupTable",
        "Let the generator start from token ids; turn text into ids outside of it.",
    ),
    (r"PyFunc", "Write the Python or NumPy step with `keras.ops`."),
    (
        r"jit_compile|PartitionedCall",
        "Remove `jit_compile=True` from the functions that the generator calls.",
    ),
    (r"TensorList", "Build the recurrent layer with `unroll=True`."),
)

# Words of a converter or runtime that fails to what it stumbled over.
_FOR_MESSAGES = (
    (
        r"Input channels C is not equal to kernel channels",
        "Scale the activations by the style and demodulate the output, in place of a "
        "grouped convolution with one kernel per sample.",
    ),
    (
        r"Dimensions must be equal, but are 1 and|Must provide as many biases",
        "Give a stored noise buffer all channels, or add it after a convolution "
        "without bias.",
    ),
    (
        r"list index out of range|declared inputs",
        "Keep constant tensors of the generator in weights: create them with "
        "`add_weight` in a layer.",
    ),
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
