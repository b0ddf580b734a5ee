"""Cells become values: alike from a file and from a frame, whatever wrote them.

Blanks at both ends go. Words such as NA mean missing. A column is of numbers if each of its words
reads as one; whole numbers stay whole, whatever their size. Truth values become True and False.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard
from uuid import UUID

from kbuilder import progress
from kbuilder.late import np
from kbuilder.tables.amounts import written_plainly
from kbuilder.tables.dictionary import codes_of, counted, ranks
from kbuilder.tables.spelled_numbers import in_ascii, numbers_of, plain
from kbuilder.tables.table import Table
from kbuilder.tables.values import TRUTH, exact, is_number, missing

if TYPE_CHECKING:
    import pandas as pd

MISSING = (
    "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL",
    "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
"""Words that mean missing, as pandas has them; so does an empty cell."""
TRUE, FALSE = TRUTH[:3], TRUTH[3:]
Words = Mapping[str, Collection[str]]
"""Columns that stay words even if all are numbers, and those of their words that are values
whatever else says that they mean missing."""


@dataclass(frozen=True)
class Cells:
    """How the cells of a table are read.

    Args:
        missing: Words that mean missing.
        words: Columns that stay words.
        decimal: What stands before decimals; None: ".".
        thousands: What groups digits; None: nothing. With one of both, signs of currencies, %
            and brackets around negative numbers are taken off.
    """

    missing: Collection[str] = MISSING
    words: Words = field(default_factory=dict)
    decimal: str | None = None
    thousands: str | None = None

    @classmethod
    def of(
        cls,
        missing: Collection[str] | None,
        words: Words | None,
        decimal: str | None = None,
        thousands: str | None = None,
    ) -> Cells:
        """How they are read with what a recipe leaves open."""
        known = MISSING if missing is None else missing
        return cls(known, words or {}, decimal, thousands)

    def table(self, frame: pd.DataFrame, origin: str, labels: Sequence[str | int] = ()) -> Table:
        """The table of a frame, whose columns have names that all differ."""
        from kbuilder.tables import scratch  # which needs NumPy

        read = {}
        with progress.stage(f"converting {origin}", len(frame.columns), "columns") as stage:
            for name, cells in frame.items():
                column = self._column(str(name), cells)
                read[str(name)] = column._replace(values=scratch.laid(column.values))
                stage.advance()
        taken = {name: column.taken for name, column in read.items() if column.taken}
        return Table({name: column.values for name, column in read.items()}, origin, labels, taken)

    def words_in_parts(
        self, name: str, parts: Iterable[pd.Series], rows: int
    ) -> tuple[np.ndarray, Mapping[str, int]] | None:
        """A column of words, read part by part, as it would be read whole.

        Args:
            name: The column.
            parts: Its cells.
            rows: How many there are in all.

        Returns:
            The column, and which words of it count as missing, how often; None: it may be other
            than words, or has to be read whole, of which no part has been kept.
        """
        from kbuilder.tables.merging import merged  # which needs NumPy

        taken: Counter[str] = Counter()
        kept = replace(self, words={**self.words, name: self.words.get(name, ())})
        parts = iter(parts)
        first = next(parts)
        if name not in self.words:
            alone = self._column(name, first).values
            if codes_of(alone) is None or all(word in TRUTH for word in counted(alone)):
                return None

        def read(cells: pd.Series) -> np.ndarray:
            column = kept._column(name, cells)
            taken.update(column.taken)
            return column.values

        values = merged(map(read, chain([first], parts)), rows)
        return None if values is None else (values, dict(taken.most_common()))

    @cached_property
    def _marks(self) -> list[float]:
        """Numbers that mean missing."""
        return [
            float(word) for word in self.missing if is_number(word) and float(word) == float(word)
        ]

    def _column(self, name: str, cells: pd.Series) -> _Read:
        import pandas as pd

        kinds, dtype = pd.api.types, cells.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            if _holds_words(cells.cat.categories.dtype):
                return self._words(name, cells)
            cells, dtype = cells.astype(object), np.dtype(object)
        if _holds_words(dtype):
            return self._words(name, cells)
        if kinds.is_bool_dtype(dtype):
            return _Read(_truth(cells))
        if kinds.is_integer_dtype(dtype):
            return _Read(self._marked(_whole(cells)))
        if kinds.is_float_dtype(dtype):
            return _Read(self._marked(cells.to_numpy(dtype=np.float64, na_value=np.nan)))
        if kinds.is_timedelta64_dtype(dtype):  # of seconds
            return _Read(cells.dt.total_seconds().to_numpy(dtype=np.float64))
        if kinds.is_datetime64_any_dtype(dtype):
            return self._words(name, cells.astype("str").where(cells.notna(), None))
        return self._objects(name, cells)

    def _marked(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers, of which some mean missing."""
        gone = np.isin(numbers, self._marks) if self._marks else np.zeros(0, dtype=bool)
        if not gone.any():
            return numbers
        gone |= missing(numbers)
        return spread(exact(numbers[~gone]), gone)

    def _objects(self, name: str, cells: pd.Series) -> _Read:
        """A column of any objects, by their types."""
        import pandas as pd

        values = np.empty(len(cells), dtype=object)
        for row, value in enumerate(cells.tolist()):
            gone = pd.api.types.is_scalar(value) and pd.isna(value)
            values[row] = None if gone else _named(value)
        found = {type(value) for value in values} - {type(None)}
        if bytes in found and found <= {bytes, str}:
            words = [value.decode() if _are_words(value) else value for value in values]
            if not any(isinstance(word, bytes) for word in words):
                return self._words(name, pd.Series(words, dtype="str"))
        if found and all(issubclass(one, timedelta) for one in found):
            return self._column(name, pd.Series(values, dtype="timedelta64[ns]"))
        nested = {list, tuple, set, frozenset, dict, np.ndarray, bytes}
        flags, numeric = (bool, np.bool_), (int, float, np.integer, np.floating, Decimal)
        stamps = (date, datetime, time, np.datetime64, pd.Period, pd.Interval)
        scalars = (str, *flags, *numeric, *stamps, UUID)
        if found & nested or not all(issubclass(one, scalars) for one in found):
            return _Read(_stacked(values))
        if found and all(issubclass(one, flags) for one in found):
            return _Read(_truth(pd.Series(values, dtype="boolean")))
        if found and all(issubclass(one, numeric) and one not in flags for one in found):
            if all(issubclass(one, int | np.integer) for one in found):
                return _Read(self._marked(_whole(pd.Series(values, dtype=object))))
            if found == {Decimal} and all(map(_is_whole, values)):
                return _Read(self._marked(_whole(pd.Series(values, dtype=object))))
            numbers = [np.nan if value is None else float(value) for value in values]
            return _Read(self._marked(np.array(numbers, dtype=np.float64)))
        if found and all(issubclass(one, datetime) for one in found) and _are_days(values):
            values[:] = [None if value is None else value.date() for value in values]
        words = [None if value is None else str(value) for value in values]
        return self._words(name, pd.Series(words, dtype="str"))

    def _words(self, name: str, cells: pd.Series) -> _Read:
        """Words, stripped; numbers and truth values, where all of them are.

        Where the column knows its different words, each of them is looked at once.
        """
        import pandas as pd

        from kbuilder.tables.dictionary_array import DictionaryArray

        quick = self._plain(name, cells)
        if quick is not None:
            return _Read(quick)
        places = np.arange(len(cells))  # of each row in `cells`
        differ = isinstance(cells.dtype, pd.CategoricalDtype)
        if differ:
            come, places = ranks(cells.cat.codes.to_numpy())
            cells = pd.Series(cells.cat.categories, dtype="str").reindex(come)  # None for -1
        kept = set(self.words.get(name, ()))
        stripped = cells.str.strip()
        differ = differ and stripped.equals(cells)
        cells = stripped
        marked = cells.isin([word for word in self.missing if word not in kept])
        gone = (cells.isna() | (cells == "") | marked).to_numpy(dtype=bool)
        rows = np.bincount(places, minlength=len(cells))
        taken = _most_first(cells[marked], rows[marked.to_numpy(dtype=bool)])
        there = cells[~gone]
        if name not in self.words:
            ascii_ = written_plainly(in_ascii(there), self.decimal, self.thousands)
            numbers = None if ascii_ is None else numbers_of(ascii_)
            if numbers is not None:
                of_words = np.zeros(len(cells), dtype=numbers.dtype)
                of_words[~gone] = numbers
                absent = gone[places]
                return _Read(self._marked(spread(of_words[places[~absent]], absent)), taken)
            if there.isin(TRUTH).all():
                there = pd.Series(np.where(there.isin(TRUE), TRUE[0], FALSE[0]), dtype=object)
                differ = False
        codes = np.full(len(cells), -1, dtype=np.int32)
        codes[~gone], different = _different(there, differ)
        return _Read(DictionaryArray.of(codes[places], different), taken)

    def _plain(self, name: str, cells: pd.Series) -> np.ndarray | None:
        """The numbers of a column whose words are plain ones, all there; None: look at the words.

        Of a thousand columns it saves most of the time.
        """
        loose = self.decimal is not None or self.thousands is not None
        if name in self.words or loose or self._marks or not _holds_words(cells.dtype):
            return None
        return plain(cells) if len(cells) else None


