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


def is_count(value, least: int = 0) -> bool:
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return is_whole and value >= least


def is_number(value) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def check_count(name: str, value):
    if not is_count(value, 1):
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {value!r}. Give a whole "
            "number from 1 on."
        )


def check_optional_count(name: str, value):
    if value is not None:
        check_count(name, value)


def check_momentum(name: str, value) -> float:
    if not is_number(value) or not 0.0 <= value < 1.0:
        raise ValueError(
            f"`{name}` must lie in [0, 1). Received: {value!r}. 0.999 averages over "
            "about a thousand steps, 0 keeps no memory."
        )
    return float(value)


def check_weight(name: str, value) -> float:
    """Returns the weight of a loss as a float, or raises."""
    if not is_number(value) or not 0 <= value < float("inf"):
        raise ValueError(
            f"`{name}` must be a number from 0 on. Received: {name}={value!r}. 0 "
            "leaves that loss out of the sum."
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
    if not is_count(seed) or seed >= 2**31:
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


def symbolic(shape: tuple, dtype: str = "float32") -> keras.KerasTensor:
    """A batch of unknown size of inputs of this shape, for `output_of`."""
    return keras.KerasTensor((None, *shape), dtype)


def output_shape_of(role: str, network, source: str, inputs) -> tuple:
    """Shape of one output of `network`, without the batch.

    Args:
        role: What the network is, for messages.
        network: What must be a Keras model.
        source: What the inputs come from, for messages.
        inputs: Shape of one input; or what `symbolic` makes, nested as the network
            takes it.

    Raises:
        ValueError: If it is no Keras model, takes other inputs, or gives several
            outputs or one of unknown size.
    """
    output = output_of(role, network, source, inputs)
    shape = getattr(output, "shape", None)
    if shape is None or any(size is None for size in shape[1:]):
        raise ValueError(
            f"The {role} must give one tensor of known shape. Received: "
            f"{shape or type(output).__name__}. Build it with one output, for one size."
        )
    return tuple(shape[1:])


def output_of(role: str, network, source: str, inputs):
    """What `network` gives for such inputs, symbolic; see `output_shape_of`."""
    if not isinstance(network, keras.Model):
        raise ValueError(
            f"The {role} must be a keras.Model. Received: {network!r} of type "
            f"{type(network).__name__}. Build one, or take it from "
            "`keras_gan.networks`."
        )
    if isinstance(inputs, tuple):
        inputs = symbolic(inputs)
    if isinstance(inputs, keras.KerasTensor):
        expected = getattr(network, "input_shape", None) if network.built else None
        given = tuple(inputs.shape[1:])
        if isinstance(expected, tuple) and not fits(expected[1:], given):
            raise ValueError(
                f"The {role} takes inputs of shape {expected[1:]}, but {source} gives "
                f"{given}. Build it for that shape."
            )
    try:
        if not network.built:
            network(keras.tree.map_structure(one_of, inputs))
        return network.compute_output_spec(inputs)
    except (ValueError, TypeError, KeyError, tf.errors.InvalidArgumentError) as error:
        says = str(error).splitlines()[0] if str(error) else type(error).__name__
        which = "inputs by name" if isinstance(inputs, dict) else "one tensor"
        raise ValueError(
            f"Expected a {role} that takes {which}, as {source} gives. Received: "
            f"{network.name!r}, which can't take {_shown(inputs)}. Build it for that. "
            f"Keras says: {says}"
        ) from error


def one_of(spec: keras.KerasTensor):
    """A batch of one, of zeros, for what `symbolic` described."""
    return tf.zeros((1, *spec.shape[1:]), spec.dtype)


def _shown(inputs) -> str:
    if isinstance(inputs, dict):
        parts = (f"{name}: {_shown(spec)}" for name, spec in inputs.items())
        return f"{{{', '.join(parts)}}}"
    kind = "" if inputs.dtype == "float32" else f" of {inputs.dtype}"
    return f"(batch, {', '.join(map(str, inputs.shape[1:]))}){kind}"


def check_head(discriminator, inputs, source: str = "the generator's output"):
    """A discriminator must take what the generator makes, and end in logits.

    Args:
        discriminator: What must be a Keras model.
        inputs: What it is called with, as for `output_shape_of`.
        source: What the inputs come from, for messages.
    """
    shape = output_shape_of("discriminator", discriminator, source, inputs)
    if shape[-1:] != (1,):
        raise ValueError(
            "The discriminator must end in one logit an image, `(batch, 1)`, or a map "
            f"of them, `(batch, height, width, 1)`. Received: (batch, "
            f"{', '.join(map(str, shape))}). End it in `Dense(1)` or `Conv2D(1, ...)`."
        )
    check_logits("discriminator", discriminator)


def check_logits(role: str, network: keras.Model):
    """Raises if `network` ends in a sigmoid or a softmax.

    Args:
        role: What the network is, for messages.
        network: A Keras model.
    """
    name, squashed = _ending(network)
    if squashed in SQUASHING:
        raise ValueError(
            f"The {role} must end in logits, and every loss applies its own "
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


def fits(shape, actual) -> bool:
    """Whether a shape with sizes of `None` allows for another."""
    return len(shape) == len(actual) and all(
        size is None or size == other for size, other in zip(shape, actual, strict=True)
    )
