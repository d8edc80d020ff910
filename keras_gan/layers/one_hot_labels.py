"""Labels of one or several attributes, as one vector of zeros and ones."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_gan")
class OneHotLabels(layers.Layer):
    """Makes integers one-hot; those of several attributes side by side.

    A dense layer on the result is an embedding, and several attributes get the sum
    of theirs.

    Args:
        num_classes: How many classes there are; of several attributes a tuple.

    Returns:
        Of integers of shape `(batch,)`, or `(batch, num_attributes)` where
        `num_classes` is a tuple, a float tensor of shape `(batch, sum(num_classes))`.
        A label out of range gives zeros: refuse it before.

    Example:

    >>> OneHotLabels((2, 3))(np.array([[1, 0]])).numpy().tolist()
    [[0.0, 1.0, 1.0, 0.0, 0.0]]
    """

    def __init__(self, num_classes: int | tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.num_classes = checked_classes(num_classes)

    @property
    def num_values(self) -> int:
        """Length of a row that it gives."""
        return int(np.sum(self.num_classes))

    def call(self, labels):
        if isinstance(self.num_classes, int):
            return ops.one_hot(labels, self.num_classes, dtype=self.compute_dtype)
        rows = [
            ops.one_hot(labels[:, index], size, dtype=self.compute_dtype)
            for index, size in enumerate(self.num_classes)
        ]
        return ops.concatenate(rows, axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_values)

    def compute_output_spec(self, labels):
        shape = self.compute_output_shape(labels.shape)
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def checked_classes(num_classes: Any) -> int | tuple[int, ...]:
    """Returns a number of classes, or a tuple of those of several attributes."""
    several = isinstance(num_classes, (tuple, list))
    members = list(num_classes) if several else [num_classes]
    whole = all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in members
    )
    if not members or not whole or min(members) < 2:
        raise ValueError(
            "`num_classes` must be an integer from 2 on, or a tuple of them, one for "
            f"each attribute. Received: num_classes={num_classes!r}. Count the classes "
            "of the data."
        )
    return tuple(int(n) for n in members) if several else int(num_classes)
