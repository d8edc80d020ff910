"""What tests of several files need prepared."""

import os
import socket
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.data_sets import pixels
from tests.keras_files import CONFIG, METADATA, WEIGHTS, members_of, written


@pytest.fixture
def pictures(tmp_path):
    """Six plain pictures whose red value tells them apart, in six formats."""
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    names = ["a.png", "b.JPG", "c.jpeg", "sub/d.bmp", "sub/deep/e.gif", "sub/f.webp"]
    for i, name in enumerate(names):
        Image.new("RGB", (30, 20), (40 * i, 0, 128)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._a.png").write_bytes(b"what a Mac leaves behind")
    return tmp_path


@pytest.fixture(scope="session")
def own_sets(tmp_path_factory):
    """A folder of sets that TFDS prepared from arrays, with no network."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    images = pixels(10, (12, 12, 3))
    sizes = [(12, 12), (24, 24), (12, 30), (30, 12)]
    mixed = [np.full((*size, 3), 60 * i, np.uint8) for i, size in enumerate(sizes)]
    sets = {
        "tiny_faces": ((12, 12, 3), [{"image": image} for image in images]),
        "mixed_faces": ((None, None, 3), [{"image": image} for image in mixed]),
    }
    for name, (shape, examples) in sets.items():
        spec = {"image": tf.TensorSpec(shape, tf.uint8)}
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version="1.0.0",
            features=tfds.features.FeaturesDict(
                {"image": tfds.features.Image(shape=shape)}
            ),
            split_datasets={
                "train": tf.data.Dataset.from_generator(
                    lambda examples=examples: iter(examples), output_signature=spec
                )
            },
            data_dir=folder,
            disable_shuffling=True,
        )
    return folder, images


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("touched the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture
def real_sets():
    """The folder of real sets, where a tester has one."""
    root = os.environ.get("KERAS_GAN_TEST_DATA")
    if root is None:
        pytest.skip("KERAS_GAN_TEST_DATA is unset: no folder with real sets")
    return Path(root)


@pytest.fixture
def mnist_dir(real_sets):
    """The `data_dir` of a prepared MNIST."""
    folder = real_sets / "tfds"
    if not (folder / "mnist").is_dir():
        pytest.skip(f"{folder} holds no prepared mnist")
    return folder


@pytest.fixture(scope="session")
def honest(tmp_path_factory):
    """A small generator in a file that Keras wrote."""
    path = tmp_path_factory.mktemp("honest") / "generator.keras"
    latents = keras.Input((4,), name="latents")
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(latents)
    images = keras.layers.Reshape((2, 2, 1))(
        keras.layers.Dense(4, dtype="bfloat16", name="pixels")(hidden * 2.0)[:, ::-1]
    )
    keras.Model(latents, images, name="generator").save(path)
    return path


@pytest.fixture
def crafted(honest, tmp_path):
    """Writes the honest file with other members."""

    def craft(**changed):
        names = {"config": CONFIG, "metadata": METADATA, "weights": WEIGHTS}
        members = members_of(honest)
        members |= {names[key]: content for key, content in changed.items()}
        return written(tmp_path / "crafted.keras", members)

    return craft
