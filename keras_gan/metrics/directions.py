"""Which way a number gets better, by its name."""

_LOWER = ("fd", "fid", "kid", "mind", "mode_kl", "ppl", "copied_share", "l1")
_HIGHER = (
    "precision",
    "recall",
    "coverage",
    "num_modes",
    "high_quality_share",
    "is",
    "inception_score",
    "retrieval_recall",
    "parzen",
    "ssim",
)
# Better where it is higher, up to the floor; of others of the kind it is where lower.
_HIGHER_TO_THE_FLOOR = ("density", "support")
# What another number was measured with, or how sure it is.
_NEITHER = ("kid_deviation", "parzen_standard_error", "parzen_sigma")


def better(name: str) -> str:
    """Return which way a number is better: lower, higher, or as near as the floor.

    Empty for what only says how another number was measured.

    Args:
        name: As in a report or in the logs, such as `"kid(random)"` or `"val_ssim"`.
    """
    kind = _kind(name)
    if kind in _NEITHER:
        return ""
    if kind in _LOWER:
        return "lower"
    return "higher" if kind in _HIGHER else "as the floor"


def mode_of(name: str) -> str:
    """Return the mode of a callback that monitors this number: `"min"` or `"max"`.

    Of numbers that are not ours it is `"max"` where they end as Keras' accuracies do,
    else `"min"`, as losses are meant.

    Raises:
        ValueError: If it is better neither where higher nor where lower.
    """
    kind = _kind(name)
    if kind == "copying_z" or kind in _NEITHER:
        raise ValueError(
            "A callback cannot tell which way this number is better. Received: "
            f'monitor={name!r}. Give `mode="min"` or `mode="max"`.'
        )
    is_higher = kind in (*_HIGHER, *_HIGHER_TO_THE_FLOOR)
    return "max" if is_higher or kind.endswith(("acc", "accuracy")) else "min"


def _kind(name: str) -> str:
    return name.removeprefix("val_").partition("(")[0]
