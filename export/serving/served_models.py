"""The models of a folder, loaded, watched and replaced by their newer versions."""

import contextlib
import dataclasses
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from keras_gan.export.errors import ExportError
from keras_gan.export.quiet import quiet
from keras_gan.export.serving import configs
from keras_gan.export.serving.publish import versions
from keras_gan.export.serving.refusals import Refusal, invalid
from keras_gan.export.serving.servable import Servable
from keras_gan.export.trust import check_trusted

AVAILABLE, LOADING, UNLOADING, END = "AVAILABLE", "LOADING", "UNLOADING", "END"


@dataclasses.dataclass
class VersionState:
    """Where a version of a model stands.

    Args:
        state: As in the `ModelVersionStatus` of TensorFlow Serving.
        error: Why it could not be loaded, if it could not.
    """

    state: str
    error: str = ""


class ServedModel:
    """One model: the versions that its policy asks for, loaded.

    Args:
        name: Its name.
        folder: The folder of its versions.
        config: Its `ModelConfig`, or an empty one.
        log: Is told what is loaded and unloaded.
        allow_untrusted: Whether to load what this process did not write.
    """

    def __init__(
        self,
        name: str,
        folder: pathlib.Path,
        config: Any,
        log: Callable[[str], None],
        allow_untrusted: bool = False,
    ):
        self.name = name
        self.folder = folder
        self.labels = dict(config.version_labels)
        self._policy = config.model_version_policy
        self._log = log
        self._allow_untrusted = allow_untrusted
        self._loaded: dict[int, Servable] = {}
        self._states: dict[int, VersionState] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Load what is asked for and not there, then unload what is not asked for."""
        found = versions(self.folder)
        wanted = self._wanted(sorted(found))
        for number in set(self._states) - set(found):
            # Published again, a version that failed is tried again.
            self._states[number].error = ""
        for number in wanted:
            if number not in self._loaded and not self._has_failed(number):
                self._load(number, self.folder / found[number][0])
        if all(number in self._loaded for number in wanted):
            for number in set(self._loaded) - set(wanted):
                self._unload(number)

    def close(self) -> None:
        for number in list(self._loaded):
            self._unload(number)

    @contextlib.contextmanager
    def used(
        self, version: int | None = None, label: str | None = None
    ) -> Iterator[Servable]:
        """Give the version of a number or label, by default the newest.

        Args:
            version: Its number.
            label: Its label.
        """
        number = self.labels[self._known(label)] if label else version
        with self._lock:
            newest = max(self._loaded, default=None)
            servable = self._loaded.get(newest if number is None else number)  # type: ignore[arg-type]
            stack = contextlib.ExitStack()
            if servable is not None:
                stack.enter_context(servable.used())
        if servable is None:
            which = "a version" if number is None else f"version {number}"
            raise Refusal("NOT_FOUND", f"The server has not {which} of {self.name}.")
        with stack:
            yield servable

    def states(
        self, version: int | None = None, label: str | None = None
    ) -> dict[int, VersionState]:
        """Return where each version stands, or that of a number or label."""
        number = self.labels[self._known(label)] if label else version
        with self._lock:
            states = dict(sorted(self._states.items(), reverse=True))
        if number is None:
            return states
        if number not in states:
            raise Refusal(
                "NOT_FOUND", f"The server has no version {number} of {self.name}."
            )
        return {number: states[number]}

    def _wanted(self, numbers: list[int]) -> list[int]:
        policy = self._policy.WhichOneof("policy_choice")
        if policy == "all":
            return numbers
        if policy == "specific":
            chosen = set(self._policy.specific.versions)
            return [number for number in numbers if number in chosen]
        return numbers[-(self._policy.latest.num_versions or 1) :]

    def _has_failed(self, number: int) -> bool:
        return number in self._states and bool(self._states[number].error)

    def _known(self, label: str) -> str:
        if label not in self.labels:
            raise invalid(
                f'Model {self.name} has no version label "{label}", but '
                f"{sorted(self.labels)}."
            )
        return label

    def _load(self, number: int, path: pathlib.Path) -> None:
        self._set(number, VersionState(LOADING))
        try:
            check_trusted(path, self._allow_untrusted)
            servable = Servable(path, number)
        except Exception as error:
            message = " ".join(str(error).split())[:500] or type(error).__name__
            self._set(number, VersionState(END, message))
            self._log(f"{self.name} version {number} cannot be loaded: {message}")
            return
        with self._lock:
            self._loaded[number] = servable
        self._set(number, VersionState(AVAILABLE))
        self._log(f"{self.name} version {number} is served.")

    def _unload(self, number: int) -> None:
        with self._lock:
            servable = self._loaded.pop(number)
        self._set(number, VersionState(UNLOADING))
        servable.close()
        self._set(number, VersionState(END))
        self._log(f"{self.name} version {number} is unloaded.")

    def _set(self, number: int, state: VersionState) -> None:
        with self._lock:
            self._states[number] = state


class ServedModels:
    """All models of a folder, looked after by a thread.

    Args:
        folder: A pack of `export_serving`, or the folder of one model in it.
        poll_seconds: How often to look for new versions.
        log: Is told what is loaded and unloaded.
        allow_untrusted: Whether to load what this process did not write.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        poll_seconds: float = 1.0,
        log: Callable[[str], None] = lambda line: None,
        allow_untrusted: bool = False,
    ):
        self.models = {
            model.name: ServedModel(model.name, place, model, log, allow_untrusted)
            for model, place in models_of(folder)
        }
        self._poll_seconds = poll_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Load the models, then watch their folders."""
        with quiet():
            for model in self.models.values():
                model.refresh()
        self._thread.start()

    def stop(self) -> None:
        """Unload the models when they have answered what they were asked."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        for model in self.models.values():
            model.close()

    def model(self, name: str) -> ServedModel:
        """Return the model of a name."""
        if name not in self.models:
            raise Refusal(
                "NOT_FOUND",
                f'The server has no model "{name}", but {sorted(self.models)}.',
            )
        return self.models[name]

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll_seconds):
            for model in self.models.values():
                model.refresh()


def models_of(folder: pathlib.Path) -> list[tuple[Any, pathlib.Path]]:
    """Return the `ModelConfig` and the folder of each model found in a folder.

    Args:
        folder: A pack of `export_serving`, or the folder of one model in it.
    """
    config = configs.read(folder / "models.config", configs.parsed_models)
    models = list(config.model_config_list.config)
    if not models:
        children = [folder] if versions(folder) else sorted(folder.glob("*/"))
        names = [child.resolve().name for child in children if versions(child)]
        text = configs.models_config(names)
        models = list(configs.parsed_models(text).model_config_list.config)
        if versions(folder):
            return [(model, folder) for model in models]
    if not models:
        raise ExportError(
            "There is no model to serve: a folder of models holds NAME/VERSION/"
            f"saved_model.pb. Received: {folder}. Write it with `export_serving`."
        )
    return [(model, _place(folder, model)) for model in models]


def _place(folder: pathlib.Path, model: Any) -> pathlib.Path:
    """Return where a model lies here; its configuration may speak of a container."""
    given = pathlib.PurePosixPath(model.base_path)
    places = [(folder / path).resolve() for path in (given.name, given)]
    inside = [path for path in places if folder.resolve() in path.parents]
    found = [path for path in inside if path.is_dir()]
    if not found:
        raise ExportError(
            f"The models of a pack lie in its folder. Received: {model.name!r} with "
            f"base_path={model.base_path!r}, which is no folder in {folder}. Move the "
            "model there, or serve its own folder."
        )
    return found[0]
