"""Games and generators from `.keras` files, whoever made them.

Keras' safe mode refuses lambdas. Here a file has to be what Keras writes before Keras
sees it: three members, weights that are plain finite numbers, and classes that are
Keras' own or registered in this process. See docs/security.md.
"""

import importlib
import io
import json
import math
import re
import stat
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import ml_dtypes
import numpy as np

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_JSON_BYTES = 64 * 2**20

_MODULES = re.compile(
    r"keras(\.src)?(\.(layers|models|ops|losses|metrics|optimizers|initializers|"
    r"constraints|regularizers|activations|dtype_policies|quantizers|random)(\.\w+)*)?"
)
_KINDS = (
    keras.Operation,  # layers and models are operations
    keras.Loss,
    keras.Metric,
    keras.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.Initializer,
    keras.constraints.Constraint,
    keras.Regularizer,
    keras.DTypePolicy,
    keras.Quantizer,
    keras.quantizers.QuantizationConfig,
    keras.random.SeedGenerator,
)
# They run code that the file holds or names.
_PROGRAMS = (
    keras.layers.Lambda,
    keras.layers.TFSMLayer,
    keras.layers.TorchModuleWrapper,
    keras.layers.JaxLayer,
    keras.layers.FlaxLayer,
)
# Values that Keras writes as if they were objects.
_VALUES = {
    "__keras_tensor__",
    "__tensor__",
    "__numpy__",
    "__slice__",
    "__ellipsis__",
    "__bytes__",
}
# Of their configurations the weights can be counted before there are any.
_NETWORKS = ("Functional", "Sequential")
_FUNCTION_MODULES = ("activations", "losses", "metrics", "initializers", "ops")


class LoadingError(ValueError):
    """A file that is not loaded, in words."""


def load_model(path) -> keras.Model:
    """Loads a game, or any Keras model, from a `.keras` file that may be anybody's.

    Nothing of the file is run, now or later: a file with a layer that holds a program
    (`Lambda`, `TFSMLayer`, ...), with a class that is neither Keras' own nor registered
    in this process by `keras.saving.register_keras_serializable`, with more in it than
    Keras writes, with networks for many more weights than it holds, or with a weight
    that is not finite is refused. So is a game whose optimizers would lose their state.
    All of it is loaded, or nothing.

    Args:
        path: The file.

    Returns:
        The model, compiled if it was.

    Raises:
        LoadingError: If the file is refused; it names the file and the reason.

    Example:

    ```python
    gan = keras_gan.load_model("gan.keras")
    gan.fit(pipeline, epochs=20, initial_epoch=10)
    ```
    """
    from keras_gan.models import AdversarialModel

    path = Path(path)
    config, num_weights = checked_content(path)
    try:
        kinds = _check_classes(config)
        _check_size(config, num_weights)
        with warnings.catch_warnings():
            if any(issubclass(kind, AdversarialModel) for kind in kinds):
                # Keras warns where it should refuse: moments would be lost.
                warnings.filterwarnings("error", message="Skipping variable loading")
            model = keras.saving.load_model(path, safe_mode=True)
    except LoadingError as error:
        raise LoadingError(f"{path} can't be loaded: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise LoadingError(
            f"{path} can't be loaded as a Keras model: {reason}"
        ) from error
    if not isinstance(model, keras.Model):
        raise LoadingError(f"{path} holds a {type(model).__name__}, and no model.")
    return model


def checked_content(path: Path) -> tuple[dict[str, Any], int]:
    """Checks that a file holds what Keras writes, whole, and nothing else.

    Args:
        path: A `.keras` file.

    Returns:
        Its configuration, of which only the form was checked, and how many numbers its
        weights are.

    Raises:
        LoadingError: If it does not.
    """
    if not path.is_file():
        raise LoadingError(
            f"There is no model at {path}. Train one, or give its `.keras` file."
        )
    if path.suffix != ".keras":
        raise LoadingError(
            f"Only `.keras` files are loaded. Received: {path}. Load it where you "
            'trust it, and save it anew with `model.save("model.keras")`.'
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path.stat().st_size)
            config = _parsed(archive, CONFIG)
            _parsed(archive, METADATA)
            # Reading the whole of a member compares it with its checksum.
            content = archive.read(WEIGHTS)
        num_weights = _check_weights(content)
    except LoadingError as error:
        raise LoadingError(f"{path} can't be loaded: {error}") from error
    except Exception as error:
        raise LoadingError(
            f"{path} can't be loaded: it is no `.keras` file, or is damaged ({error})."
        ) from error
    return config, num_weights


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    names = sorted(member.filename for member in members)
    if names != [CONFIG, METADATA, WEIGHTS]:
        raise LoadingError(
            f"a `.keras` file of a generator holds {CONFIG}, {METADATA} and {WEIGHTS}, "
            f"each once. Received: {', '.join(map(repr, names[:9]))}."
        )
    for member in members:
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise LoadingError(f"{member.filename} is no regular file in it.")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise LoadingError(
                f"{member.filename} is compressed or encrypted, which Keras never does."
            )
    if sum(member.file_size for member in members) > size:
        raise LoadingError("its members claim more bytes than the file has.")


