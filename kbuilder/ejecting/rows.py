"""The functions of a script that divide rows and prepare them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kbuilder.columns import Columns
from kbuilder.ejecting.expressions import Expressions, wrapped
from kbuilder.recipe import branches
from kbuilder.recipe.recipe import Recipe
from kbuilder.tables.table import Table


def divide_of(
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


def preprocessing_of(recipe: Recipe, columns: Columns, expressions: Expressions) -> str:
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


def inputs_of(columns: Columns) -> str:
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


def targets_of(columns: Columns, auxiliary: Mapping[str, tuple[str, float]]) -> str:
    """`targets(table)`: what the losses compare with."""
    lines = ["def targets(table):", '    """What the network should answer, by output."""']
    lines.append("    wanted = {}")
    for output, (names, task) in columns.outputs().items():
        lines.append(wrapped(f"wanted[{output!r}] = {task.script(names)}", 4))
    for name, (output, _) in auxiliary.items():
        lines.append(f"    wanted[{name!r}] = wanted[{output!r}]")
    return "\n".join([*lines, "    return wanted"])
