"""Tables from CSV files, whole or part by part."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder.errors import DataError, Key
from kbuilder.tables import packing
from kbuilder.tables.arrays import expect_columns, expect_file, expect_unique
from kbuilder.tables.cells import Cells
from kbuilder.tables.table import Part, Table

if TYPE_CHECKING:
    import pandas as pd


def read_csv(
    path: Path,
    key: Key = (),
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    cells: Cells | None = None,
) -> Table:
    """The rows of a CSV file with a header. A line with too few fields has the rest missing.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        delimiter: What stands between two fields.
        encoding: As Python names it.
        cells: How its cells are read.

    Raises:
        DataError: if the file is empty, has no rows, or cannot be read.
    """
    [part] = csv_parts(path, key, delimiter=delimiter, encoding=encoding, cells=cells)
    return part.table


def csv_parts(
    path: Path,
    key: Key = (),
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    cells: Cells | None = None,
    wanted: Sequence[str] | None = None,
    size: int | None = None,
    start: int = 0,
) -> Iterator[Part]:
    """The rows of a CSV file part by part; whether a column is of numbers, each part says anew.

    Args:
        path, key, delimiter, encoding, cells: As `read_csv` takes them.
        wanted: The columns that are needed; None: all.
        size: The rows of a part; None: all are one part.
        start: How many rows are skipped, which costs less than to read them.

    Raises:
        DataError: as `read_csv`, when the reading comes to what is wrong, and if a wanted column
            is missing.
    """
    import pandas as pd

    expect_file(path, key)
    cells = cells or Cells()
    given: dict[str, Any] = {
        "sep": delimiter, "encoding": encoding, "skipinitialspace": True, "engine": "c",
    }  # fmt: skip
    with ExitStack() as stack:
        with _told(path, key, delimiter, encoding):
            with packing.opened(path, key) as file:
                header = pd.read_csv(
                    file, header=None, nrows=1, dtype=str, na_filter=False, **given
                )
            names = [str(name).strip() for name in header.iloc[0]]
            _check_header(names, path, key, delimiter)
            file = stack.enter_context(packing.opened(path, key))
            # In a single column an empty line is a missing value, else it is no row.
            reader = stack.enter_context(
                pd.read_csv(
                    file, keep_default_na=False, na_values=[""], dtype=str, index_col=False,
                    iterator=True, skip_blank_lines=len(names) > 1, **given,
                )
            )  # fmt: skip
        # How much of a packed file has been read is not known.
        length = max(1, path.stat().st_size) if packing.of(path) is None else None
        done = 0
        while True:
            ahead = size if size is None or done >= start else min(size, start - done)
            with _told(path, key, delimiter, encoding):
                frame = _next(reader, ahead)
            if frame is None:
                break
            names = [name or str(other) for name, other in zip(names, frame, strict=True)]
            if not done:
                expect_unique(names, path.name, ())
                expect_columns(names, wanted or names, path.name)
            done += len(frame)
            if done > start:
                frame = frame.set_axis(names, axis=1)[list(wanted or names)]
                rows = range(done - len(frame) + 1, done + 1)
                share = None if length is None else min(1.0, file.tell() / length)
                yield Part(cells.table(frame, path.name, rows), share)
        if not done:
            raise DataError(f"{path} has a header, but no rows. Expected rows.", key=key)


def _next(reader: pd.io.parsers.TextFileReader, size: int | None) -> pd.DataFrame | None:
    """The next rows; None, if there are no more."""
    try:
        frame = reader.get_chunk(size)
    except StopIteration:
        return None
    return None if frame.empty else frame


@contextmanager
def _told(path: Path, key: Key, delimiter: str, encoding: str) -> Iterator[None]:
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
        raise DataError(
            f"{path} cannot be read as CSV: {reason}. Expected as many fields in each line as in "
            f"the header, between {delimiter!r} (data.delimiter).",
            key=key,
        ) from None
    except UnicodeError:
        raise DataError(
            f"{path} is not {encoding}: line {_unreadable(path, encoding)} cannot be read. "
            "Name the file's encoding, such as `encoding: latin-1`.",
            key=key,
        ) from None
    except (OSError, *packing.DAMAGED) as error:
        raise DataError(f"{path} cannot be read: {error}. Expected a CSV file.", key=key) from None
    except ValueError:
        raise DataError(
            f"{path} cannot be read with the delimiter {delimiter!r}. Expected one character that "
            "stands between two fields, such as ',' or ';'.",
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


def _check_header(names: Sequence[str], path: Path, key: Key, delimiter: str) -> None:
    other = next((mark for mark in (";", "\t", "|", ",") if mark in names[0]), None)
    if len(names) == 1 and other and other != delimiter:
        raise DataError(
            f"{path} has a single column, called {names[0]!r}. Expected fields between "
            f"{delimiter!r}; this looks like `delimiter: {other!r}`.",
            key=("data", "delimiter"),
        )
    expect_unique([name for name in names if name], str(path), key)
