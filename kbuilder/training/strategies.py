"""On which devices the network trains: one, several of a machine, or those of several machines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kbuilder import internals
from kbuilder.contracts import Decision
from kbuilder.errors import CallError, TrainingError
from kbuilder.lines import to_line
from kbuilder.recipe.training import Training
from kbuilder.training import diagnosis, workers


@dataclass(frozen=True)
class Placement:
    """Where the network trains.

    Args:
        strategy: The `tf.distribute` strategy; None: one device, without any.
        devices: How many devices share a step.
        workers: How many processes.
        chief: Whether this process is the one that writes and speaks.
        decision: What was chosen, and why; None: there was no choice.
    """

    strategy: Any
    devices: int
    workers: int
    chief: bool
    decision: Decision | None = None

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Within it the network is built and compiled.

        Raises:
            TrainingError: if another worker is gone.
        """
        if self.strategy is None:
            yield
            return
        import tensorflow as tf

        try:
            with self.strategy.scope():
                yield
        except tf.errors.UnavailableError as error:
            raise diagnosis.lost_worker(error) from None

    def synchronize(self, model: Any, training: Training) -> None:
        """Have batch normalization look at the rows of all devices together, if it is to.

        Args:
            model: The network.
            training: Its `sync_batchnorm`.
        """
        from keras.layers import BatchNormalization

        layers = [x for x in internals.layers(model) if isinstance(x, BatchNormalization)]
        apart = [layer for layer in layers if not layer.synchronized]
        if self.strategy is None or not apart:
            return
        for layer in apart:
            layer.synchronized = training.sync_batchnorm


ALONE = Placement(None, 1, 1, True)
"""One device, without a strategy."""


def place(training: Training, devices: int | None = None, networks: int = 1) -> Placement:
    """Choose, and make the strategy. To be called before TensorFlow has computed anything.

    Args:
        training: Its `strategy`, and its batch size, which all devices share.
        devices: Use so many of this machine; on a CPU they are logical ones. None: all GPUs.
        networks: How many networks are fitted, one after another.

    Raises:
        CallError: if there are not so many devices, or `TF_CONFIG` is malformed.
        TrainingError: if the strategy cannot work here, or a worker does not come.
    """
    cluster = workers.read(os.environ)
    name = training.strategy
    if name == "multi_worker" and cluster is None:
        raise TrainingError(
            "multi_worker trains on several machines, and nothing says which. Expected TF_CONFIG "
            "in the environment of each worker, or a job of Slurm.",
            key=("training", "strategy"),
        )
    if cluster is not None and name in ("auto", "multi_worker"):
        if devices is not None:
            raise CallError("each worker uses its own devices. Expected no --devices with several.")
        if networks > 1:
            raise TrainingError(
                f"{len(cluster.addresses)} workers fit one network together, and the recipe has "
                f"{networks}. Expected no folds and no ensemble; or one machine, by `strategy: "
                "none`.", key=("training", "strategy"),
            )  # fmt: skip
        return _multi_worker(training, cluster)
    if name == "none" and devices is not None and devices > 1:
        raise TrainingError(
            f"the recipe has each step on one device, and --devices {devices} shares it among "
            "several. Expected `strategy: auto`, or no --devices.",
            key=("training", "strategy"),
        )
    found = _devices(devices)
    if name == "none" or (name == "auto" and len(found) == 1):
        why = "the recipe says so" if name == "none" else "there is one device"
        return Placement(None, 1, 1, True, _decision("none", why))
    if len(found) == 1:
        raise TrainingError(
            f"mirrored shares each step among several devices, and there is one: {found[0]}. "
            "Expected `strategy: auto`, several GPUs, or `--devices 2` for a CPU as two.",
            key=("training", "strategy"),
        )
    _enough_rows(training, len(found), f"{len(found)} devices")
    import tensorflow as tf

    # Collective exchange among logical devices of one CPU gains nothing, and may hang.
    exchange = tf.distribute.ReductionToOneDevice() if "CPU" in found[0] else None
    strategy = tf.distribute.MirroredStrategy(found, cross_device_ops=exchange)
    why = f"there are {len(found)} devices: {_shared(training, len(found))}"
    return Placement(strategy, len(found), 1, True, _decision("mirrored", why))


def _multi_worker(training: Training, cluster: workers.Cluster) -> Placement:
    """A strategy over all workers, once they have met."""
    os.environ["TF_CONFIG"] = json.dumps(cluster.tf_config())
    workers.meet(cluster, 60 * training.wait_minutes)
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    count = strategy.num_replicas_in_sync
    what = f"{count} devices of {len(cluster.addresses)} workers"
    _enough_rows(training, count, what)
    why = f"{cluster.origin} names {len(cluster.addresses)} workers: {_shared(training, count)}"
    chief = cluster.index == 0
    return Placement(strategy, count, len(cluster.addresses), chief, _decision("multi_worker", why))


def _decision(name: str, why: str) -> Decision:
    key = ("training", "strategy")
    return Decision(key, name, why, to_line(key, name))


def _shared(training: Training, devices: int) -> str:
    share = "its share"
    if isinstance(training.batch_size, int):
        share = f"{training.batch_size / devices:g} of the {training.batch_size} rows"
    return (
        f"each takes {share} of a step; the learning rate stays, since batch_size is that of all "
        "together"
    )


def _enough_rows(training: Training, devices: int, what: str) -> None:
    if isinstance(training.batch_size, int) and training.batch_size < devices:
        raise TrainingError(
            f"a step of {training.batch_size} rows cannot be shared by {what}. "
            f"Expected a batch_size of {devices} or more: it is that of all devices together.",
            key=("training", "batch_size"),
        )


def _devices(count: int | None) -> list[str]:
    """The devices to use: all GPUs or so many; without GPUs, so many logical CPU devices."""
    import tensorflow as tf

    graphics = [f"GPU:{n}" for n in range(len(tf.config.list_physical_devices("GPU")))]
    if count is None:
        return graphics or ["CPU:0"]
    if graphics:
        if count > len(graphics):
            raise CallError(f"there are {len(graphics)} GPUs. Expected --devices of at most that.")
        return graphics[:count]
    [processor] = tf.config.list_physical_devices("CPU")
    parts = tf.config.get_logical_device_configuration(processor) or [None]
    if len(parts) < count:
        try:
            tf.config.set_logical_device_configuration(
                processor, [tf.config.LogicalDeviceConfiguration()] * count
            )
        except RuntimeError:
            raise CallError(
                f"TensorFlow has begun with {len(parts)} logical devices. Expected devices={count} "
                "in a process that has not computed anything yet."
            ) from None
    return [f"CPU:{n}" for n in range(count)]
