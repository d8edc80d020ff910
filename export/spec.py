"""What goes into a generator and what comes out: the one description of an export."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_gan.export.errors import ExportError
from keras_gan.export.samplers import Sampler, sampler_from_json
from keras_gan.export.signature import CallSignature

INPUT_ROLES = ("latents", "labels", "attributes", "tokens", "image", "noise")
OUTPUT_ROLES = ("image", "vector", "sequence", "other")

Size = int | None


@dataclasses.dataclass(frozen=True)
class GeneratorInput:
    """One input of a generator.

    Args:
        name: Its name in every format.
        shape: Its sizes, the batch first; `None` is free.
        dtype: Its dtype, as in Keras.
        role: What it is for: one of `INPUT_ROLES`.
        sampler: How it is drawn where the generator will be used.
    """

    name: str
    shape: tuple[Size, ...]
    dtype: str
    role: str
    sampler: Sampler

    def __post_init__(self):
        _check_role(self, INPUT_ROLES)


@dataclasses.dataclass(frozen=True)
class GeneratorOutput:
    """One output of a generator.

    Args:
        name: Its name in every format.
        shape: Its sizes, the batch first; `None` is free.
        dtype: Its dtype, as in Keras.
        role: What it is: one of `OUTPUT_ROLES`.
        low: The value of black, or the least value; `None` if not known.
        high: The value of white, or the largest value; `None` if not known.
        layout: `"NHWC"` for images, else empty.
    """

    name: str
    shape: tuple[Size, ...]
    dtype: str
    role: str
    low: float | None = None
    high: float | None = None
    layout: str = ""

    def __post_init__(self):
        _check_role(self, OUTPUT_ROLES)


@dataclasses.dataclass(frozen=True)
class GeneratorSpec:
    """The inputs and outputs of a generator, in the order in which it takes them.

    Everything that an export needs to know comes from it: the named function that all
    formats share, the inputs of the proofs, the calibration samples, the warm-up
    requests of a server and the controls of the page in the browser. The files carry
    it along.

    Args:
        inputs: The inputs.
        outputs: The outputs.
        name: Name of the generator.
        call: How the Keras model takes the inputs; not part of the files.

    Example:

    ```python
    spec = GeneratorSpec.of(generator)
    spec = spec.adjusted(latents=Uniform(-1, 1), images={"low": 0, "high": 1})
    export_tflite(generator, "generator.tflite", spec=spec)
    ```
    """

    inputs: tuple[GeneratorInput, ...]
    outputs: tuple[GeneratorOutput, ...]
    name: str = "generator"
    call: CallSignature | None = dataclasses.field(
        default=None, compare=False, repr=False
    )

    @classmethod
    def of(
        cls, generator: Any, input_signature: Any = None, sample_inputs: Any = None
    ) -> "GeneratorSpec":
        """Find out what a generator takes and returns.

        Args:
            generator: A Keras model, or a GAN with an `ema_generator`.
            input_signature: `keras.InputSpec` of each input, nested as the generator
                takes them. Needed for a subclassed model that was never called, and
                to fix sizes that are free.
            sample_inputs: Arrays to draw inputs from, nested as the generator takes
                them or by input name, where no formula draws them.
        """
        from keras_gan.export.inference import inferred_spec

        return inferred_spec(generator, input_signature, sample_inputs)

    @property
    def input_names(self) -> list[str]:
        return [item.name for item in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [item.name for item in self.outputs]

    @property
    def fixed_batch(self) -> int | None:
        """The batch size that the generator insists on, `None` if any will do."""
        sizes = [item.shape[0] for item in self.inputs if item.shape]
        return next((size for size in sizes if size is not None), None)

    @property
    def has_free_sizes(self) -> bool:
        """Whether more than the batch is free."""
        return any(None in item.shape[1:] for item in self.inputs)

    def input(self, name: str) -> GeneratorInput:
        """Return the input of this name."""
        return _named(self.inputs, name, "input")

    def output(self, name: str) -> GeneratorOutput:
        """Return the output of this name."""
        return _named(self.outputs, name, "output")

    def adjusted(self, **changes: Sampler | Mapping[str, Any]) -> "GeneratorSpec":
        """Return the spec with other samplers, names, roles or ranges.

        Args:
            **changes: By name of an input, its sampler; by name of an input or
                output, a dict of what to change of it.
        """
        known = {*self.input_names, *self.output_names}
        if not set(changes) <= known:
            raise ExportError(
                f"This generator has the inputs and outputs {sorted(known)}. "
                f"Received: {sorted(set(changes) - known)}"
            )

        def changed(item):
            change = changes.get(item.name, {})
            fields = {"sampler": change} if isinstance(change, Sampler) else change
            _check_fields(item, fields)
            return dataclasses.replace(item, **fields)

        return dataclasses.replace(
            self,
            inputs=tuple(map(changed, self.inputs)),
            outputs=tuple(map(changed, self.outputs)),
        )

    def draw(self, batch_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Draw inputs by name, the same ones for the same seed.

        A free size other than the batch is 32 at batch 1 and else 64, so that two
        sizes are tried.

        Args:
            batch_size: Number of rows.
            seed: Any integer from 0.
        """
        rng = np.random.default_rng([seed, batch_size])
        free_size = 32 if batch_size == 1 else 64
        arrays = {}
        for item in self.inputs:
            shape = _with_batch(_shape_of_rows(item), batch_size)
            drawn = tuple(free_size if size is None else size for size in shape)
            arrays[item.name] = np.asarray(
                item.sampler.draw(drawn, rng), _numpy_dtype(item.dtype)
            )
        return arrays

    def static_shapes(self, batch_size: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each input with every size fixed."""
        shapes = {
            item.name: _with_batch(_shape_of_rows(item), batch_size)
            for item in self.inputs
        }
        for name, shape in shapes.items():
            if None in shape:
                raise ExportError(
                    "A file with fixed sizes needs them all, and the generator leaves "
                    f"some open. Received: input `{name}` of shape {shape}. Pass "
                    "`spec=GeneratorSpec.of(generator, input_signature=...)` with "
                    "every size."
                )
        return shapes

    def to_json(self) -> dict[str, Any]:
        """Return a description that `from_json` reads."""
        inputs = [
            {**_fields(item), "sampler": item.sampler.to_json()} for item in self.inputs
        ]
        outputs = [_fields(item) for item in self.outputs]
        return {"name": self.name, "inputs": inputs, "outputs": outputs}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "GeneratorSpec":
        """Return the spec that `to_json` described."""
        try:
            return cls._of_json(description)
        except (AttributeError, KeyError, TypeError) as error:
            raise ExportError(
                f"This is no description of a generator: {error!r}. "
                f"Received: {description!r:.200}"
            ) from error

    @classmethod
    def _of_json(cls, description: Mapping[str, Any]) -> "GeneratorSpec":
        inputs = (
            GeneratorInput(
                **{
                    **item,
                    "shape": tuple(item["shape"]),
                    "sampler": sampler_from_json(item["sampler"]),
                }
            )
            for item in description["inputs"]
        )
        outputs = (
            GeneratorOutput(**{**item, "shape": tuple(item["shape"])})
            for item in description["outputs"]
        )
        return cls(tuple(inputs), tuple(outputs), description["name"])


def _check_role(item: Any, roles: tuple[str, ...]) -> None:
    if item.role not in roles:
        raise ExportError(
            f"`role` must be one of {list(roles)}. "
            f"Received: role={item.role!r} for `{item.name}`"
        )


def _check_fields(item: Any, fields: Mapping[str, Any]) -> None:
    known = [field.name for field in dataclasses.fields(item)]
    if not set(fields) <= set(known):
        raise ExportError(
            f"Of `{item.name}`, {known} can be changed. "
            f"Received: {sorted(set(fields) - set(known))}"
        )


def _named(items: tuple[Any, ...], name: str, what: str) -> Any:
    for item in items:
        if item.name == name:
            return item
    raise ExportError(
        f"The generator has no {what} `{name}`, but {[item.name for item in items]}."
    )


def _shape_of_rows(item: GeneratorInput) -> tuple[Size, ...]:
    """The shape of an input, with the free sizes of rows that are given."""
    rows = getattr(item.sampler, "values", None)
    return item.shape if rows is None else rows.shape


def _with_batch(shape: tuple[Size, ...], batch_size: int) -> tuple[Any, ...]:
    return (batch_size, *shape[1:]) if shape else shape


def _numpy_dtype(dtype: str) -> Any:
    return tf.as_dtype(dtype).as_numpy_dtype


def _fields(item: Any) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
