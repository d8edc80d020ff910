"""Words as numbers: what a text game was trained with, and what a phone needs."""

import json
import os
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_gan.data.pipeline import checked_count

# The ids that are no words, as in `keras.layers.TextVectorization`.
PADDING = 0
UNKNOWN = 1
_FIRST_WORD = 2


class Vocabulary:
    """Words and their ids, and how a text becomes a row of them.

    A text is split into words as `keras.layers.TextVectorization` does by default: the
    letters A to Z become small, the 32 punctuation marks of ASCII go, and what is left
    is split at white space. Id 0 is padding, 1 any word that is not known, 2 the first
    word, and so on. Neither Keras nor TensorFlow is needed for it, so that it can be
    written anew in a few lines wherever a generator runs (docs/games/text.md).

    Args:
        words: The words, small and without punctuation.
        length: Ids in a row: longer texts are cut, shorter ones padded.

    Example:

    >>> vocabulary = Vocabulary(["red", "heart"], length=4)
    >>> vocabulary.tokenise(["A red heart!"]).tolist()
    [[1, 2, 3, 0]]
    """

    def __init__(self, words: Sequence[str], length: int):
        self.length = checked_count("length", length)
        self.words = list(words)
        wrong = [word for word in self.words if words_of(word) != [word]]
        if isinstance(words, str) or not self.words or wrong:
            shown = f"{wrong[0]!r} among them" if wrong else repr(words)
            raise ValueError(
                "`words` must be a list of single words, small and without "
                f"punctuation. Received: {shown}. `Vocabulary.of(texts)` makes one."
            )
        if len(set(self.words)) < len(self.words):
            twice = Counter(self.words).most_common(1)[0][0]
            raise ValueError(
                f"Every word has one id. Received: {twice!r} more than once in `words`."
                " Leave the repetitions out."
            )
        self._ids = {
            word: index for index, word in enumerate(self.words, start=_FIRST_WORD)
        }

    @classmethod
    def of(
        cls,
        texts: Iterable[str],
        *,
        length: int = 16,
        min_count: int = 1,
        max_words: int | None = None,
    ) -> "Vocabulary":
        """Returns the vocabulary of texts, the most frequent word first.

        Args:
            texts: The texts, or any nesting of lists of them.
            length: Ids in a row.
            min_count: How often a word must stand in them.
            max_words: How many words there are at most.
        """
        counts = Counter(word for text in _flat(texts) for word in words_of(text))
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        kept = [word for word in ordered if counts[word] >= min_count][:max_words]
        if not kept:
            raise ValueError(
                f"No word stands {min_count} times in the texts. Received: "
                f"{len(counts)} words. Give more texts, or a smaller `min_count`."
            )
        return cls(kept, length)

    @property
    def num_ids(self) -> int:
        """How many ids there are, padding and the unknown word among them."""
        return len(self.words) + _FIRST_WORD

    def tokenise(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the ids of texts, int32 of shape `(num_texts, length)`."""
        ids = np.full((len(_listed(texts)), self.length), PADDING, np.int32)
        for row, text in zip(ids, texts, strict=True):
            words = words_of(text)[: self.length]
            row[: len(words)] = [self._ids.get(word, UNKNOWN) for word in words]
        return ids

    def unknown(self, text: str) -> list[str]:
        """Returns the words of a text that have no id."""
        return [word for word in words_of(text) if word not in self._ids]

    def text_vectorization(self) -> Any:
        """Returns the Keras layer that does the same in a TensorFlow graph."""
        import keras

        return keras.layers.TextVectorization(
            vocabulary=self.words,
            output_sequence_length=self.length,
            name="text_vectorization",
        )

    def to_json(self) -> dict[str, Any]:
        """Returns a description that `from_json` reads."""
        return {"length": self.length, "words": self.words}

    @classmethod
    def from_json(cls, description: dict[str, Any]) -> "Vocabulary":
        """Returns the vocabulary that `to_json` described."""
        if not isinstance(description, dict) or set(description) != {"length", "words"}:
            raise ValueError(
                "Expected a dict with `length` and `words`. Received: "
                f"{description!r:.100}. `Vocabulary.save` writes such a file."
            )
        return cls(**description)

    def save(self, path: str | os.PathLike) -> Path:
        """Writes it as a JSON file and returns the path."""
        path = Path(path)
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=0)
        path.write_text(f"{text}\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Vocabulary":
        """Reads what `save` wrote."""
        return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.words)} words, length={self.length})"


def words_of(text: str) -> list[str]:
    """Returns the words of a text, as a vocabulary knows them."""
    if not isinstance(text, str):
        raise ValueError(
            f"A text must be a string. Received: {text!r:.60} of type "
            f"{type(text).__name__}. Give a list of strings."
        )
    # Of bytes Python, like TensorFlow, knows the letters and the spaces of ASCII only.
    small = text.encode().lower().translate(None, string.punctuation.encode())
    return [word.decode() for word in small.split()]


def _listed(texts: Any) -> Any:
    if isinstance(texts, str):
        raise ValueError(
            f"Expected a list of texts. Received: the text {texts!r:.60}. Put it into "
            "a list: `[text]`."
        )
    return texts


def _flat(texts: Any) -> Iterable[str]:
    for item in _listed(texts):
        if isinstance(item, (list, tuple)):
            yield from _flat(item)
        else:
            yield item
