"""Cells with several labels: names between separators, and lists as JSON and Python write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from kbuilder.errors import DataError, Key, cut
from kbuilder.late import np
from kbuilder.tables.values import missing

SEPARATORS = ("|", ";", ",")
"""What may stand between the labels of a cell, the surest first."""
LISTS = "[]"
"""In the place of a separator: the cells are lists."""

BLANK = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""What `str.strip` takes off; TensorFlow's own takes ASCII alone."""
PLAIN = "-?(?:0|[1-9][0-9]*)|[Tt]rue|[Ff]alse|null|None|NaN|nan"
"""An item of a list that has no quotes."""
QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
LIST = (
    rf"(?s){BLANK}*\[{BLANK}*(?:(?:(?:{QUOTED}|{PLAIN})(?:{BLANK}*,{BLANK}*(?:{QUOTED}|{PLAIN}))*"
    rf"|(?:{QUOTED})(?:{BLANK}+(?:{QUOTED}))*){BLANK}*(?:,{BLANK}*)?)?\]{BLANK}*"
)
"""A list as JSON, Python or NumPy writes it; as a pattern of Python and of RE2. No two parts that
match blanks alone stand side by side, so that it takes no longer than the text is long."""
ITEM = rf"(?s){BLANK}*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|({PLAIN})){BLANK}*,?"
"""An item of it, and the comma after it: in double quotes, in single ones, or without."""
ESCAPE = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))"
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0"}
NO_LABEL = ("null", "None", "NaN", "nan")
"""Items without quotes that are no labels."""


def is_list(text: str) -> bool:
    """Whether a text is a list of names or whole numbers."""
    return re.fullmatch(LIST, text) is not None


def labels_in(text: str, mark: str) -> list[str]:
    """The labels of a cell in their order. A list is one, whatever stands between others.

    Args:
        text: The cell.
        mark: What stands between two labels, or "[]" where the cells are lists.
    """
    if "[" not in text or not re.fullmatch(LIST, text):
        parts = [text] if mark == "[]" else text.split(mark)
        return [name for name in (part.strip() for part in parts) if name]

    def unescaped(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code is None:
            return ESCAPED.get(found[4], found[4])
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else found[0]

    names = []
    for item in re.finditer(ITEM, text.strip()[1:-1]):
        quoted = (item[1] or item[2] or "").strip()
        name = re.sub(f"(?s){ESCAPE}", unescaped, quoted)
        pairs = name.encode("utf-16", "surrogatepass")  # JSON has two escapes for 😀
        name = pairs.decode("utf-16", "replace")
        if item[3] and item[3] not in NO_LABEL:
            name = item[3].capitalize()
        names += [name] if name else []
    return names


def as_text(value: object) -> str:
    """A cell as a text that has the same labels: a list as JSON, whatever else as it is."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        there = [item for item in value if item is not None and item == item]
        return json.dumps([as_text(item).strip() for item in there], ensure_ascii=False)
    return str(int(value)) if _is_whole(value) else str(value)  # type: ignore[call-overload]


def holds_names(items: Iterable[object]) -> bool:
    """Whether a list holds names or whole numbers alone."""
    return all(
        item is None or isinstance(item, str | int | np.integer) or _is_whole(item)
        for item in items
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, float | np.floating) and float(value).is_integer()


def mark_of(texts: Iterable[str]) -> str:
    """What stands between the labels of texts that are sets: that which most of them have."""
    texts = list(texts)
    if texts and sum(map(is_list, texts)) > 0.5 * len(texts):
        return LISTS
    counts = {mark: sum(1 for text in texts if mark in text) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: counts[mark])


def expect_labels(column: str, values: np.ndarray, key: Key) -> None:
    """Check that cells are texts, numbers, or lists of names and numbers.

    Args:
        column: The column, for messages.
        values: Its cells. (rows,)
        key: Its place in the recipe.

    Raises:
        DataError: naming the first row that has anything else.
    """
    listed = (list, tuple, set, frozenset, np.ndarray)
    for row, value in enumerate(values) if values.dtype == object else ():
        for item in value if isinstance(value, listed) else (value,):
            if item is not None and not isinstance(item, str | bool | int | float | np.generic):
                raise DataError(
                    f"column {column!r} has {cut(str(item))!r} here, of type "
                    f"{type(item).__name__}, which is no name of a label. Expected names, lists "
                    "of names, or texts with a separator between names.", key=key, row=row,
                )  # fmt: skip


def rows_of(values: np.ndarray, mark: str) -> list[list[str]]:
    """The labels of each row; none where it is missing."""
    gone = missing(values)
    pairs = zip(values, gone, strict=True)
    return [[] if absent else labels_in(as_text(value), mark) for value, absent in pairs]
