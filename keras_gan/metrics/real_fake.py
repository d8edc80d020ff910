"""The base of metrics that hold generated images against real ones in `fit`."""

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics import features as features_lib


class RealFakeMetric(keras.metrics.Metric):
    """Base of the metrics that `compile(metrics=...)` of a game takes.

    `update_state(real, fake)` takes images; subclasses make their variables in
    `make_state`, override `update(real, fake)`, which sees features, and `result`.
    Everything accumulates in float64, and under a `tf.distribute` strategy the
    variables are summed over the replicas. Smaller is better, for callbacks with
    `mode="auto"`; a subclass of which more is better sets `_direction = "up"`.

    Args:
        features: What the images are looked at through: whatever
            `keras_gan.metrics.features.get` takes. `None` is `"random"` for images
            and `"pixels"` for vectors.
        name: Name of the metric; `evaluate` logs it, `fit` as `val_<name>`. By default
            its `kind`, such as `kid`, and with `features` given also their name:
            `kid(pixels)`.
    """

    kind = ""
    _direction = "down"

    def __init__(self, features=None, *, name: str | None = None):
        if name is None and features is not None:
            name = features_lib.result_name(self.kind, features_lib.name_of(features))
        super().__init__(name=name or self.kind, dtype="float64")
        self._features = features
        self._extractor = None

    def make_state(self, num_features: int):
        """Makes the variables."""
        raise NotImplementedError

    def update(self, real, fake):
        """Takes in the float64 features of a batch, `(batch, num_features)` each."""
        raise NotImplementedError

    def progress(self):
        """What the batches' logs show: the result, or NaN where it costs too much."""
        return tf.constant(np.nan, "float32")

    @property
    def is_saved(self) -> bool:
        """Whether a config alone can make this metric again.

        A network's weights are in no config, so features must be named ones or a
        registered function.
        """
        if self._features is None or isinstance(self._features, (str, dict)):
            return True
        try:
            network = features_lib.get(self._features).get_config()["network"]
            if not isinstance(network, str):
                keras.saving.deserialize_keras_object(network)
        except (TypeError, ValueError):
            return False
        return True

    def build(self, example_shape: tuple[int, ...]):
        """Makes the variables for examples of this shape, without the batch."""
        if self._extractor is not None:
            return
        default = "random" if len(example_shape) == 3 else "pixels"
        extractor = features_lib.get(
            default if self._features is None else self._features
        )
        found = extractor(tf.zeros((2, *example_shape)))
        self.make_state(int(found.shape[-1]))
        self._extractor = extractor

    def prepare(self, example_shape: tuple[int, ...], jit_compile: bool):
        """Builds it for a game; raises where NumPy's features would be compiled."""
        self.build(example_shape)
        if jit_compile and self._extractor.num_features is not None:
            raise ValueError(
                f"The metric {self.name!r} looks through a function of NumPy arrays, "
                "which is never compiled. Received: jit_compile=True. Give "
                "`jit_compile=False`, or measure in `callbacks.Evaluate`."
            )

    def update_state(self, real, fake):
        real, fake = tf.convert_to_tensor(real), tf.convert_to_tensor(fake)
        if real.shape[1:] != fake.shape[1:]:
            raise ValueError(
                f"The metric {self.name!r} compares examples of one shape. Received: "
                f"real {tuple(real.shape)} and generated {tuple(fake.shape)}."
            )
        if self._extractor is None:
            with tf.init_scope():
                self.build(tuple(real.shape[1:]))
        self.update(self._look_at(real), self._look_at(fake))

    def _look_at(self, images):
        size = tf.shape(images)[0]
        if num_replicas() > 1:
            # A replica may get nothing of the last batch, which few networks take.
            rest = [[0, 0]] * (len(images.shape) - 1)
            images = tf.pad(images, [[0, tf.cast(size == 0, "int32")], *rest])
        # Rounding a difference of nearly equal sums must not show in the result.
        return tf.cast(self._extractor(images)[:size], "float64")

    def new_variable(self, shape: tuple[int, ...], name: str, dtype: str = "float64"):
        return self.add_variable(shape, "zeros", dtype=dtype, name=name)

    def get_config(self) -> dict:
        given = self._features
        if given is not None and not isinstance(given, (str, dict)):
            given = keras.saving.serialize_keras_object(given)
        return {"features": given, "name": self.name}


def numpy_of(variable) -> np.ndarray:
    """The value of a metric's variable, under a strategy that of all replicas."""
    # A view: what is kept may be large.
    return np.asarray(tf.convert_to_tensor(variable.value))


def num_replicas() -> int:
    """Replicas of the strategy whose scope this is."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica():
    """Number of the replica that asks, from 0."""
    if num_replicas() == 1:
        return 0
    return tf.distribute.get_replica_context().replica_id_in_sync_group
