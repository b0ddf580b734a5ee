"""Tables from CSV files, whole or part by part."""

from __future__ import annotations

import codecs
import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import progress
from kbuilder.errors import DataError, Key, cut, listed
from kbuilder.lines import to_line
from kbuilder.tables import arrow_csv, packing
from kbuilder.tables.arrays import expect_columns, expect_file, expect_unique
from kbuilder.tables.cells import Cells
from kbuilder.tables.dialect import WHITESPACE, Dialect
from kbuilder.tables.keeping import Keep, of_frame, pick
from kbuilder.tables.table import Part, Table
from kbuilder.tables.values import is_number

if TYPE_CHECKING:
    import pandas as pd

SMALL = 2**27
"""Bytes of a file that is read at once, though its rows are wanted part by part."""


def read_csv(
    path: Path, key: Key = (), dialect: Dialect | None = None, *, cells: Cells | None = None
) -> Table:
    """The rows of a CSV file. A line with too few fields has the rest missing.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        dialect: How it is written.
        cells: How its cells are read.

    Raises:
        DataError: if the file is empty, has no rows, or cannot be read.
    """
    [part] = csv_parts(path, key, dialect, cells=cells)
    return part.table


def csv_parts(
    path: Path,
    key: Key = (),
    dialect: Dialect | None = None,
    *,
    cells: Cells | None = None,
    wanted: Sequence[str] | None = None,
    size: int | None = None,
    start: int = 0,
    keep: Keep = (),
) -> Iterator[Part]:
    """The rows of a CSV file part by part; whether a column is of numbers, each part says anew.

    Args:
        path, key, dialect, cells: As `read_csv` takes them.
        wanted: The columns that are needed; None: all.
        size: The rows of a part; None: all are one part.
        start: How many rows are skipped, which costs less than to read them.
        keep: Columns that are carried over beside predictions, each cell as it is written.

    Raises:
        DataError: as `read_csv`, when the reading comes to what is wrong, and if a wanted column
            is missing.
    """
    import pandas as pd

    expect_file(path, key)
    cells, dialect = cells or Cells(), dialect or Dialect()
    blank = dialect.delimiter == WHITESPACE
    given: dict[str, Any] = {
        "sep": r"\s+" if blank else dialect.delimiter, "encoding": dialect.encoding,
        "skipinitialspace": True, "engine": "c", "skiprows": dialect.skip,
        "comment": dialect.comment,
        "quoting": csv.QUOTE_NONE if dialect.quoting == "none" else csv.QUOTE_MINIMAL,
    }  # fmt: skip
    own = bool(dialect.columns) or not dialect.header
    with _told(path, key, dialect):
        with packing.opened(path, key) as file:
            head = pd.read_csv(file, header=None, nrows=1, dtype=str, na_filter=False, **given)
        names = [str(name).strip() for name in head.iloc[0]]
    if own:
        names = _own_names(names, path, dialect)
    else:
        _check_header(names, path, key, dialect)
    # In a single column an empty line is a missing value, else it is no row.
    given |= {"header": None if own else 0, "skip_blank_lines": len(names) > 1}
    whole = None
    if not start and not keep and (size is None or path.stat().st_size <= SMALL):
        whole = arrow_csv.read(path, dialect, names, not own)
    frames = (
        _frames(path, key, dialect, given, size, start) if whole is None else _slices(whole, size)
    )
    done = 0
    for frame, share in frames:
        if own and len(frame.columns) != len(names):
            raise _other_width(path, len(frame.columns), names)
        names = [name or str(other) for name, other in zip(names, frame, strict=True)]
        if not done:
            if not own and _is_row(names, frame):
                raise _no_header(path, names, "values")
            expect_unique(names, path.name, ())
            expect_columns(names, wanted or names, path.name)
            pick(keep, names, path.name)
        done += len(frame)
        if done > start:
            frame = frame.set_axis(names, axis=1)
            rows = range(done - len(frame) + 1, done + 1)
            table = cells.table(frame[list(wanted or names)], path.name, rows)
            kept = of_frame(keep, frame, path.name)
            yield Part(replace(table, kept=kept, folders=(path.parent,)), share)
    if not done:
        raise DataError(f"{path} has a header, but no rows. Expected rows.", key=key)


def _slices(whole: pd.DataFrame, size: int | None) -> Iterator[tuple[pd.DataFrame, float]]:
    """The rows part by part, and how much of all they are with those before."""
    for first in range(0, len(whole), size or len(whole)):
        part = whole.iloc[first : first + (size or len(whole))]
        yield part, (first + len(part)) / len(whole)


def _frames(
    path: Path, key: Key, dialect: Dialect, given: dict[str, Any], size: int | None, start: int
) -> Iterator[tuple[pd.DataFrame, float | None]]:
    """The rows as pandas reads them, part by part, and how much of the file has been read by then.

    Args:
        path, key, dialect, size, start: As `csv_parts` takes them.
        given: Arguments of `pd.read_csv`.
    """
    import pandas as pd

    # How much of a packed file has been read is not known.
    length = max(1, path.stat().st_size) if packing.of(path) is None else None
    with ExitStack() as stack:
        with _told(path, key, dialect):
            counting = progress.Counting(stack.enter_context(packing.opened(path, key)))
            file = counting.buffered()
            reader = stack.enter_context(
                pd.read_csv(
                    file, keep_default_na=False, na_values=[""], dtype=str, index_col=False,
                    iterator=True, **given,
                )
            )  # fmt: skip
        done = 0
        while True:
            ahead = size if size is None or done >= start else min(size, start - done)
            with (
                progress.stage(f"reading {path.name}", length, "bytes") as stage,
                _told(path, key, dialect),
            ):
                stage.advance(counting.count)
                counting.advance = stage.advance
                frame = _next(reader, ahead)
            if frame is None:
                return
            done += len(frame)
            yield frame, None if length is None else min(1.0, file.tell() / length)


