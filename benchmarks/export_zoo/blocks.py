"""What a generator of the export matrix is, and weights that use its range."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from keras_gan.export import GeneratorSpec
from keras_gan.layers import Maxout

BLOCKS: dict[str, "Block"] = {}
# Values before the last activation: a tanh of them is used, and not saturated.
STRETCH = 0.7
NUM_SAMPLES = 32
KERNELS = (layers.Dense, layers.Conv2D, layers.Conv2DTranspose, Maxout)


@dataclasses.dataclass(frozen=True)
class Block:
    """A small generator, seeded.

    Args:
        name: Its name in the table.
        family: The part of the table that it belongs to.
        build: Makes the Keras model, or the GAN.
        changes: Samplers by input name that no exporter could guess.
        samples: Inputs to draw from, where no formula draws them.
    """

    name: str
    family: str
    build: Callable[[], Any]
    changes: dict[str, Any]
    samples: Any = None

    @property
    def about(self) -> str:
        """One line on what it is."""
        return (self.build.__doc__ or "").split("\n")[0]

    def make(self) -> tuple[Any, GeneratorSpec]:
        """Return the generator, its weights as after a training, and its spec."""
        keras.utils.set_random_seed(0)
        generator = self.build()
        spec = GeneratorSpec.of(generator, sample_inputs=self.samples)
        spec = spec.adjusted(**self.changes)
        model = getattr(generator, "ema_generator", generator)
        named = spec.draw(spec.fixed_batch or NUM_SAMPLES)
        assert spec.call is not None
        tensors = {name: tf.constant(value) for name, value in named.items()}
        arguments = spec.call.arguments(tensors)
        spread_kernels(model)
        settle_statistics(model, arguments)
        use_range(model, arguments, spec.outputs[0])
        return generator, spec


def block(family: str, samples: Any = None, **changes: Any) -> Callable:
    """Enter the function below into the zoo, under its own name.

    Args:
        family: The part of the table.
        samples: As in `Block`.
        **changes: As in `Block`.
    """

    def enter(build: Callable[[], Any]) -> Callable[[], Any]:
        name = build.__name__
        BLOCKS[name] = Block(name, family, build, changes, samples)
        return build

    return enter


def spread_kernels(model: keras.Model) -> None:
    """Widen kernels that start so narrow that all inputs give about the same output."""
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, KERNELS):
            axis = -2 if isinstance(layer, layers.Conv2DTranspose) else -1
            fan_in = np.prod(layer.kernel.shape) / layer.kernel.shape[axis]
            wanted, spread = (2.0 / fan_in) ** 0.5, np.std(layer.kernel)
            if spread == 0:
                layer.kernel.assign(rng.normal(0.0, wanted, layer.kernel.shape))
            elif spread < wanted / 2:
                layer.kernel.assign(layer.kernel * (wanted / spread))


def settle_statistics(model: keras.Model, arguments: tuple[Any, ...]) -> None:
    """Give batch normalisations the statistics that they see, and a random scale."""
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, layers.BatchNormalization)
    ]
    if not norms:
        return
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(*arguments, training=True)
    rng = np.random.default_rng(0)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
        if layer.scale:
            layer.gamma.assign(rng.uniform(0.5, 1.5, layer.gamma.shape))
            layer.beta.assign(rng.normal(0.0, 0.3, layer.beta.shape))


def use_range(model: keras.Model, arguments: tuple[Any, ...], output: Any) -> None:
    """Scale the last weights so that the outputs use their range."""
    heads = [layer for layer in model._flatten_layers() if hasattr(layer, "kernel")]
    if not heads:
        return
    # Saturated values hide how far off the scale is, so it takes several rounds.
    for _ in range(4):
        outputs = keras.tree.flatten(model(*arguments, training=False))
        values = before_activation(np.asarray(outputs[0], "float64"), output)
        kernel = heads[-1].kernel
        kernel.assign(kernel * (STRETCH / max(values.std(), 1e-6)))


def before_activation(values: np.ndarray, output: Any) -> np.ndarray:
    """Return what the last activation was given, as far as its range tells."""
    if output.low == -1.0:
        return np.arctanh(np.clip(values, -0.9999, 0.9999))
    if output.low == 0.0:
        inside = np.clip(values, 1e-4, 1.0 - 1e-4)
        return np.log(inside / (1.0 - inside))
    return values
