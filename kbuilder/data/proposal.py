"""A recipe for rows that have none: each decision is written out, with its reason beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbuilder import catalog, engine
from kbuilder.building.choosing import DEFAULTS
from kbuilder.contracts import Choice, Decision, Settling
from kbuilder.data import dataset, kinds
from kbuilder.data.dataset import Dataset
from kbuilder.data.words import also_missing
from kbuilder.errors import (
    CallError,
    DataError,
    RecipeError,
    listed,
    nearest,
    neighbour,
    on_one_line,
)
from kbuilder.lines import to_line
from kbuilder.recipe.reading import parse
from kbuilder.spec import given
from kbuilder.tables.amounts import written_otherwise
from kbuilder.tables.profile import profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number, missing

USUAL = (
    "target", "label", "labels", "churn", "churned", "survived", "diagnosis", "fraud", "sentiment",
    "saleprice", "species", "outcome", "answer", "response", "y", "class", "result", "default",
)  # fmt: skip
"""What people call the column to predict, the likeliest first."""
UNSURE = 100
"""Columns that are left out for what is wrong with them, at most."""

Asking = Callable[[Sequence[str], Choice], str]
"""Given the columns and a proposal, which column is to be predicted."""


def propose(path: Path, targets: Sequence[str], folder: Path, ask: Asking | None = None) -> str:
    """The text of a recipe.

    Args:
        path: The file with the rows, or the folder.
        targets: What to predict; none: it is asked for, or proposed.
        folder: Where the recipe will stand, from which it names the file.
        ask: Asks for the target; None: there is nobody to ask.

    Raises:
        DataError: if the rows cannot be read, or nothing can be predicted from them.
    """
    if not path.exists():
        raise CallError(
            f"there is no file {path}. Expected a table, or a folder of pictures.",
            suggestion=neighbour(path),
        )
    data: dict[str, Any] = {"path": os.path.relpath(path.absolute(), folder.absolute())}
    reasons: dict[str, str] = {}
    table = _table(data, folder)
    if table is not None:
        target = Choice(list(targets), "")
        if not targets:
            target = proposed(table)
            if ask is not None:
                target = Choice([ask(list(table.columns), target)], "")
            else:
                target = Choice([target.value], f"proposed: {target.reason}")
        for name in target.value:
            if name not in table.columns:
                raise CallError(
                    f"{table.origin} has no column {name!r}. It has: {listed(table.columns)}."
                    + (f" Did you mean {near!r}?" if (near := nearest(name, table.columns)) else "")
                )
        data["target"] = target.value[0] if len(target.value) == 1 else list(target.value)
        reasons["target"] = target.reason
    prepared = _prepared(data, reasons, folder, table)
    return "\n".join(_lines(data, reasons, prepared)) + "\n"


def _table(data: dict[str, Any], folder: Path) -> Table | None:
    """The rows, before it is known what to predict; None: their source says that itself."""
    try:
        parse(to_line(("data",), data), folder=folder)
    except RecipeError as error:
        recipe = parse(to_line(("data",), {**data, "target": "target"}), folder=folder)
        if not isinstance(recipe.data, Settling):
            raise CallError(f"no recipe can be proposed for {data['path']}: {error}") from None
        return dataset.settled(recipe)[0].data.load()[0]
    return None


def proposed(table: Table) -> Choice:
    """The column that is most likely the one to predict, and why.

    Raises:
        DataError: if none can be.
    """
    names = list(table.columns)
    simple = {name: re.sub(r"[^a-z]", "", name.lower()) for name in names}
    usual = sorted((n for n in names if simple[n] in USUAL), key=lambda n: USUAL.index(simple[n]))
    ways = [
        *((name, "its name is a usual one for that") for name in usual),
        (names[-1], "it is the last column"), (names[0], "it is the first column"),
        *((name, "it could be predicted") for name in names),
    ]  # fmt: skip
    for name, reason in ways:
        if kinds.matches("tasks", profile(table[name])) or "decimal" in _way(table, name):
            return Choice(name, reason)
    raise DataError(
        f"no column of {table.origin} can be predicted: none repeats, or is of numbers."
    )


def _prepared(
    data: dict[str, Any], reasons: dict[str, str], folder: Path, table: Table | None
) -> Dataset:
    """The rows as the recipe prepares them; what is wrong with a column goes into the recipe."""
    for _ in range(UNSURE):
        recipe = parse(to_line(("data",), data), folder=folder)
        try:
            looked = dataset.look(recipe)
            engine.load_quietly()
            return dataset.prepare(looked)
        except DataError as error:
            key = error.problem.key
            said = error.problem.message.partition("\n")[0]
            name = str(data["target"]) if key == ("data", "target") else str(key[-1])
            if table is None or name not in table.columns:
                raise DataError(said) from None
            way = _way(table, name)
            marks = {"decimal": ".", "thousands": None, **data, **way}
            agree = marks["decimal"] != marks["thousands"]
            if way and not way.keys() <= data.keys() and agree:
                data.update(way)
                reasons.update(dict.fromkeys(way, f"column {name!r} is written so"))
            elif key[:1] != ("features",):
                raise DataError(said) from None
            else:
                data["ignore"] = [*data.get("ignore", ()), name]
                reasons[f"ignore {name}"] = said
    raise DataError(f"{UNSURE} columns of {data['path']} are not as they should be.")


def _way(table: Table, column: str) -> dict[str, Any]:
    """How numbers that are words are meant to be read, where there is one way only."""
    values = table[column]
    words = list(dict.fromkeys(str(word) for word in values[~missing(values)].tolist()))
    ways = written_otherwise(words)
    if len(ways) == 1:
        return dict(ways[0])
    odd = [word for word in words if not is_number(word)]
    if odd and len(odd) < len(words) and not any(re.search(r"\w", word) for word in odd):
        return {"missing": also_missing(table, odd)}
    return {}


def _lines(data: dict[str, Any], reasons: dict[str, str], prepared: Dataset) -> Iterator[str]:
    said = {decision.key: decision for decision in prepared.decisions}
    yield "# Proposed by `kbuilder init`; every line may be changed."
    for finding in prepared.findings:
        yield f"# Warning: {on_one_line(finding.message)}"
    yield "data:"
    yield from (f"  {line}" for line in _data_lines(data, reasons, prepared, said))
    tasks = {
        key[1:]: decision
        for key, decision in said.items()
        if key[0] == "task" and decision.value in catalog.names("tasks")
    }
    yield from _each("task", {name: (d.value, d.reason) for name, d in tasks.items()})
    forms = dict.fromkeys(feature.form for feature in prepared.columns.features.values())
    models = {form: (DEFAULTS[form], f"there are {form} features") for form in forms}
    yield from _each("model", {(f,) if len(models) > 1 else (): one for f, one in models.items()})
    yield "features:"
    if ("features",) in said:
        together = said["features",]
        yield f"  # {on_one_line(f'{together.value}: {together.reason}')}"
    for name, feature in prepared.recipe.features.items():
        kind, written = catalog.name_of(feature), given(feature)
        decision = said.get(("features", name))
        value = {"kind": kind, **written} if written else kind
        yield f"  {_line(name, value, decision.reason if decision else '')}"


def _data_lines(
    data: dict[str, Any],
    reasons: dict[str, str],
    prepared: Dataset,
    said: dict[tuple[str, ...], Decision],
) -> Iterator[str]:
    """The section `data`."""
    for name, value in data.items():
        if name != "ignore":
            yield _line(name, value, reasons.get(name, ""))
    ignored = {name: reasons[f"ignore {name}"] for name in data.get("ignore", ())}
    for key, decision in said.items():
        if len(key) == 2 and key[0] == "data" and decision.write and key[1] not in data:
            yield _line(key[1], decision.value, decision.reason)
        if len(key) == 2 and key[0] == "features" and key[1] in prepared.recipe.data.ignore:
            ignored[key[1]] = decision.reason
    if ignored:
        yield "ignore:"
        yield from (f"  - {to_line(('x',), name)[3:]}{_why(why)}" for name, why in ignored.items())
    known = ("data", "split", "validation")  # the source may have rows of its own for it
    held = said[known].value if known in said else 0.1
    shares = {"validation": held, "test": prepared.recipe.data.split.test}
    test = said.get(("data", "split", "test"))
    yield _line("split", shares, f"of test: {test.reason}" if test else "")


def _each(section: str, values: Mapping[Any, tuple[Any, str]]) -> Iterator[str]:
    """A section of one value, whose key is (), or with a line for each."""
    if () in values:
        yield _line(section, *values[()])
    elif values:
        yield f"{section}:"
        yield from (f"  {_line(name[0], *value)}" for name, value in values.items())


def _line(name: str, value: Any, reason: str) -> str:
    return f"{to_line((name,), value)}{_why(reason)}"


def _why(reason: str) -> str:
    return f"  # {on_one_line(reason)}" if reason else ""
