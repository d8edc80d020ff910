"""A tiny game of face ageing, on ellipses whose brightness is their age."""

import keras
import numpy as np

from keras_gan import FaceAging, data, networks

SHAPE = (8, 8, 1)
AGE_GROUPS = (0, 30, 60, 90)


def ellipses(num_faces, seed=0):
    """Faces that darken by the year, on grounds of many greys; and their ages."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(0, 90, num_faces)
    rows, columns = np.mgrid[:8, :8] - 3.5
    height, breadth = rng.uniform(2.0, 4.0, (2, num_faces, 1, 1))
    inside = (rows / height) ** 2 + (columns / breadth) ** 2 < 1.0
    ground = rng.uniform(0.5, 1.0, (num_faces, 1, 1))
    face = (0.8 - 1.6 * ages / 90.0)[:, None, None]
    images = np.where(inside, face, ground)[..., None]
    return images.astype("float32"), ages.astype("int32")


def judges():
    keras.utils.set_random_seed(9)
    return (
        networks.face_judge(SHAPE, 6, width=4, name="identity"),
        networks.face_judge(SHAPE, 3, width=4, name="age_classifier"),
    )


def face_aging(loss_weights=None, **compile_options) -> FaceAging:
    identity, age_classifier = judges()
    game = FaceAging(
        networks.face_aging_generator(SHAPE, 3, width=4, num_blocks=1),
        networks.face_aging_discriminator(SHAPE, 3, width=4),
        identity,
        age_classifier,
        age_groups=AGE_GROUPS,
        loss_weights=loss_weights,
        seed=11,
    )
    game.compile(**compile_options)
    return game


def faces(batch_size=32, seed=3):
    images, ages = ellipses(512)
    arrays = {"image": images, "age": ages}
    return data.from_arrays(arrays, batch_size=batch_size, seed=seed)


def asked(count):
    """What `predict` takes: faces and the groups that they are asked for."""
    images, _ = ellipses(count, seed=5)
    return {"images": images, "labels": np.arange(count, dtype="int32") % 3}
