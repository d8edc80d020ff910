"""What the parts of a game's batch must be.

A game lists them as its `batch_parts`, under the names that its `unpack` gives them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.data.checks import RANGE_TOLERANCE
from keras_gan.models import checks


@dataclass(frozen=True)
class Examples:
    """Images in [-1, 1] or vectors, finite, float32 and not all the same.

    Args:
        shape: Shape of one example; three sizes make it an image.
    """

    shape: tuple[int, ...]

    def check_spec(self, name: str, spec: tf.TypeSpec):
        """Raises unless tensors of `spec` are batches of such examples."""
        shown = f"(batch, {', '.join(map(str, self.shape))})"
        _check_dense(name, spec, shown)
        if spec.shape.rank is not None and checks.fits(spec.shape[1:], self.shape):
            if None in spec.shape[1:]:
                raise ValueError(_unknown_sizes(name, spec, self.shape))
        elif spec.shape.rank is None:
            raise ValueError(_unknown_sizes(name, spec, self.shape))
        else:
            raise ValueError(
                f"The networks were built for `{name}` of shape {shown}. Received "
                f"batches of shape {spec.shape}. {_shape_advice(spec, self.shape)}"
            )
        if spec.dtype == tf.uint8:
            raise ValueError(_range_message(None, "uint8"))
        if spec.dtype != tf.float32:
            scaled = ", images scaled to [-1, 1]" if spec.dtype.is_integer else ""
            raise ValueError(
                f"Expected float32 batches of `{name}`, floating-point as the "
                f"networks compute. Received: {spec.dtype.name}. Cast them with "
                f"`tf.cast(x, 'float32')`{scaled}."
            )

    def check_values(self, name: str, values: np.ndarray):
        """Raises unless the values themselves can be learned from."""
        bad = int(values.size - np.count_nonzero(np.isfinite(values)))
        if bad:
            raise ValueError(
                f"Expected finite numbers. Received: {bad} values of `{name}` that are "
                f"NaN or infinite, of {values.size}. Remove those examples."
            )
        low, high = values.min(), values.max()
        if len(values) > 1 and low == high:
            raise ValueError(
                f"Expected examples that differ. Received: `{name}` in which all "
                f"values are the same, {low:.4g}. Look at how they were loaded."
            )
        if len(self.shape) != 3:
            return
        if max(-low, high) > 1.0 + RANGE_TOLERANCE:
            raise ValueError(_range_message(values, values.dtype.name))
        if low >= 0.0 and high > 0.0:
            raise ValueError(
                f"Images must span [-1, 1]. Received values in [{low:.3g}, "
                f"{high:.3g}], which looks like [0, 1]: scale with `2 * x - 1`."
            )


@dataclass(frozen=True)
class Tokens:
    """Captions as rows of token ids, integers in [0, num_ids), 0 being padding.

    Args:
        length: Ids in a row.
        num_ids: How many ids there are.
    """

    length: int
    num_ids: int

    def check_spec(self, name: str, spec: tf.TypeSpec):
        """Raises unless tensors of `spec` are batches of such rows."""
        shown = f"(batch, {self.length})"
        _check_dense(name, spec, shown)
        if spec.dtype == tf.string:
            raise ValueError(
                f"Expected `{name}` as token ids. Received: strings. Encode them: "
                "`vocabulary.tokenise(texts)`, which `keras_gan.data.from_captions` "
                "calls."
            )
        if spec.shape.rank != 2 or spec.shape[1] != self.length:
            raise ValueError(
                f"The networks were built for `{name}` of shape {shown}. Received "
                f"batches of shape {spec.shape}. Encode the captions with the "
                "vocabulary of the game."
            )
        if not spec.dtype.is_integer:
            raise ValueError(
                f"Expected `{name}` as integers in [0, {self.num_ids}). Received: "
                f"{spec.dtype.name}. `vocabulary.tokenise(texts)` gives them."
            )

    def check_values(self, name: str, values: np.ndarray):
        """Raises unless every row is a caption of known ids."""
        if values.min() < 0 or values.max() >= self.num_ids:
            raise ValueError(
                f"Expected `{name}` in [0, {self.num_ids}). Received: values from "
                f"{values.min()} to {values.max()}. Encode the captions with the "
                "vocabulary of the game."
            )
        empty = int(np.count_nonzero(~values.any(axis=1)))
        if empty:
            raise ValueError(
                f"Every image needs a caption. Received: {empty} of {len(values)} rows "
                f"of `{name}` without a word, all padding. Caption those images, or "
                "leave them out."
            )


@dataclass(frozen=True)
class Labels:
    """Classes, as integers in [0, num_classes), or one-hot.

    Args:
        num_classes: How many classes there are: labels have the shape `(batch,)`, or
            are one-hot, `(batch, num_classes)`. A tuple of the numbers of several
            attributes: they have the shape `(batch, num_attributes)`.
    """

    num_classes: int | tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the integers of one example."""
        return () if isinstance(self.num_classes, int) else (len(self.num_classes),)

    def check_spec(self, name: str, spec: tf.TypeSpec):
        """Raises unless tensors of `spec` are batches of labels."""
        shown = f"(batch, {self.shape[0]})" if self.shape else "(batch,)"
        _check_dense(name, spec, shown)
        if self._is_one_hot(tuple(spec.shape or ())):
            return
        if spec.shape.rank is None or not checks.fits(spec.shape[1:], self.shape):
            advice = "Give one integer an example."
            if self.shape:
                advice = f"Give {self.shape[0]} integers an example, one an attribute."
            elif spec.shape.rank == 2 and spec.shape[1] == 1:
                advice = "Drop the last axis: `labels[:, 0]`."
            elif spec.shape.rank == 2:
                advice += f" One-hot labels have {self.num_classes} columns."
            raise ValueError(
                f"Expected `{name}` of shape {shown}. Received: {spec.shape}. {advice}"
            )
        if not spec.dtype.is_integer:
            raise ValueError(
                f"Expected `{name}` as integers in {self._range}. Received: "
                f"{spec.dtype.name}. Whole numbers are cast with "
                "`tf.cast(labels, 'int32')`; what is no class is no label."
            )

    def check_values(self, name: str, values: np.ndarray):
        """Raises unless every label names a class."""
        if self._is_one_hot(values.shape):
            if not ((values == 0) | (values == 1)).all() or (values.sum(1) != 1).any():
                raise ValueError(
                    f"Expected one-hot `{name}`, a single 1 in a row of zeros. "
                    f"Received: rows whose sums are from {values.sum(1).min()} to "
                    f"{values.sum(1).max()}. Give the classes as integers."
                )
            return
        if values.min() < 0 or (values >= np.asarray(self.num_classes)).any():
            low, high = (
                tuple(ends.tolist()) if self.shape else int(ends)
                for ends in (values.min(0), values.max(0))
            )
            raise ValueError(
                f"Expected `{name}` in {self._range}. Received: values from {low} to "
                f"{high}. Count the classes from 0, and remove examples without one."
            )

    def indices(self, labels):
        """Turns what the checks let pass into integers, `(batch, *shape)` int32."""
        if self._is_one_hot(labels.shape):
            labels = tf.argmax(labels, axis=-1)
        return tf.cast(labels, "int32")

    @property
    def _range(self) -> str:
        if not self.shape:
            return f"[0, {self.num_classes})"
        return " x ".join(f"[0, {size})" for size in self.num_classes)

    def _is_one_hot(self, shape) -> bool:
        is_row = len(shape) == 2 and isinstance(self.num_classes, int)
        return is_row and shape[1] == self.num_classes


