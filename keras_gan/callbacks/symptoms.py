"""What the numbers of `Health` mean, in words, and what usually helps.

References:
    Karras et al., 2020 (arXiv:2006.06676): r_v and r_t
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Where the rules of `Health` set in.

    Attributes:
        overfitting: r_v that the discriminator surely exceeds, by two standard errors.
            0 is none, 1 is all by heart (Karras et al., 2020); at 0.3 a third of its
            lead over the fakes is memory.
        confidence: r_t above it, where no held-out images can tell. Karras et al. keep
            it at 0.6 by augmentation. By itself it is a hint only: r_t is as high on
            data that is easy to tell from fakes.
        winning: Mean belief that real images are real above it, and that fakes are
            below `1 - winning`. That it is right says little: a discriminator in good
            balance may be, without being sure.
        losing: Separation below it. Guesses on 128 images of each kind deviate by
            0.07.
        vanishing: Gradient of the generator by that of the discriminator. Balanced
            games stay within a factor of ten of 1.
        collapse: Diversity below it that does not rise by a tenth from one measurement
            to the next, as it does while a generator learns its first shapes. Two
            pictures, repeated, have half the diversity of the real images.
        fading: Share of its best diversity that the run has lost. Best is 1 at most:
            noise of the first epochs may be further apart than real images are.
        patience: Measurements in a row that must agree before anything is said.
    """

    overfitting: float = 0.3
    confidence: float = 0.6
    winning: float = 0.95
    losing: float = 0.1
    vanishing: float = 0.01
    collapse: float = 0.5
    fading: float = 1 / 3
    patience: int = 3


NONFINITE = "non-finite numbers"
OVERFITTING = "an overfitting discriminator"
CONFIDENT = "a discriminator that may overfit"
WINNING = "a discriminator that wins"
LOSING = "a discriminator that guesses"
VANISHING = "a vanishing gradient of the generator"
COLLAPSE = "a collapse of the samples"
FADING = "samples that lose variety"

ADVICE = {
    NONFINITE: "{nonfinite:.0f} weights or losses are NaN or infinite, and no training "
    "recovers from that. Go back to the last saved model; a lower learning rate, R1 or "
    "a gradient clip usually helps, and float32 if this is float16.",
    OVERFITTING: "the discriminator knows its training images by heart: it gives them "
    "{train_logit:.2f} on average, unseen real images {held_out_logit:.2f}, fakes "
    "{fake_logit:.2f} (r_v {r_v:.2f}). The samples will get worse from here. More data "
    "or augmentation helps, then R1, a smaller discriminator, or stopping.",
    CONFIDENT: "the discriminator is right about most training images (r_t {r_t:.2f}). "
    "That may be because it learns them by heart, or because the fakes are still easy "
    "to tell: held-out images would say which, so give `held_out`. If the samples get "
    "worse, more data, augmentation, R1 or stopping helps.",
    WINNING: "the discriminator is sure of nearly all images: it believes "
    "{real_probability:.0%} of the real and {fake_probability:.0%} of the fake ones to "
    "be real. The generator learns little from a judge that is never in doubt. R1, "
    "a lower learning rate of the discriminator or augmentation usually helps.",
    LOSING: "the discriminator tells real from fake no better than a guess "
    "(separation {separation:.2f}). If the samples are good, the game has converged; "
    "if not, it is too weak: a higher learning rate, more discriminator_steps, a wider "
    "network or a weaker penalty usually helps.",
    VANISHING: "the generator's gradient is {gradient_ratio:.1e} of the "
    "discriminator's: it stands still while the other learns. A loss that does not "
    "saturate (non_saturating, hinge, relativistic_paired) or R1 usually helps.",
    COLLAPSE: "generated images are only {diversity:.2f} as far apart as real ones: "
    "the generator repeats itself. R1 with relativistic_paired, minibatch standard "
    "deviation, lower learning rates or larger batches usually help.",
    FADING: "generated images are {diversity:.2f} as far apart as real ones, and were "
    "more than that earlier in this run: the generator is dropping kinds of images. "
    "The model of the best epoch may be the better one; R1, lower learning rates or "
    "larger batches usually help.",
}
URGENT = frozenset({NONFINITE})


def symptoms(
    found: dict[str, float],
    limits: Thresholds,
    *,
    anchored: bool,
    diversities: Sequence[float],
) -> list[str]:
    """Which rules one measurement meets.

    Args:
        found: The numbers of `Health`, without the prefix. A comparison with NaN is
            false, so a number that could not be had meets no rule.
        limits: Where the rules set in.
        anchored: Whether a logit means something by itself. A Wasserstein critic
            separates all images in a healthy game.
        diversities: Those of the earlier measurements, in their order.
    """
    stays = bool(diversities) and found["diversity"] <= 1.1 * diversities[-1]
    best = min(1.0, max(filter(math.isfinite, diversities), default=0.0))
    surely = found.get("r_v", 0.0) - 2.0 * found.get("r_v_error", 0.0)
    rules = {
        NONFINITE: found["nonfinite"] > 0,
        OVERFITTING: surely > limits.overfitting,
        CONFIDENT: anchored and "r_v" not in found and found["r_t"] > limits.confidence,
        WINNING: anchored
        and found["real_probability"] > limits.winning
        and found["fake_probability"] < 1.0 - limits.winning,
        LOSING: found["separation"] < limits.losing,
        # At an equilibrium both gradients are small, and nobody is stuck.
        VANISHING: found["separation"] > 0.5
        and found["gradient_ratio"] < limits.vanishing,
        COLLAPSE: found["diversity"] < limits.collapse and stays,
        FADING: found["diversity"] < (1.0 - limits.fading) * best,
    }
    return [symptom for symptom, is_met in rules.items() if is_met]


def lasting(measured: list[list[str]], patience: int) -> list[str]:
    """The symptoms of the last measurement that have held for `patience` of them.

    What is urgent counts at once.

    Args:
        measured: The symptoms of all measurements so far, in their order.
        patience: Measurements in a row that must agree.
    """
    window = measured[-patience:]
    return [
        symptom
        for symptom in (measured[-1] if measured else [])
        if symptom in URGENT
        or (len(window) == patience and all(symptom in seen for seen in window))
    ]
