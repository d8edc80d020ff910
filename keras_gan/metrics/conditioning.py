"""Whether the asked class is found in what was drawn."""

import numpy as np

from keras_gan.data.examples import Examples
from keras_gan.metrics.classifier import Classifier, accuracy
from keras_gan.metrics.sides import checked_draw


def conditioning_accuracy(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray
) -> dict:
    """Measures in how many images a classifier of real data finds the asked class.

    It can't pass what the classifier itself finds in real images by much, and says
    nothing of variety: one good image a class would do. Of several attributes it is
    called once for each, with a classifier of that attribute.

    Args:
        classifier: What `train_classifier` made of real data.
        images: Generated images in [-1, 1] of shape
            `(num_images, height, width, channels)`, or uint8.
        labels: The classes they were asked for, integers of shape `(num_images,)`.

    Returns:
        A dict of `"accuracy"`, the share of images in which the asked class is
        found; `"chance"`, the share of the class most often asked for;
        `"classifier_accuracy"`, that of the classifier on held-out real images;
        `"num_images"`; and `"by_class"`, a dict from class to the accuracy among the
        images that were asked for it.

    Raises:
        ValueError: If the images leave [-1, 1], or a label is none of the classifier's.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    images = checked_draw(images, images.shape)
    _check_labels(labels, len(images), classifier.num_classes)
    asked = Examples(images, labels, "generated")
    shares = {int(label): float(np.mean(labels == label)) for label in set(labels)}
    return {
        "accuracy": accuracy(classifier, asked),
        "chance": max(shares.values()),
        "classifier_accuracy": classifier.test_accuracy,
        "num_images": len(labels),
        "by_class": {
            label: accuracy(classifier, asked.at(np.flatnonzero(labels == label)))
            for label in sorted(shares)
        },
    }


def _check_labels(labels: np.ndarray, num_images: int, num_classes: int) -> None:
    if labels.dtype.kind not in "iu" or labels.shape != (num_images,):
        found = f"shape={labels.shape}, dtype={labels.dtype}"
    elif ((labels < 0) | (labels >= num_classes)).any():
        found = f"labels from {labels.min()} to {labels.max()}"
    else:
        return
    raise ValueError(
        f"`labels` must be the class of each of {num_images} images, integers from 0 "
        f"to {num_classes - 1}. Received: {found}."
    )
