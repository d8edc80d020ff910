"""Metrics inside `fit`: real images against generated ones, batch by batch.

References:
    Bińkowski et al., 2018 (arXiv:1801.01401): KID
    Heusel et al., 2017 (arXiv:1706.08500): the Fréchet distance
"""

import warnings

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics.frechet import FeatureStatistics, frechet_distance
from keras_gan.metrics.generated import MSSSIM
from keras_gan.metrics.kept import MIND, Coverage, Density, Precision, Recall
from keras_gan.metrics.paired import L1, SSIM
from keras_gan.metrics.real_fake import RealFakeMetric, numpy_of
from keras_gan.registry import Registry


@keras.saving.register_keras_serializable(package="keras_gan")
class KID(RealFakeMetric):
    """Kernel distance: the unbiased MMD² of each batch, averaged over the batches.

    `E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)]` with `k(a, b) = (a·b / d + 1)³`. Every
    batch is one of the subsets of the paper's estimator, with the batch size for
    their size (on a replica, its share of the batch). The mean of unbiased numbers is
    unbiased: about 0, below it too, for a perfect generator, at any batch size, so it
    can be trusted on few images, unlike a Fréchet distance. Smaller is better.

    Batches count as their number of images; one of a single image has no unbiased
    distance and is left out. Without any other the result is NaN. Every batch must be
    a random part of the data: of data in the order of their classes, each looks unlike
    what a generator of all classes draws.

    Args:
        features: See `RealFakeMetric`.
        name: The same.

    Example:

    ```python
    gan.compile(metrics="kid")
    best = keras.callbacks.ModelCheckpoint(
        "best.keras", monitor="val_kid", save_best_only=True
    )
    gan.fit(train, validation_data=held_out, callbacks=[best])
    ```
    """

    kind = "kid"

    def make_state(self, num_features: int):
        self.total = self.new_variable((), "total")
        self.weight = self.new_variable((), "weight")

    def update(self, real, fake):
        size = tf.shape(real)[0]
        weight = tf.cast(tf.where(size > 1, size, 0), "float64")
        self.total.assign_add(tf.math.multiply_no_nan(_mmd(real, fake), weight))
        self.weight.assign_add(weight)

    def result(self):
        # Keras' operators would divide in the dtype of the metric's policy.
        total, weight = (tf.convert_to_tensor(v.value) for v in self.variables)
        return tf.cast(total / weight, "float32")

    def progress(self):
        return self.result()


def _mmd(real, fake):
    between = tf.reduce_mean(_polynomial_kernel(real, fake))
    return _mean_of_pairs(real) + _mean_of_pairs(fake) - 2.0 * between


def _mean_of_pairs(features):
    kernel = _polynomial_kernel(features, features)
    count = tf.cast(tf.shape(features)[0], "float64")
    pairs = count * (count - 1.0)
    return (tf.reduce_sum(kernel) - tf.linalg.trace(kernel)) / pairs


def _polynomial_kernel(a, b):
    return (tf.matmul(a, b, transpose_b=True) / a.shape[-1] + 1.0) ** 3


@keras.saving.register_keras_serializable(package="keras_gan")
class FD(RealFakeMetric):
    """Fréchet distance of the features, `fd(NAME)`; streams in their moments.

    It is biased by the number of images: compare values of equally many only, and
    give clearly more than there are features. With no more than there are, the
    covariance has no full rank: the result is NaN then, and a warning says how many it
    takes. The distance itself is taken once, at the end of `evaluate`; the batches'
    logs show NaN.

    Args:
        features: See `RealFakeMetric`; of those named `inception-2015` it is the `fid`.
        name: The same.
    """

    kind = "fd"

    def __init__(self, features=None, *, name: str | None = None):
        super().__init__(features, name=name)
        self._has_warned = False

    def make_state(self, num_features: int):
        self._moments = [
            self.new_variable(shape, f"{who}_{moment}")
            for who in ("real", "fake")
            for moment, shape in (
                ("count", ()),
                ("sum", (num_features,)),
                ("products", (num_features, num_features)),
            )
        ]

    def update(self, real, fake):
        for index, values in enumerate((real, fake)):
            count, total, products = self._moments[3 * index : 3 * index + 3]
            count.assign_add(tf.cast(tf.shape(values)[0], "float64"))
            total.assign_add(tf.reduce_sum(values, 0))
            products.assign_add(tf.matmul(values, values, transpose_a=True))

    def result(self):
        moments = [numpy_of(variable) for variable in self._moments]
        if not all(np.isfinite(moment).all() for moment in moments):
            return np.nan
        fewest, num_features = int(min(moments[0], moments[3])), len(moments[1])
        if fewest <= num_features:
            self._warn_of_few(fewest, num_features)
            return np.nan
        real, fake = (
            FeatureStatistics.of_moments(int(count), total, products)
            for count, total, products in (moments[:3], moments[3:])
        )
        return frechet_distance(real, fake)

    def _warn_of_few(self, count: int, num_features: int):
        # A training must not end for it after its first epoch.
        if self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"The metric {self.name!r} is NaN: a Fréchet distance in {num_features} "
            f"features needs {num_features + 1} images or more. Received: {count} of "
            "each kind. Evaluate on more, or take `kid`, which few images suffice for.",
            stacklevel=3,
        )


METRICS = Registry(
    "metric",
    {
        "kid": KID,
        "mind": MIND,
        "fd": FD,
        "precision": Precision,
        "recall": Recall,
        "density": Density,
        "coverage": Coverage,
        "ms_ssim": MSSSIM,
        "l1": L1,
        "ssim": SSIM,
    },
    base=keras.metrics.Metric,
)


def get_all(identifiers) -> list[keras.metrics.Metric]:
    """Resolves one metric or several, each a name, a config or an object.

    Raises:
        ValueError: If two of them have one name.
    """
    if identifiers is None:
        identifiers = ()
    if isinstance(identifiers, (str, dict, type, keras.metrics.Metric)):
        identifiers = (identifiers,)
    metrics = [METRICS.resolve(identifier) for identifier in identifiers]
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise ValueError(
            f"Metrics need different names. Received: {', '.join(names)}. Give one of "
            'them another with `name="..."`.'
        )
    return metrics
