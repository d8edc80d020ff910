"""Several devices train as one; several processes as one with several devices."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gan.models import distribution
from tests import harness, replicas

ROOT = Path(__file__).resolve().parents[1]
WORKER = [sys.executable, "-m", "tests.workers"]
TRAINING = [*WORKER, "multi_worker"]


def run_cases(*names):
    command = [sys.executable, "-m", "tests.replicas", *names]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("done:") == len(names)


@pytest.mark.slow
def test_two_halves_on_two_devices_are_one_batch_on_one():
    run_cases("updates")


@pytest.mark.slow
@pytest.mark.parametrize("case", [case.__name__ for case in replicas.CASES[1:]])
def test_two_devices_play_as_one(case):
    run_cases(case)


def test_what_keras_can_not_do_on_several_devices_is_refused():
    with pytest.raises(ValueError, match="Keras does not support `jit_compile`"):
        script("model.compile(jit_compile=True)")
    with pytest.raises(ValueError, match="`steps_per_execution` on several replicas"):
        script("model.compile(steps_per_execution=2)")
    with tf.distribute.experimental.CentralStorageStrategy().scope():
        with pytest.raises(ValueError, match="Received: CentralStorageStrategy"):
            harness.gan()
    with keras.distribution.DataParallel(devices=["cpu:0"]).scope():
        with pytest.raises(ValueError, match="`keras.distribution` does nothing"):
            harness.gan()


def script(line):
    """Runs a line on a game of two replicas, as far as Keras lets it be one."""

    class Two:
        num_replicas_in_sync = 2

    model = harness.gan()
    model._distribute_strategy = Two()
    exec(line, {"model": model})


def free_ports(count):
    taken = [socket.socket() for _ in range(count)]
    for one in taken:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def start_workers(folder, *command):
    """Starts a command in two processes that know of each other."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    workers = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        with (folder / f"{index}.log").open("w") as log:
            workers.append(
                subprocess.Popen(
                    [str(word) for word in command],
                    cwd=ROOT,
                    env=os.environ | {"TF_CONFIG": config},
                    stderr=log,
                )
            )
    return workers


def ended(workers, seconds=500):
    return [worker.wait(seconds) for worker in workers]


def states(folder, worker=0):
    found = np.load(folder / f"{worker}.npz")
    return [found[name] for name in found.files]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a training of three epochs in two processes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert ended(start_workers(folder, *TRAINING, folder, 3)) == [0, 0]
    return folder


@pytest.mark.slow
def test_two_processes_train_as_one_with_two_devices(undisturbed, tmp_path):
    command = [*WORKER, "mirrored", str(tmp_path), "3"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=500)
    for mine, same, other in zip(
        states(undisturbed),
        states(undisturbed, 1),
        states(tmp_path),
        strict=True,
    ):
        assert np.array_equal(mine, same)
        np.testing.assert_allclose(mine, other, rtol=2e-6, atol=2e-6)
    logs = [
        json.loads((folder / "0.json").read_text())
        for folder in (undisturbed, tmp_path)
    ]
    for name, values in logs[0].items():
        np.testing.assert_allclose(values, logs[1][name], rtol=1e-4, err_msg=name)


@pytest.mark.slow
def test_a_killed_worker_is_reported_and_the_training_goes_on_from_there(
    undisturbed, tmp_path
):
    workers = start_workers(tmp_path, *TRAINING, tmp_path, 100_000)
    step = tmp_path / "1.step"
    while not step.is_file() or int(step.read_text() or 0) < 8:
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.1)
    workers[1].send_signal(signal.SIGKILL)
    workers[1].wait()
    killed = time.monotonic()
    code = workers[0].wait(300)
    # Processes that wait for the processor say it as much later.
    waiting = max(1.0, os.getloadavg()[0] / os.cpu_count())
    assert time.monotonic() - killed < 30 * waiting and code != 0
    assert (
        "Another worker of this training can't be" in (tmp_path / "0.log").read_text()
    )
    kept = sorted((tmp_path / "kept").iterdir())
    for path in kept:
        if int(path.name.removeprefix("step-")) > 8:
            shutil.rmtree(path)
    assert ended(start_workers(tmp_path, *TRAINING, tmp_path, 3)) == [0, 0]
    for mine, other in zip(states(tmp_path), states(undisturbed), strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.slow
def test_a_chief_that_can_not_save_does_not_keep_the_others_waiting(
    undisturbed, tmp_path
):
    (tmp_path / "kept").write_text("no folder")
    assert ended(start_workers(tmp_path, *TRAINING, tmp_path, 3)) == [0, 0]
    assert "No checkpoint at step 3" in (tmp_path / "0.log").read_text()
    for mine, other in zip(states(tmp_path, 1), states(undisturbed), strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.slow
def test_the_command_trains_in_two_processes_and_goes_on(tmp_path):
    run = tmp_path / "run"
    keras_gan = [Path(sys.executable).with_name("keras-gan"), "train", "--quiet"]
    options = "--data digits --width 4 --latent-dim 8 --epochs 1 --batch-size 64"
    multi_worker = ("--strategy", "multi_worker")
    command = [*keras_gan, *options.split(), "--out", run, *multi_worker]
    assert ended(start_workers(tmp_path, *command)) == [0, 0]
    again = [*keras_gan, "--resume", run, "--epochs", 2, *multi_worker]
    assert ended(start_workers(tmp_path, *again)) == [0, 0]
    assert "Goes on from" in (tmp_path / "0.log").read_text()
    assert len((run / "log.csv").read_text().splitlines()) == 3
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == [
        "step-00000028",
        "step-00000056",
    ]
    # The chief keeps the model; the other one's folder may be deleted.
    assert (run / "model.keras").is_file()
    assert not (tmp_path / "run.worker-1" / "checkpoints").exists()


def test_workers_without_an_address_are_refused():
    with pytest.raises(ValueError, match="environment variable TF_CONFIG"):
        distribution.named("multi_worker")
