"""What is traced in another, equal form, because a converter needs it.

Nothing is changed in a model. While it is traced for a format, Keras functions and
graph operations are replaced, so that it makes no difference whether a model is
functional, Sequential or subclassed, and whether it calls Keras or TensorFlow.
"""

import contextlib
import contextvars
import dataclasses
import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from keras.src.backend.common.name_scope import current_path
from tensorflow.python.framework.func_graph import FuncGraph

from keras_gan.export.modes import SAVED_MODEL_MODES, Mode
from keras_gan.export.substitution_table import SUBSTITUTIONS, Substitution


@dataclasses.dataclass(frozen=True)
class Replacement:
    """One place at which a substitution was made.

    Args:
        note: What was done.
        layer: Name of the layer in which it was done, empty outside of layers.
    """

    note: str
    layer: str


class _Armed:
    """The substitutions of one trace, and what they did."""

    def __init__(self, substitutions: tuple[Substitution, ...]):
        self.substitutions = substitutions
        self.ops = {
            op_type: (substitution, substitute)
            for substitution in substitutions
            for op_type, substitute in substitution.ops
        }
        # In place of a set, because it keeps the order.
        self.replacements: dict[Replacement, None] = {}

    def record(self, substitution: Substitution) -> None:
        if substitution.note:
            layer = current_path().rpartition("/")[2]
            self.replacements[Replacement(substitution.note, layer)] = None


_ARMED: contextvars.ContextVar[_Armed | None] = contextvars.ContextVar(
    "substitutions", default=None
)
_LOCK = threading.RLock()
_RECORDS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def plan(mode: Mode) -> tuple[str, ...]:
    """Return the names of the substitutions that a mode is traced with.

    Modes with the same plan share one traced function.
    """
    return tuple(s.name for s in SUBSTITUTIONS if s.serves(mode))


def replacements(graph: Any) -> tuple[Replacement, ...]:
    """Return what was replaced while a graph was traced.

    Args:
        graph: The graph of a concrete function.
    """
    return tuple(_RECORDS.get(graph, ()))


@contextlib.contextmanager
def substituted(mode: Mode | None = None) -> Iterator[None]:
    """Trace what a mode cannot convert in another, equal form.

    Around the call of a model inside a function that is being traced. Other threads
    are not affected, but for waiting if they export too.

    Args:
        mode: The mode, by default that of SavedModels.
    """
    mode = mode or SAVED_MODEL_MODES["float32"]
    armed = _Armed(tuple(s for s in SUBSTITUTIONS if s.serves(mode)))
    with _LOCK, contextlib.ExitStack() as patches:
        for substitution in armed.substitutions:
            for owner, name, substitute in substitution.functions:
                patches.enter_context(_patched(owner, name, substitute, substitution))
        patches.enter_context(_patched(FuncGraph, "_create_op_internal", _created_op))
        token = _ARMED.set(armed)
        try:
            yield
        finally:
            _ARMED.reset(token)
            _RECORDS[tf.compat.v1.get_default_graph()] = armed.replacements


@contextlib.contextmanager
def _patched(
    owner: Any,
    name: str,
    substitute: Callable,
    substitution: Substitution | None = None,
) -> Iterator[None]:
    original = getattr(owner, name)

    @functools.wraps(original)
    def chosen(*args, **kwargs):
        armed = _ARMED.get()
        if armed is None:  # another thread
            return original(*args, **kwargs)
        result = substitute(original, *args, **kwargs)
        if result is None:
            return original(*args, **kwargs)
        if substitution is not None:
            armed.record(substitution)
        return result

    setattr(owner, name, chosen)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _created_op(
    original: Callable, graph: Any, op_type: str, inputs: Any, *args: Any, **kwargs: Any
) -> Any:
    armed = _ARMED.get()
    if armed is None or op_type not in armed.ops:
        return None
    substitution, substitute = armed.ops[op_type]
    result = substitute(inputs, kwargs["attrs"])
    if result is None:
        return None
    armed.record(substitution)
    return result.op
