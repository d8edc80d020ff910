"""Parzen log-likelihood of MNIST with the networks of Goodfellow et al. (2014).

The paper's two perceptrons, its 50,000 training images and its protocol; the rounds
are ours. The number alone says little (Theis et al., 2015, arXiv:1511.01844), so beside
each row stand memorisation, precision and recall, and a row of training images taken
as samples. The run can be stopped and goes on where it was.
"""

import argparse
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tables
from common import Results, digest, on_mnist

import keras_gan
from keras_gan import data, metrics, networks, penalties
from keras_gan.callbacks import SaveModel

NUM_TRAIN, NUM_SAMPLES = 50_000, 10_000
# Memorisation is counted on fewer: each is searched among all training images.
NUM_SEARCHED = 1000
LATENT_DIM, BATCH_SIZE = 100, 100
STEPS_AN_EPOCH = NUM_TRAIN // BATCH_SIZE
RECIPE = {
    "loss": "relativistic_paired",
    "penalties": {name: {"gamma": 0.1, "interval": 4} for name in ("r1", "r2")},
    "dropout": (0.1, 0.25),
    "learning_rate": 5e-4,
    "epochs": 100,
    "ema_momentum": 0.9999,
}
# Every training is judged by two averages of its generator: the game's own, of about
# the last tenth of the rounds, and Adam's of the same momentum, which has no warm-up:
# it looks further back, pictures are softer, and a Parzen window likes them softer.
AVERAGED = "relativistic pairs, R1 and R2"
AVERAGED_LONGER = "the same, averaged longer"
TRAINING_IMAGES = "training images as samples"
PROTOCOL = {
    "data": "MNIST in [0, 1]: the first 50,000 training images to train on, sigma from "
    "logspace(-1, 0, 10) on the first 1,000 of the last 10,000, all test images",
    "networks": "mlp_generator with uniform latents, maxout_discriminator",
    "game": f"batch {BATCH_SIZE}, Adam with beta_1 0 and beta_2 0.99, the learning "
    "rate does not fall",
    "recipe": RECIPE,
    "averages": {
        AVERAGED: "GAN(ema_momentum=0.9999): from step t at most (1 + t) / (10 + t)",
        AVERAGED_LONGER: "Adam(use_ema=True, ema_momentum=0.9999): 0.9999 throughout, "
        "from the initial generator on",
    },
    "samples": NUM_SAMPLES,
    "memorisation": f"{NUM_SEARCHED} samples, pixels, held-out level of test images",
    "precision": f"k = 3, fd(classifier)'s features, {NUM_SAMPLES} test images",
}


def new_game(train: np.ndarray, seed: int) -> keras_gan.GAN:
    keras.utils.set_random_seed(seed)
    shape = (28, 28, 1)
    game = keras_gan.GAN(
        networks.mlp_generator(
            shape, LATENT_DIM, mean_image=train.mean(axis=0) / 127.5 - 1
        ),
        networks.maxout_discriminator(shape, dropout=RECIPE["dropout"]),
        latent_dim=LATENT_DIM,
        latent_distribution="uniform",
        ema_momentum=RECIPE["ema_momentum"],
        seed=seed,
    )
    adam = partial(
        keras.optimizers.Adam, RECIPE["learning_rate"], beta_1=0.0, beta_2=0.99
    )
    game.compile(
        adam(use_ema=True, ema_momentum=RECIPE["ema_momentum"]),
        adam(),
        loss=RECIPE["loss"],
        penalties=[
            penalties.PENALTIES[name](**options)
            for name, options in RECIPE["penalties"].items()
        ],
        metrics=(),
    )
    return game


class Judge:
    """All numbers of a row, of samples in [-1, 1]."""

    def __init__(self, train, test, classifier):
        self.train, self.extract = train, classifier.features.extract
        self.test = unit(test.images)
        self.features = self.extract(test.images)

    def __call__(self, samples: np.ndarray) -> dict[str, float]:
        pixels = ((samples + 1) / 2).clip(0, 1)
        found = metrics.parzen_log_likelihood(
            pixels, unit(self.train.images[NUM_TRAIN:]), self.test
        )
        copies = metrics.memorisation(
            rows(pixels[:NUM_SEARCHED]),
            rows(unit(self.train.images[:NUM_TRAIN])),
            rows(self.test[:NUM_SEARCHED]),
        )
        near = metrics.precision_recall(self.features, self.extract(samples))
        return {
            "log_likelihood": round(found.log_likelihood, 2),
            "standard_error": round(found.standard_error, 2),
            "sigma": round(found.sigma, 4),
            "copied_share": copies.copied_share,
            "held_out_copied_share": copies.held_out_copied_share,
            "copying_z": round(copies.z, 1),
            "precision": round(near.precision, 4),
            "recall": round(near.recall, 4),
        }


def unit(images: np.ndarray) -> np.ndarray:
    return images.astype("float32") / 255


def rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def checkpoint(work: Path, seed: int) -> Path:
    """Where a game is saved; no other protocol goes on with it."""
    return work / f"{digest(PROTOCOL)}-seed-{seed}.keras"


def trained(path: Path, train: np.ndarray, seed: int) -> keras_gan.GAN:
    """Trains up to the last epoch, saving each; goes on with what `path` holds."""
    game = keras.saving.load_model(path) if path.is_file() else new_game(train, seed)
    game.fit(
        data.from_arrays(train, batch_size=BATCH_SIZE, seed=seed),
        initial_epoch=int(game.step.numpy()) // STEPS_AN_EPOCH,
        epochs=RECIPE["epochs"],
        callbacks=[SaveModel(path)],
        verbose=2,
    )
    return game


def average_longer(game: keras_gan.GAN) -> None:
    """Puts the average of Adam in the place of the game's own."""
    variables = game.generator.trainable_variables
    game.generator_optimizer.finalize_variable_values(variables)
    game.ema_generator.set_weights(game.generator.get_weights())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seed", type=int, help="only this one")
    asked, train, test, classifier = on_mnist(parser, "parzen_mnist")
    accuracy = {"classifier_accuracy": classifier.test_accuracy}
    results = Results(asked.out, PROTOCOL | accuracy)
    judge = Judge(train, test, classifier)
    if results.find(recipe=TRAINING_IMAGES, seed=0) is None:
        samples = train.images[:NUM_SAMPLES].astype("float32") / 127.5 - 1
        results.add(judge(samples), recipe=TRAINING_IMAGES, seed=0)
    for seed in range(asked.seeds) if asked.seed is None else [asked.seed]:
        if results.find(recipe=AVERAGED_LONGER, seed=seed) is not None:
            continue
        path = checkpoint(asked.work, seed)
        game = trained(path, train.images[:NUM_TRAIN], seed)
        for name in (AVERAGED, AVERAGED_LONGER):
            if name == AVERAGED_LONGER:
                average_longer(game)
            samples = game.generate(NUM_SAMPLES, seed=seed, batch_size=500)
            results.add(judge(samples), recipe=name, seed=seed)
            print(name, results.find(recipe=name, seed=seed), flush=True)
    print(tables.markdown(tables.parzen_mnist({"rows": results.rows})))


if __name__ == "__main__":
    main()
