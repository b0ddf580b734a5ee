"""What comes later is held back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator

from kbuilder import catalog
from kbuilder.contracts import Choice, Division, Feature, Strata, Timed
from kbuilder.errors import DataError, cut
from kbuilder.late import np
from kbuilder.lines import to_line
from kbuilder.refusals import refuse
from kbuilder.splits import _owners
from kbuilder.splits._folds import check, deal_later
from kbuilder.splits._holding import earlier, hold_latest, hold_latest_whole
from kbuilder.splits._owners import in_both, owners, without
from kbuilder.splits._shares import Shares
from kbuilder.tables.profile import profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import MISSING_INTEGER, kind_of, missing


class Time(Shares):
    """The latest rows are the test, those before them validation, and all before is training.

    Rows of one time are in one part.
    """

    column: str | None = None
    """The column of the time: dates, times, or numbers that grow with it; left out: the order of
    the rows, as of arrays whose later rows come last."""
    gap: Annotated[int, Field(ge=0)] = 0
    """So many different times, or rows without a column, before the validation and before the test
    are in no part; >= 0. Windows of w steps, each a step after the last, that predict h steps ahead
    reach into one another without a gap of w + h - 1."""
    format: Literal["ymd", "dmy", "mdy", "compact", "time", "ym", "my"] | None = None
    """The order of year, month and day, as `datetime` has it; left out: as the values have it."""
    group: str | None = None
    """A column whose values are each in one part too, so that some rows are in none: later rows of
    training groups, earlier ones of the others. It is no input, unless `features` names it."""

    @model_validator(mode="after")
    def _folds_have_no_groups(self) -> Any:
        if self.folds is not None and self.group is not None:
            line = {"by": "group", "column": self.group, "folds": self.count}
            raise refuse(
                ("folds",), "folds that follow one another in time have no whole groups. Expected "
                f"`split` without `group`, or `{to_line(('data', 'split'), line)}`", self.count,
            )  # fmt: skip
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        return (*filter(None, [self.column]), *self.keys)

    @property
    def keys(self) -> tuple[str, ...]:
        return () if self.group is None else (self.group,)

    @property
    def owner(self) -> str | None:
        return self.group

    def learn(
        self, table: Table, test: Table | None, features: Mapping[str, Feature]
    ) -> dict[str, Choice]:
        """The share of the test, and how the dates are written."""
        if self.group is not None:
            owners(table, self.group, "group")
        found = super().learn(table, test, features)
        if self.column is None:
            return found
        values = self._values(table)
        if self.format is None and kind_of(values) == "string":
            known = features.get(self.column)
            if not isinstance(known, Timed):
                known = catalog.find("features", "datetime")()
            format = cast(Timed, known).order(self.column, values)
            found["format"] = Choice(format, f"most values of {self.column} are written so")
        return found

    def divide(self, table: Table, strata: Strata, random: np.random.Generator) -> Division:
        """Cut where the shares are nearest."""
        times = self._times(table)
        known = None if self.group is None else owners(table, self.group, "group")
        parts = {"train": np.arange(len(table))}
        for part, share in self.shares().items():
            rows = parts["train"]
            parts["train"], parts[part] = (
                hold_latest(rows, share, times, self.gap)
                if known is None
                else hold_latest_whole(rows, share, times, known, self.gap)
            )
            what = f"{len(rows)} rows of {len(np.unique(times[rows]))} times"
            if known is not None:
                what += f" and {len(np.unique(known[rows]))} groups"
            what += f" with a gap of {self.gap}" if self.gap else ""
            self.check(part, share, parts["train"], parts[part], what)
        notes = () if known is None else without(known, cast(str, self.group))
        lost = len(table) - sum(map(len, parts.values()))
        causes = []
        if self.gap:
            what = "rows" if self.column is None else "times"
            causes.append(f"they are among the {self.gap:,} {what} before a part")
        if self.group is not None:
            causes.append(
                f"by their time they are of one part, and by their {self.group} of another"
            )
        if lost:
            notes += (f"{lost:,} rows are left out: {', or '.join(causes)}",)
        return Division(parts, (*notes, *self._undated(table)))

    def fold(self, table: Table, strata: Strata, random: np.random.Generator) -> list[Division]:
        """Each fold is judged by a network that was fitted on all rows before it, and no others."""
        times, rows = self._times(table), np.arange(len(table))
        if self.test:
            rows, _ = hold_latest(rows, self.test, times, self.gap)
        what = "different times, of which the first are in no fold,"
        check(self.count, max(0, len(np.unique(times[rows])) - 1), what)
        found = []
        for test in deal_later(rows, self.count, times):
            train = rows[earlier(times[rows], times[test].min(), self.gap)]
            parts = {"train": train, "test": test}
            what = f"{len(train)} rows before a fold"
            what += f", with a gap of {self.gap}," if self.gap else ""
            if self.validation:
                train, later = hold_latest(train, self.validation, times, self.gap)
                parts = {"train": train, "validation": later, "test": test}
                self.check("validation", self.validation, train, later, what)
            if not len(parts["train"]):
                raise DataError(
                    f"{what} are too few to learn from. Expected fewer folds, more rows, or a "
                    "smaller gap.", key=("data", "split", "folds"),
                )  # fmt: skip
            found.append(Division(parts))
        held = sum(len(division.rows["test"]) for division in found)
        note = f"{len(rows) - held:,} rows, the first, are held out in no fold: "
        note += "the network of the first fold learns from them"
        return [found[0]._replace(notes=(note,)), *found[1:]]

    def _undated(self, table: Table) -> tuple[str, ...]:
        """What is said where rows are divided by their order and a column has their times."""
        if self.column is not None:
            return ()
        found: Any = catalog.find("features", "datetime")
        for name, values in table.columns.items():
            if kind_of(values) == "string" and found.recognise(profile(values)) is not None:
                line = to_line(("data", "split"), {"by": "time", "column": name})
                return (
                    f"the rows are divided by their order in {table.origin}, and column {name!r} "
                    f"holds times. Write `{line}` to divide by it",
                )
        return ()

    def mixes(self, train: Table, held: Table, part: str) -> str | None:
        both = None if self.group is None else in_both(train, held, self.group, part)
        if self.column is None:
            return both
        times, later = self._times(train), self._times(held)
        if len(later) and times.max() >= later.min():
            before = int(np.sum(later <= times.max()))
            return f"{before:,} rows of {part} are not later than all rows of training"
        return both

    def script(self, table: Table, classes: bool, written: Callable[[Any], str]) -> tuple[str, ...]:
        """The times, and a line for each part."""
        values = "np.arange(len(train))"
        if self.column is not None:
            whole = table[self.column].dtype.kind in "iu"
            values = f"{'integers' if whole else 'numbers'}(rows[{self.column!r}])"
        if self.format is not None:
            layer = written(self._dates().layer())
            values = f"np.asarray({layer}.seconds(words(rows[{self.column!r}])))"
        call, given = "hold_latest", "times"
        if self.group is not None:
            call, given = "hold_latest_whole", f"times, {_owners.written(table, self.group)}"
        given += f", {self.gap}" if self.gap else ""
        return (
            f"times = {values}",
            *(
                f"train, {part} = {call}(train, {share!r}, {given})"
                for part, share in self.shares().items()
            ),
        )

    def _dates(self) -> Any:
        """A feature that reads the dates, and makes nothing else of them."""
        found: Any = catalog.find("features", "datetime")
        return found(format=self.format, parts=("elapsed",), mean=0.0, scale=1.0, indicator=False)

    def _values(self, table: Table) -> np.ndarray:
        name = cast(str, self.column)
        return table.only([name], key=("data", "split", "column"))[name]

    def _times(self, table: Table) -> np.ndarray:
        """A number that grows with the time. (rows,)

        Raises:
            DataError: if a row has none.
        """
        if self.column is None:
            return np.arange(len(table))
        values = self._values(table)
        times = values
        if self.format is not None:
            times = self._dates().seconds(self.column, values)
        if times.ndim > 1 or times.dtype.kind not in "iuf":
            raise DataError(
                f"column {self.column!r} has neither dates nor numbers in it. Expected the time "
                "of each row.", key=("data", "split", "column"),
            )  # fmt: skip
        gone = missing(times) | (times == MISSING_INTEGER)
        if gone.any():
            row = int(gone.argmax())
            lost = values[row] is None or bool(missing(values[row : row + 1])[0])
            what = "is empty" if lost else f"is {cut(str(values[row]))!r}, which is no date or time"
            raise DataError(
                f"column {self.column!r} {what} in {table.row(row)}, so that nobody knows whether "
                "the row comes before the others. Expected a time in each row; fill it in, or "
                "remove the row.", key=("data", "split", "column"), row=row,
            )  # fmt: skip
        return times
