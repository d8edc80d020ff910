"""Games on several devices, by the strategies of `tf.distribute` that Keras can use.

Synchronous training only: every replica plays the same round on its share of the batch,
and an update is by the gradients of all.
"""

import os

import keras
import tensorflow as tf


def num_replicas() -> int:
    """Replicas of the strategy whose scope this is."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def is_multi_worker(strategy) -> bool:
    """Whether the replicas are in more than one process."""
    multi = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return multi and strategy.extended._in_multi_worker_mode()


def is_chief(strategy) -> bool:
    """Whether this process writes what is written once; alone, it does."""
    if not is_multi_worker(strategy):
        return True
    resolver = strategy.cluster_resolver
    if resolver.task_type == "chief":
        return True
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_id == 0 and not has_chief


def named(name: str | None):
    """Returns a new strategy, or TensorFlow's default of one device for `None`.

    It must be made before anything else uses TensorFlow.

    Args:
        name: `"mirrored"`, over all devices of this machine, or `"multi_worker"`, over
            the processes that the environment variable `TF_CONFIG` names.
    """
    if name is None:
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if "TF_CONFIG" not in os.environ:
        raise ValueError(
            "Several workers find each other by the environment variable TF_CONFIG. "
            "Received: none. Set it in every process, as docs/devices.md shows."
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def wait_for_all(strategy) -> None:
    """Returns when every worker is here."""
    if is_multi_worker(strategy):
        here = strategy.run(tf.function(lambda: tf.constant(1.0)))
        strategy.reduce(tf.distribute.ReduceOp.SUM, here, axis=None)


def check_strategy(strategy) -> None:
    """Refuses a strategy that Keras can't train two players under."""
    mirrored = (
        tf.distribute.MirroredStrategy,
        tf.distribute.MultiWorkerMirroredStrategy,
        tf.distribute.OneDeviceStrategy,
        tf.distribute.TPUStrategy,
    )
    if tf.distribute.has_strategy() and not isinstance(strategy, mirrored):
        raise ValueError(
            "A game trains under MirroredStrategy or MultiWorkerMirroredStrategy. "
            f"Received: {type(strategy).__name__}, which Keras 3 does not support."
        )
    if keras.distribution.distribution() is not None:
        raise ValueError(
            "`keras.distribution` does nothing under TensorFlow. Received: "
            f"{keras.distribution.distribution()!r}. Build the game in the scope of a "
            "`tf.distribute.MirroredStrategy`."
        )


def check_options(strategy, jit_compile, steps_per_execution: int) -> None:
    """Refuses options of `compile` that Keras can't keep under a strategy."""
    if strategy.num_replicas_in_sync == 1:
        return
    for name, value, best in (
        ("jit_compile", jit_compile is True, "'auto' or False"),
        ("steps_per_execution", steps_per_execution > 1, "1"),
    ):
        if value:
            raise ValueError(
                f"Keras does not support `{name}` on several replicas. Received: "
                f"{jit_compile if name == 'jit_compile' else steps_per_execution!r} "
                f"with {strategy.num_replicas_in_sync} replicas. Use {best}."
            )


def agree(variables) -> None:
    """Makes each replica's statistics the mean of all, in a step.

    What is saved is then what every replica goes on from.
    """
    context = tf.distribute.get_replica_context()
    floating = [v for v in variables if v.dtype.startswith(("float", "bfloat"))]
    if num_replicas() == 1 or not floating:
        return
    values = [tf.identity(variable.value) for variable in floating]
    means = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
    for variable, mean in zip(floating, means, strict=True):
        variable.assign(mean)


def shared(strategy, dataset: tf.data.Dataset):
    """Returns the batches of a dataset with each worker's share of every one.

    TensorFlow itself would give whole batches to one worker or the other, by the kind
    of file they come from: here a batch is cut as `MirroredStrategy` cuts it, and two
    processes train as one with two devices.
    """
    if not is_multi_worker(strategy):
        return dataset
    replicas = strategy.num_replicas_in_sync

    def of_worker(context) -> tf.data.Dataset:
        local = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * local

        def pieces(*batch):
            batch = batch[0] if len(batch) == 1 else batch
            cut = tf.nest.map_structure(
                lambda x: tf.stack(tf.split(x, replicas))[first : first + local], batch
            )
            return tf.data.Dataset.from_tensor_slices(cut)

        return dataset.flat_map(pieces).prefetch(local)

    return strategy.distribute_datasets_from_function(of_worker)


def lost_worker(error: Exception) -> ConnectionError:
    """What a training says when another process of it is gone."""
    reason = str(error).strip().split("\n")[0]
    return ConnectionError(
        "Another worker of this training can't be reached any more. Start all of them "
        "again with the same command: they go on from the newest checkpoint. "
        f"TensorFlow says: {reason}"
    )
