"""Stateless random numbers that are the same with and without XLA.

TensorFlow's stateless uniform and normal draws change under `jit_compile`, whatever
the algorithm; its raw Philox bits do not (docs/design/0004-randomness.md). So the
distributions are made from the bits here, and differ by rounding at most.
"""

import math

import tensorflow as tf


def _unit_interval(shape, seed):
    """24 random bits a number, in [0, 1)."""
    bits = tf.random.stateless_uniform(
        shape, seed, minval=None, maxval=None, dtype="uint32", alg="philox"
    )
    mantissas = tf.bitwise.right_shift(bits, tf.constant(8, "uint32"))
    return tf.cast(mantissas, "float32") * 2.0**-24


def uniform(shape, seed, minval: float = 0.0, maxval: float = 1.0):
    """Draws from U[minval, maxval).

    Args:
        shape: Shape of the result, a sequence or an integer tensor.
        seed: Integer tensor of shape `(2,)`.
        minval: Lower bound.
        maxval: Upper bound.

    Returns:
        A float32 tensor.
    """
    return minval + (maxval - minval) * _unit_interval(shape, seed)


def normal(shape, seed):
    """Draws from N(0, 1) by the transform of Box and Muller (1958).

    Args:
        shape: Shape of the result, a sequence or an integer tensor.
        seed: Integer tensor of shape `(2,)`.

    Returns:
        A float32 tensor. No number is longer than 5.8.
    """
    radius, angle = tf.unstack(_unit_interval(tf.concat([[2], shape], 0), seed))
    return tf.sqrt(-2.0 * tf.math.log(1.0 - radius)) * tf.cos(2.0 * math.pi * angle)
