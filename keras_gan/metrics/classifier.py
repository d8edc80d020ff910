"""A small classifier of the data's own labels, whose features judge generators."""

import hashlib
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from keras_gan.data.cache import keras_home
from keras_gan.data.examples import Examples
from keras_gan.data.pipeline import shuffled_indices
from keras_gan.loading import load_model
from keras_gan.metrics.features import FeatureExtractor

NUM_FEATURES = 64
_MOST_WIDTH = 64


@keras.saving.register_keras_serializable(package="keras_gan")
class Classifier(keras.Model):
    """Tells the classes of images; its last hidden layer are the features.

    What a network learned on the data's own labels sees what matters in them, where
    one trained on photographs need not. Its numbers compare runs that were judged by
    the same classifier; they are not the published ones.

    3x3 convolutions of stride 2 down to a side of 4 or less, then 64 features.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: Number of classes.
        seed: Of the weights, the dropout and the order of the examples.
        data: What it was trained on, for reports.
        test_accuracy: Share of held-out images that it tells right, once known.

    Attributes:
        features: The `FeatureExtractor` named `classifier`.
        probabilities: The same of the classes' probabilities, for `InceptionScore`.

    Example:

    ```python
    train, test = load_examples("mnist"), load_examples("mnist", "test")
    classifier = train_classifier(train, test)
    evaluation = Evaluation(test, train=train, classifier=classifier)
    ```
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        num_classes: int,
        *,
        seed: int = 0,
        data: str = "",
        test_accuracy: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_shape = _checked_shape(image_shape)
        self.num_classes = num_classes
        self.seed = seed
        self.data = data
        self.test_accuracy = test_accuracy
        self.trunk = _trunk(self.image_shape, seed)
        self.dropout = layers.Dropout(0.3, seed=seed)
        self.head = layers.Dense(
            num_classes, kernel_initializer=_weights(seed, "head"), name="logits"
        )
        self.head.build((None, NUM_FEATURES))
        self.built = True
        self.features = FeatureExtractor(self.trunk, "classifier")
        softmax = keras.Sequential([self.trunk, self.head, layers.Softmax()])
        self.probabilities = FeatureExtractor(softmax, "classifier")

    def call(self, images, training=False):
        return self.head(self.dropout(self.trunk(images), training=training))

    def probabilities_of(self, features: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes for features of the extractor.

        Args:
            features: Array of shape `(num_images, num_features)`.

        Returns:
            Float64 array of shape `(num_images, num_classes)`.
        """
        logits = ops.convert_to_numpy(self.head(features)).astype("float64")
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def get_config(self):
        return {
            "name": self.name,
            "image_shape": self.image_shape,
            "num_classes": self.num_classes,
            "seed": self.seed,
            "data": self.data,
            "test_accuracy": self.test_accuracy,
        }


def train_classifier(
    train: Examples,
    test: Examples | None = None,
    *,
    seed: int = 0,
    num_steps: int = 2000,
    batch_size: int = 64,
) -> Classifier:
    """Train a classifier, in about a minute on two cores for 28x28 images.

    The same seed gives the same classifier on the same machine.

    Args:
        train: Labelled images.
        test: Labelled images to measure the accuracy on; `None` keeps a seeded fifth
            of `train` out for that.
        seed: See `Classifier`.
        num_steps: Number of steps.
        batch_size: Images in a step.
    """
    if train.labels is None:
        raise ValueError(
            "A classifier needs labels. Received: "
            f"{train.name!r}, which has none. Use other features, such as `random`."
        )
    if test is None:
        order = np.random.default_rng(seed).permutation(len(train))
        fifth = len(train) // 5
        train, test = train.at(order[fifth:]), train.at(order[:fifth])
    num_classes = max(train.num_classes or 0, test.num_classes or 0)
    data = f"{train.name} {train.split}".strip()
    classifier = Classifier(train.images.shape[1:], num_classes, seed=seed, data=data)
    batch_size = min(batch_size, len(train))
    _fit(classifier, _batches(train, batch_size, seed), num_steps)
    classifier.test_accuracy = accuracy(classifier, test)
    return classifier


def cached_classifier(
    train: Examples,
    test: Examples | None = None,
    *,
    seed: int = 0,
    cache_dir: str | os.PathLike | None = None,
    **options: Any,
) -> Classifier:
    """Return the classifier of the data from a file, which is written where missing.

    Args:
        train: As for `train_classifier`, and so are `test`, `seed` and the options.
        cache_dir: Folder of the files; `None` is `keras_gan` in Keras' own folder.
    """
    digest = hashlib.sha256(repr((seed, options)).encode())
    for examples in (train, test):
        content = "none" if examples is None else examples.fingerprint
        digest.update(f" {content}".encode())
    folder = Path(cache_dir or Path(keras_home()) / "keras_gan").expanduser()
    stem = train.name.replace("/", "-")
    path = folder / f"classifier-{stem}-{digest.hexdigest()[:16]}.keras"
    if path.is_file():
        return load_model(path)
    classifier = train_classifier(train, test, seed=seed, **options)
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    classifier.save(draft)
    draft.replace(path)
    return classifier


def accuracy(classifier: Classifier, examples: Examples) -> float:
    """Return the share of examples whose class is told right."""
    features = classifier.features.extract(examples.images)
    told = classifier.probabilities_of(features).argmax(axis=1)
    return float(np.mean(told == examples.labels))


def _trunk(image_shape: tuple[int, ...], seed: int) -> keras.Sequential:
    network = keras.Sequential([keras.Input(image_shape)], name="classifier_trunk")
    side, width = max(image_shape[:2]), 32
    while side > 4:
        for layer in _block(width, seed, f"conv_{side}"):
            network.add(layer)
        side, width = -(-side // 2), _MOST_WIDTH
    network.add(layers.Flatten())
    network.add(
        layers.Dense(
            NUM_FEATURES,
            activation="relu",
            kernel_initializer=_weights(seed, "features"),
            name="features",
        )
    )
    return network


def _block(width: int, seed: int, name: str) -> tuple[keras.layers.Layer, ...]:
    convolution = layers.Conv2D(
        width,
        3,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=_weights(seed, name),
        name=name,
    )
    # So short a training wants statistics that follow at once.
    return convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU()


def _weights(seed: int, name: str) -> keras.initializers.Initializer:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return keras.initializers.HeNormal(seed=int.from_bytes(digest[:4], "big") >> 1)


def _fit(classifier: Classifier, batches: tf.data.Dataset, num_steps: int) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, num_steps)
    classifier.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    classifier.fit(
        batches, epochs=1, steps_per_epoch=num_steps, shuffle=False, verbose=0
    )


def _batches(train: Examples, batch_size: int, seed: int) -> tf.data.Dataset:
    indices_at = shuffled_indices(len(train), batch_size, seed)
    assert train.labels is not None
    with tf.device("CPU:0"):
        images, labels = tf.constant(train.images), tf.constant(train.labels)

    def batch_at(step):
        indices = indices_at(step)
        chosen = tf.gather(images, indices)
        if chosen.dtype == tf.uint8:
            chosen = tf.cast(chosen, tf.float32) / 127.5 - 1.0
        return chosen, tf.gather(labels, indices)

    steps = tf.data.Dataset.range(tf.int64.max)
    return steps.map(batch_at).prefetch(2)


def _checked_shape(image_shape: Any) -> tuple[int, int, int]:
    if len(image_shape) != 3:
        raise ValueError(
            "A classifier takes images of shape (height, width, channels). Received: "
            f"image_shape={tuple(image_shape)}."
        )
    return tuple(image_shape)
