"""How a text file of rows is written: its encoding, what stands between fields, its quotes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kbuilder.contracts.values import Choice
from kbuilder.errors import DataError, Key, cut
from kbuilder.lines import to_line
from kbuilder.tables import packing, quotes, several
from kbuilder.tables.values import is_number

Quoting = Literal["standard", "none"]
SAMPLE = 2**18
"""Bytes of a file that are looked at, where not all are."""
DELIMITERS = (",", ";", "\t", "|")
WHITESPACE = "whitespace"
EAST: dict[str, Callable[[str], bool]] = {
    "shift_jis": lambda c: "\u3041" <= c <= "\u30fc",
    # Common syllables are in the older set, and those of other texts read as cp949 are not: they
    # are spelled there, in eight bytes.
    "cp949": lambda c: "\uac00" <= c <= "\ud7a3" and len(c.encode("euc_kr", "ignore")) == 2,
    # Of Chinese characters the common ones have these first bytes.
    "gb18030": lambda c: "\u4e00" <= c <= "\u9fff" and 0xB0 <= _first_byte(c, "gb2312") <= 0xD7,
    "big5": lambda c: "\u4e00" <= c <= "\u9fff" and 0xA4 <= _first_byte(c, "big5") <= 0xC6,
}
"""Encodings of two bytes a character, and whether a character is one that their texts are of."""
MOST = 0.7
"""The share of the letters beyond ASCII that must be of an encoding."""
WEST = "cp1252"
"""The encoding of most other files; of latin-1 it differs in quotes and dashes alone."""
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
"""What a file begins with that says its encoding."""


@dataclass(frozen=True)
class Dialect:
    """How a text file of rows is written.

    Args:
        delimiter: What stands between two fields; `whitespace`: any number of blanks.
        encoding: As Python names it.
        quoting: standard: a field may stand in double quotes; none: quotes are characters.
        columns: The names of the columns, where no header has them.
        header: Whether the first line has the names.
        skip: Lines before the header.
        comment: What a line begins with that is no row.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quoting: Quoting = "standard"
    columns: tuple[str, ...] = ()
    header: bool = True
    skip: int = 0
    comment: str | None = None


def recognise(
    path: Path, key: Key, delimiter: str | None, encoding: str | None, quoting: Quoting | None,
    rest: Dialect,
) -> dict[str, Choice]:  # fmt: skip
    """What of its dialect is left open, as the file has it, each with the reason.

    Args:
        path: The file.
        key: The place of its name in the recipe, for messages.
        delimiter, encoding, quoting: What is known; None: it is open.
        rest: Header, lines to skip and comments.

    Raises:
        DataError: if no encoding is certain.
    """
    found: dict[str, Choice] = {}
    with packing.opened(path, key) as file:
        head = file.read(SAMPLE)
    if encoding is None:
        encoding, why = _encoding(path, key, head)
        if encoding != "utf-8":
            found["encoding"] = Choice(encoding, why)
    lines = _lines(head, encoding, rest)
    if delimiter is None and lines:
        delimiter, why = _delimiter(lines)
        if delimiter != ",":
            found["delimiter"] = Choice(delimiter, why)
    if quoting is None and delimiter not in (None, WHITESPACE) and b'"' in head:
        dialect = replace(rest, delimiter=delimiter or ",", encoding=encoding)
        reason = quotes.left_open(path, key, dialect)
        if reason:
            found["quoting"] = Choice("none", reason)
    return found


def own(path: Path, key: Key = ()) -> Dialect:
    """The dialect of a file of which nothing is known.

    Raises:
        DataError: if no encoding is certain.
    """
    found = recognise(path, key, None, None, None, Dialect())
    return replace(Dialect(), **{name: choice.value for name, choice in found.items()})


def alike(
    files: Sequence[Path], key: Key, delimiter: str | None, encoding: str | None,
    quoting: Quoting | None, rest: Dialect,
) -> dict[str, Choice]:  # fmt: skip
    """What `recognise` gives for each of several files, which are written in one way.

    Raises:
        DataError: if two differ, naming both.
    """
    seen: dict[str, dict[int, Choice]] = {"encoding": {}, "delimiter": {}, "quoting": {}}
    for at, file in enumerate(files):
        found = recognise(file, key, delimiter, encoding, quoting, rest)
        with packing.opened(file, key) as content:
            quoted = b'"' in content.read(SAMPLE)
        # Plain letters are in any encoding, and what has no quotes fits any way of quoting.
        if encoding is None and not _decodes(file, key, "ascii"):
            seen["encoding"][at] = found.get("encoding", Choice("utf-8", ""))
        if delimiter is None:
            seen["delimiter"][at] = found.get("delimiter", Choice(",", ""))
        if quoting is None and quoted:
            seen["quoting"][at] = found.get("quoting", Choice("standard", ""))
    for name, choices in seen.items():
        first = next(iter(choices), 0)
        for at, choice in choices.items():
            if choice.value != choices[first].value:
                several.refuse(
                    files, at, f"{files[at].name} has the {name} {choice.value!r}, and "
                    f"{files[first].name} {choices[first].value!r}", key,
                    "Expected files that are written in one way.",
                )  # fmt: skip
    kept = {name: next(iter(choices.values())) for name, choices in seen.items() if choices}
    usual = Dialect()
    return {name: one for name, one in kept.items() if one.value != getattr(usual, name)}


