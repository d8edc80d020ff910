"""Which metrics an evaluation takes, and why it leaves others out."""

from collections.abc import Iterable, Mapping
from typing import Any

from keras_gan.metrics import measures
from keras_gan.metrics.features import fd_name
from keras_gan.metrics.parzen import NUM_VALIDATION
from keras_gan.registry import unknown

METRICS = (
    *measures.OF_FEATURES,
    *("diversity", "support", "memorisation", "modes", "inception_score"),
    *("path_length", "parzen"),
)
# Measured only where asked for: its number alone says little about a generator.
ON_REQUEST = ("parzen",)


def chosen(
    asked: Iterable[str] | None, reasons: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the metrics to measure, and why others are left out.

    Args:
        asked: Names of `METRICS`, each of which must be measurable then; `None` for
            all that are, but those `ON_REQUEST`.
        reasons: What `unavailable` gives.
    """
    asked = (asked,) if isinstance(asked, str) else asked
    if asked is None:
        unasked = {*reasons, *ON_REQUEST}
        return tuple(name for name in METRICS if name not in unasked), dict(reasons)
    asked = tuple(asked)
    for name in asked:
        if name not in METRICS:
            raise ValueError(unknown("metric", name, METRICS))
    missing = [f"{n}: {reason}" for n, reason in reasons.items() if n in asked]
    if missing:
        raise ValueError(
            f"Not all metrics can be measured here. {' '.join(missing)} Received: "
            f"metrics={list(asked)}."
        )
    partly = {n: why for n, why in reasons.items() if n.partition("(")[0] in asked}
    return asked, partly


def unavailable(
    evaluation: Any, without_fd: Mapping[str, str], num_features: int
) -> dict[str, str]:
    """Return why metrics can not be measured, by their names.

    Args:
        evaluation: An `Evaluation` whose data and extractors are known.
        without_fd: What `too_wide` gives.
        num_features: Number of extractors.
    """
    reasons = dict(without_fd)
    if len(without_fd) == num_features:
        reasons = {"fd": " ".join(without_fd.values())}
    if not evaluation.is_image:
        reasons["diversity"] = "the data are vectors."
        reasons["path_length"] = "the data are vectors."
    enough = len(evaluation.data) > NUM_VALIDATION + 1
    if not (evaluation.is_image and evaluation.has_held_out and enough):
        reasons["parzen"] = (
            f"it takes more than {NUM_VALIDATION} images that were not trained on."
        )
    if evaluation.train is None:
        reasons["memorisation"] = "no training data were given."
    if evaluation.classifier is None:
        reasons["inception_score"] = "there is no classifier."
        if evaluation.data.mixture is None:
            reasons["modes"] = "there are no known modes and no classifier."
    return reasons


def too_wide(
    extractors: Iterable[Any], widths: Mapping[str, int], num_images: int
) -> dict[str, str]:
    """Return why some extractors have no Fréchet distance, by what it is called."""
    return {
        fd_name(extractor): (
            f"{extractor.name} has {widths[extractor.name]} features, so it takes more "
            f"images than that on each side, and there are {num_images}."
        )
        for extractor in extractors
        if num_images <= widths[extractor.name]
    }
