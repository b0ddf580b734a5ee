"""Outputs as names: for a data frame, and for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Following, Task
from kbuilder.tables.keeping import FILE, ROW
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


BLOCK = 2**18
"""Rows whose words are bytes at a time, which take much more room than names that come again."""


def decode(task: Task, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """The task's decoded outputs as arrays; strings as objects."""
    starts = range(0, max(len(outputs), 1), BLOCK)
    blocks = [_decoded(task, outputs[start : start + BLOCK]) for start in starts]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _decoded(task: Task, outputs: np.ndarray) -> dict[str, np.ndarray]:
    import tensorflow as tf

    arrays = {name: one.numpy() for name, one in task.decode(tf.constant(outputs)).items()}
    return {n: _words(own) if own.dtype == object else own for n, own in arrays.items()}


def _words(values: np.ndarray) -> np.ndarray:
    """Bytes as text, the same object for each that is the same."""
    flat = values.ravel().tolist()
    texts = {word: word.decode() for word in set(flat)}
    found = np.empty(len(flat), dtype=object)
    found[:] = [texts[word] for word in flat]
    return found.reshape(values.shape)


def to_frame(columns: Columns, outputs: Arrays) -> pd.DataFrame:
    """A row per prediction; sets of names are joined with "|", a probability has its class."""
    import pandas as pd

    return pd.DataFrame(
        {
            columns.titled(output, name): values
            for output, (_, task) in columns.outputs().items()
            for name, values in _cells(task, outputs[output]).items()
        }
    )


def _cells(task: Task, outputs: np.ndarray) -> dict[str, Any]:
    """One value a row by name."""
    classes = list(getattr(task, "classes", None) or ())
    cells: dict[str, Any] = {}
    for name, values in decode(task, outputs).items():
        if name == "labels":
            cells[name] = ["|".join(word for word in row if word) for row in values]
        elif name == "probabilities":
            for place, label in enumerate(classes):
                cells[f"probability of {label}"] = values[:, place]
        else:
            cells.update(_spread(name, values))
    return cells


def judged(
    columns: Columns,
    tables: Mapping[str, Table],
    encoded: Mapping[str, Arrays],
    outputs: Mapping[str, Arrays],
    folds: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """What was true and what was answered in each row that was held back, in the rows' order.

    Args:
        columns: Of the fit.
        tables: The rows, by split.
        encoded: Their encoded targets.
        outputs: What the network gave.
        folds: The number of the fold of each row, (rows,), of those splits that have some.

    Returns:
        `split`, the number of the row or its file, its `fold` if some have one, its `weight` where
        rows have one, the truth, and the answers as `to_frame` has them; with several targets each
        truth has its target in front. The names of splits and classes are categoricals.
    """
    import pandas as pd

    frames = []
    for split, found in outputs.items():
        table = tables[split]
        frame = numbered(split, table, list(outputs))
        if folds:
            known = folds.get(split)
            frame["fold"] = pd.array([pd.NA] * len(frame) if known is None else known, "Int64")
        if columns.weight is not None:
            frame["weight"] = table[columns.weight].astype(np.float64)
        for output, (names, task) in columns.outputs().items():
            true = _truth(task, table.target(names), encoded[split][output])
            cells = _spread(columns.titled(output, "truth"), true)
            frame = frame.assign(**cells)
        frame = pd.concat([frame, _coded(columns, to_frame(columns, found))], axis=1)
        frames.append(in_order(frame))
    if not frames:
        return numbered("", next(iter(tables.values())), [""]).head(0)
    return pd.concat(frames, ignore_index=True)


def _coded(columns: Columns, frame: pd.DataFrame) -> pd.DataFrame:
    """Answers with the names of classes as categoricals."""
    import pandas as pd

    for output, (_, task) in columns.outputs().items():
        name = columns.titled(output, "label")
        classes = list(getattr(task, "classes", None) or ())
        if name in frame and frame[name].dtype.kind not in "iufb":
            words = np.array([str(label) for label in classes], dtype=object)
            frame[name] = pd.Categorical(frame[name], categories=words)
    return frame


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbered rows in the order of their numbers, or of their files."""
    by = frame.columns[1]
    return frame if frame[by].is_monotonic_increasing else frame.sort_values(by, ignore_index=True)


def numbered(split: str, table: Table, splits: Sequence[str]) -> pd.DataFrame:
    """The rows of a split, each with its number from 1, or its file.

    Args:
        split: Its name, one of `splits`.
        table: The rows, which may be many.
        splits: The names of all.
    """
    import pandas as pd

    labels = table.labels
    codes = np.full(len(labels), splits.index(split), np.int8)
    named = categorical(codes, splits)
    if len(labels) and isinstance(labels[0], str):
        return pd.DataFrame({"split": named, FILE: list(labels)})
    return pd.DataFrame({"split": named, ROW: np.asarray(labels, dtype=np.int64)})


def categorical(codes: np.ndarray, names: Sequence[object]) -> Any:
    """Names by their places, each kept once. (rows,)"""
    import pandas as pd

    known: Any = np.array(names, dtype=object)
    return pd.Categorical.from_codes(codes, known)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as its file is read: what is categorical in it as what it stands for."""
    import pandas as pd

    coded = [n for n, kind in frame.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return frame.assign(**{str(n): pd.Series(frame[n].to_numpy()) for n in coded})


def _truth(task: Task, values: np.ndarray, encoded: np.ndarray) -> Any:
    """The true values, spelled as the answers are."""
    if isinstance(task, Following):  # what follows is no truth
        return values[:, : task.horizon]
    classes, groups = list(getattr(task, "classes", None) or ()), task.groups(encoded)
    if classes and groups is not None:
        return categorical(groups, classes)
    if classes:
        names = [str(label) for label in classes]
        sets = ["|".join(compress(names, row > 0.5)) for row in encoded]
        return np.array(sets, dtype=object)
    return values if values.dtype != object else values.astype(np.float64)


def _spread(name: str, values: Any) -> dict[str, Any]:
    """A value a row by name."""
    if values.ndim == 1:
        return {name: values}
    return {f"{name} {place + 1}": values[:, place] for place in range(values.shape[1])}


def to_rows(columns: Columns, outputs: Arrays) -> list[dict[str, Any]]:
    """A dictionary of JSON values per prediction."""
    decoded = {
        columns.titled(output, name): values.tolist()
        for output, (_, task) in columns.outputs().items()
        for name, values in decode(task, outputs[output]).items()
    }
    return [dict(zip(decoded, row, strict=True)) for row in zip(*decoded.values(), strict=True)]
