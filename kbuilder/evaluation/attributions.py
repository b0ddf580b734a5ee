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
from typing import Any

import numpy as np

from kbuilder import progress
from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Task
from kbuilder.evaluation.average_row import begin, is_index
from kbuilder.evaluation.explained import Explained, explained_by
from kbuilder.evaluation.walking import Walk

STEPS, MOST_STEPS, TIMES = 32, 2592, 3
"""Points on the path, each in the middle of its part: at first; at most; by how many times more,
where they are too few. Of three times as many a third are those before."""
TOLERANCE = 0.01
"""The share of what is explained that may be left over."""
NUMBERS, TOGETHER = 2**20, 4096
"""Numbers of inputs that are computed at once, and rows, about."""
FEW = 16
"""Rows up to which no graph is made."""
WIDTH = 64
"""Numbers of an embedding, about."""
LONG = 1024
"""Steps of a sequence of any length, about."""
CANCELLING = 0.1
"""The share of all contributions that their sum has at least, unless they cancel each other; then
what is left over is measured by this share of them."""
ROUNDING = 1e-6
"""The share of a value that float32 may round away in a network."""


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
        """Rows of which more is left over than `TOLERANCE` of what is explained. (rows,)"""
        whole = np.maximum(np.abs(self.values - self.average), CANCELLING * self.sizes)
        apart: np.ndarray = np.abs(self.left_over) > TOLERANCE * whole + self.rounding
        return apart

    @property
    def sizes(self) -> np.ndarray:
        """What pushes in all, whichever way. (rows,)"""
        sizes = [np.abs(own.reshape(len(own), -1)).sum(axis=1) for own in self.by.values()]
        return np.asarray(np.sum(sizes, axis=0, dtype=np.float64))

    @property
    def cancelling(self) -> np.ndarray:
        """Rows whose contributions cancel each other, so that their sum says little. (rows,)"""
        apart = np.abs(self.values - self.average)
        found: np.ndarray = apart < CANCELLING * self.sizes - self.rounding
        return found

    @property
    def rounding(self) -> np.ndarray:
        """What may be left over since the network rounds. (rows,)"""
        sizes: np.ndarray = ROUNDING * np.maximum(np.abs(self.values), np.abs(self.average))
        return sizes


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
    path = StraightPath(model, columns, average, explained, traced=rows > FEW)
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
class StraightPath:
    """The way from the average row to others; explains some of these at a time."""

    model: Any
    columns: Columns
    average: Arrays
    explained: Explained
    traced: bool = True

    @cached_property
    def slopes(self) -> Callable[..., Any]:
        """`slopes_at`, as a graph, unless rows are few: to make one takes as long as some calls."""
        import tensorflow as tf

        if not self.traced:
            return self.slopes_at
        return tf.function(self.slopes_at, reduce_retracing=True)  # the rows of a call differ

    @property
    def task(self) -> Task:
        """Of the output that is explained."""
        return self.columns.outputs()[self.explained.output].task

    def rows_at_once(self, arrays: Arrays) -> int:
        """Rows whose paths are computed at once."""
        return max(1, self.together(arrays) // STEPS)

    def together(self, arrays: Mapping[str, Any]) -> int:
        """Rows, each at a point of its path, that are computed at once."""
        width = sum(
            int(np.prod([n or LONG for n in values.shape[1:]]))
            * (WIDTH if self._index(key, values) else 1)
            for key, values in arrays.items()
        )
        return int(np.clip(NUMBERS // max(1, width), 1, TOGETHER))

    def _index(self, key: str, values: Any) -> bool:
        column = next(name for name, own in self.columns.keys().items() if own == key)
        return is_index(self.columns, column, values)

    def explain(self, arrays: Arrays) -> Attributions:
        """With more points on the path, until the contributions add up."""
        given = self.both_ends(*self._ends_and_starts(arrays))
        units = np.asarray(given[0])
        values, average = (np.asarray(one, np.float64) for one in given[1:])
        places = points(np.arange(STEPS), STEPS, middle=True)
        found = Attributions(units, values, average, self._along(arrays, units, places))
        steps = STEPS
        while steps < MOST_STEPS:
            few = np.flatnonzero(found.incomplete)
            if not len(few):
                break
            some = {key: own[few] for key, own in arrays.items()}
            more = points(np.arange((TIMES - 1) * steps), steps, middle=False)
            for key, own in self._along(some, units[few], more).items():
                found.by[key][few] = (found.by[key][few] + (TIMES - 1) * own) / TIMES
            steps *= TIMES
        return found

    def both_ends(self, ends: Mapping[str, Any], starts: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """What is explained at both ends of the path, by tensors.

        Args:
            ends: The rows.
            starts: Where their paths begin.

        Returns:
            The unit of each row, its value, and the same where its path begins. Each (rows,)
        """
        import tensorflow as tf

        rows = tf.shape(next(iter(ends.values())))[0]
        along = tf.repeat(tf.constant([1.0, 0.0]), rows)
        twice = [{key: _times(own, 2) for key, own in some.items()} for some in (ends, starts)]
        output = self._walk(twice[1], along).run(twice[0])[self.explained.output]
        if self.explained.unit is None:
            units = tf.argmax(output[:rows], axis=1, output_type=tf.int32)
        else:
            units = tf.fill([rows], self.explained.unit)
        values = explained_by(self.task, output, _times(units, 2))
        return units, values[:rows], values[rows:]

    def _walk(self, starts: Mapping[str, Any], along: Any, tape: Any = None) -> Walk:
        return Walk(self.model, self.columns, self.average, starts, along, tape)

    def _ends_and_starts(self, arrays: Arrays) -> tuple[dict[str, Any], dict[str, Any]]:
        """The rows, and where their paths begin, as tensors."""
        import tensorflow as tf

        ends = {key: tf.constant(own) for key, own in arrays.items()}
        return ends, begin(self.columns, self.average, ends)

    def _along(self, arrays: Arrays, units: np.ndarray, places: np.ndarray) -> Arrays:
        """The contributions by points on the path, by input. Each (rows, …) float64"""
        import tensorflow as tf

        ends, starts = self._ends_and_starts(arrays)
        steps, places = len(places), places.astype(np.float32)
        chosen = tf.constant(units, tf.int32)
        size = min(steps, max(1, self.together(arrays) // len(units)))
        total: Arrays = {}
        for first in range(0, steps, size):
            some = tf.constant(places[first : first + size])
            for key, own in self.slopes(ends, starts, some, chosen).items():
                total[key] = total.get(key, 0.0) + own.numpy().astype(np.float64) / steps
        return total

    def slopes_at(self, ends: Any, starts: Any, places: Any, units: Any) -> Mapping[str, Any]:
        """The sums over some points of gradient times distance, by input. Each (rows, …)"""
        import tensorflow as tf

        several = tf.shape(places)[0]
        along = tf.repeat(places, tf.shape(units)[0])  # (points · rows,)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            begun = {key: _times(own, several) for key, own in starts.items()}
            walk = self._walk(begun, along, tape)
            output = walk.run({key: _times(own, several) for key, own in ends.items()})[
                self.explained.output
            ]
            values = explained_by(self.task, output, _times(units, several))
            together = tf.reduce_sum(values)
        points = [point for _, point, _, _ in walk.points]
        slopes = tape.gradient(together, points, unconnected_gradients="zero")
        found: dict[str, Any] = {}
        for (key, _, distance, shares), slope in zip(walk.points, slopes, strict=True):
            own = tf.cast(slope * distance, tf.float32)
            if key in walk.indices:  # (points · rows, …, embedding)
                own = tf.reduce_sum(own, axis=-1)
            if shares is not None:
                own = tf.matmul(own, shares)
            shape = tf.concat([[several, tf.shape(units)[0]], tf.shape(own)[1:]], axis=0)
            own = tf.reduce_sum(tf.reshape(own, shape), axis=0)
            found[key] = found[key] + own if key in found else own
        return found


def points(numbers: Any, parts: Any, middle: Any) -> Any:
    """Points on a path from 0 to 1 that is divided into equal parts.

    Args:
        numbers: Those of the points, from 0 on; integers, or a tensor of them.
        parts: How many there are.
        middle: True: one in the middle of each part; False: two, so that with the middle there is
            one in the middle of each third.
    """
    each = 2 - middle
    inside = 0.5 * middle + (1 / 6 + (numbers % 2) * 2 / 3) * (1 - middle)
    return (numbers // each + inside) / parts


def _times(values: Any, count: Any) -> Any:
    """Rows as often as there are points: all of them for the first, then for the next."""
    import tensorflow as tf

    return tf.tile(values, tf.concat([[count], tf.ones(len(values.shape) - 1, tf.int32)], axis=0))
