"""Train a GAN on handwritten digits, go on from its file, and ship the generator.

    python examples/digits.py

The digits are the 1,797 of scikit-learn; nothing is fetched. Writes
`digits-example/`.
"""

import argparse
from pathlib import Path

import keras
import numpy as np

import keras_gan
from keras_gan import networks, penalties, pictures

LATENT_DIM = 32
BATCH_SIZE = 32
# 40 epochs of 56 steps: digits can be read from about the 10th on.
STEPS = 2240
# The discriminator has no batch norm, so that R1 holds it, which allows the high
# learning rate. One step in four pays for it.
PENALTY = penalties.R1(gamma=1.0, interval=4)


def build(example_shape):
    gan = keras_gan.GAN(
        networks.dcgan_generator(example_shape, LATENT_DIM, width=32),
        networks.dcgan_discriminator(example_shape, width=32, normalization=None),
        latent_dim=LATENT_DIM,
        ema_momentum=0.99,
        seed=0,
    )
    gan.compile(
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        loss="non_saturating",
        penalties=PENALTY,
    )
    return gan


def main(steps, out):
    keras.utils.set_random_seed(0)
    digits = keras_gan.data.digits(image_size=16, batch_size=BATCH_SIZE)
    gan = build(digits.example_shape)
    gan.fit(digits, steps_per_epoch=max(steps // 2, 1), verbose=2)
    out.mkdir(parents=True, exist_ok=True)
    gan.save(out / "half.keras")

    # The file holds both players, both optimizers, the average and the position in
    # the data: from here on nothing differs from a run that was never interrupted.
    gan = keras_gan.load_model(out / "half.keras")
    gan.fit(digits, steps_per_epoch=max(steps - steps // 2, 1), verbose=2)

    images = gan.generate(100, seed=0)
    pictures.save_png(out / "samples.png", pictures.grid(images))
    paths = keras_gan.export.export_all(gan, out / "export")
    latents = gan.sample_latents(10, seed=1)
    for name, path in paths.items():
        drawn = keras_gan.export.load_artefact(path)(latents)
        difference = np.abs(drawn - gan.predict(latents, verbose=0)).max()
        print(f"{name}: {path}, largest difference of a pixel {difference:.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=Path("digits-example"))
    main(**vars(parser.parse_args()))
