"""Generators rewritten so that a runtime draws the same pictures sooner."""

import collections
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import layers
from keras.src.models.functional import Functional

from keras_gan.export.modes import TFLITE_MODES, Mode
from keras_gan.export.sub_pixel import SubPixelConvolution, axes_of

MOST_PHASES = 16

# What the products of a mode are computed in, where it is not float.
_PRODUCTS = {
    ("tflite", "dynamic"): "integer",
    ("tflite", "int8"): "integer",
    ("tflite", "int8_io"): "integer",
    ("onnx", "dynamic"): "dynamic",
    ("onnx", "int8"): "integer",
}
# How a transposed convolution with so many filters is fastest; `None`: as it is.
_FORMS: dict[str, Callable[[int], str | None]] = {
    "litert-float": lambda filters: "split" if filters >= 32 else "merged",
    "litert-integer": lambda filters: "split" if filters >= 64 else "merged",
    "onnxruntime-float": lambda filters: "split" if filters >= 64 else None,
    "onnxruntime-integer": lambda filters: "merged",
    "onnxruntime-dynamic": lambda filters: None,
}

_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose)
_LINEAR = (
    layers.Dense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv3DTranspose,
    *_TRANSPOSED,
)
_ACTIVATIONS = (layers.Activation, layers.LeakyReLU, layers.ReLU)
_ELEMENTWISE = (
    keras.activations.elu,
    keras.activations.gelu,
    keras.activations.leaky_relu,
    keras.activations.linear,
    keras.activations.relu,
    keras.activations.relu6,
    keras.activations.selu,
    keras.activations.sigmoid,
    keras.activations.silu,
    keras.activations.softplus,
    keras.activations.tanh,
)
# Batch normalisation means the same on both sides of these.
_RESHAPES = (layers.Reshape, layers.Flatten)
_CROPS = (layers.Cropping1D, layers.Cropping2D)
_OFF_AT_INFERENCE = (
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)


def faster_generator(
    model: keras.Model, mode: Mode = TFLITE_MODES["float32"]
) -> keras.Model:
    """Return a model of the same function that the runtime of a mode runs faster.

    Layers that do nothing at inference are dropped, batch normalisation goes into the
    weights of the layer before it, and transposed convolutions become plain ones and
    depth-to-space, with the ReLU behind them, where that was measured to be faster
    (`docs/edge.md`). Only rounding changes. The model itself stays as it is.

    Args:
        model: A Keras model in float32. Functional and Sequential ones are rewritten,
            with those inside them; a model of another class is returned as it is, and
            so is one in which nothing can be done.
        mode: The format and mode that it is meant for.

    Returns:
        A functional model with the same inputs and outputs, or `model`.

    Example:

    ```python
    sooner = faster_generator(generator, TFLITE_MODES["int8"])
    ```
    """
    if not rewriting(mode) or not is_rewritable(model):
        return model
    functional: Any = model
    if isinstance(model, keras.Sequential):
        functional = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return _Rewriting(functional, mode).model or model


def is_rewritable(model: Any) -> bool:
    """Return whether the graph of a model is known: no class of its own has a say."""
    return type(model) in (Functional, keras.Sequential) and model.built


def rewriting(mode: Mode) -> str:
    """Return which rewriting a mode gets, by name: `""` for none.

    Modes of one name share it, and with it what is made of the rewritten generator.

    Args:
        mode: A format and mode.
    """
    # Beside depth-to-space, LiteRT keeps fewer of the 16 bits than in one layer.
    if mode.format == "saved_model" or mode.name == "int16x8":
        return ""
    runtime = {"tflite": "litert", "onnx": "onnxruntime"}[mode.format]
    return f"{runtime}-{_PRODUCTS.get((mode.format, mode.name), 'float')}"


