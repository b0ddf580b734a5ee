"""Runs side by side: where their recipes, rows and versions differ, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kbuilder import files
from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Task
from kbuilder.errors import CallError, RunError, cut
from kbuilder.evaluation import intervals
from kbuilder.evaluation.wording import difference
from kbuilder.reporting.answers import Answers, answers_of, sets_of
from kbuilder.reporting.page import cell
from kbuilder.runs import naming, run_folder
from kbuilder.runs.run_folder import Record


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, the first of which the others are compared with.

    Args:
        runs: Their folders.
        recipe: What their recipes have unlike, by key: a value for each run; None: it has none.
        versions: The same of what they were fitted with.
        rows: Whether the rows of each split are the same in all runs.
        split: The split that they are judged on; empty: they have none in common.
        metrics: Their figures on it, by metric.
        headline: The metric that the first is judged by.
        pairs: How each of the others compares with the first, as an entry of `comparisons` in
            `metrics.json`, or the reason why nothing can be said.
    """

    runs: Sequence[str]
    recipe: Mapping[str, Sequence[Any]]
    versions: Mapping[str, Sequence[Any]]
    rows: Mapping[str, bool]
    split: str
    metrics: Mapping[str, Sequence[float | None]]
    headline: str
    pairs: Sequence[Mapping[str, Any]] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The comparison for programs."""
        return asdict(self)


def compare(names: Sequence[str]) -> Comparison:
    """Compare runs.

    Args:
        names: Two or more folders, or `latest`.

    Raises:
        CallError: if there are fewer, or one is no run.
        RunError: if one is incomplete or altered.
    """
    if len(names) < 2:
        raise CallError("there is nothing to compare. Expected two runs or more.")
    paths = [naming.find(name) for name in names]
    records = [run_folder.read(path) for path in paths]
    first = records[0].metrics
    split = next((one for one in reversed(first["splits"])
                  if all(one in record.metrics["splits"] for record in records)), "")  # fmt: skip
    figures = [record.metrics["splits"].get(split, {}) for record in records]
    known = dict.fromkeys(name for own in figures for name in own)
    prints = [record.splits["fingerprint"] for record in records]
    return Comparison(
        runs=[str(path) for path in paths],
        recipe=unlike([flat(record.recipe.model_dump(mode="json")) for record in records]),
        versions=unlike([_versions(path) for path in paths]),
        rows={part: len({own.get(part) for own in prints}) == 1
              for part in dict.fromkeys(part for own in prints for part in own)},
        split=split,
        metrics={name: [own.get(name) for own in figures] for name in known},
        headline=first["headline"],
        pairs=[_pair(paths, records, split, other) for other in range(1, len(paths))],
    )  # fmt: skip


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """The values of nested mappings by their keys, joined with dots."""
    if not isinstance(value, Mapping):
        return {key: value}
    inner = [flat(one, f"{key}.{name}" if key else str(name)) for name, one in value.items()]
    return {name: one for own in inner for name, one in own.items()}


def unlike(known: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What is not the same in all: a value for each, None where one has none."""
    keys = dict.fromkeys(key for own in known for key in own)
    values = {key: [own.get(key) for own in known] for key in keys}
    return {key: own for key, own in values.items() if any(one != own[0] for one in own)}


def _versions(path: Path) -> dict[str, str]:
    with files.ours(path, RunError, "Fit again."):
        lock = files.read_json(path / naming.LOCK)
        return {"python": lock["python"], "machine": lock.get("machine", ""), **lock["packages"]}


