"""What the numbers of `Health` mean, in words, and what usually helps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Where the rules of `Health` set in.

    Attributes:
        overfitting: r_v that the discriminator surely exceeds, by two standard errors.
            0 is none, 1 is all by heart (Karras et al., 2020); at 0.3 a third of its
            lead over the fakes is memory.
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
        patience: Measurements in a row that must agree before anything is said.
    """

    overfitting: float = 0.3
    winning: float = 0.95
    losing: float = 0.1
    vanishing: float = 0.01
    collapse: float = 0.5
    patience: int = 3


NONFINITE = "non-finite numbers"
OVERFITTING = "an overfitting discriminator"
WINNING = "a discriminator that wins"
LOSING = "a discriminator that guesses"
VANISHING = "a vanishing gradient of the generator"
COLLAPSE = "a collapse of the samples"

ADVICE = {
    NONFINITE: "{nonfinite:.0f} weights or losses are NaN or infinite, and no training "
    "recovers from that. Go back to the last saved model; a lower learning rate, R1 or "
    "a gradient clip usually helps, and float32 if this is float16.",
    OVERFITTING: "the discriminator knows its training images by heart: it gives them "
    "{train_logit:.2f} on average, unseen real images {held_out_logit:.2f}, fakes "
    "{fake_logit:.2f} (r_v {r_v:.2f}). The samples will get worse from here. More data "
    "or augmentation helps, then R1, a smaller discriminator, or stopping.",
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
}
URGENT = frozenset({NONFINITE})


def symptoms(
    found: dict[str, float],
    limits: Thresholds,
    *,
    anchored: bool,
    diversity_before: float | None,
) -> list[str]:
    """Which rules one measurement meets.

    Args:
        found: The numbers of `Health`, without the prefix. A comparison with NaN is
            false, so a number that could not be had meets no rule.
        limits: Where the rules set in.
        anchored: Whether a logit means something by itself. A Wasserstein critic
            separates all images in a healthy game.
        diversity_before: That of the last measurement, if there is one.
    """
    stays = diversity_before is not None and (
        found["diversity"] <= 1.1 * diversity_before
    )
    surely = found.get("r_v", 0.0) - 2.0 * found.get("r_v_error", 0.0)
    rules = {
        NONFINITE: found["nonfinite"] > 0,
        OVERFITTING: surely > limits.overfitting,
        WINNING: anchored
        and found["real_probability"] > limits.winning
        and found["fake_probability"] < 1.0 - limits.winning,
        LOSING: found["separation"] < limits.losing,
        # At an equilibrium both gradients are small, and nobody is stuck.
        VANISHING: found["separation"] > 0.5
        and found["gradient_ratio"] < limits.vanishing,
        COLLAPSE: found["diversity"] < limits.collapse and stays,
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
