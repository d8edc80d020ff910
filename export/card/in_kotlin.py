"""Kotlin that calls a TFLite file on Android."""

from keras_gan.export.card.ports import Port, Ports
from keras_gan.export.samplers import Integers, Normal, OneHot

# By dtype: bytes of a value, how to put one into a buffer, how to get one out of it.
_BUFFER = {
    "float32": (4, "putFloat", "getFloat"),
    "int32": (4, "putInt", "getInt"),
    "int64": (8, "putLong", "getLong"),
    "int8": (1, "put", "get"),
}
_START = """\
// implementation("com.google.ai.edge.litert:litert:1.4.1")
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Random
{round}import org.tensorflow.lite.Interpreter

private fun buffer(bytes: Int): ByteBuffer =
    ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
"""


def kotlin_code(ports: Ports) -> str:
    """Return a function that draws with a TFLite file, empty if there is none for it.

    Args:
        ports: The artefact.
    """
    known = all(port.dtype in _BUFFER for port in (*ports.inputs, *ports.outputs))
    if ports.format != "tflite" or not known:
        return ""
    given = ", ".join(f'"{p.name}" to {p.name}Buffer' for p in ports.inputs)
    made = ", ".join(f'"{p.name}" to {p.name}Buffer' for p in ports.outputs)
    body = [
        f"/** Draws with {ports.file_name}. */",
        "fun draw(model: File): Map<String, FloatArray> {",
        "    val random = Random(0)",
        *(line for port in ports.inputs for line in _filled(port)),
        *(line for port in ports.outputs for line in _empty(port)),
        "    val options = Interpreter.Options().setNumThreads(2)",
        "    Interpreter(model, options).use { interpreter ->",
        *(_resized(port) for port in ports.inputs if port.is_free),
        "        interpreter.runSignature(",
        f"            mapOf({given}),",
        f"            mapOf({made}),",
        '            "serving_default",',
        "        )",
        "    }",
        "    return mapOf(",
        *(line for port in ports.outputs for line in _read(port)),
        "    )",
        "}",
    ]
    is_rounded = any(port.scale for port in ports.inputs)
    start = _START.format(round="import kotlin.math.roundToInt\n" * is_rounded)
    return "\n".join([start, *body])


def _filled(port: Port) -> list[str]:
    size, put, _ = _BUFFER[port.dtype]
    argument = " i ->" if isinstance(port.sampler, OneHot) else ""
    return [
        f"    val {port.name}Buffer = buffer({port.count * size}) // {port.shape}",
        f"    repeat({port.count}) {{{argument}",
        *(f"        {line}" for line in _put(port, put)),
        "    }",
        f"    {port.name}Buffer.rewind()",
    ]


def _empty(port: Port) -> list[str]:
    size = port.count * _BUFFER[port.dtype][0]
    return [f"    val {port.name}Buffer = buffer({size}) // {port.shape}"]


def _resized(port: Port) -> str:
    sizes = ", ".join(map(str, port.shape))
    return f"        interpreter.resizeInput({port.place}, intArrayOf({sizes}))"


def _read(port: Port) -> list[str]:
    get = _BUFFER[port.dtype][2]
    value = f"{get}()"
    if port.scale:
        value = f"({value} - {_integer(port.zero_point)}) * {port.step}f"
    elif port.dtype != "float32":
        value = f"{value}.toFloat()"
    return [
        f'        "{port.name}" to {port.name}Buffer.run {{',
        "            rewind()",
        f"            FloatArray({port.count}) {{ {value} }}",
        "        },",
    ]


def _put(port: Port, put: str) -> list[str]:
    value, buffer = _drawn(port), f"{port.name}Buffer"
    if not port.scale:
        value = f"({value}).toLong()" if port.dtype == "int64" else value
        return [f"{buffer}.{put}({value})"]
    low, high = port.ends
    steps = f"({value} / {port.step}f).roundToInt() + {_integer(port.zero_point)}"
    return [
        f"val step = {steps}",
        f"{buffer}.{put}(step.coerceIn({low}, {high}).toByte())",
    ]


def _drawn(port: Port) -> str:
    sampler = port.sampler
    if isinstance(sampler, Normal):
        value = "random.nextGaussian().toFloat()"
        if (sampler.mean, sampler.stddev) == (0.0, 1.0):
            return value
        return f"({sampler.mean}f + {sampler.stddev}f * {value})"
    if isinstance(sampler, OneHot):
        return f"(if (i % {port.shape[-1]} == 0) 1f else 0f)"
    low, high = (sampler.low, sampler.common_high) if sampler else (None, None)
    low, high = (0, 1) if low is None or high is None else (low, high)
    if isinstance(sampler, Integers) or port.dtype.startswith("int") and not port.scale:
        return f"{int(low)} + random.nextInt({int(high) - int(low) + 1})"
    return f"({float(low)}f + random.nextFloat() * {float(high - low)}f)"


def _integer(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
