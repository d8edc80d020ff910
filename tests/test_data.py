"""Data: order, scale, sources, and what is refused at the door."""

import io
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_gan import data
from keras_gan.data import arrays, cache


def numbered(num_examples):
    """Vectors that carry their own index."""
    return np.arange(num_examples, dtype=np.float32)[:, None]


def drawn(pipeline, start_step=0, num_steps=None):
    batches = pipeline.dataset(start_step, num_steps or len(pipeline))
    return np.concatenate(list(batches.as_numpy_iterator()))[:, 0].astype(int)


def pixels(num_examples=8, size=(4, 4, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num_examples, *size), "uint8")


@pytest.mark.parametrize("num_examples", [4, 5, 1797, 4**8 + 1])
def test_an_epoch_draws_each_example_once(num_examples):
    # 4**8 + 1: TensorFlow's own shuffle is no permutation there.
    indices_at = data.shuffled_indices(num_examples, num_examples)
    for epoch in (0, 1, 7):
        assert sorted(indices_at(epoch).numpy()) == list(range(num_examples))


def test_an_epoch_leaves_out_only_the_remainder():
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    epoch = drawn(pipeline)
    assert len(pipeline) == 4
    assert len(epoch) == len(set(epoch)) == 20
    assert set(epoch) <= set(range(23))


