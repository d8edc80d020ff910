"""Games from pictures to pictures, tiny, and what they play with."""

import keras
import numpy as np
from keras import layers

from keras_gan import CycleGAN, Pix2Pix, data
from tests import harness

SHAPE = (8, 8, 1)


def digit_images(seed=0):
    pipeline = harness.digits(batch_size=128, seed=seed)
    return next(iter(pipeline.dataset(num_steps=1))).numpy()


def pairs(batch_size=32):
    """Digits, and their negatives as the source."""
    images = digit_images()
    return data.from_arrays({"image": images, "source": -images}, batch_size=batch_size)


def two_sets(batch_size=32):
    """Digits, and the negatives of others, of which none belongs to one."""
    a = data.from_arrays(digit_images(0), batch_size=batch_size)
    b = data.from_arrays(-digit_images(1), batch_size=batch_size, seed=1)
    return data.unpaired(a, b)


def sources(count):
    return digit_images(2)[:count]


def generator(name):
    source = keras.Input(SHAPE, name="source")
    x = layers.Dropout(0.2)(source)
    x = layers.Conv2D(1, 3, padding="same", activation="tanh", dtype="float32")(x)
    return keras.Model(source, x, name=name)


def logits(images):
    return layers.Conv2D(1, 4, strides=2, dtype="float32")(images)


def pix2pix(**compile_options):
    keras.utils.set_random_seed(7)
    inputs = {name: keras.Input(SHAPE, name=name) for name in ("source", "images")}
    critic = keras.Model(inputs, logits(layers.Concatenate()([*inputs.values()])))
    model = Pix2Pix(generator("generator"), critic, seed=11)
    model.compile(**with_optimizers(compile_options))
    return model


def cyclegan(pool_size=5, direction="ab", generators=None, **compile_options):
    keras.utils.set_random_seed(7)
    inputs = [keras.Input(SHAPE, name="images") for _ in range(2)]
    model = CycleGAN(
        *(generators or [generator("generator_ab"), generator("generator_ba")]),
        *(keras.Model(images, logits(images)) for images in inputs),
        pool_size=pool_size,
        direction=direction,
        seed=11,
    )
    model.compile(**with_optimizers(compile_options))
    return model


def with_optimizers(options):
    given = {"generator_optimizer", "discriminator_optimizer"} & set(options)
    if given:
        return options
    fresh = (keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2))
    names = ("generator_optimizer", "discriminator_optimizer")
    return {**dict(zip(names, fresh, strict=True)), **options}


def first_batch(pipeline):
    return next(iter(pipeline.dataset(num_steps=1)))


def same(one, other):
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
