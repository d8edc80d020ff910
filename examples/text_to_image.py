"""Draw emoji from their names, and measure whether a drawing says what was asked.

python examples/text_to_image.py --data FOLDER
"""

import csv

import keras
import numpy as np
from PIL import Image

import keras_gan
from keras_gan import networks, penalties

STYLE = "twemoji"
IMAGE_SIZE = 32
LENGTH = 16  # Name and keywords together have rarely more words.
LATENT_DIM, CONDITION_DIM = 32, 64
BATCH_SIZE = 32
STEPS = 8000
STEPS_PER_EPOCH = 200
CANDIDATES = 50
TEXTS = [
    *("red heart", "blue heart", "green heart", "sad face", "smiling face"),
    *("cat face", "red circle", "blue square", "green apple", "clock"),
]


def load(folder, style):
    """Pictures on white, the captions of each (name, keywords, both), file names."""
    with open(folder / "names.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["group"] != "flags"]
    images, captions = [], []
    for row in rows:
        picture = Image.open(folder / style / row["file"]).convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
        size = (IMAGE_SIZE, IMAGE_SIZE)
        images.append(picture.resize(size, Image.Resampling.LANCZOS))
        name, keywords = row["caption"], row["keywords"].replace(";", " ")
        has_words = any(letter.isalnum() for letter in keywords)
        captions.append([name, keywords, f"{name} {keywords}"] if has_words else [name])
    return np.stack(images), captions, [row["file"] for row in rows]


def build(vocabulary, example_shape):
    def encoder():
        return networks.text_encoder(vocabulary.num_ids, LENGTH)

    # R1 in place of batch norm allows the high learning rate, as in digits.py.
    game = keras_gan.TextToImage(
        networks.text_generator(
            example_shape,
            encoder(),
            LATENT_DIM,
            condition_dim=CONDITION_DIM,
            width=32,
            kernel_size=4,
        ),
        networks.text_discriminator(
            example_shape, encoder(), width=32, kernel_size=4, normalization=None
        ),
        latent_dim=CONDITION_DIM + LATENT_DIM,
        vocabulary=vocabulary,
        prompts=TEXTS,
        ema_momentum=0.998,
        seed=0,
    )
    game.compile(
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99),
        penalties=penalties.R1(gamma=1.0, interval=4),
    )
    return game


def train_scorer(images, tokens, vocabulary, epochs):
    """Two towers (Radford et al., 2021, arXiv:2103.00020): pictures and texts that
    belong together get near vectors. Returns both towers."""
    x = pixels = keras.Input(images.shape[1:])
    x = keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(x)
    for width in (32, 64, 128):
        x = keras.layers.Conv2D(width, 4, 2, "same", activation="relu")(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    look = keras.Model(
        pixels, keras.layers.UnitNormalization()(keras.layers.Dense(64)(x))
    )
    encoder = networks.text_encoder(vocabulary.num_ids, LENGTH, dim=64)
    said = keras.layers.Dropout(0.3)(encoder.output)
    said = keras.layers.UnitNormalization()(keras.layers.Dense(64)(said))
    read = keras.Model(encoder.input, said)
    pair = keras.ops.stack([look.output, read.output], axis=1)

    def contrast(_, pairs):
        similarity = 14.0 * keras.ops.matmul(
            pairs[:, 0], keras.ops.transpose(pairs[:, 1])
        )
        own = keras.ops.arange(keras.ops.shape(pairs)[0])
        return sum(
            keras.losses.sparse_categorical_crossentropy(own, x, from_logits=True)
            for x in (similarity, keras.ops.transpose(similarity))
        )

    scorer = keras.Model([look.input, read.input], pair)
    scorer.compile(keras.optimizers.Adam(1e-3), contrast)
    nothing = np.zeros(len(images))
    scorer.fit([images, tokens], nothing, batch_size=128, epochs=epochs, verbose=2)
    return look, read