def first_indices(num_examples, count, num_epochs):
    """The first indices of each epoch, of shape `(num_epochs, count)`."""
    indices_at = data.shuffled_indices(num_examples, count)
    steps = tf.range(num_epochs, dtype=tf.int64) * (num_examples // count)
    return tf.function(tf.map_fn)(indices_at, steps).numpy()


def test_no_two_of_five_hundred_epochs_have_the_same_order():
    # TensorFlow's shuffle, keyed with the epoch itself, would repeat after 256.
    starts = first_indices(4000, 8, num_epochs=500)
    assert len(np.unique(starts, axis=0)) == 500


def test_every_example_is_equally_likely_at_every_position():
    epochs = first_indices(512, 512, num_epochs=128)
    positions = np.argsort(epochs, axis=1) // 64  # an eighth of the epoch each
    counts = np.array([(positions == i).sum(0) for i in range(8)])
    # 512 times 7 degrees of freedom: mean 3,584, standard deviation 85.
    assert abs(((counts - 16) ** 2 / 16).sum() - 3584) < 400


def test_the_step_from_one_example_to_the_next_is_not_regular():
    # With its default of four rounds TensorFlow's shuffle repeats a step 60 times.
    epochs = first_indices(60000, 60000, num_epochs=20)
    repeats = [np.bincount(np.diff(epoch) + 60000).max() for epoch in epochs]
    assert max(repeats) < 15  # 9 in 50 of NumPy's permutations


def test_the_seed_alone_decides_the_order():
    first, same, other = (
        drawn(data.from_arrays(numbered(40), batch_size=8, seed=seed))
        for seed in (1, 1, 257)
    )
    assert (first == same).all()
    assert (first != other).any()


def test_starting_at_a_step_equals_skipping_to_it():
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    unbroken = drawn(pipeline, num_steps=14)
    for start_step in (3, 4, 9):  # in, at the end of and after the first epochs
        resumed = drawn(pipeline, start_step, 14 - start_step)
        assert (resumed == unbroken[5 * start_step :]).all()
        skipped = pipeline.dataset().skip(start_step).take(1)
        assert (next(skipped.as_numpy_iterator())[:, 0] == resumed[:5]).all()


def test_a_start_that_is_a_function_is_asked_when_iteration_begins():
    pipeline, step = data.from_arrays(numbered(23), batch_size=5), 3
    dataset = pipeline.dataset(lambda: step)
    for step in (3, 6):
        first = next(dataset.as_numpy_iterator())
        assert (first[:, 0] == drawn(pipeline, step, 1)).all()


@pytest.mark.parametrize("start", [2, lambda: 2], ids=["number", "function"])
def test_the_length_of_a_dataset_is_known(start):
    pipeline = data.from_arrays(numbered(23), batch_size=5)
    assert pipeline.dataset(start).cardinality() == tf.data.INFINITE_CARDINALITY
    assert pipeline.dataset(start, 3).cardinality() == 3
    assert len(list(pipeline.dataset(start, 3))) == 3


def test_iterating_over_a_pipeline_gives_epoch_0_in_numpy():
    batches = list(data.from_arrays(pixels(10), batch_size=4))
    assert [type(batch) for batch in batches] == [np.ndarray] * 2
    assert batches[0].shape == (4, 4, 4, 3)


def test_batch_shapes_are_static():
    for pipeline in (data.digits(batch_size=16), data.ring(batch_size=16)):
        spec = pipeline.dataset().element_spec
        assert spec.shape == (16, *pipeline.example_shape)
        assert spec.dtype == tf.float32


def test_a_batch_may_be_a_dict_of_aligned_arrays():
    images, labels = tf.constant(pixels(9)), tf.range(9)
    indices_at = data.shuffled_indices(9, 3)

    def batch_at(step):
        indices = indices_at(step)
        return {
            "real": tf.gather(images, indices),
            "labels": tf.gather(labels, indices),
        }

    pipeline = data.Pipeline(batch_at, 3, batch_size=3, example_shape=(4, 4, 3))
    for batch in pipeline:
        assert (batch["real"] == images.numpy()[batch["labels"]]).all()


def test_a_batch_of_another_size_than_stated_is_refused():
    pipeline = data.Pipeline(
        lambda step: tf.zeros([3, 2]), 1, batch_size=4, example_shape=(2,)
    )
    with pytest.raises(ValueError, match=r"batch_size=4. Received: .*\(3, 2\)"):
        pipeline.dataset()


@pytest.mark.parametrize(
    "arguments", [{"batch_size": 0}, {"batch_size": 2.5}, {"seed": -1}, {"seed": 2**63}]
)
def test_impossible_numbers_are_refused_by_name(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        data.shuffled_indices(8, **{"batch_size": 4, **arguments})


def test_negative_steps_are_refused():
    pipeline = data.from_arrays(pixels(), batch_size=2)
    with pytest.raises(ValueError, match="`start_step` must be .* at least 0"):
        pipeline.dataset(-1)
    with pytest.raises(ValueError, match="`num_steps` must be .* at least 0"):
        pipeline.dataset(0, -1)


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


@pytest.fixture
def pictures(tmp_path):
    """Six plain pictures whose red value tells them apart, in six formats."""
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    names = ["a.png", "b.JPG", "c.jpeg", "sub/d.bmp", "sub/deep/e.gif", "sub/f.webp"]
    for i, name in enumerate(names):
        Image.new("RGB", (30, 20), (40 * i, 0, 128)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._a.png").write_bytes(b"what a Mac leaves behind")
    return tmp_path


def reds(pipeline):
    epoch = np.concatenate(list(pipeline))
    return np.sort(np.rint((epoch[:, 0, 0, 0] + 1) * 127.5))


def test_a_folder_is_read_with_the_folders_below_it(pictures):
    pipeline = data.from_folder(pictures, (8, 10), batch_size=2)
    assert (pipeline.num_examples, pipeline.example_shape) == (6, (8, 10, 3))
    assert pipeline.dataset().element_spec.shape == (2, 8, 10, 3)
    np.testing.assert_allclose(reds(pipeline), np.arange(0, 240, 40), atol=6)


def test_a_folder_is_drawn_in_the_order_of_its_relative_paths(pictures):
    (epoch,) = data.from_folder(pictures, 8, batch_size=6, seed=3)
    order = data.shuffled_indices(6, 6, seed=3)(0).numpy()
    np.testing.assert_allclose((epoch[:, 0, 0, 0] + 1) * 127.5, 40 * order, atol=6)


def save_and_read(folder, image, channels=3, suffix=".png", **options):
    image.save(folder / f"x{suffix}", **options)
    (batch,) = data.from_folder(folder, 8, channels=channels, batch_size=1)
    return np.rint((batch[0] + 1) * 127.5).astype(int)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_parts_become_white(tmp_path, mode, channels):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": image.getpixel((0, 0))} if mode == "P" else {}
    assert (save_and_read(tmp_path, image, channels, **options) == 255).all()


def test_half_transparent_black_becomes_grey(tmp_path):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert (save_and_read(tmp_path, image) == 127).all()


def test_four_channels_keep_the_opacity(tmp_path):
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 40))
    assert (save_and_read(tmp_path, image, channels=4) == [10, 20, 30, 40]).all()
    opaque = Image.new("RGB", (8, 8), (10, 20, 30))
    assert (save_and_read(tmp_path, opaque, channels=4) == [10, 20, 30, 255]).all()


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    image = Image.fromarray(np.full((8, 8), 128 * 257, np.uint16))
    assert (save_and_read(tmp_path, image, channels=1) == 128).all()


def test_print_colors_become_rgb(tmp_path):
    image = Image.new("CMYK", (8, 8), (0, 0, 0, 255))
    assert (save_and_read(tmp_path, image, suffix=".jpg") < 40).all()


def test_the_rotation_a_camera_noted_is_applied(tmp_path):
    image = Image.fromarray(np.repeat(np.uint8([[0, 255]]), 8, 0).repeat(4, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the file
    turned = save_and_read(tmp_path, image, 1, exif=exif)
    assert (turned[:3] == 0).all() and (turned[-3:] == 255).all()


def test_a_wide_picture_is_cropped_in_the_middle(tmp_path):
    strip = np.zeros((8, 40, 3), np.uint8)
    strip[:, 16:24] = 200
    assert (save_and_read(tmp_path, Image.fromarray(strip)) == 200).all()


def test_large_photographs_are_shrunk_without_aliasing(tmp_path):
    checkers = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    image = Image.fromarray(checkers)
    shrunk = save_and_read(tmp_path, image, 1, ".jpg", quality=100)
    assert (abs(shrunk[1:-1, 1:-1] - 127.5) < 3).all()


def test_shrinking_a_photograph_keeps_what_the_size_can_show(tmp_path):
    blocks = (np.indices((32, 32)) // 4).sum(0) % 2 * 255
    image = Image.fromarray(blocks.astype(np.uint8))
    shrunk = save_and_read(tmp_path, image, 1, ".jpg", quality=100)
    assert (shrunk > 127).tolist() == (blocks[::4, ::4, None] > 127).tolist()
    assert shrunk.std() > 30


@pytest.fixture
def damaged(pictures):
    whole = io.BytesIO()
    Image.fromarray(pixels(1, (64, 64, 3))[0]).save(whole, "png")
    (pictures / "cut.png").write_bytes(whole.getvalue()[:-2000])
    whole = io.BytesIO()
    Image.fromarray(pixels(1, (64, 64, 3))[0]).save(whole, "jpeg")
    (pictures / "cut.jpg").write_bytes(whole.getvalue()[:-500])
    (pictures / "text.png").write_text("no picture")
    return pictures


def test_broken_files_are_named_and_counted_before_training(damaged):
    with pytest.raises(ValueError, match="3 of 9 .*skip_broken=True") as error:
        data.from_folder(damaged, 8, batch_size=2)
    for name in ("cut.png", "cut.jpg", "text.png"):
        assert name in str(error.value)


def test_broken_files_are_left_out_when_asked(damaged):
    with pytest.warns(UserWarning, match="3 of 9 image files cannot be decoded"):
        pipeline = data.from_folder(damaged, 8, batch_size=2, skip_broken=True)
    np.testing.assert_allclose(reds(pipeline), np.arange(0, 240, 40), atol=6)


def test_an_unverified_broken_file_is_named_when_its_turn_comes(damaged):
    pipeline = data.from_folder(damaged, 8, batch_size=9, verify=False)
    with pytest.raises(tf.errors.OpError, match="Cannot decode .*(cut|text)"):
        list(pipeline)


def test_unfit_folders_are_refused(tmp_path, pictures):
    with pytest.raises(ValueError, match="There is no such folder.*nowhere"):
        data.from_folder(tmp_path / "nowhere", 8)
    (tmp_path / "bare").mkdir()
    with pytest.raises(ValueError, match="no image files.*bare.*[.]png, [.]jpg"):
        data.from_folder(tmp_path / "bare", 8)
    with pytest.raises(ValueError, match="6 examples and batch_size=64"):
        data.from_folder(pictures, 8)
    with pytest.raises(ValueError, match="`channels` must be 1 .*channels=2"):
        data.from_folder(pictures, 8, channels=2)
    with pytest.raises(ValueError, match="Received: image_size=0"):
        data.from_folder(pictures, 0)


def test_digits_are_scikit_learns_in_minus_1_to_1():
    pipeline = data.digits(batch_size=599)
    epoch = np.concatenate(list(pipeline))
    assert epoch.shape == (1797, 8, 8, 1)
    assert (epoch.min(), epoch.max()) == (-1, 1)
    assert (np.unique(epoch) == np.arange(17, dtype="float32") / 8 - 1).all()
    assert data.digits(image_size=16).example_shape == (16, 16, 1)


@pytest.mark.parametrize(
    ("mixture", "num_modes"), [(data.ring, 8), (data.grid, 25)], ids=["ring", "grid"]
)
def test_a_mixture_draws_all_its_modes_alike(mixture, num_modes):
    pipeline = mixture(batch_size=num_modes * 1000)
    (points,) = pipeline.dataset(num_steps=1).as_numpy_iterator()
    distances = points[:, None] - pipeline.centers
    modes = (distances**2).sum(-1).argmin(1)
    counts = np.bincount(modes, minlength=num_modes)
    assert len(pipeline.centers) == num_modes
    # A binomial count of mean 1,000 has a standard deviation of 31.
    assert (abs(counts - 1000) < 160).all()
    noise = distances[np.arange(len(points)), modes] / pipeline.stddev
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.05)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(2), atol=0.06)


def test_the_defaults_of_the_mixtures_are_pacgans():
    ring, grid = data.ring(), data.grid()
    np.testing.assert_allclose(np.linalg.norm(ring.centers, axis=1), 1, rtol=1e-6)
    assert grid.centers.tolist() == [
        [-4.0 + 2 * i, -4.0 + 2 * j] for i in range(5) for j in range(5)
    ]
    assert (ring.stddev**2, grid.stddev**2) == pytest.approx((0.0001, 0.0025))


def test_mixture_points_depend_on_seed_and_step_alone():
    first = list(data.ring(batch_size=4).dataset(0, 4).as_numpy_iterator())
    later = list(data.ring(batch_size=4).dataset(2, 2).as_numpy_iterator())
    assert np.array_equal(first[2:], later)
    assert len(np.unique(np.concatenate(first), axis=0)) == 16
    (other,) = data.ring(batch_size=4, seed=1).dataset(0, 1).as_numpy_iterator()
    assert (other != first[0]).any()


def test_impossible_mixtures_are_refused():
    with pytest.raises(ValueError, match="`num_modes` must be an integer"):
        data.ring(0)
    with pytest.raises(ValueError, match="`stddev` must be finite and not negative"):
        data.grid(stddev=-1.0)


@pytest.fixture(scope="session")
def own_sets(tmp_path_factory):
    """A folder of sets that TFDS prepared from arrays, with no network."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    images = pixels(10, (12, 12, 3))
    sizes = [(12, 12), (24, 24), (12, 30), (30, 12)]
    mixed = [np.full((*size, 3), 60 * i, np.uint8) for i, size in enumerate(sizes)]
    sets = {
        "tiny_faces": ((12, 12, 3), [{"image": image} for image in images]),
        "mixed_faces": ((None, None, 3), [{"image": image} for image in mixed]),
    }
    for name, (shape, examples) in sets.items():
        spec = {"image": tf.TensorSpec(shape, tf.uint8)}
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version="1.0.0",
            features=tfds.features.FeaturesDict(
                {"image": tfds.features.Image(shape=shape)}
            ),
            split_datasets={
                "train": tf.data.Dataset.from_generator(
                    lambda examples=examples: iter(examples), output_signature=spec
                )
            },
            data_dir=folder,
            disable_shuffling=True,
        )
    return folder, images


def test_a_tfds_set_is_read_as_if_it_were_the_array(own_sets):
    folder, images = own_sets
    pipeline = data.from_tfds("tiny_faces", data_dir=folder, batch_size=5)
    expected = data.from_arrays(images, batch_size=5)
    assert (pipeline.name, pipeline.num_examples) == ("tiny_faces", 10)
    for batch, same in zip(pipeline, expected, strict=True):
        assert (batch == same).all()


def test_tfds_images_are_resized_as_resize_does(own_sets):
    folder, images = own_sets
    (batch,) = data.from_tfds(
        "tiny_faces", data_dir=folder, image_size=8, batch_size=10
    )
    (same,) = data.from_arrays(data.resize(images, 8), batch_size=10)
    assert (batch == same).all()


def test_tfds_images_of_many_sizes_need_one(own_sets):
    folder, _ = own_sets
    with pytest.raises(ValueError, match=r"differ in size: give `image_size=\(height"):
        data.from_tfds("mixed_faces", data_dir=folder)
    pipeline = data.from_tfds(
        "mixed_faces", data_dir=folder, image_size=6, batch_size=4
    )
    assert pipeline.example_shape == (6, 6, 3)
    assert reds(pipeline).tolist() == [0, 60, 120, 180]


def test_a_part_of_a_split_can_be_asked_for(own_sets):
    folder, _ = own_sets
    options = {"data_dir": folder, "batch_size": 2}
    part = data.from_tfds("tiny_faces", split="train[:40%]", **options)
    assert part.num_examples == 4
    with pytest.raises(ValueError, match=r"splits \['train'\].*Received: split='dev'"):
        data.from_tfds("tiny_faces", split="dev", **options)


def test_a_large_tfds_set_is_decoded_once_into_a_file(own_sets, tmp_path, monkeypatch):
    folder, _ = own_sets

    def load(**options):
        return data.from_tfds("tiny_faces", data_dir=folder, batch_size=5, **options)

    in_memory = list(load())
    monkeypatch.setattr(arrays, "IN_MEMORY_BYTES", 100)
    first = list(load(cache_dir=tmp_path))
    (file,) = tmp_path.rglob("images.npy")
    written = file.stat().st_mtime_ns
    again = list(load(cache_dir=tmp_path))
    assert file.stat().st_mtime_ns == written
    assert np.array_equal(first, in_memory) and np.array_equal(again, in_memory)
    load(cache_dir=tmp_path, split="train[:5]")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_with_another_description_is_written_anew(tmp_path):
    description = {"name": "x/1", "shape": [4, 2]}
    ones, twos = np.ones((4, 2), np.uint8), np.full((4, 2), 2, np.uint8)
    cache.cached_array([ones[:3], ones[3:]], description, tmp_path)
    (record,) = tmp_path.rglob("description.json")
    assert (cache.cached_array([twos], description, tmp_path) == 1).all()
    record.write_text("{}")
    assert (cache.cached_array([twos], description, tmp_path) == 2).all()


def test_a_cache_that_fails_half_way_leaves_nothing(tmp_path):
    def chunks():
        yield np.ones((2, 2), np.uint8)
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cache.cached_array(chunks(), {"name": "x", "shape": [4, 2]}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("touched the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def test_a_set_that_is_not_prepared_is_refused_at_once(tmp_path, no_network):
    start = time.monotonic()
    with pytest.raises(ValueError) as error:
        data.load("celeb_a", data_dir=tmp_path)
    assert time.monotonic() - start < 5
    for part in (
        "not prepared in",
        "`download=True`",
        f"tfds.builder('celeb_a', data_dir={str(tmp_path)!r}).download_and_prepare()",
    ):
        assert part in str(error.value)


def test_sets_to_download_by_hand_come_with_tfds_instructions(tmp_path):
    with pytest.raises(ValueError, match="By hand, as TFDS says: .*manual_dir"):
        data.from_tfds("celeb_a_hq/256", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cifar_10", r"no data of this name.*'cifar10'"),
        ("digit", r"Did you mean 'digits'"),
        ("photos/2020", r"no data of this name.*a folder of images, a .npy"),
        ("lsun/bedrom", r"Its configurations: classroom, bedroom"),
        ("mnist:9.9.9", r"name='mnist:9.9.9'.*only: 3.0.1"),
        ("huggingface:mnist", r"other hosts.*from_folder"),
        ("iris", r"one image.*\['features', 'label'\]"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(tmp_path, no_network, name, message):
    start = time.monotonic()
    with pytest.raises(ValueError, match=message):
        data.load(name, data_dir=tmp_path)
    assert time.monotonic() - start < 5


def test_load_finds_each_kind_of_source(pictures, own_sets, monkeypatch):
    np.save(pictures / "x.npy", pixels(70))
    monkeypatch.chdir(pictures)
    assert data.load("digits", batch_size=32, image_size=16).example_shape == (
        16,
        16,
        1,
    )
    assert data.load("ring", seed=2).seed == 2
    assert data.load("grid", batch_size=3).batch_size == 3
    assert data.load(".", image_size=8, batch_size=2).num_examples == 6
    assert data.load("sub", image_size=8, batch_size=2).name == "sub"
    assert data.load("x.npy", image_size=2).example_shape == (2, 2, 3)
    assert data.load(Path("x.npy"), batch_size=7).name == "x"
    own = data.load("tiny_faces", data_dir=own_sets[0], batch_size=2, split="train[:4]")
    assert own.num_examples == 4


def test_load_refuses_what_does_not_belong_together(pictures):
    with pytest.raises(ValueError, match="A folder of images needs the size"):
        data.load(pictures)
    with pytest.raises(ValueError, match="'ring' is made of points"):
        data.load("ring", image_size=8)
    with pytest.raises(
        ValueError, match="Only sets of TensorFlow Datasets have splits"
    ):
        data.load("digits", split="test")
    with pytest.raises(ValueError, match="Expected a .npy or .npz file.*a.png"):
        data.load(pictures / "a.png")
    for missing in ("./nowhere", pictures / "nowhere", "/nowhere", ""):
        with pytest.raises(ValueError, match="There is no such folder or file"):
            data.load(missing)
    with pytest.raises(ValueError, match="Received: ndarray.*from_arrays"):
        data.load(pixels())


def test_all_available_names_are_known(tmp_path, no_network):
    names = data.available()
    assert list(names)[:3] == ["digits", "ring", "grid"]
    for name in list(names)[3:]:
        with pytest.raises(ValueError, match="not prepared"):
            data.from_tfds(name, data_dir=tmp_path, image_size=8)


@pytest.fixture
def mnist_dir():
    root = os.environ.get("KERAS_GAN_TEST_DATA")
    if root is None:
        pytest.skip("KERAS_GAN_TEST_DATA is unset: no folder with tfds/mnist")
    folder = Path(root) / "tfds"
    if not (folder / "mnist").is_dir():
        pytest.skip(f"{folder} holds no prepared mnist")
    return folder


@pytest.mark.slow
def test_mnist_is_read_whole(mnist_dir):
    pipeline = data.load("mnist", data_dir=mnist_dir, batch_size=1000)
    epoch = np.concatenate(list(pipeline))
    assert epoch.shape == (60000, 28, 28, 1)
    assert (epoch.min(), epoch.max()) == (-1, 1)
    assert len({image.tobytes() for image in epoch}) == 60000


def test_a_part_of_mnist_is_read(mnist_dir):
    pipeline = data.load("mnist", data_dir=mnist_dir, split="test[:128]", image_size=32)
    assert (pipeline.num_examples, pipeline.example_shape) == (128, (32, 32, 1))
    assert -1 <= next(iter(pipeline)).min() < next(iter(pipeline)).max() <= 1
