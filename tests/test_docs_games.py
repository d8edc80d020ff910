"""The Python on the pages of the games runs as printed, a step of it on small data."""

import re
from pathlib import Path

import numpy as np
import pytest

import keras_gan
from keras_gan.models.base import AdversarialModel
from keras_gan.recipes import face_judges
from tests import example_data, games_tables

PAGES = Path(__file__).parents[1] / "docs" / "games"


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def labels(folder, patch):
    def digits(name, **options):
        assert name == "mnist"
        return keras_gan.data.digits(image_size=28, **options)

    patch.setattr(keras_gan.data, "load", digits)
    return {}


def text(folder, patch):
    images = np.random.default_rng(0).integers(0, 256, (80, 32, 32, 3), "uint8")
    return {"images": images, "captions": ["a red heart", "a sad cat"] * 40}


def translation(folder, patch):
    for name in ("outlines", "drawings"):
        example_data.png_files(folder / name, 8, 72)
    for name in ("photographs", "paintings"):
        example_data.png_files(folder / name, 2, 143)
    pictures = {name: noise(1, 128, 128, 3) for name in ("photographs", "paintings")}
    return {"outlines": noise(1, 64, 64, 3), **pictures}


def not_images(folder, patch):
    table = games_tables.table().rename(columns={"kind": "sex", "is_old": "progressed"})
    table["sex"] = table["sex"].replace({"long": "two"})
    return {"train": table, "test": table, "array": noise(64, 16, 1)}


def face_ageing(folder, patch):
    (folder / "UTKFace").mkdir()
    example_data.persons(folder / "UTKFace")
    order = face_judges._order
    patch.setattr(face_judges, "_order", lambda *args: order(*args)[:2])
    return {"images": noise(8, 64, 64, 3)}


GIVEN = {
    maker.__name__: maker
    for maker in (labels, text, translation, not_images, face_ageing)
}


def test_every_page_with_python_is_run():
    with_python = [p.stem for p in PAGES.glob("*.md") if "```python" in p.read_text()]
    assert sorted(with_python) == sorted(GIVEN)


@pytest.mark.slow
@pytest.mark.parametrize("name", GIVEN)
def test_the_python_of_a_page_runs_as_printed(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit, trained = AdversarialModel.fit, []

    def fit_one_step(self, *args, **options):
        trained.append(type(self).__name__)
        return fit(self, *args, **{**options, "epochs": 1, "steps_per_epoch": 1})

    monkeypatch.setattr(AdversarialModel, "fit", fit_one_step)
    page = (PAGES / f"{name}.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    found = GIVEN[name](tmp_path, monkeypatch)
    for block in blocks:
        exec(compile(block, f"{name}.md", "exec"), found)
    assert len(trained) == sum(block.count(".fit") for block in blocks)
