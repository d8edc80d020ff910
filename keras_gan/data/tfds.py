"""Pipelines over the image sets of TensorFlow Datasets."""

import difflib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.data import arrays
from keras_gan.data.cache import cached_array
from keras_gan.data.images import ImageSize, checked_size, resize_tensor
from keras_gan.data.pipeline import Pipeline


def from_tfds(
    name: str,
    *,
    split: str = "train",
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    image_size: ImageSize | None = None,
    cache_dir: str | os.PathLike | None = None,
    batch_size: int = 64,
    seed: int = 0,
    labels: bool = False,
) -> Pipeline:
    """Makes a pipeline of the images of a set of TensorFlow Datasets.

    The images are decoded once, into one uint8 array in memory. Above 1 GiB it goes
    into a file instead, which later runs find and which is read batch by batch.

    Args:
        name: Name of the set, with its configuration and version where needed, such
            as `"mnist"` or `"lsun/bedroom"`; also of a set of your own that TFDS
            finds in `data_dir`.
        split: A split in TFDS' notation, such as `"train"` or `"train[:10%]"`.
        data_dir: Folder of prepared sets; `None` is TFDS' own, `~/tensorflow_datasets`.
        download: Whether to download and prepare the set when it is not there.
            Without a network TFDS then tries for minutes before it gives up.
        image_size: `(height, width)`, or one number for a square, to resize to;
            needed where the images of the set differ in size.
        cache_dir: Folder for arrays above 1 GiB; `None` is `keras_gan` in Keras' own
            folder, `~/.keras`.
        batch_size: Number of examples in a batch.
        seed: Integer that the order of the examples depends on.
        labels: Whether batches are dicts of `"image"` and `"label"`, int32 of shape
            `(batch,)`; of sets with one class an image.

    Returns:
        A `Pipeline` of float32 images in [-1, 1] of shape
        `(batch, height, width, channels)`.

    Example:

    ```python
    pipeline = from_tfds("mnist", download=True)
    ```
    """
    builder = _builder(name, data_dir)
    key, feature = _image_feature(name, builder.info.features)
    shape = _image_shape(name, feature, image_size)
    _prepare(name, builder, data_dir, download)
    info = _split_info(name, builder, split)
    classes = _labels(builder, split, key) if labels else None
    if labels and classes is None:
        raise ValueError(
            "Expected a set with one class an image. Received: labels=True and "
            f"{name!r} with the features {list(builder.info.features)}. Leave "
            "`labels` out, or bring labels of your own with "
            "`keras_gan.data.from_arrays`."
        )
    chunks = _decoded(builder, split, key, shape)
    shape = (info.num_examples, *shape)
    if np.prod(shape, dtype=np.int64) <= arrays.IN_MEMORY_BYTES:
        images = _in_memory(chunks, shape)
    else:
        description = _description(builder, split, shape)
        images = cached_array(chunks, description, cache_dir)
    examples = images if classes is None else {"image": images, "label": classes}
    return arrays.from_arrays(examples, batch_size=batch_size, seed=seed, name=name)


