"""Small data for each example, so that it runs without the set it was made for."""

import csv

import numpy as np
from PIL import Image


def faces(folder):
    """Plain pictures under the names that UTKFace gives its faces."""
    folder.mkdir()
    for age in range(1, 101):
        shade = Image.new("RGB", (12, 12), (2 * age, 100, 255 - 2 * age))
        shade.putpixel((age % 12, age // 12), (255, 255, 255))
        shade.save(folder / f"{age}_{age % 2}_{age % 5}_{20170000 + age}.jpg")
    return ["--data", folder]
    """Eighty pictures in the colours that their labels name."""
    folder = folder / "faces"
    (folder / "images").mkdir(parents=True)
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
    return folder

from tests.games_text import emoji

# Name of an example to a function from a folder, into which it writes data, to the
# arguments that the example is called with.
ARGUMENTS = {
    "anime": lambda folder: ["--data", faces(folder)],
    "digits": lambda folder: [],
    "face_ageing": lambda folder: faces(folder / "faces"),
    "density": lambda folder: [],
    "series": lambda folder: [],
    "tables": lambda folder: [],
    "labels": lambda folder: ["--data", "digits"],
    "text_to_image": emoji,
}
