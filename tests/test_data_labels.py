"""Labels beside the images, from every source that knows some."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

from keras_gan import data
from keras_gan.data import arrays


def epoch(pipeline):
    """Images and labels of an epoch."""
    batches = list(pipeline)
    return tuple(
        np.concatenate([b[key] for b in batches]) for key in ("image", "label")
    )


@pytest.fixture(scope="module")
def labelled_set(tmp_path_factory):
    """A folder of TFDS' with a set whose images are as bright as their class."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    labels = np.arange(12) % 3
    examples = [
        {"image": np.full((4, 4, 1), 100 * label, "uint8"), "label": label}
        for label in labels
    ]
    spec = {
        "image": tf.TensorSpec((4, 4, 1), tf.uint8),
        "label": tf.TensorSpec((), tf.int64),
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="tiny_classes",
        version="1.0.0",
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(4, 4, 1)),
                "label": tfds.features.ClassLabel(num_classes=3),
            }
        ),
        split_datasets={
            "train": tf.data.Dataset.from_generator(
                lambda: iter(examples), output_signature=spec
            )
        },
        data_dir=folder,
    )
    return folder


def test_digits_come_with_their_labels():
    pixels, labels = load_digits(return_X_y=True)
    images, told = epoch(data.load("digits", batch_size=599, labels=True))
    known = {row.tobytes(): label for row, label in zip(pixels, labels, strict=True)}
    asked = [
        known[(image.ravel() * 8.0 + 8.0).astype("float64").tobytes()]
        for image in images
    ]
    assert told.dtype == "int32"
    np.testing.assert_array_equal(told, asked)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_set_of_tfds_comes_with_its_labels(
    labelled_set, on_disk, monkeypatch, tmp_path
):
    if on_disk:
        monkeypatch.setattr(arrays, "IN_MEMORY_BYTES", 0)
    pipeline = data.from_tfds(
        "tiny_classes",
        data_dir=labelled_set,
        cache_dir=tmp_path,
        batch_size=4,
        labels=True,
    )
    images, labels = epoch(pipeline)
    assert sorted(labels) == sorted(np.arange(12) % 3)
    brightness = (images[:, 0, 0, 0] + 1) * 127.5
    np.testing.assert_allclose(brightness, 100 * labels, atol=1e-3)


def test_a_set_without_classes_has_no_labels(own_sets):
    with pytest.raises(ValueError, match="one class an image. Received: labels=True"):
        data.load("tiny_faces", data_dir=own_sets[0], batch_size=4, labels=True)


def test_the_folders_of_a_folder_are_classes_by_name(tmp_path):
    for name in ("white/a", "white/deep/b", "black/c", "grey/d"):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        brightness = {"w": 255, "b": 0, "g": 128}[name[0]]
        Image.new("L", (4, 4), brightness).save(path)
    pipeline = data.load(tmp_path, image_size=4, batch_size=4, labels=True)
    images, labels = epoch(pipeline)
    assert sorted(labels) == [0, 1, 2, 2]
    np.testing.assert_allclose(images[:, 0, 0, 0], labels - 1.0, atol=0.01)
    np.testing.assert_array_equal(np.sort(pipeline.whole["label"]), [0, 1, 2, 2])


def test_images_outside_of_the_folders_have_no_class(pictures):
    with pytest.raises(ValueError, match="folder for each class.*3 images outside"):
        data.load(pictures, image_size=4, batch_size=2, labels=True)


@pytest.mark.parametrize("source", ["ring", "array.npy"])
def test_a_source_that_knows_no_classes_refuses_labels(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("array.npy", np.zeros((4, 4, 4, 1), "uint8"))
    with pytest.raises(ValueError, match="nothing of classes. Received: labels=True"):
        data.load(source, batch_size=2, labels=True)
