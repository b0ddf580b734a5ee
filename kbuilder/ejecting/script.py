"""The whole script: rows, preprocessing, network, fit, evaluation, in the order of the pipeline."""

from __future__ import annotations

import inspect
import io
import os
import re
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kbuilder import __version__
from kbuilder.columns import Columns
from kbuilder.contracts import Phase, Task
from kbuilder.ejecting import network
from kbuilder.ejecting.expressions import Expressions, constant
from kbuilder.ejecting.fit import compile_of, entering_of, main_of
from kbuilder.ejecting.rows import divide_of, inputs_of, preprocessing_of, targets_of
from kbuilder.ejecting.settling import judging_of, settling_of
from kbuilder.errors import CallError
from kbuilder.recipe.recipe import Recipe
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of


def write(
    recipe: Recipe,
    columns: Columns,
    model: Any,
    tasks: Mapping[str, Task],
    auxiliary: Mapping[str, tuple[str, float]],
    dropped: bool,
    train: Table,
    phases: Sequence[tuple[Phase, Any]] = (),
    grouping: str | None = None,
    held: Mapping[str, int] | None = None,
    folder: Path | None = None,
) -> str:
    """The script.

    Args:
        recipe: The resolved recipe.
        columns: The learned features and targets.
        model: The network as it is fitted, compiled.
        tasks: The task by output of `model`.
        auxiliary: For each auxiliary output, the output whose target it learns, and its weight.
        dropped: Whether rows without a target were left out.
        train: The training rows, by whose types columns are read.
        phases: The phases of the fit, each with its optimizer; none: a single one.
        grouping: What all parts keep the shares of: "class", "tenth", or nothing.
        held: How many rows the parts beside training have: validation, test, or both.
        folder: Where the script will be, from which it finds the rows; left out: here.

    Raises:
        BuildError: if the network cannot be written down.
        CallError: if a script cannot read the rows.
    """
    expressions, held = Expressions(), held or {}
    source = recipe.data.script(columns.words())
    _expect_no_paths(columns, train)

    def compiling(optimizer: Any) -> list[str]:
        return compile_of(optimizer, tasks, auxiliary, expressions, columns.weight is not None)

    stages = [
        ([*entering_of(phase, [p for p, _ in phases], model), *compiling(optimizer)], phase.epochs)
        for phase, optimizer in phases
    ] or [(compiling(model.optimizer), None)]
    own_parts = {line.partition(" = ")[0] for line in source.lines}
    divided = [part for part in held if part not in own_parts]
    settled = (
        [*settling_of(columns, model, held.get("validation", 0))],
        [*judging_of(columns, columns.weight is not None)],
    )
    parts = [
        *source.functions,
        divide_of(recipe, columns, expressions, dropped, train, grouping, divided),
        preprocessing_of(recipe, columns, expressions),
        inputs_of(columns),
        targets_of(columns, auxiliary),
        *network.functions(model, "build_model", expressions),
        main_of(recipe, tasks, source, columns.target if dropped else (), stages, [*held], settled),
    ]
    text = "\n".join(parts)
    helpers = _called(text)
    imports, own = expressions.sources()
    known = {*source.imports, *imports, "import keras", "import numpy as np"}
    if source.paths:
        known |= {"import sys", "from pathlib import Path"}
    body = "\n".join([*own, *helpers, text])
    modules = {
        "ast": "import ast", "io": "import io", "pd": "import pandas as pd", "re": "import re",
        "tf": "import tensorflow as tf",
    }  # fmt: skip
    for name, line in modules.items():
        if re.search(rf"\b{name}\.", body):
            known.add(line)
    title = Path(recipe.origin.name).name if recipe.origin else "a recipe"
    training = recipe.training
    constants = (
        f"SEED = {training.seed}\nEPOCHS = {training.epochs}\nBATCH_SIZE = {training.batch_size}"
    )
    constants += _found(source.paths, folder or Path.cwd())
    opening = (
        f'"""The network of {title}, and its fit, in plain Keras.\n\n'
        f'Written by kbuilder {__version__}, which it does not need.\n"""\n\n'
    )
    standard = sorted(line for line in known if line.split()[1].split(".")[0] in STANDARD)
    future = sorted(line for line in known if line.startswith("from __future__"))
    others = sorted(
        known - {*standard, *future}, key=lambda line: (line.split()[0] == "from", line)
    )
    heads = "\n\n".join("\n".join(group) for group in (future, standard, others) if group)
    given = "*sys.argv[1:]" if source.paths else ""
    ending = f'if __name__ == "__main__":\n    main({given})\n'
    code = opening + "\n\n\n".join([f"{heads}\n\n{constants}", *own, *helpers, *parts, ending])
    return _double_quoted(code)


def _expect_no_paths(columns: Columns, train: Table) -> None:
    """Refuse pictures that the rows name by their paths.

    Raises:
        CallError: if a column has them.
    """
    for name in columns.features:
        if not train.files and kind_of(train[name]) == "bytes":
            raise CallError(
                f"a script reads pictures from a folder for each class, and column {name!r} has "
                "them by their paths. Expected the source image_folder."
            )


def _found(paths: Mapping[str, Path], folder: Path) -> str:
    """Constants that find the rows relative to the script."""
    if not paths:
        return ""
    lines = ["", "HERE = Path(__file__).parent"]
    for name, path in paths.items():
        relative = os.path.relpath(path.absolute(), folder.absolute())
        lines.append(f"{name.upper()} = HERE / {Path(relative).as_posix()!r}")
    return "\n".join(lines)


def _called(text: str) -> list[str]:
    """The helpers that the text calls, and those that they call, as they are written."""
    from kbuilder.ejecting import helpers  # which imports pandas

    named = vars(helpers).items()
    codes = {name: inspect.getsource(value) for name, value in named if inspect.isfunction(value)}
    wanted: set[str] = set()
    here = {name for name in codes if _calls(text, name)}
    while here - wanted:
        wanted |= here
        here = {name for name in codes if any(_calls(codes[other], name) for other in wanted)}
    found = {name: _without_hints(codes[name]) for name in reversed(codes) if name in wanted}
    constants: dict[str, None] = {}
    for name in reversed(found):
        for known, value in vars(helpers)[name].__globals__.items():
            if known.isupper() and re.search(rf"\b{known}\b", found[name]):
                constants[constant(known, value)] = None
    return [*constants, *reversed(found.values())]


def _without_hints(code: str) -> str:
    """A function without its annotations, and the import that the whole script has."""
    for hint in (": Any", " -> Any", " -> None", "    import keras\n\n"):
        code = code.replace(hint, "")
    return re.sub(r"^(def \w+)\(\n\s+(.+?),?\n\)", r"\1(\2)", code).rstrip()


def _calls(code: str, name: str) -> bool:
    """Whether code calls a function of this name, other than to define it, or as a method."""
    return re.search(rf"(?<!def )(?<![.\w]){name}\(", code) is not None


def _double_quoted(code: str) -> str:
    """The code with double quotes around all its strings."""
    lines = code.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(code).readline))):
        text = token.string
        if token.type == tokenize.STRING and text.startswith("'") and '"' not in text:
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = f'{line[:start]}"{text[1:-1]}"{line[end:]}'
    return "".join(lines)


STANDARD = ("ast", "collections", "itertools", "math", "pathlib", "typing", "re", "unicodedata")
