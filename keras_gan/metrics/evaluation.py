"""How good a generator is: one protocol for all metrics, and the level of real data."""

import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from keras_gan.data.examples import Examples
from keras_gan.metrics import choice, measures
from keras_gan.metrics import features as features_lib
from keras_gan.metrics.checks import check_positive
from keras_gan.metrics.choice import METRICS as METRICS
from keras_gan.metrics.copies import TrainingSet
from keras_gan.metrics.features import FeatureExtractor, fd_name
from keras_gan.metrics.frechet import FeatureStatistics
from keras_gan.metrics.path_length import NoPathLength, perceptual_path_length
from keras_gan.metrics.sides import as_examples, checked_draw, two_sides

NUM_IMAGES = 5000

Draw = Callable[[int, int], np.ndarray]


class Evaluation:
    """Measures generators against real data, all by one protocol.

    Real features are computed once. As many real as generated examples are compared,
    and real data that play the generator give the floor: held-out against training
    data where both are given, else two halves of the one set.

    Args:
        real: Real examples to compare with: an `Examples` or an array; held-out ones
            where the data have some.
        train: What the generator was trained on, to look for copies; the same object
            as `real` where nothing was held out. `None` looks for none.
        features: Extractors, or what `features.get` takes. By default `random` for
            images and `pixels` for vectors.
        metrics: Names of `METRICS`. By default all that the data allow but
            `parzen`; of those named here, one that the data do not allow raises, and
            so does the path length of a draw that has none.
        num_images: Generated examples, and real ones, at most.
        classifier: A `Classifier` of the data's labels: its features, its score and
            the classes that it finds are measured too.
        seed: Of the choice of real examples.

    Example:

    ```python
    train, test = load_examples("mnist"), load_examples("mnist", "test")
    evaluation = Evaluation(test, train=train)
    print(evaluation.measure(lambda num, seed: gan.generate(num, seed=seed)))
    evaluation.report(Drawing.of(gan)).write("report")
    ```
    """

    def __init__(
        self,
        real: Examples | np.ndarray,
        *,
        train: Examples | np.ndarray | None = None,
        features: Iterable[Any] | None = None,
        metrics: Iterable[str] | None = None,
        num_images: int = NUM_IMAGES,
        classifier: Any = None,
        seed: int = 2020,
    ) -> None:
        check_positive(num_images=num_images)
        self.has_held_out = train is not None and train is not real
        self.data = as_examples(real)
        self.train = None if train is None else as_examples(train)
        self.seed = seed
        self.classifier = classifier
        self.real, self._stand_in = two_sides(
            self.data, self.train if self.has_held_out else None, num_images, seed
        )
        self.num_images = len(self.real)
        self.extractors = self._extractors(features)
        self._real_features = {
            extractor.name: extractor.extract(self.real.images)
            for extractor in self.extractors
        }
        self._statistics = {
            name: FeatureStatistics.of(rows)
            for name, rows in self._real_features.items()
        }
        self.reference = "the real examples"
        widths = {name: rows.shape[1] for name, rows in self._real_features.items()}
        self._without_fd = choice.too_wide(self.extractors, widths, self.num_images)
        reasons = choice.unavailable(self, self._without_fd, len(widths))
        self.metrics, self.left_out = choice.chosen(metrics, reasons)
        self._were_named = metrics is not None
        self._floors: dict[int, dict[str, float]] = {}

    def measure(self, draw: Draw, seed: int = 0) -> dict[str, float]:
        """Return all numbers of one draw by name.

        Args:
            draw: From a number and a seed to images in [-1, 1] or vectors, as many.
                A `Drawing` has latents too, which the path length needs.
            seed: Any integer from 0.
        """
        return self.measure_and_keep(draw, seed)[0]

    @property
    def labels(self) -> np.ndarray | None:
        """Classes of the examples trained on, else of the real ones; `None` of none."""
        return (self.data if self.train is None else self.train).labels

    def by_labels(self, draw: Draw) -> Draw:
        """Return a draw whose classes are as frequent as those of the data.

        Other draws than a `Drawing`, or data without labels, leave it as it is.

        Args:
            draw: As for `measure`.
        """
        if self.labels is None or not hasattr(draw, "with_labels"):
            return draw
        return draw.with_labels(self.labels)

    def measure_and_keep(
        self, draw: Draw, seed: int = 0
    ) -> tuple[dict[str, float], np.ndarray]:
        """Return what `measure` does, and the samples that were drawn for it."""
        draw = self.by_labels(draw)
        samples = self.drawn(draw, seed)
        found = self._numbers(samples)
        if "memorisation" in self.metrics:
            found |= self._copies(samples[: measures.NUM_SEARCHED])
        if "path_length" in self.metrics:
            found |= self._path_length(draw, seed)
        return found, samples

    def use_reference(self, path: str | os.PathLike) -> None:
        """Measure the Fréchet distance against the real statistics in a file.

        So many runs share them, and of held-out data they may be of more images than
        are compared otherwise. Where the file is missing it is written. One of other
        data, down to their pixels, or of other features is refused; where nothing was
        held out, also one of another half.

        Args:
            path: The `.npz` file.
        """
        if len(self.extractors) != 1:
            names = [extractor.name for extractor in self.extractors]
            raise ValueError(
                "A file of statistics holds the features of one extractor. Received: "
                f"features {names}. Give one extractor and no classifier."
            )
        extractor, path = self.extractors[0], Path(path)
        key = {
            "data": self.data.name,
            "split": self.data.split,
            "example_shape": str(self.data.images.shape[1:]),
            "content": self.data.fingerprint,
            "half": "" if self.has_held_out else f"{self.num_images}, seed {self.seed}",
            "features": f"{extractor.name} {extractor.fingerprint}",
        }
        if path.is_file():
            statistics = FeatureStatistics.load(path, **key)
            self._statistics[extractor.name] = statistics
            self._floors.clear()
        else:
            if fd_name(extractor) in self._without_fd:
                raise ValueError(
                    f"There are too few examples for the statistics in {path}: "
                    f"{self._without_fd[fd_name(extractor)]}"
                )
            self._statistics[extractor.name].save(path, **key)
        count = self._statistics[extractor.name].count
        self.reference = f"{count} examples in {path}"

    def floor(self, seed: int = 0) -> dict[str, float]:
        """Return the numbers of real examples that play the generator.

        Of copies it knows nothing: the level of those stands in their own numbers.
        """
        if seed not in self._floors:
            samples = self._stand_in.some(self.num_images, seed).images
            self._floors[seed] = self._numbers(
                measures.flat(samples).reshape(samples.shape)
            )
        return self._floors[seed]

    def report(self, draw: Draw, seeds: Iterable[int] = (0, 1, 2), **context: Any):
        """Measure draws of several seeds and write down what they say.

        Args:
            draw: As for `measure`.
            seeds: Seeds, one or more.
            **context: `command`, `source`, `resize` and more `notes` for the protocol.

        Returns:
            A `Report`.
        """
        from keras_gan.metrics.report import Report

        if isinstance(seeds, int):
            raise ValueError(
                f"`seeds` must be one or more integers, as (0, 1, 2). Received: {seeds}"
            )
        seeds = tuple(seeds)
        if len(set(seeds)) < len(seeds) or any(seed < 0 for seed in seeds):
            raise ValueError(
                f"`seeds` must be different integers from 0. Received: seeds={seeds}."
            )
        return Report.of(self, draw, seeds, **context)

    def drawn(self, draw: Draw, seed: int) -> np.ndarray:
        """Return what a generator draws, once it is what the data are."""
        shape = (self.num_images, *self.real.images.shape[1:])
        return checked_draw(draw(self.num_images, seed), shape)

    @functools.cached_property
    def training_sets(self) -> dict[str, TrainingSet]:
        """The training examples to look for copies in, by what they are seen through.

        In pixels, and of images in the features of the classifier, else in random ones.
        """
        assert self.train is not None
        return {
            name: TrainingSet(
                rows(self.train.images),
                rows(self.data.images) if self.has_held_out else None,
            )
            for name, rows in self.searched.items()
        }

    @property
    def searched(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """The functions that make rows of images for `training_sets`."""
        is_uint8 = self.train is not None and self.train.images.dtype == np.uint8
        pixels = measures.levels if is_uint8 else measures.flat
        spaces: dict[str, Callable] = {"pixels": pixels}
        if self.is_image:
            judge = self.classifier and self.classifier.features
            judge = judge or features_lib.get("random")
            spaces[judge.name] = judge.extract
        return spaces

    @property
    def is_image(self) -> bool:
        """Whether the examples are images and not vectors."""
        return self.data.images.ndim == 4

    def _extractors(self, features: Iterable[Any] | None) -> list[FeatureExtractor]:
        if isinstance(features, (str, FeatureExtractor)):
            features = [features]
        if features is None:
            features = ["random" if self.is_image else "pixels"]
        extractors = [features_lib.get(item) for item in features]
        if self.classifier is not None:
            extractors.append(self.classifier.features)
        names = [extractor.name for extractor in extractors]
        if not names:
            raise ValueError(
                "An evaluation looks through one extractor or more. Received: "
                "features=[] and no classifier. Leave `features` out for the default."
            )
        if len(set(names)) < len(names):
            raise ValueError(
                f"Each extractor needs a name of its own. Received: {names}. Give one "
                "with `FeatureExtractor(network, name)`."
            )
        return extractors

    def _numbers(self, samples: np.ndarray) -> dict[str, float]:
        found: dict[str, float] = {}
        for extractor in self.extractors:
            name = extractor.name
            look = measures.Look(
                extractor,
                self._real_features[name],
                self._statistics[name],
                extractor.extract(samples),
            )
            for metric in self._of_features(extractor):
                found |= measures.OF_FEATURES[metric](look)
            if self.classifier is not None and extractor is self.extractors[-1]:
                found |= self._of_classes(look.fake)
        return found | self._of_samples(samples)

    def _of_features(self, extractor: FeatureExtractor) -> list[str]:
        metrics = [name for name in self.metrics if name in measures.OF_FEATURES]
        if fd_name(extractor) in self._without_fd and "fd" in metrics:
            metrics.remove("fd")
        return metrics

    def _of_classes(self, features: np.ndarray) -> dict[str, float]:
        found, told = {}, self.classifier.probabilities_of(features)
        if "inception_score" in self.metrics:
            found |= measures.score(told)
        if "modes" in self.metrics:
            found |= measures.modes_of_classes(told)
        return found

    def _of_samples(self, samples: np.ndarray) -> dict[str, float]:
        found: dict[str, float] = {}
        if "diversity" in self.metrics:
            found |= measures.diversity(samples)
        if "support" in self.metrics:
            found |= measures.support(samples, self.real.images)
        if "parzen" in self.metrics:
            found |= measures.likelihood(samples, self.data.images)
        if "modes" in self.metrics and self.data.mixture is not None:
            found |= measures.modes_of_mixture(samples, self.data.mixture)
        return found

    def _copies(self, samples: np.ndarray) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, rows in self.searched.items():
            memory = self.training_sets[name].measure(rows(samples))
            found[f"copied_share({name})"] = memory.copied_share
            found[f"held_out_copied_share({name})"] = memory.held_out_copied_share
            found[f"copying_z({name})"] = memory.z
        return found

    def _path_length(self, draw: Any, seed: int) -> dict[str, float]:
        extractor = self.extractors[0]
        try:
            if not getattr(draw, "has_latents", False):
                raise NoPathLength(
                    "The path length needs a `Drawing` that takes rows of latents and "
                    f"nothing else. Received: {getattr(draw, 'source', draw)}."
                )
            length = perceptual_path_length(
                draw.from_latents,
                draw.latents(2 * min(measures.NUM_PATHS, self.num_images), seed),
                extractor,
                straight=draw.is_prior_uniform,
            )
        except NoPathLength as error:
            if self._were_named:
                raise
            self.left_out["path_length"] = str(error)
            return {}
        self.left_out.pop("path_length", None)
        return {f"ppl({extractor.name})": length.mean}