def suited(path: Path, known: Dialect) -> Dialect:
    """The dialect of another file: the known one, or its own where it is written otherwise."""
    with packing.opened(path) as file:
        head = file.read(SAMPLE)
    marked = head.startswith(tuple(MARKS))
    beyond = any(byte > 0x7F for byte in head) and _decodes(path, (), "utf-8")
    if marked or beyond or not _decodes(path, (), known.encoding):
        encoding, _ = _encoding(path, (), head)
        known = replace(known, encoding=encoding)
    lines = _lines(head, known.encoding, known)
    if known.delimiter != WHITESPACE and lines and len(_split(lines[0], known.delimiter)) == 1:
        known = replace(known, delimiter=_delimiter(lines)[0])
    return known


def _split(line: str, mark: str) -> list[str]:
    return next(csv.reader([line], delimiter=mark), [])


def encoding_of(head: bytes, decodes: Callable[[str], bool]) -> tuple[str, str] | None:
    """The encoding of bytes, with the reason; None, if none is certain.

    Args:
        head: The first of them.
        decodes: Whether all of them are in an encoding.
    """
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return ("utf-8" if name == "utf-8-sig" else name), "the file begins with its mark"
    if head and head.count(0) > 0.2 * len(head):
        odd = head[1::2].count(0) > head[::2].count(0)
        return ("utf-16-le" if odd else "utf-16-be"), "every other byte is zero"
    if decodes("utf-8"):
        return "utf-8", ""
    for name in EAST:
        if decodes(name) and has_letters(head, name):
            return name, f"it is no utf-8, and its letters are those of {name}"
    if decodes(WEST) and has_letters(head, WEST):
        text = head.decode(WEST, "ignore")
        accents = cut("".join(dict.fromkeys(c for c in text if c > "\x7f")), 20)
        return WEST, f"it is no utf-8, and {accents} stand among plain letters"
    return None


def has_letters(content: bytes, encoding: str) -> bool:
    """Whether the characters beyond ASCII are such as texts in `EAST` or `WEST` are of."""
    text = content.decode(encoding, "ignore")
    if encoding == WEST:
        return _is_western(text)
    letters = [c for c in text if c.isalpha() and c > "\x7f"]
    return bool(letters) and sum(map(EAST[encoding], letters)) > MOST * len(letters)


def _encoding(path: Path, key: Key, head: bytes) -> tuple[str, str]:
    """The encoding of a file, with the reason."""
    found = encoding_of(head, lambda name: _decodes(path, key, name))
    if found is not None:
        return found
    raise DataError(
        f"the encoding of {path} is not utf-8, and no other is certain. "
        f"Name it: `{to_line(('data', 'encoding'), 'latin-1')}`, or cp949, shift_jis, gb18030, "
        "big5, cp1251 … as whoever wrote the file says.",
        key=("data", "encoding"),
    )


def _first_byte(character: str, encoding: str) -> int:
    """The first byte of a character; 0, if an encoding has it not."""
    return next(iter(character.encode(encoding, "ignore")), 0)


def _is_western(text: str) -> bool:
    """Whether letters with accents stand among others, as in no text that was written otherwise."""
    beyond = [c for c in text if c > "\x7f"]
    signs = sum(1 for c in beyond if c.isalpha() or c in "€“”‘’–—…°§£½²³«»·×\u00a0")
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    plain = sum(1 for word in words for c in word if c.isascii())
    return signs > MOST * len(beyond) and plain >= 0.5 * sum(map(len, words))


def _decodes(path: Path, key: Key, encoding: str) -> bool:
    """Whether a whole file is in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with packing.opened(path, key) as file:
        try:
            while block := file.read(2**20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _lines(head: bytes, encoding: str, rest: Dialect) -> list[str]:
    """The whole lines at the beginning of a file, without those that are no rows."""
    text = codecs.getincrementaldecoder(encoding)("ignore").decode(head).lstrip("\ufeff")
    lines = text.splitlines()
    lines = lines[:-1] if len(head) == SAMPLE else lines
    kept = [line for line in lines[rest.skip :] if line.strip()]
    return [line for line in kept if not (rest.comment and line.startswith(rest.comment))][:500]


def _delimiter(lines: Sequence[str]) -> tuple[str, str]:
    """What stands between the fields: what divides most lines alike, into the most fields."""
    best, most = ",", 1
    for mark in DELIMITERS:
        lengths = _fields(lines, mark)
        width = lengths[0] if lengths else 1
        alike = sum(1 for length in lengths if length == width)
        if width > most and alike >= 0.95 * len(lengths):
            best, most = mark, width
    if best in (",", "\t") and (width := _blanks(lines)) > max(2, 2 * most):
        return WHITESPACE, f"blanks divide each line into {width} fields"
    return best, f"it divides the lines into {most} fields each" if most > 1 else ""


def _blanks(lines: Sequence[str]) -> int:
    """Into how many fields blanks divide each line, of which most are numbers; 0: they do not."""
    rows = [_split(re.sub(r"\s+", " ", line).strip(), " ") for line in lines]
    numbers = sum(is_number(word) for row in rows[1:20] for word in row)
    alike = {len(row) for row in rows} == {len(rows[0])}
    return len(rows[0]) if alike and numbers > len(rows[1:20]) else 0


def _fields(lines: Sequence[str], mark: str) -> list[int]:
    """How many fields each row has."""
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=mark, skipinitialspace=True)
    try:
        return [len(row) for row in reader if row]
    except csv.Error:
        return []
