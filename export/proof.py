"""Proof that an artefact draws what its Keras generator draws."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_gan.export import trials, verdict
from keras_gan.export.artefact import Artefact, SavedModelArtefact
from keras_gan.export.drift import drift_sentence
from keras_gan.export.endpoint_proof import check_endpoints
from keras_gan.export.errors import ParityError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.modes import Limits, Mode
from keras_gan.export.parity import (
    check_form,
    check_signature,
    opened,
    relative_error,
    run,
)
from keras_gan.export.replay import ServedModel, replay_warm_up
from keras_gan.export.trials import Arrays

# Rounding alone makes the rows of a batch differ from themselves by so much.
_INDEPENDENT = 1e-4


@dataclasses.dataclass(frozen=True)
class Proof:
    """What an artefact was tried on, and how near it came.

    Args:
        runtime: What ran it.
        batch_sizes: The batch sizes that it was compared at.
        relative_error: The largest error over the largest value, of any output.
        num_samples: How many samples were compared.
        seed: Seed of the inputs.
        quality: Of a quantised artefact, its measures by the names of `Limits`, the
            worst of its outputs; else `None`.
        limits: What was allowed.
    """

    runtime: str
    batch_sizes: tuple[int, ...]
    relative_error: float
    num_samples: int
    seed: int
    quality: dict[str, float] | None
    limits: Limits

    def to_json(self) -> dict[str, Any]:
        """Return it as what `json` can write."""
        return {**dataclasses.asdict(self), "batch_sizes": list(self.batch_sizes)}


def prove(
    flat: FlatGenerator,
    path: pathlib.Path,
    mode: Mode,
    *,
    batch_sizes: Sequence[int],
    limits: Limits | None = None,
    seed: int = 0,
) -> Proof:
    """Reload an artefact in its runtime and compare it with its generator.

    Names, dtypes and shapes must be those of the generator and every value finite, at
    each batch size; where height and width are free, also on two squares and an
    oblong. A quantised artefact is judged on 256 samples, drawn and compared batch by
    batch, so that memory stays small; the time is that of 256 runs of both, whatever
    their size. A SavedModel is also run as TensorFlow Serving does, with every
    signature and all warm-up requests.

    Args:
        flat: The generator.
        path: The artefact.
        mode: What it is.
        batch_sizes: Batch sizes to compare at, each on inputs of its own.
        limits: How far it may be from the generator, by default `mode.limits`.
        seed: Seed of the inputs.

    Returns:
        What was seen.
    """
    case = _Case(flat, path, mode, limits or mode.limits, seed, opened(path))
    check_signature(case.artefact, flat.spec)
    pairs = list(trials.trials(flat, batch_sizes, seed))
    error = max(case.compare(inputs, expected) for inputs, expected in pairs)
    if isinstance(case.artefact, SavedModelArtefact):
        error = max(error, case.serve(pairs))
    num_samples, quality = sum(batch_sizes), None
    if mode.is_quantised or verdict.asks_for_quality(case.limits):
        num_samples, quality = case.judge()
    return Proof(
        runtime=case.artefact.runtime,
        batch_sizes=tuple(batch_sizes),
        relative_error=error,
        num_samples=num_samples,
        seed=seed,
        quality=quality,
        limits=case.limits,
    )


@dataclasses.dataclass
class _Case:
    flat: FlatGenerator
    path: pathlib.Path
    mode: Mode
    limits: Limits
    seed: int
    artefact: Artefact

    def compare(self, inputs: Arrays, expected: Arrays) -> float:
        actual = run(self.artefact, inputs)
        return self._largest_error(self.artefact.format_name, inputs, actual, expected)

    def serve(self, pairs: list[tuple[Arrays, Arrays]]) -> float:
        """Compare `serving_default` in a session, and replay all other requests."""
        errors, where = [], "SavedModel in the C++ loader of TensorFlow Serving"
        with ServedModel(self.path) as served:
            for inputs, expected in pairs:
                actual = served.run(inputs)
                errors.append(self._largest_error(where, inputs, actual, expected))
            has_endpoints = len(served.signatures) > 1
        if has_endpoints:
            check_endpoints(self.flat, self.path, self.limits.relative_error, self.seed)
        replay_warm_up(self.path)
        return max(errors)

    def judge(self) -> tuple[int, dict[str, float]]:
        """Measure pairs, and return their number and the worst measures."""
        outputs = {
            item.name: verdict.JudgedOutput(item) for item in self.flat.spec.outputs
        }
        num_samples = 0
        for inputs in trials.samples(self.flat.spec, self.seed, self._rows_at_once()):
            expected, actual = self.flat.reference(inputs), run(self.artefact, inputs)
            for name, judged in outputs.items():
                where = f"{self.artefact.format_name}: output `{name}`"
                self._check_form(where, inputs, actual[name], expected[name])
                judged.add(inputs, expected[name], actual[name])
            num_samples += len(next(iter(expected.values())))
        measures = {name: judged.measures() for name, judged in outputs.items()}
        for name, judged in outputs.items():
            self._check_quality(name, num_samples, measures[name], judged.worst_inputs)
        return num_samples, verdict.worst_of(measures.values())

    def _rows_at_once(self) -> int | None:
        """Return how many rows Keras must see at once, `None` if any number will do.

        A file with a fixed batch size sees so many, and that matters where the
        generator compares the rows of a batch.
        """
        size = getattr(self.artefact, "batch_size", None)
        if size is None or self.flat.spec.fixed_batch:
            return None
        inputs = next(trials.samples(self.flat.spec, self.seed))
        few = {n: v[:size] if v.ndim else v for n, v in inputs.items()}
        alone, among = self.flat.reference(few), self.flat.reference(inputs)
        errors = [relative_error(v, among[n][: len(v)]) for n, v in alone.items()]
        return None if max(errors) < _INDEPENDENT else size

    def _largest_error(
        self, where: str, inputs: Arrays, actual: Arrays, expected: Arrays
    ) -> float:
        errors = []
        for name, wanted in expected.items():
            place = f"{where}: output `{name}` of shape {wanted.shape}"
            self._check_form(place, inputs, actual[name], wanted)
            errors.append(relative_error(actual[name], wanted))
            allowed = self.limits.relative_error
            if allowed is not None and not errors[-1] <= allowed:
                raise self._error(
                    f"{place} differs from the Keras generator by {errors[-1]:.2g} of "
                    f"its largest value, and {allowed:.2g} is allowed.",
                    inputs,
                )
        return max(errors)

    def _check_form(
        self, where: str, inputs: Arrays, actual: np.ndarray, expected: np.ndarray
    ) -> None:
        problem = check_form(where, actual, expected)
        if problem:
            raise ParityError(
                " ".join(filter(None, [problem, self._drift(inputs)])).strip()
            )

    def _check_quality(
        self, name: str, num_samples: int, measures: dict[str, float], inputs: Arrays
    ) -> None:
        failed = list(verdict.beyond(self.limits, measures))
        if failed:
            raise self._error(
                f"{self.artefact.format_name}: output `{name}` is too far from that of "
                f"the Keras generator: of {num_samples} samples {', '.join(failed)}.",
                inputs,
            )

    def _error(self, problem: str, inputs: Arrays) -> ParityError:
        parts = (problem, self._drift(inputs), verdict.advice(self.mode))
        return ParityError(" ".join(filter(None, parts)))

    def _drift(self, inputs: Arrays) -> str:
        return drift_sentence(self.flat, self.path, inputs, self.mode.is_quantised)
