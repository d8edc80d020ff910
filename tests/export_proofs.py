"""Artefacts written in this process, good ones and spoilt ones, for the proofs."""

import functools
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

from keras_gan.export.flat import FlatGenerator
from keras_gan.export.prepare import prepared
from keras_gan.export.quiet import quiet
from keras_gan.export.saved_model import write_saved_model
from tests.export_generators import with_random_statistics

INTEGER = tf.lite.OpsSet.TFLITE_BUILTINS_INT8


def written(flat: FlatGenerator, folder, name="saved_model"):
    """Write an unproven SavedModel or ONNX file."""
    path = folder / name
    if path.suffix == ".onnx":
        import tf2onnx  # takes seconds, for the slow tests only

        with quiet():
            function = flat.function()
            tf2onnx.convert.from_function(
                function, function.input_signature, opset=17, output_path=str(path)
            )
    else:
        write_saved_model(flat, path)
    return path


def converted(flat: FlatGenerator, folder, calibration=None):
    """Return a TFLite file, an int8 one if samples by input name are given."""
    write_saved_model(flat, folder, 1)
    with quiet():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        if calibration is not None:
            count = len(next(iter(calibration.values())))
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [INTEGER]
            converter.representative_dataset = lambda: (
                {name: rows[i : i + 1] for name, rows in calibration.items()}
                for i in range(count)
            )
        return converter.convert()


@functools.cache
def deep_tflite():
    """Return the float32 file of `deep()`, converted once."""
    with tempfile.TemporaryDirectory() as folder:
        return converted(prepared(deep()), pathlib.Path(folder) / "saved")


def deep(seed=0):
    """Convolutions with what converters fuse into them, and layers to name."""
    keras.utils.set_random_seed(seed)
    latents = keras.Input((16,), name="latents")
    x = layers.Dense(4 * 4 * 8, name="start")(latents)
    x = layers.Reshape((4, 4, 8), name="shaped")(x)
    for name in ("first", "second"):
        x = layers.Conv2DTranspose(8, 4, 2, "same", use_bias=False, name=name)(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Conv2D(3, 3, padding="same", activation="tanh", name="last")(x)
    return with_random_statistics(keras.Model(latents, x))


def spoil(layer, seed=1):
    """Give a layer other weights of the same kind."""
    rng = np.random.default_rng(seed)
    weights = layer.get_weights()
    layer.set_weights(
        [rng.permutation(array.reshape(-1)).reshape(array.shape) for array in weights]
    )


def digits_decoder():
    """A convolutional decoder from normal codes to digits, trained in a few seconds.

    Random weights hide what too narrow ranges do: their activations hardly differ
    from one input to the next.
    """
    images = load_digits().images.astype("float32") / 8 - 1
    centred = images.reshape(len(images), -1) - images.mean()
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    codes = (left[:, :16] * np.sqrt(len(images))).astype("float32")
    targets = images.repeat(2, 1).repeat(2, 2)[..., None].repeat(3, 3)
    model = deep()
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    model.fit(codes, targets, batch_size=64, epochs=14, verbose=0)
    return model
