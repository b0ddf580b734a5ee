"""How networks are put together from the parts that a recipe names."""

from __future__ import annotations

from typing import Any

from kbuilder.parts import ADJUSTABLE, DEFAULTS

GROUPS = 32  # of group normalisation, as in the paper; fewer where they do not divide the channels


def activated(x: Any, activation: Any) -> Any:
    """`x` after an activation of `kbuilder.parts`; maxout is a layer of its own, see `dense`."""
    import keras

    name, argument = _split(activation)
    if name == "linear":
        return x
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=argument)(x)
    if name == "elu":
        return keras.layers.ELU(alpha=argument)(x)
    return keras.layers.Activation(name)(x)


def normalized(x: Any, kind: str) -> Any:
    """`x` normalised: none, batch, layer or group (`kbuilder.parts.Normalization`)."""
    import math

    import keras

    if kind == "batch":
        return keras.layers.BatchNormalization()(x)
    if kind == "layer":
        return keras.layers.LayerNormalization()(x)
    if kind == "group":
        return keras.layers.GroupNormalization(math.gcd(GROUPS, x.shape[-1]))(x)
    return x


def dense(
    x: Any,
    units: int,
    activation: Any = "relu",
    normalization: str = "none",
    dropout: float = 0.0,
    **options: Any,
) -> Any:
    """A dense layer, normalised, activated, dropped out. (…, d) to (…, units)

    Args:
        options: Further arguments of `keras.layers.Dense`.
    """
    import keras

    name, argument = _split(activation)
    if name == "maxout":
        from kbuilder.layers.maxout import Maxout

        x = normalized(Maxout(units, int(argument), **options)(x), normalization)
    else:
        bias = normalization == "none"
        x = keras.layers.Dense(units, use_bias=bias, **options)(x)
        x = activated(normalized(x, normalization), activation)
    return keras.layers.Dropout(dropout)(x) if dropout else x


def _split(activation: Any) -> tuple[str, float]:
    """The name of an activation and its argument."""
    if isinstance(activation, dict):
        [(name, argument)] = activation.items()
        return name, argument
    return activation, DEFAULTS[activation] if activation in ADJUSTABLE else 0.0