def _pair(
    paths: Sequence[Path], records: Sequence[Record], split: str, other: int
) -> dict[str, Any]:
    """How a run compares with the first, or why nothing can be said."""
    told: dict[str, Any] = {"run": str(paths[other]), "with": str(paths[0])}
    first, second = records[0], records[other]
    headline = first.metrics["headline"]
    scores = [record.metrics["splits"].get(split, {}).get(headline) for record in (second, first)]
    if not split or None in scores:
        return {**told, "reason": "they have no metric of a split in common"}
    prints = [record.splits["fingerprint"].get(split) for record in (first, second)]
    if prints[0] != prints[1] or first.columns.outputs().keys() != second.columns.outputs().keys():
        return {**told, "reason": f"their {split} rows are not the same"}
    if getattr(first.recipe.data, "split").reads:  # noqa: B009 - not every source declares it
        return {**told, "reason": "rows are divided by a column, and their groups are not kept"}
    output = next(name for name in first.columns.outputs()
                  if headline.startswith(first.columns.titled(name, "")))  # fmt: skip
    metric = headline.removeprefix(first.columns.titled(output, ""))
    drawn, spreads = None, []
    for path, record in ((paths[other], second), (paths[0], first)):
        answered = _answered(path, record, split, output)
        if answered is None:
            return {**told, "reason": "a run keeps no answers"}
        columns, encoded, outputs, weights = answered
        drawing = intervals.Drawing(None, first.recipe.training.seed)
        drawn = drawn or intervals.resamples(encoded, outputs, weights, drawing)
        if drawn is None:
            return {**told, "reason": f"{split} has too few rows"}
        spreads.append(intervals.spread(columns, encoded, outputs, drawn, metric))
    own, others = (found.get(metric) for found in spreads)
    if own is None or others is None or drawn is None:
        return {**told, "reason": f"{metric} has no interval"}
    found = intervals.compare(
        headline, (float(scores[0]), float(scores[1])), own, others, str(paths[0]),
        int(first.splits["rows"][split]), drawn,
    )  # fmt: skip
    return {**told, **found._asdict()}


def _answered(
    path: Path, record: Record, split: str, output: str
) -> tuple[Columns, Arrays, Arrays, np.ndarray | None] | None:
    """A target, what is true and what was answered as the network has it, and the weights."""
    frame = run_folder.frame(path / "predictions.parquet")
    frame = frame[frame["split"] == split].reset_index(drop=True)
    if not len(frame):
        return None
    place = list(record.columns.outputs()).index(output)
    answers = list(answers_of(record.columns, frame))[place]
    columns = Columns({}, (record.columns.targets[place],))
    encoded, outputs = _encoded(answers.task, answers), _outputs(answers.task, answers)
    [name] = columns.outputs()
    return columns, {name: encoded}, {name: outputs}, answers.weights


def _encoded(task: Task, answers: Answers) -> np.ndarray:
    """The truth as the loss takes it."""
    classes = list(getattr(task, "classes", None) or ())
    if not classes:
        return task.encode(answers.title, answers.truth)
    places = {str(label): place for place, label in enumerate(classes)}
    if task.stratified:
        rows = [places[str(value)] for value in answers.truth]
        return task.encode(answers.title, np.array(classes)[rows])
    flags = np.zeros((len(answers.truth), len(classes)), dtype=np.float32)
    for row, names in enumerate(sets_of(answers.truth)):
        flags[row, [places[name] for name in names]] = 1
    return flags


def _outputs(task: Task, answers: Answers) -> np.ndarray:
    """The answers as the network gave them."""
    if answers.probabilities is None:
        return task.outputs_of({"value": answers.answer})
    return task.outputs_of({"probabilities": answers.probabilities.astype(np.float32)})


def lines(found: Comparison) -> Iterator[str]:
    """The comparison as lines for a person: what differs first, then the figures."""
    for number, run in enumerate(found.runs, 1):
        yield f"{number}: {run}"
    for title, own in (("recipe", found.recipe), ("versions", found.versions)):
        if not own:
            yield f"{title}: the same"
            continue
        yield f"{title}:"
        for key, values in own.items():
            yield f"  {key}: {' | '.join(_brief(value) for value in values)}"
    unlike_rows = [part for part, same in found.rows.items() if not same]
    yield f"rows: {'the same' if not unlike_rows else 'not the same in ' + ', '.join(unlike_rows)}"
    if found.split:
        yield f"{found.split}:"
        order = sorted(found.metrics, key=lambda name: name != found.headline)
        for name in order:
            values = ["–" if one is None else cell(float(one)) for one in found.metrics[name]]
            yield f"  {name}: {' | '.join(values)}"
    for number, pair in enumerate(found.pairs, 2):
        yield f"{number} beside 1: {verdict(pair)}"


def _brief(value: Any) -> str:
    return "–" if value is None else cut(str(value), 40)


def verdict(pair: Mapping[str, Any]) -> str:
    """What the rows can show of two runs."""
    if "reason" in pair:
        return f"nothing can be said of the difference: {pair['reason']}."
    if pair["verdict"] != "no difference":
        return f"{pair['verdict']}: {difference(pair)}."
    return f"{pair['rows']:,} rows show no difference: {difference(pair)}."
