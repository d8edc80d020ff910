"""Nearest neighbours in tiles, and the metrics made of their balls."""

import tracemalloc

import numpy as np
import pytest

from keras_gan.metrics import distances
from keras_gan.metrics.distances import nearest
from keras_gan.metrics.mind import mind
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall

RNG = np.random.default_rng(1)
REAL = RNG.normal(size=(70, 5))
FAKE = RNG.normal(size=(45, 5)) * 0.8


@pytest.fixture(params=[7, 2048])
def tile_rows(request, monkeypatch):
    monkeypatch.setattr(distances, "TILE_ROWS", request.param)
    monkeypatch.setattr(distances, "TILE_FEATURES", 2 if request.param < 9 else 2048)


def all_distances(first, second):
    return np.sqrt(np.square(first[:, None] - second[None]).sum(axis=-1))


@pytest.mark.parametrize("exclude_self", [False, True])
def test_neighbours_are_those_of_the_whole_table(tile_rows, exclude_self):
    table = all_distances(REAL, REAL)
    if exclude_self:
        np.fill_diagonal(table, np.inf)
    order = np.argsort(table, axis=1)[:, :12]
    found, rows = nearest(REAL, REAL, 12, exclude_self=exclude_self)
    assert found.dtype == "float64" and rows.dtype == "int64"
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_allclose(found, np.take_along_axis(table, order, 1), rtol=1e-14)


def test_equal_rows_are_exactly_zero_apart_and_near_ones_keep_their_digits(tile_rows):
    far = 1e4 + REAL
    assert np.all(nearest(far, far)[0] == 0.0)
    moved = far + np.array([2.0**-20, 0, 0, 0, 0])
    np.testing.assert_allclose(nearest(moved, far)[0], 2.0**-20, rtol=1e-12)


def test_bytes_are_measured_as_they_are_and_not_around_the_clock(tile_rows):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 9)).astype("uint8")
    for queries in (pixels, pixels.astype("float32") + np.float32(0.25)):
        distances, rows = nearest(queries, pixels, 4)
        expected = nearest(queries.astype("float64"), pixels.astype("float64"), 4)
        np.testing.assert_array_equal(rows, expected[1])
        np.testing.assert_array_equal(distances, expected[0])


def test_another_row_that_is_equal_is_a_neighbour():
    found, rows = nearest(np.zeros((30, 2)), np.zeros((30, 2)), 3, exclude_self=True)
    assert np.all(found == 0.0)
    assert not np.any(rows == np.arange(30)[:, None])


def by_definition(real, fake, k):
    """Precision, recall, density and coverage from whole tables of distances."""
    across = all_distances(real, fake)
    real_radii, fake_radii = (
        np.sort(all_distances(side, side), axis=1)[:, k] for side in (real, fake)
    )
    inside = across < real_radii[:, None]
    return (
        (across <= real_radii[:, None]).any(axis=0).mean(),
        (across <= fake_radii).any(axis=1).mean(),
        inside.sum() / (k * len(fake)),
        inside.any(axis=1).mean(),
    )


def test_the_shares_in_tiles_are_those_of_the_whole_tables(tile_rows):
    values = precision_recall(REAL, FAKE) + density_coverage(
        REAL, FAKE, num_neighbours=3
    )
    np.testing.assert_allclose(values, by_definition(REAL, FAKE, 3), rtol=1e-14)
    assert 0 < min(values) and max(values) != 1


def test_ties_count_for_balls_with_a_border_only(tile_rows):
    # On a grid most distances are ties; the outlier makes their centre no round number.
    grid = 0.25 * np.stack(np.meshgrid(*[np.arange(4.0)] * 3), -1).reshape(-1, 3)
    grid = np.concatenate([grid, [[7.1, -3.3, 5.7]]])
    values = precision_recall(grid, grid) + density_coverage(
        grid, grid, num_neighbours=3
    )
    expected = by_definition(grid, grid, 3)
    np.testing.assert_allclose(values, expected, rtol=1e-14)
    assert expected[2] < 0.4  # with borders it would be above 1


def test_a_memorising_generator_has_full_marks_and_a_collapsed_one_no_recall():
    copies = REAL[RNG.permutation(70)]
    assert precision_recall(REAL, copies) == (1.0, 1.0)
    assert density_coverage(REAL, copies).coverage == 1.0
    collapsed = np.repeat(REAL.mean(axis=0)[None], 45, axis=0)
    assert precision_recall(REAL, collapsed) == (1.0, 0.0)
    assert density_coverage(REAL, collapsed).density > 1.5
    assert precision_recall(REAL, REAL + 100.0) == (0.0, 0.0)


REFUSALS = {
    "at least 71 rows": lambda: nearest(REAL, REAL, 70, exclude_self=True),
    "at least 46 rows": lambda: nearest(REAL, FAKE, 46),
    "queries as references": lambda: nearest(REAL, FAKE, exclude_self=True),
    "`num_neighbours` must": lambda: nearest(REAL, FAKE, 0),
    "`queries` and `references` must be on one scale": lambda: nearest(
        np.tanh(FAKE), RNG.integers(0, 256, (9, 5), "uint8")
    ),
    "`references` and `queries` must hold the same": lambda: nearest(REAL, REAL[:, 1:]),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_neighbours_that_do_not_exist_are_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSALS[message]()


def test_memory_does_not_grow_with_the_features():
    pictures = RNG.integers(0, 256, (300, 100_000), "uint8")
    tracemalloc.start()
    nearest(pictures, pictures, exclude_self=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # In float64 all pictures are 240 MB.
    assert peak < 120e6


@pytest.mark.slow
@pytest.mark.parametrize("metric", [precision_recall, density_coverage, mind])
def test_memory_hardly_grows_with_the_images(metric):
    peaks = []
    for num_images in (4_000, 8_000):
        real = RNG.standard_normal((num_images, 256), dtype="float32")
        fake = RNG.standard_normal((num_images, 256), dtype="float32")
        tracemalloc.start()
        metric(real, fake)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # One whole table of 8,000 x 8,000 float64 is 512 MB. With 8 kB an image, 50,000
    # images take 0.6 GB beside their features.
    assert peaks[1] < 200e6
    assert peaks[1] - peaks[0] < 4_000 * 8_000
