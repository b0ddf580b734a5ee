"""How networks are put together from the parts that a recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbuilder.contracts import Signal
from kbuilder.errors import BuildError
from kbuilder.layer_lists.spelling import ADJUSTABLE, DEFAULTS

GROUPS = 32  # of group normalisation, as in the paper; fewer where they do not divide the channels


def activated(x: Any, activation: Any) -> Any:
    """`x` after an activation; maxout is a layer of its own, see `dense`."""
    import keras

    name, argument = _split(activation)
    if name == "linear":
        return x
    if name == "leaky_relu":
        return keras.layers.LeakyReLU(negative_slope=argument)(x)
    if name == "elu":
        return keras.layers.ELU(alpha=argument)(x)
    return keras.layers.Activation(name)(x)


def normalized(x: Any, kind: str, mask: Any = None) -> Any:
    """`x` normalised: none, batch, layer or group (`layer_lists.spelling.Normalization`).

    Args:
        mask: Which steps are real, (batch, time); the others count in no mean.
    """
    import math

    import keras

    if kind == "batch":
        return keras.layers.BatchNormalization()(x, **({} if mask is None else {"mask": mask}))
    if kind == "layer":
        return keras.layers.LayerNormalization()(x)
    if kind == "group" and mask is not None:
        raise BuildError(
            "group normalisation takes its mean over all steps, and padding would count in it. "
            "Expected `normalization: batch` or layer.",
            key=("model", "normalization"),
        )
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


def convolution(
    x: Any,
    filters: int,
    kernel_size: int,
    activation: Any = "relu",
    normalization: str = "none",
    separable: bool = False,
    options: Mapping[str, Any] | None = None,
    mask: Any = None,
    **arguments: Any,
) -> Any:
    """A convolution, normalised and activated: 2-D on images, 1-D along time.

    Args:
        mask: Which steps are real, along time; None: all are.
        separable: Whether each channel is convolved by itself, then all are mixed.
        options: `kernel_initializer` and `kernel_regularizer`.
        arguments: Further arguments of `keras.layers.Conv2D`.
    """
    import keras

    layers = keras.layers
    x = unpadded(x, mask)
    name, pieces = _split(activation)
    flat = len(x.shape) == 4
    given = dict(options or {})
    if separable:
        layer = layers.SeparableConv2D if flat else layers.SeparableConv1D
        given = {
            key.replace("kernel", part): value
            for key, value in given.items()
            for part in ("depthwise", "pointwise")
        }
    else:
        layer = layers.Conv2D if flat else layers.Conv1D
    arguments = {"use_bias": normalization == "none", **arguments, **given}
    if name == "maxout":
        maps = [layer(filters, kernel_size, **arguments)(x) for _ in range(int(pieces))]
        return normalized(layers.Maximum()(maps), normalization, mask)
    x = layer(filters, kernel_size, **arguments)(x)
    return activated(normalized(x, normalization, mask), activation)


def kernel_options(initializer: str, l2: float) -> dict[str, Any]:
    """How the weights of a layer start, and what is added to the loss for their size."""
    import keras

    penalty = keras.regularizers.L2(l2) if l2 else None
    return {"kernel_initializer": initializer, "kernel_regularizer": penalty}


def flattened(signal: Signal, name: str) -> Any:
    """The signal as vectors (batch, d).

    Raises:
        BuildError: if its length is open.
    """
    import keras

    if signal.form == "vector":
        return signal.tensor
    if None in signal.tensor.shape[1:]:
        raise BuildError(
            f"{name} takes inputs of one size, and this {signal.form} may have any. Give it a "
            "length, or use an architecture for such, such as gru.",
            key=("model",),
        )
    return keras.layers.Flatten()(signal.tensor)


def unmasked(signal: Signal, name: str) -> Any:
    """The steps of a sequence that has no padding.

    Raises:
        BuildError: if it has some.
    """
    if signal.mask is not None:
        raise BuildError(
            f"{name} weighs each step by its place, and sequences with padding have none at their "
            "ends. Expected `masking: none` under the feature, or an architecture for any length, "
            "such as gru.",
            key=("model",),
        )
    return signal.tensor


def pooled(x: Any, kind: str, mask: Any = None) -> Any:
    """One vector from the steps that are not padding: attention, or a kind of `PoolOverTime`."""
    from kbuilder.layers.attention_pooling import AttentionPooling
    from kbuilder.layers.pool_over_time import PoolOverTime

    if kind == "attention":
        return AttentionPooling(x.shape[-1])(x, mask=mask)
    return PoolOverTime(kind)(x, mask=mask)  # type: ignore[arg-type]


def real(signal: Signal) -> Any:
    """The mask of a text or a sequence, (batch, time) booleans; None: no step is padding."""
    from kbuilder.layers.not_padding import NotPadding

    return NotPadding()(signal.tensor) if signal.form == "text" else signal.mask


def unpadded(x: Any, mask: Any) -> Any:
    """Steps with 0 in place of padding, as a window sees them beyond the edge."""
    from kbuilder.layers.real_steps import RealSteps

    return x if mask is None else RealSteps()(x, mask=mask)


def _split(activation: Any) -> tuple[str, float]:
    """The name of an activation and its argument."""
    if isinstance(activation, dict):
        [(name, argument)] = activation.items()
        return name, argument
    return activation, DEFAULTS[activation] if activation in ADJUSTABLE else 0.0
