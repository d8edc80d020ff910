"""Pipelines over folders of image files."""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_gan.data.images import ImageSize, checked_size, scale_to_unit
from keras_gan.data.pipeline import Pipeline, checked_batching, shuffled_indices

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class BrokenFilesWarning(UserWarning):
    """Some image files of a folder cannot be decoded and are left out."""


def from_folder(
    path: str | os.PathLike,
    image_size: ImageSize,
    *,
    channels: int = 3,
    batch_size: int = 64,
    seed: int = 0,
    skip_broken: bool = False,
    verify: bool = True,
    labels: bool = False,
) -> Pipeline:
    """Makes a pipeline of the image files in a folder and the folders below it.

    Files are decoded step by step, so that the folder may be larger than the memory.
    The middle of each image is cropped to the ratio of `image_size` and resized,
    antialiased; transparent parts become white unless `channels=4`; the rotation a
    camera noted is applied; of an animation the first frame is taken.

    Args:
        path: The folder. Files that end in .png, .jpg, .jpeg, .bmp, .gif or .webp
            count, but for hidden ones.
        image_size: `(height, width)`, or one number for a square.
        channels: 3, 1 for greyscale or 4 for colors with opacity.
        batch_size: Number of examples in a batch.
        seed: Integer that the order of the examples depends on.
        skip_broken: Whether to leave out files that cannot be decoded, with a
            warning, rather than to raise.
        verify: Whether to decode every file once beforehand. Without it a large
            folder starts at once, and a broken file stops the run when its turn comes.
        labels: Whether batches are dicts of `"image"` and `"label"`, int32 of shape
            `(batch,)`: the folders in `path` are the classes, counted from 0 in the
            order of their names.

    Returns:
        A `Pipeline` of float32 images in [-1, 1] of shape
        `(batch, height, width, channels)`.

    Example:

    ```python
    pipeline = from_folder("photos", image_size=(64, 64), batch_size=32)
    ```
    """
    size = checked_size(image_size)
    mode = checked_mode(channels)
    files = image_files(Path(path).expanduser())
    classes = _classes(files, Path(path).expanduser()) if labels else {}
    if verify:
        files = decodable(files, size, mode, skip_broken)
    batch_size, seed = checked_batching(len(files), batch_size, seed)
    indices_at = shuffled_indices(len(files), batch_size, seed)
    batch_of = reader(files, size, channels, batch_size)
    label_of = tf.constant([classes[file] for file in files]) if labels else None

    def batch_at(step: tf.Tensor) -> Any:
        indices = indices_at(step)
        images = batch_of(indices)
        if label_of is None:
            return images
        return {"image": images, "label": tf.gather(label_of, indices)}

    return Pipeline(
        batch_at,
        len(files) // batch_size,
        batch_size=batch_size,
        example_shape=(*size, channels),
        name=Path(path).expanduser().resolve().name,
        num_examples=len(files),
        whole={} if label_of is None else {"label": label_of.numpy()},
    )


def reader(
    files: list[Path], size: tuple[int, int], channels: int, batch_size: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function from the indices of files to a batch, as `from_folder`'s."""

    def read(indices: np.ndarray) -> np.ndarray:
        images = [read_image(files[i], size, MODES[channels]) for i in indices]
        return np.stack(images).reshape(batch_size, *size, channels)

    def batch_of(indices: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(read, [indices], tf.uint8, stateful=False)
        return scale_to_unit(tf.ensure_shape(batch, (batch_size, *size, channels)))

    return batch_of


def checked_mode(channels: int) -> str:
    """Returns Pillow's name of a mode with that many channels, or raises."""
    if channels not in MODES:
        raise ValueError(
            "`channels` must be 1 (greyscale), 3 (RGB) or 4 (RGBA). Received: "
            f"channels={channels!r}."
        )
    return MODES[channels]


def image_files(folder: Path) -> list[Path]:
    """Returns the image files in a folder and below, in the order of their paths."""
    if not folder.is_dir():
        raise ValueError(f"There is no such folder. Received: path={str(folder)!r}.")
    files = [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
    ]
    if not files:
        raise ValueError(
            "The folder holds no image files. Received: "
            f"path={str(folder)!r}. Files ending in {', '.join(SUFFIXES)} count, in "
            "the folders below it too."
        )
    # By the path inside the folder: the same order wherever the folder stands.
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix())


def _classes(files: list[Path], folder: Path) -> dict[Path, int]:
    """Returns the class of each file, by the folder in `folder` that it lies in."""
    parts = {file: file.relative_to(folder).parts for file in files}
    names = sorted({part[0] for part in parts.values() if len(part) > 1})
    loose = [file.name for file, part in parts.items() if len(part) == 1]
    if loose or len(names) < 2:
        raise ValueError(
            "Expected images in a folder for each class, two or more. Received: "
            f"{str(folder)!r} with the folders {names} and {len(loose)} images "
            "outside of them. Sort them into folders, or leave `labels` out."
        )
    return {file: names.index(part[0]) for file, part in parts.items()}


def decodable(
    files: list[Path], size: tuple[int, int], mode: str, skip_broken: bool
) -> list[Path]:
    """Returns the files that can be decoded; raises or warns of the others."""
    from tqdm import tqdm

    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda file: _fault(file, size, mode), files)
        # disable=None: only where a person watches.
        faults = list(tqdm(found, "Checking images", len(files), disable=None))
    broken = [f"{f} ({why})" for f, why in zip(files, faults, strict=True) if why]
    if not broken:
        return files
    some = "; ".join(broken[:5]) + ("; ..." if len(broken) > 5 else "")
    report = f"{len(broken)} of {len(files)} image files cannot be decoded: {some}."
    if len(broken) == len(files):
        raise ValueError(f"{report} Expected at least one that can be.")
    if not skip_broken:
        raise ValueError(
            f"{report} Remove them, or leave them out with `skip_broken=True` "
            "(`--skip-broken` of the command)."
        )
    warnings.warn(f"{report} They are left out.", BrokenFilesWarning, stacklevel=3)
    return [file for file, why in zip(files, faults, strict=True) if not why]


def _fault(file: Path, size: tuple[int, int], mode: str) -> str | None:
    # Decoders raise nearly anything on damaged files, SyntaxError among it.
    try:
        read_image(file, size, mode)
    except Exception as error:
        return str(error.__cause__ or error)
    return None


def read_image(file: Path, size: tuple[int, int], mode: str) -> np.ndarray:
    from PIL import Image, ImageOps

    height, width = size
    try:
        with Image.open(file) as image:
            # Lets the JPEG decoder shrink large photographs at a fraction of the cost.
            image.draft(image.mode, (2 * max(size), 2 * max(size)))
            ImageOps.exif_transpose(image, in_place=True)
            fitted = ImageOps.fit(
                _in_mode(image, mode), (width, height), Image.Resampling.BILINEAR
            )
    except Exception as error:
        raise ValueError(f"Cannot decode {str(file)!r}: {error}.") from error
    return np.asarray(fitted)


def _in_mode(image: "Image.Image", mode: str) -> "Image.Image":
    from PIL import Image

    if image.mode.startswith("I"):
        # Pillow would clip 16-bit values to 255 rather than scale them.
        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if mode == "RGBA" or not image.has_transparency_data:
        return image.convert(mode)
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert(mode)
