"""How many rows a step has, where the recipe leaves it open: by the rows, or by trying steps."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbuilder import room
from kbuilder.columns import Rows
from kbuilder.contracts import Decision
from kbuilder.errors import TrainingError
from kbuilder.lines import to_line
from kbuilder.recipe.training import EPOCHS, Training
from kbuilder.training import state
from kbuilder.training.ending import ENOUGH_STEPS
from kbuilder.training.feeding import Feed

FEWEST = 32
"""Rows of the smallest step."""
STEPS = 50
"""Steps that an epoch keeps at least, beyond the smallest: with fewer, little is learned in it."""
USUAL, SMALL = 64, 16
"""Rows of a step unless the training rows are few; and if they are."""
SHARE = 0.5
"""How much of the memory that is free a step may take; the system and the data want some too."""


def choose(
    trainer: Any, compile_: Callable[[Any], None], training: Training, rows: Rows, workers: int
) -> tuple[Training, Decision | None]:
    """The training with its `batch_size` as a number: by the rows where it is left open, and the
    largest that fits where it is auto.

    The weights, and the numbers that dropout draws, are afterwards what they were before. The
    network is left compiled for other steps than those of the fit.

    Args:
        trainer: The network, a `Trainer`.
        compile_: Compiles it with an optimizer.
        training: How it will be fitted.
        rows: Training rows.
        workers: How many processes share a step.

    Raises:
        TrainingError: if several workers would each have to choose.
    """
    if training.batch_size is None:
        return _by_rows(training, rows, trainer.distribute_strategy.num_replicas_in_sync)
    if training.batch_size != "auto":
        return training, None
    if workers > 1:
        raise TrainingError(
            "auto tries what fits into one machine, and all workers need the same. "
            "Expected a number of rows.",
            key=("training", "batch_size"),
        )
    feed = Feed(rows, FEWEST)
    compile_(training.create_optimizer(feed.steps, training.epochs or EPOCHS))
    trainer.feed(feed, None)
    trainer.build_all(feed)
    before = state.capture(trainer)
    size, why = _largest(trainer, feed)
    state.restore(trainer, before)
    key = ("training", "batch_size")
    decision = Decision(key, size, why, to_line(key, size))
    return training.model_copy(update={"batch_size": size}), decision


def _by_rows(training: Training, rows: Rows, replicas: int) -> tuple[Training, Decision | None]:
    """The usual size of a step, or a smaller one where an epoch would have few steps."""
    count, size = Feed(rows, USUAL).rows, USUAL
    while size > max(SMALL, replicas) and count < ENOUGH_STEPS * size:
        size //= 2
    training = training.model_copy(update={"batch_size": size})
    if size == USUAL:
        return training, None
    key = ("training", "batch_size")
    return training, Decision(key, size, f"{count:,} training rows are few", to_line(key, size))


def _largest(trainer: Any, feed: Feed) -> tuple[int, str]:
    """The largest size of a step, and what stands against a larger one."""
    import tensorflow as tf

    size = max(FEWEST, 2 * trainer.distribute_strategy.num_replicas_in_sync)
    resident, free = _resident(), room.free()
    trainer.make_train_function(force=True)
    while 2 * size * STEPS <= feed.rows:
        feed.resize(2 * size)
        try:
            trainer.train_function(iter(trainer.training_rows(0, 0, 1).rows))
        except tf.errors.ResourceExhaustedError:
            return size, f"{2 * size} rows do not fit into the memory"
        size *= 2
        need = trainer.memory() - resident
        if trainer.on_cpu and 2 * need > SHARE * free:
            return size, (
                f"it takes {need / 2**30:.1f} GiB, and twice as much would be more than half of "
                f"the {free / 2**30:.1f} GiB that are free"
            )
    return size, (
        f"the largest power of 2 of which {feed.rows:,} training rows have {STEPS} or more; "
        "it fits into the memory"
        if size > FEWEST
        else f"{feed.rows:,} training rows are few"
    )


def _resident() -> int:
    """Bytes of this process that are in memory."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # not Linux: the most so far
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
