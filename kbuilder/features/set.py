"""Sets of labels."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Signal
from kbuilder.errors import DataError
from kbuilder.features._spelling import GONE, UNKNOWN
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Spec, Words, learned
from kbuilder.tables import sets
from kbuilder.tables.profile import Profile, separator_of
from kbuilder.tables.values import kind_of, missing


class Set(Spec):
    """Any number of labels in a cell: `a|b`, `a; b`, a list, or a list as JSON or Python writes it.

    Each known label becomes a 1 where the cell has it, and else a 0. A set without labels (`[]`) is
    a value. An empty cell and null are missing; if any is missing in training, a last column says
    where. Where training rows have only one of both, the other means the same.
    """

    vocabulary: Annotated[Words, Field(min_length=1)] | None = None
    """The known labels; left out: those of the training rows, the most frequent first."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between two labels, or "[]" where each cell is a list; left out: as the training
    rows have it. A cell that is a list is read as one, whatever stands between others."""
    rare_below: Count = 1
    """Labels with fewer training rows than this count as unknown; >= 1."""
    max_labels: Count = 1000
    """So many labels are known, at most; rarer ones count as unknown; >= 1."""
    unknown: bool | None = None
    """Whether a column says that a cell has labels that are unknown; left out: if any training cell
    has one. Without it they are ignored."""
    indicator: bool | None = None
    """Whether a column says what is missing; left out: if any training value is."""
    empty_is_missing: bool | None = None
    """Whether a set without labels, such as `[]`, is missing as an empty cell is; left out: if
    training values are missing, and none is a set without labels."""

    holds: ClassVar[Holds] = "sets"

    @model_validator(mode="after")
    def _labels_differ(self) -> Any:
        known = self.vocabulary or ()
        if len(set(known)) < len(known) or any(not v or v != v.strip() for v in known):
            raise refuse(
                ("vocabulary",), "Expected labels that all differ, none of them empty, without "
                "blanks around them", list(known),
            )  # fmt: skip
        return self

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return True

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Lists of names, and texts of names that repeat, with a separator between them."""
        mark = profile.separator
        numbers = profile.numbered and profile.even and mark == sets.LISTS
        if not mark or numbers or (profile.steps and not profile.measures):
            return None
        if profile.measures:
            return Match(0.88, f"it holds numbers with {mark!r} between them, which may be names")
        if mark == sets.LISTS:
            return Match(1.0 if profile.kind == "list" else 0.95, "it holds lists of names")
        reason = f"it holds names with {mark!r} between them"
        if profile.even and mark == sets.SEPARATORS[-1]:
            return None  # a surname and a name, or a town and its country
        if profile.numbered and mark != sets.SEPARATORS[0]:
            return Match(0.75, f"{reason}, all numbers")
        return Match(0.9 if mark == sets.SEPARATORS[0] else 0.85, reason)

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The separator, the labels, and whether any is rare or missing."""
        _check(column, values)
        lists = kind_of(values) in ("list", "array")
        mark = self.separator or (sets.LISTS if lists else separator_of(values))
        rows = sets.rows_of(values, mark)
        counts = Counter(label for row in rows for label in set(row))
        if not counts:
            raise DataError(
                f"column {column!r} has no label in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        frequent = (label for label, count in counts.items() if count >= self.rare_below)
        known = sorted(frequent, key=lambda label: (-counts[label], label))[: self.max_labels]
        if not known:
            raise DataError(
                f"column {column!r} has no label with {self.rare_below} training rows or more. "
                "Lower `rare_below`.",
                key=("features", column, "rare_below"),
            )
        vocabulary = set(self.vocabulary or known)
        beyond = sum(1 for row in rows if not vocabulary.issuperset(row))
        several = sum(1 for row in rows if len(row) > 1)
        gone = int(missing(values).sum())
        empty = len(rows) - gone - sum(1 for row in rows if row)
        rare = f", {len(counts) - len(known):,} rarer ones are unknown"
        how = "the cells are lists" if mark == sets.LISTS else "it stands between the labels of"
        many = "" if mark == sets.LISTS else f" {several:,} training values"
        return {
            "vocabulary": Choice(
                tuple(known),
                f"the labels of {len(rows) - gone:,} training values"
                f"{rare if len(counts) > len(known) else ''}",
            ),
            "separator": Choice(mark, f"{how}{many}"),
            "unknown": Choice(beyond > 0, f"{beyond:,} training values have an unknown label"),
            "indicator": Choice(gone > 0, f"{gone:,} training values missing"),
            "empty_is_missing": Choice(
                0 == empty < gone, f"{empty:,} training values are sets without labels"
            ),
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Strings as objects, lists as JSON, "" where missing."""
        _check(column, values)
        words = np.full(len(values), "", dtype=object)
        for row in np.flatnonzero(~missing(values)):
            words[row] = sets.as_text(values[row])
        return words

    def layer(self) -> Any:
        """A 0 or 1 for each label. (batch,) string to (batch, d)"""
        from kbuilder.layers.label_flags import LabelFlags

        return LabelFlags(
            learned(self.vocabulary), learned(self.separator), learned(self.unknown),
            learned(self.indicator), bool(self.empty_is_missing),
        )  # fmt: skip

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "string"

    def embed(self, tensor: Any) -> Signal:
        return Signal("vector", tensor)

    def spell(self, prepared: np.ndarray) -> list[str]:
        """The labels that a set has."""
        others = [UNKNOWN] * bool(self.unknown) + [GONE] * bool(self.indicator)
        known = (*learned(self.vocabulary), *others)
        return [label if flag else "" for label, flag in zip(known, prepared, strict=True)]

    @property
    def choices(self) -> None:
        return None

    @property
    def unlike(self) -> str:
        return "a set of which the model knows no label"

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of which no label is known."""
        known = set(self.vocabulary or ())
        rows = sets.rows_of(raw, learned(self.separator))
        there = np.array([bool(row) for row in rows], dtype=bool)
        return there, there & np.array([known.isdisjoint(row) for row in rows], dtype=bool)

    def describe(self) -> str:
        return (
            "split at separator, or a JSON list, blanks around labels taken off; for each of "
            "vocabulary 1 where the cell has it and else 0; with unknown one more, 1 where it has "
            "any other label; with indicator a last one, 1 where the cell is empty, and with "
            "empty_is_missing also where the set is"
        )

    def numeric(self, integers: str) -> None:
        return None

    def script(self, values: str) -> str:
        return f"words({values})"

    def unlearned(self, written: Any) -> None:
        return None


def _check(column: str, values: np.ndarray) -> None:
    """Check that a column may hold sets: texts, lists, or lists of whole numbers, all as long.

    Raises:
        DataError: if it does not.
    """
    sets.expect_labels(column, values, ("features", column))
    kind = kind_of(values)
    numbers = kind == "array" and values.ndim == 2 and values.dtype.kind in "iu"
    if kind not in ("string", "number", "list", "mixed") and not numbers:
        raise DataError(
            f"column {column!r} holds no sets of labels. Expected lists of names, or texts with a "
            "separator between names.",
            key=("features", column),
        )
