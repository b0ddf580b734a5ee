"""Predictions as CSV: words are text, to a terminal and to a spreadsheet too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbuilder.columns import Columns
from kbuilder.errors import listed

if TYPE_CHECKING:
    import pandas as pd

LINE_ENDS = "\n\r"
CONTROLS = {
    code: chr(code).encode("unicode_escape").decode()
    for code in (*range(32), *range(127, 160))
    if chr(code) not in LINE_ENDS
}
"""Control characters, and what is written for them: a terminal takes some as commands."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes as a formula. Source: OWASP, CSV Injection."""


def to_csv(frame: pd.DataFrame, header: bool, safe: bool = False) -> bytes:
    """The predictions as CSV in UTF-8, each line ended by one line feed.

    Args:
        frame: What `to_frame` gives.
        header: Whether the names of the columns come first.
        safe: Put an apostrophe before words that a spreadsheet would take as a formula.
    """
    shown = frame.rename(columns=lambda name: _word(str(name), safe))
    for name in shown:
        known = {value for value in shown[name].unique() if isinstance(value, str)}
        changed = {word: _word(word, safe) for word in known if _word(word, safe) != word}
        if changed:
            shown[name] = shown[name].map(lambda value, to=changed: to.get(value, value))
    text: str = shown.to_csv(index=False, header=header, lineterminator="\n")
    return text.encode("utf-8", "backslashreplace")


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
