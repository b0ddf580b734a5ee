"""The function of a script that fits and evaluates, and what it compiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kbuilder.contracts import Phase, Script, Task
from kbuilder.ejecting.expressions import Expressions, wrapped
from kbuilder.recipe.balance import Balance, factors
from kbuilder.recipe.recipe import Recipe, weight_of


def main_of(
    recipe: Recipe,
    tasks: Mapping[str, Task],
    source: Script,
    dropped: Sequence[str],
    stages: Sequence[tuple[Sequence[str], int | None]],
    held: Sequence[str],
    settled: tuple[Sequence[str], Sequence[str]],
) -> str:
    """`main()`: read, divide, build, fit, evaluate.

    Args:
        tasks: The task by output of the network as it is fitted.
        source: How the rows are read.
        dropped: The targets, if rows without them are left out.
        stages: Of each phase of the fit the statements that come before it, and its epochs,
            None for those of training.
        held: The parts beside training.
        settled: Statements between the fit and the evaluation, and after the evaluation.
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
        *settled[0],
        f"    testing = inputs({judged}, layers), targets({judged})",
        *_judging(judged, weight),
        "    print({name: round(float(value), 4) for name, value in found.items()})",
        *settled[1],
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


def entering_of(phase: Phase, phases: Sequence[Phase], model: Any) -> list[str]:
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


def compile_of(
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
