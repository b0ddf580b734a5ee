"""Where each value of a recipe stands: the way from a key to a line, a column and an excerpt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kbuilder.errors import Key, Problem


@dataclass(frozen=True)
class Spot:
    """A stretch of one line, both numbers counted from 0."""

    line: int
    column: int
    width: int = 1


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
        for length in range(len(problem.key), -1, -1):
            key = problem.key[:length]
            if key in self.overrides:
                return replace(problem, place=f"-o {self.overrides[key]}")
            spots = self.keys if at_key or length < len(problem.key) else self.values
            spot = spots.get(key) or self.values.get(key)
            if spot is not None:
                return self.mark(problem, spot)
        return replace(problem, place=self.name)

    def mark(self, problem: Problem, spot: Spot) -> Problem:
        """`problem` at `spot`, with the line and a mark under it."""
        number = str(spot.line + 1)
        place = f"{self.name}:{number}:{spot.column + 1}"
        text = self.lines[spot.line] if spot.line < len(self.lines) else ""
        # Long lines are cut, and control characters kept from the terminal.
        shown = "".join(c if c.isprintable() else " " for c in text)[:160]
        width = max(1, min(spot.width, len(shown) - spot.column))
        excerpt = (
            f"    {number} | {shown}\n    {' ' * len(number)} | {' ' * spot.column}{'^' * width}"
        )
        return replace(problem, place=place, excerpt=excerpt if shown.strip() else None)

    def order(self, problem: Problem) -> tuple[int, int]:
        """Where the problem stands in the file, for sorting."""
        for length in range(len(problem.key), -1, -1):
            key = problem.key[:length]
            spot = self.keys.get(key) or self.values.get(key)
            if spot is not None:
                return spot.line, spot.column
        return 0, 0
