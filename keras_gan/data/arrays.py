"""Pipelines over arrays, in memory or on disk."""

import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.data.checks import as_float32, check_values, checked_array
from keras_gan.data.images import (
    ImageSize,
    checked_size,
    resize_tensor,
    scale_to_unit,
)
from keras_gan.data.pipeline import Pipeline, checked_batching, shuffled_indices

# Data above this stays on disk and is read batch by batch. Making a tensor of an array
# takes three times its size for a moment: 3 GiB, which a machine with 8 can give.
IN_MEMORY_BYTES = 2**30


def from_arrays(
    arrays: np.ndarray | dict[str, np.ndarray],
    *,
    image_size: ImageSize | None = None,
    batch_size: int = 64,
    seed: int = 0,
    name: str = "arrays",
) -> Pipeline:
    """Makes a pipeline of the examples in an array, or in several aligned ones.

    Unsigned 8-bit images stay so in memory and are scaled batch by batch.

    Args:
        arrays: Images of shape `(num_examples, height, width, channels)` or
            `(num_examples, height, width)`, as uint8 or as floats in [-1, 1]; or
            finite floating-point vectors of shape `(num_examples, dim)`. Or a dict
            of arrays with one entry an example each: images and vectors as above, and
            whole numbers of shape `(num_examples,)` or `(num_examples, length)`,
            such as labels or token ids.
        image_size: `(height, width)`, or one number for a square, to resize each
            batch of images to; `keras_gan.data.resize` does it once beforehand.
        batch_size: Number of examples in a batch.
        seed: Integer that the order of the examples depends on.
        name: Name of the data, for reports.

    Returns:
        A `Pipeline` of batches, or of dicts of them: float32, of shape
        `(batch, height, width, channels)` or `(batch, dim)`; whole numbers as int32.
        `example_shape` is that of `"image"`, else of the first. An array is copied
        unless it is a `np.memmap`.

    Example:

    >>> pixels = np.random.default_rng(0).integers(0, 256, (100, 8, 8), "uint8")
    >>> pipeline = from_arrays(pixels, batch_size=32)
    >>> len(pipeline), pipeline.example_shape
    (3, (8, 8, 1))
    >>> labelled = from_arrays({"image": pixels, "label": np.arange(100) % 10})
    >>> next(iter(labelled))["label"].shape
    (64,)
    """
    parts = arrays if isinstance(arrays, dict) else {"": arrays}
    checked = {
        key: part.astype(np.int32)
        if isinstance(arrays, dict) and _is_whole(part)
        else _checked(part)
        for key, part in parts.items()
    }
    num_examples = _common_length(checked)
    batch_size, seed = checked_batching(num_examples, batch_size, seed)
    indices_at = shuffled_indices(num_examples, batch_size, seed)
    size = None if image_size is None else checked_size(image_size)
    columns = {
        key: _column(part, batch_size, size, is_alone=len(parts) == 1)
        for key, part in checked.items()
    }
    shown = "image" if "image" in columns else next(iter(columns))

    def batch_at(step: tf.Tensor) -> Any:
        indices = indices_at(step)
        batch = {key: batch_of(indices) for key, (batch_of, _) in columns.items()}
        return batch if isinstance(arrays, dict) else batch[""]

    return Pipeline(
        batch_at,
        num_examples // batch_size,
        batch_size=batch_size,
        example_shape=columns[shown][1],
        name=name,
        num_examples=num_examples,
        whole={key: part for key, part in checked.items() if key and _is_whole(part)},
    )


def _checked(array: Any) -> np.ndarray:
    array = checked_array(array)
    check_values(array)
    return array


def _is_whole(array: Any) -> bool:
    """Whether an array holds labels or token ids, one or a row an example."""
    return (
        isinstance(array, np.ndarray)
        and array.ndim in (1, 2)
        and array.dtype.kind in "iu"
        and array.size > 0
    )


def _common_length(parts: dict[str, np.ndarray]) -> int:
    lengths = {key: len(part) for key, part in parts.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            "Every array must have one entry for each example. Received: "
            f"{lengths or 'no array'}. Give arrays of the same examples."
        )
    return next(iter(lengths.values()))


