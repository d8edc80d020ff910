"""Feature extractors: images or vectors in, one row of features for each out."""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics.architecture import architecture
from keras_gan.metrics.checks import OVERSTEP, check_positive
from keras_gan.metrics.random_network import random_network
from keras_gan.registry import unknown

PUBLISHED_FID = "inception-2015"
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


@keras.saving.register_keras_serializable(package="keras_gan")
class FeatureExtractor:
    """A network that metrics look through, with the name that enters every result.

    Its distance is called `fd(NAME)`, and `fid` only where the name is
    `"inception-2015"`: the published numbers are those of that network. To get them,
    convert its weights to a Keras model or a SavedModel and wrap it in a function
    from images in [-1, 1] to the 2,048 features of its last pooling; the resize to
    299x299 of the TensorFlow 1 graph and the range it wants are part of the function.

    Args:
        network: A Keras model, or any function of TensorFlow or Keras operations,
            from float32 images in [-1, 1] of shape `(batch, height, width, channels)`
            or vectors `(batch, dim)` to features of shape `(batch, num_features)`.
            Or the name of an extractor of `NAMES`.
        name: What results call it; by default the name of the network.
        num_channels: Channels that the network takes; images of one are repeated. By
            default those of a Keras model's input.
        num_features: Given for a function of NumPy arrays, such as one that runs
            another framework's network: the number of features that it returns. It is
            called outside of the graph, on the host.

    Example:

    ```python
    extractor = FeatureExtractor(inception, "inception-2015", num_channels=3)
    evaluation = Evaluation(images, features=("random", extractor))
    ```
    """

    def __init__(
        self,
        network: keras.Model | Callable[[tf.Tensor], tf.Tensor] | str,
        name: str | None = None,
        *,
        num_channels: int | None = None,
        num_features: int | None = None,
    ) -> None:
        if num_features is not None:
            check_positive(num_features=num_features)
        self._known_as = network if isinstance(network, str) else None
        if isinstance(network, str):
            _check_known(network, name, num_features)
            name, (network, num_channels) = network, _named(network)
        self.network: Any = network
        self.name = _checked_name(name or _name_of(network))
        self.num_channels = num_channels or _input_channels(network)
        self.num_features = num_features
        self._functions: dict[Any, Any] = {}
        self._probed: str | None = None

    def __call__(self, images: Any) -> tf.Tensor:
        """Return the features of a batch; may be traced.

        Args:
            images: Images in [-1, 1] or unsigned 8-bit, or vectors.

        Returns:
            Float32 tensor of shape `(batch, num_features)`.
        """
        images = self._with_channels(_as_floats(images))
        features = self._features_of(images)
        if getattr(getattr(features, "shape", None), "rank", None) != 2:
            raise ValueError(
                "Features must be one tensor of shape (batch, num_features). Received: "
                f"{getattr(features, 'shape', type(features).__name__)} from the "
                f"extractor {self.name!r}. End the network with a pooling or a Flatten."
            )
        return tf.cast(features, tf.float32)

    def _features_of(self, images: tf.Tensor) -> Any:
        if self.num_features is not None:
            features = tf.numpy_function(self._of_arrays, [images], tf.float32)
            return tf.ensure_shape(features, (images.shape[0], self.num_features))
        if isinstance(self.network, keras.Model):
            return self.network(images, training=False)
        return self.network(images)

    def _of_arrays(self, images: np.ndarray) -> np.ndarray:
        features = np.asarray(self.network(images), "float32")
        if features.shape != (len(images), self.num_features):
            raise ValueError(
                f"The extractor {self.name!r} must return an array of shape "
                f"({len(images)}, {self.num_features}) for images of shape "
                f"{images.shape}. Received: {features.shape}."
            )
        return features

    def extract(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """Return the features of many images.

        Args:
            images: An array as above, or an iterable of batches, such as a
                `tf.data.Dataset`.
            batch_size: Images of an array that are taken at a time.

        Returns:
            Float32 array of shape `(num_images, num_features)`.
        """
        batches = _batches(images, batch_size)
        tensors = map(_checked_batch, batches)
        parts = [self._traced(batch)(batch).numpy() for batch in tensors]
        if not parts:
            raise ValueError("There are no images to take features of. Received: none.")
        return np.concatenate(parts)

    def _traced(self, batch: tf.Tensor) -> Any:
        """The extractor as a function of batches of any size."""
        key = (tuple(batch.shape[1:]), batch.dtype)
        if key not in self._functions:
            spec = tf.TensorSpec((None, *key[0]), batch.dtype)
            self._functions[key] = self._checked(
                tf.function(self.__call__, input_signature=[spec])
            )
        return self._functions[key]

    def _checked(self, function: Any) -> Any:
        try:
            function.get_concrete_function()
        except NotImplementedError as error:
            raise ValueError(
                "An extractor must be a function of TensorFlow or Keras operations, as "
                f"it is traced. Received: {self.name!r}, which calls NumPy: {error}. "
                "Use `keras.ops`, or say how many features it returns: "
                "`FeatureExtractor(function, name, num_features=...)`."
            ) from error
        return function

    def _with_channels(self, images: tf.Tensor) -> tf.Tensor:
        wanted, rank = self.num_channels, images.shape.rank
        if wanted is None or rank != 4 or images.shape[-1] == wanted:
            return images
        if images.shape[-1] != 1:
            raise ValueError(
                f"The extractor {self.name!r} takes images of {wanted} channels, or of "
                f"one. Received: images of shape {tuple(images.shape)}."
            )
        return tf.repeat(images, wanted, axis=-1)

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and of what else is known of the network.

        Of a function it is the name and, once it has seen images, what it makes of a
        few fixed ones of their shape, roughly: another machine rounds otherwise.
        """
        digest = hashlib.sha256(self.name.encode())
        if isinstance(self.network, keras.Model):
            digest.update(architecture(self.network).encode())
            for weight in self.network.get_weights():
                digest.update(np.ascontiguousarray(weight).tobytes())
        else:
            digest.update(_name_of(self.network).encode())
            digest.update(self._response.encode())
        return digest.hexdigest()[:16]

    @property
    def _response(self) -> str:
        # The functions of this package are known by their names.
        if self._known_as is None and self._probed is None and self._functions:
            shape, _ = next(iter(self._functions))
            probe = np.random.default_rng(0).uniform(-1, 1, (4, *shape))
            rows = self(probe).numpy().astype("float64")
            weights = np.linspace(1.0, 2.0, rows.shape[1])
            sums = [np.maximum(side, 0.0) @ weights for side in (rows, -rows)]
            self._probed = " ".join(f"{value:.3g}" for value in np.concatenate(sums))
        return self._probed or ""

    def get_config(self) -> dict[str, Any]:
        network: Any = self._known_as
        if network is None and _is_named_function(self.network):
            network = keras.saving.serialize_keras_object(self.network)
        if network is None:
            raise ValueError(
                "An extractor of a model or an unnamed function has no config: it "
                "would come back with other weights, or none. Received: "
                f"name={self.name!r}. Name a known one or a registered function, or "
                "pass it anew."
            )
        return {
            "network": network,
            "name": self.name,
            "num_channels": self.num_channels,
            "num_features": self.num_features,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FeatureExtractor":
        config = dict(config)
        if not isinstance(config["network"], str):
            config["network"] = keras.saving.deserialize_keras_object(config["network"])
        return cls(**config)

    def __repr__(self) -> str:
        return f"FeatureExtractor(name={self.name!r})"


def get(identifier: Any) -> FeatureExtractor:
    """Return the extractor that a name, a config, a model or a function stands for.

    Args:
        identifier: `"pixels"`, `"random"`, `"keras-inception-v3"`, a Keras model, a
            function, a serialised `FeatureExtractor` or one itself.
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, FeatureExtractor):
        return identifier
    if isinstance(identifier, str) or callable(identifier):
        return FeatureExtractor(identifier)
    raise ValueError(
        "Features must be a name, a Keras model, a function or a FeatureExtractor. "
        f"Received: {identifier!r}. Known names: {', '.join(NAMES)}."
    )


