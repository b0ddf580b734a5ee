"""The report of a run, of the files that its folder holds; needs no TensorFlow."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import files
from kbuilder.errors import CallError, RunError, cut, on_one_line
from kbuilder.evaluation.wording import verdict
from kbuilder.recipe import writing as recipes
from kbuilder.reporting import card, explained, judging, steps
from kbuilder.reporting.answers import answers_of, looked_at
from kbuilder.reporting.figures import Figure, drawn, plotted
from kbuilder.reporting.page import Section, Table, cell, render
from kbuilder.reporting.words import LANGUAGES, Words
from kbuilder.runs import naming, run_folder
from kbuilder.runs.run_folder import Record

if TYPE_CHECKING:
    pass

NAME = "report.html"
"""The report in the folder of its run."""
MOST = 20
"""Columns whose importance is drawn, at most."""
DECISIONS = 200
"""Decisions that are shown, at most."""


def write(path: Path, record: Record, language: str = "en", output: Path | None = None) -> Path:
    """Write the report of a run; it bears its name only when it is whole.

    Args:
        path: The folder of the run.
        record: What the folder holds.
        language: "en" or "ko".
        output: The file; None: `report.html` in the folder of the run.

    Returns:
        The file.

    Raises:
        CallError: if the language is none of these.
    """
    if language not in LANGUAGES:
        raise CallError(f"there is no report in {language!r}. Expected one of {list(LANGUAGES)}.")
    output = path / NAME if output is None else output
    page = render(naming.name_of(path), list(_sections(path, record, Words(language))),
                  Words(language))  # fmt: skip
    with files.new_file(output) as file:
        file.write_text(page, encoding="utf-8")
    return output


def wanted() -> bool:
    """Whether new runs have a report: unless KBUILDER_REPORT is none."""
    return os.environ.get("KBUILDER_REPORT") != "none"


def leave(path: Path, record: Record, say: Callable[[str], None]) -> None:
    """Write report and card of a new run into its folder.

    Args:
        path: The folder.
        record: What it holds.
        say: Called with what is in the way, if anything is.
    """
    for name, one in (("report", write), ("card", card.write)):
        try:
            one(path, record)
        except Exception as error:  # whatever it is, the run is whole
            why = f"{type(error).__name__}: {cut(str(error))}"
            say(f"Warning: the run has no {name}: {why}. `kbuilder report {path}` tries again.")


def short(path: Path, record: Record) -> str:
    """The verdict and the curves as a part of HTML, for notebooks."""
    words = Words()
    lines = [f"<b>{html.escape(naming.name_of(path))}</b>", *verdict(record.metrics).split("\n")]
    text = "<br>".join([lines[0], *map(html.escape, map(on_one_line, lines[1:]))])
    drawing = curves(record.history, record.metrics["headline"], words).svg
    style = "max-width: 44rem; --faint: #8a929c"
    return f'<div style="{style}"><p>{text}</p>{drawing if record.history else ""}</div>'


def _sections(path: Path, record: Record, words: Words) -> Iterator[Section]:
    predictions = record.predictions
    if predictions is None:
        predictions = run_folder.frame(path / "predictions.parquet")
    yield _verdict(record, words)
    yield _rows(record, words)
    yield _fit(record, words)
    splits = list(record.metrics["splits"])
    if splits:
        some, count = looked_at(predictions, splits[-1])
        if count > len(some):
            yield _sample(len(some), count, splits[-1], words)
        if count:
            holds = record.metrics.get("rows_shown")
            found = list(answers_of(record.columns, some, holds))
            for answers in found:
                yield from judging.sections(answers, splits[-1], words, len(found) > 1)
    if "slices" in record.metrics:
        yield _slices(record, words)
    if "importance" in record.metrics:
        yield _importance(record.metrics["importance"], words)
    if "explanations" in record.metrics:
        yield explained.section(record.metrics["explanations"], words)
    yield _decisions(record, words)
    yield _recipe(path, record, words)


def _sample(some: int, count: int, split: str, words: Words) -> Section:
    """What is said before the figures of a split whose rows are many."""
    line = words.say(
        "The answers below are for {some} of the {count} rows of {split}, at equal distances; "
        "the verdict is of all.", some=f"{some:,}", count=f"{count:,}", split=split,
    )  # fmt: skip
    return Section(words.say("Many rows"), [line])


def _verdict(record: Record, words: Words) -> Section:
    metrics, lines = record.metrics, []
    splits, headline, baselines = metrics["splits"], metrics["headline"], metrics["baselines"]
    if record.splits["smoke"]:
        lines.append(words.say(
            "The run is a smoke test: a few rows, one epoch. Its figures say nothing."
        ))  # fmt: skip
    if not splits:
        lines.append(words.say("No rows were held back, so nothing is known of other rows."))
        return Section(words.say("Verdict"), lines)
    last = list(splits)[-1]
    value = cell(float(splits[last].get(headline, float("nan"))))
    ends = metrics.get("intervals", {}).get(last, {}).get(headline)
    value += "" if ends is None else f" (95 %: {cell(ends[0])} – {cell(ends[1])})"
    told = {"split": last, "metric": headline, "value": value}
    lines.append(words.say("On {split}, {metric} is {value}.", **told))
    known = {name: own[headline] for name, own in baselines.items() if headline in own}
    if metrics.get("comparisons"):
        lines += [_compared(one, words) for one in metrics["comparisons"]]
    elif "too_few" in metrics:
        lines.append(words.say(
            "{rows} rows are too few to say how good the model is for others.",
            rows=metrics["too_few"],
        ))  # fmt: skip
    elif known and metrics["better_than_baseline"] is not None:
        best = max(known, key=lambda name: known[name])
        given = {"name": best, "value": cell(float(known[best]))}
        better = "The model is better than every baseline; the best of them, {name}, has {value}."
        worse = "The model is not better than every baseline: {name} has {value}."
        lines.append(words.say(better if metrics["better_than_baseline"] else worse, **given))
    if "weight" in metrics:
        lines.append(words.say("Metrics are weighted by column {name}.", name=metrics["weight"]))
    if record.findings:
        lines.append(words.say("{count} findings in the rows, below.", count=len(record.findings)))
    tables = [_figures(metrics, last, words)]
    if "mean" in metrics.get("folds", {}):
        tables.append(_folds(metrics["folds"], headline, words))
    by_step = steps.table(metrics, last, words)
    tables += [one for one in (by_step, steps.left(metrics, words)) if one is not None]
    return Section(words.say("Verdict"), lines, tables)


def _compared(one: Mapping[str, Any], words: Words) -> str:
    """What the rows can show of the model beside its best baseline."""
    low, high = one["interval"]
    by = f"{one['metric']} {one['difference']:+.4f} (95 %: {low:+.4f} – {high:+.4f})"
    sentences = {
        "better": "The model is better than the best baseline, {name}: {by}.",
        "worse": "The model is worse than the best baseline, {name}: {by}.",
        "no difference": "{rows} rows show no difference to the best baseline, {name}: {by}.",
    }
    told = {"name": one["baseline"], "by": by}
    if one["verdict"] == "no difference":
        told["rows"] = f"{one['rows']:,}"
    text = words.say(sentences[one["verdict"]], **told)
    if one["verdict"] == "no difference" and one["rows_needed"] is not None:
        needed = words.say("About {count} rows could.", count=f"{one['rows_needed']:,}")
        text = f"{text} {needed}"
    return text


def _figures(metrics: Mapping[str, Any], last: str, words: Words) -> Table:
    """The figures of the splits and of the baselines, the headline first."""
    own = {**metrics["splits"]}
    own |= {words.say("baseline: {name}", name=n): s for n, s in metrics["baselines"].items()}
    names = dict.fromkeys([metrics["headline"], *(name for one in own.values() for name in one)])
    caption = "Figures of each split, and of the baselines on {split}"
    return Table(
        words.say(caption, split=last),
        [words.say("split"), *names],
        [[who, *(float(of.get(name, float("nan"))) for name in names)] for who, of in own.items()],
    )


def _folds(found: Mapping[str, Any], headline: str, words: Words) -> Table:
    """The figures of each fold, the headline first; then mean and deviation."""
    names = sorted(found["mean"], key=lambda name: name != headline)
    origins = found.get("origins", range(1, found["count"] + 1))
    rows: list[list[Any]] = [
        [fold, count, *(float(own[name]) for name in names)]
        for fold, count, own in zip(origins, found["rows"], found["scores"], strict=True)
    ]
    rows.append([words.say("mean"), "", *(found["mean"][name] for name in names)])
    rows.append([words.say("deviation"), "", *(found["deviation"][name] for name in names)])
    head = [words.say("origin" if "origins" in found else "fold"), words.say("rows"), *names]
    return Table(words.say("Figures of each fold"), head, rows)


def _rows(record: Record, words: Words) -> Section:
    counts = record.splits["rows"]
    rows = [[name, int(count)] for name, count in counts.items()]
    tables = [Table(words.say("How the rows are divided"),
                    [words.say("split"), words.say("rows")], rows)]  # fmt: skip
    lines = []
    if record.findings:
        tables.append(Table(
            words.say("What looks wrong in the rows"),
            [words.say("check"), words.say("finding"), words.say("line to write")],
            [[one.check, on_one_line(one.message), one.line] for one in record.findings],
        ))  # fmt: skip
    else:
        lines.append(words.say("Nothing in the rows looks wrong."))
    return Section(words.say("Rows"), lines, tables)


def _fit(record: Record, words: Words) -> Section:
    history = record.history
    several = by_network(history)
    lines = []
    if len(several) > 1:
        lines.append(words.say(
            "{count} networks, whose answers are averaged.", count=len(several)
        ))  # fmt: skip
    for number, own in enumerate(several, 1):
        line = _epochs(own, words)
        lines.append(line if len(several) == 1 else f"{number}: {line}")
    figures = [curves(history, record.metrics["headline"], words)] if history else []
    known = record.metrics.get("diagnosis", {})
    tables = []
    if known.get("found"):
        tables.append(Table(
            words.say("What the fit suffers from"),
            [words.say("finding"), words.say("what it rests on"), words.say("what to try")],
            [[one["name"], on_one_line(one["message"]), one["line"]] for one in known["found"]],
        ))  # fmt: skip
    elif "found" in known:
        lines.append(words.say("Nothing in its figures says that the fit went wrong."))
    return Section(words.say("Fit"), lines, tables, figures,
                   texts={words.say("Log"): "\n".join(record.log)})  # fmt: skip


def by_network(history: Sequence[Mapping[str, float]]) -> list[list[Mapping[str, float]]]:
    """The figures of each epoch, network by network."""
    numbers = dict.fromkeys(row.get("network", 1.0) for row in history)
    return [[row for row in history if row.get("network", 1.0) == one] for one in numbers]


def _epochs(history: Sequence[Mapping[str, float]], words: Words) -> str:
    """How many epochs a fit had, and which has the lowest loss."""
    losses = [row.get("val_loss") for row in history]
    known = [loss for loss in losses if loss is not None and loss == loss]
    if not known:
        return words.say("Epochs: {epochs}, without rows for validation.", epochs=len(history))
    lowest = min(known)
    return words.say(
        "Epochs: {epochs}. The lowest loss on validation, {loss}, is that of epoch {best}.",
        epochs=len(history), loss=cell(float(lowest)),
        best=int(history[losses.index(lowest)]["epoch"]),
    )  # fmt: skip


def curves(history: Sequence[Mapping[str, float]], headline: str, words: Words) -> Figure:
    """The loss and a metric of each epoch, on training rows and on those of validation.

    Args:
        history: Figures of each epoch.
        headline: The metric; the loss alone is drawn, where the fit did not compute it.
        words: The language.
    """
    names = _drawn_names(history, headline)
    caption = words.say("Loss by epoch.")
    if len(names) > 1:
        caption = words.say("Loss and {metric} by epoch.", metric=headline)
    return drawn(partial(_draw_curves, history, names, words), caption, len(names))


def plot(record: Record) -> Any:
    """The curves as a figure of matplotlib."""
    names = _drawn_names(record.history, record.metrics["headline"])
    return plotted(partial(_draw_curves, record.history, names, Words()), len(names))


def _drawn_names(history: Sequence[Mapping[str, float]], headline: str) -> list[str]:
    return ["loss", *([headline] if any(headline in row for row in history) else [])]


def _draw_curves(
    history: Sequence[Mapping[str, float]], names: Sequence[str], words: Words, axes: Any
) -> None:
    several = by_network(history)
    for panel, name in zip(axes, names, strict=True):
        for place, (key, title) in enumerate(((name, "train"), (f"val_{name}", "validation"))):
            said = False
            for own in several:
                values = [row.get(key, float("nan")) for row in own]
                if any(value == value for value in values):
                    panel.plot([int(row["epoch"]) for row in own], values, color=f"C{place}",
                               marker="o" if len(own) < 30 else None, markersize=3,
                               label=None if said else words.say(title))  # fmt: skip
                    said = True
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set(xlabel=words.say("epoch"), title=words.say(name) if name == "loss" else name)
        panel.legend(fontsize=8)


def _slices(record: Record, words: Words) -> Section:
    known, title = record.metrics["slices"], words.say("Where it is worse")
    if "reason" in known:
        return Section(title, [words.say("It is not known: {reason}.", **known)])
    tables, lines = [], []
    outputs = record.columns.outputs()
    for output, found in known.items():
        own = " + ".join(outputs[output].columns) if len(outputs) > 1 else ""
        if not found["worst"]:
            none = "Of {count} groups of rows none is surely worse than the others."
            lines.append(f"{own}: ".removeprefix(": ") + words.say(none, count=found["looked_at"]))
            continue
        caption = words.say("Groups of rows whose answers are surely worse, of {count}",
                            count=found["looked_at"])  # fmt: skip
        head = [words.say("column"), words.say("value"), words.say("rows"), found["metric"],
                words.say("{metric} of the other rows", metric=found["metric"])]  # fmt: skip
        rows = [[one["column"], cut(one["value"]), one["rows"], one["score"], one["rest"]]
                for one in found["worst"]]  # fmt: skip
        tables.append(Table(f"{own}: {caption}".removeprefix(": "), head, rows))
    return Section(title, lines, tables)


def _importance(found: Mapping[str, Any], words: Words) -> Section:
    title = words.say("What the answers rest on")
    if "reason" in found:
        said = words.say("It is not known how much each column matters: {reason}.", **found)
        return Section(title, [said])
    metric = found["metric"]
    names = [" + ".join(map(cut, one["columns"])) for one in found["columns"]]
    rows = [[name, one["drop"], *one["interval"]]
            for name, one in zip(names, found["columns"], strict=True)]  # fmt: skip
    first = rows[:MOST][::-1]

    def draw(axes: Any) -> None:
        [panel] = axes
        places = range(len(first))
        panel.barh(places, [row[1] for row in first])
        for place, (_, _, low, high) in zip(places, first, strict=True):
            panel.plot([low, high], [place, place], color="#888888", linewidth=2)
        panel.set_yticks(places, [cut(str(row[0]), 28) for row in first])
        panel.grid(axis="y", visible=False)
        panel.set(xlabel=words.say("how much {metric} falls", metric=metric))

    line = words.say(
        "How much {metric} falls on {rows} rows, once the values of a column are exchanged among "
        "the rows; columns of which one says the other are taken together. What the network rests "
        "on need be no cause.", metric=metric, rows=f"{found['rows']:,}",
    )  # fmt: skip
    head = [words.say("column"), words.say("how much {metric} falls", metric=metric),
            words.say("95 % from"), words.say("95 % to")]  # fmt: skip
    caption = words.say("Importance by permutation")
    height = 1.2 + 0.28 * len(first)
    return Section(title, [line], [Table(caption, head, rows, folded=len(rows) > MOST)],
                   [drawn(draw, caption, size=(8.0, height), left=0.3)])  # fmt: skip


def _decisions(record: Record, words: Words) -> Section:
    return Section(words.say("Decisions"), tables=[Table(
        words.say("What was inferred, and why"),
        [words.say("setting"), words.say("value"), words.say("reason"), words.say("line to write")],
        [[one.path, cut(str(one.value), 120), one.reason, cut(one.write, 160)]
         for one in record.decisions[:DECISIONS]],
        folded=True,
    )])  # fmt: skip


def _recipe(path: Path, record: Record, words: Words) -> Section:
    with files.ours(path, RunError, "Fit again."):
        lock = files.read_json(path / naming.LOCK)
        told = {"python": lock["python"], "machine": lock.get("machine", ""), **lock["packages"],
                "seed": lock["seed"]}  # fmt: skip
    return Section(
        words.say("Recipe"),
        tables=[Table(words.say("What the fit ran on"), [words.say("name"), words.say("value")],
                      [[name, str(value)] for name, value in told.items()])],
        texts={words.say("Recipe"): recipes.to_yaml(record.recipe)},
    )  # fmt: skip
