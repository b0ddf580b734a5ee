"""The whole script: rows, preprocessing, network, fit, evaluation, in the order of the pipeline."""

from __future__ import annotations

import inspect
import io
import os
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbuilder import __version__
from kbuilder.columns import Columns
from kbuilder.contracts import Phase, Script, Task
from kbuilder.ejecting import network
from kbuilder.ejecting.expressions import Expressions, constant, wrapped
from kbuilder.errors import CallError
from kbuilder.recipe import branches
from kbuilder.recipe.balance import Balance, factors
from kbuilder.recipe.recipe import Recipe, weight_of
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
    held: Sequence[str] = ("validation", "test"),
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
        held: The parts beside training: validation, test, or both.
        folder: Where the script will be, from which it finds the rows; left out: here.

    Raises:
        BuildError: if the network cannot be written down.
        CallError: if a script cannot read the rows.
    """
    expressions = Expressions()
    source = recipe.data.script(columns.words())
    _expect_no_paths(columns, train)

    def compiling(optimizer: Any) -> list[str]:
        return _compile(optimizer, tasks, auxiliary, expressions, columns.weight is not None)

    stages = [
        ([*_entering(phase, [p for p, _ in phases], model), *compiling(optimizer)], phase.epochs)
        for phase, optimizer in phases
    ] or [(compiling(model.optimizer), None)]
    own_parts = {line.partition(" = ")[0] for line in source.lines}
    divided = [part for part in held if part not in own_parts]
    parts = [
        *source.functions,
        _divide(recipe, columns, expressions, dropped, train, grouping, divided),
        _preprocessing(recipe, columns, expressions),
        _inputs(columns),
        _targets(columns, auxiliary),
        *network.functions(model, "build_model", expressions),
        _main(recipe, tasks, source, columns.target if dropped else (), stages, held),
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
    found: dict[str, str] = {}
    for name, code in reversed(codes.items()):  # a helper calls only those above it
        if re.search(rf"\b{name}\(", text + "".join(found.values())):
            for hint in (": Any", " -> Any", " -> None", "    import keras\n\n"):
                code = code.replace(hint, "")
            found[name] = code.rstrip()
    constants: dict[str, None] = {}
    for name in reversed(found):
        for known, value in vars(helpers)[name].__globals__.items():
            if known.isupper() and re.search(rf"\b{known}\b", found[name]):
                constants[constant(known, value)] = None
    return [*constants, *reversed(found.values())]


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


def _divide(
    recipe: Recipe,
    columns: Columns,
    expressions: Expressions,
    dropped: bool,
    train: Table,
    grouping: str | None,
    parts: Sequence[str],
) -> str:
    """`divide(rows)`: training, validation and, without test rows of its own, test."""
    split = recipe.data.split
    lines = ["def divide(rows):", '    """Rows for training, for validation and for the test."""']
    if dropped:
        lines.append(wrapped(f"rows = present(rows, {list(columns.target)!r})", 4))
    first = columns.target[0]
    target, _ = next((t for t in columns.targets if t.task.stratified), columns.targets[0])
    one_hot = train.target(target).ndim > 1
    lines += [
        f"    random = np.random.default_rng({split.seed})",
        f"    train = np.arange(len(rows[{first!r}]))",
        *(f"    {line}" for line in _groups(target, grouping, one_hot)),
    ]
    known = split.script(train, grouping == "class", expressions.call)
    lines += [wrapped(line, 4) for line in known]
    names = ["train", *parts]
    lines += [
        f"    parts = [random.permutation(part) for part in [{', '.join(names)}]]",
        "    return [{name: values[part] for name, values in rows.items()} for part in parts]",
    ]
    return "\n".join(lines)


def _groups(target: Sequence[str], grouping: str | None, one_hot: bool) -> list[str]:
    """Statements that give a group per row, whose shares all parts keep."""
    if grouping == "class" and one_hot:
        first, *others = (f"rows[{name!r}]" for name in target)
        values = f"np.stack([{', '.join([first, *others])}], axis=1)" if others else first
        return [f"groups = np.unique(words(integers({values})), return_inverse=True)[1]"]
    if grouping == "class":
        return [f"groups = np.unique(words(rows[{target[0]!r}]), return_inverse=True)[1]"]
    if grouping is None:
        return ["groups = None"]
    return [
        f"values = numbers(rows[{target[0]!r}])",
        "count = min(10, max(1, len(values) // 30))",
        "bounds = np.unique(np.quantile(values, np.linspace(0, 1, count + 1)[1:-1]))",
        "groups = np.searchsorted(bounds, values)",
    ]


def _preprocessing(recipe: Recipe, columns: Columns, expressions: Expressions) -> str:
    """`preprocessing(train)`: a Keras layer for each column; texts learn their words here."""
    lines = ["def preprocessing(train):", '    """The layer that prepares each column."""']
    lines.append("    layers = {}")
    forms = {column: feature.form for column, feature in columns.features.items()}
    groups = {one: group for group in branches.together(recipe.model, forms) for one in group}
    for column, feature in columns.features.items():
        unlearned = feature.unlearned(recipe.features[column])
        layer = feature.layer() if unlearned is None else unlearned
        lines.append(wrapped(f"layers[{column!r}] = {expressions.call(layer)}", 4))
        if unlearned is not None:
            raws = [feature.script(f"train[{one!r}]") for one in groups.get(column, (column,))]
            raw = f"np.concatenate([{', '.join(raws)}])" if len(raws) > 1 else raws[0]
            lines.append(wrapped(f"layers[{column!r}].adapt({raw})", 4))
    return "\n".join([*lines, "    return layers"])


def _inputs(columns: Columns) -> str:
    """`inputs(table, layers)`: the arrays that the network takes."""
    lines = ["def inputs(table, layers):", '    """What the network takes, by input."""']
    shared: dict[str, list[str]] = {}
    for column, key in columns.keys().items():
        raw = columns.features[column].script(_column(columns, column))
        shared.setdefault(key, []).append(f"batched(layers[{column!r}], {raw})")
    items = []
    for key, arrays in shared.items():
        joined = f"np.concatenate([{', '.join(arrays)}], axis=-1)"
        items.append(f"{key!r}: {joined if len(arrays) > 1 else arrays[0]}")
    lines.append(wrapped(f"return {{{', '.join(items)}}}", 4))
    return "\n".join(lines)


def _column(columns: Columns, name: str) -> str:
    """The expression of a raw column of `table`; of several columns, of their numbers together."""
    members = columns.members(name)
    if not members:
        return f"table[{name!r}]"
    names, first = repr(list(members)), re.fullmatch(r"([\w .-]*?)(\d+)", members[0])
    if first:
        stem, start = first[1], int(first[2])
        end = start + len(members)
        if list(members) == [f"{stem}{number}" for number in range(start, end)]:
            names = f'[f"{stem}{{n}}" for n in range({start}, {end})]'
    shape = list(getattr(columns.features[name], "shape", None) or (len(members),))
    return f"joined(table, {names}, {shape})"


def _targets(columns: Columns, auxiliary: Mapping[str, tuple[str, float]]) -> str:
    """`targets(table)`: what the losses compare with."""
    lines = ["def targets(table):", '    """What the network should answer, by output."""']
    lines.append("    wanted = {}")
    for output, (names, task) in columns.outputs().items():
        lines.append(wrapped(f"wanted[{output!r}] = {task.script(names)}", 4))
    for name, (output, _) in auxiliary.items():
        lines.append(f"    wanted[{name!r}] = wanted[{output!r}]")
    return "\n".join([*lines, "    return wanted"])


def _main(
    recipe: Recipe,
    tasks: Mapping[str, Task],
    source: Script,
    dropped: Sequence[str],
    stages: Sequence[tuple[Sequence[str], int | None]],
    held: Sequence[str],
) -> str:
    """`main()`: read, divide, build, fit, evaluate.

    Args:
        tasks: The task by output of the network as it is fitted.
        source: How the rows are read.
        dropped: The targets, if rows without them are left out.
        stages: Of each phase of the fit the statements that come before it, and its epochs,
            None for those of training.
        held: The parts beside training.
    """
    training = recipe.training
    validated = "validation" in held
    tested = "test" in held
    own = {line.partition(" = ")[0] for line in source.lines}
    given = ", ".join(f"{name}={name.upper()}" for name in source.paths)
    lines = [f"def main({given}):", '    """Read, divide, build, fit, evaluate."""']
    lines += ["    keras.utils.set_random_seed(SEED)", *(wrapped(line, 4) for line in source.lines)]
    for part in held if dropped else ():
        if part in own:
            lines.append(wrapped(f"{part} = present({part}, {list(dropped)!r})", 4))
    names = ["train", *(part for part in held if part not in own)]
    lines += [
        f"    {', '.join(names)}{',' if len(names) == 1 else ''} = divide(rows)",
        "    layers = preprocessing(train)",
        "    model = build_model()",
        "    model.summary()",
    ]
    lines += stages[0][0]
    fitted = ["inputs(train, layers)", "wanted", "epochs=EPOCHS", "batch_size=BATCH_SIZE"]
    lines.append("    wanted = targets(train)")
    weight = weight_of(recipe.data)
    if weight is not None:
        lines.append(f"    counted = shares(numbers(train[{weight!r}]))")
    if training.balance != "none":
        lines += _weights(tasks, training.balance, "" if weight is None else ", counted")
    elif weight is not None:
        lines.append("    weights = dict.fromkeys(wanted, counted)")
    if weight is not None or training.balance != "none":
        fitted.append("sample_weight=weights")
    if validated:
        lines.append("    validating = inputs(validation, layers), targets(validation)")
        if weight is not None:
            lines.append(f"    counted = shares(numbers(validation[{weight!r}]))")
            lines.append("    validating += (dict.fromkeys(wanted, counted),)")
        fitted.append("validation_data=validating")
        stopping = training.early_stopping
        patience = stopping.patience if stopping else "EPOCHS"
        delta = f", min_delta={stopping.min_delta}" if stopping and stopping.min_delta else ""
        lines.append(
            wrapped(
                "best = keras.callbacks.EarlyStopping("
                f"'val_loss', patience={patience}{delta}, restore_best_weights=True)",
                4,
            )
        )
    callbacks = (["best"] if validated else []) + _extra_callbacks(training, lines)
    fitted += [f"callbacks=[{', '.join(callbacks)}]"] if callbacks else []
    for place, (before, epochs) in enumerate(stages):
        lines += before if place else []
        fitted[2] = f"epochs=min({epochs}, EPOCHS)" if epochs else "epochs=EPOCHS"
        lines.append(wrapped(f"model.fit({', '.join(fitted)})", 4))
    judged = "test" if tested else "validation" if validated else "train"
    lines += [
        f"    testing = inputs({judged}, layers), targets({judged})",
        *_judging(judged, weight),
        "    print({name: round(float(value), 4) for name, value in found.items()})",
    ]
    return "\n".join(lines)


def _judging(part: str, weight: str | None) -> list[str]:
    """Statements that evaluate a part of the rows."""
    if weight is None:
        return ["    found = model.evaluate(*testing, return_dict=True, verbose=0)"]
    return [
        f"    counted = shares(numbers({part}[{weight!r}]))",
        "    weights = dict.fromkeys(wanted, counted)",
        wrapped(
            "found = model.evaluate(*testing, sample_weight=weights, return_dict=True, verbose=0)",
            4,
        ),
    ]


def _extra_callbacks(training: Any, lines: list[str]) -> list[str]:
    """The names of further callbacks, whose statements are added to `lines`."""
    callbacks = training.schedule.script() if training.schedule is not None else {}
    if any("steps" in expression for expression in callbacks.values()):
        lines.append("    steps = -(-len(next(iter(wanted.values()))) // BATCH_SIZE)")
    for name, expression in callbacks.items():
        lines.append(wrapped(f"{name} = {expression}", 4))
    return list(callbacks)


def _entering(phase: Phase, phases: Sequence[Phase], model: Any) -> list[str]:
    """Statements that let a phase's layers learn, and no others that some phase freezes."""
    still = {id(layer) for frozen in phase.frozen for layer in _within(frozen)}
    lines = [f"    # {phase.why}"]
    done: set[int] = set()
    for layer in (layer for other in phases for layer in other.frozen):
        inner = list(_within(layer))
        if done.issuperset(map(id, inner)):
            continue
        done.update(map(id, inner))
        names = [each.name for each in inner if id(each) not in still]
        found = "".join(f".get_layer({name!r})" for name in _way(model, layer))
        if names and hasattr(layer, "layers"):
            lines.append(wrapped(f"learn_only(model{found}, {names!r})", 4))
        else:
            lines.append(f"    model{found}.trainable = {bool(names)}")
    return lines


