"""Python that calls an artefact."""

from keras_gan.export.card.ports import Port, Ports
from keras_gan.export.samplers import Integers, Normal, OneHot, Sampler


def python_code(ports: Ports) -> str:
    """Return a program that draws with an artefact in the folder where it runs.

    Args:
        ports: The artefact.
    """
    start, call = {
        "saved_model": (_START_TENSORFLOW, _CALL_TENSORFLOW),
        "tflite": (_START_LITERT, _CALL_LITERT),
        "onnx": (_START_ONNXRUNTIME, _CALL_ONNXRUNTIME),
    }[ports.format]
    rows = [f'    "{port.name}": {_drawn(port)},' for port in ports.inputs]
    lines = [
        start.format(file=ports.file_name),
        "",
        "rng = np.random.default_rng(0)",
        "inputs = {",
        *rows,
        "}",
        *(_quantised(port) for port in ports.inputs if port.scale),
        call,
        *(_real(port) for port in ports.outputs if port.scale),
        *(line for port in ports.outputs for line in _shown(port)),
    ]
    return "\n".join(lines)


_START_TENSORFLOW = """\
import numpy as np
import tensorflow as tf

model = tf.saved_model.load("{file}")
draw = model.signatures["serving_default"]"""
_CALL_TENSORFLOW = """\
outputs = draw(**{name: tf.constant(value) for name, value in inputs.items()})
outputs = {name: value.numpy() for name, value in outputs.items()}"""
_START_LITERT = """\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path="{file}", num_threads=2)
draw = interpreter.get_signature_runner("serving_default")"""
_CALL_LITERT = "outputs = draw(**inputs)"
_START_ONNXRUNTIME = """\
import numpy as np
import onnxruntime

providers = ["CPUExecutionProvider"]
session = onnxruntime.InferenceSession("{file}", providers=providers)"""
_CALL_ONNXRUNTIME = """\
names = [output.name for output in session.get_outputs()]
outputs = dict(zip(names, session.run(names, inputs)))"""


def _drawn(port: Port) -> str:
    drawn = _values(port, port.sampler)
    dtype = "float32" if port.scale else port.dtype
    return drawn if dtype == "string" else f'{drawn}.astype("{dtype}")'


def _values(port: Port, sampler: Sampler | None) -> str:
    if port.dtype == "string":
        return f'np.full({port.shape}, b"words of your own")'
    if isinstance(sampler, Normal):
        return f"rng.normal({sampler.mean}, {sampler.stddev}, {port.shape})"
    if isinstance(sampler, Integers):
        return f"rng.integers(0, {sampler.num_ids}, {port.shape})"
    if isinstance(sampler, OneHot):
        size = port.shape[-1]
        return f"np.eye({size})[rng.integers(0, {size}, {port.shape[:-1]})]"
    low, high = (sampler.low, sampler.high) if sampler else (None, None)
    low, high = (0.0, 1.0) if low is None or high is None else (low, high)
    if port.dtype.startswith("int"):
        return f"rng.integers({int(low)}, {int(high) + 1}, {port.shape})"
    return f"rng.uniform({low}, {high}, {port.shape})"


def _quantised(port: Port) -> str:
    low, high = port.ends
    values = f'inputs["{port.name}"]'
    return (
        f"scale, zero_point = {port.step}, {port.zero_point}  # of `{port.name}`\n"
        f"steps = np.rint({values} / scale) + zero_point\n"
        f'{values} = np.clip(steps, {low}, {high}).astype("{port.dtype}")'
    )


def _real(port: Port) -> str:
    values = f'outputs["{port.name}"]'
    return (
        f"scale, zero_point = {port.step}, {port.zero_point}  # of `{port.name}`\n"
        f'{values} = ({values}.astype("float32") - zero_point) * scale'
    )


def _shown(port: Port) -> list[str]:
    values = f'outputs["{port.name}"]'
    if port.role != "image" or port.shape[-1] not in (1, 3, 4):
        return [f'print("{port.name}", {values}.shape, {values}.dtype)']
    picture = "pixels[0, :, :, 0]" if port.shape[-1] == 1 else "pixels[0]"
    return [
        "",
        "from PIL import Image  # pip install pillow",
        "",
        f"low, high = {port.low}, {port.high}",
        f"pixels = np.rint(({values} - low) / (high - low) * 255)",
        'pixels = np.clip(pixels, 0, 255).astype("uint8")',
        f'Image.fromarray({picture}).save("{port.name}.png")',
    ]
