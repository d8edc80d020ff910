"""Export a game that draws texts: for token ids, for strings, with its vocabulary."""

import pathlib
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from keras_gan.export.all_formats import export_all
from keras_gan.export.errors import ExportError
from keras_gan.export.samplers import Rows
from keras_gan.export.saved_model import export_saved_model
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath


def export_text_to_image(
    game: Any,
    folder: StrPath,
    *,
    artefacts: Iterable[str] = ("saved_model", "tflite", "onnx"),
    seed: int = 0,
    **options: Any,
) -> dict[str, pathlib.Path]:
    """Write the generator of a text game in several forms, with its vocabulary.

    The files of `export_all` take token ids, `tokens`, as the game itself does. Beside
    them `saved_model_texts` is a SavedModel that takes strings, `texts` of shape
    `(batch,)`, and splits them into words itself. Whoever runs a file that takes ids
    finds the words in `vocabulary.json` and makes the ids with
    `keras_gan.data.Vocabulary.load(path).tokenise(texts)`, or with the few lines that
    docs/games/text.md has for other languages.

    Args:
        game: A `TextToImage` with a vocabulary.
        folder: Where everything goes.
        artefacts: As in `export_all`.
        seed: Seed of the drawn inputs.
        **options: Passed to `export_all`.

    Returns:
        Name of each artefact to its path, with `"saved_model_texts"` and
        `"vocabulary"`.

    Example:

    ```python
    paths = export_text_to_image(game, "exported")
    draw = load_artefact(paths["saved_model_texts"])
    images = draw({"latents": game.sample_latents(1), "texts": ["a red heart"]})
    ```
    """
    vocabulary = getattr(game, "vocabulary", None)
    if vocabulary is None:
        raise ExportError(
            "Expected a game with a vocabulary. Received: "
            f"{type(game).__name__}, which knows no words. Export it with `export_all`."
        )
    folder = pathlib.Path(folder)
    paths = export_all(game, folder, artefacts=artefacts, seed=seed, **options)
    model = _taking_strings(game)
    prompts = np.array(game.prompts or vocabulary.words[:16], object)
    spec = GeneratorSpec.of(model).adjusted(
        latents=game.input_samplers["latents"],
        texts={"role": "tokens", "sampler": Rows(prompts)},
    )
    paths["saved_model_texts"] = export_saved_model(
        model, folder / "saved_model_texts", spec=spec, seed=seed
    )
    paths["vocabulary"] = vocabulary.save(folder / "vocabulary.json")
    return paths


def _taking_strings(game: Any) -> keras.Model:
    latents = keras.Input((game.latent_dim,), name="latents")
    texts = keras.Input((), dtype="string", name="texts")
    tokens = game.vocabulary.text_vectorization()(texts)
    images = game.ema_generator({"latents": latents, "tokens": tokens}, training=False)
    return keras.Model({"latents": latents, "texts": texts}, images, name="generator")
