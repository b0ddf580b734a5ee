"""What the report says of the answers for rows that were held back, target by target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.errors import cut
from kbuilder.reporting import failing
from kbuilder.reporting.answers import Answers, sets_of
from kbuilder.reporting.figures import Figure, drawn, some, thinned
from kbuilder.reporting.page import Section, Table
from kbuilder.reporting.words import Words

if TYPE_CHECKING:
    pass

MOST = 20
"""Classes that a table or a picture shows, at most; of more those with most rows."""
BINS = 10
"""Groups of rows of like probability, by which the calibration is seen."""


def sections(answers: Answers, split: str, words: Words, several: bool) -> Iterator[Section]:
    """What is seen of the answers, and where they are wrong.

    Args:
        answers: Of a target.
        split: The split.
        words: The language.
        several: Whether the run has other targets too.
    """
    title = words.say("Answers on {split}", split=split)
    if several:
        title = f"{title}: {answers.title}"
    if answers.task.stratified:
        yield _of_classes(answers, title, words)
    elif answers.classes:
        yield _of_sets(answers, title, words)
    else:
        yield _of_numbers(answers, title, words)
    yield from failing.section(answers, split, words, several)


def _of_classes(answers: Answers, title: str, words: Words) -> Section:
    from sklearn import metrics

    classes, likely = answers.classes, answers.probabilities
    assert likely is not None, "a task with classes has them"
    truth, answer = answers.truth.astype(str), answers.answer.astype(str)
    shown = _most_frequent(truth, classes)
    counts = metrics.confusion_matrix(truth, answer, labels=shown)
    lines = []
    if len(shown) < len(classes):
        lines.append(words.say(
            "The {shown} classes with most rows are shown, of {all}.", shown=len(shown),
            all=len(classes),
        ))  # fmt: skip
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    confusion = Table(
        words.say("Rows by their class (down) and the answer (across)"),
        ["", *map(cut, shown)],
        [[cut(name), *map(int, row)] for name, row in zip(shown, counts, strict=True)],
        [[None, *row] for row in share.tolist()],
    )
    told = {"sample_weight": answers.weights, "labels": shown, "zero_division": 0}
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, answer, **told)
    count = Counter(truth.tolist())
    by_class = Table(
        words.say("Figures of each class"),
        [words.say("class"), words.say("rows"), "precision", "recall", "f1"],
        [
            [cut(name), count[name], float(p), float(r), float(f)]
            for name, p, r, f in zip(shown, precision, recall, f1, strict=True)
        ],
    )
    figures = [*_curves(answers, truth, shown, words), *_calibration(answers, truth, words)]
    return Section(title, lines, [confusion, by_class], figures)


def _most_frequent(truth: np.ndarray, classes: Sequence[str]) -> list[str]:
    """The classes with most rows, in their own order."""
    if len(classes) <= MOST:
        return list(classes)
    names, counts = np.unique(truth, return_counts=True)
    most = set(names[np.argsort(-counts, kind="stable")[:MOST]].tolist())
    return [name for name in classes if name in most]


def _curves(
    answers: Answers, truth: np.ndarray, shown: Sequence[str], words: Words
) -> Iterator[Figure]:
    """ROC and precision by recall: of the rarer of two classes, or of each of a few."""
    from sklearn import metrics

    classes, likely = answers.classes, answers.probabilities
    assert likely is not None
    wanted = [classes[-1]] if len(classes) == 2 else list(shown)[:8]
    lines = []
    for name in wanted:
        yes, score = truth == name, likely[:, classes.index(name)]
        if yes.all() or not yes.any():
            continue
        given: dict[str, Any] = {"sample_weight": answers.weights}
        wrong, right, _ = metrics.roc_curve(yes, score, **given)
        precise, found, _ = metrics.precision_recall_curve(yes, score, **given)
        area = float(metrics.roc_auc_score(yes, score, **given))
        mean = float(metrics.average_precision_score(yes, score, **given))
        lines.append((cut(name, 24), thinned(wrong, right), thinned(found, precise), area, mean))
    if not lines:
        return

    def draw(axes: Any) -> None:
        roc, recall = axes
        for name, (x, y), (found, precise), area, mean in lines:
            roc.plot(x, y, label=f"{name}: {area:.3f}")
            recall.plot(found, precise, label=f"{name}: {mean:.3f}")
        roc.plot([0, 1], [0, 1], linestyle=":", color="#888888")
        roc.set(xlabel=words.say("false positive rate"), ylabel=words.say("true positive rate"),
                title="ROC")  # fmt: skip
        recall.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02),
                   title=words.say("precision by recall"))  # fmt: skip
        roc.legend(fontsize=8, loc="lower right")
        recall.legend(fontsize=8, loc="lower left")

    areas = ", ".join(f"{name} {area:.4f}" for name, _, _, area, _ in lines)
    caption = words.say("ROC and precision by recall; the area below the ROC curve: {areas}.",
                        areas=areas)  # fmt: skip
    yield drawn(draw, caption, 2)


def calibration(right: np.ndarray, sure: np.ndarray, weights: np.ndarray | None = None) -> Any:
    """How often answers of like probability are right (Guo et al. 2017, arXiv:1706.04599).

    Args:
        right: Whether each answer is right. (rows,)
        sure: The probability that it came with. (rows,)
        weights: How much each row counts; None: all alike.

    Returns:
        The mean probability and the share of right ones of each of `BINS` equal ranges that has
        rows, how many rows it has, and the expected calibration error: the mean distance of the
        two, weighted by rows.
    """
    each = np.ones(len(sure)) if weights is None else weights
    place = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    total = np.bincount(place, each, BINS)
    there = total > 0
    mean = np.bincount(place, each * sure, BINS)[there] / total[there]
    share = np.bincount(place, each * right, BINS)[there] / total[there]
    error = float(np.sum(total[there] * np.abs(mean - share)) / max(total.sum(), 1e-12))
    return mean, share, np.bincount(place, minlength=BINS)[there], error


def _calibration(answers: Answers, truth: np.ndarray, words: Words) -> Iterator[Figure]:
    likely = answers.probabilities
    assert likely is not None
    if not len(truth):
        return
    sure = likely.max(axis=1)
    right = answers.answer.astype(str) == truth
    mean, share, rows, error = calibration(right, sure, answers.weights)

    def draw(axes: Any) -> None:
        line, bars = axes
        line.plot([0, 1], [0, 1], linestyle=":", color="#888888")
        line.plot(mean, share, marker="o")
        line.set(ylabel=words.say("share that is right"), ylim=(0, 1.02))
        line.set(title=words.say("calibration"))
        bars.bar(mean, rows, width=0.06)
        bars.set(ylabel=words.say("rows"))
        for panel in axes:
            panel.set(xlabel=words.say("probability of the answer"), xlim=(0, 1.02))

    caption = words.say(
        "Calibration: answers of probability p should be right in a share of p. The expected "
        "calibration error is {error}.", error=f"{error:.4f}",
    )  # fmt: skip
    yield drawn(draw, caption, 2)


def _of_sets(answers: Answers, title: str, words: Words) -> Section:
    true, told = (sets_of(some) for some in (answers.truth, answers.answer))
    each = np.ones(len(true)) if answers.weights is None else answers.weights
    figures = {name: _of_label(name, true, told, each) for name in answers.classes}
    first = sorted(figures, key=lambda name: -figures[name][0])[: 2 * MOST]
    lines = []
    if len(first) < len(figures):
        said = "The {shown} classes with most rows are shown, of {all}."
        lines.append(words.say(said, shown=len(first), all=len(figures)))
    head = [*map(words.say, ("label", "rows", "answered")), "precision", "recall", "f1"]
    rows = [[cut(name), *figures[name]] for name in first]
    return Section(title, lines, [Table(words.say("Figures of each label"), head, rows)])


def _of_label(
    name: str, true: Sequence[set[str]], told: Sequence[set[str]], each: np.ndarray
) -> tuple[int, int, float, float, float]:
    """Rows that have a label and that were answered to; precision, recall and F1."""
    is_, said = (np.array([name in one for one in some], dtype=bool) for some in (true, told))
    both = float(each[is_ & said].sum())
    precision = both / max(float(each[said].sum()), 1e-12)
    recall = both / max(float(each[is_].sum()), 1e-12)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return int(is_.sum()), int(said.sum()), precision, recall, f1


def _of_numbers(answers: Answers, title: str, words: Words) -> Section:
    truth, answer = answers.truth.astype(np.float64), answers.answer.astype(np.float64)
    if truth.ndim == 1:
        truth, answer = truth[:, None], answer[:, None]
    figures = []
    for place in range(min(truth.shape[1], 6)):
        name = f" {place + 1}" if truth.shape[1] > 1 else ""
        figures.append(_residuals(truth[:, place], answer[:, place], name, words))
    errors = np.abs(answer - truth)
    marks = (0.5, 0.75, 0.9, 0.95, 1.0)
    found = np.quantile(errors, marks) if errors.size else np.full(len(marks), np.nan)
    table = Table(
        words.say("How large the errors are"),
        [words.say("share of the rows"), words.say("error at most")],
        [[f"{mark:.0%}", float(error)] for mark, error in zip(marks, found, strict=True)],
    )
    return Section(title, [], [table], figures)


def _residuals(truth: np.ndarray, answer: np.ndarray, name: str, words: Words) -> Figure:
    x, y = some(truth, answer)
    rest = answer - truth
    low, high = np.quantile(rest, [0.005, 0.995]) if len(rest) else (0, 1)

    def draw(axes: Any) -> None:
        dots, bars = axes
        dots.scatter(x, y, s=14, alpha=0.5, linewidths=0)
        if len(x):
            ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
            dots.plot(ends, ends, linestyle=":", color="#888888")
        dots.set(xlabel=words.say("truth") + name, ylabel=words.say("answer") + name)
        bars.hist(np.clip(rest, low, high), bins=int(np.clip(len(rest) // 5, 5, 40)))
        bars.set(xlabel=words.say("answer - truth") + name, ylabel=words.say("rows"))

    caption = words.say(
        "Answers by the truth{name} ({shown} of {all} rows), and how far they are off: "
        "{mean} in the mean, {spread} as standard deviation.", name=name, shown=f"{len(x):,}",
        all=f"{len(truth):,}", mean=f"{rest.mean() if len(rest) else 0:.6g}",
        spread=f"{rest.std() if len(rest) else 0:.6g}",
    )  # fmt: skip
    return drawn(draw, caption, 2)
