import numpy as np
import pytest
from PIL import Image

from keras_gan import pictures


def test_pixels_are_rounded_and_clipped():
    values = pictures.to_uint8(np.array([-1.2, -1.0, 0.0, 1.0, 1.2]))
    assert values.tolist() == [0, 0, 128, 255, 255]


def test_a_grid_holds_every_image_in_reading_order():
    images = np.linspace(-1, 1, 5).reshape(5, 1, 1, 1) * np.ones((1, 3, 2, 1))
    canvas = pictures.grid(images, columns=3)
    assert canvas.shape == (2 * 4 + 1, 3 * 3 + 1, 3)
    firsts = [canvas[1 + 4 * row, 1 + 3 * col, 0] for row in (0, 1) for col in range(3)]
    assert firsts == [0, 64, 128, 191, 255, 0]


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_a_grid_shows_images_of_any_channels(channels):
    images = np.zeros((4, 6, 5, channels))
    assert pictures.picture(images).shape == (2 * 7 + 1, 2 * 6 + 1, 3)


def test_a_scatter_is_bright_where_the_points_are():
    picture = pictures.scatter(np.array([[2.5, 2.5]] * 9 + [[-2.5, -2.5]]), 3.0, 4)
    assert picture[0, 3, 0] == 255
    assert 0 < picture[3, 0, 0] < 255
    assert picture.astype(bool).any(-1).sum() == 2


def test_slerp_keeps_the_length_and_both_ends():
    start, end = np.eye(8, dtype="float32")[:2] * 3
    points = pictures.slerp(start, end, 7)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 3, rtol=1e-5)
    np.testing.assert_allclose(points[[0, -1]], [start, end], atol=1e-6)
    np.testing.assert_allclose(pictures.slerp(start, start, 3), [start] * 3)


def test_a_walk_visits_every_stop():
    stops = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    path = pictures.walk(stops, 5)
    assert path.shape == (10, 4)
    np.testing.assert_allclose(path[[0, 4, 5, 9]], stops[[0, 1, 1, 2]], atol=1e-5)


def test_a_straight_walk_stays_within_the_cube_of_a_uniform_prior():
    stops = np.random.default_rng(0).uniform(-1, 1, (4, 50)).astype("float32")
    assert np.abs(pictures.walk(stops, 9, straight=True)).max() <= 1


def test_files_are_enlarged_by_whole_pixels(tmp_path):
    image = np.arange(12, dtype="uint8").reshape(2, 2, 3)
    with Image.open(pictures.save_png(tmp_path / "a" / "p.png", image, 5)) as saved:
        assert saved.size == (6, 6)
        np.testing.assert_array_equal(np.asarray(saved)[::3, ::3], image)


def test_an_animation_holds_its_frames(tmp_path):
    frames = [np.full((4, 4, 3), value, "uint8") for value in (0, 90, 250)]
    with Image.open(pictures.save_gif(tmp_path / "film.gif", frames)) as film:
        assert film.n_frames == 3
