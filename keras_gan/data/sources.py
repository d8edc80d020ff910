"""One entry to all kinds of data, as the command line has it."""

import os
from pathlib import Path

from keras_gan.data.arrays import from_file
from keras_gan.data.folder import from_folder
from keras_gan.data.images import ImageSize
from keras_gan.data.mixtures import grid, ring
from keras_gan.data.pipeline import Pipeline
from keras_gan.data.sklearn_digits import digits
from keras_gan.data.tfds import from_tfds

BUILT_IN = {
    "digits": "1,797 handwritten digits, 8x8 greyscale, from scikit-learn",
    "ring": "8 Gaussians on a circle, to count lost modes (PacGAN's 2D-ring)",
    "grid": "25 Gaussians on a square lattice, to count lost modes (PacGAN's 2D-grid)",
}
FROM_TFDS = {
    "mnist": "70,000 handwritten digits, 28x28 greyscale",
    "fashion_mnist": "70,000 pieces of clothing, 28x28 greyscale",
    "kmnist": "70,000 cursive Japanese characters, 28x28 greyscale",
    "emnist/letters": "handwritten letters, 28x28 greyscale",
    "cifar10": "60,000 photographs of 10 classes, 32x32",
    "cifar100": "60,000 photographs of 100 classes, 32x32",
    "svhn_cropped": "house numbers, 32x32",
    "celeb_a": "202,599 faces, 218x178",
    "oxford_flowers102": "8,189 flowers; needs an image size",
    "lsun/bedroom": "3 million bedrooms; needs an image size",
}


def load(
    source: str | os.PathLike,
    *,
    batch_size: int = 64,
    seed: int = 0,
    image_size: ImageSize | None = None,
    split: str = "train",
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    skip_broken: bool = False,
    labels: bool = False,
) -> Pipeline:
    """Makes a pipeline of data that is named by one word or path.

    Args:
        source: `"digits"`, `"ring"` or `"grid"`; a folder of images; a `.npy` or
            `.npz` file; or the name of a set of TensorFlow Datasets. They are tried in
            this order; `"./ring"` is the folder of that name.
        batch_size: Number of examples in a batch.
        seed: Integer that the batches depend on.
        image_size: `(height, width)`, or one number for a square. Needed for a folder
            and for sets whose images differ in size.
        split: Split of a set of TensorFlow Datasets; other sources have none.
        data_dir: Folder of prepared sets of TensorFlow Datasets.
        download: Whether to download a set of TensorFlow Datasets.
        skip_broken: Whether to leave out files of a folder that cannot be decoded,
            with a warning, rather than to raise.
        labels: Whether batches are dicts of `"image"` and `"label"`: of digits, of
            sets of TensorFlow Datasets with one class an image, and of a folder,
            whose folders are the classes.

    Returns:
        A `Pipeline`.

    Example:

    >>> load("digits", batch_size=32)
    Pipeline(name='digits', batch_size=32, steps_per_epoch=56, \
example_shape=(8, 8, 1), num_examples=1797)
    """
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "`source` must be a name or a path. Received: "
            f"{type(source).__name__}. For arrays use `keras_gan.data.from_arrays`."
        )
    path = Path(source).expanduser()
    if is_tfds_name(source, path):
        return from_tfds(
            str(source),
            split=split,
            data_dir=data_dir,
            download=download,
            image_size=image_size,
            batch_size=batch_size,
            seed=seed,
            labels=labels,
        )
    refuse_tfds_options(source, split, data_dir, download)
    if source in ("ring", "grid"):
        _refuse_size(source, image_size)
        _refuse_labels(source, labels)
        mixture = ring if source == "ring" else grid
        return mixture(batch_size=batch_size, seed=seed)
    if source == "digits":
        return digits(
            image_size=image_size, batch_size=batch_size, seed=seed, labels=labels
        )
    if path.is_dir():
        return from_folder(
            path,
            _needed_size(path, image_size),
            batch_size=batch_size,
            seed=seed,
            skip_broken=skip_broken,
            labels=labels,
        )
    _refuse_labels(source, labels)
    return from_file(path, image_size=image_size, batch_size=batch_size, seed=seed)


def available() -> dict[str, str]:
    """Lists names that `load` takes, with a line on each.

    Any other image set of TensorFlow Datasets can be named too.

    Returns:
        A dict from name to description.

    Example:

    >>> available()["digits"]
    '1,797 handwritten digits, 8x8 greyscale, from scikit-learn'
    """
    return BUILT_IN | {
        name: f"{line} (TensorFlow Datasets)" for name, line in FROM_TFDS.items()
    }


def is_tfds_name(source: str | os.PathLike, path: Path) -> bool:
    if source in BUILT_IN or path.suffix in (".npy", ".npz"):
        return False
    if source and path.exists():
        return False
    if isinstance(source, os.PathLike) or source[:1] in ("", ".", "/", "~"):
        raise ValueError(
            f"There is no such folder or file. Received: source={str(source)!r}."
        )
    return True


def refuse_tfds_options(
    source: str | os.PathLike,
    split: str,
    data_dir: str | os.PathLike | None,
    download: bool,
) -> None:
    if split != "train" or data_dir is not None or download:
        raise ValueError(
            "Only sets of TensorFlow Datasets have splits, a data_dir and downloads. "
            f"Received: source={str(source)!r}, split={split!r}, "
            f"data_dir={data_dir!r}, download={download}."
        )


def _refuse_size(source: str | os.PathLike, image_size: ImageSize | None) -> None:
    if image_size is not None:
        raise ValueError(
            f"{source!r} is made of points, not of images; leave `image_size` out. "
            f"Received: image_size={image_size!r}."
        )


def _refuse_labels(source: str | os.PathLike, labels: bool) -> None:
    if labels:
        raise ValueError(
            f"{str(source)!r} says nothing of classes. Received: labels=True. Bring "
            "labels of your own with `keras_gan.data.from_arrays({'image': ..., "
            "'label': ...})`."
        )


def _needed_size(path: Path, image_size: ImageSize | None) -> ImageSize:
    if image_size is None:
        raise ValueError(
            "A folder of images needs the size to bring them to: "
            f"`image_size=(height, width)`. Received: source={str(path)!r}, "
            "image_size=None."
        )
    return image_size
