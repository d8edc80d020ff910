"""The update that ends a player's turn, and what a NaN may not do to it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_gan.models.distribution import num_replicas


class Descent(NamedTuple):
    """A turn that was played up to its update.

    Attributes:
        player: `"d"` or `"g"`.
        optimizer: The player's optimizer.
        loss: What it descends, scaled by the optimizer and divided by the replicas.
        gradients: Of `loss` on this replica, one a variable, or `None` for it.
        variables: The player's trainable variables.
        buffers: The other weights of its networks, such as moving statistics.
        buffers_before: Their values before the turn.
    """

    player: str
    optimizer: Any
    loss: tf.Tensor
    gradients: Sequence[tf.Tensor | None]
    variables: Sequence[Any]
    buffers: Sequence[Any]
    buffers_before: Sequence[tf.Tensor]

    def waits_for(self) -> list[tf.Tensor]:
        """What must be there before any variable changes."""
        return [self.loss, *(g for g in self.gradients if g is not None)]

    def apply(self) -> tf.Tensor:
        """Takes the step, unless the loss or a gradient is not finite on any replica.

        Then weights, moments, the optimizer's iterations and the networks' buffers
        stay as they were, to the last bit; a gradient whose squares sum to more than
        float32 can hold counts as infinite. There is no condition in it: a step with
        one can't run in a row (docs/design/0007-order-of-sums.md), nor under a
        strategy. A loss scale is halved or grows by Keras' rule.

        Returns:
            Whether the step was taken, a boolean scalar.
        """
        loss, *gradients = _summed_over_replicas(
            [self.loss, *(g for g in self.gradients if g is not None)]
        )
        sizes = [tf.nn.l2_loss(tf.cast(g, "float32")) for g in gradients]
        is_finite = tf.reduce_all(tf.math.is_finite(tf.stack([loss, *sizes])))
        optimizer = self.optimizer
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            scale = optimizer.dynamic_scale.value
            gradients = [g / tf.cast(scale, g.dtype) for g in gradients]
            optimizer = optimizer.inner_optimizer
        kept = [*self.variables, *optimizer.variables]
        before = [tf.convert_to_tensor(variable.value) for variable in kept]
        with tf.control_dependencies([is_finite, *before]):
            _step(optimizer, self.gradients, gradients, self.variables)
        after = [tf.convert_to_tensor(variable.value) for variable in kept]
        with tf.control_dependencies(after):
            _write(
                kept,
                [_choose(is_finite, *pair) for pair in zip(after, before, strict=True)],
            )
            for buffer, value in zip(self.buffers, self.buffers_before, strict=True):
                buffer.assign(_choose(is_finite, buffer.value, value))
            if optimizer is not self.optimizer:
                _rescale(self.optimizer, is_finite)
        return is_finite


def _summed_over_replicas(tensors: list[tf.Tensor]) -> list[tf.Tensor]:
    if num_replicas() == 1:
        return [tf.convert_to_tensor(x) for x in tensors]
    context = tf.distribute.get_replica_context()
    # An identity is on this replica's device, which a sum over processes asks for.
    tensors = [tf.identity(tf.convert_to_tensor(x)) for x in tensors]
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensors)


def _step(optimizer, given, summed, variables) -> None:
    replicas = num_replicas()
    if replicas > 1:
        # Keras clips before it sums. Of what is summed here its clipping leaves
        # everything as it is, and its sum over the replicas makes it whole again.
        summed = [g / replicas for g in optimizer._clip_gradients(summed)]
    found = iter(summed)
    optimizer.apply([None if g is None else next(found) for g in given], variables)


def _choose(condition, yes, no):
    # `tf.where` would spread the scalar over every element, and take twice as long.
    return tf.raw_ops.Select(condition=condition, x=yes, y=no)


def _write(variables, values) -> None:
    """Assigns on each replica its own value, also where Keras' `assign` would ask."""
    variables = [variable.value for variable in variables]
    if num_replicas() == 1:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value, read_value=False)
        return

    def write(strategy, targets, values):
        for target, value in zip(targets, values, strict=True):
            strategy.extended.update(
                target, lambda one, x: one.assign(x), args=(value,), group=False
            )

    tf.__internal__.distribute.interim.maybe_merge_call(
        write, tf.distribute.get_strategy(), variables, values
    )


def _rescale(optimizer, is_finite) -> None:
    steps, scale = optimizer.step_counter.value, optimizer.dynamic_scale.value
    grows = tf.equal(steps, optimizer.dynamic_growth_steps - 1)
    factor = tf.where(is_finite, tf.where(grows, 2.0, 1.0), 0.5)
    counted = tf.where(is_finite & ~grows, steps + 1, tf.zeros_like(steps))
    _write([optimizer.step_counter, optimizer.dynamic_scale], [counted, scale * factor])
