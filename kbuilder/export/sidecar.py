"""What stands beside an exported model: what goes in, what comes out, what it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbuilder import catalog
from kbuilder.columns import Columns
from kbuilder.contracts import Discerning, Watched, unlike
from kbuilder.tables.values import is_number


def entry(columns: Columns, names: Mapping[str, str], column: str) -> dict[str, Any]:
    """What one input takes, for `kbuilder.json`; integer categories with their vocabulary."""
    feature = columns.features[column]
    shape, dtype = feature.signature()
    known = feature.choices
    words: dict[str, Any] = {} if known is None else {"vocabulary": list(known)}
    if feature.holds == "sets":
        own: Any = feature
        words = {"labels": list(own.vocabulary), "separator": own.separator}
    watched = feature.watched() if isinstance(feature, Watched) else {}
    blanks = columns.blanks_of(column) or ()
    if "range" in watched:
        blanks = tuple(word for word in blanks if is_number(word) and float(word) == float(word))
    if words or (watched and blanks):
        words["missing"] = list(blanks)
    if isinstance(feature, Discerning):
        watched["unlike"] = unlike(feature)
    kinds = {"kind": catalog.name_of(feature), "holds": feature.holds}
    one = {"name": names[column], "column": column, **kinds}
    members = columns.members(column)
    together = {"columns": list(members)} if members else {}
    return {**one, "dtype": dtype, "shape": list(shape), **words, **watched, **together}


def targets(columns: Columns) -> list[dict[str, Any]]:
    """What is predicted, for `kbuilder.json`: each task as learned, and how its outputs begin."""
    known = json.loads(columns.to_json())["targets"]
    prefixes = (columns.titled(output, "") for output in columns.outputs())
    return [{**it, "prefix": p} for it, p in zip(known, prefixes, strict=True)]


def write(file: Path, value: Any) -> None:
    """Write a value as JSON."""
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
