"""Faces whose file names say the age."""

import numpy as np
import pytest
from PIL import Image

from keras_gan import data

COLORS = {f"{age}_{age % 2}_{age % 5}_2017{age:04d}.jpg": age for age in range(1, 41)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    for name, color in COLORS.items():
        Image.new("RGB", (10, 10), (6 * color,) * 3).save(folder / name)
    return folder


def test_names_say_age_gender_and_race_of_each_image(folder):
    faces = data.utkface(folder, 8)
    assert faces["image"].shape == (40, 8, 8, 3)
    assert faces["image"].dtype == np.uint8
    shown = faces["image"].mean(axis=(1, 2, 3)) / 6
    np.testing.assert_allclose(shown, faces["age"], atol=0.5)
    np.testing.assert_array_equal(faces["gender"], faces["age"] % 2)
    np.testing.assert_array_equal(faces["race"], faces["age"] % 5)


def test_shares_divide_the_files_and_keep_them_when_others_are_added(folder):
    shares = [(0.0, 0.3), (0.3, 0.7), (0.7, 1.0)]
    ages = [data.utkface(folder, 4, share=share)["age"].tolist() for share in shares]
    assert sorted(sum(ages, [])) == sorted(COLORS.values())
    Image.new("RGB", (10, 10)).save(folder / "99_0_0_1.jpg")
    again = [data.utkface(folder, 4, share=share)["age"].tolist() for share in shares]
    (folder / "99_0_0_1.jpg").unlink()
    assert [[age for age in part if age != 99] for part in again] == ages


def test_faces_become_batches_with_their_ages(folder):
    faces = data.utkface(folder, 8)
    arrays = {"image": faces["image"], "age": faces["age"]}
    batch = next(iter(data.from_arrays(arrays, batch_size=4)))
    shown = (batch["image"].mean(axis=(1, 2, 3)) + 1.0) * 127.5 / 6
    np.testing.assert_allclose(shown, batch["age"], atol=0.5)


@pytest.mark.parametrize("name", ["face.jpg", "61_1_2017.jpg", "20_2_0_2017.jpg"])
def test_a_name_that_says_no_age_is_refused(tmp_path, name):
    Image.new("RGB", (8, 8)).save(tmp_path / "20_0_0_2017.jpg")
    Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(ValueError, match=f"age_gender_race_date.*{name}.*1 of 2"):
        data.utkface(tmp_path)


@pytest.mark.parametrize("share", [(0.5, 0.5), (-0.1, 1.0), (0.0, 1.1)])
def test_a_share_that_is_none_is_refused(folder, share):
    with pytest.raises(ValueError, match="`share` must be"):
        data.utkface(folder, share=share)


def test_a_share_without_a_file_is_refused(folder):
    with pytest.raises(ValueError, match="No file of 40 falls into the share"):
        data.utkface(folder, share=(0.0, 1e-6))


def test_a_file_that_cannot_be_decoded_is_named(tmp_path):
    (tmp_path / "20_0_0_2017.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="Cannot decode.*20_0_0_2017.jpg"):
        data.utkface(tmp_path)