@dataclasses.dataclass
class _Chain:
    """What a linear layer takes over from the layers behind it.

    Attributes:
        activation: The elementwise layer that goes in front of depth-to-space.
        dropped: The layers that are not needed any more.
        scale: What batch normalisation multiplies the output by, if there is any.
        shift: What it adds then.
    """

    activation: Any = None
    dropped: list[Any] = dataclasses.field(default_factory=list)
    scale: Any = None
    shift: Any = 0.0

    def fold(self, norm: Any) -> None:
        """Take over a batch normalisation."""
        scale = 1.0 / np.sqrt(np.float64(norm.moving_variance) + norm.epsilon)
        scale = scale * np.float64(norm.gamma) if norm.scale else scale
        shift = np.float64(norm.beta) if norm.center else 0.0
        shift = shift - np.float64(norm.moving_mean) * scale
        self.scale, self.shift = (
            scale if self.scale is None else self.scale * scale,
            self.shift * scale + shift,
        )
        self.dropped.append(norm)


class _Rewriting:
    def __init__(self, model: Any, mode: Mode):
        self._form, self._mode = _FORMS[rewriting(mode)], mode
        self._calls, self._readers = _calls_and_readers(model)
        self._chains = {
            layer: self._chain(layer) for layer in self._calls if _is_linear(layer)
        }
        self._dropped = {
            layer
            for layer, node in self._calls.items()
            if isinstance(layer, _OFF_AT_INFERENCE) and not _has_options(node)
        }
        for chain in self._chains.values():
            self._dropped.update(chain.dropped)
        self._copies: dict[Any, Any] = {}
        self._has_changes = False
        self.model = self._rewritten(model)

    def _rewritten(self, model: Any) -> Any:
        try:
            copy = keras.models.clone_model(
                model, clone_function=self._copy, call_function=_unless_dropped
            )
            for layer, new in self._copies.items():
                self._set_weights(layer, new)
        except Exception:  # a layer of somebody's own that its config does not give
            return None
        return copy if self._has_changes else None

    def _chain(self, layer: Any) -> _Chain:
        chain = _Chain()
        for follower in self._followers(layer):
            if type(follower) is layers.BatchNormalization:
                if not _is_foldable(self._calls[follower], layer):
                    break
                chain.fold(follower)
            elif isinstance(follower, _ACTIVATIONS):
                if self._goes_into(layer, follower):
                    chain.activation = follower
                    chain.dropped.append(follower)
                break
        return chain

    def _goes_into(self, layer: Any, activation: Any) -> bool:
        [output] = self._calls[activation].outputs
        is_last = None in self._readers[id(output)]  # an output keeps its layer's name
        return (
            bool(self._form_of(layer)) and _is_elementwise(activation) and not is_last
        )

    def _followers(self, layer: Any) -> Iterator[Any]:
        """Yield the layers behind, as long as each is the only one to see the last."""
        node = self._calls[layer]
        while len(readers := self._readers[id(node.outputs[0])]) == 1:
            [node] = readers
            follower = node and node.operation
            if not node or follower not in self._calls or _has_options(node):
                return
            passes = _RESHAPES if isinstance(layer, layers.Dense) else _CROPS
            if not isinstance(
                follower,
                (layers.BatchNormalization, *_ACTIVATIONS, *_OFF_AT_INFERENCE, *passes),
            ):
                return
            yield follower

    def _form_of(self, layer: Any) -> str | None:
        if type(layer) not in _TRANSPOSED or not axes_of(layer):
            return None
        form = self._form(layer.filters)
        num_phases = int(np.prod(layer.strides))
        gaps = any(k < s for k, s in zip(layer.kernel_size, layer.strides, strict=True))
        return "merged" if form and (gaps or num_phases > MOST_PHASES) else form

    def _copy(self, layer: Any) -> Any:
        if not isinstance(layer, layers.Layer):
            return layer  # an operation without weights
        if layer in self._dropped:
            return layers.Identity(name=layer.name)
        inner = faster_generator(layer, self._mode)
        if inner is not layer:
            self._has_changes = True
            return inner
        self._copies[layer] = self._new(layer)
        return self._copies[layer]

    def _new(self, layer: Any) -> Any:
        chain = self._chains.get(layer, _Chain())
        form = self._form_of(layer)
        if form and _is_elementwise(layer):
            self._has_changes = True
            return self._sub_pixel(layer, chain, form)
        config = layer.get_config()
        if chain.scale is not None:
            self._has_changes = True
            config["use_bias"] = True
        return type(layer).from_config(config)

    def _sub_pixel(self, layer: Any, chain: _Chain, form: str) -> SubPixelConvolution:
        activation = chain.activation
        if activation is not None:
            activation = type(activation).from_config(activation.get_config())
        elif not _is_linear(layer):
            activation = layers.Activation(layer.activation)
        return SubPixelConvolution(
            layer.filters,
            axes_of(layer),
            form,
            activation,
            name=layer.name,
            dtype=layer.dtype_policy,
        )

    def _set_weights(self, layer: Any, new: Any) -> None:
        if isinstance(new, SubPixelConvolution):
            new.set_transposed_weights(*self._folded_weights(layer))
        elif self._chains.get(layer, _Chain()).scale is not None:
            new.set_weights(self._folded_weights(layer))
        else:
            new.set_weights(layer.get_weights())

    def _folded_weights(self, layer: Any) -> list[np.ndarray]:
        kernel, *rest = layer.get_weights()
        outputs = kernel.shape[-2] if _is_transposed(layer) else kernel.shape[-1]
        bias = rest[0] if rest else np.zeros(outputs, kernel.dtype)
        chain = self._chains.get(layer, _Chain())
        if chain.scale is None:
            return [kernel, bias]
        # The channels of a batch normalisation behind a reshape come around again.
        repeats = outputs // len(chain.scale)
        scale, shift = np.tile(chain.scale, repeats), np.tile(chain.shift, repeats)
        scaled = kernel * (scale[:, None] if _is_transposed(layer) else scale)
        return [scaled.astype(kernel.dtype), (bias * scale + shift).astype(bias.dtype)]


