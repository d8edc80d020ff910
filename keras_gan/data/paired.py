"""Pipelines over two folders of which each holds one side of every pair."""

import os
from pathlib import Path

from keras_gan.data.folder import checked_mode, decodable, image_files, reader
from keras_gan.data.images import ImageSize, checked_size
from keras_gan.data.pipeline import Pipeline, checked_batching, shuffled_indices

# Names that a message tells.
SHOWN = 5


def paired(
    source: str | os.PathLike,
    image: str | os.PathLike,
    image_size: ImageSize,
    *,
    channels: int = 3,
    source_channels: int = 3,
    batch_size: int = 64,
    seed: int = 0,
    skip_broken: bool = False,
    verify: bool = True,
) -> Pipeline:
    """Makes a pipeline of the pairs in two folders with the same file names.

    Two files are a pair whose paths inside their folders are the same but for the
    suffix, such as `cats/1.png` and `cats/1.jpg`. They are read as `from_folder` reads
    them; `jittered` cuts and mirrors both alike.

    Args:
        source: Folder of what a generator begins with, such as outlines.
        image: Folder of what it shall make of them.
        image_size: `(height, width)` of both, or one number for a square.
        channels: Of the images; see `from_folder`.
        source_channels: Of the sources.
        batch_size: Number of pairs in a batch.
        seed: Integer that the order of the pairs depends on.
        skip_broken: Whether to leave out pairs of which a file cannot be decoded, with
            a warning, rather than to raise.
        verify: Whether to decode every file once beforehand.

    Returns:
        A `Pipeline` of dicts of `"source"` and `"image"`, as `Pix2Pix` takes them.

    Raises:
        ValueError: If a file of either folder has no other side, or several.

    Example:

    ```python
    pairs = paired("outlines", "drawings", 64, source_channels=1, batch_size=16)
    ```
    """
    size = checked_size(image_size)
    folders = {"source": (source, source_channels), "image": (image, channels)}
    sides = {
        name: (_by_name(Path(path).expanduser()), checked_mode(count))
        for name, (path, count) in folders.items()
    }
    _check_matched({str(folders[name][0]): files for name, (files, _) in sides.items()})
    names = sorted(sides["image"][0])
    if verify:
        for files, mode in sides.values():
            kept = set(decodable([files[n] for n in names], size, mode, skip_broken))
            names = [name for name in names if files[name] in kept]
    batch_size, seed = checked_batching(len(names), batch_size, seed)
    indices_at = shuffled_indices(len(names), batch_size, seed)
    readers = {
        name: reader([files[n] for n in names], size, folders[name][1], batch_size)
        for name, (files, _) in sides.items()
    }

    def batch_at(step):
        indices = indices_at(step)
        return {name: batch_of(indices) for name, batch_of in readers.items()}

    return Pipeline(
        batch_at,
        len(names) // batch_size,
        batch_size=batch_size,
        example_shape=(*size, channels),
        name=Path(image).expanduser().resolve().name,
        num_examples=len(names),
    )


def _by_name(folder: Path) -> dict[str, Path]:
    """The files of a folder by their path inside, without the suffix."""
    files: dict[str, Path] = {}
    for file in image_files(folder):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in files:
            raise ValueError(
                "A pair has one file in each folder. Received: "
                f"{str(files[name])!r} and {str(file)!r}. Remove one of them."
            )
        files[name] = file
    return files


def _check_matched(folders: dict[str, dict[str, Path]]) -> None:
    # Of one folder twice there would be one entry; every file matches itself then.
    (first, ones), (second, others) = (*folders.items(), *folders.items())[:2]
    unmatched = {first: set(ones) - set(others), second: set(others) - set(ones)}
    lonely = [
        f"{len(names)} only in {folder!r} ({_some(sorted(names))})"
        for folder, names in unmatched.items()
        if names
    ]
    if lonely:
        raise ValueError(
            "Every file needs one of the same name in the other folder. Received: "
            f"{len(ones)} files in {first!r} and {len(others)} in {second!r}, of which "
            f"{' and '.join(lonely)}. Rename or remove these."
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