def examples_of(data: Any, key: str) -> Any:
    """Returns the examples in a batch of data, for `unpack`.

    Args:
        data: Examples, a tuple of up to three that begins with them, or a dict.
        key: Their key in a dict.
    """
    part = data
    if isinstance(part, (tuple, list)) and 1 <= len(part) <= 3:
        part = part[0]
    if isinstance(part, dict) and key not in part:
        raise ValueError(
            f"Expected a batch with the key '{key}'. Received: {outline(part)}. Rename "
            f"one: `dataset.map(lambda batch: {{'{key}': batch[...]}})`."
        )
    if isinstance(part, dict):
        part = part[key]
    if part is None or isinstance(part, (dict, list, tuple)):
        raise ValueError(
            "Expected batches of examples: a tensor, a tuple of up to three that "
            f"begins with it, or a dict with the key '{key}'. Received: "
            f"{outline(data)}. Use `dataset.map` to bring them into this form."
        )
    return part


def belonging(data: Any, key: str, position: int) -> Any:
    """Returns what belongs to the examples in a batch of data, for `unpack`.

    Args:
        data: A tuple of the parts of a batch, or a dict.
        key: The key of the part in a dict.
        position: Its place in a tuple.
    """
    part = data
    # Keras hands a batch that is a dict on as the first of three.
    if isinstance(part, (tuple, list)) and part and isinstance(part[0], dict):
        part = part[0]
    if isinstance(part, dict) and key in part:
        return part[key]
    if isinstance(part, (tuple, list)) and len(part) > position:
        if part[position] is not None:
            return part[position]
    raise ValueError(
        f"Expected a batch with `{key}`: a dict with this key, or a tuple in which it "
        f"is number {position + 1}. Received: {outline(data)}. Make the dataset of "
        f"both: `keras_gan.data.from_arrays({{'image': ..., '{key}': ...}})`."
    )


