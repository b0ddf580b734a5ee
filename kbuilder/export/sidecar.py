"""What stands beside an exported model: what goes in, what comes out, what it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

from kbuilder import catalog
from kbuilder.columns import Columns

# What TensorFlow takes as the name of an input of a signature.
VALID = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def input_names(columns: Columns) -> dict[str, str]:
    """The name of the signature's input by column: its own, where TensorFlow allows it."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns.features:
        name = column if VALID.fullmatch(column) else re.sub(r"[^A-Za-z0-9_.]+", "_", column)
        if not re.match(r"[A-Za-z0-9.]", name) or name == "self" or iskeyword(name):
            name = f"column{name}" if name.startswith("_") else f"column_{name}"
        free = (name, *(f"{name}_{number}" for number in range(2, 10_000)))
        # TensorFlow tells names apart only by their letters and digits, whatever their case.
        name = next(n for n in free if _plain(n) not in taken)
        taken.add(_plain(name))
        names[column] = name
    return names


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def entry(columns: Columns, names: Mapping[str, str], column: str) -> dict[str, Any]:
    """What one input takes, for `kbuilder.json`; integer categories with their vocabulary."""
    feature = columns.features[column]
    shape, dtype = feature.signature()
    kind = catalog.name_of(feature)
    known = getattr(feature, "vocabulary", None) if kind == "category" else None
    words = {} if known is None else {"vocabulary": list(known)}
    one = {"name": names[column], "column": column, "kind": kind}
    return {**one, "dtype": dtype, "shape": list(shape), **words}


def targets(columns: Columns) -> list[dict[str, Any]]:
    """What is predicted, for `kbuilder.json`: each task as learned, and how its outputs begin."""
    known = json.loads(columns.to_json())["targets"]
    prefixes = (columns.titled(output, "") for output in columns.outputs())
    return [{**it, "prefix": p} for it, p in zip(known, prefixes, strict=True)]


def write(file: Path, value: Any) -> None:
    """Write a value as JSON."""
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
