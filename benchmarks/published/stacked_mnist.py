"""Modes of Stacked-MNIST: RpGAN with R1 and R2 (Huang et al., 2025, arXiv:2501.05441).

Three random digits are the red, green and blue of one image: 1,000 classes that are
equally likely. A digit classifier reads each channel of 26,000 samples (Metz et al.,
2016, arXiv:1611.02163; Lin et al., 2018, arXiv:1712.04086), and the classes found are
counted. The run can be stopped and goes on where it was.
"""

import argparse
import time
from collections.abc import Callable

import keras
import numpy as np
import tables
import tensorflow as tf
from common import Results, digest, on_mnist

import keras_gan
from keras_gan import data, networks, penalties
from keras_gan.callbacks import SaveModel
from keras_gan.metrics.modes import stacked_modes

WIDTH, LATENT_DIM, BATCH_SIZE = 32, 100, 64
GAMMA, LEARNING_RATE, EMA_MOMENTUM = 1.0, 2e-4, 0.999
NUM_SAMPLES = 26_000
PROTOCOL = {
    "data": "three digits of MNIST's 60,000 training images, drawn afresh, as RGB",
    "networks": f"DCGAN, 28x28x3, width {WIDTH}, no normalisation in D",
    "game": f"relativistic pairs, R1 and R2 of gamma {GAMMA:g} in every turn",
    "optimizers": f"Adam, {LEARNING_RATE:g}, beta_1 0, batch {BATCH_SIZE}",
    "judged": f"averaged generator, momentum {EMA_MOMENTUM:g}",
    "samples": NUM_SAMPLES,
    "precision": "mixed_bfloat16",
}


def stacked(images: np.ndarray, seed: int) -> data.Pipeline:
    """Makes a pipeline of three random images as the channels of one."""
    pixels = tf.constant(images)

    def batch_at(step):
        chosen = tf.random.stateless_uniform(
            [BATCH_SIZE, 3],
            tf.stack([tf.constant(seed, "int64"), step]),
            maxval=len(images),
            dtype="int32",
            alg="philox",
        )
        digits = tf.gather(pixels[..., 0], chosen)  # (batch, 3, 28, 28)
        return tf.cast(tf.transpose(digits, [0, 2, 3, 1]), "float32") / 127.5 - 1.0

    return data.Pipeline(
        batch_at,
        1000,
        batch_size=BATCH_SIZE,
        example_shape=(28, 28, 3),
        name="stacked_mnist",
    )


def new_game(seed: int) -> keras_gan.GAN:
    keras.utils.set_random_seed(seed)
    # Several times as fast on processors with bfloat16 units.
    keras.config.set_dtype_policy("mixed_bfloat16")
    shape = (28, 28, 3)
    game = keras_gan.GAN(
        networks.dcgan_generator(shape, LATENT_DIM, width=WIDTH),
        networks.dcgan_discriminator(shape, width=WIDTH, normalization=None),
        latent_dim=LATENT_DIM,
        ema_momentum=EMA_MOMENTUM,
        seed=seed,
    )
    keras.config.set_dtype_policy("float32")
    game.compile(
        *(keras.optimizers.Adam(LEARNING_RATE, beta_1=0.0) for _ in range(2)),
        loss="relativistic_paired",
        penalties=[penalties.R1(gamma=GAMMA), penalties.R2(gamma=GAMMA)],
        metrics=(),
    )
    return game


def count(game, classifier, seed: int) -> dict[str, float]:
    """Counts the classes among the samples of a game."""
    images = game.generate(NUM_SAMPLES, seed=seed, batch_size=500)
    found = stacked_modes(classifier, images)
    return {"modes": found.num_modes, "kl": round(found.kl, 4)}


def play(
    game,
    pipeline: data.Pipeline,
    results: Results,
    judge: Callable[[], dict],
    saver: SaveModel,
    *,
    seed: int,
    steps: int,
    every: int,
) -> None:
    """Trains up to `steps`; every count of a saved game gets its row."""
    trained: dict[str, float] = {}
    while True:
        done = int(game.step.numpy())
        # A run that was stopped between its save and its row is counted now.
        if done and results.find(seed=seed, step=done) is None:
            row = judge() | trained
            results.add(row, seed=seed, step=done)
            print(f"{done:6d} {row['modes']:5d} {row['kl']:7.3f}", flush=True)
        if done >= steps:
            return
        start = time.perf_counter()
        logs = game.fit(
            pipeline, steps_per_epoch=every, callbacks=[saver], verbose=0
        ).history
        trained = {"seconds": round(time.perf_counter() - start, 1)}
        trained |= {name: round(values[-1], 4) for name, values in logs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1000, help="steps between counts")
    asked, train, test, classifier = on_mnist(parser, "stacked_mnist")
    accuracy = {"classifier_accuracy": classifier.test_accuracy}
    results = Results(asked.out, PROTOCOL | accuracy)
    path = asked.work / f"{digest(PROTOCOL)}-seed-{asked.seed}.keras"
    game = keras.saving.load_model(path) if path.is_file() else new_game(asked.seed)
    print(" steps modes      KL")
    play(
        game,
        stacked(train.images, asked.seed),
        results,
        lambda: count(game, classifier, asked.seed),
        SaveModel(path),
        seed=asked.seed,
        steps=asked.steps,
        every=asked.every,
    )
    print(tables.markdown(tables.stacked_mnist({"rows": results.rows})))


if __name__ == "__main__":
    main()