def name_of(identifier: Any) -> str:
    """Return the name of what `get` takes; a network known by name is not built."""
    if isinstance(identifier, str) and identifier in _BUILDERS:
        return identifier
    return get(identifier).name


def result_name(kind: str, name: str) -> str:
    """Return what a number is called that was taken through an extractor.

    Args:
        kind: What was measured, such as `"kid"`.
        name: Name of the extractor.
    """
    if kind == "fd" and name == PUBLISHED_FID:
        return "fid"
    return f"{kind}({name})"


def fd_name(extractor: FeatureExtractor) -> str:
    """Return what its Fréchet distance is called: `fid`, or `fd(NAME)`."""
    return result_name("fd", extractor.name)


def pixels(images: tf.Tensor) -> tf.Tensor:
    """The values themselves, as rows."""
    return tf.reshape(images, (-1, images.shape[1:].num_elements()))


@keras.saving.register_keras_serializable(package="keras_gan")
class InceptionImages(keras.layers.Layer):
    """Brings images in [-1, 1] to 299x299: bilinear, antialiased, in floats."""

    def call(self, images):
        return tf.image.resize(images, (299, 299), "bilinear", antialias=True)


def _keras_inception() -> keras.Model:
    """Pool features of Keras Applications' InceptionV3, which wants [-1, 1]."""
    try:
        inception = keras.applications.InceptionV3(
            include_top=False,
            weights="imagenet",
            input_shape=(299, 299, 3),
            pooling="avg",
        )
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            "The weights of keras-inception-v3 could not be fetched: "
            f"{type(error).__name__}: {reason}. Run this once on a machine with a "
            "network and copy ~/.keras/models/inception_v3_weights_tf_dim_ordering_"
            "tf_kernels_notop.h5 to the same place here, or use other features: "
            "random, pixels, or a classifier."
        ) from error
    images = keras.Input((None, None, 3))
    return keras.Model(images, inception(InceptionImages()(images)))


