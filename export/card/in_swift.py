"""Swift that calls a TFLite file on iOS and macOS."""

from keras_gan.export.card.ports import Port, Ports
from keras_gan.export.samplers import Integers, Normal, OneHot

_TYPES = {"float32": "Float", "int32": "Int32", "int64": "Int64", "int8": "Int8"}
_START = """\
// pod "TensorFlowLiteSwift"
import Foundation
import TensorFlowLite
"""
_NORMAL = """\
func normal() -> Float {
  let length = -2 * log(Float.random(in: Float.leastNonzeroMagnitude...1))
  return length.squareRoot() * cos(2 * Float.pi * Float.random(in: 0..<1))
}
"""


def swift_code(ports: Ports) -> str:
    """Return a program that draws with a TFLite file, empty if there is none for it.

    Args:
        ports: The artefact.
    """
    known = all(port.dtype in _TYPES for port in (*ports.inputs, *ports.outputs))
    if ports.format != "tflite" or not known:
        return ""
    draws_normal = any(isinstance(port.sampler, Normal) for port in ports.inputs)
    given = ", ".join(f'"{p.name}": {p.name}Data' for p in ports.inputs)
    return "\n".join(
        [
            _START,
            *([_NORMAL] if draws_normal else []),
            f'let interpreter = try Interpreter(modelPath: "{ports.file_name}")',
            'let runner = try interpreter.signatureRunner(with: "serving_default")',
            *(_resized(port) for port in ports.inputs if port.is_free),
            *(line for port in ports.inputs for line in _filled(port)),
            f"try runner.invoke(with: [{given}])",
            *(line for port in ports.outputs for line in _read(port)),
        ]
    )


def _resized(port: Port) -> str:
    shape = f"Tensor.Shape({list(port.shape)})"
    return f'try runner.resizeInput(named: "{port.name}", toShape: {shape})'


def _filled(port: Port) -> list[str]:
    name, kind = port.name, _TYPES[port.dtype]
    index = "i" if isinstance(port.sampler, OneHot) else "_"
    return [
        f"// {name}: {port.shape}",
        f"let {name}Values: [{kind}] = (0..<{port.count}).map {{ {index} in",
        f"  {_one(port)}",
        "}",
        f"let {name}Data = {name}Values.withUnsafeBufferPointer {{ Data(buffer: $0) }}",
    ]


def _read(port: Port) -> list[str]:
    name, kind = port.name, _TYPES[port.dtype]
    lines = [
        f"// {name}: {port.shape}",
        f'let {name}Output = try runner.output(named: "{name}")',
        f"let {name}Values = {name}Output.data.withUnsafeBytes {{",
        f"  Array($0.bindMemory(to: {kind}.self))",
        "}",
    ]
    if port.scale:
        real = f"(Float($0) - {_signed(port.zero_point)}) * {port.step}"
        lines.append(f"let {name}Real = {name}Values.map {{ {real} }}")
    return lines


def _one(port: Port) -> str:
    value = _drawn(port)
    if not port.scale:
        return value
    steps = f"({value} / {port.step}).rounded()) + {_signed(port.zero_point)}"
    return f"{_TYPES[port.dtype]}(clamping: Int({steps})"


def _drawn(port: Port) -> str:
    sampler = port.sampler
    if isinstance(sampler, Normal):
        if (sampler.mean, sampler.stddev) == (0.0, 1.0):
            return "normal()"
        return f"({sampler.mean} + {sampler.stddev} * normal())"
    if isinstance(sampler, OneHot):
        return f"(i % {port.shape[-1]} == 0 ? 1 : 0)"
    low, high = (sampler.low, sampler.common_high) if sampler else (None, None)
    low, high = (0, 1) if low is None or high is None else (low, high)
    if isinstance(sampler, Integers) or port.dtype.startswith("int") and not port.scale:
        return f"{_TYPES[port.dtype]}.random(in: {int(low)}...{int(high)})"
    return f"Float.random(in: {float(low)}...{float(high)})"


def _signed(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
