"""Perceptual path length (Karras et al., 2019, arXiv:1812.04948)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keras_gan.metrics.checks import check_positive, checked_features

# A step so many times as long changes smooth pictures so many times as much, and the
# square of it; where they are rounded, the square grows by this factor only.
_LONGER = (2.0, 8.0)
# What it may be off by: the path length is off by as much.
_MOST_OFF = 1.2


class NoPathLength(ValueError):
    """A generator whose pictures do not follow a short step has no path length."""


class PathLength(NamedTuple):
    """Mean and standard deviation over the pairs that were kept."""

    mean: float
    std: float


def perceptual_path_length(
    draw: Callable[[np.ndarray], Any],
    latents: Any,
    features: Callable[[Any], Any],
    *,
    epsilon: float = 1e-4,
    straight: bool = False,
    percentiles: tuple[float, float] | None = (1.0, 99.0),
    batch_size: int = 64,
) -> PathLength:
    """How fast pictures change on the way from one latent to another.

    `E[|f(G(z)) - f(G(step(z, z', epsilon)))|^2 / epsilon^2]`: small where latents that
    are near draw what is near. The paper measures with LPIPS and so does
    torch-fidelity 0.4; with other features `f` it is another number, so write the name
    of the features beside it. As in torch-fidelity the step starts at `z`; the paper
    starts it anywhere on the way.

    The pictures must be floats as a float32 generator gives them: where it rounds, at
    its end to 256 levels or anywhere to half precision, most pairs are equal and the
    others far apart. Steps of two and eight times the length tell, and `NoPathLength`,
    which is a ValueError, is raised.

    Args:
        draw: Maps float32 latents of shape `(batch, latent_dim)` to images, equal
            latents to equal images.
        latents: Draws from the prior, of shape `(2 * num_pairs, latent_dim)`. The
            first half are starts, the second what each goes towards.
        features: Maps images to features of shape `(batch, num_features)`.
        epsilon: Length of the step as a share of the way.
        straight: Walk on lines and not on arcs. For a uniform prior, whose support is
            a cube that an arc leaves.
        percentiles: Drop the pairs below the first and above the second, as the paper
            does; None keeps all.
        batch_size: Pairs drawn at once.

    Returns:
        Mean and standard deviation over the pairs.

    Raises:
        ValueError: If the latents are no pairs, an option is out of its range, or what
            is drawn is not finite.
        NoPathLength: If the images are quantised, or don't follow so short a step.

    Example:

    >>> latents = np.random.default_rng(0).normal(size=(64, 5))
    >>> scale = lambda x: perceptual_path_length(lambda z: x * z, latents, np.asarray)
    >>> round(scale(2.0).mean / scale(1.0).mean, 3)
    4.0
    """
    check_positive(batch_size=batch_size)
    _check_epsilon(epsilon)
    _check_percentiles(percentiles)
    starts, ends = _halves(latents)
    longer = [factor for factor in _LONGER if factor * epsilon <= 1.0]
    steps = [step(starts, ends, f * epsilon, straight) for f in (1.0, *longer)]
    lengths, changes, is_varied, one = [], [], False, None
    for first in range(0, len(starts), batch_size):
        batch = slice(first, first + batch_size)
        images = np.asarray(draw(np.concatenate([x[batch] for x in (starts, *steps)])))
        _check_not_quantised(images)
        start, *stepped = np.split(images, 1 + len(steps))
        one = start[:1] if one is None else one
        is_varied |= bool((start != one).any())
        changes.append([_squared_gaps(start, images) for images in stepped])
        gaps = _squared_gaps(
            *np.split(np.asarray(features(np.concatenate([start, stepped[0]]))), 2)
        )
        if not np.isfinite(gaps).all():
            raise ValueError(
                "Images and their features must be finite. Received: "
                f"{np.sum(~np.isfinite(gaps))} of {len(gaps)} pairs with NaN or "
                "infinite ones. The generator's training diverged."
            )
        lengths.append(gaps / epsilon**2)
    near, *far = np.concatenate(changes, axis=1)
    for factor, change in zip(longer, far, strict=True):
        _check_smooth(near, factor, change, is_varied)
    kept = _without_tails(np.concatenate(lengths), percentiles)
    return PathLength(float(kept.mean()), float(kept.std()))


def step(
    starts: np.ndarray, ends: np.ndarray, share: float, straight: bool = False
) -> np.ndarray:
    """Goes a share of the way from each start to its end.

    Args:
        starts: Latents of shape `(num_pairs, latent_dim)`.
        ends: Latents of the same shape.
        share: How far, from 0 to 1.
        straight: Go on the line, else on the arc, see `keras_gan.pictures.slerp`.

    Returns:
        float32 latents of the same shape.
    """
    starts, ends = starts.astype("float64"), ends.astype("float64")
    line = starts + share * (ends - starts)
    if straight:
        return line.astype("float32")
    lengths = np.linalg.norm(starts, axis=1) * np.linalg.norm(ends, axis=1)
    cosine = np.einsum("ij,ij->i", starts, ends) / np.maximum(lengths, 1e-30)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))[:, None]
    has_arc = np.sin(angle) > 1e-6
    sine = np.where(has_arc, np.sin(angle), 1.0)
    arc = np.sin((1.0 - share) * angle) * starts + np.sin(share * angle) * ends
    return np.where(has_arc, arc / sine, line).astype("float32")


def _halves(latents: Any) -> tuple[np.ndarray, np.ndarray]:
    latents = checked_features("latents", latents).astype("float32")
    if len(latents) % 2:
        raise ValueError(
            "`latents` must hold as many starts as ends. Received: "
            f"{len(latents)} rows. Pass an even number."
        )
    return latents[: len(latents) // 2], latents[len(latents) // 2 :]


def _check_epsilon(epsilon: float) -> None:
    if not 0.0 < epsilon <= 1.0:
        raise ValueError(
            "`epsilon` must be a share of the way, above 0 and at most 1. Received: "
            f"epsilon={epsilon}."
        )


def _check_percentiles(percentiles) -> None:
    if percentiles is None:
        return
    if len(percentiles) != 2 or not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise ValueError(
            "`percentiles` must be two numbers from 0 to 100, the lower first, or None."
            f" Received: percentiles={percentiles}."
        )


def _check_not_quantised(images: np.ndarray) -> None:
    levels = (images.astype("float64") + 1.0) * 127.5
    on_levels = np.abs(levels - np.rint(levels)).max() < 1e-3
    if images.dtype.kind in "iu" or (on_levels and len(np.unique(levels)) > 2):
        raise NoPathLength(
            "`draw` must return images as floats, not rounded to 256 levels: the step "
            f"is far smaller than a level. Received: dtype={images.dtype}, all values "
            "on a level. Pass the generator's own output."
        )


def _check_smooth(near, factor: float, far, is_varied: bool) -> None:
    """Raises unless squared changes grow as the square of the step, by `factor`."""
    expected, longer = factor**2 * _typical(near), _typical(far)
    is_stuck = longer == 0.0 and is_varied
    if is_stuck or max(expected, longer) > _MOST_OFF * min(expected, longer):
        raise NoPathLength(
            "`draw` must follow a step as short as `epsilon`, as one in float32 does. "
            f"Received: for a step {factor:g} times as long the squared change of the "
            f"images is {longer:.3g} and not {expected:.3g}, as where it is quantised "
            "or in half precision. Measure the generator in float32."
        )


def _typical(gaps: np.ndarray) -> float:
    # Some pair may meet a sharp edge. Where most stay equal, all are needed.
    kept = _without_tails(gaps, (10.0, 90.0)).mean()
    return float(kept or gaps.mean())


def _squared_gaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    gaps = first.astype("float64") - second
    return np.square(gaps).reshape(len(gaps), -1).sum(axis=1)


def _without_tails(lengths: np.ndarray, percentiles) -> np.ndarray:
    if percentiles is None:
        return lengths
    low = np.percentile(lengths, percentiles[0], method="lower")
    high = np.percentile(lengths, percentiles[1], method="higher")
    return lengths[(low <= lengths) & (lengths <= high)]
