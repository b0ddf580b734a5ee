"""Rows are prepared by learned features, in batches.

The layers that prepare the rows for training are the same that open the exported model, so that
training and serving cannot differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from kbuilder import catalog, engine, progress, room
from kbuilder.columns import Arrays, Columns
from kbuilder.errors import DataError, listed
from kbuilder.spreading import Repeated, Spread, repeated_in
from kbuilder.tables.table import Table

BATCH = 1024
CHUNK = 2**17  # rows of which the raw columns are there at once; a multiple of any batch
OBJECT = 128  # bytes of a text, about
FEW = 2  # batches of numbers that are prepared sooner than a function of them is traced
SHOWN = 3  # rows that an error names


def raw(columns: Columns, table: Table) -> Arrays:
    """The raw columns in the dtypes and shapes that the exported model takes.

    Raises:
        DataError: if a column is missing, or a value cannot be converted.
    """
    table = table.only(list(columns.features))
    arrays: Arrays = {}
    with naming_rows(table):
        for column, feature in columns.features.items():
            with catalog.blamed(feature, "read a column"):
                arrays[column] = feature.raw(column, table[column])
    return arrays


def encode_targets(columns: Columns, table: Table) -> Arrays:
    """The targets as the losses take them, by output of the network. Each (rows, units) float32

    Raises:
        DataError: naming the first row whose target is none of the classes.
    """
    with naming_rows(table), np.errstate(over="ignore"):
        encoded = {
            output: task.encode(listed(names), table.target(names))
            for output, (names, task) in columns.outputs().items()
        }
    for output, values in encoded.items():
        rows = np.flatnonzero(_endless({output: values}))
        if len(rows):
            names = listed(map(repr, columns.outputs()[output].columns))
            found = [f"{table.row(row)} (column {names})" for row in rows[:SHOWN]]
            raise DataError(_not_finite("targets", len(rows), found), key=("data", "target"))
    return encoded


@contextmanager
def naming_rows(table: Table) -> Iterator[None]:
    """Errors of a value open with the name of its row in `table`."""
    try:
        yield
    except DataError as error:
        raise error.at(table.row(error.row)) if error.row is not None else error from None


def preprocessor(columns: Columns) -> Any:
    """The Keras layer from raw columns to the network's inputs."""
    from kbuilder.layers.category_index import CategoryIndex
    from kbuilder.layers.preprocessor import Preprocessor

    blanks = columns.blanks()
    for column, layer in columns.layers.items():
        if isinstance(layer, CategoryIndex) and layer.words:  # it looks words up as it is
            blanks.pop(column, None)
    return Preprocessor(columns.layers, columns.keys(), blanks)


def tensors(arrays: Arrays, rows: slice = slice(None)) -> dict[str, Any]:
    """Raw columns as TensorFlow tensors."""
    import tensorflow as tf

    return {
        name: tf.constant(values[rows].tolist(), tf.string)
        if values.dtype == object
        else tf.constant(values[rows])
        for name, values in arrays.items()
    }


Empty = Callable[[str, tuple[int, ...], np.dtype], np.ndarray]
"""Makes the array of an input of the network, without values: of its name, shape and dtype."""


