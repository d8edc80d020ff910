"""Parzen log-likelihood of MNIST with the networks of Goodfellow et al. (2014).

The paper's two perceptrons, its 50,000 training images and its protocol; the rounds
are ours. The number alone says little (Theis et al., 2015, arXiv:1511.01844), so beside
each row stand memorisation, precision and recall, and a row of training images taken
as samples. The run can be stopped and goes on where it was.
"""

import argparse
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
RECIPES = {
    "non-saturating, R1": {
        "loss": "non_saturating",
        "gamma": {"r1": 1.0},
        "epochs": 60,
        "learning_rate": 5e-4,
        "ema_momentum": 0.9995,
    },
    "relativistic pairs, R1 and R2": {
        "loss": "relativistic_paired",
        "gamma": {"r1": 0.1, "r2": 0.1},
        "epochs": 60,
        "learning_rate": 6e-4,
        "ema_momentum": 0.9995,
    },
}
TRAINING_IMAGES = "training images as samples"
PROTOCOL = {
    "data": "MNIST in [0, 1]: the first 50,000 training images to train on, sigma from "
    "logspace(-1, 0, 10) on the first 1,000 of the last 10,000, all test images",
    "networks": "mlp_generator with uniform latents, maxout_discriminator",
    "game": f"batch {BATCH_SIZE}, Adam with beta_1 0 and beta_2 0.99, learning rate to "
    "0 by a cosine; averaged generator",
    "recipes": RECIPES,
    "samples": NUM_SAMPLES,
    "memorisation": f"{NUM_SEARCHED} samples, pixels, held-out level of test images",
    "precision": f"k = 3, fd(classifier)'s features, {NUM_SAMPLES} test images",
}


def new_game(recipe: dict, train: np.ndarray, seed: int) -> keras_gan.GAN:
    keras.utils.set_random_seed(seed)
    shape = (28, 28, 1)
    game = keras_gan.GAN(
        networks.mlp_generator(
            shape, LATENT_DIM, mean_image=train.mean(axis=0) / 127.5 - 1
        ),
        networks.maxout_discriminator(shape),
        latent_dim=LATENT_DIM,
        latent_distribution="uniform",
        ema_momentum=recipe["ema_momentum"],
        seed=seed,
    )
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe["learning_rate"], recipe["epochs"] * STEPS_AN_EPOCH
    )
    game.compile(
        *(keras.optimizers.Adam(schedule, beta_1=0.0, beta_2=0.99) for _ in range(2)),
        loss=recipe["loss"],
        penalties=[
            penalties.PENALTIES[name](gamma=gamma)
            for name, gamma in recipe["gamma"].items()
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


def checkpoint(work: Path, name: str, seed: int) -> Path:
    """Where a game is saved; no other protocol or recipe goes on with it."""
    protocol = PROTOCOL | {"recipes": RECIPES[name]}
    return work / f"{digest(protocol)}-seed-{seed}.keras"


def train_whole(game, recipe: dict, train: np.ndarray, path: Path, seed: int) -> None:
    """Trains up to the last epoch, saving each."""
    game.fit(
        data.from_arrays(train, batch_size=BATCH_SIZE, seed=seed),
        initial_epoch=int(game.step.numpy()) // STEPS_AN_EPOCH,
        epochs=recipe["epochs"],
        callbacks=[SaveModel(path)],
        verbose=2,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=[*RECIPES, TRAINING_IMAGES])
    asked, train, test, classifier = on_mnist(parser, "parzen_mnist")
    accuracy = {"classifier_accuracy": classifier.test_accuracy}
    results = Results(asked.out, PROTOCOL | accuracy)
    judge = Judge(train, test, classifier)
    if results.find(recipe=TRAINING_IMAGES, seed=0) is None:
        samples = train.images[:NUM_SAMPLES].astype("float32") / 127.5 - 1
        results.add(judge(samples), recipe=TRAINING_IMAGES, seed=0)
    for seed in range(asked.seeds):
        for name, recipe in RECIPES.items():
            key = {"recipe": name, "seed": seed}
            if asked.only not in (None, name) or results.find(**key) is not None:
                continue
            path = checkpoint(asked.work, name, seed)
            images = train.images[:NUM_TRAIN]
            game = (
                keras.saving.load_model(path)
                if path.is_file()
                else new_game(recipe, images, seed)
            )
            train_whole(game, recipe, images, path, seed)
            samples = game.generate(NUM_SAMPLES, seed=seed, batch_size=500)
            results.add(judge(samples), **key)
            print(name, seed, results.find(**key), flush=True)
    print(tables.markdown(tables.parzen_mnist({"rows": results.rows})))


if __name__ == "__main__":
    main()
