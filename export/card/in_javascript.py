"""JavaScript that calls an artefact in a browser."""

from keras_gan.export.card.ports import Port, Ports
from keras_gan.export.samplers import Integers, Normal, OneHot

_ARRAYS = {
    "float32": "Float32Array",
    "int32": "Int32Array",
    "int64": "BigInt64Array",
    "uint8": "Uint8Array",
    "int8": "Int8Array",
    "bool": "Uint8Array",
}
_NORMAL = """\
const normal = () =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
"""


def javascript_code(ports: Ports) -> str:
    """Return a module that draws with an artefact, empty if JavaScript cannot.

    Args:
        ports: The artefact.
    """
    known = all(port.dtype in _ARRAYS for port in (*ports.inputs, *ports.outputs))
    writers = {"onnx": _with_onnxruntime, "tflite": _with_litert}
    if not known or ports.format not in writers:
        return ""
    lines = writers[ports.format](ports)
    if any(isinstance(port.sampler, Normal) for port in ports.inputs):
        lines.insert(1, _NORMAL)
    return "\n".join([*lines, *_pixels(ports)])


def _with_onnxruntime(ports: Ports) -> list[str]:
    tensors = [
        f'  {port.name}: new ort.Tensor("{port.dtype}", {_values(port)}, '
        f"{list(port.shape)}),"
        for port in ports.inputs
    ]
    return [
        'import * as ort from "onnxruntime-web"; // npm install onnxruntime-web\n',
        f'const session = await ort.InferenceSession.create("{ports.file_name}", {{',
        '  executionProviders: ["wasm"],',
        "});",
        "const outputs = await session.run({",
        *tensors,
        "});",
        *(
            f"const {port.name}Values = outputs.{port.name}.data; // {port.shape}"
            for port in ports.outputs
        ),
    ]


def _with_litert(ports: Ports) -> list[str]:
    tensors = [
        f"  {port.name}: new Tensor({_values(port)}, {list(port.shape)}),"
        for port in ports.inputs
    ]
    return [
        'import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";\n',
        "// Serve this folder of the npm package @litertjs/core beside the page.",
        'await loadLiteRt("/node_modules/@litertjs/core/wasm/");',
        f'const model = await loadAndCompile("{ports.file_name}", {{',
        '  accelerator: "wasm",',
        "});",
        "const outputs = await model.run({",
        *tensors,
        "});",
        *(
            f"const {port.name}Values = await outputs.{port.name}.data(); "
            f"// {port.shape}"
            for port in ports.outputs
        ),
    ]


def _values(port: Port) -> str:
    return f"{_ARRAYS[port.dtype]}.from({{ length: {port.count} }}, {_one(port)})"


def _one(port: Port) -> str:
    sampler = port.sampler
    if isinstance(sampler, Normal):
        if (sampler.mean, sampler.stddev) == (0.0, 1.0):
            return "normal"
        return f"() => {sampler.mean} + {sampler.stddev} * normal()"
    if isinstance(sampler, OneHot):
        return f"(_, i) => (i % {port.shape[-1]} === 0 ? 1 : 0)"
    low, high = (sampler.low, sampler.common_high) if sampler else (None, None)
    low, high = (0, 1) if low is None or high is None else (low, high)
    if isinstance(sampler, Integers) or port.dtype.startswith("int"):
        chosen = f"{int(low)} + Math.floor(Math.random() * {int(high) - int(low) + 1})"
        return f"() => BigInt({chosen})" if port.dtype == "int64" else f"() => {chosen}"
    return f"() => {low} + Math.random() * {high - low}"


def _pixels(ports: Ports) -> list[str]:
    for port in ports.outputs:
        if port.role == "image" and port.dtype == "float32":
            return [
                f"const [low, high] = [{port.low}, {port.high}];",
                "const pixels = Uint8ClampedArray.from(",
                f"  {port.name}Values, (v) => ((v - low) / (high - low)) * 255);",
            ]
    return []
