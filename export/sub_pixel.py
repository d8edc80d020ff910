"""Transposed convolutions computed as plain ones (Shi et al., 2016, arXiv:1609.07009).

An output pixel `y = stride * block + phase` of a transposed convolution sees every
`stride`-th tap of the kernel only, always the same ones for a phase. So each phase is a
plain convolution of the small map, and the phases are laid out by depth-to-space.
"""

import dataclasses
import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

FORMS = ("merged", "split")


@dataclasses.dataclass(frozen=True)
class Axis:
    """What a transposed convolution does along one axis.

    Args:
        kernel_size: Number of taps.
        stride: Output pixels per input pixel.
        cut: Pixels that padding takes away before the first output pixel.
        surplus: Pixels of the output beyond `stride` times the input.
    """

    kernel_size: int
    stride: int
    cut: int
    surplus: int

    def taps(self, phase: int, shift: int) -> dict[int, int]:
        """Return which tap an input pixel meets, by its distance from the block."""
        first = phase + self.cut - shift
        distances = range(-self.kernel_size, self.kernel_size + self.cut + 1)
        met = {e: first - self.stride * e for e in distances}
        return {e: tap for e, tap in met.items() if 0 <= tap < self.kernel_size}

    def window(self, phases: tuple[int, ...], shift: int) -> range:
        """Return the distances of all input pixels that the phases see."""
        seen = sorted(e for phase in phases for e in self.taps(phase, shift))
        return range(seen[0], seen[-1] + 1) if seen else range(1)

    def shift(self) -> int:
        """Return by how much to move the blocks so that one window is smallest."""
        phases = tuple(range(self.stride))
        return min(phases, key=lambda shift: len(self.window(phases, shift)))

    def num_extra_blocks(self, shift: int) -> int:
        """Return how many more blocks than input pixels the output takes."""
        return -(-(shift + self.surplus) // self.stride)

    def padding(self, window: range, shift: int) -> tuple[int, int]:
        """Return the zeros before and after the input; negative ones are pixels."""
        return -window[0], window[-1] + self.num_extra_blocks(shift)

    def crop(self, shift: int) -> tuple[int, int]:
        """Return the pixels to cut from both ends of the laid out blocks."""
        end = self.stride * self.num_extra_blocks(shift) - shift - self.surplus
        return shift, end


@keras.saving.register_keras_serializable(package="keras_gan")
class SubPixelConvolution(layers.Layer):
    """A transposed convolution as plain ones and depth-to-space, the same function.

    Runtimes have their fastest kernels for plain convolutions. `"merged"` is a single
    one whose window covers all phases, with zeros where a phase sees less: best for
    few filters. `"split"` gives each phase its own convolution of just its taps, as
    many multiplications and weights as before: best for many filters.

    Reference: Shi et al., 2016, "Is the deconvolution layer the same as a
    convolutional layer?", arXiv:1609.07009.

    Args:
        filters: Channels of the output.
        axes: `Axis`, or its four numbers, of each spatial axis: one or two of them,
            with the same stride.
        form: `"merged"` or `"split"`.
        activation: An elementwise layer such as `layers.ReLU()`, that comes before the
            phases are laid out, or its config.
        **kwargs: `name` and `dtype`, see `keras.layers.Layer`.

    Returns:
        A layer from `(batch, height, width, channels)` to `(batch, new_height,
        new_width, filters)`, or with one spatial axis.
    """

    def __init__(self, filters, axes, form="merged", activation=None, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.axes = tuple(Axis(*_numbers(axis)) for axis in axes)
        self.form = _checked_form(form)
        self.activation = _layer(activation)
        self.stride = self.axes[0].stride
        phases = tuple(range(self.stride))
        merged = (tuple(phases for _ in self.axes),)
        alone = tuple(itertools.product(*(tuple((p,) for p in phases),) * len(axes)))
        self._parts = merged if self.form == "merged" else alone
        self._shifts = [a.shift() if form == "merged" else 0 for a in self.axes]

    def build(self, input_shape):
        self.kernels = [
            self.add_weight(
                (
                    *map(len, self._windows(part)),
                    input_shape[-1],
                    self.filters * int(np.prod([len(phases) for phases in part])),
                ),
                name=f"kernel_{index}",
            )
            for index, part in enumerate(self._parts)
        ]
        channels = self.filters * self.stride ** len(self.axes)
        self.bias = self.add_weight(
            (channels // len(self._parts),), initializer="zeros", name="bias"
        )

    def set_transposed_weights(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Take over the weights of a transposed convolution.

        Args:
            kernel: Array of shape `(*kernel_size, filters, input_channels)`.
            bias: Array of shape `(filters,)`.
        """
        rearranged = [self._rearranged(part, kernel) for part in self._parts]
        copies = self.bias.shape[0] // self.filters
        self.set_weights([*rearranged, np.tile(bias, copies)])

    def _rearranged(self, part: Any, kernel: np.ndarray) -> np.ndarray:
        windows = self._windows(part)
        sizes = [len(window) for window in windows]
        filters, channels = kernel.shape[-2:]
        result = np.zeros((*sizes, channels, *map(len, part), filters), kernel.dtype)
        for phases in itertools.product(*part):
            place = tuple(p - ps[0] for p, ps in zip(phases, part, strict=True))
            taps = [
                axis.taps(phase, shift).items()
                for axis, phase, shift in zip(
                    self.axes, phases, self._shifts, strict=True
                )
            ]
            for met in itertools.product(*taps):
                at = tuple(e - w[0] for (e, _), w in zip(met, windows, strict=True))
                tap = tuple(tap for _, tap in met)
                result[(*at, slice(None), *place)] = kernel[tap].T
        return result.reshape(*sizes, channels, -1)

    def _windows(self, part: Any) -> list[range]:
        return [
            axis.window(phases, shift)
            for axis, phases, shift in zip(self.axes, part, self._shifts, strict=True)
        ]

    def call(self, inputs):
        parts = [
            self._convolved(inputs, self._windows(part), kernel)
            for part, kernel in zip(self._parts, self.kernels, strict=True)
        ]
        x = ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
        return self._cropped(self._laid_out(x))

    def _convolved(self, x, windows, kernel):
        pads = [
            axis.padding(window, shift)
            for axis, window, shift in zip(
                self.axes, windows, self._shifts, strict=True
            )
        ]
        same = [((len(w) - 1) // 2, len(w) // 2) for w in windows]
        if pads != same and any(map(any, pads)):
            x = ops.pad(x, ((0, 0), *pads, (0, 0)))
        padding = "same" if pads == same else "valid"
        x = ops.conv(x, kernel, padding=padding) + self.bias
        return x if self.activation is None else self.activation(x)

    def _laid_out(self, x):
        if self.stride == 1:
            return x
        if len(self.axes) == 2:
            return tf.nn.depth_to_space(x, self.stride)
        sizes: Any = ops.shape(x)
        return ops.reshape(x, (sizes[0], sizes[1] * self.stride, self.filters))

    def _cropped(self, x):
        crops = [a.crop(s) for a, s in zip(self.axes, self._shifts, strict=True)]
        if not any(map(any, crops)):
            return x
        kept = [slice(start, -end if end else None) for start, end in crops]
        return x[(slice(None), *kept)]

    def compute_output_shape(self, input_shape):
        sizes = [
            None if size is None else size * axis.stride + axis.surplus
            for size, axis in zip(input_shape[1:-1], self.axes, strict=True)
        ]
        return (input_shape[0], *sizes, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "axes": [list(_numbers(axis)) for axis in self.axes],
            "form": self.form,
            "activation": keras.saving.serialize_keras_object(self.activation),
        }


def axes_of(layer: Any) -> tuple[Axis, ...] | None:
    """Return the axes of a transposed convolution, `None` if it can't be rewritten.

    Args:
        layer: A `Conv1DTranspose` or `Conv2DTranspose`.
    """
    plain = (
        layer.data_format == "channels_last"
        and layer.output_padding is None
        and set(layer.dilation_rate) == {1}
        and len(set(layer.strides)) == 1
    )
    if not plain:
        return None
    sizes = zip(layer.kernel_size, layer.strides, strict=True)
    return tuple(_axis(size, stride, layer.padding) for size, stride in sizes)


def _axis(kernel_size: int, stride: int, padding: str) -> Axis:
    overlap = max(kernel_size - stride, 0)
    if padding == "same":
        return Axis(kernel_size, stride, cut=overlap // 2, surplus=0)
    return Axis(kernel_size, stride, cut=0, surplus=overlap)


def _layer(config: Any) -> Any:
    is_config = isinstance(config, dict)
    return keras.saving.deserialize_keras_object(config) if is_config else config


def _numbers(axis: Any) -> tuple[int, ...]:
    return dataclasses.astuple(axis) if isinstance(axis, Axis) else tuple(axis)


def _checked_form(form: str) -> str:
    if form not in FORMS:
        raise ValueError(f"`form` must be one of {FORMS}. Received: form={form!r}")
    return form
