"""The optimizers of Keras, each with its own arguments."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kbuilder.errors import listed
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Fraction, Names, Positive, Spec

# By name: the Keras class.
OPTIMIZERS = {
    "adadelta": "Adadelta", "adafactor": "Adafactor", "adagrad": "Adagrad", "adam": "Adam",
    "adamax": "Adamax", "adamw": "AdamW", "ftrl": "Ftrl", "lamb": "Lamb", "lion": "Lion",
    "muon": "Muon", "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD",
}  # fmt: skip
# Those that all of them take; of the last three one at a time.
COMMON = ("learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue")
CLIPPING = COMMON[2:]

# Which arguments belong to which optimizer, beside those that all of them take.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "adadelta": ("rho", "epsilon"),
    "adafactor": ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step"),
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adamax": ("beta_1", "beta_2", "epsilon"),
    "adamw": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "ftrl": (
        "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength",
        "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta",
    ),
    "lamb": ("beta_1", "beta_2", "epsilon"),
    "lion": ("beta_1", "beta_2"),
    "muon": (
        "momentum", "nesterov", "ns_steps", "muon_a", "muon_b", "muon_c", "rms_rate",
        "exclude_layers", "exclude_embeddings", "adam_lr_ratio", "adam_beta_1", "adam_beta_2",
        "adam_weight_decay", "epsilon",
    ),
    "nadam": ("beta_1", "beta_2", "epsilon"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "sgd": ("momentum", "nesterov"),
}  # fmt: skip

HEADS = r"(^|[/_])(head|auxiliary_[0-9]+)/"
"""In the path of a weight: it is of a last layer."""
MOVING = ("muon",)
"""Those that have a momentum by default."""
FORGETTING = ("ftrl",)
"""Those whose first step leaves little of the initial weights."""
# By optimizer: what is left out, and has not Keras's default.
DEFAULTS: dict[str, dict[str, Any]] = {
    # Of an empty row and an empty column of a gradient, Keras's 1e-30 leaves 0 / 0 in float32.
    "adafactor": {"epsilon_1": 1e-16},
    "muon": {"exclude_layers": [HEADS]},
}


class Optimizer(Spec):
    """A Keras optimizer by name, with its own arguments.

    What is left out has Keras's default, unless its own line says otherwise. `weight_decay` is
    decoupled from the gradient, as in AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101).
    """

    name: Literal[tuple(OPTIMIZERS)] = "adam"  # type: ignore[valid-type]
    """Which optimizer: sgd; adagrad (Duchi et al. 2011); adadelta (Zeiler 2012, arXiv:1212.5701);
    rmsprop (Hinton 2012); adam, adamax (Kingma and Ba 2014, arXiv:1412.6980); nadam (Dozat 2016);
    adamw; adafactor, which needs less memory (Shazeer and Stern 2018, arXiv:1804.04235); lamb, for
    large batches (You et al. 2019, arXiv:1904.00962); lion (Chen et al. 2023, arXiv:2302.06675);
    muon, for the matrices of hidden layers, with adamw for all other weights (Jordan et al. 2024;
    Liu et al. 2025, arXiv:2502.16982); ftrl, for linear networks, whose initial weights it forgets
    (McMahan et al. 2013, doi:10.1145/2487575.2488200)."""
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
    """sgd, rmsprop, muon: share of the last step that is kept; 0 <= momentum < 1."""
    nesterov: bool | None = None
    """sgd, muon: look ahead by the momentum before taking the gradient (Nesterov 1983)."""
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
    """adagrad, ftrl: where the sum of squares starts; >= 0, and for ftrl > 0."""
    beta_2_decay: Annotated[float, Field(lt=0)] | None = None
    """adafactor: the power of the step by which the mean of squares decays less and less; < 0."""
    epsilon_1: Positive | None = None
    """adafactor: added to the squares of the gradient; > 0; left out: 1e-16, since Keras's 1e-30 is
    lost in float32 where rows and columns of a gradient are 0."""
    epsilon_2: Positive | None = None
    """adafactor: the least size of a weight that a step is measured by; > 0."""
    clip_threshold: Positive | None = None
    """adafactor: the greatest root mean square of an update; > 0."""
    relative_step: bool | None = None
    """adafactor: whether a learning rate without a schedule is at most 1 / sqrt(step)."""
    learning_rate_power: Annotated[float, Field(le=0)] | None = None
    """ftrl: the power of the sum of squares by which the rate falls; <= 0; 0: it stays."""
    l1_regularization_strength: Annotated[float, Field(ge=0)] | None = None
    """ftrl: L1 penalty, which sets weights to 0; >= 0."""
    l2_regularization_strength: Annotated[float, Field(ge=0)] | None = None
    """ftrl: L2 penalty that steadies the steps; >= 0."""
    l2_shrinkage_regularization_strength: Annotated[float, Field(ge=0)] | None = None
    """ftrl: L2 penalty on the size of the weights; >= 0."""
    beta: Annotated[float, Field(ge=0)] | None = None
    """ftrl: the beta of its paper; >= 0."""
    ns_steps: Annotated[Count, Field(le=100)] | None = None
    """muon: iterations of Newton and Schulz that make an update orthogonal; 1 to 100."""
    muon_a: float | None = None
    """muon: coefficient of the first power in these; as its authors wrote it, if left out."""
    muon_b: float | None = None
    """The same, of the third power."""
    muon_c: float | None = None
    """The same, of the fifth power."""
    rms_rate: Positive | None = None
    """muon: the root mean square of an update, to be like that of adamw; > 0."""
    exclude_layers: Names | None = None
    """muon: patterns (regular expressions) in the paths of weights that adamw is to learn; left
    out: the last layers."""
    exclude_embeddings: bool | None = None
    """muon: whether adamw learns embeddings."""
    adam_lr_ratio: Positive | None = None
    """muon: the learning rate of adamw, divided by that of muon; > 0."""
    adam_beta_1: Fraction | None = None
    """muon: beta_1 of adamw."""
    adam_beta_2: Fraction | None = None
    """muon: beta_2 of adamw."""
    adam_weight_decay: Annotated[float, Field(ge=0)] | None = None
    """muon: weight_decay of adamw; >= 0."""

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
        still = self.momentum == 0 if self.name in MOVING else not self.momentum
        if self.nesterov and still:
            raise refuse(
                ("nesterov",), "nesterov looks ahead by the momentum. Expected momentum > 0 with it"
            )
        if self.name in FORGETTING and self.initial_accumulator_value == 0:
            raise refuse(
                ("initial_accumulator_value",), f"{self.name} divides by it. Expected a number "
                "greater than 0", self.initial_accumulator_value,
            )  # fmt: skip
        for pattern in self.exclude_layers or ():
            try:
                re.compile(pattern)
            except re.error as error:
                raise refuse(
                    ("exclude_layers",), f"Expected regular expressions: {error}", pattern
                ) from None
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

        written = self.model_dump(exclude_none=True, exclude={"name"})
        given = {**DEFAULTS.get(self.name, {}), **written}
        if "exclude_layers" in given:
            given["exclude_layers"] = list(given["exclude_layers"])
        if learning_rate is not None:
            given["learning_rate"] = learning_rate
        return getattr(keras.optimizers, OPTIMIZERS[self.name])(**given)

    def caution(self, model: Any) -> str | None:
        """What is to be said of the optimizer on a network; None: nothing.

        Args:
            model: The network, with layers that learn.
        """
        if self.name not in FORGETTING:
            return None
        learning = [layer.name for layer in model.layers if layer.trainable_weights]
        hidden = [name for name in learning if not re.search(HEADS, f"{name}/")]
        if not hidden:
            return None
        return (
            f"{self.name} forgets the initial weights: layers before the last, here "
            f"{listed(hidden, 3)}, come near 0 and learn little or nothing. It is for "
            "`model: linear`; for this network write another optimizer, such as adamw or muon"
        )