def _parsed(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    if archive.getinfo(name).file_size > MAX_JSON_BYTES:
        raise LoadingError(f"{name} has more than {MAX_JSON_BYTES >> 20} MiB.")
    try:
        value = json.loads(archive.read(name))
    except (RecursionError, UnicodeError, json.JSONDecodeError) as error:
        raise LoadingError(f"{name} is no JSON ({error}).") from error
    if not isinstance(value, dict):
        raise LoadingError(f"{name} is no JSON object.")
    return value


def _check_weights(content: bytes) -> int:
    """Refuses what is not a tree of plain arrays of finite numbers; counts these."""
    claimed, count, seen = 0, 0, set()
    with h5py.File(io.BytesIO(content), "r") as file:
        groups: list[h5py.Group] = [file]
        while groups:
            group = groups.pop()
            for name in group:
                where = f"{group.name.rstrip('/')}/{name} in {WEIGHTS}"
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise LoadingError(f"{where} is a link to elsewhere.")
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:
                    raise LoadingError(f"{where} is there under two names.")
                seen.add(address)
                if any(item.attrs.get_id(key).shape for key in item.attrs):
                    raise LoadingError(f"{where} has an attribute with many values.")
                if isinstance(item, h5py.Group):
                    groups.append(item)
                    continue
                claimed += _claimed_bytes(item, where)
                if claimed > len(content):
                    raise LoadingError(f"{where} claims more bytes than the file has.")
                if not np.isfinite(_floats(item)).all():
                    raise LoadingError(f"{where} holds NaN or infinity.")
                count += item.size
    return count


def _claimed_bytes(item: Any, where: str) -> int:
    if not isinstance(item, h5py.Dataset):
        raise LoadingError(f"{where} is no array.")
    if item.external or item.is_virtual:
        raise LoadingError(f"{where} has its values in another file.")
    if item.chunks is not None:
        raise LoadingError(f"{where} is stored in chunks, which Keras never does.")
    if item.shape is None or item.dtype.kind not in "biuf" and not _is_bfloat16(item):
        raise LoadingError(f"{where} holds {item.dtype}, and no numbers.")
    return item.nbytes


def _is_bfloat16(item: h5py.Dataset) -> bool:
    # HDF5 does not know the type; Keras notes it down beside the bytes.
    return item.dtype.itemsize == 2 and item.attrs.get("dtype") == "bfloat16"


def _floats(item: h5py.Dataset) -> np.ndarray:
    value = np.asarray(item[()])
    if _is_bfloat16(item):
        return value.view(ml_dtypes.bfloat16).astype("float32")
    return value if value.dtype.kind == "f" else np.zeros(())


def _entries(config: Any) -> Iterator[dict[str, Any]]:
    """Yields all objects of a configuration, outer ones first."""
    values: list[Any] = [config]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)


def _check_classes(config: dict[str, Any]) -> set[type]:
    """Refuses objects of unknown classes; returns the classes that there are."""
    return {
        _checked_class(entry)
        for entry in _entries(config)
        if str(entry["class_name"]) not in _VALUES
    }


def _check_size(config: dict[str, Any], held: int) -> None:
    """Refuses networks for which there would not be enough weights in the file."""
    # What a model is compiled with makes variables at once.
    compiled = [entry.pop("compile_config", None) for entry in [*_entries(config)]]
    asked = 0
    for part in [config, *compiled]:
        for entry in _entries(part):
            if entry["class_name"] in _NETWORKS:
                asked += _num_weights(entry)
                # Those within it are counted.
                entry.clear()
    # Some that Keras makes are not in a file, such as those of LoRA.
    if asked > 2 * held:
        raise LoadingError(
            f"its networks ask for {asked:,} weights, and it holds {held:,} numbers."
        )


def _num_weights(config: dict[str, Any]) -> int:
    # In there Keras builds layers without the memory of their weights.
    with keras.StatelessScope(initialize_variables=False):
        try:
            network = keras.saving.deserialize_keras_object(config, safe_mode=True)
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise LoadingError(
                "its networks can't be built to count their weights, as those with "
                f"stateful layers can't: {reason}"
            ) from error
        return sum(math.prod(weight.shape) for weight in network.weights)


def _checked_class(entry: dict[str, Any]) -> type:
    name, module = entry["class_name"], entry.get("module")
    if name == "function":
        _check_function(entry.get("config"), module, entry.get("registered_name"))
        return type(_check_function)
    registered_name = entry.get("registered_name", name)
    registered = None
    if isinstance(registered_name, str):
        registered = keras.saving.get_registered_object(registered_name)
    if registered is not None:
        found = registered if registered.__name__ == name else None
    else:
        found = _of_keras(module, name)
    if not isinstance(found, type) or "module" not in entry:
        raise LoadingError(
            f"its class {name!r} of {module!r} is neither Keras' own nor registered in "
            "this process. Import what registers it, with "
            "`keras.saving.register_keras_serializable`, before you load the file."
        )
    if issubclass(found, _PROGRAMS):
        raise LoadingError(
            f"its layer {name} holds a program, which loading would let run. Build the "
            "generator anew from other layers."
        )
    if registered is None and not issubclass(found, _KINDS):
        raise LoadingError(f"its class {name!r} of {module!r} is no part of a model.")
    return found


def _check_function(name: Any, module: Any, registered_name: Any) -> None:
    modules = [f"keras.{part}" for part in _FUNCTION_MODULES]
    if module in modules:
        modules = [module]
    elif module != "builtins":
        modules = []
    # Keras looks a registered function up by its name alone.
    is_known = isinstance(name, str) and (
        keras.saving.get_registered_object(name) is not None
        or any(callable(_of_keras(module, name)) for module in modules)
    )
    if not is_known:
        raise LoadingError(
            f"its function {name!r} of {module!r} is neither Keras' own nor registered "
            f"in this process. Received: registered_name={registered_name!r}."
        )


def _of_keras(module: Any, name: Any) -> Any:
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    if _MODULES.fullmatch(module) is None:
        return None
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
