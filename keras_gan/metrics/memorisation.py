"""Whether a generator copies its training data.

References:
    Alaa et al., 2022 (arXiv:2102.08921): authenticity
    Meehan et al., 2020 (arXiv:2004.05675): the data-copying test
"""

from typing import NamedTuple

import numpy as np

from keras_gan import pictures
from keras_gan.metrics.checks import check_same_scale, check_same_width, checked_rows
from keras_gan.metrics.distances import nearest

# Pixels of white between the parts of a picture.
GAP = 4


class Memorisation(NamedTuple):
    """What `memorisation` finds.

    Attributes:
        copied_share: Share of samples at least as near to a training example as that
            example is to the rest of the training set (1 - authenticity).
        held_out_copied_share: The same share of real examples that were not trained
            on: the level of a generator that has learned and copies nothing.
        z: Standardised Mann-Whitney U of the samples' distances to the training set
            against those of the held-out examples. Far below 0 (-3 and less) the
            samples are nearer than new data is: copies. Far above 0 they are further
            away than data, which is poor quality and no copying.
    """

    copied_share: float
    held_out_copied_share: float
    z: float


def memorisation(
    samples: np.ndarray, train: np.ndarray, held_out: np.ndarray | None = None
) -> Memorisation:
    """Tells samples that repeat training data from samples that are new.

    Both numbers compare with held-out data, since real data too comes near to the
    training set by chance: only a share well above the held-out one says something.
    The distances that are needed go in tiles; without `held_out` they are those of all
    training examples to all others.

    Args:
        samples: Features or pixels of samples, of shape `(num_samples, num_features)`.
        train: The same of the data that the generator was trained on.
        held_out: The same of data that it was not trained on. `None` takes each
            training example out in turn, for data of which nothing was kept back.

    Returns:
        A `Memorisation`.

    Raises:
        ValueError: If a side is no finite matrix, the widths differ, one side holds
            uint8 pixels and the other images in [-1, 1], or `train` has under three
            rows.

    Example:

    >>> train = np.random.default_rng(0).normal(size=(50, 2))
    >>> memorisation(train[:20], train).copied_share
    1.0
    """
    check_same_scale(train=train, samples=samples)
    samples = checked_rows("samples", samples, min_rows=1)
    train = checked_rows("train", train, min_rows=3)
    check_same_width(train=train, samples=samples)
    distances, copied = _copies(samples, train)
    if held_out is None:
        level_distances, level_copied = _copies_within(train)
    else:
        check_same_scale(train=train, held_out=held_out)
        held_out = checked_rows("held_out", held_out, min_rows=1)
        check_same_width(train=train, held_out=held_out)
        level_distances, level_copied = _copies(held_out, train)
    return Memorisation(
        copied_share=float(copied.mean()),
        held_out_copied_share=float(level_copied.mean()),
        z=_mann_whitney_z(distances, level_distances),
    )


def _copies(rows, train) -> tuple[np.ndarray, np.ndarray]:
    """How far each row is from the training set, and whether it copies it."""
    distances, indices = nearest(rows, train)
    needed, which = np.unique(indices[:, 0], return_inverse=True)
    # The nearest example of a training example is itself; the next is the answer.
    own = nearest(train[needed], train, 2)[0][:, 1]
    return distances[:, 0], distances[:, 0] <= own[which]


def _copies_within(train) -> tuple[np.ndarray, np.ndarray]:
    """`_copies` of each training example, with the others as the training set."""
    distances, indices = nearest(train, train, 2, exclude_self=True)
    neighbours = indices[:, 0]
    # The neighbour's own nearest example must not be the one that is taken out.
    is_self = indices[neighbours, 0] == np.arange(len(train))
    own = distances[neighbours, is_self.astype(int)]
    return distances[:, 0], distances[:, 0] <= own


def _mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """`(U - mn/2) / √(mn (m+n+1) / 12)`; U counts pairs where `first` is larger."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, "left").sum(dtype="float64")
    up_to = np.searchsorted(ordered, first, "right").sum(dtype="float64")
    m, n = float(len(first)), float(len(second))
    u = 0.5 * (below + up_to)  # ties count half
    return float((u - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12))


def neighbour_picture(
    samples: np.ndarray, train: np.ndarray, *neighbours: np.ndarray
) -> np.ndarray:
    """Shows each sample in a row with its nearest training images.

    Args:
        samples: Images of shape `(num_samples, height, width, channels)`, floats in
            [-1, 1] or uint8.
        train: Training images of the same shape of image.
        neighbours: One or more groups of indices into `train`, each of shape
            `(num_samples, num_neighbours)`: those nearest in pixels and those nearest
            in features, as `distances.nearest` returns them.

    Returns:
        A uint8 array of shape `(height, width, 3)`: the samples on the left, then the
        groups, with white between.

    Example:

    ```python
    _, in_pixels = nearest(flat_samples, flat_train, 3)
    _, in_features = nearest(sample_features, train_features, 3)
    picture = neighbour_picture(samples, train, in_pixels, in_features)
    ```
    """
    samples, train = np.asarray(samples), np.asarray(train)
    groups = [np.asarray(group) for group in neighbours]
    _check_picture(samples, train, groups)
    parts = [pictures.grid(_as_floats(samples), columns=1)]
    for group in groups:
        images = _as_floats(train[group.ravel()])
        parts.append(np.full((len(parts[0]), GAP, 3), 255, "uint8"))
        parts.append(pictures.grid(images, columns=group.shape[1]))
    return np.concatenate(parts, axis=1)


def _check_picture(samples, train, groups) -> None:
    if samples.ndim != 4 or samples.shape[1:] != train.shape[1:]:
        raise ValueError(
            "`samples` and `train` must be images of one shape. Received: shapes "
            f"{samples.shape} and {train.shape}."
        )
    for group in groups:
        if group.ndim != 2 or len(group) != len(samples):
            raise ValueError(
                "`neighbours` must have one row of indices a sample. Received: shape "
                f"{group.shape} for {len(samples)} samples."
            )


def _as_floats(images: np.ndarray) -> np.ndarray:
    return images / 127.5 - 1.0 if images.dtype == np.uint8 else images
