"""Schedules of learning rates that Keras does not have."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_gan")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, then a straight line to zero.

    `rate * clip(1 - (step - constant_steps) / decay_steps, 0, 1)`, that of Zhu et al.
    (2017, arXiv:1703.10593), with 100 epochs of each. Keras' `PolynomialDecay` begins
    to fall at once.

    Args:
        initial_learning_rate: The rate of the first steps.
        constant_steps: Steps before it falls.
        decay_steps: Steps from there until it is zero.

    Example:

    >>> schedule = LinearDecay(2e-4, constant_steps=100, decay_steps=100)
    >>> [round(float(schedule(step)), 6) for step in (0, 100, 150, 500)]
    [0.0002, 0.0002, 0.0001, 0.0]
    """

    def __init__(
        self, initial_learning_rate: float, constant_steps: int, decay_steps: int
    ):
        super().__init__()
        for name, value, least in (
            ("constant_steps", constant_steps, 0),
            ("decay_steps", decay_steps, 1),
        ):
            if value < least:
                raise ValueError(
                    f"`{name}` must be at least {least}. Received: {name}={value}."
                )
        self.initial_learning_rate = initial_learning_rate
        self.constant_steps, self.decay_steps = constant_steps, decay_steps

    def __call__(self, step):
        gone = (ops.cast(step, "float32") - self.constant_steps) / self.decay_steps
        return self.initial_learning_rate * ops.clip(1.0 - gone, 0.0, 1.0)

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "constant_steps": self.constant_steps,
            "decay_steps": self.decay_steps,
        }
