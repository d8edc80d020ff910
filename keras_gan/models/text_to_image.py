"""Texts to images: the matching-aware game of Reed et al. (2016) and StackGAN.

References:
    Reed et al., 2016 (arXiv:1605.05396): the discriminator sees wrong texts too
    Zhang et al., 2017 (arXiv:1612.03242): conditioning augmentation
"""

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.data.vocabulary import Vocabulary, words_of
from keras_gan.layers import ConditioningAugmentation
from keras_gan.models import checks, parts
from keras_gan.models.gan import GAN
from keras_gan.random import uniform


@keras.saving.register_keras_serializable(package="keras_gan")
class TextToImage(GAN):
    """A generator that draws what a text says, and a judge of image and text together.

    The discriminator sees three pairs: a real image with its text, a generated image
    with the text it was drawn for, and a real image with the text of another one. The
    first is real; the other two are fake, and count half each:
    `L(D(x, t), D(G(z, t), t)) / 2 + L(D(x, t), D(x, t')) / 2` for any loss pair `L`.
    So it learns whether an image fits its text, and not only whether it looks real.
    The wrong texts `t'` are those of the batch, moved on by a drawn number of places.

    A generator with a layer `ConditioningAugmentation` also descends
    `KL(N(mean(t), variance(t)) || N(0, 1))`, the mean over its dimensions, which its
    encoder computes in inference mode for this.

    Data are batches of images and texts: dicts with `"image"` and either `"tokens"`
    or `"embeddings"`, as `keras_gan.data.from_captions` makes them, or pairs.

    Args:
        generator: Model from a dict of `latents` `(batch, latent_dim)` and `tokens`
            `(batch, vocabulary.length)`, or `embeddings` `(batch, embedding_dim)`, to
            images.
        discriminator: Model from a dict of `images` and the same texts to logits.
        latent_dim: Number of latents of an image; with conditioning augmentation its
            noise is among them.
        vocabulary: The `keras_gan.data.Vocabulary` of the token ids.
        embedding_dim: Length of the embeddings in place of token ids. Give one of
            the two.
        prompts: What `generate` draws when it is asked for nothing in particular:
            texts, or rows of embeddings. By default the words of the vocabulary, the
            most frequent first.
        divergence_weight: Weight of the Kullback-Leibler divergence; the paper's is 1.
        **options: `latent_distribution`, `ema_momentum`, `seed` and `name`, see `GAN`.

    Example:

    ```python
    vocabulary = keras_gan.data.Vocabulary.of(captions, length=12)
    pairs = keras_gan.data.from_captions(images, captions, vocabulary.tokenise)
    game = keras_gan.recipes.stackgan_text_to_image(vocabulary, pairs.example_shape)
    game.fit(pairs, epochs=600)
    images = game.generate(texts=["a red heart"], num_images=8, seed=0)
    ```
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        latent_dim: int,
        vocabulary: Vocabulary | None = None,
        embedding_dim: int | None = None,
        prompts: Sequence[str] | np.ndarray | None = None,
        divergence_weight: float = 1.0,
        **options: Any,
    ):
        _check_texts(vocabulary, embedding_dim)
        self.vocabulary, self.embedding_dim = vocabulary, embedding_dim
        self.divergence_weight = checks.check_weight(
            "divergence_weight", divergence_weight
        )
        self.prompts = None if prompts is None else self._checked_prompts(prompts)
        super().__init__(generator, discriminator, latent_dim=latent_dim, **options)
        self._divergence = _divergence_of(generator, self.text_key)

    @property
    def conditions(self) -> dict:
        dtype = "float32" if self.vocabulary is None else "int32"
        return {self.text_key: checks.symbolic(self.text_shape, dtype)}

    @property
    def text_key(self) -> str:
        """`"tokens"` or `"embeddings"`: what texts are in batches and networks."""
        return "embeddings" if self.vocabulary is None else "tokens"

    @property
    def text_shape(self) -> tuple[int]:
        """Shape of one text."""
        if self.vocabulary is None:
            return (self.embedding_dim,)
        return (self.vocabulary.length,)

    @property
    def batch_parts(self) -> dict[str, Any]:
        texts: Any = parts.Examples(self.text_shape)
        if self.vocabulary is not None:
            texts = parts.Tokens(self.vocabulary.length, self.vocabulary.num_ids)
        return {**super().batch_parts, self.text_key: texts}

    @property
    def input_samplers(self) -> dict:
        from keras_gan.export.samplers import Rows

        (latents,) = super().input_samplers
        samplers = {"latents": latents}
        if self.vocabulary is not None or self.prompts is not None:
            samplers[self.text_key] = Rows(self._encoded_prompts(64))
        return samplers

    @property
    def loss_names(self) -> dict[str, list[str]]:
        names = super().loss_names
        adversarial, *penalties = names["discriminator"]
        names["discriminator"] = [adversarial, "matching", *penalties]
        if self._divergence is not None:
            names["generator"] = [*names["generator"], "divergence"]
        return names

    def unpack(self, data) -> dict:
        texts = parts.belonging(data, self.text_key, 1)
        return {"real": parts.examples_of(data, "image"), self.text_key: texts}

    def generator_inputs(self, latents, batch):
        return {"latents": latents, self.text_key: batch[self.text_key]}

    def discriminator_inputs(self, images, batch):
        return {"images": images, self.text_key: batch[self.text_key]}

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        critic, real = self.critic(batch, training), batch["real"]
        wrong = _moved_on(batch[self.text_key], seed)
        mismatch = self.critic({**batch, self.text_key: wrong}, training)
        real_logits, fake_logits = critic(real), critic(fakes)
        self.record_logits(real_logits, fake_logits)
        # Where another image has the same text, the pair is no wrong one.
        is_wrong = tf.reduce_any(wrong != batch[self.text_key], axis=1)
        shape = [-1] + [1] * (len(real_logits.shape) - 1)
        wrong_logits = tf.where(
            tf.reshape(is_wrong, shape), mismatch(real), fake_logits
        )
        return {
            "adversarial": 0.5 * self.loss.discriminator(real_logits, fake_logits),
            "matching": 0.5 * self.loss.discriminator(real_logits, wrong_logits),
            **self.penalty_losses(critic, real, fakes, seed, training),
        }

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        losses = super().generator_losses(batch, fakes, seed, training)
        if self._divergence is not None:
            divergence = self._divergence(batch[self.text_key])
            losses["divergence"] = self.divergence_weight * divergence
        return losses

    def generate(
        self,
        num_images: int | None = None,
        seed: int | None = None,
        *,
        texts: Sequence[str] | None = None,
        embeddings: np.ndarray | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Draws images of texts with the averaged generator.

        Words that the vocabulary does not know are all the same to the generator: a
        text with some of them warns.

        Args:
            num_images: How many; by default one for each text. More go through the
                texts again and again, fewer take the first.
            seed: The same integer gives the same images. `None` draws one from
                Python's `random`.
            texts: What to draw; by default the `prompts` of the game.
            embeddings: The same of shape `(num_texts, embedding_dim)`, where the
                game knows no words.
            batch_size: Images drawn at a time.

        Returns:
            A float32 array of shape `(num_images, height, width, channels)`.

        Raises:
            ValueError: If no word of a text is known, or texts are asked for in
                another form than the game has them in.
        """
        conditions = self._conditions(texts, embeddings, num_images)
        count = len(conditions) if num_images is None else num_images
        latents = self.sample_latents(count, seed)
        rows = np.arange(count) % len(conditions)
        inputs = {"latents": latents, self.text_key: conditions[rows]}
        return self._drawn(inputs, batch_size)

    def _conditions(self, texts, embeddings, num_images):
        if texts is not None and embeddings is not None:
            raise ValueError(
                "Expected `texts` or `embeddings`. Received: both. Leave one out."
            )
        if texts is not None:
            return self._encoded(texts)
        if embeddings is not None:
            return self._checked_embeddings(embeddings)
        return self._encoded_prompts(num_images)

    def _encoded(self, texts):
        if self.vocabulary is None:
            raise ValueError(
                "This game knows no words: it was built for embeddings of length "
                f"{self.embedding_dim}. Received: texts={texts!r:.60}. Embed them with "
                "the encoder of its training: `generate(embeddings=...)`."
            )
        tokens = self.vocabulary.tokenise(texts)
        if not len(tokens):
            raise ValueError("Expected at least one text. Received: none. Give one.")
        for text in texts:
            _check_known(text, self.vocabulary)
        return tokens

    def _checked_embeddings(self, embeddings):
        rows = np.asarray(embeddings, "float32")
        if self.vocabulary is not None or rows.shape[1:] != self.text_shape:
            expected = f"shape (num_texts, {self.embedding_dim})"
            if self.vocabulary is not None:
                expected = "`texts`, since the game has a vocabulary"
            raise ValueError(
                f"Expected {expected}. Received: embeddings of shape {rows.shape}. "
                "Give what the game was trained with."
            )
        return rows

    def _checked_prompts(self, prompts):
        if self.vocabulary is None:
            return self._checked_embeddings(prompts).tolist()
        self._encoded(prompts)
        return list(prompts)

    def _encoded_prompts(self, count):
        if self.vocabulary is not None:
            prompts = self.prompts or self.vocabulary.words[: count or 16]
            return self.vocabulary.tokenise(prompts)
        if self.prompts is None:
            raise ValueError(
                "This game has no texts of its own to draw. Received: no `embeddings`."
                " Give them to `generate`, or `prompts` to the game."
            )
        return np.asarray(self.prompts, "float32")

    def get_config(self) -> dict:
        words = None if self.vocabulary is None else self.vocabulary.to_json()
        return {
            **super().get_config(),
            "vocabulary": words,
            "embedding_dim": self.embedding_dim,
            "prompts": self.prompts,
            "divergence_weight": self.divergence_weight,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        config = dict(config)
        if config["vocabulary"] is not None:
            config["vocabulary"] = Vocabulary.from_json(config["vocabulary"])
        return super().from_config(config, custom_objects)


def _check_texts(vocabulary, embedding_dim):
    if (vocabulary is None) == (embedding_dim is None):
        raise ValueError(
            "Expected either `vocabulary`, for token ids, or `embedding_dim`. Received:"
            f" vocabulary={vocabulary!r}, embedding_dim={embedding_dim!r}. Give one."
        )
    if vocabulary is None:
        checks.check_count("embedding_dim", embedding_dim)
    elif not isinstance(vocabulary, Vocabulary):
        raise ValueError(
            f"`vocabulary` must be a `keras_gan.data.Vocabulary`. Received: "
            f"{type(vocabulary).__name__}. `Vocabulary.of(texts)` makes one."
        )


def _divergence_of(generator, text_key):
    """The divergence of the generator's conditions as a function of a batch's texts.

    A function, so that Keras does not save the layers in it a second time.
    """
    layers = [x for x in generator.layers if isinstance(x, ConditioningAugmentation)]
    if not layers:
        return None
    features = keras.Model(generator.input[text_key], layers[0].input[0])
    return lambda texts: layers[0].divergence(features(texts, training=False))


def _moved_on(texts, seed):
    """The texts of a batch, each at another place, by a number drawn from `seed`."""
    size = tf.shape(texts)[0]
    others = tf.maximum(size - 1, 1)
    # Penalties draw from the seed itself and the next one.
    fraction = uniform((), seed + 2)
    shift = 1 + tf.cast(fraction * tf.cast(others, "float32"), "int32")
    return tf.gather(texts, (tf.range(size) + shift) % size)


def _check_known(text, vocabulary):
    words, unknown = words_of(text), vocabulary.unknown(text)
    if len(unknown) == len(words):
        some = ", ".join(vocabulary.words[:8])
        raise ValueError(
            "Expected a text with a word that the game was trained with. Received: "
            f"{text!r:.80}. It knows {len(vocabulary.words)} words, such as {some}."
        )
    if unknown:
        warnings.warn(
            f"Of {text!r:.80} the game does not know {', '.join(unknown)}; the image "
            "is drawn without.",
            stacklevel=5,
        )
