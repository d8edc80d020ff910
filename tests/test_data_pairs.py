"""Paired folders, unpaired sets, and crops and flips of either."""

import numpy as np
import pytest
from PIL import Image

from keras_gan import data
from tests.data_sets import pixels


@pytest.fixture
def two_folders(tmp_path):
    """Six pairs: the red of the image is twice that of its source, in steps of 20."""
    for index in range(6):
        for folder, suffix, factor in (
            ("outlines", ".png", 1),
            ("drawings", ".bmp", 2),
        ):
            file = tmp_path / folder / "below" / f"{index}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            color = (20 * index * factor, 0, 0)
            Image.new("RGB", (8, 8), color).save(file)
    return tmp_path / "outlines", tmp_path / "drawings"


def red(images):
    return np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int)


def test_the_two_sides_of_a_pair_come_together(two_folders):
    pairs = data.paired(*two_folders, 8, batch_size=2)
    assert (len(pairs), pairs.num_examples, pairs.example_shape) == (3, 6, (8, 8, 3))
    batches = list(pairs)
    for batch in batches:
        np.testing.assert_array_equal(red(batch["image"]), 2 * red(batch["source"]))
    seen = np.concatenate([red(batch["source"]) for batch in batches])
    assert sorted(seen.tolist()) == [0, 20, 40, 60, 80, 100]


def test_sources_may_have_channels_of_their_own(two_folders):
    pairs = data.paired(*two_folders, 8, source_channels=1, batch_size=2)
    spec = pairs.dataset().element_spec
    assert (spec["source"].shape, spec["image"].shape) == ((2, 8, 8, 1), (2, 8, 8, 3))


def test_files_without_another_side_are_counted_and_named(two_folders):
    outlines, drawings = two_folders
    (drawings / "below" / "2.bmp").unlink()
    Image.new("RGB", (8, 8)).save(drawings / "lonely.png")
    with pytest.raises(ValueError) as error:
        data.paired(*two_folders, 8, batch_size=2)
    message = str(error.value)
    assert "6 files in" in message and "1 only in" in message
    assert "below/2" in message and "lonely" in message and "Rename" in message


def test_two_files_for_one_side_of_a_pair_are_refused(two_folders):
    Image.new("RGB", (8, 8)).save(two_folders[0] / "below" / "1.jpg")
    with pytest.raises(ValueError, match="one file in each folder"):
        data.paired(*two_folders, 8, batch_size=2)


def test_a_broken_side_takes_its_pair_along(two_folders):
    (two_folders[1] / "below" / "3.bmp").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot be decoded"):
        data.paired(*two_folders, 8, batch_size=2)
    with pytest.warns(UserWarning, match="left out"):
        pairs = data.paired(*two_folders, 8, batch_size=2, skip_broken=True)
    assert pairs.num_examples == 5
    assert 60 not in np.concatenate([red(batch["source"]) for batch in pairs])


def test_the_longer_of_two_unpaired_sets_is_an_epoch():
    a = data.from_arrays(pixels(8), batch_size=2)
    b = data.from_arrays(pixels(4), batch_size=2, seed=1)
    both = data.unpaired(a, b)
    assert (len(both), both.num_examples, both.batch_size) == (4, 12, 2)
    batches = list(both.dataset(start_step=1, num_steps=4).as_numpy_iterator())
    for name, alone in (("a", a), ("b", b)):
        expected = list(alone.dataset(1, 4).as_numpy_iterator())
        np.testing.assert_array_equal([batch[name] for batch in batches], expected)


def test_two_sets_of_other_batch_sizes_are_refused():
    ones, others = (data.from_arrays(pixels(8), batch_size=n) for n in (2, 4))
    with pytest.raises(ValueError, match="same batch size. Received: 2 and 4"):
        data.unpaired(ones, others)
    with pytest.raises(ValueError, match="Received: b of type ndarray"):
        data.unpaired(ones, pixels(8))


def ramps(num_examples=16, side=6):
    """Images whose pixels tell where they stood: row and column, as two channels."""
    rows, columns = np.indices((side, side))
    image = np.stack([rows, columns], -1) / 5.0
    return np.repeat(image[None].astype("float32") - 0.5, num_examples, 0)


def test_a_picture_and_its_source_are_cut_and_mirrored_alike():
    arrays = {"image": ramps(), "source": -ramps(), "label": np.arange(16)}
    pairs = data.jittered(data.from_arrays(arrays, batch_size=16), 4)
    (batch,) = pairs
    assert pairs.example_shape == (4, 4, 2) and batch["label"].shape == (16,)
    np.testing.assert_array_equal(batch["image"], -batch["source"])
    corners = np.rint((batch["image"][:, 0, 0] + 0.5) * 5).astype(int)
    steps = np.rint(np.diff(batch["image"][:, 0, :, 1]) * 5).astype(int)
    is_mirrored = (steps == -1).all(1)
    assert 0 < is_mirrored.sum() < 16 and (steps[~is_mirrored] == 1).all()
    assert set(corners[:, 0]) == {0, 1, 2}


def test_crops_are_a_function_of_seed_and_step():
    plain = data.from_arrays(ramps(), batch_size=8)
    first, second = (data.jittered(plain, 4, seed=seed) for seed in (0, 1))
    batches = [list(p.dataset(0, 3).as_numpy_iterator()) for p in (first, second)]
    resumed = next(first.dataset(start_step=2).as_numpy_iterator())
    np.testing.assert_array_equal(batches[0][2], resumed)
    assert not np.array_equal(batches[0][0], batches[0][1])
    assert not np.array_equal(batches[0][0], batches[1][0])


def test_crops_larger_than_the_images_are_refused():
    pipeline = data.from_arrays(pixels(8), batch_size=2)
    with pytest.raises(ValueError, match="must fit into the images"):
        data.jittered(pipeline, 5)
    vectors = data.from_arrays(np.zeros((4, 3), "float32"), batch_size=2)
    with pytest.raises(ValueError, match="Only images"):
        data.jittered(vectors)
