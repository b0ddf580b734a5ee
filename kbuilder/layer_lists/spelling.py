"""Parts that many networks name: activations, normalisations, initializers, regularizers.

Only their spelling and their bounds are here; `architectures/_composition.py` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, TypeAdapter
from pydantic_core import PydanticCustomError

from kbuilder.errors import listed, nearest
from kbuilder.refusals import custom

ACTIVATIONS = (
    "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "tanh", "sigmoid", "softplus", "softsign",
    "mish", "relu6", "hard_sigmoid", "hard_swish", "linear", "maxout",
)  # fmt: skip
"""The activations that a hidden layer may have."""
ADJUSTABLE = {"leaky_relu": "negative_slope", "elu": "alpha", "maxout": "pieces"}
"""The one argument of those that have one."""
DEFAULTS = {"leaky_relu": 0.3, "elu": 1.0, "maxout": 2}
"""Its value where the name stands alone: Keras's own, and two pieces."""


def _activation(value: Any) -> Any:
    """The name, or `{name: argument}`; `{name: {argument: value}}` is the same written out."""
    name: Any = value
    if isinstance(value, dict) and len(value) == 1:
        [(name, given)] = value.items()
        if isinstance(given, dict) and set(given) == {ADJUSTABLE.get(name)}:
            [given] = given.values()
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise PydanticCustomError(
            "unknown_name",
            f"Expected one of: {listed(ACTIVATIONS, 100)}; or one with its argument, such as "
            "{leaky_relu: 0.1} or {maxout: 2}",
            {"suggestion": nearest(name, ACTIVATIONS)},
        )
    if isinstance(value, str):
        return value
    if name not in ADJUSTABLE:
        raise custom(f"{name} has no argument. Expected the name alone")
    if name == "maxout":
        if type(given) is not int or given < 2:
            raise custom("maxout takes the number of its pieces. Expected a whole number >= 2")
    elif isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e6:
        raise custom(f"{name} takes its {ADJUSTABLE[name]}. Expected a number >= 0")
    return {name: given}


Activation = Annotated[
    Any,
    PlainValidator(
        _activation,
        json_schema_input_type=Literal[ACTIVATIONS]
        | dict[Literal[tuple(ADJUSTABLE)], Annotated[float, Field(ge=0)]],  # type: ignore[misc]
    ),
]
"""An activation by name, or with its argument: `{leaky_relu: 0.1}`, `{maxout: 2}`."""

Normalization = Literal["none", "batch", "layer", "group"]
"""How values are normalised: over the batch (Ioffe and Szegedy 2015, arXiv:1502.03167), over the
units of a row (Ba et al. 2016, arXiv:1607.06450), over groups of channels (Wu and He 2018,
arXiv:1803.08494)."""

INITIALIZERS = (
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling",
)  # fmt: skip
SYMMETRIC = ("zeros", "ones", "zero", "one")
ALIASES = {
    "xavier": "glorot_uniform", "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal", "kaiming": "he_uniform", "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
}  # fmt: skip
"""Initializers by the first names of their authors, as other libraries have them."""


def started(value: Any, known: Iterable[str] = INITIALIZERS) -> Any:
    """One of the initializers known; refuses with the reason what leaves all units equal."""
    known = tuple(known)
    if value in SYMMETRIC and value not in known:
        raise custom(
            f"with {value} all units of a hidden layer start equal, get equal gradients and stay "
            "equal. Expected a random one, such as glorot_uniform or he_normal"
        )
    if isinstance(value, str) and value.lower() in ALIASES:
        message: Any = f"Expected one of: {listed(known, 100)}"
        raise PydanticCustomError("unknown_name", message, {"suggestion": ALIASES[value.lower()]})
    name: Any = Literal[known]
    return TypeAdapter(name).validate_python(value)


Initializer = Annotated[str, PlainValidator(started, json_schema_input_type=Literal[INITIALIZERS])]
"""How the weights of hidden layers start: Glorot (also called Xavier), He, LeCun, small random."""


Strength = Annotated[float, Field(ge=0)]
"""Of a penalty on weights; 0 is none."""