def _own_names(first: Sequence[str], path: Path, dialect: Dialect) -> list[str]:
    """The names of the columns of a file that has no header."""
    if not dialect.columns:
        return [f"column_{number}" for number in range(1, len(first) + 1)]
    if len(dialect.columns) != len(first):
        raise _other_width(path, len(first), dialect.columns)
    return list(dialect.columns)


def _other_width(path: Path, width: int, names: Sequence[str]) -> DataError:
    return DataError(
        f"{path} has {width} columns, and data.columns has {len(names)} names: {listed(names)}. "
        "Expected a name for each.",
        key=("data", "columns"),
    )


def _next(reader: pd.io.parsers.TextFileReader, size: int | None) -> pd.DataFrame | None:
    """The next rows; None, if there are no more."""
    try:
        frame = reader.get_chunk(size)
    except StopIteration:
        return None
    return None if frame.empty else frame


@contextmanager
def _told(path: Path, key: Key, dialect: Dialect) -> Iterator[None]:
    """What pandas finds wrong with a file is said as a `DataError`."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # fields would be lost
            yield
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty. Expected a header and rows.", key=key) from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        if isinstance(error, pd.errors.ParserWarning):
            reason = "its lines have more fields than the header"
        quotes = ""
        if "EOF inside string" in reason:
            line = to_line(("data", "quoting"), "none")
            quotes = f" A quote is opened and not closed: if quotes are plain text, write `{line}`."
        raise DataError(
            f"{path} cannot be read as CSV: {reason}. Expected as many fields in each line as in "
            f"the header, between {dialect.delimiter!r} (data.delimiter).{quotes}",
            key=key,
        ) from None
    except UnicodeError:
        encoding = dialect.encoding
        raise DataError(
            f"{path} is not {encoding}: line {_unreadable(path, encoding)} cannot be read. "
            "Leave data.encoding out, or name the encoding that the file is in.",
            key=key,
        ) from None
    except (OSError, *packing.DAMAGED) as error:
        raise DataError(f"{path} cannot be read: {error}. Expected a CSV file.", key=key) from None
    except ValueError:
        raise DataError(
            f"{path} cannot be read with the delimiter {dialect.delimiter!r}. Expected one "
            "character that stands between two fields, such as ',' or ';'.",
            key=("data", "delimiter"),
        ) from None


def _unreadable(path: Path, encoding: str) -> int:
    """The number of the first line that is not in the encoding."""
    lines = 0  # before the bytes that the decoder is given next
    with packing.opened(path, ()) as file:
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            while block := file.read(2**20):
                decoder.decode(block)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return lines + error.object[: error.start].count(b"\n") + 1
        except (UnicodeError, LookupError):
            pass  # some encodings say no more than that they cannot
    return 1


LONG, WORDS = 100, 10
"""Characters and words that no name of a column has both of."""


def _check_header(names: Sequence[str], path: Path, key: Key, dialect: Dialect) -> None:
    """Refuse a first line that is no header."""
    marks = (";", "\t", "|", ",")
    other = next((mark for mark in marks if mark in names[0]), None)
    if len(names) == 1 and other and other != dialect.delimiter:
        line = to_line(("data", "delimiter"), "tab" if other == "\t" else other)
        raise DataError(
            f"{path} has a single column, called {cut(names[0])!r}. Expected fields between "
            f"{dialect.delimiter!r}; this looks like `{line}`.",
            key=("data", "delimiter"),
        )
    if any(len(name) > LONG and len(name.split()) > WORDS for name in names):
        raise _no_header(path, names, "a long text")
    expect_unique([name for name in names if name], str(path), key)


def _no_header(path: Path, names: Sequence[str], what: str) -> DataError:
    columns = [f"name_{number}" for number in range(1, len(names) + 1)]
    return DataError(
        f"the first line of {path} holds {what} in place of names: "
        f"{listed((repr(cut(name, 20)) for name in names), 4)}. If it is a row, name the "
        f"{len(names)} columns: `{to_line(('data', 'columns'), columns)}`, or have them called "
        f"column_1 …: `{to_line(('data', 'header'), False)}`.",
        key=("data", "columns"),
    )


def _is_row(names: Sequence[str], rows: pd.DataFrame) -> bool:
    """Whether a first line is like those below it: numbers where they have numbers."""
    numbers = [is_number(name) for name in names]
    if not any(numbers) or not len(rows):
        return False
    whole = [int(name) for name in names if name.isdigit()]
    years = all(1800 <= n <= 2200 for n in whole)
    in_order = whole == list(range(whole[0], whole[0] + len(whole))) if whole else False
    if len(whole) == sum(numbers) and (in_order or years):
        return False  # columns are called by years, or numbered
    few = rows.head(20)
    return numbers == [all(is_number(word) for word in few[name].dropna()) for name in few]