def _within(layer: Any) -> Iterator[Any]:
    """The layers within a model that hold no others; any other layer itself."""
    if not hasattr(layer, "layers"):
        yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _within(inner)


def _way(model: Any, layer: Any) -> list[str]:
    """The names that lead to a layer, each within the one before."""
    for inner in model.layers:
        if inner is layer:
            return [inner.name]
        way = _way(inner, layer) if hasattr(inner, "layers") else []
        if way:
            return [inner.name, *way]
    return []


def _compile(
    optimizer: Any,
    tasks: Mapping[str, Task],
    auxiliary: Mapping[str, tuple[str, float]],
    expressions: Expressions,
    weighted: bool,
) -> list[str]:
    """`model.compile`, with each loss and metric as an object."""
    objectives = {output: task.objective() for output, task in tasks.items()}
    weights = {
        output: task.loss_weight * auxiliary.get(output, ("", 1.0))[1]
        for output, task in tasks.items()
    }
    lines = ["    model.compile("]
    lines.append(wrapped(f"optimizer={expressions.of(optimizer)}", 8) + ",")
    lines.append("        loss={")
    lines += [
        f"            {out!r}: {expressions.of(loss)}," for out, (loss, _) in objectives.items()
    ]
    lines.append("        },")
    if any(weight != 1.0 for weight in weights.values()):
        lines.append(f"        loss_weights={weights!r},")
    lines.append("        weighted_metrics={" if weighted else "        metrics={")
    for output, (_, kinds) in objectives.items():
        if output not in auxiliary:
            lines.append(f"            {output!r}: [")
            lines += [f"                {expressions.of(kind)}," for kind in kinds]
            lines.append("            ],")
    return [*lines, "        },", "    )"]


def _weights(tasks: Mapping[str, Task], balance: Balance, rows: str) -> list[str]:
    """Statements that give a weight per row for each output.

    Args:
        tasks: The task by output.
        balance: How much the classes count.
        rows: A further argument, ", counted", where rows weigh by themselves; else empty.
    """
    lines = ["    weights = {}"]
    for output, task in tasks.items():
        wanted = f"wanted[{output!r}]"
        if not task.stratified:
            found = "counted" if rows else f"np.ones(len({wanted}), np.float32)"
        else:
            one_hot = task.objective()[0].name.startswith("categorical")
            groups = f"{wanted}.argmax(axis=1)" if one_hot else f"{wanted}[:, 0].astype(int)"
            found = f"balanced({groups}{rows})"
            if not isinstance(balance, str):
                own = factors(balance, task.classes)  # type: ignore[attr-defined]  # it has classes
                found = f"weighed({groups}, {own}{rows})"
        lines.append(wrapped(f"weights[{output!r}] = {found}", 4))
    return lines
