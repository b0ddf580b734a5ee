"""How much of the input a unit of a map sees.

Unit `i` of a map sees, along one axis, the inputs from `i * step + low` to `i * step + high`. Each
layer changes these three numbers, and where branches meet, the unit sees from the lowest `low` to
the highest `high`. The field is the theoretical one: it may be larger than the input.

Source: Araujo, Norris and Sim 2019 (doi:10.23915/distill.00021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kbuilder.describing.graph import Node, Shape


class Axis(NamedTuple):
    """What the units of a map see along one axis."""

    low: float = 0
    high: float = 0
    step: float = 1

    def window(self, size: int, stride: float, before: int) -> Axis:
        """What is seen through a window of `size` units that begins `before` units earlier."""
        return Axis(
            self.low - before * self.step,
            self.high + (size - 1 - before) * self.step,
            self.step * stride,
        )


@dataclass(frozen=True)
class Field:
    """What the units of a map see of the input.

    Args:
        axes: Along each axis but the channels.
        source: Length of each axis of the input; None: any.
    """

    axes: tuple[Axis, ...]
    source: Shape

    @property
    def size(self) -> tuple[int, ...]:
        """Inputs that are seen along each axis."""
        return tuple(round(axis.high - axis.low) + 1 for axis in self.axes)


Seen = Field | Literal["all"] | None
"""What the units of an output see; None: a vector of the input, which has no axis to see along."""


def receptive_fields(nodes: list[Node]) -> list[Seen]:
    """What the units of each node's output see."""
    found: list[Seen] = []
    for node in nodes:
        found.append(_seen(node, [found[place] for place in node.inputs]))
    return found


def _seen(node: Node, before: list[Seen]) -> Seen:
    shape = node.gives[0][:-1]
    known = [seen for seen in before if seen is not None]
    if not known:
        return Field((Axis(),) * len(shape), shape) if shape else None
    if "all" in known or not shape or _looks_everywhere(node.layer):
        return "all"
    fields = [seen for seen in known if isinstance(seen, Field)]
    if len({len(field.axes) for field in fields} | {len(shape)}) > 1:
        return "all"
    axes = tuple(
        Axis(min(a.low for a in axis), max(a.high for a in axis), max(a.step for a in axis))
        for axis in zip(*(field.axes for field in fields), strict=True)
    )
    return _through(node, Field(axes, fields[0].source))


def _through(node: Node, field: Field) -> Seen:
    """What is seen through a layer with one window for each axis, or none."""
    layer, lengths = getattr(node.layer, "layer", node.layer), node.takes[0][:-1]
    sides = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    kind, rank = type(layer).__name__, len(lengths)
    if sides is not None:
        moved = _transposed if "Transpose" in kind else _slid
        padding = getattr(layer, "padding", "valid")
        strides = _each(getattr(layer, "strides", 1), rank)
        dilations = _each(getattr(layer, "dilation_rate", 1), rank)
        axes = [
            moved(axis, (size - 1) * dilation + 1, stride, length, padding)
            for axis, size, stride, dilation, length in zip(
                field.axes, _each(sides, rank), strides, dilations, lengths, strict=True
            )
        ]
    elif kind.startswith(("ZeroPadding", "Cropping")):
        sign, given = (1, layer.padding) if kind.startswith("Z") else (-1, layer.cropping)
        pairs = [given] if isinstance(given[0], int) else given
        added = _each([sign * before for before, _ in pairs], rank, neutral=0)
        axes = [axis.window(1, 1, before) for axis, before in zip(field.axes, added, strict=True)]
    elif kind.startswith("UpSampling"):
        factors = zip(field.axes, _each(layer.size, rank), strict=True)
        axes = [axis.window(1, 1 / factor, 0) for axis, factor in factors]
    else:
        return field if node.gives[0][:-1] == lengths else "all"
    return Field(tuple(axes), field.source)


def _slid(axis: Axis, reach: int, stride: int, length: int | None, padding: str) -> Axis:
    """A window over `reach` units, which moves over the map."""
    if padding == "causal":
        before = reach - 1
    elif padding == "same" and length is not None:
        before = max((-(-length // stride) - 1) * stride + reach - length, 0) // 2
    else:
        before = max(reach - stride, 0) // 2 if padding == "same" else 0
    return axis.window(reach, stride, before)


def _transposed(axis: Axis, reach: int, stride: int, length: int | None, padding: str) -> Axis:
    """A window that each unit of the map lays down: those that lie over one place are seen."""
    cut = max(reach - stride, 0) // 2 if padding == "same" else 0
    return axis.window(-(-reach // stride), 1 / stride, (reach - 1 - cut) // stride)


def _each(value: Any, rank: int, neutral: int = 1) -> list[int]:
    """A number for each axis; a layer that is applied at every step has none for the first."""
    given = [value] * rank if isinstance(value, int) else list(value)
    return [neutral] * (rank - len(given)) + given


def _looks_everywhere(layer: Any) -> bool:
    """Whether each unit of the output may depend on all of the input."""
    import keras

    layers = keras.layers
    mixing = (
        layers.RNN | layers.Bidirectional | layers.Attention | layers.MultiHeadAttention
        | layers.GroupQueryAttention
    )  # fmt: skip
    everywhere = isinstance(layer, mixing) or type(layer).__name__.startswith("Global")
    return everywhere or getattr(layer, "data_format", None) == "channels_first"
