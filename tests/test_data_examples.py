"""Data as arrays: the images that pipelines give, with their labels."""

import numpy as np
import pytest

from keras_gan import data
from keras_gan.data.examples import Examples, held_out_split, is_tfds, load_examples
from tests.data_sets import pixels


def same_images(examples, pipeline):
    """Whether an epoch of single images holds the same ones, in any order."""
    epoch = np.concatenate(list(pipeline))
    images = examples.images
    if images.dtype == np.uint8:
        images = (images / 127.5 - 1).astype("float32")
    rows = (np.round(side, 4).reshape(len(side), -1) for side in (epoch, images))
    return np.array_equal(*(side[np.lexsort(side.T)] for side in rows))


def test_digits_have_their_labels_at_every_size():
    digits = load_examples("digits", image_size=4)
    assert digits.images.shape == (1797, 4, 4, 1) and digits.num_classes == 10
    assert same_images(digits, data.digits(image_size=4, batch_size=599))
    some = digits.some(50, seed=1)
    labels = {i.tobytes(): n for i, n in zip(digits.images, digits.labels, strict=True)}
    assert [labels[image.tobytes()] for image in some.images] == some.labels.tolist()
    assert len(some.labels) == 50 and len(set(some.labels)) > 5


def test_a_folder_gives_every_picture_once(pictures):
    examples = load_examples(pictures, image_size=8)
    assert examples.labels is None and len(examples) == 6
    assert same_images(examples, data.from_folder(pictures, 8, batch_size=1))


def test_a_file_is_read_whole(tmp_path):
    np.save(tmp_path / "x.npy", pixels(7))
    examples = load_examples(tmp_path / "x.npy")
    np.testing.assert_array_equal(examples.images, pixels(7))
    assert load_examples(tmp_path / "x.npy", max_examples=3).images.shape[0] == 3


def test_points_are_drawn_and_keep_their_mixture():
    points = load_examples("grid", max_examples=300)
    assert points.images.shape == (300, 2) and points.mixture.centers.shape == (25, 2)


def test_a_set_of_tfds_is_read_with_what_it_has(own_sets):
    folder, images = own_sets
    examples = load_examples("tiny_faces", data_dir=folder)
    np.testing.assert_array_equal(examples.images, images)
    assert examples.labels is None
    some = load_examples("tiny_faces", data_dir=folder, max_examples=4)
    np.testing.assert_array_equal(some.images, images[:4])
    assert held_out_split("tiny_faces", data_dir=folder) is None
    assert is_tfds("tiny_faces") and not is_tfds("digits")
    assert held_out_split("digits") is None


def test_labels_must_be_those_of_the_images():
    with pytest.raises(ValueError, match=r"8 images and labels of shape \(3,\)"):
        Examples(pixels(), np.arange(3))
    with pytest.raises(ValueError, match="whole numbers from 0.*float64"):
        Examples(pixels(), np.linspace(0, 1, 8))


def test_examples_are_checked_like_what_is_trained_on():
    grey = Examples(np.zeros((5, 4, 4)))
    assert grey.images.shape == (5, 4, 4, 1) and grey.images.dtype == np.float32
    with pytest.raises(ValueError, match=r"must be in \[-1, 1\]"):
        Examples(np.full((5, 4, 4, 1), 255.0))
    # A part may hold bright ones only, which no one need be warned of.
    ramp = Examples(np.linspace(-1, 1, 160).reshape(10, 4, 4, 1))
    assert ramp.at(np.arange(6, 10)).images.min() > 0


@pytest.mark.parametrize(
    "options", [{"split": "test"}, {"data_dir": "x"}, {"download": True}]
)
def test_data_without_splits_refuse_one(tmp_path, options):
    np.save(tmp_path / "x.npy", pixels(7))
    for source in ("digits", "ring", tmp_path, tmp_path / "x.npy"):
        with pytest.raises(ValueError, match="Only sets of TensorFlow Datasets"):
            load_examples(source, **options)


@pytest.mark.slow
def test_mnist_has_its_labels_and_a_split_that_is_held_out(mnist_dir):
    assert held_out_split("mnist", "train[:90%]", mnist_dir) == "test"
    assert held_out_split("mnist", "train+test", mnist_dir) is None
    test = load_examples("mnist", "test", data_dir=mnist_dir)
    assert test.images.shape == (10000, 28, 28, 1) and test.num_classes == 10
    # The means of the classes tell the classes: images and labels belong together.
    flat = test.images.reshape(10000, -1).astype("float32")
    means = np.stack([flat[test.labels == label].mean(0) for label in range(10)])
    nearest = ((flat[:500, None] - means) ** 2).sum(-1).argmin(1)
    assert np.mean(nearest == test.labels[:500]) > 0.75