def _different(words: pd.Series, differ: bool) -> tuple[np.ndarray, Any]:
    """The place of each word among the different ones, in the order in which they first come.

    Args:
        words: The words.
        differ: Whether it is known that all do.

    Returns:
        (rows,); and the different words as objects, or as Arrow's where they may be many.
    """
    import pandas as pd
    import pyarrow as pa

    from kbuilder.tables.dictionary_array import MANY

    if len(words) <= MANY:
        return pd.factorize(words.to_numpy(dtype=object))
    array = pa.array(words, pa.large_string())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if differ:
        return np.arange(len(array)), array
    encoded = array.dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary


class _Read(NamedTuple):
    """A column that was read, and which words of it count as missing, how often."""

    values: np.ndarray
    taken: Mapping[str, int] = {}


def _most_first(words: Iterable[str], counts: Iterable[int]) -> dict[str, int]:
    """How often each word comes, the most frequent first."""
    found: Counter[str] = Counter()
    for word, count in zip(words, counts, strict=True):
        found[str(word)] += int(count)
    return dict(found.most_common())


def _holds_words(dtype: Any) -> bool:
    """Whether a column of pandas is of words, by its type."""
    import pandas as pd

    return isinstance(dtype, pd.StringDtype) or str(dtype) in ARROW_WORDS


