"""Text to image, as published."""

import keras

from keras_gan import networks
from keras_gan.data.vocabulary import Vocabulary
from keras_gan.models import TextToImage


def stackgan_text_to_image(
    vocabulary: Vocabulary | None = None,
    image_shape: tuple[int, int, int] = (64, 64, 3),
    *,
    embedding_dim: int | None = None,
    width: int = 64,
    prompts=None,
    seed: int | None = None,
) -> TextToImage:
    """The matching-aware game with conditioning augmentation: StackGAN's first stage.

    Adam with learning rate 2e-4 and beta_1 0.5 for 600 epochs in batches of 64, 100
    latents, texts compressed to 128 for both players (Reed et al., 2016, and Zhang et
    al., 2017; StackGAN halves the learning rate every 100 epochs). Inception Scores
    that Zhang et al. report on CUB, Oxford-102 and COCO: 2.88, 2.66 and 7.88 for Reed
    et al. at 64x64; 3.70, 3.20 and 8.45 for both stages of StackGAN at 256x256.

    Their encoder is a character network trained beforehand on the same captions; give
    `embedding_dim` to train on its embeddings or any others. With a `vocabulary` each
    player learns a `networks.text_encoder` of its own instead. What was measured with
    it here stands in docs/games/text.md.

    References:
        Reed et al., 2016 (arXiv:1605.05396)
        Zhang et al., 2017 (arXiv:1612.03242)

    Args:
        vocabulary: The vocabulary of the captions; or give `embedding_dim`.
        image_shape: `(height, width, channels)`.
        embedding_dim: Length of the embeddings of the captions.
        width: As in `networks.dcgan_generator`.
        prompts: See `TextToImage`.
        seed: See `TextToImage`.

    Returns:
        A compiled game.

    Example:

    ```python
    vocabulary = keras_gan.data.Vocabulary.of(captions)
    pairs = keras_gan.data.from_captions(images, captions, vocabulary.tokenise)
    game = stackgan_text_to_image(vocabulary, pairs.example_shape)
    game.fit(pairs, epochs=600)
    ```
    """

    def encoder():
        if vocabulary is None:
            return networks.embeddings_encoder(embedding_dim or 0)
        return networks.text_encoder(vocabulary.num_ids, vocabulary.length)

    game = TextToImage(
        networks.text_generator(image_shape, encoder(), width=width),
        networks.text_discriminator(image_shape, encoder(), width=width),
        latent_dim=228,
        vocabulary=vocabulary,
        embedding_dim=embedding_dim,
        prompts=prompts,
        seed=seed,
    )
    game.compile(
        keras.optimizers.Adam(2e-4, beta_1=0.5),
        keras.optimizers.Adam(2e-4, beta_1=0.5),
    )
    return game
