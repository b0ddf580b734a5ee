"""What looks wrong in the rows: columns that give the target away, rows that come twice, and more.

Each check gives findings, with the line to write; `data.checks` says what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kbuilder import progress
from kbuilder.contracts import Finding, Following
from kbuilder.data import array_checks, column_checks, leak_checks, row_checks
from kbuilder.data.seen import Seen
from kbuilder.errors import DataError
from kbuilder.lines import to_line
from kbuilder.recipe.checks import DEFAULTS, Check

OVERLAPPING = ("padding", "repeated_rows", "overlap", "alike")
"""Checks of rows that have nothing to do with one another, as windows of a series have."""


def check(seen: Seen) -> tuple[Finding, ...]:
    """What the checks find, the errors apart.

    Raises:
        DataError: with all findings that are errors.
    """
    verdicts = {**DEFAULTS, **getattr(seen.recipe.data, "checks", {})}  # not every source has it
    series = any(isinstance(task, Following) for _, task in seen.targets)
    found: list[Finding] = []
    with progress.stage("checking the rows", len(CHECKS), "checks") as stage:
        for name, look in CHECKS.items():
            skipped = series and name in OVERLAPPING
            if verdicts.get(name, "warn") != "ignore" and not skipped:
                found += look(seen)
            stage.advance()
    wrong = [one for one in found if one.sure and verdicts.get(one.check, "warn") == "error"]
    if wrong:
        allow = ", ".join(dict.fromkeys(
            f"`{to_line(('data', 'checks'), {one.check: 'warn'})}`" for one in wrong
        ))  # fmt: skip
        said = "\n".join(one.message for one in wrong)
        raise DataError(f"{said}\nIf all is as it should be, write {allow}.", key=wrong[0].key)
    return tuple(found)


def _far_off(seen: Seen) -> Iterator[Finding]:
    yield from column_checks.far_off_numbers(seen)
    yield from array_checks.far_off_places(seen)


CHECKS: Mapping[Check, Callable[[Seen], Iterator[Finding]]] = {
    "leak": leak_checks.leak, "sum": leak_checks.sums, "ids": column_checks.ids,
    "dates": column_checks.dates,
    "missing_words": column_checks.missing_words, "spelling": column_checks.spelling,
    "far_off": _far_off, "constant": array_checks.constant,
    "padding": array_checks.padding, "rare_classes": row_checks.rare_classes,
    "repeated_rows": row_checks.repeated_rows, "overlap": row_checks.overlap,
    "series": row_checks.series,
    "alike": array_checks.alike, "shift": column_checks.shift, "split": row_checks.split,
    "unread": row_checks.unread,
}  # fmt: skip
"""The checks, in the order in which their findings are said."""
