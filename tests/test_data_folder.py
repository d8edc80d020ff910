"""Folders of pictures, as cameras and designers leave them."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_gan import data
from tests.data_sets import pixels, reds


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


NOISE = Image.fromarray(pixels(1, (64, 64, 3))[0])
RED, BLUE = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))


def encoded(image, form, **options):
    whole = io.BytesIO()
    image.save(whole, form, **options)
    return whole.getvalue()


BROKEN = {
    "cut.png": encoded(NOISE, "png")[:-2000],
    "cut.jpg": encoded(NOISE, "jpeg")[:-1],
    "cut.gif": encoded(NOISE, "gif")[:-300],
    "cut.bmp": encoded(NOISE, "bmp")[:-300],
    "cut.webp": encoded(NOISE, "webp")[:-300],
    "head.png": encoded(NOISE, "png")[:8],
    "empty.png": b"",
    "zeros.jpg": bytes(1000),
    "text.png": b"no picture",
    "page.jpg": b"<html>404 Not Found</html>",
    "paper.png": encoded(NOISE, "pdf"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_kind_of_broken_file_is_named_with_the_cure(tmp_path, name):
    (tmp_path / "good.png").write_bytes(encoded(RED, "png"))
    (tmp_path / name).write_bytes(BROKEN[name])
    words = f"1 of 2 image files cannot be decoded: .*{name}.*--skip-broken"
    with pytest.raises(ValueError, match=words):
        data.from_folder(tmp_path, 8, batch_size=1)


@pytest.mark.parametrize(
    ("name", "content"),
    {
        "a jpeg.png": encoded(RED, "jpeg", quality=100),
        "a png.jpg": encoded(RED, "png"),
        "moving.gif": encoded(RED, "gif", save_all=True, append_images=[BLUE]),
        "moving.webp": encoded(RED, "webp", save_all=True, append_images=[BLUE]),
        "moving.png": encoded(RED, "png", save_all=True, append_images=[BLUE]),
    }.items(),
)
def test_content_counts_rather_than_the_suffix_and_of_frames_the_first(
    tmp_path, name, content
):
    (tmp_path / name).write_bytes(content)
    (batch,) = data.from_folder(tmp_path, 8, batch_size=1)
    np.testing.assert_allclose(batch[0, 4, 4], [1, -1, -1], atol=0.1)


def test_a_folder_of_broken_files_alone_is_refused_even_when_they_may_be_skipped(
    tmp_path,
):
    (tmp_path / "text.png").write_bytes(BROKEN["text.png"])
    with pytest.raises(ValueError, match="1 of 1 .*Expected at least one"):
        data.from_folder(tmp_path, 8, batch_size=1, skip_broken=True)


@pytest.fixture
def damaged(pictures):
    for name in ("cut.png", "cut.jpg", "text.png"):
        (pictures / name).write_bytes(BROKEN[name])
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
    with pytest.warns(UserWarning, match="They are left out"):
        whole = data.load_examples(damaged, image_size=8, skip_broken=True)
    assert len(whole) == 6


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
