"""What a run says of its model in the card, section by section; needs no TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kbuilder import catalog, files
from kbuilder.contracts import (
    Cutting,
    Deciding,
    Discerning,
    Explaining,
    Feature,
    Owning,
    Task,
    Watched,
    unlike,
)
from kbuilder.errors import RunError
from kbuilder.evaluation import wording
from kbuilder.evaluation.strangers import ENOUGH
from kbuilder.reporting import card_data
from kbuilder.reporting.answers import sets_of
from kbuilder.reporting.markdown import code, plain, table, words
from kbuilder.reporting.page import cell
from kbuilder.runs import naming, run_folder
from kbuilder.runs.run_folder import Record

MOST_COLUMNS, MOST_CLASSES, MOST_IMPORTANT = 200, 50, 10
"""Columns, classes and columns that answers rest on that are shown, at most."""
FEW = 30
"""Rows of a class of which fewer show little."""


def body(path: Path, record: Record) -> Iterator[str]:
    """The lines of all sections.

    Args:
        path: The folder of the run.
        record: What the folder holds.

    Raises:
        RunError: if a file of the run is not as kbuilder wrote it.
    """
    yield ""
    if record.splits["smoke"]:
        yield "\nThe run is a smoke test: a few rows, one epoch. Its figures say nothing."
    for title, said in (
        ("What goes in", _inputs(record)),
        ("What comes out", _answers(record)),
        ("The data", card_data.lines(record)),
        ("Metrics", _metrics(record)),
        ("Limits", _limits(path, record)),
        ("How it was made", _versions(path, record)),
    ):
        yield from ["", f"## {title}", "", *said]
    yield ""


def _inputs(record: Record) -> Iterator[str]:
    features, names = record.columns.features, record.columns.export_names()
    renamed = any(name != column for column, name in names.items())
    head = ["column", *(["input of an export"] if renamed else []), "kind", "values"]
    shown = list(features.items())[:MOST_COLUMNS]
    yield from table(head, (
        [_column(record, column), *([code(names[column])] if renamed else []),
         code(catalog.name_of(feature)), _values(feature)]
        for column, feature in shown
    ))  # fmt: skip
    if len(shown) < len(features):
        yield f"And {len(features) - len(shown):,} more columns, in `columns.json` of the run.\n"
    yield "How they are prepared, with what `columns.json` of the run holds of each:\n"
    ways: dict[tuple[str, str], list[str]] = {}
    for column, feature in features.items():
        way = (catalog.name_of(feature), feature.describe())
        ways.setdefault(way, []).append(column)
    for (kind, described), columns in ways.items():
        yield f"- {code(kind)} ({words(columns, 8)}): {plain(described)}"
    blanks = words(record.columns.missing, 40)
    yield f"\nWords that mean missing, where they are no value of the column: {blanks}."


def _column(record: Record, name: str) -> str:
    """A column, and those that it is made of."""
    members = record.columns.members(name)
    return f"{code(name)}, of {words(members)}" if members else code(name)


def _values(feature: Feature) -> str:
    """The values that a feature knows, or what it takes."""
    if feature.choices is not None:
        return f"{len(feature.choices):,} known: {words(feature.choices, 8)}"
    watched = feature.watched() if isinstance(feature, Watched) else {}
    if "range" in watched:
        low, high = watched["range"]
        return f"{feature.holds}; those below {low:.6g} and above {high:.6g} are far from training"
    shape, dtype = feature.signature()
    size = " × ".join("any" if size is None else str(size) for size in shape[1:])
    return f"{feature.holds}, {dtype}{f' ({size})' if size else ''}"


def _answers(record: Record) -> Iterator[str]:
    for output, (columns, task) in record.columns.outputs().items():
        prefix = record.columns.titled(output, "")
        kind = catalog.name_of(task)
        begin = f"; its answers begin with {code(prefix)}" if prefix else ""
        yield f"- {words(columns)}: {code(kind)}{begin}. {_said(task)}"


def _said(task: Task) -> str:
    """What a task answers, and from where on."""
    classes = getattr(task, "classes", None)
    if not classes:
        return "`value`, a number for each column, in the column's own units."
    known = f"{len(classes):,} classes: {words(classes, MOST_CLASSES)}. "
    least = code(task.threshold) if isinstance(task, Deciding) else ""
    if not task.stratified:
        return f"{known}`labels` are those with a probability of at least {least}."
    if len(classes) == 2:
        return f"{known}`label` is {code(classes[1])} from a probability on of {least}."
    return f"{known}`label` is the class with the greatest `probability`."


def _metrics(record: Record) -> Iterator[str]:
    metrics = record.metrics
    splits, headline = metrics["splits"], metrics["headline"]
    if not splits:
        yield "No rows were held back, so nothing is known of other rows."
        return
    last, *others = reversed(list(splits))
    ends = metrics.get("intervals", {}).get(last, {})
    names = dict.fromkeys([headline, *splits[last], *(n for o in others for n in splits[o])])
    beside = {name: splits[name] for name in others}
    beside |= {f"baseline {name}": own for name, own in metrics["baselines"].items()}
    head = ["metric", code(last), *(["95 % interval"] if ends else []), *map(code, beside)]
    rows = []
    for name in names:
        low, high = ends.get(name, (None, None))
        interval = [] if not ends else ["–" if low is None else f"{cell(low)} to {cell(high)}"]
        own = [_figure(scores, name) for scores in beside.values()]
        rows.append([code(name), _figure(splits[last], name), *interval, *own])
    count = record.splits["rows"].get(last)
    yield f"The model is judged by {code(headline)} on {code(last)}" + (
        "." if count is None else f", {count:,} rows."
    )
    if "weight" in metrics:
        yield f"Metrics are weighted by {code(metrics['weight'])}."
    yield from table(head, rows)
    yield from (f"{plain(line)}\n" for line in wording.judgement(metrics))
    for kind, what in (("folds", "folds"), ("networks", "networks alone")):
        several = metrics.get(kind, {})
        if headline in several.get("mean", {}):
            mean, deviation = (cell(several[name][headline]) for name in ("mean", "deviation"))
            each = f"Each of the {several['count']} {what}"
            yield f"- {each}: {code(headline)} {mean} ± {deviation}"
    for name, note in metrics.get("baseline_notes", {}).items():
        yield f"- Baseline {code(name)}: {plain(note)}"
    yield from _important(metrics.get("importance", {}))


def _important(found: Mapping[str, Any]) -> Iterator[str]:
    """The columns that the answers rest on most, where it is known."""
    first = found.get("columns", [])[:MOST_IMPORTANT]
    if not first:
        return
    yield (
        f"\nWhat answers rest on: how much {code(found['metric'])} falls on {found['rows']:,} rows "
        "once the values of a column are exchanged among them. It need be no cause.\n"
    )
    yield from table(["columns", "falls by", "95 % interval"], (
        [words(one["columns"], 8), cell(one["drop"]), " to ".join(map(cell, one["interval"]))]
        for one in first
    ))  # fmt: skip


def _figure(scores: Mapping[str, float], name: str) -> str:
    return cell(float(scores.get(name, float("nan"))))


def _limits(path: Path, record: Record) -> Iterator[str]:
    columns, counts = record.columns, record.splits["rows"]
    yield f"- The model has learned from {counts['train']:,} rows, and knows no others."
    by = record.recipe.data.split
    owner = by.owner if isinstance(by, Owning) else None
    if owner is not None:
        yield f"- All rows of one {code(owner)} are in one part: the metrics are of new ones."
    else:
        yield (
            "- Rows were not held together by what they belong to. If several are of one person, "
            "place or time, the metrics may be better than those of new persons, places or times."
        )
    kinds: dict[str, list[str]] = {}
    silent = []
    for name, feature in columns.features.items():
        if _tells(feature):
            end = (
                "what is beyond is not read"
                if isinstance(feature, Cutting)
                else "the answer is a guess"
            )
            kinds.setdefault(f"{plain(unlike(feature))}: {end}", []).append(name)
        else:
            silent.append(name)
    for kind, names in kinds.items():
        yield f"- A value of {words(names)} that is {kind}."
    if kinds:
        yield (
            "- `predict` and `kbuilder serve` count such values and warn of them; `predict` "
            f"refuses a column of {ENOUGH} or more that are all unknown. The export by itself "
            "answers silently."
        )
    if silent:
        yield f"- Nothing tells values of {words(silent)} that are unlike those of training."
    yield from _small(path, record)


def _tells(feature: Feature) -> bool:
    """Whether a feature calls some values strange."""
    if isinstance(feature, Watched):
        return bool(feature.watched())
    named = isinstance(feature, Explaining | Cutting) or feature.choices is not None
    return isinstance(feature, Discerning) and named


def _small(path: Path, record: Record) -> Iterator[str]:
    """The classes of which few rows were held back."""
    frame = record.predictions
    if frame is None:
        frame = run_folder.frame(path / "predictions.parquet")
    splits = list(record.metrics["splits"])
    held = frame[frame["split"] == splits[-1]] if splits else frame
    if not splits or not len(held):
        return
    for output, (names, task) in record.columns.outputs().items():
        classes, truth = getattr(task, "classes", None), record.columns.titled(output, "truth")
        if not classes or truth not in held:
            continue
        times = held[truth].value_counts()  # rows may be many
        counts: Counter[str] = Counter()
        for value, count in times.items():
            for name in [str(value)] if task.stratified else sets_of([value])[0]:
                counts[name] += int(count)
        few = sorted((counts[name], name) for name in map(str, classes) if counts[name] < FEW)
        if few:
            shown = ", ".join(f"{code(name)} ({count})" for count, name in few[:20])
            more = f" and {len(few) - 20:,} more" if len(few) > 20 else ""
            yield (
                f"- Of these classes of {words(names)} fewer than {FEW} rows are in "
                f"{code(splits[-1])}, which show little: {shown}{more}."
            )


def networks(record: Record) -> dict[str, str]:
    """The name of the network of each form of columns."""
    model = record.recipe.model
    branches = model if isinstance(model, dict) else {"": model} if model is not None else {}
    return {form: catalog.name_of(one) for form, one in branches.items()}


def _versions(path: Path, record: Record) -> Iterator[str]:
    for form, name in networks(record).items():
        yield f"- Network{f' of {code(form)}' if form else ''}: {code(name)}"
    done, fit = f"- Epochs: {len(record.history)}", record.metrics.get("fit")
    fits = record.metrics.get("fits", [])
    if fits:
        each = ", ".join(str(one["epochs"]) for one in fits)
        done = f"- Networks: {len(fits)}, whose answers are averaged; epochs of each: {each}"
    if fit is not None:
        done += f" of at most {fit['of']}; the weights are those of epoch {fit['weights_of_epoch']}"
    yield done
    yield "- The whole recipe is in `recipe.yaml` of the run."
    if not (path / naming.LOCK).exists():  # of another worker, or removed since
        yield "- The folder of the run is not there: its versions are unknown."
        return
    with files.ours(path, RunError, "Fit again."):
        lock = files.read_json(path / naming.LOCK)
        told = {**lock["packages"], "python": lock["python"], "machine": lock.get("machine", ""),
                "seed": lock["seed"]}  # fmt: skip
    yield from (
        f"- {code(name)} {plain(str(value))}" for name, value in told.items() if value != ""
    )
