"""What blocks of convolutions share."""

from __future__ import annotations

import math
from typing import Annotated, Any

from kbuilder.layer_lists.build import created
from kbuilder.layer_lists.keras_layers import OfKind
from kbuilder.layer_lists.masking import through

Activation = Annotated[Any, OfKind("activation")]
Initializer = Annotated[Any, OfKind("weights initializer")]
Regularizer = Annotated[Any, OfKind("regularizer")]
GROUPS = 32  # of group normalisation, as in the paper; fewer where they do not divide the channels


def convolution(
    x: Any,
    filters: int,
    kernel_size: int = 1,
    strides: int | tuple[int, ...] = 1,
    normalization: str = "none",
    mask: Any = None,
    **options: Any,
) -> tuple[Any, Any]:
    """A convolution that keeps the sides of its input but for strides, then normalised.

    Args:
        x: An image or a sequence; or a vector, where the convolution is a dense layer.
        mask: Which steps of a sequence are real; None: all are. It comes with the output.
        options: Further arguments of each of them in Keras.
    """
    options["use_bias"] = normalization == "none"
    if len(x.shape) == 2:
        layer = created("dense", {"units": filters, **options})
    else:
        sizes = {"filters": filters, "kernel_size": kernel_size, "strides": strides}
        name = f"conv{len(x.shape) - 2}d"
        layer = created(name, {**sizes, "padding": "same", **options})
    return _normalized(*through(layer, x, mask), normalization)


def activated(x: Any, activation: Any) -> Any:
    """`x` after an activation of Keras by name, or one with its argument."""
    return created("activation", {"activation": activation})(x) if activation != "linear" else x


def _normalized(x: Any, mask: Any, kind: str) -> tuple[Any, Any]:
    """`x` normalised: none, batch, layer or group."""
    if kind == "none":
        return x, mask
    arguments = {"groups": math.gcd(GROUPS, x.shape[-1])} if kind == "group" else {}
    return through(created(f"{kind}_normalization", arguments), x, mask)
