"""Explanations of rows by column, word, step and pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder import files
from kbuilder.columns import PACKED, Arrays, Columns
from kbuilder.contracts import RANKS, Feature, Spelling
from kbuilder.evaluation.attributions import CANCELLING, MOST_STEPS, Attributions, attributions
from kbuilder.evaluation.explained import Explained, choose, unit_names
from kbuilder.evaluation.heat_maps import heat_map, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanations", "choose", "explain", "remarks"]

WORDS = 5
"""Words of a column that stand in one cell, at most."""
ABSENT = "(absent)"
OF_FRAMES = RANKS["video"]


@dataclass(frozen=True)
class Explanations:
    """What pushes the answers for some rows, by integrated gradients.

    What is explained of a row, less the same of the average training row, is the sum of the
    contributions of its columns. It is the log-odds of a class, log(p / (1 - p)) of its
    probability, or a number that is answered, in its own units.

    Source: Sundararajan et al. 2017, arXiv:1703.01365.

    Args:
        columns: The learned features and targets.
        explained: What is explained.
        attributions: The contributions to it.
        arrays: The prepared rows.
    """

    columns: Columns
    explained: Explained
    attributions: Attributions
    arrays: Arrays

    def __len__(self) -> int:
        return len(self.attributions.values)

    @property
    def incomplete(self) -> np.ndarray:
        """Rows whose contributions do not add up to 1 %. (rows,) bool"""
        return self.attributions.incomplete

    @property
    def cancelling(self) -> np.ndarray:
        """Rows whose contributions cancel each other, so that their sum says little. (rows,)"""
        return self.attributions.cancelling

    @cached_property
    def by_column(self) -> dict[str, np.ndarray]:
        """The contribution of each column. Each (rows,) float64"""
        return {name: own.reshape(len(self), -1).sum(axis=1) for name, own in self._own.items()}

    @cached_property
    def _own(self) -> dict[str, np.ndarray]:
        """The contributions of the prepared numbers of each column. Each (rows, …)"""
        return of_columns(self.columns, self.attributions.by)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each row.

        `explained`, the class or target; `explained value`, its log-odds or number; `average
        value`, the same of the average training row; `contribution of <column>`, of each column;
        `left over`, what these do not add up to; of columns of words `words of <column>`, those
        that push most, each with its contribution.
        """
        import pandas as pd

        given = self.attributions
        names, task = self.columns.outputs()[self.explained.output]
        units = np.array(unit_names(task, names), dtype=object)
        words = {f"words of {name}": own for name, own in self.words.items()}
        return pd.DataFrame({
            "explained": units[given.units],
            "explained value": given.values,
            "average value": given.average,
            **{f"contribution of {name}": own for name, own in self.by_column.items()},
            "left over": given.left_over,
            **words,
        })  # fmt: skip

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """The words of each row that push most, each with its contribution, by column."""
        found: dict[str, list[str]] = {}
        for name, rows in self._spelled():
            found[name] = []
            for pairs in rows:
                sums: dict[str, float] = {}
                for word, push in pairs:
                    sums[word] = sums.get(word, 0.0) + push
                most = sorted(sums.items(), key=lambda pair: -abs(pair[1]))[:WORDS]
                found[name].append("|".join(f"{word} {push:+.3g}" for word, push in most))
        return found

    def _spelled(self) -> Iterator[tuple[str, list[list[tuple[str, float]]]]]:
        """By column of words, of each row its words with their contributions."""
        prepared = of_columns(self.columns, self.arrays)
        for name, own in self._own.items():
            feature = self.columns.features[name]
            if isinstance(feature, Spelling):
                pairs = zip(prepared[name], own, strict=True)
                yield name, [list(_spelled(feature.spell(row), pushes)) for row, pushes in pairs]

    @property
    def details(self) -> pd.DataFrame:
        """The contributions within columns: `row`, from 0, `column`, `of`, `contribution`.

        `of` is a word of a text, a label of a set, `(absent)` for those that it does not have, or
        the number of a step of a sequence or a video, from 1, with that of its channel where there
        are several.
        """
        import pandas as pd

        found: list[tuple[int, str, str, float]] = []
        for name, rows in self._spelled():
            for row, pairs in enumerate(rows):
                found += [(row, name, word, push) for word, push in pairs]
        for name, own in self._own.items():
            rank = RANKS[self.columns.features[name].form]
            if rank not in (RANKS["sequence"], OF_FRAMES):
                continue
            by = own.sum(axis=(2, 3, 4))[..., None] if rank == OF_FRAMES else self._steps(name, own)
            several = by.shape[2] > 1
            for row, step, channel in np.ndindex(by.shape):
                of = f"step {step + 1}, channel {channel + 1}" if several else f"step {step + 1}"
                found.append((row, name, of, float(by[row, step, channel])))
        return pd.DataFrame(found, columns=["row", "column", "of", "contribution"])

    def _steps(self, name: str, own: np.ndarray) -> np.ndarray:
        """By step and channel of a sequence, with what says that a number is missing."""
        feature: Any = self.columns.features[name]
        if getattr(feature, "masked", False):
            own = own[..., :-1]  # which steps are real, which is as in the row
        if not getattr(feature, "indicator", False):
            return own
        numbers, missing = np.split(own, 2, axis=2)
        together: np.ndarray = numbers + missing
        return together

    @property
    def pictures(self) -> Mapping[str, np.ndarray]:
        """The contribution of each pixel, its channels together, by column of pictures.

        Each (rows, height, width), as the network sees them.
        """
        return {
            name: own.sum(axis=-1)
            for name, own in self._own.items()
            if self.columns.features[name].form == "image"
        }

    def pixels(self, column: str) -> np.ndarray:
        """The pixels of a column of pictures, 0 to 1. (rows, height, width, channels)"""
        own: np.ndarray = self.arrays[self.columns.keys()[column]]
        return own / brightest(self.columns.features[column])


