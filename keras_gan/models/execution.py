"""Runs the steps that Keras builds so that a sum has the same bits every time."""

import contextlib
import functools
import itertools

import tensorflow as tf

# The options of a call have no public name.
from tensorflow.python.eager import context

SEQUENTIAL = "SINGLE_THREADED_EXECUTOR"
# Operations that run a function, which in a row may wait for a thread for ever.
CALLS = frozenset(
    ["Case", "If", "PartitionedCall", "StatefulPartitionedCall", "StatelessCase"]
    + ["StatelessIf", "StatelessWhile", "While"]
)


class FunctionCallError(Exception):
    """A step that was to run in a row calls functions: it has loops or conditions."""


@contextlib.contextmanager
def in_a_row():
    """Runs the operations of functions that are called in it one after another."""
    running = context.context()
    before = running.function_call_options
    running.function_call_options = _options(before.config_proto_serialized)
    try:
        yield
    finally:
        running.function_call_options = before


@functools.cache
def _options(config: bytes):
    # Where it expects more than 205 MB, the graph optimizer makes a sum one into a
    # variable, which this executor can't run.
    changed = tf.compat.v1.ConfigProto.FromString(config)
    rewriting = changed.graph_options.rewrite_options
    rewriting.memory_optimization = rewriting.NO_MEM_OPT
    return context.FunctionCallOptions(SEQUENTIAL, changed)


class StepsInARow:
    """A `train_function` or `test_function` that runs operations one after another.

    TensorFlow starts an operation when its inputs are there. `AddN`, into which it
    also merges a + b + c, begins with the first input whose memory it may take over,
    and which that is depends on who is done sooner: the last bit of a sum of three
    is a matter of luck, with op determinism too (docs/design/0007-order-of-sums.md).
    An operation still uses all cores.

    A step with loops or conditions keeps TensorFlow's order. So that a lazy penalty
    is none, there is a function for every set of penalties that are due together.

    Args:
        model: The game.
        make: Returns a new function, as Keras makes them.
        penalties: Penalties whose schedule the steps follow.
    """

    def __init__(self, model, make, penalties=()):
        self.model, self.make, self.penalties = model, make, penalties
        self.functions = {}
        self.is_row = True

    @staticmethod
    def suits(model) -> bool:
        """Whether it is TensorFlow on one processor that orders the operations."""
        return not (
            model.run_eagerly
            or model.jit_compile
            or model.distribute_strategy.num_replicas_in_sync > 1
            or tf.config.list_logical_devices("GPU")
        )

    def __call__(self, iterator):
        # Keras' own loop over batches would be a call, and a row must not wait.
        batches = list(itertools.islice(iterator, self.model.steps_per_execution))
        if not batches:
            raise StopIteration
        for batch in batches:
            logs = self._step(batch)
        return logs

    def _step(self, batch):
        self.model.step_now = step = int(self.model.step.numpy())
        try:
            if self.is_row:
                try:
                    with in_a_row():
                        return self._function(step)(iter([batch]))
                except FunctionCallError:
                    self.is_row = False
                    self.functions.clear()
            return self._function(step)(iter([batch]))
        finally:
            self.model.step_now = None

    def _function(self, step):
        due = tuple(penalty.is_due(step) for penalty in self.penalties)
        if due not in self.functions:
            self.functions[due] = self.make()
        return self.functions[due]


def may_loop(model) -> bool:
    """Whether a step may have a loop: not in a row, and not on several replicas."""
    function = model.train_function
    in_a_row = isinstance(function, StepsInARow) and function.is_row
    replicas = model.distribute_strategy.num_replicas_in_sync
    return not (in_a_row or model.run_eagerly or replicas > 1)


def check_calls(function):
    """Ends a step that `function` may run in a row: refuses to trace calls into it.

    Raises:
        FunctionCallError: If the step has any.
    """
    if not isinstance(function, StepsInARow) or not function.is_row:
        return
    operations = tf.compat.v1.get_default_graph().get_operations()
    calls = CALLS & {operation.type for operation in operations}
    if calls:
        raise FunctionCallError(sorted(calls))
