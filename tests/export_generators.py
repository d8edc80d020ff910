"""Small generators of every kind that people export, for the tests of the exporters."""

import pathlib

import keras
import numpy as np
from keras import layers, ops

from keras_gan.export import export_onnx, export_saved_model, export_tflite

EXPORTERS = {
    "saved_model": export_saved_model,
    "generator.tflite": export_tflite,
    "generator.onnx": export_onnx,
}


def with_random_statistics(model):
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            mean, variance = (
                rng.normal(size=mean.shape),
                rng.uniform(0.5, 2, mean.shape),
            )
            layer.set_weights([gamma, beta, mean, variance])
    return model


def convolutional(dtype=None, name=None):
    latents = keras.Input((16,), name=name)
    x = layers.Dense(4 * 4 * 8, dtype=dtype)(latents)
    x = layers.Reshape((4, 4, 8), dtype=dtype)(x)
    x = layers.BatchNormalization(dtype=dtype)(x)
    x = layers.ReLU(dtype=dtype)(x)
    x = layers.Conv2DTranspose(3, 4, strides=2, padding="same", dtype=dtype)(x)
    return with_random_statistics(
        keras.Model(latents, layers.Activation("tanh", dtype="float32")(x))
    )


def sequential():
    model = keras.Sequential(
        [layers.Dense(16), layers.BatchNormalization(), layers.Dense(5)]
    )
    model(np.zeros((2, 16), "float32"))
    return with_random_statistics(model)


def image_to_image():
    source = keras.Input((None, None, 4), name="images")
    x = layers.Conv2D(8, 3, padding="same", groups=2)(source)
    return keras.Model(source, layers.Conv2D(3, 1, activation="tanh")(x))


def two_inputs():
    labels = keras.Input((), dtype="int32", name="digit")
    latents = keras.Input((16,))
    x = layers.Concatenate()([latents, layers.Embedding(10, 4)(labels)])
    images = layers.Reshape((4, 4, 1), name="pixels")(layers.Dense(16)(x))
    return keras.Model([labels, latents], [images, layers.Dense(2, name="style")(x)])


class FromDict(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embed = layers.Embedding(10, 4)
        self.dense = layers.Dense(16, activation="tanh")

    def call(self, inputs):
        x = ops.concatenate([inputs["latents"], self.embed(inputs["labels"])], -1)
        return ops.reshape(self.dense(x), (-1, 4, 4, 1))


class FromArguments(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(4)

    def call(self, latents, labels):
        return self.dense(ops.concatenate([latents, ops.one_hot(labels, 10)], -1))


class FakeGAN:
    def __init__(self):
        self.generator = sequential()
        self.ema_generator = convolutional(name="z")


def called_on_dict():
    model = FromDict()
    model({"latents": np.zeros((2, 16), "float32"), "labels": np.zeros(2, "int32")})
    return model


GENERATORS = {
    "convolutional": (convolutional, ["latents"], ["images"]),
    "sequential": (sequential, ["latents"], ["outputs"]),
    "image to image": (image_to_image, ["images"], ["generated"]),
    "two inputs": (two_inputs, ["digit", "latents"], ["pixels", "style"]),
    "dict": (called_on_dict, ["labels", "latents"], ["images"]),
}


def drawn(inputs, count=5, seed=3):
    """Inputs that no exporter has seen, by the names they have in the files."""
    rng = np.random.default_rng(seed)
    values = {
        "images": rng.uniform(-1, 1, (count, 8, 8, 4)).astype("float32"),
        "labels": rng.integers(0, 10, count).astype("int32"),
    }
    values["digit"] = values["labels"]
    latents = rng.normal(size=(count, 16)).astype("float32")
    return {name: values.get(name, latents) for name in inputs}


def keras_outputs(generator, inputs):
    model = getattr(generator, "ema_generator", generator)
    given = list(inputs.values())
    if isinstance(model, FromDict):
        given = [inputs]
    elif len(given) > 1:
        given = [given]
    return [
        np.asarray(out) for out in keras.tree.flatten(model(*given, training=False))
    ]


def listed(folder):
    return sorted(path.name for path in pathlib.Path(folder).iterdir())
