"""Arrays and array files: scale, sizes, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gan import data
from keras_gan.data import arrays
from tests.data_sets import drawn, numbered, pixels


def test_every_byte_is_scaled_exactly():
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    (batch,) = data.from_arrays(ramp, batch_size=1)
    expected = ramp.astype(np.float32) / np.float32(127.5) - np.float32(1)
    assert (batch == expected).all()
    assert (batch.min(), batch.max()) == (-1, 1)


def test_greyscale_images_without_a_channel_get_one():
    pipeline = data.from_arrays(pixels(4, (5, 6)), batch_size=2)
    assert pipeline.example_shape == (5, 6, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_float_images_come_out_as_they_went_in(dtype):
    images = np.linspace(-1, 1, 4 * 3 * 3).reshape(4, 3, 3, 1).astype(dtype)
    (batch,) = data.from_arrays(images, batch_size=4)
    order = data.shuffled_indices(4, 4)(0).numpy()
    assert batch.dtype == np.float32
    assert (batch == images[order].astype(np.float32)).all()


def test_changing_the_array_afterwards_changes_nothing():
    vectors = numbered(8)
    pipeline = data.from_arrays(vectors, batch_size=8)
    vectors[:] = -1
    assert sorted(drawn(pipeline)) == list(range(8))


def test_tensors_are_taken_like_arrays():
    pipeline = data.from_arrays(tf.constant(pixels(4)), batch_size=2)
    assert pipeline.num_examples == 4


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((9, 4, 4, 3), np.int64), r"dtype=int64.*astype\('uint8'\)"),
        (np.zeros((9, 4, 4, 3), bool), r"dtype=bool.*astype"),
        (np.zeros((9, 4), np.uint8), r"dtype=uint8, shape=\(9, 4\)"),
        (np.array([[None] * 3] * 9), r"dtype=object.*keras_gan.data.resize"),
        (
            [np.zeros((4, 4)), np.zeros((5, 5))],
            "Received: list.*keras_gan.data.resize",
        ),
        (np.zeros(9, np.float32), r"Received: shape=\(9,\)"),
        (np.zeros((9, 1, 4, 4, 3), np.float32), r"Received: shape=\(9, 1, 4, 4, 3\)"),
        (np.zeros((0, 4, 4, 3), np.uint8), r"empty. Received: shape=\(0, 4, 4, 3\)"),
        (np.zeros((9, 3, 32, 32), np.uint8), r"channels last.*transpose\(0, 2, 3, 1\)"),
        (np.zeros((3, 4, 4, 3), np.uint8), r"3 examples and batch_size=4"),
        (np.full((9, 4, 4, 3), 255.0), r"min=255, max=255, dtype=float64.*127.5 - 1"),
        (np.full((9, 4, 4, 3), -2.0), r"min=-2, max=-2.*x \* 2 - 1"),
        (np.array([[np.nan, 0, np.inf]] * 9), r"9 NaN and 9 infinite values of 27"),
        (np.full((9, 2), 1e300), r"18 infinite values of 18, dtype=float64"),
    ],
)
def test_unfit_arrays_are_refused_with_what_to_do(array, message):
    with pytest.raises(ValueError, match=message):
        data.from_arrays(array, batch_size=4)


def test_the_offered_way_around_nan_works():
    x = pixels(9).astype("float32") / 127.5 - 1
    x[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError) as error:
        data.from_arrays(x, batch_size=4)
    offered = str(error.value).split("`")[1]
    kept = eval(offered, {"np": np, "x": x, "len": len})
    assert data.from_arrays(kept, batch_size=4).num_examples == 8


def test_images_that_look_like_0_to_1_are_warned_of():
    with pytest.warns(UserWarning, match=r"min=0, max=1.*x \* 2 - 1"):
        data.from_arrays(np.eye(4, dtype="float32")[..., None, None], batch_size=2)


def test_resizing_per_batch_equals_resizing_beforehand():
    images = pixels(4, (12, 8, 3)).astype("float32") / 127.5 - 1
    (per_batch,) = data.from_arrays(images, image_size=4, batch_size=4)
    (before,) = data.from_arrays(data.resize(images, 4), batch_size=4)
    np.testing.assert_allclose(per_batch, before, atol=1e-6)


def test_resize_crops_the_middle_and_keeps_the_dtype():
    wide = np.zeros((4, 12, 1), np.uint8)
    wide[:, 4:8] = 200
    assert (data.resize(wide, (2, 2)) == np.full((2, 2, 1), 200, np.uint8)).all()
    tall = wide.transpose(1, 0, 2).astype("float64")
    resized = data.resize([wide.astype("float64"), tall], 2)
    assert resized.dtype == np.float64
    np.testing.assert_allclose(resized, 200, rtol=1e-6)


def test_resize_shrinks_without_aliasing():
    checkers = np.indices((30, 30)).sum(0)[..., None] % 2 * 2.0 - 1
    # The border aside, where the kernel is cut off.
    assert abs(data.resize(checkers, 10)[1:-1, 1:-1]).max() < 0.02


def test_resize_rounds_whole_numbers():
    images = pixels(4, (9, 9, 3))
    expected = np.rint(data.resize(images.astype("float32"), 4))
    assert (data.resize(images, 4) == expected).all()


def test_resize_refuses_what_is_no_image():
    with pytest.raises(ValueError, match=r"shape=\(4, 4\). Add a channel"):
        data.resize(np.zeros((4, 4)), 2)
    for size in (0, (4, 4, 4), 2.5, "4"):
        with pytest.raises(ValueError, match=r"`image_size` must be \(height, width\)"):
            data.resize(np.zeros((4, 4, 1)), size)
    with pytest.raises(ValueError, match="Only images can be resized"):
        data.from_arrays(numbered(8), image_size=4, batch_size=4)


def test_npy_and_npz_files_hold_the_same_data(tmp_path):
    images = pixels()
    np.save(tmp_path / "faces.npy", images)
    np.savez(tmp_path / "one.npz", images)
    np.savez(tmp_path / "two.npz", images=images, labels=np.zeros(8))
    pipelines = [
        data.from_file(tmp_path / "faces.npy", batch_size=4),
        data.from_file(str(tmp_path / "one.npz"), batch_size=4),
        data.from_file(tmp_path / "two.npz", key="images", batch_size=4),
        data.from_arrays(images, batch_size=4),
    ]
    epochs = [np.concatenate(list(pipeline)) for pipeline in pipelines]
    assert all((epoch == epochs[0]).all() for epoch in epochs)
    assert pipelines[0].name == "faces"


@pytest.mark.parametrize("dtype", ["uint8", "float32", ">f8"])
def test_a_large_file_stays_on_disk_and_gives_the_same_batches(
    tmp_path, monkeypatch, dtype
):
    images = pixels(8, (4, 4))
    images = images if dtype == "uint8" else (images / 127.5 - 1).astype(dtype)
    np.save(tmp_path / "x.npy", images)
    in_memory = list(data.from_file(tmp_path / "x.npy", batch_size=4))
    monkeypatch.setattr(arrays, "IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(tf, "constant", None)  # what would take it into memory
    mapped = data.from_file(tmp_path / "x.npy", batch_size=4)
    monkeypatch.undo()
    assert mapped.dataset().element_spec.shape == (4, 4, 4, 1)
    assert all((a == b).all() for a, b in zip(mapped, in_memory, strict=True))


def test_unreadable_files_are_named(tmp_path):
    np.save(tmp_path / "cut.npy", pixels())
    np.savez(tmp_path / "cut.npz", pixels())
    for name in ("cut.npy", "cut.npz"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-100])
    np.save(tmp_path / "pickled.npy", np.array([None]), allow_pickle=True)
    np.savez(tmp_path / "pickled.npz", np.array([None]))
    for name in ("empty.npy", "empty.npz"):
        (tmp_path / name).touch()
    for name in sorted(file.name for file in tmp_path.iterdir()):
        with pytest.raises(ValueError, match=f"Cannot read .*{name}.*np.save"):
            data.from_file(tmp_path / name)


def test_wrong_paths_and_keys_are_refused_with_what_there_is(tmp_path):
    np.savez(tmp_path / "two.npz", images=pixels(), labels=np.zeros(8))
    for key in (None, "faces"):
        with pytest.raises(ValueError, match=r"\['images', 'labels'\].*key="):
            data.from_file(tmp_path / "two.npz", key=key)
    with pytest.raises(ValueError, match="There is no such file.*none.npy"):
        data.from_file(tmp_path / "none.npy")
    with pytest.raises(ValueError, match="Expected a .npy or .npz file.*x.zip"):
        data.from_file(tmp_path / "x.zip")
    np.save(tmp_path / "x.npy", pixels())
    with pytest.raises(ValueError, match="leave `key` out"):
        data.from_file(tmp_path / "x.npy", key="images")


def test_arrays_of_the_same_examples_stay_together():
    vectors = numbered(9)
    parts = {
        "image": pixels(9, (8, 8)),
        "vector": vectors,
        "label": np.arange(9),
        "tokens": np.arange(18, dtype="uint8").reshape(9, 2),
    }
    pipeline = data.from_arrays(parts, batch_size=3, image_size=4)
    assert pipeline.example_shape == (4, 4, 1)
    seen = []
    for batch in pipeline:
        labels = batch["label"]
        seen.extend(labels.tolist())
        assert batch["label"].dtype == batch["tokens"].dtype == np.int32
        assert batch["image"].shape == (3, 4, 4, 1)
        np.testing.assert_array_equal(batch["vector"], vectors[labels])
        np.testing.assert_array_equal(batch["tokens"], parts["tokens"][labels])
    assert sorted(seen) == list(range(9))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"image": pixels(4, (5, 5)), "label": np.arange(3)}, "'label': 3"),
        ({}, "no array"),
        ({"image": pixels(4, (5, 5)), "label": ["a"] * 4}, "dtype=<U1"),
        ({"image": pixels(4, (5, 5)), "label": np.arange(0)}, "Expected"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        data.from_arrays(parts, batch_size=2)