_BUILDERS: dict[str, Callable[[], tuple[Any, int | None]]] = {
    "pixels": lambda: (pixels, None),
    "random": lambda: (random_network, None),
    "keras-inception-v3": lambda: (_keras_inception(), 3),
}
NAMES = tuple(_BUILDERS)


def _named(name: str) -> tuple[Any, int | None]:
    if name not in _BUILDERS:
        if name == "classifier":
            raise ValueError(
                "The features of a classifier come with it. Received: 'classifier'. "
                "Pass `Evaluation(..., classifier=train_classifier(train, test))`, or "
                "its `features` as an extractor."
            )
        raise ValueError(unknown("features", name, NAMES))
    return _BUILDERS[name]()


def _check_known(network: str, name: str | None, num_features: int | None) -> None:
    if name not in (None, network) or num_features is not None:
        raise ValueError(
            f"The extractor {network!r} has its own name and number of features. "
            f"Received: name={name!r}, num_features={num_features}. Leave them out."
        )


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "The name of an extractor must be of letters, digits and . _ + -. "
            f"Received: name={name!r}."
        )
    return name


def _name_of(network: Any) -> str:
    name = getattr(network, "name", None) or getattr(network, "__name__", None)
    return name or type(network).__name__


def _is_named_function(network: Any) -> bool:
    return getattr(network, "__name__", "<lambda>") != "<lambda>"


def _input_channels(network: Any) -> int | None:
    shape = getattr(network, "input_shape", None)
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 4 else None


def _checked_batch(images: Any) -> tf.Tensor:
    """Raises on what a network would take for images and see wrongly."""
    if isinstance(images, (tuple, dict)):
        raise ValueError(
            "Features are taken of batches of images alone. Received: a "
            f"{type(images).__name__} of {len(images)}. Map the dataset to its images."
        )
    images = tf.convert_to_tensor(images)
    if images.shape.rank != 4 or images.dtype == tf.uint8:
        return images
    if not images.dtype.is_floating or tf.reduce_max(tf.abs(images)) > 1 + OVERSTEP:
        raise ValueError(
            "Images must be floats in [-1, 1], or uint8. Received: "
            f"dtype={images.dtype.name}, values from {tf.reduce_min(images):g} to "
            f"{tf.reduce_max(images):g}. Scale them by `x / 127.5 - 1`."
        )
    return images


def _as_floats(images: Any) -> tf.Tensor:
    images = tf.convert_to_tensor(images)
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32) / 127.5 - 1.0
    return tf.cast(images, tf.float32)


def _batches(images: Any, batch_size: int) -> Iterable[Any]:
    if isinstance(images, (np.ndarray, tf.Tensor)):
        return (images[i : i + batch_size] for i in range(0, len(images), batch_size))
    return images
