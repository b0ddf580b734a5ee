"""What was decided, in a few lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kbuilder.contracts import IN_DOUBT, Decision
from kbuilder.errors import on_one_line
from kbuilder.lines import dotted

WIDTH, LINES = 100, 18
"""Characters of a line, and lines, in which a fit says what was inferred."""
SEVERAL = 2
"""Columns of a kind whose reasons are said."""


def summary(decisions: Iterable[Decision]) -> list[str]:
    """What was inferred, in lines of `WIDTH`: one for each kind of column, those in doubt whole."""
    lines: list[str] = []
    kinds: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.key[0] != "features":
            named = decision.key[1:] if decision.key[0] == "task" else decision.key
            said = f"{brief(decision.value)} ({decision.reason})"
            lines.append(shortened(f"{dotted(named) or decision.key[0]}: {said}"))
        elif _is_whole(decision):
            lines.append(f"{dotted(decision.key)}: {decision.value} ({decision.reason})")
        elif len(decision.key) == 2:
            kinds.setdefault(str(decision.value), []).append(decision)
    for kind, columns in kinds.items():
        if len(columns) <= SEVERAL:
            each = (f"{dotted(d.key[1:])} ({d.reason.partition(';')[0]})" for d in columns)
            lines.append(shortened(f"{kind}: {', '.join(each)}"))
        else:
            names = ", ".join(dotted(d.key[1:]) for d in columns)
            lines.append(shortened(f"{kind}: {len(columns):,} columns: {names}"))
    more = len(lines) - LINES
    return [*lines[:LINES], f"… and {more} more"] if more > 1 else lines


def _is_whole(decision: Decision) -> bool:
    """Whether a decision of a column is printed whole: it is in doubt, or of several columns."""
    of_columns = len(decision.key) == 1 or decision.key[2:] == ("columns",)
    return of_columns or (len(decision.key) == 2 and IN_DOUBT in decision.reason)


def shortened(text: str) -> str:
    """Text cut to a line of the terminal, with two blanks before it."""
    text = on_one_line(text)
    return text if len(text) <= WIDTH - 2 else f"{text[: WIDTH - 3]}…"


def grouped(decisions: Iterable[Decision]) -> list[tuple[str, str]]:
    """A line for each column and section, with the line of a recipe that decides otherwise."""
    groups: dict[str, list[str]] = {}
    writes: dict[str, str] = {}
    decisions = list(decisions)
    tasks = {len(d.key) for d in decisions if d.key[0] == "task"}
    sizes = {"features": 2, "task": 2 if max(tasks, default=0) > 2 else 1}
    for decision in decisions:
        owner, field = _owner(decision, sizes)
        said = f"{field}{brief(decision.value)} ({decision.reason})"
        groups.setdefault(owner, []).append(said)
        writes.setdefault(owner, decision.write)
    return [(f"{owner}: {', '.join(said)}", writes[owner]) for owner, said in groups.items()]


def _owner(decision: Decision, sizes: Mapping[str, int]) -> tuple[str, str]:
    """The column, or the section, that a decision is of, and which field of it."""
    size = sizes.get(decision.key[0], len(decision.key))
    field = dotted(decision.key[size:])
    return dotted(decision.key[:size]), f"{field} " if field else ""


def brief(value: Any) -> str:
    """A value on one short line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        text = f"[{', '.join(brief(item) for item in value)}]"
    else:
        text = str(value)
    return text if len(text) <= 72 else text[:71] + "…"
