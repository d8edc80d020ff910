"""Names for objects, with the near misses in the error."""

import difflib
from collections.abc import Iterable, Mapping


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that nothing answers to."""
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"Unknown {kind}: {name!r}.{hint} Known: {', '.join(known)}."


class Registry(Mapping):
    """Classes by name, resolved as Keras resolves its own.

    Args:
        kind: What the entries are, for messages: "loss", "penalty".
        classes: Name to class.
        base: The class of which every resolved object must be an instance.
    """

    def __init__(self, kind: str, classes: dict[str, type], base: type):
        self.kind = kind
        self.base = base
        self._classes = classes

    def __getitem__(self, name: str) -> type:
        return self._classes[name]

    def __iter__(self):
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def resolve(self, identifier):
        """Returns an instance for a name, a serialised config, a class or itself."""
        if isinstance(identifier, str):
            if identifier not in self._classes:
                raise ValueError(unknown(self.kind, identifier, self._classes))
            return self._classes[identifier]()
        if isinstance(identifier, dict):
            # The command needs the names long before it needs Keras.
            import keras

            identifier = keras.saving.deserialize_keras_object(identifier)
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            identifier = identifier()
        if not isinstance(identifier, self.base):
            raise ValueError(
                f"Expected a {self.kind} as a name, a config or an instance of "
                f"{self.base.__name__}. Received: {identifier!r}. Known names: "
                f"{', '.join(sorted(self._classes))}."
            )
        return identifier
