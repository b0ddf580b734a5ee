"""Layers with a shortcut around them."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from kbuilder.blocks._convolution import (
    Activation,
    Initializer,
    Regularizer,
    activated,
    convolution,
)
from kbuilder.errors import BuildError, Key
from kbuilder.layer_lists.build import applied, described, title
from kbuilder.layer_lists.lists import Block, Layer, Layers
from kbuilder.layer_lists.spelling import Normalization
from kbuilder.refusals import refuse
from kbuilder.spec import Count

OWN = ("filters", "kernel_size", "strides")
MANY = 5040  # steps; divided by all that is usual


class Residual(Block):
    """Layers, and a shortcut that adds their input to what they give.

    With `filters` they are two convolutions, each normalised, with the activation between them and
    after the sum; with `layers` they are any. Where the layers change the shape, the shortcut is
    a projection: a convolution of size 1 with strides. On vectors, dense layers take the place of
    convolutions, without kernels and strides.

    Input shape: image (batch, height, width, channels), sequence (batch, time, d) or vector
        (batch, d); with `layers` as they take it.
    Output shape: as the layers give it; each side is divided by `strides`.
    Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385.
    """

    filters: Count | None = None
    """Filters of each of two convolutions, or units on vectors; >= 1. Either these or `layers`."""
    kernel_size: Count | None = None
    """Length of each side of their kernels; >= 1; left out: 3."""
    strides: Count | None = None
    """Step of the first convolution, and of the shortcut; >= 1; left out: 1."""
    layers: Layers | None = None
    """The layers within, in place of the two convolutions."""
    activation: Activation | None = None
    """Activation after the sum, and between the two convolutions; left out: relu with `filters`,
    none with `layers`."""
    normalization: Normalization | None = None
    """How each convolution is normalised, and the projection; left out: batch with `filters`, none
    with `layers`."""
    kernel_initializer: Initializer = "glorot_uniform"
    """How the weights of each convolution start."""
    kernel_regularizer: Regularizer | None = None
    """The penalty on the weights of each convolution, such as `{l2: 0.0001}`."""

    @model_validator(mode="after")
    def _either(self) -> Any:
        if self.layers is None and self.filters is None:
            message = "residual holds convolutions or a list. Expected `filters` or `layers`"
            raise refuse(("filters",), message)
        for name in OWN:
            if self.layers is not None and getattr(self, name) is not None:
                message = f"{name!r} is for convolutions, and here are `layers`. Remove one of them"
                raise refuse((name,), message)
        return self

    @property
    def lists(self) -> dict[Key, tuple[Layer, ...]]:
        return {("layers",): self.layers} if self.layers else {}

    @property
    def ranks(self) -> tuple[int, ...]:
        return (2, 3, 4)

    def passed(self, x: Any, mask: Any, place: Key) -> tuple[Any, Any]:
        import keras

        activation = self.activation or ("linear" if self.layers else "relu")
        options = {
            "normalization": self.normalization or ("none" if self.layers else "batch"),
            "kernel_initializer": self.kernel_initializer,
            "kernel_regularizer": self.kernel_regularizer,
        }
        strides: tuple[int, ...]
        if self.layers:
            y, real = applied(self.layers, x, (*place, "layers"), mask)
            strides = self._strides(x, y, place)
        else:
            filters, size = self.filters or 1, self.kernel_size or 3
            strides = (self.strides or 1,) * (len(x.shape) - 2)
            y, real = convolution(x, filters, size, strides, mask=mask, **options)
            y, real = convolution(activated(y, activation), filters, size, mask=real, **options)
        if max(strides, default=1) > 1 or x.shape[-1] != y.shape[-1]:
            x, _ = convolution(x, y.shape[-1], strides=strides, mask=mask, **options)
        return activated(keras.layers.Add()([x, y]), activation), real

    def _strides(self, x: Any, y: Any, place: Key) -> tuple[int, ...]:
        """The steps by which a convolution of size 1 makes the sides of `y` from those of `x`."""
        before, after = _sides(x, y)
        steps = tuple(-(-n // m) for n, m in zip(before, after, strict=False))
        made = tuple(-(-n // step) for n, step in zip(before, steps, strict=False))
        if made != after or len(before) != len(after):
            raise BuildError(
                f"{title(place[:-1], 'residual')} has layers that make {described(y)} of "
                f"{described(x)}, and no shortcut does. Expected layers that keep the sides or "
                "divide them, as `padding: same` does.",
                key=place[:-1],
            )
        return steps


def _sides(x: Any, y: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sides of an input and of what becomes of it; of one of any length, as if it had many."""
    import keras

    before, after = x.shape[1:-1], y.shape[1:-1]
    if None in before:
        before = (MANY,)
        after = keras.Model(x, y).compute_output_shape((None, MANY, x.shape[-1]))[1:-1]
    return before, after
