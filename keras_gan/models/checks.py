"""Bad input is refused here, before anything is traced or trained."""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.arrays import from_arrays
from keras_gan.data.pipeline import Pipeline

RANGE_TOLERANCE = 0.05


def check_choice(name: str, value, choices):
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. "
            f"Received: {value!r}"
        )


def check_count(name: str, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {value!r}")


def check_seed(seed) -> int:
    valid = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not valid or not 0 <= seed < 2**31:
        raise ValueError(f"`seed` must be an integer in [0, 2**31). Received: {seed!r}")
    return int(seed)


def check_compiled(model):
    if not model.compiled:
        raise ValueError(
            f"{type(model).__name__} is not compiled. Call `compile(...)` first; with "
            "no arguments it takes Adam and the non-saturating loss."
        )


def output_shape_of(role: str, network, source: str, input_shape: tuple) -> tuple:
    """Shape of one output of `network`, which must take `(batch, *input_shape)`.

    Raises:
        ValueError: If it is no Keras model, takes another shape, or gives several
            outputs or one of unknown size.
    """
    if not isinstance(network, keras.Model):
        raise ValueError(
            f"The {role} must be a keras.Model. Received: {network!r} of type "
            f"{type(network).__name__}"
        )
    expected = getattr(network, "input_shape", None) if network.built else None
    if isinstance(expected, tuple) and not _fits(expected[1:], input_shape):
        raise ValueError(
            f"The {role} takes inputs of shape {expected[1:]}, but {source} gives "
            f"{tuple(input_shape)}. Build it for that shape."
        )
    if not network.built:
        network(tf.zeros((1, *input_shape)))
    inputs = keras.KerasTensor((None, *input_shape))
    shape = getattr(network.compute_output_spec(inputs), "shape", None)
    if shape is None or any(size is None for size in shape[1:]):
        raise ValueError(
            f"The {role} must give one tensor of known shape. Received: {shape}"
        )
    return tuple(shape[1:])


def check_head(discriminator, example_shape: tuple):
    """A discriminator must take what the generator makes, and end in logits."""
    shape = output_shape_of(
        "discriminator", discriminator, "the generator's output", example_shape
    )
    if shape[-1:] != (1,):
        raise ValueError(
            "The discriminator must end in one logit an image, `(batch, 1)`, or a map "
            f"of them, `(batch, height, width, 1)`. Received: (batch, "
            f"{', '.join(map(str, shape))})"
        )
    layers = discriminator.layers
    while layers and isinstance(layers[-1], keras.Model):
        layers = layers[-1].layers
    activation = getattr(layers[-1], "activation", None) if layers else None
    if activation is keras.activations.sigmoid:
        raise ValueError(
            "The discriminator must end in logits, and every loss applies its own "
            f"sigmoid. Received: a last layer {layers[-1].name!r} with a sigmoid. "
            "Remove the activation."
        )


def pipeline_of_array(model, array: np.ndarray, batch_size: int) -> Pipeline:
    """An array given to `fit` or `evaluate`, in an order fixed by the model's seed."""
    if array.dtype == np.uint8:
        raise ValueError(_range_message(array, "uint8"))
    if array.ndim == len(model.example_shape) + 1:
        _check_values(model, array)
    return from_arrays(array, batch_size=batch_size, seed=model.seed)


def check_data(model, data):
    """Checks the structure of `data` and its first batch.

    Raises:
        ValueError: With what came, what was expected, and what to do.
    """
    if isinstance(data, Pipeline):
        data = data.dataset(num_steps=1)
    if isinstance(data, keras.utils.PyDataset):
        _check_values(model, np.asarray(model.unpack(data[0])["real"]))
        return
    if isinstance(data, tf.distribute.DistributedDataset):
        return
    if not isinstance(data, tf.data.Dataset):
        raise ValueError(
            "Expected a keras_gan.data pipeline, a tf.data.Dataset or an array. "
            f"Received: {type(data).__name__}. `keras_gan.data.load` makes a pipeline "
            "from a name, a folder or a file, `tf.data.Dataset.from_generator` a "
            "dataset from a generator."
        )
    _check_spec(model, model.unpack(data.element_spec)["real"])
    if data.cardinality() == 0:
        raise ValueError(
            "The dataset is empty: not one whole batch. Use more images, or a smaller "
            "batch_size than the number of images."
        )
    first = next(iter(data.take(1)), None)
    if first is None:
        raise ValueError(
            "The dataset gave no batch. It is empty, or it holds fewer images than a "
            "batch and drops the remainder: use a smaller batch_size."
        )
    real = model.unpack(first)["real"].numpy()
    _check_values(model, real)
    _check_shares(model, data, len(real))


def check_fit_options(model, options: dict):
    """Refuses what `keras.Model.fit` takes and a game has no use for."""
    unused = {"y", "validation_split", "class_weight", "sample_weight", "shuffle"}
    given = sorted(unused & {name for name, value in options.items() if value})
    if given:
        raise ValueError(
            f"A game has no use for {', '.join(given)}: it takes real images alone, "
            "in the order of the data. Received: "
            f"{', '.join(f'{name}={options[name]!r:.40}' for name in given)}."
        )
    for name in unused:
        options.pop(name, None)
    strategy = tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and strategy is not model.distribute_strategy:
        raise ValueError(
            f"The {type(model).__name__} was built outside `strategy.scope()` and "
            "can't be trained inside. Build or load it inside the scope."
        )


def check_execution(model, steps_per_epoch: int):
    """An endless pipeline would play the rounds that overshoot an epoch."""
    if steps_per_epoch % model.steps_per_execution:
        raise ValueError(
            f"An epoch of {steps_per_epoch} steps can't be played in executions of "
            f"steps_per_execution={model.steps_per_execution}. Choose a divisor of "
            "the steps, or set `steps_per_epoch` to a multiple."
        )


def _check_shares(model, data, batch_size: int):
    turns, parts = model.discriminator_steps, model.accumulation_steps
    replicas = model.distribute_strategy.num_replicas_in_sync
    if batch_size % (turns * parts * replicas):
        raise ValueError(
            f"A batch of {batch_size} images can't be shared by "
            f"discriminator_steps={turns} turns of accumulation_steps={parts} parts on "
            f"{replicas} replicas. Use a batch_size divisible by "
            f"{turns * parts * replicas}: each sees its share of the images."
        )
    if turns * parts > 1 and model.unpack(data.element_spec)["real"].shape[0] is None:
        raise ValueError(
            f"With discriminator_steps={turns} and accumulation_steps={parts} every "
            "batch must be whole. Batch the dataset with `drop_remainder=True`."
        )


def _fits(shape, actual) -> bool:
    return len(shape) == len(actual) and all(
        size is None or size == other for size, other in zip(shape, actual, strict=True)
    )


def _check_spec(model, spec):
    expected = model.example_shape
    shown = f"(batch, {', '.join(map(str, expected))})"
    if spec.shape.rank is None or not _fits(spec.shape[1:], expected):
        raise ValueError(
            f"The networks were built for examples of shape {shown}. Received batches "
            f"of shape {spec.shape}. {_shape_advice(spec.shape, expected)}"
        )
    if spec.dtype == tf.uint8:
        raise ValueError(_range_message(None, "uint8"))
    if not spec.dtype.is_floating:
        raise ValueError(
            f"Expected floating-point batches. Received: {spec.dtype.name}. Cast them "
            "to float32, images scaled to [-1, 1]."
        )


def _shape_advice(shape, expected) -> str:
    if shape.rank == len(expected):
        if tuple(shape) == expected:
            return (
                "Batch the dataset: `dataset.batch(batch_size, drop_remainder=True)`."
            )
        return "Images need a channel axis: `images[..., None]`."
    if shape.rank == 4 and len(expected) == 3 and shape[1] == expected[-1]:
        return "Images are NHWC here: transpose with `(0, 2, 3, 1)`."
    return "Resize the data, or build the networks for its shape."


def _check_values(model, real: np.ndarray):
    bad = int(np.size(real) - np.count_nonzero(np.isfinite(real)))
    if bad:
        raise ValueError(
            f"The data hold {bad} values that are NaN or infinite, of {real.size}. "
            "Remove those examples."
        )
    is_image = len(model.example_shape) == 3
    if is_image and max(-real.min(), real.max()) > 1.0 + RANGE_TOLERANCE:
        raise ValueError(_range_message(real, real.dtype.name))
    if is_image and real.min() >= 0.0 and real.max() > 0.0:
        raise ValueError(
            f"Images must span [-1, 1]. Received values in [{real.min():.3g}, "
            f"{real.max():.3g}], which looks like [0, 1]: scale with `2 * x - 1`."
        )


def _range_message(real, dtype: str) -> str:
    span = ""
    if real is not None and real.size:
        span = f" with values in [{real.min():.4g}, {real.max():.4g}]"
    return (
        f"Images must be floats in [-1, 1]. Received: {dtype}{span}. Scale with "
        "`x / 127.5 - 1`, or let `keras_gan.data.from_arrays` do it."
    )
