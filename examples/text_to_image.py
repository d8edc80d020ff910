"""Draw emoji from their names, and measure whether a drawing says what was asked.

python examples/text_to_image.py --data FOLDER

After 8,000 steps drawings tell 25% of held-out captions from 49 others; real pictures
tell 55%, chance 2%. Hearts, faces and clocks show, most else is blobs.
"""

import argparse
import csv
import json
import zlib
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_gan
from keras_gan import metrics, networks, penalties, pictures
from keras_gan.data import Vocabulary, from_captions

STYLE = "twemoji"  # Drawn from; the scorer learns from all styles.
IMAGE_SIZE = 32
LENGTH = 16  # A name with its keywords rarely has more words.
LATENT_DIM, CONDITION_DIM, BATCH_SIZE = 32, 64, 32
STEPS, STEPS_PER_EPOCH = 8000, 200
CANDIDATES = 50
TEXTS = ["red heart", "blue heart", "green heart", "sad face", "smiling face"]
TEXTS += ["cat face", "red circle", "blue square", "green apple", "clock"]


def read_images(folder, rows):
    """Pictures on white, uint8 of shape (num_rows, size, size, 3)."""
    images = []
    for row in rows:
        picture = Image.open(folder / row["file"]).convert("RGBA")
        image = Image.new("RGB", picture.size, "white")
        image.paste(picture, mask=picture)
        images.append(image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))
    return np.stack(images)


def captions_of(row):
    """The name, the keywords if there are some, and last both together."""
    name, keywords = row["caption"], row["keywords"].replace(";", " ")
    is_empty = not any(letter.isalnum() for letter in keywords)
    return [name] if is_empty else [name, keywords, f"{name} {keywords}"]


def build(vocabulary, shape):
    size = {"width": 32, "kernel_size": 4}
    encoders = [networks.text_encoder(vocabulary.num_ids, LENGTH) for _ in "gd"]
    game = keras_gan.TextToImage(
        networks.text_generator(
            shape, encoders[0], LATENT_DIM, condition_dim=CONDITION_DIM, **size
        ),
        networks.text_discriminator(shape, encoders[1], normalization=None, **size),
        latent_dim=CONDITION_DIM + LATENT_DIM,
        vocabulary=vocabulary,
        prompts=TEXTS,
        ema_momentum=0.998,
        seed=0,
    )
    # R1 in place of batch norm allows the high learning rate, as in digits.py.
    optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99) for _ in "gd"]
    game.compile(*optimizers, penalties=penalties.R1(gamma=1.0, interval=4))
    return game


def train_scorer(images, tokens, num_ids, epochs):
    """Two towers after Radford et al. (2021, arXiv:2103.00020): pictures and texts
    that belong together get near vectors. Returns how similar others are."""
    x = pixels = keras.Input(images.shape[1:])
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(x)
    x = keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(x)
    for width in (32, 64, 128):
        x = keras.layers.Conv2D(width, 4, 2, "same", activation="relu")(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    x = keras.layers.UnitNormalization()(keras.layers.Dense(64)(x))
    encoder = networks.text_encoder(num_ids, LENGTH, dim=64)
    y = keras.layers.Dropout(0.3)(encoder.output)
    y = keras.layers.UnitNormalization()(keras.layers.Dense(64)(y))

    def contrast(_, pairs):
        similarity = 14.0 * pairs[:, 0] @ keras.ops.transpose(pairs[:, 1])
        own = keras.ops.arange(keras.ops.shape(pairs)[0])
        cost = keras.losses.sparse_categorical_crossentropy
        sides = (similarity, keras.ops.transpose(similarity))
        return sum(cost(own, side, from_logits=True) for side in sides)

    both = keras.Model([pixels, encoder.input], keras.ops.stack([x, y], axis=1))
    both.compile(keras.optimizers.Adam(1e-3), contrast)
    nothing = np.zeros(len(images))
    both.fit([images, tokens], nothing, batch_size=128, epochs=epochs, verbose=2)
    look, read = keras.Model(pixels, x), keras.Model(encoder.input, y)
    return lambda *pair: look.predict(pair[0]) @ read.predict(pair[1]).T


def main(data, out, steps):
    keras.utils.set_random_seed(0)
    with open(data / "names.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["group"] != "flags"]
    captions = [captions_of(row) for row in rows]
    held = np.array([zlib.crc32(row["file"].encode()) % 10 == 0 for row in rows])
    images = read_images(data / STYLE, rows)
    seen = [captions[index] for index in np.flatnonzero(~held)]
    vocabulary = Vocabulary.of(seen, length=LENGTH, min_count=3)
    encode = vocabulary.tokenise
    pairs = from_captions(images[~held], seen, encode, batch_size=BATCH_SIZE)
    game, epoch = build(vocabulary, pairs.example_shape), min(steps, STEPS_PER_EPOCH)
    keep = [keras_gan.callbacks.Checkpoint(out / "checkpoints", keep=1)]
    rounds = {"epochs": steps // epoch, "steps_per_epoch": epoch}
    game.fit(pairs, callbacks=keep, verbose=2, **rounds)
    game.save(out / "game.keras")
    drawn = game.generate(texts=[text for text in TEXTS for _ in range(6)], seed=0)
    pictures.save_png(out / "samples.png", pictures.grid(drawn, columns=12))

    # The scorer learns every text, from all pictures but those held out.
    words = Vocabulary.of(captions, length=LENGTH)
    full = words.tokenise([texts[-1] for texts in captions])
    styles = sorted(path.parent.name for path in data.glob(f"*/{rows[0]['file']}"))
    known = {style: ~held | (style != STYLE) for style in styles}
    sources = [read_images(data / style, rows)[known[style]] for style in styles]
    targets = np.concatenate([full[known[style]] for style in styles])
    passes = 20 if steps >= STEPS_PER_EPOCH else 1
    scorer = train_scorer(np.concatenate(sources), targets, words.num_ids, passes)
    count = {"num_candidates": min(CANDIDATES, int(held.sum()) // 2)}
    results = {"command": f"examples/text_to_image.py --steps {steps}", **count}
    results |= {"style": STYLE, "held_out": int(held.sum()), "trained_on": len(seen)}
    results |= {"scorer_trained_on": len(targets), "seed": 0, "steps": int(game.step)}
    has_words = (encode([texts[-1] for texts in captions]) > 1).any(axis=1)
    for name, is_asked in (("held_out", held), ("seen", ~held)):
        chosen = np.flatnonzero(is_asked & has_words)[:: is_asked.sum() // held.sum()]
        texts = [captions[index][-1] for index in chosen]
        fakes = pictures.to_uint8(game.generate(texts=texts, seed=1))
        for kind, shown in (("drawn", fakes), ("real", images[chosen])):
            similar = scorer(shown, full[chosen])
            found = metrics.retrieval_recall(similar, **count)
            results[f"{name}_{kind}"] = {"num": len(chosen), **found}
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("emoji"))
    parser.add_argument("--out", type=Path, default=Path("text-example"))
    parser.add_argument("--steps", type=int, default=STEPS)
    print(main(**vars(parser.parse_args())))
