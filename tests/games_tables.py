"""A small table of both kinds of columns, and its game."""

import functools

import keras
import numpy as np

from keras_gan import TabularGAN, data, networks

LATENT_DIM = 8
NUM_ROWS = 128


def table(num_rows=NUM_ROWS, seed=0):
    import pandas

    rng = np.random.default_rng(seed)
    kind = rng.choice(["round", "long", "flat"], num_rows, p=[0.6, 0.3, 0.1])
    size = rng.normal(np.where(kind == "round", -4.0, 3.0), 0.5)
    return pandas.DataFrame(
        {
            "size": size,
            "parts": rng.integers(0, 9, num_rows),
            "kind": kind,
            "is_old": size > 2.9,
            "unit": "m",
        }
    )


@functools.cache
def transformer():
    return data.TableTransformer.fit(table(), max_modes=3)


def tabular_gan(**compile_options) -> TabularGAN:
    keras.utils.set_random_seed(7)
    found = transformer()
    shape = found.num_features, found.num_conditions
    model = TabularGAN(
        networks.tabular_generator(
            found.blocks, shape[1], LATENT_DIM, hidden_units=(16,)
        ),
        networks.tabular_discriminator(*shape, 2, hidden_units=(16,)),
        transformer=found,
        latent_dim=LATENT_DIM,
        pac=2,
        seed=11,
    )
    compile_options.setdefault("loss", "wasserstein")
    model.compile(**compile_options)
    return model


def rows(batch_size=32, seed=3):
    return data.from_table(table(), transformer(), batch_size=batch_size, seed=seed)


def inputs(count):
    rng = np.random.default_rng(5)
    model = transformer()
    num_noises = sum(size for kind, size in model.blocks if kind == "choice")
    conditions = np.eye(model.num_conditions)[np.arange(count) % model.num_conditions]
    drawn = {
        "latents": rng.normal(size=(count, LATENT_DIM)),
        "noise": rng.random((count, num_noises)),
        "conditions": conditions,
    }
    return {name: values.astype("float32") for name, values in drawn.items()}
