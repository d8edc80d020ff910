"""Data as arrays that have an end, to measure on: images, and labels where known."""

import copy
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_gan.data import sources
from keras_gan.data.arrays import read_array
from keras_gan.data.checks import check_values, checked_array
from keras_gan.data.images import ImageSize, resize
from keras_gan.data.mixtures import Mixture
from keras_gan.data.tfds import arrays_of, has_split

# Of data without end.
_NUM_POINTS = 20_000
_BATCH_SIZE = 256


@dataclass(frozen=True)
class Examples:
    """Real examples, and what they are called in a report.

    Args:
        images: Images of shape `(num_examples, height, width, channels)` or
            `(num_examples, height, width)`, which get a channel, unsigned 8-bit or
            floats in [-1, 1]; or vectors `(num_examples, dim)`. Floats become float32.
        labels: Integers of shape `(num_examples,)`, `None` where there are none.
        name: Name of the data.
        split: Name of the split, empty where the data have none.
        mixture: The mixture of Gaussians that the vectors were drawn from.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    name: str = "arrays"
    split: str = ""
    mixture: Mixture | None = None

    def __post_init__(self):
        images = checked_array(self.images)
        check_values(images)
        if images.dtype != np.uint8:
            images = images.astype("float32", copy=False)
        object.__setattr__(self, "images", images)
        if self.labels is not None:
            labels = _checked_labels(self.labels, len(images))
            object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def num_classes(self) -> int | None:
        """Number of classes, counted by the largest label."""
        return None if self.labels is None else int(self.labels.max()) + 1

    @property
    def fingerprint(self) -> str:
        """Hash of the images and labels."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels):
            digest.update(repr(None if array is None else array.shape).encode())
            if array is not None:
                digest.update(array.dtype.str.encode())
                digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()[:16]

    def some(self, num_examples: int, seed: int = 0) -> "Examples":
        """Return that many of them, chosen by a seed; all where there are fewer."""
        if num_examples >= len(self):
            return self
        chosen = np.sort(
            np.random.default_rng(seed).permutation(len(self))[:num_examples]
        )
        return self.at(chosen)

    def at(self, indices: np.ndarray) -> "Examples":
        """Return those at some indices."""
        # A copy, since all were checked, and a part of them may look out of range.
        part = copy.copy(self)
        object.__setattr__(part, "images", self.images[indices])
        if self.labels is not None:
            object.__setattr__(part, "labels", self.labels[indices])
        return part


def load_examples(
    source: str | os.PathLike,
    split: str = "train",
    *,
    image_size: ImageSize | None = None,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    max_examples: int | None = None,
    seed: int = 0,
    skip_broken: bool = False,
) -> Examples:
    """Load data that is named by one word or path, whole.

    The images are those that `load` trains on.

    Args:
        source: As for `load`.
        split: Split of a set of TensorFlow Datasets. Other sources have none, and
            refuse one.
        image_size: `(height, width)`, or one number for a square.
        data_dir: Folder of prepared sets of TensorFlow Datasets.
        download: Whether to download a set of TensorFlow Datasets.
        max_examples: Most examples to keep; of more, a choice by the seed, or the
            first of a split of TensorFlow Datasets. Of points that are drawn afresh,
            how many to draw, by default 20,000.
        seed: Of that choice and of those points.
        skip_broken: As for `load`.

    Returns:
        `Examples`, with labels for digits and for sets of TensorFlow Datasets that
        have one class an image.

    Example:

    >>> load_examples("digits").images.shape
    (1797, 8, 8, 1)
    """
    if is_tfds(source):
        images, labels = arrays_of(
            str(source),
            split=split,
            data_dir=data_dir,
            download=download,
            image_size=image_size,
            max_examples=max_examples,
        )
        examples = Examples(images, labels, str(source), split)
        return examples if max_examples is None else examples.some(max_examples, seed)
    sources.refuse_tfds_options(source, split, data_dir, download)
    if source == "digits":
        examples = _digits(image_size)
    elif source in ("ring", "grid"):
        return _of_mixture(str(source), image_size, max_examples or _NUM_POINTS, seed)
    elif Path(source).expanduser().is_dir():
        return _of_folder(source, image_size, max_examples, seed, skip_broken)
    else:
        examples = _of_file(Path(source).expanduser(), image_size)
    return examples if max_examples is None else examples.some(max_examples, seed)


def is_tfds(source: str | os.PathLike) -> bool:
    """Return whether data of this name come from TensorFlow Datasets."""
    return sources.is_tfds_name(source, Path(source).expanduser())


def held_out_split(
    source: str | os.PathLike,
    split: str = "train",
    data_dir: str | os.PathLike | None = None,
    num_examples: int = 1,
) -> str | None:
    """Return the split that a training on `split` has not seen, if data have one.

    Args:
        source: As for `load`.
        split: What is trained on.
        data_dir: As for `load`.
        num_examples: How many it must hold.

    Returns:
        `"test"`, else `"validation"`, or `None`.
    """
    if not is_tfds(source):
        return None
    trained_on = {part.partition("[")[0].strip() for part in split.split("+")}
    for name in ("test", "validation"):
        if name not in trained_on and has_split(
            str(source), name, data_dir, num_examples
        ):
            return name
    return None


def _checked_labels(labels: np.ndarray, num_images: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (num_images,):
        raise ValueError(
            "There must be one label for each image. Received: "
            f"{num_images} images and labels of shape {labels.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            "Labels must be whole numbers from 0. Received: "
            f"dtype={labels.dtype}, the least {labels.min()}."
        )
    return labels


def _digits(image_size: ImageSize | None) -> Examples:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)  # 0..16, flat
    images = (pixels.reshape(-1, 8, 8, 1) / 8 - 1).astype("float32")
    if image_size is not None:
        images = resize(images, image_size)
    return Examples(images, labels.astype("int64"), "digits")


def _of_mixture(
    source: str, image_size: ImageSize | None, num_points: int, seed: int
) -> Examples:
    mixture = sources.load(
        source, batch_size=_BATCH_SIZE, seed=seed, image_size=image_size
    )
    assert isinstance(mixture, Mixture)
    steps = -(-num_points // _BATCH_SIZE)
    batches = list(mixture.dataset(num_steps=steps).as_numpy_iterator())
    points = np.concatenate(batches)[:num_points]
    return Examples(points, None, mixture.name, "", mixture)


def _of_folder(
    source: str | os.PathLike,
    image_size: ImageSize | None,
    max_examples: int | None,
    seed: int,
    skip_broken: bool,
) -> Examples:
    # One at a time, or an epoch would leave out what fills no batch.
    pipeline = sources.load(
        source,
        batch_size=1,
        seed=seed,
        image_size=image_size,
        skip_broken=skip_broken,
    )
    count = len(pipeline) if max_examples is None else min(len(pipeline), max_examples)
    images = pipeline.dataset(num_steps=count).unbatch().batch(_BATCH_SIZE)
    return Examples(
        np.concatenate(list(images.as_numpy_iterator())), None, pipeline.name
    )


def _of_file(path: Path, image_size: ImageSize | None) -> Examples:
    array = checked_array(read_array(path))
    if image_size is not None:
        array = resize(array, image_size)
    return Examples(array, None, path.stem)
