"""A recipe whose rows are windows of series: which columns they have, and how they are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from kbuilder import catalog
from kbuilder.contracts import Decision, Following
from kbuilder.data import examples, window_choices
from kbuilder.data import panel as panels
from kbuilder.data.examples import AHEAD, PAST, Windows
from kbuilder.data.panel import Axes, Panel, named
from kbuilder.errors import DataError, listed
from kbuilder.lines import to_line
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.spec import given
from kbuilder.tables.table import Table

SPLIT = ("data", "split")
TASK = ("task",)


@dataclass(frozen=True)
class Framed:
    """A recipe whose rows are windows.

    Args:
        recipe: With all that was left open of them.
        table: The windows.
        windows: What they are made of; None: the rows are no series, and the table is as it was.
        decisions: What was chosen, with reasons.
    """

    recipe: Recipe
    table: Table
    windows: Windows | None
    decisions: tuple[Decision, ...] = ()


def framed(recipe: Recipe, table: Table, others: bool) -> Framed:
    """The windows of the rows of a recipe, if its task follows series.

    Args:
        recipe: The recipe.
        table: The rows to learn from.
        others: Whether the source has rows of its own for validation or test.

    Raises:
        DataError: if one of time and task is there without the other, or the rows are no series.
    """
    axes, task = examples.axes_of(recipe.data), recipe.task
    if not isinstance(task, Following):
        if axes is not None and axes.series is None:
            line = to_line(TASK, {"name": "forecasting", "horizon": 12})
            raise DataError(
                f"data.time says that the rows are a series, and nothing forecasts it. Expected "
                f"`{line}`; `data.series`, the column whose rows are one sequence; or no "
                "data.time.", key=panels.TIME,
            )  # fmt: skip
        return Framed(recipe, table, None)
    if axes is None:
        raise DataError(
            "the next steps of a series are to be forecast, and no column says when a row was. "
            f"Expected `{to_line(panels.TIME, _likely(table))}`.", key=panels.TIME,
        )  # fmt: skip
    _expect_plain(recipe, axes, others)
    panel = panels.panel_of(table, axes, task)
    target = recipe.data.target[0]
    roles = _Roles.of(recipe, table, axes, panel)
    windows = examples.windows_of(table, axes, task, target, (target, *roles.past), panel)
    choices = window_choices.choices(windows)
    chosen = task.model_copy(update={name: choice.value for name, choice in choices.items()})
    windows = replace(windows, task=chosen)
    known = [Decision((*TASK, name), *choice, to_line(TASK, {
        "name": catalog.name_of(task), **given(task), name: choice.value,
    })) for name, choice in choices.items()]  # fmt: skip
    known += [Decision(panels.TIME, str(panel.frequency), note) for note in panel.notes if note]
    origins = windows.origins()
    known += _short(windows, origins)
    made = windows.table(origins)
    features, also = _features(recipe, windows)
    data, said = _data(recipe, windows, made, roles, features)
    resolved = recipe.model_copy(update={"data": data, "features": features, "task": chosen})
    rows = f"{len(table):,} rows"
    many = Decision(TASK, f"{len(made):,} windows", f"of {len(panel.names):,} series, {rows}")
    return Framed(resolved, made, windows, (*known, many, *roles.decisions, *said, *also))


def _likely(table: Table) -> str:
    """A column that may have the time."""
    dates: Any = catalog.find("features", "datetime")
    from kbuilder.tables.profile import profile

    for name, values in table.columns.items():
        if values.ndim == 1 and dates.recognise(profile(values)) is not None:
            return name
    return "date"


def _expect_plain(recipe: Recipe, axes: Axes, others: bool) -> None:
    """Refuse what does not go with windows."""
    if len(recipe.data.target) > 1:
        raise DataError(
            f"{listed(recipe.data.target)} are to be forecast together. Expected one target; the "
            "others may be inputs, and have runs of their own.", key=examples.TARGET,
        )  # fmt: skip
    if weight_of(recipe.data) is not None:
        raise DataError(
            "the rows of a series have no weights: windows overlap, and a row is in many. Expected "
            "no data.weight.", key=("data", "weight"),
        )  # fmt: skip
    if others:
        raise DataError(
            "a series is divided by its time, and the source has rows for validation or test of "
            "its own. Expected all rows in data.path, the later ones behind the earlier ones.",
            key=("data",),
        )
    for name in filter(None, axes):
        if name in recipe.data.target:
            raise DataError(f"column {name!r} says where a row belongs, and is the target. "
                            "Expected another column.", key=examples.TARGET)  # fmt: skip
    split = recipe.data.split
    by_time: Any = catalog.find("splits", "time")
    if not isinstance(split, by_time) and "split" in recipe.data.model_fields_set:  # type: ignore[attr-defined]
        shares = {k: v for k, v in given(split).items() if k in ("validation", "test")}
        line = to_line(SPLIT, {"by": "time", **shares})
        raise DataError(
            f"windows of a series overlap, and by {catalog.name_of(split)} some of training would "
            f"hold what others are to forecast. Expected `{line}`, or no data.split.", key=SPLIT,
        )  # fmt: skip
    task, folds = cast(Following, recipe.task), getattr(split, "folds", None)  # not all have them
    rolled = None if task.backtest is None else task.backtest.windows
    if folds is not None and folds.count != rolled:
        line = panels.line_of(task, backtest={"windows": rolled or folds.count})
        raise DataError(
            "the rows of a series are in folds, and those between two would be forecast by what "
            f"came after them. Expected no folds; `{line}` forecasts from one step after another.",
            key=(*SPLIT, "folds"),
        )
    if rolled and getattr(split, "test", None):
        raise DataError(
            f"the last windows are to be a test, and forecast from {rolled} origins in turn. "
            "Expected one of the two: no data.split.test, or no task.backtest.",
            key=(*SPLIT, "test"),
        )
    if isinstance(split, by_time) and getattr(split, "column", None) not in (None, axes.time):
        raise DataError(
            f"the series goes by {axes.time!r}. Expected the same column in data.split, or none.",
            key=(*SPLIT, "column"),
        )


@dataclass(frozen=True)
class _Roles:
    """What the columns are to a window.

    Args:
        past: Those that change from step to step, but for the target.
        static: Those that a series has one value of.
        useless: Those that say nothing.
    """

    past: tuple[str, ...]
    static: tuple[str, ...]
    useless: tuple[str, ...]
    decisions: tuple[Decision, ...]

    @classmethod
    def of(cls, recipe: Recipe, table: Table, axes: Axes, panel: Panel) -> _Roles:
        """By what the recipe says, and by the values."""
        data, task = recipe.data, cast(Following, recipe.task)
        for name in task.known:
            table.only([name], key=("task", "known"))
        table.only(data.ignore, key=("data", "ignore"))
        known = recipe.features.get(PAST)
        members = tuple(getattr(known, "members", ()))
        taken = {*axes, *data.target, *data.ignore}
        past: list[str] = []
        static: list[str] = []
        useless: list[str] = []
        for name, values in table.columns.items():
            if name in taken or (name in recipe.features and name not in members):
                if name in recipe.features and name not in axes:
                    static.append(name)
                continue
            if _is_static(values, panel):
                (static if axes.series is not None else useless).append(name)
                continue
            past.append(name)
        both = [name for name in (PAST, AHEAD) if name in table.columns]
        if both:
            raise DataError(
                f"{table.origin} has a column {both[0]!r}, which is what the steps of a window are "
                "called. Expected another name.", key=("data",),
            )  # fmt: skip
        for name in static:
            if not _is_static(table[name], panel):
                raise DataError(
                    f"column {name!r} changes from step to step. Expected numbers that are no "
                    f"feature of their own: they are part of the window as they are; or "
                    f"`{to_line(('data', 'ignore'), [name])}`.", key=("features", name),
                )  # fmt: skip
        said = [
            Decision(("features", name), "ignored", "it has one value only",
                     to_line(("data", "ignore"), [name]))
            for name in useless
        ]  # fmt: skip
        return cls(tuple(past), tuple(static), tuple(useless), tuple(said))


def _is_static(values: np.ndarray, panel: Panel) -> bool:
    """Whether each series has one value."""
    if values.ndim > 1:
        return False
    there = panel.rows >= 0
    return not panels.changes(values[panel.rows[there]], panel.owners[there]).any()


def _short(windows: Windows, origins: np.ndarray) -> list[Decision]:
    """Series that give no window."""
    panel = windows.panel
    if not len(origins):
        raise DataError(
            f"{panel.table.origin} has no window of {windows.task.window} steps whose following "
            f"{windows.reach} are known. Expected a shorter horizon or window.",
            key=("task", "horizon"),
        )
    having = set(panel.owners[origins].tolist())
    gone = [series for series in range(len(panel.names)) if series not in having]
    if not gone:
        return []
    needs = cast(int, windows.task.window) + windows.reach
    value = f"{len(gone):,} series left out"
    return [Decision(panels.SERIES, value, f"they have no {needs} steps: {named(panel, gone)}")]


def _data(
    recipe: Recipe, windows: Windows, made: Table, roles: _Roles, features: Mapping[str, Any]
) -> tuple[Any, list[Decision]]:
    """The source with a split by time, and columns that are no inputs."""
    axes, task = windows.axes, windows.task
    time: Any = catalog.find("splits", "time")
    split: Any = recipe.data.split
    if not isinstance(split, time):
        split = time()
    stride = task.stride or 1
    gap = -(-task.horizon // stride) - 1
    format = None if made[axes.time].dtype.kind in "iu" else "ymd"
    update = {"column": axes.time, "gap": max(gap, split.gap), "format": format}
    if task.backtest is not None:
        update |= {"folds": time(folds=task.backtest.windows).folds, "test": 0.0}
    split = split.model_copy(update=update)
    why = "later windows are held back, and none of training forecasts what they do"
    line = to_line(SPLIT, {"by": "time", "column": axes.time})
    said = [Decision((*SPLIT, "by"), "time", why, line)]
    if gap > 0:
        said.append(Decision((*SPLIT, "gap"), split.gap, f"a horizon of {task.horizon} steps"))
    apart = [name for name in axes if name is not None and name not in features]
    if axes.series in apart:
        line = to_line(("features", axes.series), "category")
        why = f"all series share one network, which is not told which it sees; `{line}` tells it"
        said.append(Decision(("features", axes.series), "ignored", why, line))
    ignored = [*recipe.data.ignore, *roles.useless, *apart]
    data = recipe.data.model_copy(  # type: ignore[attr-defined]  # every source is a Spec
        update={"split": split, "ignore": tuple(dict.fromkeys(ignored))}
    )
    return data, said


def _features(recipe: Recipe, windows: Windows) -> tuple[dict[str, Any], list[Decision]]:
    """The features of a window, but for those that are inferred like any."""
    array: Any = catalog.find("features", "array")
    features = dict(recipe.features)
    said = []
    if PAST not in features:
        features[PAST] = array(masking="none", members=windows.past)
        names = listed(windows.past, 6)
        said.append(Decision(
            ("features", PAST), f"{windows.task.window} steps", f"of each step: {names}",
        ))  # fmt: skip
    if windows.task.known and AHEAD not in features:
        features[AHEAD] = array(masking="none", members=windows.task.known)
        names = listed(windows.task.known, 6)
        why = f"of each step that is forecast: {names}"
        said.append(Decision(("features", AHEAD), f"{windows.task.horizon} steps", why))
    time = windows.axes.time
    parts = window_choices.parts_of_dates(windows)
    if time not in features and parts and time not in recipe.data.ignore:
        features[time] = catalog.find("features", "datetime")(format="ymd", parts=parts)
        why = "of the last step known: they come again after more steps than a window has"
        line = to_line(("data", "ignore"), [time])
        said.append(Decision(("features", time), listed(parts), why, line))
    return features, said