ARROW_WORDS = ("string[pyarrow]", "large_string[pyarrow]")


def missing_but(words: Collection[str]) -> list[str]:
    """What `data.missing` may be, so that these words are values: a few of the others."""
    return [word for word in MISSING if word not in words][:4]


LONGEST = 255
"""Bytes of a word, at most."""


def _are_words(value: object) -> TypeGuard[bytes]:
    """Whether bytes are a short text, as ARFF files and HDF5 have words; no file is one."""
    if not isinstance(value, bytes) or len(value) > LONGEST or value.startswith(b"<"):
        return False
    try:
        return value.decode().strip().isprintable()
    except UnicodeDecodeError:
        return False


def _is_whole(value: Decimal | None) -> bool:
    """Whether a number is written without decimals."""
    return value is None or value.as_tuple().exponent == 0


def _are_days(stamps: np.ndarray) -> bool:
    """Whether all stamps are the beginning of a day, as a column of pandas is then written."""
    there = [stamp for stamp in stamps if stamp is not None]
    return all(stamp.tzinfo is None and stamp.time() == time() for stamp in there)


def _truth(cells: pd.Series) -> np.ndarray:
    """Truth values as words, None where they are missing."""
    gone = cells.isna().to_numpy(dtype=bool)
    words = np.full(len(cells), None, dtype=object)
    words[~gone] = np.where(cells[~gone].to_numpy(dtype=bool), TRUE[0], FALSE[0])
    return words


def _named(value: object) -> object:
    """A cell; an array of names as the list that it is in files, a path as text.

    Hugging Face's data sets have a picture as {"bytes": …, "path": …}, of which one may be None.
    """
    if isinstance(value, dict) and value.keys() == {"bytes", "path"}:
        value = value["path"] if value["bytes"] is None else value["bytes"]
    if isinstance(value, PurePath):
        return str(value)
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind not in "OUT":
        return value
    names = value.tolist()
    return names if all(name is None or isinstance(name, str) for name in names) else value


def _stacked(values: np.ndarray) -> np.ndarray:
    """Objects as they are; arrays of one shape as one array, of whole numbers else as lists.

    Where a vector of decimals is missing, its numbers are NaN.
    """
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if len(arrays) == len(values) > 0 and len({value.shape for value in arrays}) == 1:
        return np.stack(arrays)
    shapes = {value.shape for value in arrays}
    vectors = all(value.ndim == 1 and value.dtype.kind == "f" for value in arrays)
    if vectors and len(shapes) == 1:
        there = np.array([isinstance(value, np.ndarray) for value in values])
        if all(value is None or value != value for value in values[~there]):
            found = np.full((len(values), *shapes.pop()), np.nan)
            found[there] = np.stack(arrays)
            return found
    if arrays and all(value.ndim == 1 and value.dtype.kind in "iu" for value in arrays):
        for row, value in enumerate(values):
            values[row] = value.tolist() if isinstance(value, np.ndarray) else value
    return values


def _whole(cells: pd.Series) -> np.ndarray:
    """Whole numbers, some of which may be missing."""
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iu":
        return exact(cells.to_numpy())
    gone = cells.isna().to_numpy(dtype=bool)
    return spread(exact([int(value) for value in cells[~gone]]), gone)


def spread(numbers: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Numbers among rows that have none. Whole ones become floats, if those hold them exactly."""
    if not gone.any():
        return exact(numbers)
    floats = numbers.dtype.kind == "f" or gone.all()
    small = floats or -(2**53) <= numbers.min() <= numbers.max() <= 2**53
    values = np.full(len(gone), np.nan) if small else np.full(len(gone), None, dtype=object)
    values[~gone] = numbers if small else numbers.tolist()
    return values
