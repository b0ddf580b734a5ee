"""How the network is fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.contracts import Schedule
from kbuilder.named import Named
from kbuilder.recipe.balance import Balance
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Fraction, Positive, Spec

# By name: the Keras class.
OPTIMIZERS = {
    "adadelta": "Adadelta", "adagrad": "Adagrad", "adam": "Adam", "adamax": "Adamax",
    "adamw": "AdamW", "lamb": "Lamb", "lion": "Lion", "nadam": "Nadam", "rmsprop": "RMSprop",
    "sgd": "SGD",
}  # fmt: skip
# Those that all of them take; of the last three one at a time.
COMMON = ("learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue")
CLIPPING = COMMON[2:]

# Which arguments belong to which optimizer, beside those that all of them take.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "adadelta": ("rho", "epsilon"),
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adamax": ("beta_1", "beta_2", "epsilon"),
    "adamw": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "lamb": ("beta_1", "beta_2", "epsilon"),
    "lion": ("beta_1", "beta_2"),
    "nadam": ("beta_1", "beta_2", "epsilon"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "sgd": ("momentum", "nesterov"),
}


class Optimizer(Spec):
    """A Keras optimizer by name, with its own arguments.

    What is left out has Keras's default. `weight_decay` is decoupled from the gradient, as in
    AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101).
    """

    name: Literal[tuple(OPTIMIZERS)] = "adam"  # type: ignore[valid-type]
    """Which optimizer: sgd; adagrad (Duchi et al. 2011); adadelta (Zeiler 2012, arXiv:1212.5701);
    rmsprop (Hinton 2012); adam, adamax (Kingma and Ba 2014, arXiv:1412.6980); nadam (Dozat 2016);
    adamw; lamb, for large batches (You et al. 2019, arXiv:1904.00962); lion (Chen et al. 2023,
    arXiv:2302.06675)."""
    learning_rate: Positive | None = None
    """Step size, > 0; left out: 0.01 for sgd, 0.001 for all others. lion wants a third to a tenth
    of adam's, adadelta as its authors wrote it 1."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """Share of each weight, biases too, taken off per step, times the learning rate; >= 0."""
    clipnorm: Positive | None = None
    """The gradient of each weight is scaled down to this norm; > 0."""
    global_clipnorm: Positive | None = None
    """The gradients of all weights together are scaled down to this norm, which keeps their
    direction (Pascanu et al. 2012, arXiv:1211.5063); > 0. One of the three at most."""
    clipvalue: Positive | None = None
    """Each number of a gradient is cut off at this size; > 0."""
    momentum: Fraction | None = None
    """sgd, rmsprop: share of the last step that is kept; 0 <= momentum < 1."""
    nesterov: bool | None = None
    """sgd: look ahead by the momentum before taking the gradient (Nesterov 1983)."""
    beta_1: Fraction | None = None
    """adam, adamax, adamw, lamb, lion, nadam: decay of the mean of the gradients."""
    beta_2: Fraction | None = None
    """The same: decay of the mean of their squares; in adamax of their greatest, in lion of the
    momentum."""
    rho: Fraction | None = None
    """rmsprop, adadelta: decay of the mean of the squares."""
    epsilon: Positive | None = None
    """Added to the denominator; > 0."""
    amsgrad: bool | None = None
    """adam, adamw: keep the largest mean of squares (Reddi et al. 2018, arXiv:1904.09237)."""
    centered: bool | None = None
    """rmsprop: divide by the variance in place of the mean of squares."""
    initial_accumulator_value: Annotated[float, Field(ge=0)] | None = None
    """adagrad: where the sum of squares starts; >= 0."""

    @model_validator(mode="after")
    def _arguments_belong_to_the_optimizer(self) -> Any:
        for field in self.model_fields_set:
            own = field in ("name", *COMMON, *ARGUMENTS[self.name])
            if own or getattr(self, field) is None:
                continue
            owners = [name for name in OPTIMIZERS if field in ARGUMENTS[name]]
            raise refuse(
                (field,),
                f"{self.name} has no {field}. Expected one of its own arguments: "
                f"{', '.join((*COMMON, *ARGUMENTS[self.name]))}. "
                f"{field} belongs to {', '.join(owners)}",
                getattr(self, field),
            )
        if self.nesterov and not self.momentum:
            raise refuse(
                ("nesterov",), "nesterov looks ahead by the momentum. Expected momentum > 0 with it"
            )
        clipping = [field for field in CLIPPING if getattr(self, field) is not None]
        if len(clipping) > 1:
            raise refuse(
                (clipping[1],),
                f"{' and '.join(clipping)} limit the gradient, each in its own way. "
                "Expected one of them",
                getattr(self, clipping[1]),
            )
        return self

    @property
    def height(self) -> float:
        """The learning rate, written or not."""
        return self.learning_rate or (0.01 if self.name == "sgd" else 0.001)

    def create(self, learning_rate: Any = None) -> Any:
        """The `keras.optimizers` object.

        Args:
            learning_rate: A number or a Keras schedule in place of its own.
        """
        import keras

        given = self.model_dump(exclude_none=True, exclude={"name"})
        if learning_rate is not None:
            given["learning_rate"] = learning_rate
        return getattr(keras.optimizers, OPTIMIZERS[self.name])(**given)


class EarlyStopping(Spec):
    """Stop when the validation loss has not fallen for `patience` epochs."""

    patience: Count = 5
    """Epochs to wait for a lower validation loss; >= 1."""
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

    epochs: Count = 20
    """Most passes over the training rows; >= 1."""
    batch_size: Count | Literal["auto"] = 64
    """Rows per step, over all devices; >= 1. auto: the largest power of 2 that fits into the memory
    and leaves an epoch 50 steps or more; the learning rate stays as it is."""
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
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of weights, order and dropout: equal seeds give equal weights on one CPU."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Any:
        schedule, stopping = self.schedule, self.early_stopping
        if schedule is None:
            return self
        if (schedule.warm_up or 0) >= self.epochs:
            raise refuse(
                ("schedule", "warm_up"),
                f"the fit has {self.epochs} epochs, so the warm-up would be all of it. "
                "Expected fewer than training.epochs", schedule.warm_up,
            )  # fmt: skip
        patience = getattr(schedule, "patience", 0)
        if stopping and patience >= stopping.patience:
            raise refuse(
                ("schedule", "patience"),
                f"the fit stops after {stopping.patience} epochs without a lower loss, before the "
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
        return self.optimizer.create(self.schedule.create(height, steps, epochs or self.epochs))

    @property
    def rows_per_step(self) -> int:
        """The `batch_size`, once it is a number."""
        assert self.batch_size != "auto", "it has been chosen"
        return self.batch_size

    def smoke(self) -> Training:
        """The same for one epoch."""
        return self.model_copy(update={"epochs": 1})
