"""How a plain script reads a folder of class folders."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from kbuilder.tables.layout import LEAVINGS, is_leaving, one_form

IMPORTS = ("import unicodedata", "from pathlib import Path")
WIDTH = 92
"""Characters of a line of words."""


def reading(
    column: str, many: str, endings: Sequence[str], classes: Sequence[str] | None, read: str,
    join: str = "objects",
) -> str:  # fmt: skip
    """The functions that read the files and the names of their class folders, in our order.

    Args:
        column: The column of what the files hold.
        many: What they hold, for people.
        endings: What their names end in.
        classes: The class folders that are read; None: all.
        read: An expression of what `file` holds.
        join: The function that makes a column of what all hold.
    """
    names = None if classes is None else [one_form(name) for name in classes]
    chosen = "" if names is None else "\n        and one_form(inner.name) in CLASSES"
    known: dict[str, Sequence[str]] = {"LEAVINGS": LEAVINGS, "ENDINGS": tuple(endings)}
    known |= {} if names is None else {"CLASSES": names}
    constants = "\n".join(
        "\n".join([f"{name} = (", *_lines(values), ")"]) for name, values in known.items()
    )
    return f'''{constants}


{_plain(is_leaving)}


{_plain(one_form)}


def walk(path, above):
    """The files in a folder and in all folders within, in order; no link leads to one above."""
    here = path.resolve()
    for entry in sorted(path.iterdir()) if here not in above else []:
        if entry.is_dir() and not is_leaving(entry):
            yield from walk(entry, {{*above, here}})
        elif not is_leaving(entry):
            yield entry


def objects(values):
    """Values of any kind as a column."""
    rows = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        rows[row] = value
    return rows


def read(folder):
    """The {many} below a folder, and the names of their class folders."""
    pairs = [
        (file, one_form(inner.name))
        for inner in sorted(Path(folder).iterdir())
        if inner.is_dir() and not is_leaving(inner){chosen}
        for file in walk(inner, set(inner.resolve().parents))
        if file.suffix.lower() in ENDINGS
    ]
    rows = {join}([{read} for file, _ in pairs])
    labels = np.array([label for _, label in pairs], dtype=object)
    return {{"{column}": rows, "label": labels}}'''


def _plain(function: Callable[..., Any]) -> str:
    """The code of a function without its hints."""
    [code] = ast.parse(inspect.getsource(function)).body
    assert isinstance(code, ast.FunctionDef), "it is a function"
    code.returns = None
    for argument in code.args.args:
        argument.annotation = None
    return ast.unparse(code)


def _lines(words: Sequence[str]) -> list[str]:
    """The lines of a tuple of words, none longer than need be."""
    lines = [""]
    for word in map(repr, words):
        if lines[-1] and len(lines[-1]) + len(word) > WIDTH:
            lines.append("")
        lines[-1] += f"{word}, "
    return [f"    {line.rstrip()}" for line in lines]
