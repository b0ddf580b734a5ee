"""How the network is fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, Strict, model_validator

from kbuilder.contracts import Schedule
from kbuilder.named import Named
from kbuilder.recipe.balance import Balance
from kbuilder.recipe.optimizers import OPTIMIZERS, Optimizer
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Positive, Spec, learned

EPOCHS, PATIENCE = 20, 5
"""What is the least where the recipe leaves them open."""
Baseline = Literal["linear", "boosting"]
Baselines = Annotated[tuple[Baseline, ...], Strict(False), Field(min_length=1)]


class EarlyStopping(Spec):
    """Stop when the validation loss has not fallen for `patience` epochs."""

    patience: Count | None = None
    """Epochs to wait for a lower validation loss; >= 1. Left out: 5, or a tenth of `epochs` if that
    is more."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """A fall smaller than this does not count as one when the fit is to stop; >= 0. The weights of
    the very lowest loss are kept all the same."""


class Checkpoints(Spec):
    """What is kept of a fit under way: `kbuilder fit --resume RUN` resumes from there, exactly.

    One is written after each epoch (of those that end within a second, after one), and when the fit
    is interrupted.
    """

    every_minutes: Positive = 10.0
    """Minutes until one is written in the midst of an epoch; > 0."""
    keep: Count = 2
    """How many are kept; >= 1. Each holds the best weights too."""


class Plan(Spec):
    """How the steps are executed. It changes no result beyond rounding."""

    jit: bool | None = None
    """Whether XLA compiles the step: faster for most networks of convolutions, slower for some
    others, and seconds to compile. Left out: measured."""
    steps_per_execution: Count | None = None
    """Steps that are one call of TensorFlow; >= 1. Left out: as many as take a quarter second."""


class Training(Spec):
    """How the network is fitted.

    The weights of the epoch with the lowest validation loss are kept, whether or not the fit
    stopped early. Without a validation part, those of the last epoch.
    """

    epochs: Count | None = None
    """Most passes over the training rows; >= 1. Left out: 20, or more where an epoch has few steps:
    as many as make 5,000, at most 200."""
    batch_size: Count | Literal["auto"] | None = None
    """Rows per step, over all devices; >= 1. Left out: 64, or 32 or 16 where an epoch would have
    fewer than 20 steps. auto: the largest power of 2 that fits into the memory
    and leaves an epoch 50 steps or more; the learning rate stays as it is."""
    order: Literal["auto", "rows", "blocks"] = "auto"
    """The order of an epoch, by seed and epoch: rows: any row after any; blocks: blocks of 1,024
    rows that follow one another, each with 63 others mixed, which a disk reads fast. auto: blocks
    where the prepared training rows take 4 GiB or more."""
    optimizer: Annotated[
        Optimizer,
        BeforeValidator(
            lambda value: {"name": value} if isinstance(value, str) else value,
            json_schema_input_type=Optimizer | Literal[tuple(OPTIMIZERS)],
        ),
    ] = Optimizer()
    """The optimizer: its name, or its name and arguments."""
    schedule: Annotated[Schedule, Named("schedules")] | None = None
    """How the learning rate goes over the fit; left out: it stays."""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """When to stop before `epochs`; null: never."""
    checkpoints: Checkpoints | None = Checkpoints()
    """What is kept of the fit while it lasts; null: a checkpoint only when it is interrupted."""
    tensorboard: bool = False
    """Whether the figures of each epoch are also written as logs of TensorBoard, into the run."""
    plan: Literal["auto", "keras"] | Plan = "auto"
    """How the steps are executed: auto: measured on the first of them, and remembered; keras: with
    Keras's defaults, one by one and without XLA."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """In what matrices are multiplied while the network is fitted. bfloat16 has three digits: it
    changes results, and is faster on GPUs and processors that compute in it. Weights, outputs and
    losses stay float32, and so does what is computed after the fit."""
    strategy: Literal["auto", "none", "mirrored", "multi_worker"] = "auto"
    """On which devices: none: one; mirrored: all GPUs of the machine share each step; multi_worker:
    those of all machines that TF_CONFIG, or Slurm, names. auto: what there is."""
    sync_batchnorm: bool = True
    """Whether batch normalization looks at the rows of all devices together."""
    wait_minutes: Positive = 5.0
    """multi_worker: minutes to wait until all workers have come; > 0."""
    balance: Balance = "none"
    """How much classes count in the loss. auto: all the same, however rare they are. Or a weight by
    class, > 0, such as {yes: 5}; classes that are not named have 1. With several targets it holds
    for each that has the class. The weights of all rows are divided by their mean."""
    baselines: Literal["auto", "none"] | Baselines = "auto"
    """Which other models are fitted beside the network, on the same prepared rows and weights:
    linear: logistic or ridge regression, of texts on TF-IDF of words and pairs of words; boosting:
    boosted trees of the columns of a table. auto: all. Of many rows or columns they take a sample,
    which is printed; `--smoke` leaves them out."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of weights, order and dropout: equal seeds give equal weights on one CPU."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Any:
        schedule, stopping = self.schedule, self.early_stopping
        if schedule is None:
            return self
        epochs = self.epochs or EPOCHS
        if (schedule.warm_up or 0) >= epochs:
            raise refuse(
                ("schedule", "warm_up"),
                f"the fit has {epochs} epochs, so the warm-up would be all of it. "
                "Expected fewer than training.epochs", schedule.warm_up,
            )  # fmt: skip
        patience = getattr(schedule, "patience", 0)
        waits = (stopping.patience if stopping else None) or PATIENCE
        if stopping and patience >= waits:
            raise refuse(
                ("schedule", "patience"),
                f"the fit stops after {waits} epochs without a lower loss, before the "
                "learning rate falls. Expected fewer than training.early_stopping.patience",
                patience,
            )
        return self

    def create_optimizer(
        self, steps: int, epochs: int | None = None, learning_rate: float | None = None
    ) -> Any:
        """The Keras optimizer, with the schedule of its learning rate.

        Args:
            steps: Steps per epoch.
            epochs: Epochs that the schedule spans; left out: all.
            learning_rate: In place of the optimizer's own.
        """
        if self.schedule is None:
            return self.optimizer.create(learning_rate)
        height = learning_rate or self.optimizer.height
        epochs = epochs or learned(self.epochs)
        return self.optimizer.create(self.schedule.create(height, steps, epochs))

    @property
    def others(self) -> tuple[Baseline, ...]:
        """The names of the baselines that are models."""
        if isinstance(self.baselines, str):
            return get_args(Baseline) if self.baselines == "auto" else ()
        return tuple(dict.fromkeys(self.baselines))

    @property
    def rows_per_step(self) -> int:
        """The `batch_size`, once it is a number."""
        assert isinstance(self.batch_size, int), "it has been chosen"
        return self.batch_size

    def smoke(self) -> Training:
        """The same for one epoch, without baselines that are models."""
        return self.model_copy(update={"epochs": 1, "baselines": "none"})
