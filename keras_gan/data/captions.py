"""Pipelines of images with what is said of each."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from keras_gan.data.arrays import from_arrays
from keras_gan.data.images import ImageSize
from keras_gan.data.pipeline import Pipeline
from keras_gan.data.vocabulary import words_of

# Apart from the order of the examples, which depends on the seed too.
_STREAM = 0x63617074696F6E


def from_captions(
    images: np.ndarray,
    captions: Sequence[str | Sequence[str]],
    encode: Callable[[list[str]], np.ndarray],
    *,
    image_size: ImageSize | None = None,
    batch_size: int = 64,
    seed: int = 0,
    name: str = "captions",
) -> Pipeline:
    """Makes a pipeline of images and their captions, encoded once beforehand.

    Of several captions of an image each batch takes one, drawn from seed and step.

    Args:
        images: As for `from_arrays`.
        captions: One for each image, or a list of them for each.
        encode: From a list of texts to an array with a row for each: token ids, as
            `Vocabulary.tokenise` gives, or the embeddings of any encoder of sentences.
        image_size: As for `from_arrays`.
        batch_size: Number of examples in a batch.
        seed: Integer that order and choice of the captions depend on.
        name: Name of the data, for reports.

    Returns:
        A `Pipeline` of dicts of `"image"`, float32 of shape
        `(batch, height, width, channels)`, and either `"tokens"`, int32 of shape
        `(batch, length)`, or `"embeddings"`, float32 of shape `(batch, dim)`.

    Raises:
        ValueError: If an image has no caption, or one without a word.

    Example:

    >>> pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")
    >>> captions = ["a red heart", ["a cat", "an animal"]]
    >>> from keras_gan.data import Vocabulary
    >>> vocabulary = Vocabulary.of(captions, length=4)
    >>> pairs = from_captions(pixels, captions, vocabulary.tokenise, batch_size=2)
    >>> next(iter(pairs))["tokens"].shape
    (2, 4)
    """
    several = _checked(captions, len(images))
    rows = _encoded(encode, [text for texts in several for text in texts])
    key = "tokens" if rows.dtype.kind in "iu" else "embeddings"
    counts = np.array([len(texts) for texts in several], np.int32)
    aligned = from_arrays(
        {"image": images, "first": np.cumsum(counts) - counts, "count": counts},
        image_size=image_size,
        batch_size=batch_size,
        seed=seed,
        name=name,
    )
    with tf.device("CPU:0"):
        table = tf.constant(rows, tf.int32 if key == "tokens" else tf.float32)

    def batch_at(step: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = aligned.batch_at(step)
        fractions = tf.random.stateless_uniform(
            [batch_size], tf.stack([seed ^ _STREAM, step]), alg="philox"
        )
        count = tf.cast(batch["count"], tf.float32)
        chosen = batch["first"] + tf.cast(fractions * count, tf.int32)
        return {"image": batch["image"], key: tf.gather(table, chosen)}

    return Pipeline(
        batch_at,
        len(aligned),
        batch_size=batch_size,
        example_shape=aligned.example_shape,
        name=name,
        num_examples=aligned.num_examples,
    )


def _checked(captions, num_images: int) -> list[list[str]]:
    if isinstance(captions, str) or len(captions) != num_images:
        received = "one text" if isinstance(captions, str) else len(captions)
        raise ValueError(
            f"Expected captions for each of {num_images} images. Received: {received}."
            " Give a list with one entry, a text or a list of texts, for each image."
        )
    several = [[x] if isinstance(x, str) else x for x in captions]
    missing = [
        index
        for index, texts in enumerate(several)
        if not isinstance(texts, (list, tuple, np.ndarray))
        or not len(texts)
        or not all(isinstance(text, str) and words_of(text) for text in texts)
    ]
    if missing:
        raise ValueError(
            f"Every image needs a caption with a word in it. Received: {len(missing)} "
            f"images without, the first is number {missing[0]} with "
            f"{captions[missing[0]]!r:.60}. Caption them, or leave them out."
        )
    return [list(texts) for texts in several]


def _encoded(encode, texts: list[str]) -> np.ndarray:
    rows = np.asarray(encode(texts))
    if rows.ndim != 2 or len(rows) != len(texts) or rows.dtype.kind not in "iuf":
        raise ValueError(
            f"`encode` must give numbers of shape ({len(texts)}, length), a row for "
            f"each text. Received: {rows.dtype} of shape {rows.shape}. "
            "`Vocabulary.tokenise` does."
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            "`encode` must give finite numbers. Received: NaN or infinity in "
            f"{int((~np.isfinite(rows)).any(1).sum())} rows. Look at those texts."
        )
    return rows
