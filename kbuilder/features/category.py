"""Categories: strings or integers that name a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from kbuilder.contracts import Choice, Form, Holds, Match, Numeric, Signal
from kbuilder.errors import DataError, cut
from kbuilder.features._embedding import embedded
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.spec import Count, Spec, Values, learned
from kbuilder.tables.dictionary import counted
from kbuilder.tables.profile import Profile
from kbuilder.tables.values import (
    MISSING_INTEGER,
    kind_of,
    missing,
    odd_one,
    spelled,
    spellings,
    types,
)

MOST_ONE_HOT = 64
LEAST, MOST = -(2**63), 2**63 - 1  # of int64
HASHED = "1 + Fingerprint64 of FarmHash of the text, or of the digits, modulo hash; 0 if missing"


class Category(Spec):
    """A string or an integer that names a kind. Unknown and missing have slots of their own.

    Up to 64 different values become one-hot vectors, more an embedding that is learned. With `hash`
    there is no vocabulary: values of any number share so many slots.
    """

    vocabulary: Values | None = None
    """The known values; left out: those of the training rows, the most frequent first."""
    rare_below: Count = 1
    """Values with fewer training rows than this count as unknown; >= 1."""
    embedding: Annotated[int, Field(ge=0)] | None = None
    """Length of the learned vector of each value, 0 for one-hot; left out: by their number."""

    hash: Count | None = None
    """So many slots that values are hashed to, in place of a vocabulary: no value is unknown, and
    some share a slot; >= 1; left out: there is a vocabulary."""
    whole: bool | None = None
    """With hash, whether values are whole numbers, which an export takes as such; left out: if all
    training values are."""

    @model_validator(mode="after")
    def _hash_or_vocabulary(self) -> Any:
        if self.hash is None and self.whole is not None:
            raise refuse(("whole",), "Expected it with hash alone", self.whole)
        if self.hash is not None and self.vocabulary is not None:
            expected = "what is hashed has no vocabulary. Expected hash or vocabulary, not both"
            raise refuse(("vocabulary",), expected, list(self.vocabulary))
        if self.hash is not None and self.rare_below > 1:
            expected = "what is hashed is not counted. Expected no rare_below with hash"
            raise refuse(("rare_below",), expected, self.rare_below)
        return self

    @model_validator(mode="after")
    def _values_differ(self) -> Any:
        known = self.vocabulary or ()
        kinds = {type(value) for value in known}
        if len(set(known)) < len(known) or len(kinds) > 1 or "" in known:
            raise refuse(
                ("vocabulary",), "Expected values that all differ, either all words, none of them "
                "empty, or all whole numbers", list(known),
            )  # fmt: skip
        return self

    holds: ClassVar[Holds] = "words"

    @property
    def form(self) -> Form:
        return "vector"

    @property
    def packed(self) -> bool:
        return not self.embedding

    @classmethod
    def recognise(cls, profile: Profile) -> Match | None:
        """Short strings that repeat."""
        if profile.kind != "string" or not profile.present:
            return None
        if profile.reads_as_text or profile.names_rows:
            return None
        return Match(0.8, f"{profile.distinct:,} different strings in {profile.present:,} values")

    def learn(self, column: str, values: np.ndarray) -> dict[str, Choice]:
        """The vocabulary, and whether it is small enough for one-hot vectors."""
        kind = kind_of(values)
        there = values[~missing(values)]
        if not len(there):
            raise DataError(
                f"column {column!r} has no value at all in the training rows. "
                f"Leave it out with `{to_line(('data', 'ignore'), [column])}`.",
                key=("features", column),
            )
        if kind not in ("string", "number"):
            odd = odd_one(values, (str, int, float, np.number))
            where = "" if odd is None else f", such as {cut(str(values[odd]))!r} here"
            raise DataError(
                f"column {column!r} mixes kinds of values, or holds none that can name a kind"
                f"{where}. Expected all strings or all whole numbers.",
                key=("features", column), row=odd,
            )  # fmt: skip
        broken = [v for v in there.tolist() if v % 1] if kind == "number" else []
        if broken:
            raise DataError(
                f"column {column!r} holds broken numbers such as {broken[0]}. "
                "Expected strings or whole numbers for a category; read it as a number.",
                key=("features", column),
            )
        counts: Mapping[Any, int] = (
            counted(there) if kind == "string" else Counter(map(int, there.tolist()))
        )
        beyond = any(isinstance(value, int) and not LEAST < value <= MOST for value in counts)
        if self.hash:
            return self._learn_hash(len(counts), kind == "number" and not beyond)
        if beyond:
            counts = Counter({str(value): count for value, count in counts.items()})
        pairs = [(-count, value) for value, count in counts.items() if count >= self.rare_below]
        known = [value for _, value in sorted(pairs)]  # all words, or all numbers
        if not known:
            raise DataError(
                f"column {column!r} has no value with {self.rare_below} training rows or more. "
                "Lower `rare_below`.",
                key=("features", column, "rare_below"),
            )
        rare = f", {len(counts) - len(known):,} rarer ones count as unknown"
        reason = (
            f"the values of {len(there):,} training rows{rare if len(counts) > len(known) else ''}"
        )
        size = len(self.vocabulary or known)
        length, wide = _length(size)
        why = f"{size:,} different values, {wide}"
        return {"vocabulary": Choice(tuple(known), reason), "embedding": Choice(length, why)}

    def _learn_hash(self, distinct: int, whole: bool) -> dict[str, Choice]:
        """Whether values are whole numbers, and whether slots are few enough for one-hot."""
        length, wide = _length(learned(self.hash))
        are = "are" if whole else "are not all"
        return {
            "whole": Choice(whole, f"the training values {are} whole numbers"),
            "embedding": Choice(
                length, f"{self.hash:,} slots for {distinct:,} different values, {wide}"
            ),
        }

    def raw(self, column: str, values: np.ndarray) -> np.ndarray:
        """Strings as objects, "" where missing; integers as int64."""
        absent = missing(values)
        if self._integers:
            numbers = np.full(len(values), MISSING_INTEGER, dtype=np.int64)
            for row in np.flatnonzero(~absent):
                try:
                    numbers[row] = _whole(values[row])
                except (TypeError, ValueError, OverflowError):
                    raise DataError(
                        f"column {column!r} holds whole numbers, but here {str(values[row])!r}. "
                        "Expected a whole number.",
                        key=("features", column),
                        row=int(row),
                    ) from None
            return numbers
        if types(values) <= {str, type(None)}:
            return spelled(np.where(absent, "", values), self.vocabulary)
        words = np.full(len(values), "", dtype=object)
        for row in np.flatnonzero(~absent):
            value = values[row]
            whole = isinstance(value, float | np.floating) and value == np.floor(value)
            words[row] = str(int(value)) if whole else str(value)
        return spelled(words, self.vocabulary)

    @property
    def _integers(self) -> bool:
        if self.hash:
            return learned(self.whole)
        return self.vocabulary is not None and isinstance(self.vocabulary[0], int)

    def layer(self) -> Any:
        """The index in the vocabulary, or of the slot, one-hot if small."""
        if self.hash:
            from kbuilder.layers.category_hash import CategoryHash

            learned(self.whole)
            return CategoryHash(self.hash, not self.embedding)
        from kbuilder.layers.category_index import CategoryIndex

        known = learned(self.vocabulary)
        return CategoryIndex(known, not self.embedding, spellings(known))

    def signature(self) -> tuple[tuple[int | None, ...], str]:
        return (None,), "int64" if self._integers else "string"

    def embed(self, tensor: Any) -> Signal:
        """One-hot as it is; an index through an embedding. (batch, embedding)"""
        if not self.embedding:
            return Signal("vector", tensor)
        size = self.hash + 1 if self.hash else len(self.vocabulary or ()) + 2
        return embedded(tensor, size, self.embedding)

    @property
    def choices(self) -> tuple[str | int, ...] | None:
        return self.vocabulary

    def strange(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are none of the vocabulary; what is hashed is never unknown."""
        there = raw != (MISSING_INTEGER if self._integers else "")
        if self.hash:
            return there, np.zeros_like(there)
        known = set(self.vocabulary or ())
        return there, there & np.array([value not in known for value in raw.tolist()], dtype=bool)

    def describe(self) -> str:
        if self.hash:
            return f"{HASHED}, one-hot where embedding is 0"
        return "the index in [missing, unknown, *vocabulary], one-hot where embedding is 0"

    def numeric(self, integers: str) -> Numeric | None:
        """Whole numbers, of which the least possible one is a missing value; or the slots."""
        if self.hash:
            return _of_slots(integers)
        if not self._integers:
            return None
        bounds = np.iinfo(integers)
        least, known = int(bounds.min), [int(value) for value in learned(self.vocabulary)]
        beyond = next((value for value in known if not least < value <= bounds.max), None)

        def take(values: np.ndarray, layer: Any) -> np.ndarray:
            # What is beyond the bounds is unknown to the model anyway.
            clipped = np.clip(values, least + 1, bounds.max)
            clipped[values == MISSING_INTEGER] = least
            return clipped.astype(integers)

        def prepare(values: Any, layer: Any) -> Any:
            """What `CategoryIndex` gives, without a table: few runtimes have any."""
            import tensorflow as tf

            same = tf.equal(values[:, None], tf.constant(known, values.dtype)[None])  # (batch, n)
            # A sum, of which one place at most is not 0: OpenVINO has no greatest place, and no
            # "any", for processors before AVX.
            place = tf.reduce_sum(tf.cast(same, tf.int32) * tf.range(2, len(known) + 2), axis=1)
            absent = tf.cast(tf.not_equal(values, least), tf.int32)  # 0 missing, 1 unknown
            index = tf.where(place > 0, place, absent)
            return index[:, None] if self.embedding else tf.one_hot(index, len(known) + 2)

        return Numeric({"dtype": integers}, take, prepare, beyond)

    def script(self, values: str) -> str:
        return f"{'integers' if self._integers else 'words'}({values})"

    def unlearned(self, written: Any) -> None:
        return None


def _whole(value: Any) -> int:
    """A whole number; a text may write it as 3, 3.0 or 3e0, whatever stands beside it.

    Raises:
        ValueError, TypeError, OverflowError: if it is none.
    """
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    number = float(value)
    if number != np.floor(number):
        raise ValueError("broken")
    return int(value)


def _length(size: int) -> tuple[int, str]:
    """The length of the vector of each of so many values, 0 for one-hot, and why."""
    if size <= MOST_ONE_HOT:
        return 0, f"at most {MOST_ONE_HOT}"
    # The rule of thumb of fastai (Howard and Gugger 2020, arXiv:2002.04688).
    return min(50, round(1.6 * size**0.56)), f"more than {MOST_ONE_HOT}"


def _of_slots(integers: str) -> Numeric:
    """What is hashed goes in as its slot: no runtime of numbers hashes words."""

    def take(values: np.ndarray, layer: Any) -> np.ndarray:
        given = values.tolist() if values.dtype == object else values
        slots: np.ndarray = layer.index(given).numpy()
        return slots.astype(integers)

    def prepare(slots: Any, layer: Any) -> Any:
        return layer.of_index(slots)

    return Numeric({"dtype": integers, "prepared": HASHED}, take, prepare)