def brightest(feature: Feature) -> np.ndarray:
    """What a white pixel is in a column of pictures, or each number of an array is divided by."""
    return np.asarray(getattr(feature, "scale", None) or 255.0, np.float32)


def of_columns(columns: Columns, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What there is of each column among the inputs of the network. Each (rows, …)

    Args:
        columns: The learned features.
        inputs: Arrays or tensors by input.
    """
    found, first = {}, 0
    for name, key in columns.keys().items():
        own = inputs[key]
        if key == PACKED:
            last = first + columns.width(name)
            own, first = own[:, first:last], last
        found[name] = own
    return found


def _spelled(words: Sequence[str], pushes: np.ndarray) -> Iterator[tuple[str, float]]:
    """Words with their contributions; at the end that of all that are not there, if it has one."""
    absent = 0.0
    for word, push in zip(words, pushes.tolist(), strict=True):
        if word:
            yield word, push
        else:
            absent += push
    if absent:
        yield ABSENT, absent


def save_pictures(found: Explanations, folder: Path, labels: Sequence[int | str]) -> None:
    """Write the pictures of rows, with what pushes the answer red and what pushes against it blue.

    Args:
        found: The explanations.
        folder: Of the files, which is made if it is not there.
        labels: The number of each row, or its file, by which its picture is called; of several
            columns of pictures the column is added.
    """
    names = [named(label) for label in labels]
    folder.mkdir(parents=True, exist_ok=True)
    for column, pushes in found.pictures.items():
        for name, picture, push in zip(names, found.pixels(column), pushes, strict=True):
            own = f"{name}-{named(column)}" if len(found.pictures) > 1 else name
            with files.new_file(folder / f"{own}.png") as file:
                heat_map(picture, push).save(file, "PNG")


def remarks(incomplete: int, cancelling: int, rows: int) -> Iterator[str]:
    """What is said of rows whose contributions do not add up, or cancel each other."""
    if incomplete:
        yield (
            f"Warning: of {incomplete:,} of {rows:,} rows the contributions do not add up to 1 %: "
            f"the network is too uneven for {MOST_STEPS:,} steps. `left over` says how much is "
            "lacking."
        )
    if cancelling:
        yield (
            f"Of {cancelling:,} of {rows:,} rows the contributions cancel each other: their sum is "
            f"less than {CANCELLING:.0%} of what pushes in all. They are answered nearly like the "
            "average row, and that the sum is right says little of each contribution."
        )


def explain(
    model: Any, columns: Columns, average: Arrays, arrays: Arrays, of: Explained
) -> Explanations:
    """Explain prepared rows.

    Args:
        model: The fitted network.
        columns: The learned features and targets.
        average: The average training row, as `average_row` gives it.
        arrays: Prepared rows by input of the network.
        of: What is explained, as `choose` gives it.

    Raises:
        CallError: as `attributions`.
    """
    return Explanations(columns, of, attributions(model, columns, average, arrays, of), arrays)
