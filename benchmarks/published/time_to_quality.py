"""Seconds of training until MNIST digits are good: our recipe and Keras' example.

The same two networks are trained by `keras_gan` and by the recipe of the official Keras
example "DCGAN to generate face images". The clock runs while they train and stands
while they are judged by the Fréchet distance in the features of a digit classifier,
whose floor is the distance of as many training images.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np
import tables
import tensorflow as tf
from common import Results, on_mnist
from train_step_contenders import ExampleGAN

from keras_gan import data, networks
from keras_gan.metrics import FeatureStatistics, frechet_distance
from keras_gan.recipes import RECIPES
from keras_gan.settings import Settings, build_model

WIDTH, LATENT_DIM = 32, 100
# The default recipe: nothing is asked for but the width that both contenders share.
SETTINGS = Settings(data="mnist", width=WIDTH)
RECIPE = RECIPES[SETTINGS.model]
# First rounds, off the clock: one with the lazy penalty, one without.
NUM_TRACING = 2
NUM_IMAGES = 1000
NUM_FLOORS = 10
TIMES_FLOOR = (10, 5, 3)
# Where the judge looks: often while the pictures change fast, then every 250 steps.
CHECKS = [*range(50, 500, 50), *range(500, 100_000, 250)]
PROTOCOL = {
    "data": "MNIST, 60,000 training images, in [-1, 1]",
    "networks": f"DCGAN, 28x28x1, width {WIDTH}, no normalisation in D",
    "distance": f"fd(classifier), {NUM_IMAGES} samples against the first {NUM_IMAGES} "
    "test images",
    "floor": f"the same of {NUM_IMAGES} training images, mean of {NUM_FLOORS} sets",
    "clock": "wall and processor seconds inside fit, without tracing and judging; one "
    "thread",
    "keras_gan": {
        "settings": f"keras-gan train --data mnist --width {WIDTH}",
        "model": SETTINGS.model,
        "loss": RECIPE.loss,
        "penalties": RECIPE.penalties,
        "optimizer": RECIPE.optimizer,
        "batch_size": SETTINGS.batch_size,
        "judged": f"averaged generator, momentum {SETTINGS.ema_momentum:g}",
    },
    "keras_example": "cross-entropy with noisy labels, Adam 1e-4, batch 32, both "
    "networks in training mode while they train",
}


class KerasGAN:
    """Our default recipe."""

    def __init__(self, images: np.ndarray, seed: int):
        settings = dataclasses.replace(SETTINGS, seed=seed)
        self.game = build_model(settings, images.shape[1:])
        self.pipeline = data.from_arrays(
            images, batch_size=settings.batch_size, seed=seed
        )
        self.train(NUM_TRACING)

    def train(self, steps: int) -> None:
        self.game.fit(self.pipeline, steps_per_epoch=steps, verbose=0)

    def draw(self, latents: np.ndarray) -> np.ndarray:
        return self.game.predict(latents, batch_size=500, verbose=0)


class KerasExample:
    """The recipe of the Keras example on the same networks."""

    def __init__(self, images: np.ndarray, seed: int):
        shape = images.shape[1:]
        self.game = ExampleGAN(
            networks.dcgan_generator(shape, LATENT_DIM, width=WIDTH),
            networks.dcgan_discriminator(shape, width=WIDTH, normalization=None),
            training=True,
        )
        self.game.compile(
            *(keras.optimizers.Adam(1e-4) for _ in range(2)),
            keras.losses.BinaryCrossentropy(from_logits=True),
        )
        self.pipeline = data.from_arrays(images, batch_size=32, seed=seed)
        self.done = 0
        self.train(NUM_TRACING)

    def train(self, steps: int) -> None:
        batches = self.pipeline.dataset(start_step=self.done)
        self.game.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
        self.done += steps

    def draw(self, latents: np.ndarray) -> np.ndarray:
        return self.game.generator.predict(latents, batch_size=500, verbose=0)


CONTENDERS = {"keras_gan": KerasGAN, "keras_example": KerasExample}


def measure(recipe: str, seed: int, images, judge, seconds: float) -> dict:
    """Trains until the last threshold, or for so many processor seconds."""
    keras.utils.set_random_seed(seed)
    trainee = CONTENDERS[recipe](images, seed)
    random = np.random.default_rng(seed)
    latents = random.standard_normal((NUM_IMAGES, LATENT_DIM), "float32")
    wall = cpu = 0.0
    done = NUM_TRACING
    curve, reached = [], {}
    for check in CHECKS:
        start = time.perf_counter(), time.process_time()
        trainee.train(check - done)
        wall += time.perf_counter() - start[0]
        cpu += time.process_time() - start[1]
        done = check
        distance = judge(trainee.draw(latents))
        curve.append([check, round(wall, 2), round(cpu, 2), round(distance, 3)])
        print(f"{recipe:>14} {seed} {curve[-1]}", flush=True)
        for times in TIMES_FLOOR:
            if str(times) not in reached and distance < times * judge.floor:
                reached[str(times)] = {"steps": check, "wall": wall, "cpu": cpu}
        if len(reached) == len(TIMES_FLOOR) or cpu > seconds:
            break
    tf.keras.backend.clear_session()
    return {"reached": reached, "curve": curve, "limit": seconds}


class Judge:
    """The Fréchet distance to the test images, in the features of a classifier."""

    def __init__(self, classifier, train, test):
        self.extract = classifier.features.extract
        self.real = FeatureStatistics.of(self.extract(test.images[:NUM_IMAGES]))
        sets = np.split(train.images[: NUM_FLOORS * NUM_IMAGES], NUM_FLOORS)
        self.floor = float(np.mean([self(images) for images in sets]))

    def __call__(self, images: np.ndarray) -> float:
        return frechet_distance(self.real, self.extract(images))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=list(CONTENDERS))
    parser.add_argument("--seconds", type=float, default=800, help="of the processor")
    # One thread, so that other work on the machine disturbs both alike, and little.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    asked, train, test, classifier = on_mnist(parser, "time_to_quality")
    judge = Judge(classifier, train, test)
    facts = {
        "floor_value": round(judge.floor, 3),
        "classifier_accuracy": classifier.test_accuracy,
    }
    results = Results(asked.out, PROTOCOL | facts)
    for seed in range(asked.seeds):
        for recipe in [asked.only] if asked.only else CONTENDERS:
            if results.find(recipe=recipe, seed=seed) is None:
                row = measure(recipe, seed, train.images, judge, asked.seconds)
                results.add(row, recipe=recipe, seed=seed)
    print(tables.markdown(tables.time_to_quality({"rows": results.rows})))


if __name__ == "__main__":
    main()