def outline(data: Any) -> str:
    """Says in a few words how a batch is made."""
    if isinstance(data, dict):
        return f"a dict with the keys {sorted(map(str, data))}"
    if isinstance(data, (list, tuple)):
        kinds = ", ".join(type(x).__name__ for x in data[:4])
        more = ", ..." if len(data) > 4 else ""
        return f"a {type(data).__name__} of {len(data)} ({kinds}{more})"
    return type(data).__name__


def _check_dense(name: str, spec: Any, shown: str):
    if not isinstance(spec, tf.TensorSpec):
        raise ValueError(
            f"Expected `{name}` as dense tensors of shape {shown}. Received: "
            f"{type(spec).__name__}. Batch the dataset, and make ragged and sparse "
            "tensors dense."
        )


def _unknown_sizes(name: str, spec: Any, expected: tuple) -> str:
    return (
        f"The networks were built for `{name}` of shape (batch, "
        f"{', '.join(map(str, expected))}). Received batches of shape {spec.shape}, "
        "whose sizes nobody knows before they come. State them: `dataset.map(lambda "
        f"x: tf.ensure_shape(x, {(None, *expected)}))`."
    )


def _shape_advice(spec: Any, expected: tuple) -> str:
    shape = spec.shape
    if tuple(shape) == expected:
        return "Batch the dataset: `dataset.batch(batch_size, drop_remainder=True)`."
    if shape.rank == 1:
        return "Labels or names stand where the examples belong, first in a tuple."
    if shape.rank == len(expected) == 3:
        return "Images need a channel axis: `images[..., None]`."
    if shape.rank == 4 and len(expected) == 3 and shape[1] == expected[-1]:
        return "Images are NHWC here: transpose with `(0, 2, 3, 1)`."
    return "Resize the data, or build the networks for its shape."


def _range_message(values: np.ndarray | None, dtype: str) -> str:
    span = ""
    if values is not None:
        span = f" with values in [{values.min():.4g}, {values.max():.4g}]"
    return (
        f"Images must be floats in [-1, 1]. Received: {dtype}{span}. Scale with "
        "`x / 127.5 - 1`, or let `keras_gan.data.from_arrays` do it."
    )
