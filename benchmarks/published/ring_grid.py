"""Modes covered on the 2-D ring and grid, for each loss with each penalty.

Eight Gaussians on a circle and 25 on a lattice, as PacGAN draws them (Lin et al., 2018,
arXiv:1712.04086); VEEGAN's measures and number of samples (Srivastava et al., 2017,
arXiv:1705.07761). All recipes share networks, optimizers and number of steps. The run
can be stopped and goes on where it was.
"""

import argparse
import os
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tables
import tensorflow as tf
from common import RESULTS, Results

import keras_gan
from keras_gan import data, networks, penalties
from keras_gan.metrics.modes import mixture_modes

BATCH_SIZE, LATENT_DIM, HIDDEN_UNITS = 128, 2, (128, 128, 128)
LEARNING_RATE, LAST_LEARNING_RATE, BETAS = 1e-3, 2e-5, (0.0, 0.9)
EMA_MOMENTUM = 0.999
GAMMA, ONE_CENTRED = 0.1, 0.1
NUM_SAMPLES = 2500
STEPS_AT_A_TIME = 500
# PacGAN's grid over four, so that its centers span [-1, 1] as those of the ring do:
# one gamma then means the same for both.
MIXTURES = {"ring": data.ring, "grid": partial(data.grid, spacing=0.5, stddev=0.0125)}
LOSSES = (
    "minimax",
    "non_saturating",
    "least_squares",
    "hinge",
    "wasserstein",
    "relativistic_average",
    "relativistic_paired",
)
PENALTIES = {
    "r1": penalties.R1(gamma=GAMMA),
    "r2": penalties.R2(gamma=GAMMA),
    "gradient_penalty": penalties.GradientPenalty(ONE_CENTRED),
    "dragan": penalties.DRAGAN(ONE_CENTRED),
    "fd_r1": penalties.FiniteDifferenceR1(gamma=GAMMA),
    "fd_r2": penalties.FiniteDifferenceR2(gamma=GAMMA),
}
RECIPES = {
    " + ".join((loss, *names)): (loss, names)
    for names in tables.PENALTIES
    for loss in LOSSES
}


def protocol(steps: int) -> dict:
    return {
        "data": "keras_gan.data.ring(): 8 modes of deviation 0.01 on the unit circle"
        "; grid() over 4: 25 modes of deviation 0.0125, 0.5 apart",
        "networks": f"vector_generator and vector_discriminator, {HIDDEN_UNITS}, "
        f"{LATENT_DIM} normal latents",
        "optimizers": f"Adam, {LEARNING_RATE:g} to {LAST_LEARNING_RATE:g} by a "
        f"cosine, betas {BETAS}, batch {BATCH_SIZE}, one turn each",
        "steps": steps,
        "penalties": f"r1 and r2, fd_r1 and fd_r2 of gamma {GAMMA:g}; "
        f"gradient_penalty and dragan of weight {ONE_CENTRED:g}",
        "judged": f"{NUM_SAMPLES} samples, of high quality within 3 deviations; the "
        f"averaged generator, momentum {EMA_MOMENTUM:g}, and (raw) the generator",
    }


def new_game(recipe: str, seed: int, steps: int) -> keras_gan.GAN:
    keras.utils.set_random_seed(seed)
    loss, names = RECIPES[recipe]
    game = keras_gan.GAN(
        networks.vector_generator(2, LATENT_DIM, hidden_units=HIDDEN_UNITS),
        networks.vector_discriminator(2, hidden_units=HIDDEN_UNITS),
        latent_dim=LATENT_DIM,
        ema_momentum=EMA_MOMENTUM,
        seed=seed,
    )
    game.compile(
        new_optimizer(steps),
        new_optimizer(steps),
        loss=loss,
        penalties=[PENALTIES[name] for name in names],
        steps_per_execution=STEPS_AT_A_TIME,
        jit_compile=True,
        metrics=(),
    )
    return game


def new_optimizer(steps: int) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE, steps, alpha=LAST_LEARNING_RATE / LEARNING_RATE
    )
    return keras.optimizers.Adam(schedule, beta_1=BETAS[0], beta_2=BETAS[1])


def measure(mixture: str, recipe: str, seed: int, steps: int) -> dict:
    """Trains one game and judges both of its generators."""
    keras.backend.clear_session()
    pipeline = MIXTURES[mixture](batch_size=BATCH_SIZE, seed=seed)
    game = new_game(recipe, seed, steps)
    start = time.perf_counter(), time.process_time()
    game.fit(pipeline.dataset(), steps_per_epoch=steps, verbose=0)
    seconds = time.perf_counter() - start[0]
    cpu_seconds = time.process_time() - start[1]
    latents = game.sample_latents(NUM_SAMPLES, seed=seed)
    raw = judge(np.asarray(game.generator(latents, training=False)), pipeline)
    return {
        **judge(np.asarray(game(latents)), pipeline),
        **{f"raw_{name}": value for name, value in raw.items()},
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def judge(samples: np.ndarray, mixture: data.Mixture) -> dict:
    if not np.isfinite(samples).all():
        return {"modes": 0, "high_quality_share": 0.0, "kl": None}
    found = mixture_modes(samples, mixture.centers, mixture.stddev)
    return {
        "modes": found.num_modes,
        "high_quality_share": round(found.high_quality_share, 4),
        "kl": round(found.kl, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), metavar="RECIPE")
    parser.add_argument("--mixtures", nargs="+", choices=list(MIXTURES))
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--out", type=Path, default=RESULTS / "ring_grid.json")
    asked = parser.parse_args()
    if asked.steps % STEPS_AT_A_TIME:
        parser.error(f"--steps must be a multiple of {STEPS_AT_A_TIME}.")

    tf.config.threading.set_intra_op_parallelism_threads(1)
    results = Results(asked.out, protocol(asked.steps))
    for seed in range(asked.seeds):
        for mixture in asked.mixtures or MIXTURES:
            for recipe in asked.only or RECIPES:
                key = {"data": mixture, "recipe": recipe, "seed": seed}
                if results.find(**key) is None:
                    row = measure(mixture, recipe, seed, asked.steps)
                    results.add(row, **key)
                    good = f"{row['high_quality_share']:.1%} good"
                    print(mixture, recipe, seed, row["modes"], good, flush=True)
    print(tables.markdown(tables.ring_grid({"rows": results.rows})))


if __name__ == "__main__":
    main()
