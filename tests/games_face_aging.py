"""A tiny game of face ageing, on ellipses whose brightness is their age."""

import keras
import numpy as np
from keras import layers

from keras_gan import FaceAging, data

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
    return _to_vector(6, "identity"), _to_vector(3, "age_classifier")


def _to_vector(num_outputs, name):
    flat = [keras.Input(SHAPE, name="images"), layers.Flatten(name=f"{name}_flat")]
    to_outputs = layers.Dense(num_outputs, dtype="float32", name=f"{name}_outputs")
    return keras.Sequential([*flat, to_outputs], name=name)


def generator():
    """One convolution, to which the group adds a shift."""
    images, labels = keras.Input(SHAPE, name="images"), _labels()
    x = layers.Conv2D(4, 3, padding="same", name="generator_in")(images)
    shift = layers.Embedding(3, 4, name="generator_group")(labels)
    shift = layers.Reshape((1, 1, 4), name="generator_shift")(shift)
    x = layers.ReLU(name="generator_relu")(layers.Add(name="generator_add")([x, shift]))
    options = {"padding": "same", "activation": "tanh", "dtype": "float32"}
    faces = layers.Conv2D(1, 3, **options, name="generator_faces")(x)
    return keras.Model({"images": images, "labels": labels}, faces, name="generator")


def discriminator():
    images, labels = keras.Input(SHAPE, name="images"), _labels()
    x = layers.Flatten(name="discriminator_flat")(images)
    group = layers.Embedding(3, 4, name="discriminator_group")(labels)
    x = layers.Concatenate(name="discriminator_both")([x, group])
    x = layers.Dense(8, activation="relu", name="discriminator_hidden")(x)
    logits = layers.Dense(1, dtype="float32", name="discriminator_logits")(x)
    inputs = {"images": images, "labels": labels}
    return keras.Model(inputs, logits, name="discriminator")


def _labels():
    return keras.Input((), dtype="int32", name="labels")


def face_aging(**options) -> FaceAging:
    judged_by = judges()
    game = FaceAging(
        generator(), discriminator(), *judged_by, age_groups=AGE_GROUPS, seed=11
    )
    game.compile(**options)
    return game


def faces(batch_size=32, seed=3):
    images, ages = ellipses(512)
    arrays = {"image": images, "age": ages}
    return data.from_arrays(arrays, batch_size=batch_size, seed=seed)


def asked(count):
    """What `predict` takes: faces and the groups that they are asked for."""
    images, _ = ellipses(count, seed=5)
    return {"images": images, "labels": np.arange(count, dtype="int32") % 3}
