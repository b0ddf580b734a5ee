"""Tokens: rows of whole numbers that stand for words."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError, cut
from kbuilder.features._spelling import UNKNOWN
from kbuilder.features._steps import length_of
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Spec, Wholes, learned
from kbuilder.tables import tokens
from kbuilder.tables.profile import Profile
from kbuilder.tables.sequences import RARELY, between, first_steps, outermost
from kbuilder.tables.values import MISSING_INTEGER, kind_of
from kbuilder.tables.whole_rows import whole_numbers, whole_rows

MOST = 20_000
LEAST, MOST = -(2**63), 2**63 - 1  # of int64


class Tokens(Spec):
    """Rows of whole numbers that stand for words, as a tokenizer gives them, in any number each.

    Each becomes its place in a vocabulary: 0 is padding, 1 any unknown number. So it is a text
    whose words are numbers, and an architecture learns a vector for each, as long as its field
    `embedding` says. Rows are arrays (time,), lists, or cells such as `12 7 7 90`.
    """

    masking: int | Literal["missing"] | None = None
    """The number that padding has: at the ends of a row it is no word. missing: no number has this
    meaning, and only what is missing is padding. Left out: 0, unless 0 stands between other numbers
    of the training rows, too."""
    length: Count | None = None
    """Numbers kept of a row, the last ones of a longer one; left out: those of the longest training
    row, or of nearly all, where a few are far longer."""
    max_tokens: Annotated[int, Field(ge=3)] | None = None
    """Most numbers in the vocabulary, padding and the unknown number included; >= 3. Left out:
    20,000."""
    vocabulary: Wholes | None = None
    """The known numbers; left out: the most frequent of the training rows."""

    holds: ClassVar[Holds] = "numbers"

    @model_validator(mode="after")
    def _numbers_differ(self) -> Any:
        known = self.vocabulary or ()
        within = all(LEAST < number <= MOST for number in known)
        if len(set(known)) < len(known) or not within:
            expected = "Expected whole numbers of up to 64 bits that all differ"
            raise refuse(("vocabulary",), expected, list(known))
        if isinstance(self.masking, int) and not LEAST < self.masking <= MOST:
            raise refuse(("masking",), "Expected a whole number of up to 64 bits", self.masking)
        return self

    @property
    def form(self) -> Form:
        return "text"

    @property
    def packed(self) -> bool:
        return False

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Never by itself: rows of many whole numbers with padding may be measured ones as well."""
        if not profile.tokens:
            return None
        reason = f"rows of whole numbers, {profile.tokens:,} different ones, in unlike lengths"
        return Match(0.95, reason)

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """What padding is, the length, and the vocabulary."""
        if kind_of(values) == "number":
            line = to_line(("features", column), "category")
            raise DataError(
                f"column {column!r} has one number a row, and tokens are rows of several. "
                f"Expected arrays, lists or cells of numbers; or `{line}`.",
                key=("features", column),
            )
        numbers = self._rows(column, values)
        found: dict[str, Choice] = {}
        masking = self.masking
        if masking is None:
            found["masking"] = _padding(numbers)
            masking = found["masking"].value
        begin, end = outermost(tokens.there(numbers, None if masking == "missing" else masking))
        found["length"] = length_of(end - begin)
        real = between(begin, end, numbers.shape[1]) & (numbers != MISSING_INTEGER)
        different, counts = np.unique(numbers[real], return_counts=True)
        if not len(different):
            raise DataError(
                f"column {column!r} has no number but padding in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        known = different[np.lexsort((different, -counts))].tolist()
        most = (self.max_tokens or MOST) - 2
        rare = f", {len(known) - most:,} rarer ones are unknown" if len(known) > most else ""
        why = f"the most frequent of {len(numbers):,} training rows{rare}"
        return {**found, "vocabulary": Choice(tuple(known[:most]), why)}

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Whole numbers, padded at the end of shorter rows. (rows, time) int64"""
        return self._rows(column, values)

    @property
    def _padding(self) -> int | None:
        """The number that is padding; None: there is none but what is missing."""
        return self.masking if isinstance(self.masking, int) else None

    def _rows(self, column: str, values: np.ndarray) -> np.ndarray:
        """The rows as one array.

        Raises:
            DataError: naming the first row that holds anything else than whole numbers.
        """
        if values.ndim > 2 and (values.ndim > 3 or values.shape[2] != 1):
            raise DataError(
                f"column {column!r} holds arrays of {values.shape[1:]}. Expected (time,): one "
                "whole number for each word.",
                key=("features", column),
            )
        gone = MISSING_INTEGER if self._padding is None else self._padding
        if values.ndim > 1 and values.dtype.kind in "iu" and np.can_cast(values.dtype, np.int64):
            return values.reshape(len(values), -1).astype(np.int64)
        try:
            rows: np.ndarray = whole_rows(values, gone)
        except (TypeError, ValueError, OverflowError):
            raise self._broken(column, values) from None
        return rows

    def _broken(self, column: str, values: np.ndarray) -> DataError:
        """The error for the first row that holds anything else than whole numbers."""
        row = next(row for row, cell in enumerate(values) if not _is_whole(cell))
        line = to_line(("features", column), "array")
        return DataError(
            f"column {column!r} holds {cut(str(values[row]))!r} here, and tokens are whole numbers "
            f"that stand for words. Expected whole numbers; for measured ones `{line}`.",
            key=("features", column), row=row,
        )  # fmt: skip

    def layer(self) -> Any:
        """The places in the vocabulary. (batch, time) to (batch, length)"""
        from kbuilder.layers.token_index import TokenIndex

        return TokenIndex(learned(self.vocabulary), learned(self.length), self._padding)

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None, None), "int64"

    def embed(self, tensor: Any) -> Signal:
        return Signal("text", tensor, vocabulary_size=len(learned(self.vocabulary)) + 2)

    def spell(self, prepared: np.ndarray) -> list[str]:
        """The numbers of a row, in their order."""
        known = ("", UNKNOWN, *map(str, learned(self.vocabulary)))
        return [known[index] for index in prepared]

    @property
    def choices(self) -> None:
        return None

    def describe(self) -> str:
        of = "what is missing" if self._padding is None else f"{self._padding} or what is missing"
        return (
            f"the indices of the numbers in [padding, unknown, *vocabulary], without {of} at both "
            f"ends, of more than {self.length} the last, padded on the right"
        )

    def numeric(self, integers: str) -> Numeric:
        """As many numbers as are kept, of which the least possible one is padding, too."""
        bounds = np.iinfo(integers)
        least, shape = int(bounds.min), [None, self.length]
        beyond = (one for one in learned(self.vocabulary) if not least < one <= bounds.max)

        def take(values: np.ndarray, layer: Any) -> np.ndarray:
            ends = outermost(tokens.there(values, self._padding))
            taken, real = first_steps(values, *ends, learned(self.length))
            clipped = np.clip(taken, least + 1, bounds.max)  # what is beyond is unknown anyway
            return np.where(real & (taken != MISSING_INTEGER), clipped, least).astype(integers)

        return Numeric({"dtype": integers, "shape": shape}, take, beyond=next(beyond, None))

    @property
    def unlike(self) -> str:
        return f"unknown to the model, or before the last {self.length} that it reads"

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers that are none of the vocabulary, or of which a row has too many."""
        known, length = learned(self.vocabulary), learned(self.length)
        return tokens.strange(raw, np.array(known), length, self._padding)

    def watched(self) -> dict[str, Any]:
        """The vocabulary, and what is read of a row."""
        known = list(learned(self.vocabulary))
        return {"tokens": known, "length": self.length, "padding": self._padding}

    def script(self, values: str) -> str:
        gone = MISSING_INTEGER if self._padding is None else self._padding
        return f"whole_rows({values}, {gone})"

    def unlearned(self, written: Any) -> None:
        return None


def _is_whole(cell: Any) -> bool:
    """Whether a cell holds whole numbers alone, or none."""
    try:
        whole_numbers(cell, 0)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _padding(numbers: np.ndarray) -> Choice:
    """0 is padding, unless it stands between other numbers as a word does."""
    zero = numbers == 0
    begin, end = outermost(tokens.there(numbers, 0))
    within = zero & between(begin, end, numbers.shape[1])
    inside, ends = int(within.sum()), int(zero.sum() - within.sum())
    if inside > RARELY * ends:
        why = f"0 stands between other numbers {inside:,} times, as a word does"
        return Choice("missing", why)
    if not ends:
        return Choice(0, "no training row has 0, which is kept for padding")
    rows = int((zero & ~within).any(axis=1).sum())
    return Choice(0, f"{rows:,} of {len(numbers):,} training rows begin or end with 0")
