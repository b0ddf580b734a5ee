"""Columns of words that are numbers, but for how they are written, or for some of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from kbuilder.contracts import Source
from kbuilder.errors import DataError, Key, cut, listed
from kbuilder.lines import to_line
from kbuilder.tables import number_lists
from kbuilder.tables.amounts import (
    GROUPED,
    MOSTLY,
    two_ways,
    written_as_numbers,
    written_otherwise,
)
from kbuilder.tables.dictionary import counted
from kbuilder.tables.profile import Profile
from kbuilder.tables.spelled_numbers import CODE
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number, kind_of, missing, odd_one

FEW = 5
"""Different words among numbers that are too few to be names."""

BLANKS = r"[-+]?\d{1,3}(?:\s\d{3})+"
"""Digits that blanks group."""
AROUND = r"([<>=≤≥~≈±−–(]{0,2}\s?)([-+]?\d[\d.,]*)(\s?[^\d\s][^\d]{0,11})?"
"""A number with signs before it, and a unit behind it."""
PLAIN = r"[-+]?\d+(?:\.\d+)?"
BETWEEN = r"\s*(?:[/:_&#~*×xX\\]|\s-\s|--)\s*"
"""A number, and what people write between several of them that nobody reads."""
LONGEST = 8
"""Digits of a number that measures something; longer ones are names."""


def otherwise(
    name: str, found: Profile, table: Table, key: Key, source: Source
) -> DataError | None:
    """The error for a column of numbers that are not written as they are read.

    Args:
        name: The column.
        found: What is seen of it.
        table: The rows.
        key: The place of the column in the recipe.
        source: Says how numbers are read.
    """
    if found.kind != "string" or name not in table.columns:
        return None
    if any(len(str(word)) > 30 for word in found.examples):
        return None
    values = table[name]
    words = counted(values[~missing(values)])
    names = ("task", "multiclass") if key == ("data", "target") else (*key, "category")
    category = f"if they are names, `{to_line(names[:-1], names[-1])}`."
    decimal, thousands = (getattr(source, mark, None) for mark in ("decimal", "thousands"))
    numbers = written_as_numbers(words)
    both = two_ways(words) if numbers else None
    if both is not None:
        rows = [table.row(int(np.flatnonzero(values == word)[0])) for word in both]
        comma, point = (f"{cut(word)!r} ({row})" for word, row in zip(both, rows, strict=True))
        return DataError(
            f"column {name!r} holds numbers with a comma before their decimals, such as {comma}, "
            f"and others with a point, such as {point}. Expected one of both: change the file; or "
            f"leave the column out: `{to_line(('data', 'ignore'), [name])}`; {category}",
            key=key,
        )
    if found.numeric == 1:
        grouped = next((word for word in words if re.fullmatch(GROUPED, word)), None)
        if decimal != "," or thousands == "." or grouped is None:
            return None
        return DataError(
            f"column {name!r} holds {cut(grouped)!r}, in which the point may group digits or come "
            f"before decimals. If it groups: `{to_line(('data', 'thousands'), '.')}`; if not, "
            f"write a comma in the file, as `data.decimal` says; {category}",
            key=key,
        )
    ways = written_otherwise(words) if numbers else []
    if not ways:
        return None
    odd = next(word for word in words if not is_number(word))
    known = {"decimal": decimal, "thousands": thousands}
    given = {mark: value for mark, value in known.items() if value is not None}
    if given:
        new = [{**given, **way} for way in ways]
        ways = [way for way in new if way.get("decimal", ".") != way.get("thousands")]
        ways = [way for way in ways if way != given]
    if not ways:
        said = " and ".join(f"data.{mark}: {value!r}" for mark, value in given.items())
        return DataError(
            f"column {name!r} holds numbers that are written as {odd!r}, and not as `{said}` says. "
            "Expected one way for all columns: change the file; or leave the column out: "
            f"`{to_line(('data', 'ignore'), [name])}`; {category}",
            key=key,
        )
    lines = " or ".join(f"`{to_line(('data',), way)}`" for way in ways)
    return DataError(
        f"column {name!r} holds numbers that are written as {odd!r}. Say how: write {lines}; "
        f"{category}",
        key=key,
    )


def grouped_by_blanks(name: str, table: Table, key: Key, source: Source) -> DataError | None:
    """The error for numbers with blanks between groups of digits, which look like several numbers.

    Args:
        name, table, key, source: As `otherwise` takes them.
    """
    values = table[name]
    if kind_of(values) != "string" or getattr(source, "thousands", None) is not None:
        return None
    words = counted(values[~missing(values)])
    if not words or not all(re.fullmatch(BLANKS, word) for word in words):
        return None
    return DataError(
        f"column {name!r} holds {cut(next(iter(words)))!r}, which may be one number, whose digits "
        f"blanks group, or several. If one: `{to_line(('data', 'thousands'), ' ')}`; if several: "
        f"`{to_line(key, 'array')}`.",
        key=key,
    )


def doubtful_commas(name: str, table: Table, key: Key) -> DataError | None:
    """The error for several numbers in a cell, in which a comma may be before decimals."""
    if kind_of(table[name]) == "string":
        try:
            number_lists.expect_no_doubt(name, table[name], key)
        except DataError as error:
            return error
    return None


def beneath(name: str, table: Table, key: Key) -> DataError | None:
    """The error for a column of numbers with units or signs around them, which nobody reads.

    Args:
        name: A column of words that would be left out, since they name rows.
        table: The rows.
        key: The place of the column in the recipe.
    """
    values = table[name]
    words = counted(values[~missing(values)])
    others, first, around = 0, "", set[tuple[str, str]]()
    for word in words:
        match = re.fullmatch(AROUND, word)
        if match is None:
            others += 1
            if others > (1 - MOSTLY) * len(words) + 1:  # the rest need no look: there may be many
                return None
            continue
        around.add((match[1].strip(), (match[3] or "").strip()))
        if len(around) > FEW or re.match(CODE, match[2]) or len(match[2]) > LONGEST:
            return None
        first = first or (word if match[1].strip() or match[3] else "")
    if len(words) - others < MOSTLY * len(words) or not around or around == {("", "")}:
        return None
    row = int(np.flatnonzero(values == first)[0])
    return DataError(
        f"column {name!r} holds numbers with something around them, such as {cut(first)!r} "
        f"({table.row(row)}). Expected plain numbers: change the file; or leave the "
        f"column out: `{to_line(('data', 'ignore'), [name])}`; if they are names, "
        f"`{to_line(key, 'category')}`.",
        key=key,
    )


def mark_between(found: Profile) -> str:
    """What stands between several numbers in each value, which nobody reads; empty: nothing.

    Args:
        found: What is seen of a column of words that name rows.
    """
    marks = [re.search(BETWEEN, word) for word in found.examples if _is_strung(word)]
    most = len(marks) >= MOSTLY * len(found.examples) > 0
    return next((mark[0].strip() for mark in marks if mark), "") if most else ""


def strung(name: str, found: Profile, table: Table, key: Key) -> DataError | None:
    """The error for several numbers in each value, most with decimals, and a mark between them.

    Whole numbers may be names so: scores, ratios, parts of a date.

    Args:
        name, found, table, key: As `otherwise` takes them.
    """
    mark = mark_between(found) if found.kind == "string" and found.names_rows else ""
    words = list(filter(_is_strung, found.examples)) if mark else []
    numbers = [one for word in words for one in re.findall(PLAIN, word)]
    if 2 * sum("." in one for one in numbers) <= len(numbers):
        return None
    word = words[0]
    row = int(np.flatnonzero(table[name] == word)[0])
    return DataError(
        f"column {name!r} holds numbers with {mark!r} between them, such as {cut(word)!r} "
        f"({table.row(row)}). Expected blanks or , ; | between the numbers of a cell: change the "
        f"file; or leave the column out: `{to_line(('data', 'ignore'), [name])}`; if they are "
        f"names, `{to_line(key, 'category')}`.",
        key=key,
    )


def _is_strung(word: str) -> bool:
    return re.fullmatch(rf"{PLAIN}(?:{BETWEEN}{PLAIN})+", word) is not None


def is_dirty(values: np.ndarray, least: int = 1) -> bool:
    """Whether words are numbers, at least so many different, but for a few: "on request"."""
    numbers = words = 0
    for word in counted(values[~missing(values)]):
        if not is_number(word):
            words += 1
        elif re.match(CODE, word):
            return False
        else:
            numbers += 1
        if words > FEW:
            return False
    return numbers >= least


def mixed(
    name: str, table: Table, key: Key, values: np.ndarray, written: Sequence[str]
) -> DataError:
    """The error for a column of numbers with some words in it."""
    there = np.flatnonzero(~missing(values))
    odd = [row for row in there if not is_number(str(values[row]))]
    words = list(dict.fromkeys(str(values[row]) for row in odd))
    strange = odd_one(values, (str, int, float, np.number))
    if not odd:
        return DataError(
            f"column {name!r} mixes kinds of values. Expected all numbers or all strings.",
            key=key,
        )
    if strange is not None:
        some = values[strange]
        other = f"leave the column out: `{to_line(('data', 'ignore'), [name])}`"
        if key == ("data", "target"):
            other = "name another target"
        return DataError(
            f"column {name!r} holds values of {type(some).__name__}, such as {cut(str(some))!r} "
            f"({table.row(strange)}), which are neither numbers nor words. Expected either: "
            f"make it so, or {other}.",
            key=key,
        )
    plenty = f"{len(there) - len(odd):,} numbers and {len(odd):,} words"
    names = ("task", "multiclass") if key == ("data", "target") else (*key, "category")
    missing_words = also_missing(table, words, written)
    return DataError(
        f"column {name!r} mixes {plenty}: {listed((repr(cut(word)) for word in words), 4)} "
        f"(first in {table.row(int(odd[0]))}). If that means missing, write "
        f"`{to_line(('data', 'missing'), missing_words)}`; if all are names, "
        f"`{to_line(names[:-1], names[-1])}`.",
        key=key,
    )


def also_missing(table: Table, words: Sequence[str], written: Sequence[str] = ()) -> list[str]:
    """What `data.missing` has to be for words to mean missing, too: it replaces what it was.

    Args:
        table: The rows, which know what counted as missing.
        words: The words.
        written: What the recipe says that it is.
    """
    also = [word for taken in table.taken.values() for word in taken]
    return list(dict.fromkeys([*written, *also, *words]))
