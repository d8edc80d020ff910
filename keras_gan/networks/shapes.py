"""Checks of sizes and cropping, shared by the builders."""

from numbers import Integral, Real
from typing import Any

from keras import layers


def check_image_shape(image_shape: Any, smallest: int = 1) -> tuple[int, int, int]:
    """Returns `(height, width, channels)`, or says what is wrong with it."""
    sizes = list(image_shape) if isinstance(image_shape, (tuple, list)) else []
    whole = len(sizes) == 3 and all(_is_whole(size) for size in sizes)
    if not whole or min(sizes[:2]) < smallest or sizes[2] < 1:
        raise ValueError(
            "`image_shape` must be `(height, width, channels)` in whole numbers, "
            f"height and width at least {smallest}, channels at least 1. "
            f"Received: image_shape={image_shape}"
        )
    height, width, channels = (int(size) for size in sizes)
    return height, width, channels


def check_sizes(**sizes: Any) -> None:
    """Raises unless each size, or each member of a tuple of sizes, is positive."""
    for name, value in sizes.items():
        members = value if isinstance(value, (tuple, list)) else (value,)
        if not members or not all(_is_whole(m) and m > 0 for m in members):
            raise ValueError(
                f"`{name}` must be a positive integer"
                f"{' in every place' if members is value else ''}. "
                f"Received: {name}={value}"
            )


def check_shares(number: int, **shares: Any) -> None:
    """Raises unless each is a tuple of `number` numbers in [0, 1)."""
    for name, value in shares.items():
        members = value if isinstance(value, (tuple, list)) else ()
        if len(members) != number or not all(_is_share(m) for m in members):
            raise ValueError(
                f"`{name}` must be {number} numbers, each at least 0 and below 1. "
                f"Received: {name}={value}"
            )


def crop(x: Any, height: int, width: int, name: str) -> Any:
    """Cuts the central `height` by `width` pixels out of larger feature maps."""
    extra_rows, extra_columns = x.shape[1] - height, x.shape[2] - width
    if extra_rows == extra_columns == 0:
        return x
    top, left = extra_rows // 2, extra_columns // 2
    margins = ((top, extra_rows - top), (left, extra_columns - left))
    return layers.Cropping2D(margins, name=name)(x)


def _is_whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_share(value):
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= value < 1
