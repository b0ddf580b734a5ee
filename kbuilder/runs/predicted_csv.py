"""Predictions as CSV: words are text, to a terminal and to a spreadsheet too."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING

from kbuilder.columns import Columns
from kbuilder.errors import CallError, DataError, listed
from kbuilder.tables.keeping import as_text

if TYPE_CHECKING:
    import pandas as pd

UTF8 = "utf-8"
ORDER = "le" if sys.byteorder == "little" else "be"
WITHOUT_MARK = {
    "utf-8-sig": "utf-8", "utf-16": f"utf-16-{ORDER}", "utf-32": f"utf-32-{ORDER}"
}  # fmt: skip
"""Encodings that begin with a mark, and the same without it."""
LINE_ENDS = "\n\r"
CONTROLS = {
    code: chr(code).encode("unicode_escape").decode()
    for code in (*range(32), *range(127, 160))
    if chr(code) not in LINE_ENDS
}
"""Control characters, and what is written for them: a terminal takes some as commands."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes as a formula. Source: OWASP, CSV Injection."""


def check_encoding(encoding: str) -> None:
    """Refuse what is no encoding of text.

    Raises:
        CallError: if it is none.
    """
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError):
        raise CallError(
            f"{encoding!r} is no encoding of text. Expected one such as utf-8, utf-8-sig (for "
            "Excel), cp1252, cp949, utf-16."
        ) from None


def to_csv(frame: pd.DataFrame, header: bool, safe: bool = False, encoding: str = UTF8) -> bytes:
    """The predictions as CSV, each line ended by one line feed.

    Args:
        frame: What `to_frame` gives.
        header: Whether the names of the columns come first.
        safe: Put an apostrophe before words that a spreadsheet would take as a formula.
        encoding: The encoding; its mark comes before the header alone.

    Raises:
        DataError: if a column holds bytes, or a character that the encoding has no room for.
    """
    shown = frame.rename(columns=lambda name: _word(str(name), safe))
    for name in shown:
        shown[name] = _cells(str(name), shown[name])
        known = {value for value in shown[name].unique() if isinstance(value, str)}
        changed = {word: _word(word, safe) for word in known if _word(word, safe) != word}
        if changed:
            shown[name] = shown[name].map(lambda value, to=changed: to.get(value, value))
    text: str = shown.to_csv(index=False, header=header, lineterminator="\n")
    name = codecs.lookup(encoding).name
    name = name if header else WITHOUT_MARK.get(name, name)
    try:
        return text.encode(name, "backslashreplace" if name.startswith("utf") else "strict")
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise DataError(
            f"{_holder(shown, character)} holds {character!r}, which {encoding} has no room for. "
            "Expected --encoding utf-8 or utf-8-sig, which have all characters."
        ) from None


def _holder(frame: pd.DataFrame, character: str) -> str:
    """The first column with a character in it."""
    for name in frame:
        cells = frame[name]
        if character in str(name) or any(isinstance(c, str) and character in c for c in cells):
            return f"the column {name!r}"
    return "a column"


def _cells(name: str, column: pd.Series) -> pd.Series:
    """Numbers and words as they are; times, lists and all else as words."""
    import pandas as pd
    import pyarrow as pa

    kinds, dtype = pd.api.types, column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        held = dtype.pyarrow_dtype
        if pa.types.is_floating(held):  # with as few digits as tell it apart
            numbers = column.to_numpy(held.to_pandas_dtype(), na_value=float("nan"))
            return pd.Series(numbers, index=column.index)
        if pa.types.is_string(held) or pa.types.is_large_string(held):
            return column.astype("str")
        if pa.types.is_integer(held):
            return column
    elif kinds.is_numeric_dtype(dtype) or isinstance(dtype, pd.StringDtype):
        return column
    values = [None if cell is pd.NA or cell is pd.NaT else cell for cell in column.tolist()]
    if any(isinstance(value, bytes) for value in values):
        raise DataError(
            f"the column {name!r} holds bytes, which CSV has no room for. Expected Parquet, or "
            "other columns to keep."
        )
    words = [None if value is None else as_text(value) for value in values]
    return pd.Series(words, dtype=object, index=column.index)


def controls_warning(columns: Columns) -> str | None:
    """What to say of classes with control characters; None: there are none."""
    words = [word for _, task in columns.targets for word in getattr(task, "classes", None) or ()]
    odd = [repr(w) for w in words if isinstance(w, str) and w.translate(CONTROLS) != w]
    if not odd:
        return None
    return (
        f"classes have control characters: {listed(odd)}. Predicted CSV shows them as escapes; "
        "Parquet, the Python API and the server keep them."
    )


def _word(word: str, safe: bool) -> str:
    begins = safe and word.startswith(FORMULA)
    return ("'" if begins else "") + word.translate(CONTROLS)