def _column(
    array: np.ndarray,
    batch_size: int,
    size: tuple[int, int] | None,
    is_alone: bool,
) -> tuple[Callable[[tf.Tensor], tf.Tensor], tuple[int, ...]]:
    """Returns a function from indices to a batch, and the shape of one example."""
    batch_of, shape = _gather(array, batch_size), array.shape[1:]
    if size is not None and is_alone:
        _check_resizable(size, shape)
    resized = len(shape) == 3 and size not in (None, shape[:2])

    def read(indices: tf.Tensor) -> tf.Tensor:
        batch = batch_of(indices)
        if array.dtype == np.uint8:
            batch = scale_to_unit(batch)
        return resize_tensor(batch, size) if resized else batch

    return read, (*size, shape[-1]) if resized else shape


def from_file(
    path: str | os.PathLike,
    *,
    key: str | None = None,
    image_size: ImageSize | None = None,
    batch_size: int = 64,
    seed: int = 0,
) -> Pipeline:
    """Makes a pipeline of the array in a `.npy` or `.npz` file.

    A `.npy` file of more than 1 GiB stays on disk and is read batch by batch. Files
    with pickled objects are refused: unpickling runs code.

    Args:
        path: The file.
        key: Name of the array in a `.npz` file; needed where there are several.
        image_size: As for `from_arrays`.
        batch_size: Number of examples in a batch.
        seed: Integer that the order of the examples depends on.

    Returns:
        A `Pipeline`, as of `from_arrays`.

    Example:

    ```python
    pipeline = from_file("faces.npz", key="images", batch_size=32)
    ```
    """
    path = Path(path).expanduser()
    return from_arrays(
        read_array(path, key),
        image_size=image_size,
        batch_size=batch_size,
        seed=seed,
        name=path.stem,
    )


def read_array(path: Path, key: str | None = None) -> np.ndarray:
    """Returns the array in a `.npy` or `.npz` file; see `from_file`."""
    _check_file(path, key)
    try:
        array = _read(path, key)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError) as error:
        raise ValueError(
            f"Cannot read {str(path)!r}: {error}. It may be cut off or hold pickled "
            "objects; write an array of numbers anew with `np.save` or `np.savez`."
        ) from error
    if isinstance(array, list):
        raise ValueError(
            f"{str(path)!r} holds the arrays {array}. Received: key={key!r}. "
            "Call `keras_gan.data.from_file(path, key=...)` with one of them."
        )
    return array


def _check_file(path: Path, key: str | None) -> None:
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz"):
        raise ValueError(f"Expected a .npy or .npz file. Received: path={str(path)!r}.")
    if not path.is_file():
        raise ValueError(f"There is no such file. Received: path={str(path)!r}.")
    if suffix == ".npy" and key is not None:
        raise ValueError(
            "Only the arrays of a .npz file have names; leave `key` out. Received: "
            f"path={str(path)!r}, key={key!r}."
        )


def _read(path: Path, key: str | None) -> np.ndarray | list[str]:
    """Returns the array, or the names of all where `key` tells none of them."""
    if path.suffix.lower() == ".npy":
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return mapped if mapped.nbytes > IN_MEMORY_BYTES else np.array(mapped)
    # Of a broken archive NumPy would leave the file open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        if key is None and len(arrays.files) == 1:
            key = arrays.files[0]
        return arrays[key] if key in arrays.files else arrays.files


def _gather(array: np.ndarray, batch_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function from indices to a batch of uint8 or float32."""
    if isinstance(array, np.memmap):
        return _gather_on_disk(array, batch_size)
    if array.dtype not in (np.uint8, np.int32):
        array = as_float32(array)
    # As a tensor, which a graph refers to; a NumPy array would become a part of the
    # graph, which may not exceed 2 GB. On the CPU, where tf.data runs.
    with tf.device("CPU:0"):
        tensor = tf.constant(array)
    return lambda indices: tf.gather(tensor, indices)


def _gather_on_disk(
    array: np.memmap, batch_size: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    dtype = np.uint8 if array.dtype == np.uint8 else np.float32

    def read(indices: np.ndarray) -> np.ndarray:
        return np.asarray(array[indices], dtype)

    def batch_of(indices: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(read, [indices], dtype, stateful=False)
        return tf.ensure_shape(batch, (batch_size, *array.shape[1:]))

    return batch_of


def _check_resizable(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise ValueError(
            "Only images can be resized. Received: "
            f"image_size={size} for vectors of shape {shape}."
        )
