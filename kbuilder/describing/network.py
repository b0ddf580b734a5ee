"""A network in figures: its layers, what they cost, and what is seen of the input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kbuilder.describing.graph import Node, Shape, nodes
from kbuilder.describing.kinds import detail, group, kind
from kbuilder.describing.multiply_adds import Work, work
from kbuilder.describing.receptive_field import Field, Seen, receptive_fields


@dataclass(frozen=True)
class Row:
    """One call of a layer.

    Args:
        name: Name of the layer, after those of the models that it is within.
        kind: Its class, such as `Conv2D`.
        detail: The most telling of its arguments, such as `6, 5 × 5, tanh`.
        group: What it is for, one of `kinds.GROUPS`.
        inputs: Places of the rows that it takes from.
        shape: Shape of its output, without the batch.
        parameters: Numbers in its weights; 0 where they are shared.
        shared: Whether its weights are those of a row above.
        multiply_adds: For one example; None: not known.
        receptive_field: Inputs that one unit of the output sees along each axis, or "all".
    """

    name: str
    kind: str
    detail: str
    group: str
    inputs: tuple[int, ...]
    shape: Shape
    parameters: int
    shared: bool
    multiply_adds: int | None
    receptive_field: tuple[int, ...] | Literal["all"] | None


@dataclass(frozen=True)
class Network:
    """A network in figures.

    Args:
        rows: Its layers, each after those that it takes from.
        trainable: Parameters that training changes.
        fixed: Parameters that it does not.
        multiply_adds: For one example, in all layers where they are known.
        batch_size: Examples in a batch.
        forward: Bytes of the outputs that are alive at once, at most, in a forward pass of a batch.
        training: Bytes that a batch keeps for the backward pass; an estimate.
        remarks: What a person should know of these figures.
    """

    rows: tuple[Row, ...]
    trainable: int
    fixed: int
    multiply_adds: int
    batch_size: int
    forward: int
    training: int
    remarks: tuple[str, ...]


def describe(model: Any, batch_size: int = 32) -> Network:
    """A functional or sequential Keras model in figures.

    Args:
        model: Built; it need not be compiled.
        batch_size: Examples in a batch, for the memory; >= 1.
    """
    graph = nodes(model)
    works = [_work(node) for node in graph]
    seen = receptive_fields(graph)
    rows = tuple(map(_row, graph, works, seen))
    return Network(
        rows=rows,
        trainable=_numbers(model.trainable_weights),
        fixed=_numbers(model.non_trainable_weights),
        multiply_adds=sum(cost.multiply_adds or 0 for cost in works),
        batch_size=batch_size,
        forward=batch_size * _alive_at_once(graph),
        training=batch_size * _kept(graph, works),
        remarks=(*_seen_at_last(graph, seen), *_uncounted(rows), *_free(graph)),
    )


def _row(node: Node, cost: Work, seen: Seen) -> Row:
    parameters = _numbers(getattr(node.layer, "weights", ()))
    shared = node.again and parameters > 0
    return Row(
        name=node.name,
        kind=kind(node.layer),
        detail=detail(node.layer),
        group=group(node.layer),
        inputs=node.inputs,
        shape=node.gives[0],
        parameters=0 if shared else parameters,
        shared=shared,
        multiply_adds=cost.multiply_adds,
        receptive_field=seen.size if isinstance(seen, Field) else seen,
    )


def _work(node: Node) -> Work:
    once = work(node.layer, [_sizes(shape) for shape in node.takes], _sizes(node.gives[0]))
    total = None if once.multiply_adds is None else once.multiply_adds * node.times
    return Work(total, once.inner * node.times)


def _sizes(shape: Shape) -> tuple[int, ...]:
    """A shape of numbers: where a length is free, of one step."""
    return tuple(size or 1 for size in shape)


def _numbers(weights: Sequence[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _bytes(node: Node) -> int:
    """Of the outputs for one example; none, where they are the input in another shape."""
    if kind(node.layer) in ("Flatten", "Reshape", "Dropout", "InputLayer"):
        return 0
    if hasattr(node.layer, "times"):
        return 0
    return node.size * node.times * sum(math.prod(_sizes(shape)) for shape in node.gives)


def _alive_at_once(graph: list[Node]) -> int:
    """Bytes at most, where each output lives until its last reader is done."""
    last = {place: reader for reader, node in enumerate(graph) for place in node.inputs}
    ends: dict[int, list[int]] = {}
    for place, reader in last.items():
        ends.setdefault(reader, []).append(place)
    alive = most = 0
    for place, node in enumerate(graph):
        alive += _bytes(node)
        most = max(most, alive)
        alive -= sum(_bytes(graph[done]) for done in ends.get(place, ()))
    return most


def _kept(graph: list[Node], works: list[Work]) -> int:
    """Bytes of every output, and of what the layers keep within."""
    both = zip(graph, works, strict=True)
    return sum(_bytes(node) + node.size * cost.inner for node, cost in both)


def _seen_at_last(graph: list[Node], seen: list[Seen]) -> list[str]:
    """Where the last map becomes a vector: whether its units see less than the input."""
    goes_on = {place for node in graph if len(node.gives[0]) > 1 for place in node.inputs}
    last: dict[Shape, tuple[int, ...]] = {}
    for node in graph:
        for place in {*node.inputs} - goes_on:
            field = seen[place]
            if isinstance(field, Field) and max(field.size) > 1:
                last[field.source] = field.size
    return [
        f"A unit of the last map sees {times(size)} of {times(source)} "
        f"{'steps' if len(source) == 1 else 'pixels'}."
        for source, size in last.items()
        if any(whole and part < whole for part, whole in zip(size, source, strict=True))
    ]


def _uncounted(rows: Sequence[Row]) -> list[str]:
    names = [row.name for row in rows if row.multiply_adds is None]
    if not names:
        return []
    return [f"The multiply-adds of {', '.join(names)} are not known, and not in the sum."]


def _free(graph: list[Node]) -> list[str]:
    free = any(None in node.gives[0] for node in graph)
    return ["Where a length is free (None), the figures are those of one step."] if free else []


def times(sizes: Sequence[int | None]) -> str:
    """Lengths of axes, as in 5 × 5."""
    return " × ".join("any" if size is None else f"{size:,}" for size in sizes)
