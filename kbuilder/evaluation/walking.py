"""One way through a network, with each row somewhere between the average row and itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kbuilder import internals
from kbuilder.columns import Arrays, Columns
from kbuilder.errors import CallError


class Walk:
    """One way through the network, with each row at a place of its path.

    Args:
        model: The network.
        columns: The learned features.
        average: The average training row, as `average_row` gives it.
        starts: Where the paths of numbers begin.
        along: How far each row has come, 0 to 1. (rows,)
        tape: Watches the points; None: nobody asks for gradients.
    """

    def __init__(
        self,
        model: Any,
        columns: Columns,
        average: Arrays,
        starts: Mapping[str, Any],
        along: Any,
        tape: Any = None,
    ) -> None:
        self.model, self.columns, self.average = model, columns, average
        self.starts, self.along, self.tape = starts, along, tape
        self.points: list[tuple[str, Any, Any, Any]] = []
        """Of each input, or embedding of it: its name, where it is, the distance to its end, and
        how its places are shared among those of the input; None: they are the same."""
        self.indices: set[str] = set()
        self.owners: dict[int, tuple[str, Any, Any]] = {}
        """The input that a tensor of whole numbers comes from, by its id, the tensor, which is
        kept, and its shares."""

    def run(self, ends: Mapping[str, Any]) -> Mapping[str, Any]:
        """The outputs by name.

        Args:
            ends: The rows, by input.

        Raises:
            CallError: if an index goes through no embedding, or nobody knows of which words one is.
        """
        import tensorflow as tf

        given: dict[str, Any] = {}
        for key, end in ends.items():
            if key in self.starts:
                given[key] = self._point(key, self.starts[key], tf.cast(end, tf.float32))
            else:
                given[key] = end
                self.owners[id(end)] = (key, end, None)
        outputs = internals.walk(self.model, given, self._called)
        lacking = [key for key in ends if key not in {point[0] for point in self.points}]
        if lacking:
            raise CallError(
                f"column {self._column(lacking[0])!r} goes into the network as whole numbers, "
                "and through no embedding, which contributions could be counted at. Expected an "
                "`embedding` among the layers of `model`, or a column of numbers."
            )
        found: Mapping[str, Any] = outputs
        return found

    def _column(self, key: str) -> str:
        """The column of an input that is an index."""
        return next(name for name, own in self.columns.keys().items() if own == key)

    def _point(self, key: str, start: Any, end: Any, shares: Any = None) -> Any:
        """A place between two, as far as each row has come."""
        import tensorflow as tf

        along = tf.reshape(self.along, [-1] + [1] * (len(end.shape) - 1))
        distance = end - tf.cast(start, end.dtype)
        point = end - tf.cast(1.0 - along, end.dtype) * distance
        if self.tape is not None:
            self.tape.watch(point)
        self.points.append((key, point, distance, shares))
        return point

    def _called(self, operation: Any) -> Callable[..., Any]:
        """What is called in place of a layer: an embedding gives places between two vectors."""
        import keras

        inner = internals.functional(operation)
        if inner is not None:
            return lambda given, **_: internals.walk(inner, given, self._called)

        def call(*args: Any, **named: Any) -> Any:
            known = (self.owners.get(id(one)) for one in keras.tree.flatten(args))
            own = next((one for one in known if one is not None), None)
            if own is None:
                return operation(*args, **named)
            if isinstance(operation, keras.layers.Embedding):
                return self._embedded(operation, own, args[0])
            given = operation(*args, **named)
            for one in keras.tree.flatten(given):
                self.owners[id(one)] = (own[0], one, _shares(operation, own, one))
            return given

        return call

    def _embedded(self, layer: Any, own: tuple[str, Any, Any], index: Any) -> Any:
        """An embedding, between that of the average and its own.

        Raises:
            CallError: if nobody knows of which words its places are.
        """
        import tensorflow as tf

        key, _, shares = own
        if isinstance(shares, str):
            raise CallError(
                f"column {self._column(key)!r}: layer {shares!r} makes other numbers of its words, "
                "and does not say of which. Expected a layer with a method `shares`, as "
                "kbuilder's HashedNGrams has it, or an embedding of the words themselves."
            )
        self.indices.add(key)
        end = layer(index)
        usual = self.average.get(key)
        if usual is None:
            start = layer(tf.zeros_like(index))
        else:
            start = tf.tensordot(tf.cast(usual, end.dtype), layer(tf.range(len(usual))), axes=1)
        return internals.masked(self._point(key, start, end, shares), internals.mask_of(end))


def _shares(layer: Any, own: tuple[str, Any, Any], given: Any) -> Any:
    """How the places of what a layer makes of an index are shared among those of the input.

    Args:
        layer: The layer.
        own: What it was given, as `Walk.owners` has it.
        given: What it makes of it.

    Returns:
        (places, places of the input); None: they are the same; the name of the layer: it does not
        say.
    """
    _, index, before = own
    if isinstance(before, str):
        return before
    if hasattr(layer, "shares"):
        found = layer.shares(index.shape[1])
        return found if before is None else found @ before
    alike = list(given.shape[1:]) == list(index.shape[1:])
    return before if alike else str(layer.name)
