"""What a card says of the rows that a model comes of: no folder, and no password."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kbuilder import catalog
from kbuilder.errors import hidden
from kbuilder.reporting.markdown import code, plain, table, words
from kbuilder.runs.run_folder import Record

MOST = 50
"""Findings that are shown, at most."""


def lines(record: Record) -> Iterator[str]:
    """The lines of the section."""
    data = record.recipe.data
    given = data.model_dump(mode="json")  # type: ignore[attr-defined]  # it is a Spec
    paths = _paths(given)
    named = [Path(one).name for one in paths] or list(filter(None, [given.get("name")]))
    own = f": {words(named)}" if named else ""
    yield f"- Source: {code(catalog.name_of(data))}{own}. `recipe.yaml` of the run says more."
    split = {name: value for name, value in given["split"].items() if value not in (None, {})}
    told = ", ".join(f"{name} {_short(value)}" for name, value in split.items())
    way = (inspect.getdoc(type(data.split)) or "").partition("\n\n")[0].replace("\n", " ")
    yield f"- Divided: {plain(told)}. {plain(way)}"
    if record.columns.weight is not None:
        yield f"- Rows are weighed by {code(record.columns.weight)}."
    if record.columns.ignored:
        yield f"- Columns that are not used: {words(record.columns.ignored)}."
    for one in record.decisions:
        if one.key[0] == "data":
            why = _bare(f"{one.path}: {_short(one.value)} ({one.reason})", paths)
            yield f"- Inferred: {plain(why)}"
    counts = record.splits["rows"].items()
    yield from table(["part", "rows"], ([code(name), f"{count:,}"] for name, count in counts))
    if not record.findings:
        yield "Nothing in the rows looks wrong to the checks."
        return
    yield "What looks wrong in them, or should be known:\n"
    for finding in record.findings[:MOST]:
        yield f"- {code(finding.check)}: {plain(_bare(finding.message, paths))}"
    if len(record.findings) > MOST:
        yield f"- {len(record.findings) - MOST:,} more, in `findings.json` of the run."


def _paths(given: Mapping[str, Any]) -> list[str]:
    """The files and folders that a source names."""
    found: list[str] = []
    for name, value in given.items():
        if name == "path" or name.endswith("_path"):
            found += [value] if isinstance(value, str) else value or []
    return found


def _short(value: Any) -> str:
    """A value of a recipe as text, the same before and after it was saved."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _bare(said: str, paths: list[str]) -> str:
    """A text without passwords, and without the folders of the source."""
    for path in sorted(paths, key=len, reverse=True):
        folder, name = Path(path).parent, Path(path).name
        said = said.replace(path, name)
        if folder.is_absolute() and folder.name:
            said = said.replace(f"{folder}/", "")
    return hidden(said)