def _calls_and_readers(model: Any) -> tuple[dict[Any, Any], dict[int, list[Any]]]:
    """Return the layers that are called once, with the call, and who reads a tensor."""
    nodes = [node for depth in model._nodes_by_depth.values() for node in depth]
    readers: dict[int, list[Any]] = {}
    for node in nodes:
        for tensor in node.arguments.keras_tensors:
            readers.setdefault(id(tensor), []).append(node)
    for tensor in keras.tree.flatten(model.outputs):
        readers.setdefault(id(tensor), []).append(None)
    counts = collections.Counter(node.operation for node in nodes)
    return {n.operation: n for n in nodes if counts[n.operation] == 1}, readers


def _has_options(call: Any) -> bool:
    """Return whether a layer is called with `training=True` or something else."""
    options = call.arguments.kwargs.values()
    return any(value is not None and value is not False for value in options)


def _unless_dropped(layer: Any, *args: Any, **kwargs: Any) -> Any:
    return args[0] if type(layer) is layers.Identity else layer(*args, **kwargs)


def _is_linear(layer: Any) -> bool:
    return type(layer) in _LINEAR and layer.activation is keras.activations.linear


def _is_transposed(layer: Any) -> bool:
    return type(layer) in (*_TRANSPOSED, layers.Conv3DTranspose)


def _is_elementwise(layer: Any) -> bool:
    if type(layer) in (layers.ReLU, layers.LeakyReLU):
        return True
    return getattr(layer, "activation", None) in _ELEMENTWISE


def _is_foldable(call: Any, layer: Any) -> bool:
    norm, rank = call.operation, len(call.arguments.keras_tensors[0].shape)
    kernel = layer.kernel.shape
    outputs = kernel[-2] if _is_transposed(layer) else kernel[-1]
    is_last = norm.axis in (-1, rank - 1)
    return is_last and outputs % norm.moving_mean.shape[0] == 0
