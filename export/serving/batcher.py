"""Concurrent requests, computed together."""

import collections
import concurrent.futures
import dataclasses
import threading
import time
from collections.abc import Callable

import numpy as np

from keras_gan.export.serving.refusals import Refusal

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Batching:
    """How requests are put together.

    Args:
        max_batch_size: Most rows of a batch; a larger request is cut up.
        timeout_s: How long the first request of a batch waits for others.
        max_enqueued_batches: Full batches that may wait; more are refused.
        allowed_sizes: Sizes that a batch is filled up to, increasing; any if empty.
    """

    max_batch_size: int
    timeout_s: float = 0.0
    max_enqueued_batches: int = 10
    allowed_sizes: tuple[int, ...] = ()

    def filled_up(self, num_rows: int) -> int:
        """Return the number of rows that a batch of so many is computed with."""
        return next((size for size in self.allowed_sizes if size >= num_rows), num_rows)


@dataclasses.dataclass
class _Task:
    inputs: Arrays
    deadline: float
    answer: concurrent.futures.Future
    num_rows: int

    def goes_with(self, other: "_Task") -> bool:
        return all(
            value.shape[1:] == other.inputs[name].shape[1:]
            for name, value in self.inputs.items()
        )


class Batcher:
    """Gathers requests and hands each of them its own rows of the answer.

    Args:
        compute: From arrays by name to arrays by name, row by row.
        batching: How requests are put together.
    """

    def __init__(self, compute: Callable[[Arrays], Arrays], batching: Batching):
        self._compute = compute
        self._batching = batching
        self._tasks: collections.deque[_Task] = collections.deque()
        self._num_waiting = 0
        self._is_closed = False
        self._change = threading.Condition()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def submit(self, inputs: Arrays) -> Arrays:
        """Return the outputs for inputs of the same number of rows, at least one.

        It waits for them, so many threads call it at once.
        """
        num_rows = len(next(iter(inputs.values())))
        deadline = time.monotonic() + self._batching.timeout_s
        task = _Task(inputs, deadline, concurrent.futures.Future(), num_rows)
        limit = self._batching.max_batch_size * self._batching.max_enqueued_batches
        with self._change:
            if self._is_closed or self._num_waiting >= limit:
                raise Refusal("UNAVAILABLE", "The queue of requests is full or closed.")
            self._tasks.append(task)
            self._num_waiting += num_rows
            self._change.notify()
        return task.answer.result()

    def close(self) -> None:
        """Answer what waits, and take no more."""
        with self._change:
            self._is_closed = True
            self._change.notify()
        self._worker.join()

    def _work(self) -> None:
        while tasks := self._next_batch():
            self._answer(tasks)

    def _next_batch(self) -> list[_Task]:
        """Wait for a full batch or a deadline; return nothing when closed and empty."""
        with self._change:
            self._change.wait_for(lambda: self._tasks or self._is_closed)
            while self._tasks and self._num_waiting < self._batching.max_batch_size:
                remaining = self._tasks[0].deadline - time.monotonic()
                if remaining <= 0 or self._is_closed:
                    break
                self._change.wait(remaining)
            return self._taken()

    def _taken(self) -> list[_Task]:
        taken: list[_Task] = []
        num_rows = 0
        while self._tasks:
            task = self._tasks[0]
            too_many = num_rows + task.num_rows > self._batching.max_batch_size
            if taken and (too_many or not task.goes_with(taken[0])):
                break
            taken.append(self._tasks.popleft())
            num_rows += task.num_rows
        self._num_waiting -= num_rows
        return taken

    def _answer(self, tasks: list[_Task]) -> None:
        try:
            outputs = self._outputs(tasks)
        except Exception as error:
            if len(tasks) == 1:
                tasks[0].answer.set_exception(error)
                return
            # One bad request must not spoil those that it happened to meet.
            for task in tasks:
                self._answer([task])
            return
        start = 0
        for task in tasks:
            rows = slice(start, start + task.num_rows)
            task.answer.set_result({name: v[rows] for name, v in outputs.items()})
            start = rows.stop

    def _outputs(self, tasks: list[_Task]) -> Arrays:
        joined = {
            name: np.concatenate([task.inputs[name] for task in tasks])
            for name in tasks[0].inputs
        }
        total = sum(task.num_rows for task in tasks)
        size = self._batching.max_batch_size
        parts = [
            self._part({name: v[start : start + size] for name, v in joined.items()})
            for start in range(0, total, size)
        ]
        return {
            name: np.concatenate([part[name] for part in parts]) for name in parts[0]
        }

    def _part(self, inputs: Arrays) -> Arrays:
        num_rows = len(next(iter(inputs.values())))
        size = self._batching.filled_up(num_rows)
        rows = np.minimum(np.arange(size), num_rows - 1)
        outputs = self._compute({name: value[rows] for name, value in inputs.items()})
        for name, value in outputs.items():
            if np.ndim(value) == 0 or len(value) != size:
                raise Refusal(
                    "FAILED_PRECONDITION",
                    f"Output `{name}` of shape {np.shape(value)} does not have a row "
                    f"for each of the {size} in the batch.",
                )
        return {name: value[:num_rows] for name, value in outputs.items()}
