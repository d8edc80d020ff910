"""Exponential moving averages of networks (Yazıcı et al., 2018, arXiv:1806.04498)."""

import keras
import tensorflow as tf


def averaged_copy(network: keras.Model, name: str) -> keras.Model:
    """A copy with the same weights that no optimizer sees.

    Its variables get paths of their own, since tools that list a model's state by
    path refuse twins.
    """
    try:
        config = keras.saving.serialize_keras_object(network)
        config["config"]["name"] = name
        with keras.name_scope(name):
            copy = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            f"The {type(network).__name__} {network.name!r} can't be copied for the "
            "average, nor could it be saved. A network or layer of your own needs "
            "`@keras.saving.register_keras_serializable()`, a `get_config` with its "
            "arguments, and `**kwargs` passed to `super().__init__`; a Lambda layer "
            "must become a layer."
        ) from error
    if not copy.built:
        copy.build(network.get_build_config()["input_shape"])
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def update_average(average: keras.Model, network: keras.Model, momentum, step):
    """Moves the average towards the network; buffers are copied.

    Args:
        average: The averaged copy.
        network: The network that is trained.
        momentum: Share of the average that stays, ramped up from the start as
            `min(momentum, (1 + step) / (10 + step))`.
        step: Number of rounds played before this one, integer scalar.
    """
    step = tf.cast(step, "float32")
    share = 1.0 - tf.minimum(momentum, (1.0 + step) / (10.0 + step))
    trained = {id(variable) for variable in network.trainable_variables}
    for old, new in zip(average.weights, network.weights, strict=True):
        if id(new) in trained:
            old.assign(old + tf.cast(share, old.dtype) * (new - old))
        else:
            old.assign(new)
