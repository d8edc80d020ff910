"""Small data for each example, so that it runs without the set it was made for."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from tests.games_text import emoji


def persons(folder):
    """Plain pictures under the names that UTKFace gives its faces."""
    for age in range(1, 101):
        shade = Image.new("RGB", (12, 12), (2 * age, 100, 255 - 2 * age))
        shade.putpixel((age % 12, age // 12), (255, 255, 255))
        shade.save(folder / f"{age}_{age % 2}_{age % 5}_{20170000 + age}.jpg")
    return ["--data", folder]


def characters(folder):
    """Eighty pictures in the colours that their labels name."""
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    with open(folder / "label.csv", "w", newline="") as file:
        for number in range(80):
            hair, eyes = number % 12, number % 11
            pixels = rng.integers(0, 20, (16, 16, 3)) + (20 * hair, 20 * eyes, 0)
            Image.fromarray(pixels.astype("uint8")).save(
                folder / "images" / f"{number}.jpg"
            )
            flags = [*np.eye(11, dtype=int)[eyes], *np.eye(12, dtype=int)[hair]]
            csv.writer(file).writerow([number, *flags])
    return ["--data", folder]


def png_files(folder: Path, count: int, side: int = 24) -> Path:
    """Writes pictures of one bright square each, and returns their folder."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = np.zeros((side, side, 3), "uint8")
        top, left = rng.integers(2, side // 2, 2)
        pixels[top : top + 8, left : left + 8] = rng.integers(100, 256, 3)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


# Name of an example to a function from a folder, into which it writes data, to the
# arguments that the example is called with.
ARGUMENTS = {
    "anime": characters,
    "density": lambda folder: [],
    "digits": lambda folder: [],
    "face_ageing": persons,
    "labels": lambda folder: ["--data", "digits"],
    "painter": lambda folder: [
        *("--data", png_files(folder / "a", 12), png_files(folder / "b", 10)),
        *("--size", "16"),
    ],
    "scribbles": lambda folder: ["--data", png_files(folder / "pictures", 20)],
    "series": lambda folder: [],
    "tables": lambda folder: [],
    "text_to_image": emoji,
}
