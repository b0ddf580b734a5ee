"""The calls of layers that a model is made of, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kbuilder import internals

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Node:
    """One call of a layer, or of an operation on symbolic tensors.

    Args:
        layer: What is called.
        name: Its name, after those of the models that it is within: `outer/inner`.
        inputs: Places, among the nodes, of those whose outputs it takes.
        takes: Shapes of its inputs, without the batch.
        gives: Shapes of its outputs, without the batch.
        size: Bytes of one number of its output.
        again: Whether the layer was called before, so that its weights are counted there.
        times: How often it is computed for one example: for each frame of a video.
    """

    layer: Any
    name: str
    inputs: tuple[int, ...]
    takes: tuple[Shape, ...]
    gives: tuple[Shape, ...]
    size: int
    again: bool
    times: int = 1


def nodes(model: Any) -> list[Node]:
    """The calls within a functional or sequential model; models within it are walked too.

    Every call stands after those that it takes from, and the calls of one branch together.
    """
    found: list[Node] = []
    _walk(internals.functional(model), {}, "", found, set())
    return found


def _walk(model: Any, fed: dict[int, int], prefix: str, found: list[Node], seen: set[int]) -> None:
    """Append the calls within `model`; `fed` has the place that each known tensor comes from."""
    for call in _ordered(model):
        if all(id(tensor) in fed for tensor in call.output_tensors):
            continue  # an input of a model within, which is what that model is called on
        layer, name = call.operation, prefix + call.operation.name
        inputs = [fed[id(tensor)] for tensor in call.input_tensors]
        inner = internals.functional(layer)
        if inner is not None:
            entries = dict(zip(map(id, inner.inputs), inputs, strict=True))
            _walk(inner, entries, f"{name}/", found, seen)
            given = [entries[id(tensor)] for tensor in inner.outputs]
            fed |= dict(zip(map(id, call.output_tensors), given, strict=True))
            continue
        shapes = [tuple(tensor.shape[1:]) for tensor in call.input_tensors]
        times = max((found[place].times * _folds(found[place]) for place in inputs), default=1)
        found.append(
            Node(
                layer,
                name,
                tuple(inputs),
                tuple(shapes),
                tuple(tuple(tensor.shape[1:]) for tensor in call.output_tensors),
                _size(call.output_tensors[0].dtype),
                id(layer) in seen,
                round(times),
            )
        )
        seen.add(id(layer))
        fed |= dict.fromkeys(map(id, call.output_tensors), len(found) - 1)


def _folds(node: Node) -> float:
    """How many examples become of one in a layer: of a video its frames."""
    times = getattr(node.layer, "times", None)
    return float(times(node.takes[0])) if times is not None else 1


def _ordered(model: Any) -> list[Any]:
    """Keras's own records of the calls, depth first from the outputs."""
    done: dict[int, Any] = {}

    def visit(call: Any) -> None:
        for before in (internals.made_by(tensor).node for tensor in call.input_tensors):
            if id(before) not in done:
                visit(before)
        done.setdefault(id(call), call)

    for output in model.outputs:
        visit(internals.made_by(output).node)
    return list(done.values())


def _size(dtype: str) -> int:
    digits = "".join(letter for letter in dtype if letter.isdigit())
    return int(digits) // 8 if digits else 1
