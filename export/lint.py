"""What would go wrong in a format, found before anything is converted."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras

from keras_gan.export.errors import UnsupportedOpError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.modes import Mode
from keras_gan.export.quiet import quiet
from keras_gan.export.rewrites import OTHER_NAMES
from keras_gan.export.rules import RULES
from keras_gan.export.substitutions import replacements
from keras_gan.export.traced import TracedGenerator

_FORMAT_NAMES = {"saved_model": "A SavedModel", "tflite": "TFLite", "onnx": "ONNX"}
_MOST_LAYERS = 3


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing in a generator that a mode cannot take as it stands.

    Args:
        layer: The name of the layer it is in, empty outside of layers.
        problem: What the layer does, or what was done about it.
        op: The graph operation, empty if there is none.
        advice: The rewrite that works, empty if the exporter did it.
    """

    layer: str
    problem: str
    op: str = ""
    advice: str = ""

    @property
    def rewritten(self) -> bool:
        """Whether the exporter has dealt with it, so that it is only worth a note."""
        return not self.advice

    @property
    def sentence(self) -> str:
        """What happens where, as in "Layer `up`: nearest upsampling is one resize."""
        return _sentence([self])


def lint(
    flat: FlatGenerator, mode: Mode, batch_size: int | None = None
) -> list[Finding]:
    """Look for what a mode cannot take, and for what was traced in another form.

    Args:
        flat: The generator.
        mode: What it shall be written as.
        batch_size: The fixed batch size, `None` if it is free.

    Returns:
        Findings, those that the exporter has dealt with first.
    """
    with quiet():
        concrete = flat.function(batch_size, mode).get_concrete_function()
    outside = flat.model.name
    done = [
        Finding("" if item.layer == outside else item.layer, item.note)
        for item in replacements(concrete.graph)
    ]
    found = _found(flat, concrete, mode)
    return [*done, *_silenced(flat.model), *_shared_names(flat), *found]


def refuse(findings: Iterable[Finding], mode: Mode) -> tuple[str, ...]:
    """Raise if there is a finding that the exporter has not dealt with.

    Args:
        findings: What `lint` returned.
        mode: What the generator shall be written as.

    Returns:
        The other findings, in sentences.
    """
    findings = list(findings)
    open_findings = [finding for finding in findings if not finding.rewritten]
    if open_findings:
        by_problem: dict[tuple[str, str], list[Finding]] = {}
        for finding in open_findings:
            key = (finding.problem, finding.advice)
            by_problem.setdefault(key, []).append(finding)
        reasons = " ".join(
            f"{_sentence(group)} {advice}" for (_, advice), group in by_problem.items()
        )
        form = "" if mode.name == "float32" else f" (mode={mode.name!r})"
        name = _FORMAT_NAMES[mode.format]
        raise UnsupportedOpError(f"{name}{form} cannot run this generator. {reasons}")
    return tuple(dict.fromkeys(finding.sentence for finding in findings))


def located(
    error: UnsupportedOpError, flat: FlatGenerator, mode: Mode, batch_size=None
):
    """Return the error of a converter with the layers of the operations it names."""
    concrete = flat.function(batch_size, mode).get_concrete_function()
    nodes = TracedGenerator(flat.model, concrete).nodes
    words = set(re.findall(r"\w+", str(error)))
    layers = {f"`{node.layer}`" for node in nodes if node.layer and node.type in words}
    if not layers:
        return error
    return UnsupportedOpError(f"{error} Look into {_listed(sorted(layers))}.")


def _found(flat: FlatGenerator, concrete: Any, mode: Mode) -> Iterator[Finding]:
    rules = [rule for rule in RULES if rule.concerns(mode)]
    traced = TracedGenerator(flat.model, concrete)
    for rule in rules:
        for node in rule.finds(traced):
            yield Finding(node.layer, rule.problem, node.type, rule.advice)


def _silenced(model: keras.Model) -> Iterator[Finding]:
    """Yield layers that a functional model calls with `training=True`."""
    for layer in model._flatten_layers():
        for node in layer._inbound_nodes:
            if node.arguments.kwargs.get("training"):
                yield Finding(layer.name, "is off, though called with training=True")


def _shared_names(flat: FlatGenerator) -> Iterator[Finding]:
    for name in set(flat.spec.input_names).intersection(flat.spec.output_names):
        yield Finding("", f"input and output are both called `{name}`", "", OTHER_NAMES)


def _sentence(findings: Sequence[Finding]) -> str:
    """Say where one thing was found, once or several times."""
    layers = dict.fromkeys(f"`{item.layer}`" for item in findings if item.layer)
    place = f"Layer {_listed(layers)}" if layers else "Outside of its layers"
    ops = ", ".join(dict.fromkeys(item.op for item in findings if item.op))
    return f"{place}: {findings[0].problem}{f' ({ops})' if ops else ''}."


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _MOST_LAYERS
    shown = ", ".join(names[:_MOST_LAYERS])
    return f"{shown} and {more} more" if more > 0 else shown