def arrays_of(
    name: str,
    *,
    split: str = "train",
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    image_size: ImageSize | None = None,
    max_examples: int | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the images of a set, and their labels where it has some.

    Args:
        name: As for `from_tfds`, and so are `split` to `image_size`.
        max_examples: Most images to decode, of a plain split: its first ones.

    Returns:
        Unsigned 8-bit images of shape `(num_examples, height, width, channels)`, and
        integers of shape `(num_examples,)` where the set has one class an image.
    """
    builder = _builder(name, data_dir)
    key, feature = _image_feature(name, builder.info.features)
    shape = _image_shape(name, feature, image_size)
    _prepare(name, builder, data_dir, download)
    info = _split_info(name, builder, split)
    if max_examples and info.num_examples > max_examples and split.isidentifier():
        split = f"{split}[:{max_examples}]"
        info = _split_info(name, builder, split)
    chunks = _decoded(builder, split, key, shape)
    images = _in_memory(chunks, (info.num_examples, *shape))
    return images, _labels(builder, split, key)


def _prepare(name: str, builder: Any, data_dir: Any, download: bool) -> None:
    if builder.is_prepared():
        return
    if not download:
        raise ValueError(_how_to_prepare(name, data_dir, builder))
    builder.download_and_prepare()


def has_split(
    name: str,
    split: str,
    data_dir: str | os.PathLike | None = None,
    num_examples: int = 1,
) -> bool:
    """Returns whether a set has a split of this name, with examples enough."""
    splits = _builder(name, data_dir).info.splits
    return split in splits and splits[split].num_examples >= num_examples


def _builder(name: str, data_dir: str | os.PathLike | None) -> Any:
    import tensorflow_datasets as tfds

    # A namespace, as in "huggingface:mnist", sends TFDS to the network.
    if re.match(r"[^:]+:[a-zA-Z]", name):
        raise ValueError(
            "Sets of other hosts are not supported. Received: "
            f"name={name!r}. Save its images to a folder and use "
            "`keras_gan.data.from_folder`."
        )
    folder = None if data_dir is None else os.path.expanduser(data_dir)
    if folder is not None:
        _check_features(Path(folder), re.split("[/:]", name)[0])
    try:
        return tfds.builder(name, data_dir=folder)
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError) as error:
        base = re.split("[/:]", name)[0]
        known = tfds.list_builders(with_community_datasets=False)
        if base not in known:
            raise ValueError(_unknown(name, known)) from None
        names = [config.name for config in tfds.builder_cls(base).BUILDER_CONFIGS]
        raise ValueError(
            f"TensorFlow Datasets has {base!r}, but not this. Received: name={name!r}. "
            f"{error}" + (f" Its configurations: {', '.join(names)}." if names else "")
        ) from error


def _check_features(data_dir: Path, name: str) -> None:
    def plain(word):
        return word.replace("_", "").lower()

    # TFDS takes `MySet` for `my_set`, and imports whatever module that names there.
    folders = [path for path in data_dir.glob("*/") if plain(path.name) == plain(name)]
    for file in (file for folder in folders for file in folder.rglob("features.json")):
        try:
            values = [json.loads(file.read_text())]
        except ValueError as error:
            raise ValueError(f"{file} is no JSON: {error}") from error
        while values:
            value = values.pop()
            values += value.values() if isinstance(value, dict) else ()
            values += value if isinstance(value, list) else ()
            kind = value.get("pythonClassName") if isinstance(value, dict) else None
            if kind is not None and not str(kind).startswith("tensorflow_datasets."):
                raise ValueError(
                    "Only the features of TensorFlow Datasets itself are read. "
                    f"Received: {kind!r} in {file}. Save its images to a folder and "
                    "use `keras_gan.data.from_folder`."
                )


def _unknown(name: str, known: list[str]) -> str:
    known = ["digits", "ring", "grid", *known]
    near = difflib.get_close_matches(name.lower(), known, n=5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return (
        f"There is no data of this name. Received: {name!r}.{hint} Expected "
        "'digits', 'ring', 'grid', a folder of images, a .npy or .npz file, or a set "
        "of TensorFlow Datasets, such as 'mnist' "
        "(https://www.tensorflow.org/datasets/catalog)."
    )


def _image_feature(name: str, features: Any) -> tuple[str, Any]:
    """Returns the name and the feature of the images."""
    import tensorflow_datasets as tfds

    named = dict(features.items()) if hasattr(features, "items") else {}
    images = {k: f for k, f in named.items() if isinstance(f, tfds.features.Image)}
    key = "image" if "image" in images else next(iter(images), None)
    if key is None or (key != "image" and len(images) > 1):
        raise ValueError(
            "Expected a set with one image in each example, or with one named "
            f"'image'. Received: name={name!r} with the features {list(named)}."
        )
    if images[key].np_dtype != np.uint8:
        raise ValueError(
            "Expected 8-bit images. Received: "
            f"name={name!r}, dtype={images[key].np_dtype}."
        )
    return key, images[key]


def _image_shape(
    name: str, feature: Any, image_size: ImageSize | None
) -> tuple[int, int, int]:
    height, width, channels = feature.shape
    if image_size is not None:
        height, width = checked_size(image_size)
    if None in (height, width):
        raise ValueError(
            f"The images of {name!r} differ in size: give `image_size=(height, "
            "width)`. Received: image_size=None."
        )
    return height, width, channels


def _how_to_prepare(name: str, data_dir: Any, builder: Any) -> str:
    folder = "" if data_dir is None else f", data_dir={os.fspath(data_dir)!r}"
    manual = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    return (
        f"The set {name!r} is not prepared in {str(builder.data_dir)!r}. Received: "
        f"data_dir={data_dir!r}, download=False. Pass `download=True`, or the "
        "`data_dir` that holds it, or prepare it on a machine with a network and copy "
        'the folder: python -c "import tensorflow_datasets as tfds; '
        f'tfds.builder({name!r}{folder}).download_and_prepare()"'
        + (f"\nBy hand, as TFDS says: {manual.strip()}" if manual else "")
    )


def _split_info(name: str, builder: Any, split: str) -> Any:
    try:
        return builder.info.splits[split]
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{name!r} has the splits {list(builder.info.splits)}, and parts of them "
            f"such as 'train[:10%]'. Received: split={split!r}."
        ) from error


def _labels(builder: Any, split: str, image_key: str) -> np.ndarray | None:
    """The classes in the order of `_decoded`, `None` where there are none."""
    import tensorflow_datasets as tfds

    kind = tfds.features.ClassLabel
    classes = [k for k, f in builder.info.features.items() if isinstance(f, kind)]
    if len(classes) != 1:
        return None
    examples = _examples(
        builder, split, decoders={image_key: tfds.decode.SkipDecoding()}
    )
    labels = examples.map(lambda example: example[classes[0]]).batch(4096)
    return np.concatenate(list(labels.as_numpy_iterator())).astype("int64")


def _examples(builder: Any, split: str, **options: Any) -> Any:
    """The examples in the order of the files."""
    import tensorflow_datasets as tfds

    return builder.as_dataset(
        split=split,
        shuffle_files=False,
        read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
        **options,
    )


def _decoded(
    builder: Any, split: str, key: str, shape: tuple[int, int, int]
) -> Iterator[np.ndarray]:
    """Yields the images in the order of the files, some at a time."""

    def resized(images: tf.Tensor) -> tf.Tensor:
        return resize_tensor(images, shape[:2])

    images = _examples(builder, split).map(lambda example: example[key])
    came = images.element_spec.shape
    if not came.is_fully_defined():
        images = images.map(resized, num_parallel_calls=tf.data.AUTOTUNE)
    chunks = images.batch(32)
    if came.is_fully_defined() and came != shape:
        chunks = chunks.map(resized, num_parallel_calls=tf.data.AUTOTUNE)
    return chunks.prefetch(2).as_numpy_iterator()


def _in_memory(chunks: Iterator[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    images, filled = np.empty(shape, np.uint8), 0
    for chunk in chunks:
        images[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    return images


def _description(builder: Any, split: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "name": builder.info.full_name,
        "dataset_size": int(builder.info.dataset_size),
        "split": split,
        "shape": list(shape),
        "resized": "bilinear, antialiased, cropped to the middle",
    }
