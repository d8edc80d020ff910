"""Options and networks of a game are refused here; its data at `door.py`."""

import keras
import numpy as np
import tensorflow as tf

# A loss takes the sigmoid of a logit itself.
SQUASHING = {"sigmoid", "hard_sigmoid", "softmax"}
# What moves a logit about and leaves it as it is.
PASSING = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Identity)


def check_choice(name: str, value, choices):
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. "
            f"Received: {value!r}. Choose one of them."
        )


def check_count(name: str, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {value!r}. Give a whole "
            "number from 1 on."
        )


def check_optional_count(name: str, value):
    if value is not None:
        check_count(name, value)


def check_momentum(name: str, value) -> float:
    is_number = isinstance(value, (int, float, np.number))
    if not is_number or not 0.0 <= value < 1.0:
        raise ValueError(
            f"`{name}` must lie in [0, 1). Received: {value!r}. 0.999 averages over "
            "about a thousand steps, 0 keeps no memory."
        )
    return float(value)


def check_optimizer(name: str, value):
    if not isinstance(value, (keras.optimizers.Optimizer, type(None))):
        example = "keras.optimizers.Adam(2e-4, beta_1=0.5)"
        _check_known(name, value, keras.optimizers.get, example)


def check_constraint(name: str, value):
    example = "keras_gan.constraints.WeightClip(0.01)"
    _check_known(name, value, keras.constraints.get, example)


def _check_known(name: str, value, get, example: str):
    try:
        get(value)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"`{name}` must be an object of Keras, its name or its config. Received: "
            f"{value!r}. Take one such as `{example}`."
        ) from error


def check_seed(seed) -> int:
    valid = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not valid or not 0 <= seed < 2**31:
        raise ValueError(
            f"`seed` must be an integer in [0, 2**31). Received: {seed!r}. Leave it "
            "out to draw one."
        )
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
            f"{type(network).__name__}. Build one, or take it from "
            "`keras_gan.networks`."
        )
    expected = getattr(network, "input_shape", None) if network.built else None
    if isinstance(expected, tuple) and not _fits(expected[1:], input_shape):
        raise ValueError(
            f"The {role} takes inputs of shape {expected[1:]}, but {source} gives "
            f"{tuple(input_shape)}. Build it for that shape."
        )
    try:
        if not network.built:
            network(tf.zeros((1, *input_shape)))
        inputs = keras.KerasTensor((None, *input_shape))
        output = network.compute_output_spec(inputs)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(
            f"Expected a {role} that takes one tensor of the shape that {source} "
            f"gives. Received: {network.name!r}, which can't take (batch, "
            f"{', '.join(map(str, input_shape))}). Build it for that shape. Keras "
            f"says: {str(error).splitlines()[0]}"
        ) from error
    shape = getattr(output, "shape", None)
    if shape is None or any(size is None for size in shape[1:]):
        raise ValueError(
            f"The {role} must give one tensor of known shape. Received: "
            f"{shape or type(output).__name__}. Build it with one output, for one size."
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
            f"{', '.join(map(str, shape))}). End it in `Dense(1)` or `Conv2D(1, ...)`."
        )
    name, squashed = _ending(discriminator)
    if squashed in SQUASHING:
        raise ValueError(
            "The discriminator must end in logits, and every loss applies its own "
            f"sigmoid. Received: a last layer {name!r} with a {squashed}. "
            "Remove the activation."
        )


def _ending(network) -> tuple[str, str]:
    """Name of the last operation that changes values, and of its activation."""
    operations = list(getattr(network, "operations", network.layers))
    while operations and isinstance(operations[-1], PASSING):
        operations.pop()
    if not operations:
        return network.name, "linear"
    last = operations[-1]
    if isinstance(last, keras.Model):
        return _ending(last)
    layer = last.layer if isinstance(last, keras.layers.Wrapper) else last
    # `keras.ops.sigmoid` in a graph of layers is an operation of that class.
    squash = getattr(layer, "activation", type(layer))
    return last.name, _snake(getattr(squash, "__name__", type(squash).__name__))


def _snake(name: str) -> str:
    return {"HardSigmoid": "hard_sigmoid"}.get(name, name.lower())


def refuse_unused(options: dict, names: set[str]):
    """Refuses options that a game has no use for."""
    given = sorted(
        name
        for name in names & options.keys()
        if not (options[name] is None or _is_zero(options[name]))
    )
    if given:
        raise ValueError(
            f"A game has no use for {', '.join(given)}: it takes its examples as `x` "
            "alone, in the order of the data. Received: "
            f"{', '.join(f'{name}={options[name]!r:.40}' for name in given)}. Leave "
            "them out; what belongs to an example comes with it in the dataset."
        )


def _is_zero(value) -> bool:
    return isinstance(value, (bool, int, float)) and not value


def check_fit_options(model, options: dict, **more):
    """Refuses what `keras.Model.fit` takes and a game can't do.

    Args:
        model: The game.
        options: Options for Keras; the defaults of those without a use are dropped.
        **more: The options that the game itself takes.
    """
    unused = {"y", "validation_split", "class_weight", "sample_weight", "shuffle"}
    refuse_unused({**options, **more}, unused)
    for name in unused:
        options.pop(name, None)
    options = {**options, **more}
    check_count("epochs", options["epochs"])
    for name in ("steps_per_epoch", "validation_steps"):
        check_optional_count(name, options.get(name))
    for name in ("batch_size", "validation_batch_size"):
        check_optional_count(name, options.get(name))
    first = options.get("initial_epoch", 0)
    if first != 0:
        check_count("initial_epoch", first)
    frequency = options.get("validation_freq", 1)
    for number in (
        frequency if isinstance(frequency, (list, tuple, set)) else [frequency]
    ):
        check_count("validation_freq", number)
    strategy = tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and strategy is not model.distribute_strategy:
        raise ValueError(
            f"The {type(model).__name__} was built outside `strategy.scope()` and "
            "can't be trained inside. Build or load it inside the scope."
        )


def check_callbacks(callbacks: list):
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                "`callbacks` must be instances of keras.callbacks.Callback. Received: "
                f"{callback!r}. Make an object of the class, with `()`, or derive one."
            )


def check_execution(model, steps_per_epoch: int):
    """Endless data would play the rounds that overshoot an epoch."""
    if steps_per_epoch % model.steps_per_execution:
        raise ValueError(
            f"An epoch of {steps_per_epoch} steps can't be played in executions of "
            f"steps_per_execution={model.steps_per_execution}. Choose a divisor of "
            "the steps, or set `steps_per_epoch` to a multiple."
        )


def _fits(shape, actual) -> bool:
    return len(shape) == len(actual) and all(
        size is None or size == other for size, other in zip(shape, actual, strict=True)
    )
