"""Requests that are computed together get the rows that they would get alone."""

import threading
import time

import numpy as np
import pytest

from keras_gan.export.serving.batcher import Batcher, Batching
from keras_gan.export.serving.refusals import Refusal


class Doubler:
    """Doubles rows; notes batch sizes; fails on negative numbers; waits if told to."""

    def __init__(self):
        self.sizes = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, inputs):
        self.gate.wait(5.0)
        x = inputs["x"]
        self.sizes.append(len(x))
        if (x < 0).any():
            raise Refusal("INVALID_ARGUMENT", "negative")
        return {"y": 2 * x}


@pytest.fixture
def make():
    batchers = []

    def made(**options):
        compute = Doubler()
        batchers.append(Batcher(compute, Batching(**options)))
        return compute, batchers[-1]

    yield made
    for batcher in batchers:
        batcher.close()


def ask_all(batcher, requests):
    """Answers, or refusals, of requests sent by as many threads."""
    answers = [None] * len(requests)

    def ask(number):
        try:
            answers[number] = batcher.submit({"x": requests[number]})["y"]
        except Refusal as refusal:
            answers[number] = refusal

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_each_caller_gets_its_own_rows(make):
    compute, batcher = make(max_batch_size=8, timeout_s=0.2, allowed_sizes=(1, 4, 8))
    requests = [np.full((1 + n % 3, 2), n) for n in range(16)]
    for request, answer in zip(requests, ask_all(batcher, requests), strict=True):
        np.testing.assert_array_equal(answer, 2 * request)
    assert set(compute.sizes) <= {1, 4, 8}
    assert len(compute.sizes) < 16


def test_requests_wait_for_each_other_no_longer_than_the_timeout(make):
    compute, batcher = make(max_batch_size=100, timeout_s=0.05)
    start = time.monotonic()
    batcher.submit({"x": np.ones(1)})
    assert 0.05 <= time.monotonic() - start < 2.0
    ask_all(batcher, [np.ones(1)] * 4)
    assert compute.sizes[-1] > 1


def test_a_batch_is_filled_up_to_an_allowed_size(make):
    compute, batcher = make(max_batch_size=8, allowed_sizes=(4, 8))
    for size in (1, 4, 5):
        assert len(batcher.submit({"x": np.arange(size)})["y"]) == size
    assert compute.sizes == [4, 4, 8]


def test_a_large_request_is_cut_up(make):
    compute, batcher = make(max_batch_size=4, allowed_sizes=(2, 4))
    answer = batcher.submit({"x": np.arange(9)})["y"]
    np.testing.assert_array_equal(answer, 2 * np.arange(9))
    assert compute.sizes == [4, 4, 2]


def test_a_bad_request_does_not_spoil_those_it_meets(make):
    _, batcher = make(max_batch_size=4, timeout_s=1.0)
    answers = ask_all(batcher, [np.array([n]) for n in (1, -1, 2, 3)])
    assert isinstance(answers[1], Refusal)
    assert [answer.tolist() for answer in answers[:1] + answers[2:]] == [[2], [4], [6]]


def test_rows_of_other_shapes_are_not_joined(make):
    _, batcher = make(max_batch_size=4, timeout_s=0.1)
    requests = [np.ones((1, 2)), np.ones((1, 3)), np.ones((2, 2))]
    answers = ask_all(batcher, requests)
    assert [answer.shape for answer in answers] == [(1, 2), (1, 3), (2, 2)]


def test_a_full_queue_refuses_and_loses_nothing(make):
    compute, batcher = make(max_batch_size=1, max_enqueued_batches=2)
    compute.gate.clear()
    timer = threading.Timer(0.3, compute.gate.set)
    timer.start()
    answers = ask_all(batcher, [np.array([n]) for n in range(8)])
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {refusal.code for refusal in refused} == {"UNAVAILABLE"}
    assert len(refused) in (5, 6)
    for number, answer in enumerate(answers):
        assert isinstance(answer, Refusal) or answer.tolist() == [2 * number]
    timer.join()


def test_what_waits_is_answered_when_the_batcher_closes(make):
    compute, batcher = make(max_batch_size=100, timeout_s=60.0)
    closing = threading.Timer(0.1, batcher.close)
    closing.start()
    assert batcher.submit({"x": np.array([3])})["y"].tolist() == [6]
    closing.join()
    with pytest.raises(Refusal):
        batcher.submit({"x": np.array([3])})


def test_an_output_without_a_row_for_each_input_is_refused():
    batcher = Batcher(lambda inputs: {"y": np.zeros(3)}, Batching(max_batch_size=4))
    with pytest.raises(Refusal, match="does not have a row for each"):
        batcher.submit({"x": np.zeros(2)})
    batcher.close()
