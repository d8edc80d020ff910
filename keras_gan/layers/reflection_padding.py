"""Padding by reflection at the border (Johnson et al., 2016, arXiv:1603.08155)."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_gan")
class ReflectionPadding2D(layers.Layer):
    """Widens images by what lies inside the border, mirrored there.

    Zeros around an image show as a frame in what a generator makes of it; a reflection
    goes on as the image does. The border itself is not repeated.

    Reference: Johnson et al., 2016, arXiv:1603.08155; Zhu et al., 2017,
    arXiv:1703.10593, pad so before convolutions.

    Args:
        padding: Pixels to add at each side, fewer than the image has.

    Returns:
        A tensor of shape `(batch, height + 2 * padding, width + 2 * padding,
        channels)`.

    Example:

    >>> row = keras.ops.reshape(keras.ops.arange(3), (1, 1, 3, 1))
    >>> square = keras.ops.repeat(row, 3, axis=1)
    >>> keras.ops.convert_to_numpy(ReflectionPadding2D(1)(square))[0, 0, :, 0].tolist()
    [1, 0, 1, 2, 1]
    """

    def __init__(self, padding: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(padding, bool) or not isinstance(padding, int) or padding < 1:
            raise ValueError(
                "`padding` must be a positive whole number of pixels. Received: "
                f"padding={padding!r}. Leave the layer out where there is none."
            )
        self.padding = padding

    def call(self, inputs):
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        for side in sides:
            if side is not None and side <= self.padding:
                raise ValueError(
                    f"Only {side - 1} pixels lie inside a border of an image with a "
                    f"side of {side}. Received: padding={self.padding}. Use larger "
                    "images, or a smaller network."
                )
        wider = (None if side is None else side + 2 * self.padding for side in sides)
        return (batch, *wider, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}
