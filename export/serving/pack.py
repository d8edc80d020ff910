"""Export a generator as a pack for TensorFlow Serving."""

import pathlib
from typing import Any

import numpy as np

from keras_gan.export.endpoint_proof import example_inputs
from keras_gan.export.endpoints import endpoints_of
from keras_gan.export.errors import ExportError
from keras_gan.export.flat import FlatGenerator
from keras_gan.export.modes import Limits
from keras_gan.export.prepare import prepared
from keras_gan.export.replay import replay_warm_up
from keras_gan.export.saved_model import export_saved_model
from keras_gan.export.serving import configs, readme
from keras_gan.export.serving.packages import require_serving
from keras_gan.export.serving.publish import (
    checked_name,
    checked_version,
    publish,
    versions,
    workspace,
)
from keras_gan.export.serving.warm_up import write_warm_up
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, staged

BATCHING_FILE = "batching_params.pbtxt"
MODELS_FILE = "models.config"


def export_serving(
    generator: Any,
    base_path: StrPath,
    *,
    name: str | None = None,
    version: int | str | None = None,
    spec: GeneratorSpec | None = None,
    max_batch_size: int = 32,
    limits: Limits | None = None,
    seed: int = 0,
) -> pathlib.Path:
    """Publish a generator as a version of a model for TensorFlow Serving.

    `base_path` becomes, or already is, a folder of models with all that a server
    needs: `models.config`, batching, warm-up requests, monitoring, a compose file and
    a README with the command to start it and the requests to send. `keras-gan serve`
    starts a server on it. The SavedModel is that of `export_saved_model`, proven as
    there, and its signatures and warm-up requests are replayed the way a server runs
    them. It appears by a rename when all of it is on the disk, so that a running
    server never loads half a model; a version that is there is never touched.

    Args:
        generator: A Keras model, or a GAN with an `ema_generator`.
        base_path: The folder of models.
        name: Name of the model in requests, by default that of the generator.
        version: A number that is not there yet, by default the highest and one.
        spec: Its inputs and outputs, by default those of `GeneratorSpec.of`.
        max_batch_size: Most rows that the server computes at once. Concurrent
            requests are put together in batches of 1, 2, 4, ... up to this. A
            generator with free sizes besides the batch, or an input without a batch,
            is served request by request.
        limits: How close the SavedModel must be, as in `export_saved_model`.
        seed: Seed of the inputs of the proof and of the warm-up requests.

    Returns:
        The path of the version, `base_path/name/version`.

    Example:

    ```python
    export_serving(gan, "models", name="digits")
    # then: keras-gan serve models --allow-untrusted
    client = keras_gan.export.serving.connect("http://localhost:8501", model="digits")
    picture, *_ = client.sample_png([7])
    ```
    """
    require_serving("tensorflow_serving.apis.prediction_log_pb2")
    flat = prepared(generator, spec)
    name = checked_name(flat.spec.name if name is None else name)
    sizes = _batch_sizes(flat.spec, max_batch_size)
    base_path = pathlib.Path(base_path)
    known = _known_models(base_path)
    folder = base_path / name
    number = checked_version(version, folder)
    with workspace(folder) as place:
        fresh = place / "saved_model"
        export_saved_model(flat, fresh, seed=seed)
        write_warm_up(flat, fresh, name, sizes, seed)
        if _can_be_batched(flat.spec):
            (fresh / BATCHING_FILE).write_text(configs.batching_parameters(sizes))
        replay_warm_up(fresh)
        path = publish(fresh, folder, number)
    _write_pack(base_path, name, known, flat)
    return path


def _batch_sizes(spec: GeneratorSpec, max_batch_size: int) -> list[int]:
    """Return the batch sizes that a server will compute: 1, 2, 4, ... and the last."""
    if max_batch_size < 1:
        raise ExportError(
            "`max_batch_size` must be at least 1. "
            f"Received: max_batch_size={max_batch_size}"
        )
    if spec.fixed_batch is not None:
        return [spec.fixed_batch]
    powers = [2**power for power in range(max_batch_size.bit_length())]
    return sorted({*powers, max_batch_size})


def _can_be_batched(spec: GeneratorSpec) -> bool:
    # A server joins requests along their first dimension, and the others must agree.
    is_led = all(item.shape for item in (*spec.inputs, *spec.outputs))
    return is_led and not spec.has_free_sizes


def _known_models(base_path: pathlib.Path) -> str:
    file = base_path / MODELS_FILE
    configs.read(file, configs.parsed_models)
    return file.read_text() if file.is_file() else ""


def _write_pack(
    base_path: pathlib.Path, name: str, known: str, flat: FlatGenerator
) -> None:
    text = configs.models_config([name], known)
    _write(base_path / MODELS_FILE, text)
    _write_once(base_path / "batching.config", "# See batching_params.pbtxt.\n")
    _write_once(base_path / "monitoring.config", configs.monitoring_config())
    _write_once(base_path / "compose.yaml", readme.compose_file())
    _write(base_path / name / "README.md", readme.model_readme(name, _requests(flat)))
    models = configs.parsed_models(text).model_config_list.config
    newest = {model.name: versions(base_path / model.name) for model in models}
    described = {key: max(found) for key, found in sorted(newest.items()) if found}
    _write(base_path / "README.md", readme.pack_readme(described))


def _requests(flat: FlatGenerator) -> dict[str, dict[str, Any]]:
    size = flat.spec.fixed_batch or 1
    requests = {"serving_default": flat.spec.draw(size)}
    for endpoint in endpoints_of(flat.spec, flat.reference):
        requests[endpoint.name] = _small(example_inputs(flat.spec, endpoint, size))
    return requests


def _small(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the inputs with seeds that people like to read."""
    if "seed" in inputs:
        inputs["seed"] = np.arange(len(inputs["seed"]), dtype="int64")
    return inputs


def _write(path: pathlib.Path, text: str) -> None:
    with staged(path) as fresh:
        fresh.write_text(text)


def _write_once(path: pathlib.Path, text: str) -> None:
    if not path.exists():
        _write(path, text)