def in_memory(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """`Empty` in memory."""
    return room.for_rows(shape, dtype)


def apply(layer: Any, columns: Columns, table: Table, empty: Empty = in_memory) -> Arrays:
    """Preprocess all rows in batches. Returns an array by the network's inputs.

    Of columns that know their different words, each of these is prepared once.

    Args:
        layer: What `preprocessor` gave.
        columns: Learned features.
        table: The rows.
        empty: Makes the arrays that are filled.

    Raises:
        DataError: as `raw`, naming the row of an image that cannot be decoded, and without rows.
    """
    if not len(table):
        raise DataError(f"{table.origin} has no rows. Expected rows.")
    table = table.only(list(columns.features))
    repeated = repeated_in(table)
    with progress.stage("preparing", len(table), "rows") as stage:
        if repeated:
            prepared = _joined(layer, columns, table, repeated, empty, stage)
        else:
            prepared = _in_batches(
                layer, _raws(columns, table), len(table), empty=empty, advance=stage.advance
            )
    _check_finite(layer, columns, table, prepared)
    return prepared


def _joined(
    layer: Any,
    columns: Columns,
    table: Table,
    repeated: Mapping[str, Repeated],
    empty: Empty,
    stage: progress.Stage,
) -> Arrays:
    """The rows prepared, where some columns repeat their words."""
    of_words = _of_words(layer, columns, table, repeated)
    members: dict[str, list[str]] = {}
    for column, key in layer.keys.items():
        members.setdefault(key, []).append(column)
    spread = {key: Spread(own, of_words, repeated, columns) for key, own in members.items()}
    prepared: Arrays = {}
    for rows, others in _of_others(layer, columns, table, repeated):
        for key, own in spread.items():
            if key not in prepared:
                shape, dtype = own.form(others.get(key))
                prepared[key] = empty(key, (len(table), *shape), dtype)
            own.into(prepared[key][rows], others.get(key), rows)
        stage.advance(rows.stop - rows.start)
    return prepared


def _of_others(
    layer: Any, columns: Columns, table: Table, repeated: Mapping[str, Repeated]
) -> Iterator[tuple[slice, Arrays]]:
    """The columns that do not repeat their words, prepared some rows after the others."""
    features = {c: columns.features[c] for c in layer.keys if c not in repeated}
    if features:
        yield from _batches(layer, _raws(replace(columns, features=features), table), len(table))
        return
    for start in range(0, len(table), CHUNK):
        yield slice(start, min(start + CHUNK, len(table))), {}


def _of_words(
    layer: Any, columns: Columns, table: Table, repeated: Mapping[str, Repeated]
) -> Arrays:
    """What the different words of each column become, in the order in which they first come.

    Columns of few words are prepared at once, as if they had equally many.
    """
    import tensorflow as tf

    from kbuilder.layers.side_by_side import SMALL, width

    words: Arrays = {}
    for column, (rows, _) in repeated.items():
        only = replace(columns, features={column: columns.features[column]})
        words |= raw(only, table.only([column]).take(rows))
    known = {column for column in words if width(columns.layers[column]) is not None}
    few = {c: values for c, values in words.items() if c in known and len(values) <= SMALL}
    try:
        prepared = _together(layer, columns, few)
        for column, values in words.items():
            if column not in few:
                alone = [({column: values}, None)]
                [prepared[column]] = _in_batches(layer, alone, len(values), traced=False).values()
    except tf.errors.InvalidArgumentError:
        _in_batches(layer, _raws(columns, table), len(table))  # names the row
        raise
    return prepared


def _together(layer: Any, columns: Columns, words: Arrays) -> Arrays:
    """What the words of several columns become, whose widths are known."""
    if not words:
        return {}
    most = max(map(len, words.values()))
    alike = {column: np.resize(own, most) for column, own in words.items()}  # repeats them
    found = _in_batches(layer, [(alike, None)], most, traced=False)
    prepared: Arrays = {}
    ends: Counter[str] = Counter()
    for column, key in layer.keys.items():
        if column in words:
            start = ends[key]
            ends[key] += columns.width(column)
            prepared[column] = found[key][: len(words[column]), start : ends[key]]
    return prepared


def _raws(columns: Columns, table: Table) -> Iterator[tuple[Arrays, Table]]:
    """The raw columns of some rows after the others, and these rows: texts are long as objects."""
    for start in range(0, len(table), CHUNK):
        some = table.take(slice(start, start + CHUNK))
        yield raw(columns, some), some
        if start % (8 * CHUNK) == 0:
            room.give_back(OBJECT * start)


def _in_batches(
    layer: Any,
    raws: Iterable[tuple[Arrays, Table | None]],
    count: int,
    *,
    traced: bool = True,
    empty: Empty = in_memory,
    advance: Callable[[int], None] = lambda rows: None,
) -> Arrays:
    """Raw columns prepared, so many rows at a time.

    Args:
        layer: The layer of these columns, and of others.
        raws: Raw columns of some rows after the others, and these rows, for messages; None: they
            are no rows of one table.
        count: How many rows there are in all.
        traced: Whether a function of the layer is traced, which pays for many values.
        empty: Makes the arrays that are filled.
        advance: Called with how many more are prepared.
    """
    prepared: Arrays = {}
    for rows, found in _batches(layer, raws, count, traced):
        for key, values in found.items():
            if key not in prepared:
                prepared[key] = empty(key, (count, *values.shape[1:]), values.dtype)
            prepared[key][rows] = values
        advance(rows.stop - rows.start)
    return prepared


def _batches(
    layer: Any, raws: Iterable[tuple[Arrays, Table | None]], count: int, traced: bool = True
) -> Iterator[tuple[slice, Arrays]]:
    """The same batch by batch, each with the rows that it has; the arguments are those above."""
    import tensorflow as tf

    done = 0
    for arrays, table in raws:
        plain = all(values.ndim == 1 and values.dtype != object for values in arrays.values())
        size = BATCH * 16 if plain else BATCH
        compiled = traced and not (plain and count <= FEW * size)
        rows = len(next(iter(arrays.values())))
        for start in range(0, rows, size):
            batch = tensors(arrays, slice(start, start + size))
            try:
                found = layer.compiled(batch) if compiled else layer(batch)
            except tf.errors.InvalidArgumentError:
                if table is not None:
                    _blame(layer, arrays, table, start)
                raise
            last = done + min(size, rows - start)
            yield slice(done, last), {key: value.numpy() for key, value in found.items()}
            done = last


def _check_finite(layer: Any, columns: Columns, table: Table, prepared: Arrays) -> None:
    """Check that all prepared numbers are finite: no network is asked to pass on what is not.

    Raises:
        DataError: naming the first rows that are not, and their columns.
    """
    rows = np.flatnonzero(_endless(prepared))
    if not len(rows):
        return
    found, first = [], None
    arrays = raw(columns, table.take(rows[:SHOWN]))
    for place, row in enumerate(rows[:SHOWN]):
        given = tensors(arrays, slice(place, place + 1))
        parts = zip(columns.features, layer.parts, strict=True)
        ours = {column: np.asarray(part(given[column])) for column, part in parts}
        wrong = [column for column, values in ours.items() if _endless({column: values}).any()]
        found.append(f"{table.row(row)} (column {listed(map(repr, wrong))})")
        first = first or wrong[0]
    raise DataError(_not_finite("inputs", len(rows), found), key=("features", first or ""))


def _not_finite(what: str, rows: int, found: Sequence[str]) -> str:
    return (
        f"{what} are not finite once prepared, in {rows:,} row{'s' if rows > 1 else ''}: "
        f"{listed(found)}{' …' if rows > len(found) else ''}. A number of huge size beside others "
        "that are alike does this. Expected finite numbers: fix or remove these rows."
    )


def _endless(arrays: Arrays) -> np.ndarray:
    """Which rows hold a number that is not finite. (rows,)"""
    floats = [values for values in arrays.values() if values.dtype.kind == "f"]
    rows = len(next(iter(arrays.values())))
    found = np.zeros(rows, bool)
    for values in floats:
        for start in range(0, rows, BATCH):  # so many rows stay in the processor's cache
            some = slice(start, start + BATCH)
            finite = np.isfinite(values[some])
            if not finite.all():
                found[some] |= ~finite.reshape(len(finite), -1).all(axis=1)
    return found


def _blame(layer: Any, arrays: Arrays, table: Table, start: int) -> None:
    """Name the row of a batch that cannot be preprocessed."""
    import tensorflow as tf

    for row in range(start, min(start + BATCH, len(table))):
        try:
            layer.compiled(tensors(arrays, slice(row, row + 1)))
        except tf.errors.InvalidArgumentError as error:
            raise DataError(
                f"{table.row(row)} cannot be preprocessed: {engine.reason_of(error)}. Fix or "
                "remove it.",
                key=("data",),
            ) from None
