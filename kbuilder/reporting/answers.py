"""The answers of a run for the rows of a split, target by target, as its files have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbuilder.columns import Columns
from kbuilder.contracts import Task
from kbuilder.tables.keeping import FILE, ROW

if TYPE_CHECKING:
    import pandas as pd


MOST = 200_000
"""Rows of a split that are looked at, at most."""


@dataclass(frozen=True)
class Answers:
    """The answers of a target for the rows of a split.

    Args:
        title: What the target is called.
        task: Its task.
        rows: The number of each row from 1, or its file. (rows,)
        truth: What is true. (rows,), or (rows, k) of several numbers
        answer: What was answered, alike.
        weights: How much each row counts, (rows,); None: all alike.
        probabilities: Of each class, (rows, classes); None: there are none.
        holds: What rows that may be shown hold, by what they are called in `rows`.
    """

    title: str
    task: Task
    rows: np.ndarray
    truth: np.ndarray
    answer: np.ndarray
    weights: np.ndarray | None
    probabilities: np.ndarray | None
    holds: Mapping[str, str]

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the probabilities."""
        return [str(label) for label in getattr(self.task, "classes", None) or ()]


def looked_at(predictions: pd.DataFrame, split: str) -> tuple[pd.DataFrame, int]:
    """The rows of a split in `predictions.parquet`, or of many some all along; and how many it has.

    Args:
        predictions: Of all splits.
        split: Its name.
    """
    places = np.flatnonzero((predictions["split"] == split).to_numpy())
    count = len(places)
    if count > MOST:
        places = places[np.linspace(0, count - 1, MOST).astype(np.int64)]
    return predictions.iloc[places].reset_index(drop=True), count


def answers_of(
    columns: Columns, frame: pd.DataFrame, holds: Mapping[str, str] | None = None
) -> Iterator[Answers]:
    """The answers of each target.

    Args:
        columns: Of the run.
        frame: The rows of a split in `predictions.parquet`.
        holds: What rows that may be shown hold, by their numbers or files.
    """
    if "weight" in frame:
        frame = frame[frame["weight"] > 0]  # the others count nowhere
    rows = frame[FILE if FILE in frame else ROW].to_numpy()
    weights = frame["weight"].to_numpy(dtype=np.float64) if "weight" in frame else None
    for output, (names, task) in columns.outputs().items():
        classes = getattr(task, "classes", None) or ()
        told = [columns.titled(output, f"probability of {label}") for label in classes]
        likely = frame[told].to_numpy(dtype=np.float64) if classes else None
        kinds = ("label", "labels", "value")
        truth, answer = (
            _column(frame, [columns.titled(output, kind) for kind in wanted])
            for wanted in (("truth",), kinds)
        )
        title = " + ".join(names)
        yield Answers(title, task, rows, truth, answer, weights, likely, holds or {})


def _column(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """The column of one of these names, or all that are numbered after it: (rows, k)."""
    for name in names:
        if name in frame:
            return frame[name].to_numpy()
        several = [f"{name} {place + 1}" for place in range(frame.shape[1])]
        several = [one for one in several if one in frame]
        if several:
            return frame[several].to_numpy(dtype=np.float64)
    raise ValueError(f"there is none of {names}")


def sets_of(values: Iterable[object]) -> list[set[str]]:
    """Names between "|" as sets."""
    return [set(filter(None, str(value).split("|"))) for value in values]
