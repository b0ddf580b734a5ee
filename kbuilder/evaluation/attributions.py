"""What pushes the answer for a row, by integrated gradients.

On the straight path from the average row of training to the row, the gradient of what is explained
is averaged; times the distance it is the contribution of each number. The contributions add up to
how far the answer for the row is from that for the average row, which is checked. An index has no
gradient: its path goes between its embedding and the average one, or, for words, that of no word.

Source: Sundararajan et al. 2017, arXiv:1703.01365.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kbuilder import internals, progress
from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Task, Teaching
from kbuilder.errors import CallError, listed
from kbuilder.evaluation.average_row import begin, is_index

STEPS, MOST_STEPS, TIMES = 32, 2048, 4
"""Points on the path: at first; at most; by how many times more, where they are too few."""
TOLERANCE = 0.01
"""The share of what is explained that may be left over."""
NUMBERS, TOGETHER = 2**20, 4096
"""Numbers of inputs that are computed at once, and rows, about."""
FEW = 16
"""Rows up to which no graph is made."""
WIDTH = 64
"""Numbers of an embedding, about."""
ROUNDING = 1e-6
"""The share of a value that float32 may round away in a network."""
SURE = 1e-7
"""How far from 0 and 1 a probability counts as such, where there are no logits."""


class Explained(NamedTuple):
    """What is explained: an output of the network, and one of its units.

    Args:
        output: The output.
        unit: Its unit; None: for each row the one that is answered.
    """

    output: str
    unit: int | None


@dataclass(frozen=True)
class Attributions:
    """The contributions to what is explained, of some rows.

    Args:
        units: The unit of the output that is explained of each row, (rows,).
        values: What is explained of each row: log-odds, or a number in the target's units. (rows,)
        average: The same of where its path begins. (rows,)
        by: The contributions by input of the network, each (rows, …) as prepared; of an index
            (rows, places).
    """

    units: np.ndarray
    values: np.ndarray
    average: np.ndarray
    by: Arrays

    @property
    def left_over(self) -> np.ndarray:
        """What the contributions do not add up to. (rows,)"""
        sums = [own.reshape(len(own), -1).sum(axis=1, dtype=np.float64) for own in self.by.values()]
        return self.values - self.average - np.sum(sums, axis=0)

    @property
    def incomplete(self) -> np.ndarray:
        """Rows of which more is left over than `TOLERANCE` of what they have in all. (rows,)"""
        sizes = [np.abs(own.reshape(len(own), -1)).sum(axis=1) for own in self.by.values()]
        whole = np.maximum(np.abs(self.values - self.average), np.sum(sizes, axis=0))
        apart: np.ndarray = np.abs(self.left_over) > TOLERANCE * whole + self.rounding
        return apart

    @property
    def rounding(self) -> np.ndarray:
        """What may be left over since the network rounds. (rows,)"""
        sizes: np.ndarray = ROUNDING * np.maximum(np.abs(self.values), np.abs(self.average))
        return sizes


def choose(columns: Columns, of: str | None) -> Explained:
    """What is explained.

    Args:
        columns: The learned targets.
        of: A class or a target, with several targets each class with its target before it; None:
            the class that is answered, of two the second, or the number.

    Raises:
        CallError: if there is no such class or target, or several and none is named, or the task
            has no explanations.
    """
    known: dict[str, Explained] = {}
    several = len(columns.targets) > 1
    for output, (names, task) in columns.outputs().items():
        _expect_known(task)
        if several:
            known[output] = Explained(output, None)
        units = unit_names(task, names)
        if several and units == [output]:
            continue  # one number, which is called like its target
        for unit, name in enumerate(units):
            known.setdefault(f"{output} {name}" if several else name, Explained(output, unit))
    if of is not None:
        if of not in known:
            raise CallError(f"there is no {of!r} to explain. Expected one of {listed(known, 20)}.")
        chosen = known[of]
    else:
        first = next(iter(columns.outputs()))
        if several:
            raise CallError(
                f"the run answers several targets. Expected `of={first!r}`, or one of "
                f"{listed(known, 20)}."
            )
        chosen = Explained(first, None)
    names, task = columns.outputs()[chosen.output]
    units = unit_names(task, names)
    if chosen.unit is None and _teaches(task) == "numbers":
        if len(units) > 1:
            name = f"{chosen.output} {units[0]}" if several else units[0]
            raise CallError(
                f"an answer has {len(units)} numbers. Expected `of={name!r}`, or another of "
                f"{listed(units, 20)}."
            )
        return Explained(chosen.output, 0)
    return chosen


def unit_names(task: Task, columns: tuple[str, ...]) -> list[str]:
    """What the units of an output are called: classes, or numbers."""
    classes = [str(one) for one in getattr(task, "classes", None) or ()]
    if _teaches(task) == "class" and len(classes) == 2:
        return classes[1:]
    count = getattr(task, "outputs", None) or 1
    if classes:
        return classes
    if count == len(columns):
        return list(columns)
    return [f"{'+'.join(columns)} {number}" for number in range(1, count + 1)]


def _teaches(task: Task) -> str:
    return task.teaches if isinstance(task, Teaching) else ""


def _expect_known(task: Task) -> None:
    if not _teaches(task):
        raise CallError(
            "the answers of this task have no explanation by row. The report says what they rest "
            "on: `kbuilder report RUN`."
        )


def attributions(
    model: Any, columns: Columns, average: Arrays, arrays: Arrays, explained: Explained
) -> Attributions:
    """Explain prepared rows.

    Args:
        model: The fitted network.
        columns: The learned features and targets.
        average: The average row, as `average_row` gives it.
        arrays: Prepared rows by input of the network.
        explained: What `choose` gave.

    Raises:
        CallError: if the network takes an index, and has no embedding for it.
    """
    rows = len(next(iter(arrays.values())))
    path = _Path(model, columns, average, explained, traced=rows > FEW)
    found: list[Attributions] = []
    size = path.rows_at_once(arrays)
    with progress.stage("explaining", rows, "rows") as stage:
        for start in range(0, rows, size):
            some = {key: np.asarray(values[start : start + size]) for key, values in arrays.items()}
            found.append(path.explain(some))
            stage.advance(len(found[-1].values))
    units, values, begun = (
        np.concatenate([getattr(one, name) for one in found])
        for name in ("units", "values", "average")
    )
    by = {key: np.concatenate([one.by[key] for one in found]) for key in found[0].by}
    return Attributions(units, values, begun, by)


@dataclass
class _Path:
    """Explains some rows at a time."""

    model: Any
    columns: Columns
    average: Arrays
    explained: Explained
    traced: bool = True

    @cached_property
    def slopes(self) -> Callable[..., Any]:
        """`_slopes`, as a graph, unless rows are few: to make one takes as long as some calls."""
        import tensorflow as tf

        return tf.function(self._slopes) if self.traced else self._slopes

    @property
    def task(self) -> Task:
        """Of the output that is explained."""
        return self.columns.outputs()[self.explained.output].task

    def rows_at_once(self, arrays: Arrays) -> int:
        """Rows whose paths are computed at once."""
        return max(1, self._together(arrays) // STEPS)

    def _together(self, arrays: Arrays) -> int:
        width = sum(
            int(np.prod(values.shape[1:])) * (WIDTH if self._index(key, values) else 1)
            for key, values in arrays.items()
        )
        return int(np.clip(NUMBERS // max(1, width), 1, TOGETHER))

    def _index(self, key: str, values: np.ndarray) -> bool:
        column = next(name for name, own in self.columns.keys().items() if own == key)
        return is_index(self.columns, column, values)

    def explain(self, arrays: Arrays) -> Attributions:
        """With more points on the path, until the contributions add up."""
        units, values = self._at(arrays, 1.0)
        _, average = self._at(arrays, 0.0, units)
        found = Attributions(units, values, average, self._along(arrays, units, STEPS))
        steps = STEPS
        while steps < MOST_STEPS:
            apart = np.abs(values - average)
            few = np.flatnonzero(np.abs(found.left_over) > TOLERANCE * apart + found.rounding)
            if not len(few):
                break
            steps *= TIMES
            some = {key: own[few] for key, own in arrays.items()}
            for key, own in self._along(some, units[few], steps).items():
                found.by[key][few] = own
        return found

    def _at(
        self, arrays: Arrays, along: float, units: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The unit that is explained of each row, and its value at one place of the path.

        Args:
            arrays: Prepared rows.
            along: 0: where the paths begin; 1: the rows.
            units: The units; None: those that are answered there.
        """
        import tensorflow as tf

        ends, starts = self._ends_and_starts(arrays)
        rows = len(next(iter(arrays.values())))
        outputs, logits = _Walk(self, starts, tf.fill([rows], along)).run(ends)
        if units is None and self.explained.unit is not None:
            units = np.full(rows, self.explained.unit)
        if units is None:
            units = np.asarray(outputs).argmax(axis=1)
        chosen = tf.constant(units, tf.int32)
        return units, np.asarray(explained_by(self.task, outputs, logits, chosen), np.float64)

    def _ends_and_starts(self, arrays: Arrays) -> tuple[dict[str, Any], dict[str, Any]]:
        """The rows, and where their paths begin, as tensors."""
        import tensorflow as tf

        starts = begin(self.columns, self.average, arrays)
        ends = {key: tf.constant(own) for key, own in arrays.items()}
        return ends, {key: tf.constant(own) for key, own in starts.items()}

    def _along(self, arrays: Arrays, units: np.ndarray, steps: int) -> Arrays:
        """The contributions by so many points on the path, by input. Each (rows, …) float64"""
        import tensorflow as tf

        ends, starts = self._ends_and_starts(arrays)
        places = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
        chosen = tf.constant(units, tf.int32)
        size = min(steps, max(1, self._together(arrays) // len(units)))
        total: Arrays = {}
        for first in range(0, steps, size):
            some = tf.constant(places[first : first + size])
            for key, own in self.slopes(ends, starts, some, chosen).items():
                total[key] = total.get(key, 0.0) + own.numpy().astype(np.float64) / steps
        return total

    def _slopes(self, ends: Any, starts: Any, places: Any, units: Any) -> Mapping[str, Any]:
        """The sums over some points of gradient times distance, by input. Each (rows, …)"""
        import tensorflow as tf

        several = tf.shape(places)[0]
        along = tf.repeat(places, tf.shape(units)[0])  # (points · rows,)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            walk = _Walk(self, {k: _times(v, several) for k, v in starts.items()}, along, tape)
            outputs, logits = walk.run({key: _times(own, several) for key, own in ends.items()})
            values = explained_by(self.task, outputs, logits, _times(units, several))
            together = tf.reduce_sum(values)
        points = [point for _, point, _ in walk.points]
        slopes = tape.gradient(together, points, unconnected_gradients="zero")
        found: dict[str, Any] = {}
        for (key, _, distance), slope in zip(walk.points, slopes, strict=True):
            own = tf.cast(slope * distance, tf.float32)
            if key in walk.indices:  # (points · rows, …, embedding)
                own = tf.reduce_sum(own, axis=-1)
            shape = tf.concat([[several, tf.shape(units)[0]], tf.shape(own)[1:]], axis=0)
            own = tf.reduce_sum(tf.reshape(own, shape), axis=0)
            found[key] = found[key] + own if key in found else own
        return found


def _times(values: Any, count: Any) -> Any:
    """Rows as often as there are points: all of them for the first, then for the next."""
    import tensorflow as tf

    return tf.tile(values, tf.concat([[count], tf.ones(len(values.shape) - 1, tf.int32)], axis=0))


class _Walk:
    """One way through the network, with each row at a place of its path.

    Args:
        path: What is explained, and the network.
        starts: Where the paths of numbers begin.
        along: How far each row has come, 0 to 1. (rows,)
        tape: Watches the points; None: nobody asks for gradients.
    """

    def __init__(
        self, path: _Path, starts: Mapping[str, Any], along: Any, tape: Any = None
    ) -> None:
        self.path, self.starts, self.along, self.tape = path, starts, along, tape
        self.points: list[tuple[str, Any, Any]] = []
        """Of each input, or embedding of it: its name, where it is, and the distance to its end."""
        self.indices: set[str] = set()
        self.owners: dict[int, tuple[str, Any]] = {}
        """The input that a tensor of whole numbers comes from, by its id; the tensor is kept."""

    def run(self, ends: Mapping[str, Any]) -> tuple[Any, Any]:
        """The output that is explained, and its logits, if it has some.

        Raises:
            CallError: if an index goes through no embedding.
        """
        import tensorflow as tf

        given: dict[str, Any] = {}
        for key, end in ends.items():
            if key in self.starts:
                given[key] = self._point(key, self.starts[key], tf.cast(end, tf.float32))
            else:
                given[key] = end
                self.owners[id(end)] = (key, end)
        outputs = internals.walk(self.path.model, given, self._called)
        lacking = [key for key in ends if key not in {one for one, _, _ in self.points}]
        if lacking:
            names = {key: name for name, key in self.path.columns.keys().items()}
            raise CallError(
                f"column {names[lacking[0]]!r} goes into the network as whole numbers, and through "
                "no embedding, which contributions could be counted at. Expected an `embedding` "
                "among the layers of `model`, or a column of numbers."
            )
        output = outputs[self.path.explained.output]
        return output, internals.logits(output)

    def _point(self, key: str, start: Any, end: Any) -> Any:
        """A place between two, as far as each row has come."""
        import tensorflow as tf

        along = tf.reshape(self.along, [-1] + [1] * (len(end.shape) - 1))
        distance = end - tf.cast(start, end.dtype)
        point = end - tf.cast(1.0 - along, end.dtype) * distance
        if self.tape is not None:
            self.tape.watch(point)
        self.points.append((key, point, distance))
        return point

    def _called(self, operation: Any) -> Callable[..., Any]:
        """What is called in place of a layer: an embedding gives places between two vectors."""
        import keras

        inner = internals.functional(operation)
        if inner is not None:
            return lambda given, **_: internals.walk(inner, given, self._called)

        def call(*args: Any, **named: Any) -> Any:
            own = [
                self.owners[id(one)] for one in keras.tree.flatten(args) if id(one) in self.owners
            ]
            if own and isinstance(operation, keras.layers.Embedding):
                return self._embedded(operation, own[0][0], args[0])
            given = operation(*args, **named)
            if own:
                for one in keras.tree.flatten(given):
                    self.owners[id(one)] = (own[0][0], one)
            return given

        return call

    def _embedded(self, layer: Any, key: str, index: Any) -> Any:
        """An embedding, between that of the average and its own."""
        import tensorflow as tf

        self.indices.add(key)
        end = layer(index)
        shares = self.path.average.get(key)
        if shares is None:
            start = layer(tf.zeros_like(index))
        else:
            start = tf.tensordot(
                tf.cast(shares, end.dtype), layer(tf.range(len(shares))), axes=1
            )  # fmt: skip
        return internals.masked(self._point(key, start, end), internals.mask_of(end))


def explained_by(task: Task, outputs: Any, logits: Any, units: Any) -> Any:
    """What is explained of each row: log-odds of its unit, or the number that it answers. (rows,)

    Args:
        task: The task.
        outputs: Of the network, (rows, units).
        logits: What they were made of; None: nobody knows.
        units: The unit of each row, (rows,).
    """
    import tensorflow as tf

    if _teaches(task) == "numbers":
        value = task.decode(outputs)["value"]
        value = value[:, None] if len(value.shape) == 1 else value
        return tf.gather(value, units, batch_dims=1)
    if _teaches(task) == "flags" or outputs.shape[1] == 1:
        if logits is None:
            likely = tf.clip_by_value(outputs, SURE, 1 - SURE)
            logits = tf.math.log(likely) - tf.math.log1p(-likely)
        return tf.cast(tf.gather(logits, units, batch_dims=1), tf.float32)
    if logits is None:
        logits = tf.math.log(tf.maximum(outputs, SURE))
    logits = tf.cast(logits, tf.float32)
    own = tf.one_hot(units, logits.shape[1], on_value=True, off_value=False, dtype=tf.bool)
    others = tf.where(own, tf.constant(-np.inf, tf.float32), logits)
    return tf.gather(logits, units, batch_dims=1) - tf.reduce_logsumexp(others, axis=1)
