"""Every state that a crash can leave of a save is one that a training goes on from."""

import shutil

import numpy as np
import pytest

from tests import crash_saves, crash_training

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return crash_saves.one_checkpoint(tmp_path_factory.mktemp("crash") / "before")


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize("scenario", crash_saves.SCENARIOS)
def test_a_training_goes_on_from_every_state_that_a_crash_leaves(
    before, tmp_path, scenario
):
    counts = crash_saves.outcomes(before, tmp_path, crash_saves.SCENARIOS[scenario])
    assert {what for _, what in counts} == {"old", "new"}
    assert counts.total() >= 600


@pytest.mark.slow
@needs_gcc
def test_the_harness_finds_a_writer_that_does_not_sync(before, tmp_path):
    counts = crash_saves.outcomes(before, tmp_path, crash_saves.WITHOUT_SYNC)
    lost = {how for how, what in counts if what == "nothing"}
    assert "power cut" in lost and "kill" not in lost


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_changed_byte_of_a_checkpoint_is_accepted(before, tmp_path, count):
    assert crash_saves.changed_bytes(before, tmp_path, count) == {"refused": count}


def test_every_bit_that_differs_is_counted():
    one = {"a": np.float32([1, 2]), "b": np.int64(7)}
    other = {"a": np.float32([1, -2]), "b": np.int64(8)}
    assert crash_training.differing_bits(one, one) == 0
    # The sign, and 0111 against 1000.
    assert crash_training.differing_bits(one, other) == 1 + 4


@pytest.mark.slow
def test_a_training_that_is_killed_at_random_ends_as_one_that_was_not(tmp_path):
    crash_training.kill(tmp_path, 5)
    found = crash_training.compare(tmp_path)
    assert (found.kills, found.differing_bits) == (5, 0)
