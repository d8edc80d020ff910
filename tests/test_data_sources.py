"""Digits, mixtures, TFDS, and the one entry to them all."""

import time
from pathlib import Path

import numpy as np
import pytest

from keras_gan import data
from keras_gan.data import arrays, cache
from tests.data_sets import pixels, reds


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
