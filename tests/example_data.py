"""Small data for each example, so that it runs without the set it was made for."""

from PIL import Image


def faces(folder):
    """Plain pictures under the names that UTKFace gives its faces."""
    folder.mkdir()
    for age in range(1, 101):
        shade = Image.new("RGB", (12, 12), (2 * age, 100, 255 - 2 * age))
        shade.putpixel((age % 12, age // 12), (255, 255, 255))
        shade.save(folder / f"{age}_{age % 2}_{age % 5}_{20170000 + age}.jpg")
    return ["--data", folder]


# Name of an example to a function from a folder, into which it writes data, to the
# arguments that the example is called with.
ARGUMENTS = {
    "digits": lambda folder: [],
    "face_ageing": lambda folder: faces(folder / "faces"),
    "density": lambda folder: [],
    "series": lambda folder: [],
    "tables": lambda folder: [],
}
