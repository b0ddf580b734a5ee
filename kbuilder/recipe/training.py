"""How the network is fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from kbuilder.spec import Count, Fraction, Positive, Spec, refuse

OPTIMIZERS = ("adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd")

# Which arguments belong to which optimizer, beside those that all of them take.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adamw": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "nadam": ("beta_1", "beta_2", "epsilon"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "sgd": ("momentum", "nesterov"),
}


class Optimizer(Spec):
    """A Keras optimizer by name, with its own arguments.

    What is left out has Keras's default. `weight_decay` is decoupled from the gradient, as in
    AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101).
    """

    name: Literal["adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd"] = "adam"
    """Which optimizer."""
    learning_rate: Positive | None = None
    """Step size, > 0; left out: 0.01 for sgd, 0.001 for all others."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """Share of each weight taken off per step, times the learning rate; >= 0."""
    clipnorm: Positive | None = None
    """Gradients of each weight are scaled down to this norm; > 0."""
    momentum: Fraction | None = None
    """sgd, rmsprop: share of the last step that is kept; 0 <= momentum < 1."""
    nesterov: bool | None = None
    """sgd: look ahead by the momentum before taking the gradient (Nesterov 1983)."""
    beta_1: Fraction | None = None
    """adam, adamw, nadam: decay of the mean of the gradients."""
    beta_2: Fraction | None = None
    """adam, adamw, nadam: decay of the mean of their squares."""
    rho: Fraction | None = None
    """rmsprop: decay of the mean of the squares."""
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
        common = ("name", "learning_rate", "weight_decay", "clipnorm")
        for field in self.model_fields_set:
            if field in common or field in ARGUMENTS[self.name] or getattr(self, field) is None:
                continue
            owners = [name for name in OPTIMIZERS if field in ARGUMENTS[name]]
            raise refuse(
                (field,),
                f"{self.name} has no {field}. Expected one of its own arguments: "
                f"{', '.join((*common[1:], *ARGUMENTS[self.name]))}. "
                f"{field} belongs to {', '.join(owners)}",
                getattr(self, field),
            )
        if self.nesterov and not self.momentum:
            raise refuse(
                ("nesterov",), "nesterov looks ahead by the momentum. Expected momentum > 0 with it"
            )
        return self

    def create(self) -> Any:
        """The `keras.optimizers` object."""
        import keras

        given = self.model_dump(exclude_none=True, exclude={"name"})
        classes = {
            "adagrad": keras.optimizers.Adagrad,
            "adam": keras.optimizers.Adam,
            "adamw": keras.optimizers.AdamW,
            "nadam": keras.optimizers.Nadam,
            "rmsprop": keras.optimizers.RMSprop,
            "sgd": keras.optimizers.SGD,
        }
        return classes[self.name](**given)


class EarlyStopping(Spec):
    """Stop when the validation loss has not fallen for `patience` epochs."""

    patience: Count = 5
    """Epochs to wait for a lower validation loss; >= 1."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """A fall smaller than this does not count; >= 0."""


class Training(Spec):
    """How the network is fitted.

    The weights of the epoch with the lowest validation loss are kept, whether or not the fit
    stopped early. Without a validation part, those of the last epoch.
    """

    epochs: Count = 20
    """Most passes over the training rows; >= 1."""
    batch_size: Count = 64
    """Rows per step; >= 1."""
    optimizer: Annotated[
        Optimizer,
        BeforeValidator(
            lambda value: {"name": value} if isinstance(value, str) else value,
            json_schema_input_type=Optimizer | Literal[OPTIMIZERS],
        ),
    ] = Optimizer()
    """The optimizer: its name, or its name and arguments."""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """When to stop before `epochs`; null: never."""
    balance: Literal["none", "auto"] = "none"
    """auto: each class weighs the same in the loss, however rare it is."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of weights, order and dropout: equal seeds give equal weights on one CPU."""

    def smoke(self) -> Training:
        """The same for one epoch."""
        return self.model_copy(update={"epochs": 1})
