"""Perceptrons for data that is no image: 2-D mixtures, embeddings, feature vectors."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_gan.networks.shapes import check_sizes


def vector_generator(
    num_features: int,
    latent_dim: int = 16,
    *,
    hidden_units: Sequence[int] = (128, 128),
    name: str = "generator",
) -> keras.Model:
    """A ReLU perceptron from latents to vectors, its output linear.

    For mixtures of Gaussians in the plane, where one can see which modes a loss
    loses (Metz et al., 2017, arXiv:1611.02163), and for other data without a grid.

    Args:
        num_features: Length of a generated vector.
        latent_dim: Length of a latent vector.
        hidden_units: Widths of the hidden layers.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from latents of shape `(batch, latent_dim)` to float32 vectors of shape
        `(batch, num_features)`.

    Example:

    >>> vector_generator(2).output_shape
    (None, 2)
    """
    check_sizes(latent_dim=latent_dim)
    return _perceptron("latents", latent_dim, hidden_units, num_features, name)


def vector_discriminator(
    num_features: int,
    *,
    hidden_units: Sequence[int] = (128, 128),
    name: str = "discriminator",
) -> keras.Model:
    """A ReLU perceptron from vectors to a logit, the opponent of `vector_generator`.

    Args:
        num_features: Length of a vector.
        hidden_units: Widths of the hidden layers.
        name: Name of the model and prefix of its layers' names.

    Returns:
        A model from vectors of shape `(batch, num_features)` to float32 logits of
        shape `(batch, 1)`.

    Example:

    >>> vector_discriminator(2).output_shape
    (None, 1)
    """
    check_sizes(num_features=num_features)
    return _perceptron("vectors", num_features, hidden_units, 1, name)


def _perceptron(input_name, input_dim, hidden_units, output_dim, name):
    check_sizes(num_features=output_dim, hidden_units=hidden_units)
    x = inputs = keras.Input((input_dim,), name=input_name)
    for index, units in enumerate(hidden_units):
        x = layers.Dense(units, activation="relu", name=f"{name}_hidden_{index + 1}")(x)
    outputs = layers.Dense(output_dim, dtype="float32", name=f"{name}_output")(x)
    return keras.Model(inputs, outputs, name=name)
