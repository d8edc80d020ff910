"""Which way a number gets better, by its name."""

_LOWER = ("fd", "fid", "kid", "mind", "mode_kl", "ppl", "copied_share", "l1")
_HIGHER = (
    "precision",
    "recall",
    "coverage",
    "num_modes",
    "high_quality_share",
    "is",
    "parzen",
    "ssim",
)
# What another number was measured with, or how sure it is.
_NEITHER = ("kid_deviation", "parzen_standard_error", "parzen_sigma")


def better(name: str) -> str:
    """Return which way a number is better: lower, higher, or as near as the floor.

    Empty for what only says how another number was measured.

    Args:
        name: As in a report or in the logs, such as `"kid(random)"` or `"val_ssim"`.
    """
    kind = name.removeprefix("val_").partition("(")[0]
    if kind in _NEITHER:
        return ""
    if kind in _LOWER:
        return "lower"
    return "higher" if kind in _HIGHER else "as the floor"


def mode_of(name: str) -> str:
    """Return the mode of a callback that monitors this number: `"min"` or `"max"`.

    Of numbers that are not ours it is `"min"`, as losses are meant.
    """
    return "max" if better(name) == "higher" else "min"
