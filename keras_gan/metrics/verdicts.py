"""What the numbers of an evaluation say, in words."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

# Near-duplicates come ten times as often as among real examples: the count of those
# is ten by its calibration, and Poisson scatter stays within a factor of three.
REPEATED = 10.0
# Of its level for real data, what recall or coverage keep at least, and precision:
# that falls long before pictures look wrong.
VARIETY_KEPT = 0.5
PRECISION_KEPT = 0.25
# Of the way from the level of real data to the worst: from the held-out copied share
# to 1, and from the real similarity of pairs to 1.
WAY = 0.5
# Of a classifier's classes, the share that a draw may miss by chance beyond real data.
MODES_MISSED = 0.02
# Standard deviations by which copies lie nearer to the training data than new data do.
NEARER = -3.0


class Verdict(NamedTuple):
    """One finding.

    Attributes:
        about: `"collapse"`, `"variety"`, `"memorisation"`, `"modes"` or
            `"precision"`.
        is_problem: Whether it speaks against the generator.
        text: The sentences for a reader.
    """

    about: str
    is_problem: bool
    text: str


def verdicts(
    numbers: Mapping[str, float], floor: Mapping[str, float]
) -> tuple[Verdict, ...]:
    """Judge the numbers of an evaluation by the level of real data.

    - collapse: near-duplicates are ten times as frequent as among real examples, and
      recall or coverage is under half of the floor; or pairs are alike by more than
      half of the way from the real similarity to 1.
    - variety: recall or coverage is under half of the floor. Not told where precision
      is too low: pictures unlike the data cover nothing, however they vary.
    - memorisation: the copied share is more than half of the way from its held-out
      level to 1, and the samples are nearer to the training data by 3 deviations.
    - modes: some that real data show do not occur; of a classifier's classes, that
      real data miss by chance too, at least one and 2 % of them.
    - precision: under a quarter of the floor.

    Args:
        numbers: What `Evaluation.measure` gives, or means of it.
        floor: What `Evaluation.floor` gives, or means of it.

    Returns:
        A verdict for each of these that the numbers allow, problem or not.
    """
    judges = (_repetition, _memorisation, _modes, _precision)
    return tuple(verdict for judge in judges for verdict in judge(numbers, floor))


def _repetition(numbers, floor) -> Iterator[Verdict]:
    """Collapse, and the loss of variety that is none yet."""
    variety = _share_kept(numbers, floor, ("recall", "coverage"))
    reasons = [*_duplicates(numbers, floor, variety), *_alike_pairs(numbers, floor)]
    if reasons:
        yield Verdict(
            "collapse", True, f"Collapsed: it repeats itself: {'; '.join(reasons)}."
        )
        return
    shares = ", ".join(f"{name} is {share:.0%}" for name, share in variety.items())
    precision = _share_kept(numbers, floor, ("precision",))
    is_like_data = min(precision.values(), default=1.0) >= PRECISION_KEPT
    if variety and is_like_data and min(variety.values()) < VARIETY_KEPT:
        text = f"Loses variety: much of the data is never drawn: {shares} of its floor."
        yield Verdict("variety", True, text)
        return
    if variety and is_like_data:
        yield Verdict("variety", False, f"Variety: {shares} of its floor.")
    # Where most of the data is never drawn, repetition may hide below the threshold.
    is_varied = min(variety.values(), default=1.0) >= VARIETY_KEPT
    known = {"near_duplicates(pixels)", "ms_ssim"} & numbers.keys() & floor.keys()
    if is_varied and known:
        yield Verdict("collapse", False, "No collapse: it does not repeat itself.")


def _duplicates(numbers, floor, variety) -> Iterator[str]:
    repeats = numbers.get("near_duplicates(pixels)")
    if repeats is None or not variety:
        return
    usual = max(floor["near_duplicates(pixels)"], 10.0)
    name, kept = min(variety.items(), key=lambda item: item[1])
    if repeats > REPEATED * usual and kept < VARIETY_KEPT:
        yield (
            f"near-duplicates are {repeats / usual:.0f} times as frequent as among "
            f"real examples, as if there were {numbers['support(pixels)']:.3g} "
            f"different ones, and {name} is {kept:.0%} of its floor"
        )


def _alike_pairs(numbers, floor) -> Iterator[str]:
    alike, real_alike = numbers.get("ms_ssim"), floor.get("ms_ssim")
    if alike is None or real_alike is None:
        return
    if alike - real_alike > WAY * (1.0 - real_alike):
        yield f"pairs have a similarity of {alike:.2f}, real ones {real_alike:.2f}"


def _memorisation(numbers, floor) -> Iterator[Verdict]:
    found = {}
    for name, share in numbers.items():
        if name.startswith("copied_share("):
            space = name.removeprefix("copied_share")
            level = numbers[f"held_out_copied_share{space}"]
            is_copy = share > level + WAY * (1.0 - level)
            is_nearer = numbers[f"copying_z{space}"] < NEARER
            said = f"{share:.0%} {space} against {level:.0%} of new real examples"
            found[said] = is_copy and is_nearer
    copied = [said for said, is_problem in found.items() if is_problem]
    if copied:
        yield Verdict(
            "memorisation",
            True,
            "Memorised: it returns training examples. So many samples are nearer to "
            "one than that one is to the rest of the training data: "
            f"{'; '.join(copied)}. Look at the nearest neighbours.",
        )
    elif found:
        yield Verdict(
            "memorisation",
            False,
            "Not memorised: samples are no nearer to training examples than new real "
            f"ones are, but for chance: {'; '.join(found)}.",
        )


def _modes(numbers, floor) -> Iterator[Verdict]:
    for name in ("num_modes", "num_modes(classifier)"):
        if name in numbers and name in floor:
            covered, real = numbers[name], floor[name]
            # Means over seeds. A known mode has many points, so any lost one counts.
            margin = 0.0 if name == "num_modes" else max(1.0, MODES_MISSED * real)
            is_problem = covered < real and covered <= real - margin + 1e-9
            text = f"{covered:.4g} of the {real:.4g} modes of real data occur"
            yield Verdict("modes", is_problem, f"Modes: {text} (`{name}`).")


def _precision(numbers, floor) -> Iterator[Verdict]:
    kept = _share_kept(numbers, floor, ("precision",))
    if not kept:
        return
    shares = ", ".join(f"{name} is {share:.0%}" for name, share in kept.items())
    if min(kept.values()) < PRECISION_KEPT:
        text = f"Unlike the data: most pictures lie where no real ones do: {shares}"
        yield Verdict("precision", True, f"{text} of its floor.")
    else:
        text = f"Pictures lie where real ones do: {shares} of its floor."
        yield Verdict("precision", False, text)


def _share_kept(numbers, floor, metrics) -> dict[str, float]:
    """Of each such number, its share of the floor."""
    return {
        name: value / max(floor[name], 1e-9)
        for name, value in numbers.items()
        if name.partition("(")[0] in metrics and name in floor
    }
