"""Cells of several numbers: `1 2 3`, `[1.5, 2]`, `1;2;3`, `0.5|1.5`, `["1.5", "2"]`, or lists.

Scripts bring `bare`, `numbers_in`, `filled`, `numbers_of` and `steps_in` along, printed as they
stand here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from kbuilder.errors import DataError, Key, cut
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.tables.dictionary import counted
from kbuilder.tables.values import missing

MARKS = "[](){},;|"
"""What may stand between the numbers of a cell, or around them, beside blanks."""
PRINTED = {
    r"(array\()?[\s\[]+[-+\d][-+\d.eE,\s\[\]]*[\s,]\.\.\.[\s,]": (
        "cut with `...`, so that numbers are gone"
    ),
    r"array\([\s\[]+[-+\d.]": "as `array([…])`",
}
"""What arrays begin with that Python prints, and how they are printed."""
NEARLY = 0.95
"""Of the cells so many have as many numbers, where others are broken."""
SOME = 0.1
"""The share of cells with several numbers, or of numbers below 0, that tells something."""
BEGIN = "[({+-.0123456789\"'"
"""What cells of numbers begin with."""
COMMA = r"[-+]?\d+(?:,\d+)?(?:[eE][-+]?\d+)?"
"""A number, with a comma in it or not."""
RANGE = r"\s*(?:\([^()\[\]]*\]|\[[^()\[\]]*\))\s*"
"""From one number to another, of which one end belongs to it and the other does not."""
CODED = r"(?<![\d.eE+-])[+-]?0\d"
"""A number with a zero in front, which is a code."""


def bare(cell: Any) -> Any:
    """A text without the quotes around each number in it; `nan` where there is nothing in them."""
    cell = re.sub(r"([\"'])\s*\1", " nan ", cell)
    return re.sub(r"([\"'])\s*([-+.\deE]*\d\.?|nan|NaN)\s*\1", r" \2 ", cell)


def numbers_in(cell: Any) -> Any:
    """The numbers of a cell, as float64; None, if it holds anything else. (n,)"""
    if isinstance(cell, str):
        if "_" in cell:  # 1_000 is a number to Python alone
            return None
        cell = re.sub(r"\b(null|None|NA)\b", "nan", bare(cell))
        cell = re.sub(r"(?<=[,;|])\s*(?=[,;|])|^\s*(?=[,;|])", " nan ", cell)
        cell = cell.translate(str.maketrans(MARKS, " " * len(MARKS))).split()
    try:
        return np.ravel(np.asarray(cell, dtype=np.float64))
    except (TypeError, ValueError):
        return None


def steps_in(cell: Any) -> Any:
    """The steps of a sequence that is a text: `1 2 3` has three, `[[1, 2], [3, 4]]` two of two.

    What is no text stays as it is, but one number is one step. None: there are no steps, or the
    text holds anything else.
    """
    if not isinstance(cell, str):
        number = cell is not None and not hasattr(cell, "__len__") and cell == cell
        return [cell] if number else cell
    if not re.match(r"\s*\[\s*\[\s*[^\[\s]", cell):
        return numbers_in(cell)
    steps = [numbers_in(step) for step in re.findall(r"[^\[\]]*[^\[\],;\s][^\[\]]*", cell)]
    return None if any(step is None for step in steps) else [step.tolist() for step in steps]


def filled(numbers: Any, cell: Any, length: Any) -> Any:
    """The numbers of a cell, with NaN for the last of so many, if the cell ends with a mark."""
    if len(numbers) != length - 1 or not isinstance(cell, str):
        return numbers
    return np.append(numbers, np.nan) if re.search(r"[,;|]\s*$", cell) else numbers


def numbers_of(values: Any, dtype: Any, length: Any) -> Any:
    """Cells of numbers as arrays; NaN where a cell is empty. (rows, length)"""
    gone = np.full(length, np.nan)
    rows = [
        gone if cell is None or cell == "" else filled(numbers_in(cell), cell, length)
        for cell in values
    ]
    return np.stack(rows).astype(dtype)


def measures(cells: Collection[str]) -> bool:
    """Whether texts hold several numbers that measure something: most have decimals, or some minus.

    Whole numbers with `|` between them may be names, and half-open ranges, `(0.5, 1.5]`, are.
    """
    broken, several, numbers, exact, negative = 0, 0, 0, 0, 0
    for cell in cells:
        may_be = _may_be(cell, bars=True) and not re.fullmatch(RANGE, cell)
        found = numbers_in(cell) if may_be else None
        if found is None or not len(found):
            broken += 1
            if broken > (1 - NEARLY) * len(cells):
                return False
            continue
        words = re.findall(r"[^\s\[\](){},;|\"']*\d[^\s\[\](){},;|\"']*", cell)
        several += len(found) > 1
        numbers += len(words)
        exact += sum(1 for word in words if re.search(r"[.eE]", word))
        negative += sum(1 for word in words if word.startswith("-"))
    measured = exact > 0.5 * numbers or 0 < SOME * numbers <= negative
    return measured and several >= SOME * len(cells)


def doubtful(cells: Collection[str]) -> str:
    """The first cell in which a comma may stand before decimals or between numbers; empty: none.

    `0,5;0,25` has two numbers or four: of numbers with other marks between them, most have a comma.
    """
    first, several = "", 0
    numbers = commas = 0
    for cell in cells:
        inner = re.fullmatch(r"\s*[\[(]?([^\[\]()]*)[\])]?\s*", cell)
        parts = re.split(r"\s*[;|]\s*|\s+", inner[1].strip()) if inner else []
        if not parts or not all(re.fullmatch(COMMA, part) for part in parts):
            return ""
        several += len(parts) > 1
        numbers += len(parts)
        commas += sum(1 for part in parts if "," in part)
        first = first or (cell if len(parts) > 1 and "," in cell else "")
    return first if several >= SOME * len(cells) and 2 * commas > numbers else ""


def count(cells: Collection[Any], bars: bool = False) -> int:
    """How many numbers each of the cells holds, 2 or more; 0: they are none, or of unlike length.

    Numbers with commas alone between them, or with zeros in front, may be meant otherwise. A few
    texts with more numbers, fewer or none are broken, and not of unlike length. A mark at the end
    of some texts stands before a number that is missing.

    Args:
        cells: Texts, or lists.
        bars: Whether `|` may stand between numbers.
    """
    texts = all(isinstance(cell, str) for cell in cells)
    broken = (1 - NEARLY) * len(cells) if texts else 0
    lengths: list[int] = []
    for cell in cells:
        found = None if isinstance(cell, str) and not _may_be(cell, bars) else numbers_in(cell)
        lengths.append(0 if found is None else len(found))
        if not lengths[-1]:
            broken -= 1
        if broken < 0:
            return 0
    usual = _usual(lengths, cells)
    return usual if usual > 1 and (texts or len({*lengths} - {0}) == 1) else 0


def _usual(lengths: Sequence[int], cells: Iterable[Any]) -> int:
    """The length that all have, or nearly all, as they are or with what `filled` adds; 0: none."""
    ends = [isinstance(cell, str) and cell.rstrip()[-1:] in (",", ";", "|") for cell in cells]
    for added in ([False] * len(ends), ends):
        counts = Counter(length + end for length, end in zip(lengths, added, strict=True))
        [(length, count)] = counts.most_common(1) or [(0, 0)]
        if count >= NEARLY * len(lengths):
            return length
    return 0


def longest(cells: Collection[Any], measured: bool = False) -> int:
    """The most steps of cells that hold sequences, in texts; 0: they hold anything else.

    They have several numbers each, most of them three or more, and not all as many; or the numbers
    of each step are in brackets of their own.

    Args:
        cells: The texts.
        measured: Whether they hold numbers that measure something, however many each.
    """
    lengths, nested = list[int](), True
    for cell in cells:
        if not isinstance(cell, str) or not _may_be(cell, measured):
            return 0
        steps = steps_in(cell)
        if steps is None or not len(steps):
            return 0
        nested = nested and isinstance(steps, list)
        lengths.append(len(steps))
    several = sum(1 for length in lengths if length > 2)
    unlike = (measured or 2 * several > len(lengths)) and not _usual(lengths, cells)
    return max(lengths, default=0) if nested or unlike else 0


def are_printed(cells: Iterable[Any]) -> str:
    """How cells are arrays as Python prints them, of which numbers may be gone; empty: not so."""
    cells = list(cells)
    for pattern, how in PRINTED.items():
        if cells and all(isinstance(one, str) and re.match(pattern, one) for one in cells):
            return how
    return ""


def are_whole(cells: Iterable[str]) -> bool:
    """Whether all numbers of cells are written whole, and none below 0, as names may be."""
    return not any(re.search(r"[.eE-]", cell) for cell in cells)


def _may_be(text: str, bars: bool = False) -> bool:
    """Whether a text may be several numbers, and is no code, amount or pair of ranges."""
    if "|" in text and not bars:
        return False
    begin = BEGIN + "|nN" if bars else BEGIN
    if not text[:1] or text[0] not in begin or re.search(CODED, text):
        return False
    commas = "," in text and not re.search(r"[\s\[;|]", text)
    few = commas and text.count(",") < 3 and not all("." in one for one in text.split(","))
    return not few and not re.fullmatch(r"\d{1,3}(,\d{3})+", text)


def read(column: str, values: np.ndarray, length: int | None = None) -> np.ndarray:
    """The numbers of each cell; NaN where it is empty. (rows, length) float64

    Args:
        column: The column, for messages.
        values: Texts or lists, as objects. (rows,)
        length: How many numbers a cell has; None: as many as most.

    Raises:
        DataError: naming the first cell that holds anything else, or not as many.
    """
    rows: list[np.ndarray | None] = []
    for row, cell in enumerate(values):
        found = None if cell is None or (isinstance(cell, str) and not cell) else numbers_in(cell)
        if found is None and cell:
            raise _no_numbers(column, row, cell)
        rows.append(found)
    lengths = [len(found) for found in rows if found is not None]
    if length is None and lengths:
        there = [cell for cell, found in zip(values, rows, strict=True) if found is not None]
        length = _usual(lengths, there) or Counter(lengths).most_common(1)[0][0]
    for row, found in enumerate(rows):
        found = rows[row] = None if found is None else filled(found, values[row], length)
        if found is not None and len(found) != length:
            raise DataError(
                f"column {column!r} has a cell of {len(found):,} numbers here, and {length:,} are "
                "expected. Expected as many in each cell: fill them up, or cut them.",
                key=("features", column),
                row=row,
            )
    gone = np.full(length or 0, np.nan)
    return np.stack([gone if found is None else found for found in rows])


def listed(column: str, values: np.ndarray) -> np.ndarray:
    """Sequences that are texts, as lists; other values as they are, a number as a list of one.

    Args:
        column: The column, for messages.
        values: Texts, or lists, or numbers, as objects. (rows,)

    Raises:
        DataError: naming the first text that holds anything else than numbers.
    """
    found = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        found[row] = steps_in(value)
        if found[row] is None and isinstance(value, str) and value:
            raise _no_numbers(column, row, value)
    return found


def expect_no_doubt(column: str, values: np.ndarray, key: Key) -> None:
    """Check that no comma may stand before decimals or between numbers.

    Args:
        column: The column, for messages.
        values: Its texts, None where missing. (rows,)
        key: Its place in the recipe.

    Raises:
        DataError: with what to write.
    """
    cell = doubtful(counted(values[~missing(values)]))
    if not cell:
        return
    number = len(numbers_in(cell))
    line = to_line(("features", column), {"kind": "array", "shape": [number]})
    other = f"; if it stands between numbers, `{line}`" if key[0] == "features" else ""
    raise DataError(
        f"column {column!r} holds {cut(cell)!r}, in which a comma may stand before decimals or "
        f"between numbers. If before decimals, write a point in the file{other}; if these are "
        f"names, `{to_line(key, 'set') if other else to_line(('task',), 'multilabel')}`.",
        key=key,
    )


def _no_numbers(column: str, row: int, cell: Any) -> DataError:
    return DataError(
        f"column {column!r} holds {str(cell)[:40]!r} here, which are no numbers. Expected "
        "numbers with blanks or , ; | between them, in brackets or not; of words "
        f"`{to_line(('features', column), 'text')}`.",
        key=("features", column), row=row,
    )  # fmt: skip
