"""Constraints on the weights of a critic (Arjovsky et al., 2017, arXiv:1701.07875)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_gan")
class WeightClip(keras.constraints.Constraint):
    """Keeps every weight within `[-limit, limit]` after each update.

    This is the Lipschitz constraint of the original WGAN. It is a Keras constraint:
    give it to single layers (`kernel_constraint`), or to a whole discriminator by
    `compile(discriminator_constraint=WeightClip())`.

    Args:
        limit: Largest absolute value, the paper's c = 0.01.
    """

    def __init__(self, limit: float = 0.01):
        if not limit > 0:
            raise ValueError(f"`limit` must be positive. Received: limit={limit}")
        self.limit = float(limit)

    def __call__(self, value):
        return ops.clip(value, -self.limit, self.limit)

    def get_config(self) -> dict:
        return {"limit": self.limit}
