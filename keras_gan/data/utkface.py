"""Faces whose file names say the age, as in UTKFace (Zhang et al., 2017)."""

import os
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_gan.data.folder import image_files, read_image
from keras_gan.data.images import ImageSize, checked_size

# age_gender_race_date, such as 34_1_0_20170109.jpg
NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+")


def utkface(
    path: str | os.PathLike,
    image_size: ImageSize = 64,
    *,
    share: tuple[float, float] = (0.0, 1.0),
) -> dict[str, np.ndarray]:
    """Reads faces whose names are `age_gender_race_date...` into aligned arrays.

    Give them to `from_arrays`; `FaceAging` takes `"image"` and `"age"`. The set is
    for non-commercial research, and may not be handed on.

    Reference: Zhang, Song and Qi, 2017, "Age Progression/Regression by Conditional
    Adversarial Autoencoder", arXiv:1702.08423.

    Args:
        path: Folder of the image files; folders below it count too.
        image_size: `(height, width)`, or one number for a square.
        share: The files whose name falls into [low, high), as a hash in [0, 1).
            Shares that don't overlap have no file in common, and a file keeps its
            place whatever else the folder holds. Names say nothing of persons: one
            with several photographs may be in several shares.

    Returns:
        A dict of `"image"`, uint8 of shape `(num_faces, height, width, 3)`, and of
        `"age"` in years, `"gender"` (0 male, 1 female) and `"race"` (0 to 4), int32
        of shape `(num_faces,)`; in the order of the names.

    Raises:
        ValueError: If a name does not say these, no file falls into the share, or
            one cannot be decoded.

    Example:

    ```python
    faces = utkface("UTKFace", share=(0.0, 0.9))
    pipeline = from_arrays({k: faces[k] for k in ("image", "age")}, batch_size=32)
    ```
    """
    size, (low, high) = checked_size(image_size), _checked_share(share)
    files = image_files(Path(path).expanduser())
    facts = {file: NAME.match(file.name) for file in files}
    strange = [file.name for file, match in facts.items() if match is None]
    if strange:
        raise ValueError(
            "Expected files named age_gender_race_date, such as 34_1_0_20170109.jpg. "
            f"Received: {', '.join(strange[:5])}, {len(strange)} of {len(files)} that "
            "are not. Rename them, or move them out of the folder."
        )
    files = [file for file in files if low <= _place(file) < high]
    if not files:
        raise ValueError(
            f"No file of {len(facts)} falls into the share. Received: share={share}. "
            "Take a wider one."
        )
    age, gender, race = np.array([facts[x].groups() for x in files], "int32").T
    with ThreadPoolExecutor() as pool:
        images = np.stack(list(pool.map(lambda x: read_image(x, size, "RGB"), files)))
    return {"image": images, "age": age, "gender": gender, "race": race}


def _place(file: Path) -> float:
    return zlib.crc32(file.name.encode()) / 2**32


def _checked_share(share) -> tuple[float, float]:
    low, high = share
    if not 0.0 <= low < high <= 1.0:
        raise ValueError(
            "`share` must be (low, high) with 0 <= low < high <= 1. Received: "
            f"share={share}. (0.0, 0.5) is about half of the files."
        )
    return low, high
