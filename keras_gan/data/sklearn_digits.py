"""The handwritten digits inside scikit-learn, 8x8 (Alpaydin and Kaynak, 1998)."""

import numpy as np

from keras_gan.data.arrays import from_arrays
from keras_gan.data.images import ImageSize
from keras_gan.data.pipeline import Pipeline


def digits(
    *,
    image_size: ImageSize | None = None,
    batch_size: int = 64,
    seed: int = 0,
    labels: bool = False,
) -> Pipeline:
    """Makes a pipeline of 1,797 small handwritten digits.

    They come with scikit-learn: real images without a download, for first tries and
    for tests.

    Args:
        image_size: `(height, width)`, or one number for a square, to enlarge the
            images to; `None` leaves them at 8x8.
        batch_size: Number of examples in a batch.
        seed: Integer that the order of the examples depends on.
        labels: Whether batches are dicts of `"image"` and `"label"`, int32 of shape
            `(batch,)`.

    Returns:
        A `Pipeline` of float32 images in [-1, 1] of shape `(batch, 8, 8, 1)`.

    Example:

    >>> digits(batch_size=32).example_shape
    (8, 8, 1)
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)  # 0..16, flat
    images = (pixels.reshape(-1, 8, 8) / 8 - 1).astype(np.float32)
    return from_arrays(
        {"image": images, "label": classes} if labels else images,
        image_size=image_size,
        batch_size=batch_size,
        seed=seed,
        name="digits",
    )
