"""One way to draw from games, Keras models and exported files, to judge them alike."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_gan.metrics.checks import clipped

# Rows of a draw share a seed, so this is a part of what a seed means.
_CHUNK = 256
_SEEDS_APART = 2**20


class Drawing:
    """Draws images from a generator, the same ones for the same seed.

    The inputs come from the `GeneratorSpec`, which exported files carry along. So a
    game and its artefacts draw from the same latents, and their numbers agree. A
    generator that draws from pictures is refused: noise would not be what it sees.

    Args:
        run: From inputs by name to outputs by name.
        spec: The `GeneratorSpec`.
        source: What draws, in words.
        notes: What a reader of a report must know of it, in sentences.

    Example:

    ```python
    draw = Drawing.of(gan)
    images = draw(1000, seed=0)  # floats in [-1, 1]
    ```
    """

    def __init__(
        self,
        run: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]],
        spec: Any,
        source: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        _check_is_drawn_from_noise(spec, source)
        self._run = run
        self.spec = spec
        self.source = source
        self.notes = notes
        self._output = _judged_output(spec)

    @classmethod
    def of(cls, generator: Any, source: str = "") -> "Drawing":
        """Draw with a Keras model, or the averaged generator of a game."""
        from keras_gan.export.flat import FlatGenerator
        from keras_gan.export.inference import keras_model
        from keras_gan.export.spec import GeneratorSpec

        model, spec = keras_model(generator), GeneratorSpec.of(generator)
        flat = FlatGenerator(model, spec)

        @tf.function(reduce_retracing=True, autograph=False)
        def call(inputs):
            outputs = model(*flat.arguments(inputs), training=False)
            return dict(
                zip(spec.output_names, keras.tree.flatten(outputs), strict=True)
            )

        def run(inputs):
            tensors = {name: tf.constant(value) for name, value in inputs.items()}
            return {name: value.numpy() for name, value in call(tensors).items()}

        return cls(run, spec, source or f"Keras model {model.name!r}")

    @classmethod
    def of_artefact(
        cls,
        path: str | os.PathLike,
        latent_dim: int | None = None,
        *,
        allow_untrusted: bool = False,
    ) -> "Drawing":
        """Draw with a SavedModel, a `.tflite` or an `.onnx` file in its runtime.

        Args:
            path: The folder or file.
            latent_dim: Number of normal latents that the only input of a foreign file
                takes; ours say themselves what they take.
            allow_untrusted: Whether to load a SavedModel, which is a program, though
                this process did not write it.
        """
        from keras_gan.export.parity import opened, run
        from keras_gan.export.trust import check_trusted

        path = Path(path)
        check_trusted(path, allow_untrusted)
        artefact = opened(path)
        spec, notes = _spec_of(path)
        if spec is None:
            spec = _assumed_spec(artefact, path, latent_dim)
            notes = (
                f"The file does not say what its input is: {latent_dim} independent "
                "normal latents were drawn, and images in [-1, 1] are assumed.",
            )
        source = f"{artefact.format_name} {path} in {artefact.runtime}"
        return cls(lambda inputs: run(artefact, inputs), spec, source, notes)

    def __call__(self, num_images: int, seed: int) -> np.ndarray:
        """Draw images in [-1, 1], or vectors.

        Args:
            num_images: How many.
            seed: Any integer from 0.

        Returns:
            Float32 array of shape `(num_images, height, width, channels)` or
            `(num_images, dim)`.
        """
        size = self.spec.fixed_batch or _CHUNK
        parts = [
            self._images(self._inputs(chunk, size, seed))
            for chunk in range(-(-num_images // size))
        ]
        return np.concatenate(parts)[:num_images]

    def with_labels(self, labels: np.ndarray) -> "Drawing":
        """Return a drawing that draws each class as often as these labels have it.

        Data whose classes are not equally frequent look unlike a generator that is
        asked for each as often as for the others.

        Args:
            labels: Integers of shape `(num_examples,)`.

        Returns:
            Itself where it takes no such labels.
        """
        from keras_gan.export.samplers import Integers

        counts, changed = np.bincount(labels), {}
        for item in self.spec.inputs:
            num_ids = getattr(item.sampler, "num_ids", None)
            is_class = item.role == "labels" and isinstance(num_ids, int)
            # What has weights has its own.
            if not is_class or item.sampler.weights or len(counts) > num_ids:
                continue
            weights = np.pad(counts, (0, num_ids - len(counts))) / len(labels)
            changed[item.name] = Integers(num_ids, tuple(weights.tolist()))
        if not changed:
            return self
        spec = self.spec.adjusted(**changed)
        return Drawing(self._run, spec, self.source, self.notes)

    @property
    def conditions(self) -> dict[str, str]:
        """How inputs that are no noise are drawn, by their names."""
        return {
            item.name: _in_words(item.sampler)
            for item in self.spec.inputs
            if item.role not in ("latents", "noise")
        }

    @property
    def has_latents(self) -> bool:
        """Whether rows of latents are all that it takes."""
        return len(self.spec.inputs) == 1 and self.spec.inputs[0].role == "latents"

    @property
    def is_prior_uniform(self) -> bool:
        """Whether latents come from a cube, in which only straight ways stay."""
        return type(self.spec.inputs[0].sampler).__name__ == "Uniform"

    def latents(self, num_images: int, seed: int) -> np.ndarray:
        """Return the latents that a draw of so many images begins with."""
        name, size = self.spec.input_names[0], self.spec.fixed_batch or _CHUNK
        chunks = range(-(-num_images // size))
        parts = [self._inputs(chunk, size, seed)[name] for chunk in chunks]
        return np.concatenate(parts)[:num_images]

    def from_latents(self, latents: np.ndarray) -> np.ndarray:
        """Return what it draws from rows of latents."""
        name, latents = self.spec.input_names[0], latents.astype("float32")
        size = self.spec.fixed_batch or len(latents)
        parts = []
        for start in range(0, len(latents), size):
            # The last batch begins anew where the file wants it full.
            rows = np.resize(latents[start : start + size], (size, *latents.shape[1:]))
            parts.append(self._images({name: rows}))
        return np.concatenate(parts)[: len(latents)]

    def _inputs(self, chunk: int, size: int, seed: int) -> dict[str, np.ndarray]:
        return self.spec.draw(size, seed * _SEEDS_APART + chunk)

    def _images(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        item = self._output
        images = np.asarray(self._run(inputs)[item.name], "float32")
        low, high = item.low, item.high
        if images.ndim == 4 and None not in (low, high) and (low, high) != (-1.0, 1.0):
            images = (images - low) * np.float32(2.0 / (high - low)) - 1.0
        # A picture is shown clipped, and so it is judged.
        return clipped(images) if images.ndim == 4 else images


def open_drawing(
    source: str | os.PathLike,
    latent_dim: int | None = None,
    *,
    allow_untrusted: bool = False,
) -> Drawing:
    """Open whatever draws: a run, a `.keras` file, a SavedModel, `.tflite` or `.onnx`.

    Args:
        source: A run folder, or a file or folder with a generator.
        latent_dim: See `Drawing.of_artefact`.
        allow_untrusted: See `Drawing.of_artefact`.
    """
    from keras_gan import runs
    from keras_gan.export.staging import is_saved_model

    path = Path(source)
    if path.is_dir() and (path / "config.json").is_file():
        run, _ = runs.Run.open(path)
        return Drawing.of(runs.load_generator(run.model), f"run {path}")
    if path.suffix == ".keras":
        return Drawing.of(runs.load_generator(path), f"Keras file {path}")
    if is_saved_model(path) or path.suffix in (".tflite", ".onnx"):
        return Drawing.of_artefact(path, latent_dim, allow_untrusted=allow_untrusted)
    raise ValueError(
        "Expected a run folder, a .keras file, a SavedModel folder, or a .tflite or "
        f".onnx file. Received: {path}{_what_is_inside(path)}."
    )


def _what_is_inside(path: Path) -> str:
    if not path.exists():
        return ", which does not exist"
    names = ", ".join(str(path / name) for name in _names_on(_card(path)))
    return f", an export that holds several: give one of {names}" if names else ""


def _card(folder: Path) -> dict[str, Any]:
    """What the `report.json` of an export says; nothing if there is none."""
    try:
        card = json.loads((folder / "report.json").read_text())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _names_on(card: dict[str, Any]) -> list[str]:
    artefacts = card.get("artefacts")
    items = artefacts.values() if isinstance(artefacts, dict) else ()
    return [str(item.get("path")) for item in items if isinstance(item, dict)]


def _spec_of(path: Path) -> tuple[Any, tuple[str, ...]]:
    """The spec in the file, or in the card beside it, and what it lacks."""
    from keras_gan.export.metadata import read_metadata
    from keras_gan.export.spec import GeneratorSpec

    described = read_metadata(path)
    if described is None:
        card = _card(path.parent)
        described = card if path.name in _names_on(card) else None
    if described is None:
        return None, ()
    if isinstance(described, dict):
        described = described.get("spec")
    return GeneratorSpec.from_json(described), _stand_ins(described)


def _stand_ins(spec: Any) -> tuple[str, ...]:
    """A note for each input whose rows were too many to be kept in the file."""
    return tuple(
        f"The rows of {item['name']!r} are not in the file: random values stand in for "
        "them, which the Keras model's numbers are not of."
        for item in spec["inputs"]
        if item["sampler"]["class"] == "Rows" and "values" not in item["sampler"]
    )


def _assumed_spec(artefact: Any, path: Path, latent_dim: int | None) -> Any:
    from keras_gan.export.samplers import Normal
    from keras_gan.export.spec import GeneratorInput, GeneratorOutput, GeneratorSpec

    if latent_dim is None or len(artefact.inputs) != 1 or len(artefact.outputs) != 1:
        raise ValueError(
            f"{path} does not say how its inputs are drawn: it was not written by "
            f"keras_gan. Received: inputs {list(artefact.inputs)}, "
            f"outputs {artefact.outputs}. With one input of normal latents and one "
            "output of images in [-1, 1], give --latent-dim; else evaluate the Keras "
            "model."
        )
    (name, dtype), (output,) = next(iter(artefact.inputs.items())), artefact.outputs
    latents = GeneratorInput(name, (None, latent_dim), dtype.name, "latents", Normal())
    images = GeneratorOutput(output, (None,), "float32", "image", -1.0, 1.0, "NHWC")
    return GeneratorSpec((latents,), (images,))


def _check_is_drawn_from_noise(spec: Any, source: str) -> None:
    pictures = [item.name for item in spec.inputs if item.role == "image"]
    if pictures:
        raise ValueError(
            f"An evaluation draws from latents, and {source or 'this generator'} draws "
            f"from pictures. Received: inputs {pictures}. Give it pictures yourself, "
            "`Evaluation.measure(lambda num, seed: generator.predict(sources[:num]))`, "
            "or judge pairs by `l1` and `ssim` in `game.evaluate`."
        )


def _in_words(sampler: Any) -> str:
    from keras_gan.export.samplers import Integers, OneHot, Rows

    if isinstance(sampler, Rows):
        return f"{len(sampler.values)} given rows in turn"
    if not isinstance(sampler, (Integers, OneHot)):
        return type(sampler).__name__
    if sampler.weights is None:
        return "each as often as the others"
    return "in shares of " + ", ".join(f"{weight:.4g}" for weight in sampler.weights)


def _judged_output(spec: Any) -> Any:
    for role in ("image", "vector"):
        for item in spec.outputs:
            if item.role == role:
                return item
    raise ValueError(
        "There is nothing to judge: of the outputs none is an image or a vector. "
        f"Received: {[f'{item.name} ({item.role})' for item in spec.outputs]}."
    )
