"""Where each value of a recipe stands: the way from a key to a line, a column and an excerpt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from unicodedata import combining, east_asian_width

from kbuilder.errors import Key, Problem, hidden

WIDTH = 120  # characters of a line that an excerpt shows
BEFORE = 60  # of which so many stand before the mark, where the line is cut at its start


@dataclass(frozen=True)
class Spot:
    """A stretch of one line, both numbers counted from 0."""

    line: int
    column: int
    width: int = 1


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text as YAML 1.2 counts them; str.splitlines knows more ends of a line."""
    return tuple(re.split("\r\n|\r|\n", text))


@dataclass(frozen=True)
class Origin:
    """A recipe's text, with the spot of every key and every value.

    Args:
        name: The file, as the user named it.
        lines: The text, a line each.
        keys, values: Spots by the way to the value.
        overrides: The text of the `-o` option by the way to the value that it set.
    """

    name: str
    lines: tuple[str, ...]
    keys: dict[Key, Spot] = field(default_factory=dict)
    values: dict[Key, Spot] = field(default_factory=dict)
    overrides: dict[Key, str] = field(default_factory=dict)

    def locate(self, problem: Problem, *, at_key: bool = False) -> Problem:
        """`problem` with its place and excerpt; the nearest enclosing value where it has none.

        Args:
            problem: What is wrong; `key` says where.
            at_key: Mark the key rather than its value.
        """
        written = self.written(problem.key)
        for length in range(len(written), -1, -1):
            key = written[:length]
            if key in self.overrides:
                return self.option(problem, self.overrides[key])
            spots = self.keys if at_key or length < len(written) else self.values
            spot = spots.get(key) or self.values.get(key)
            if spot is not None:
                return self.mark(problem, spot)
            within = [text for way, text in self.overrides.items() if way[:length] == key]
            if within:  # the option has made this mapping
                return self.option(problem, within[0])
        return replace(problem, place=self.name)

    def written(self, key: Key) -> Key:
        """The way to a value without the names that were left out: `branches: [[…], […]]` has the
        list of `branches: {layers: [[…], […]]}` by itself."""
        way: Key = ()
        for part, inner in zip(key, (*key[1:], None), strict=False):
            left_out = (*way, part) not in self.values and (*way, inner) in self.values
            way = way if left_out else (*way, part)
        return way

    def point(self, problem: Problem) -> Problem:
        """`problem` of the data at its line; that of a column which is not listed, at the data."""
        key = problem.key
        listed = key[:2] in self.values or key[:2] in self.overrides
        if key[:1] == ("features",) and not listed:
            key = ("data", "path")
        return replace(self.locate(replace(problem, key=key)), key=problem.key)

    def option(self, problem: Problem, setting: str) -> Problem:
        """`problem` at an option of the command line."""
        setting = hidden(setting)
        shown = setting if len(setting) <= WIDTH else setting[:WIDTH] + "…"
        return replace(problem, place=f"-o {shown}", excerpt=None)

    def mark(self, problem: Problem, spot: Spot) -> Problem:
        """`problem` at `spot`, with the line and a mark under it."""
        number = str(spot.line + 1)
        place = f"{self.name}:{number}:{spot.column + 1}"
        text = hidden(self.lines[spot.line]) if spot.line < len(self.lines) else ""
        # Control characters are kept from the terminal, and long lines cut around the mark.
        shown = "".join(c if c.isprintable() else " " for c in text)
        start = max(0, spot.column - BEFORE) if len(shown) > WIDTH else 0
        before, rest = shown[start : spot.column], shown[spot.column : start + WIDTH]
        cut = "…" if start else ""
        shown = cut + before + rest + ("…" if len(shown) > start + WIDTH else "")
        indent = " " * _columns(cut + before)
        mark = "^" * max(1, _columns(rest[: spot.width]))
        excerpt = f"    {number} | {shown}\n    {' ' * len(number)} | {indent}{mark}"
        return replace(problem, place=place, excerpt=excerpt if shown.strip() else None)

    def order(self, problem: Problem) -> tuple[bool, tuple[int, ...]]:
        """Where a located problem stands, for sorting: the file from the top, then options."""
        numbers = (problem.place or "").removeprefix(f"{self.name}:").split(":")
        in_file = len(numbers) == 2 and all(number.isdecimal() for number in numbers)
        return not in_file, tuple(map(int, numbers)) if in_file else ()


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide character, none for an accent."""
    return sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)
