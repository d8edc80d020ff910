"""C++ that calls a TFLite or ONNX file."""

from keras_gan.export.card.ports import Port, Ports
from keras_gan.export.samplers import Integers, Normal, OneHot

_TYPES = {
    "float32": "float",
    "int32": "std::int32_t",
    "int64": "std::int64_t",
    "int8": "std::int8_t",
}
# The member of a TFLite tensor that holds values of a dtype.
_MEMBERS = {"float32": "f", "int32": "i32", "int64": "i64", "int8": "int8"}
_STANDARD = """\
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>
"""
_LITERT = """\
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model.h"
#include "tensorflow/lite/signature_runner.h"
"""


def cpp_code(ports: Ports) -> str:
    """Return a program that draws with an artefact, empty if there is none for it.

    Args:
        ports: The artefact.
    """
    known = all(port.dtype in _TYPES for port in (*ports.inputs, *ports.outputs))
    writers = {"onnx": _with_onnxruntime, "tflite": _with_litert}
    if not known or ports.format not in writers:
        return ""
    headers = {"onnx": "#include <onnxruntime_cxx_api.h>\n", "tflite": _LITERT}
    lines = [
        f"{_STANDARD}\n{headers[ports.format]}",
        "int main() {",
        *(
            f"  {line}"
            for line in ["std::mt19937 random(0);", *writers[ports.format](ports)]
        ),
        "}",
    ]
    return "\n".join(lines)


def _with_litert(ports: Ports) -> list[str]:
    return [
        "const auto model =",
        f'    tflite::FlatBufferModel::BuildFromFile("{ports.file_name}");',
        "tflite::ops::builtin::BuiltinOpResolver resolver;",
        "std::unique_ptr<tflite::Interpreter> interpreter;",
        "tflite::InterpreterBuilder(*model, resolver)(&interpreter, 2);",
        "tflite::SignatureRunner* draw =",
        '    interpreter->GetSignatureRunner("serving_default");',
        *(_resized(port) for port in ports.inputs if port.is_free),
        "if (draw->AllocateTensors() != kTfLiteOk) return 1;",
        *(line for port in ports.inputs for line in _copied(port)),
        "if (draw->Invoke() != kTfLiteOk) return 1;",
        *(line for port in ports.outputs for line in _litert_result(port)),
    ]


def _resized(port: Port) -> str:
    sizes = ", ".join(map(str, port.shape))
    return f'draw->ResizeInputTensor("{port.name}", {{{sizes}}});'


def _copied(port: Port) -> list[str]:
    member = f'draw->input_tensor("{port.name}")->data.{_MEMBERS[port.dtype]}'
    return [
        *_filled(port),
        f"std::copy({port.name}Values.begin(), {port.name}Values.end(),",
        f"          {member});",
    ]


def _litert_result(port: Port) -> list[str]:
    member = f'draw->output_tensor("{port.name}")->data.{_MEMBERS[port.dtype]}'
    kind = _TYPES[port.dtype]
    return [
        f"const {kind}* {port.name}Values =  // {port.shape}",
        f"    {member};",
        *_real(port),
    ]


def _with_onnxruntime(ports: Ports) -> list[str]:
    given = ", ".join(f'"{port.name}"' for port in ports.inputs)
    made = ", ".join(f'"{port.name}"' for port in ports.outputs)
    return [
        'Ort::Env environment(ORT_LOGGING_LEVEL_WARNING, "generator");',
        "Ort::SessionOptions options;",
        "options.SetIntraOpNumThreads(2);",
        f'Ort::Session session(environment, ORT_TSTR("{ports.file_name}"), options);',
        "auto memory =",
        "    Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);",
        "std::vector<Ort::Value> inputs;",
        *(line for port in ports.inputs for line in _wrapped(port)),
        f"const char* inputNames[] = {{{given}}};",
        f"const char* outputNames[] = {{{made}}};",
        "auto outputs = session.Run(",
        "    Ort::RunOptions{nullptr}, inputNames, inputs.data(), inputs.size(),",
        f"    outputNames, {len(ports.outputs)});",
        *(
            line
            for index, port in enumerate(ports.outputs)
            for line in _onnx_result(index, port)
        ),
    ]


def _wrapped(port: Port) -> list[str]:
    name, kind, sizes = port.name, _TYPES[port.dtype], ", ".join(map(str, port.shape))
    return [
        *_filled(port),
        f"const std::vector<std::int64_t> {name}Shape{{{sizes}}};",
        f"inputs.push_back(Ort::Value::CreateTensor<{kind}>(",
        f"    memory, {name}Values.data(), {name}Values.size(), {name}Shape.data(),",
        f"    {name}Shape.size()));",
    ]


def _onnx_result(index: int, port: Port) -> list[str]:
    kind = _TYPES[port.dtype]
    return [
        f"const {kind}* {port.name}Values =",
        f"    outputs[{index}].GetTensorData<{kind}>();  // {port.shape}",
        *_real(port),
    ]


def _real(port: Port) -> list[str]:
    shown = f'std::printf("{port.name}: %g\\n", static_cast<double>('
    if not port.scale:
        return [f"{shown}{port.name}Values[0]));"]
    name = port.name
    steps = f"(value - {_signed(port.zero_point)}) * {port.step}f"
    return [
        f"std::vector<float> {name}Real({port.count});",
        f"std::transform({name}Values, {name}Values + {port.count},",
        f"               {name}Real.begin(),",
        f"               []({_TYPES[port.dtype]} value) {{ return {steps}; }});",
        f"{shown}{name}Real[0]));",
    ]


def _filled(port: Port) -> list[str]:
    name, kind = port.name, _TYPES[port.dtype]
    setup, value = _drawn(port)
    if port.scale:
        low, high = port.ends
        steps = f"std::round(({value}) / {port.step}f) + {_signed(port.zero_point)}"
        value = f"\n      std::clamp<float>({steps}, {low}, {high})"
    return [
        *setup,
        f"std::vector<{kind}> {name}Values({port.count});  // {port.shape}",
        f"for (std::size_t i = 0; i < {name}Values.size(); ++i)",
        f"  {name}Values[i] = static_cast<{kind}>({value});",
    ]


def _drawn(port: Port) -> tuple[list[str], str]:
    """Return what to set up for drawing an input, and the value of entry `i`."""
    sampler, source = port.sampler, f"{port.name}Source"
    if isinstance(sampler, OneHot):
        return [], f"i % {port.shape[-1]} == 0 ? 1.0f : 0.0f"
    if isinstance(sampler, Normal):
        kind, ends = "normal_distribution<float>", (sampler.mean, sampler.stddev)
    else:
        low, high = (sampler.low, sampler.common_high) if sampler else (None, None)
        ends = (0, 1) if low is None or high is None else (low, high)
        kind = "uniform_real_distribution<float>"
        whole = port.dtype.startswith("int") and not port.scale
        if isinstance(sampler, Integers) or whole:
            kind, ends = "uniform_int_distribution<int>", (int(ends[0]), int(ends[1]))
    return [f"std::{kind} {source}({ends[0]}, {ends[1]});"], f"{source}(random)"


def _signed(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
