"""The text games, tiny: from token ids and from embeddings."""

import keras
import numpy as np
from PIL import Image

from keras_gan import TextToImage, data, networks

COLORS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}
SHAPES = ("square", "cross")
LATENT_DIM, CONDITION_DIM = 6, 4
EMBEDDING_DIM = 5


def pictures(count=384):
    """Colored squares and crosses of 8x8 pixels, with two captions each."""
    rng = np.random.default_rng(2)
    images = rng.integers(0, 40, (count, 8, 8, 3)).astype("uint8")
    captions = []
    for index, image in enumerate(images):
        color, shape = list(COLORS)[index % 3], SHAPES[index // 3 % 2]
        if shape == "square":
            image[2:6, 2:6] = COLORS[color]
        else:
            image[3:5] = image[:, 3:5] = COLORS[color]
        captions.append([f"A {color} {shape}.", f"{shape}, {color}"])
    return images, captions


def emoji(folder):
    """Writes pictures and their names as `examples/text_to_image.py` reads them."""
    names = ["red heart", "blue flower", "smiling face", "sad cat", "green book"]
    names += ["yellow circle", "square clock"]
    lines = ["file,codepoints,group,caption,keywords"]
    for style in ("noto", "twemoji"):
        (folder / style).mkdir()
        for index, image in enumerate(pictures(60)[0]):
            Image.fromarray(image).save(folder / style / f"{index}.png")
    for index in range(60):
        lines.append(f"{index}.png,,symbols,{names[index % len(names)]},thing;*")
    (folder / "names.csv").write_text("\n".join(lines) + "\n")
    return ["--data", folder]


def vocabulary():
    return data.Vocabulary([*COLORS, *SHAPES], length=4)


def embed(texts):
    """Stands for an encoder that somebody else has trained."""
    words = ["a", *COLORS, *SHAPES]
    table = np.random.default_rng(9).normal(size=(len(words), EMBEDDING_DIM))
    ids = [[words.index(word) for word in data.words_of(text)] for text in texts]
    return np.stack([table[row].mean(0) for row in ids]).astype("float32")


def from_tokens(batch_size=32):
    return data.from_captions(
        *pictures(), vocabulary().tokenise, batch_size=batch_size, seed=3
    )


def from_embeddings(batch_size=32):
    return data.from_captions(*pictures(), embed, batch_size=batch_size, seed=3)


def text_game(**compile_options):
    words = vocabulary()
    return _game(
        lambda: networks.text_encoder(words.num_ids, words.length, dim=8),
        compile_options,
        vocabulary=words,
    )


def embeddings_game(**compile_options):
    return _game(
        lambda: networks.embeddings_encoder(EMBEDDING_DIM, dim=8),
        compile_options,
        embedding_dim=EMBEDDING_DIM,
        prompts=embed(["a red square"]),
    )


def _game(encoder, compile_options, **options):
    keras.utils.set_random_seed(7)
    game = TextToImage(
        networks.text_generator(
            (8, 8, 3), encoder(), LATENT_DIM, condition_dim=CONDITION_DIM, width=4
        ),
        networks.text_discriminator((8, 8, 3), encoder(), text_dim=8, width=4),
        latent_dim=LATENT_DIM + CONDITION_DIM,
        seed=11,
        **options,
    )
    if "generator_optimizer" not in compile_options:
        for player in ("generator", "discriminator"):
            optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5)
            compile_options[f"{player}_optimizer"] = optimizer
    game.compile(**compile_options)
    return game


def text_inputs(count):
    texts = ["red cross", "blue square", "green", "a tree"]
    return _inputs(count, tokens=vocabulary().tokenise(texts))


def embeddings_inputs(count):
    return _inputs(count, embeddings=embed(["red cross", "blue square"]))


def _inputs(count, **texts):
    size = (count, LATENT_DIM + CONDITION_DIM)
    latents = np.random.default_rng(5).normal(size=size).astype("float32")
    return {
        "latents": latents,
        **{key: rows[np.arange(count) % len(rows)] for key, rows in texts.items()},
    }
