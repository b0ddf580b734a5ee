"""What the report says of the answers for rows that were held back, target by target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kbuilder.contracts import Deciding
from kbuilder.errors import cut
from kbuilder.probabilities.calibration import calibration_error, reliability, sure_and_right
from kbuilder.reporting import failing
from kbuilder.reporting.answers import Answers, sets_of
from kbuilder.reporting.figures import Figure, drawn, some, thinned
from kbuilder.reporting.page import Section, Table
from kbuilder.reporting.words import Words

if TYPE_CHECKING:
    pass

MOST = 20
"""Classes that a table or a picture shows, at most; of more those with most rows."""


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
    lines = _threshold(answers, words)
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
    numbers = np.array([classes.index(name) for name in truth], dtype=int)
    figures = [
        *_curves(answers, truth, shown, words),
        *_calibration(answers, likely[:, None], numbers[:, None], words),
    ]
    return Section(title, lines, [confusion, by_class], figures)


def _threshold(answers: Answers, words: Words) -> list[str]:
    """From which probability on the answer is yes, where there is one."""
    if not isinstance(answers.task, Deciding):
        return []
    value = f"{answers.task.threshold:g}"
    if not answers.task.stratified:
        return [words.say("A label is answered from a probability of {value} on.", value=value)]
    said = "{name} is answered from a probability of {value} on."
    return [words.say(said, name=cut(answers.classes[-1]), value=value)]


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
    point = _point(answers, truth)

    def draw(axes: Any) -> None:
        roc, recall = axes
        for name, (x, y), (found, precise), area, mean in lines:
            roc.plot(x, y, label=f"{name}: {area:.3f}")
            recall.plot(found, precise, label=f"{name}: {mean:.3f}")
        if point is not None:
            threshold, fall_out, sensitivity, precision = point
            dot = {"marker": "D", "linestyle": "none", "color": "#888888", "label":
                   words.say("threshold {value}", value=f"{threshold:g}")}  # fmt: skip
            roc.plot([fall_out], [sensitivity], **dot)
            recall.plot([sensitivity], [precision], **dot)
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


def _point(answers: Answers, truth: np.ndarray) -> tuple[float, float, float, float] | None:
    """The threshold, and where it is on the curves: false and true positive rate, precision."""
    if not isinstance(answers.task, Deciding) or len(answers.classes) != 2:
        return None
    each = np.ones(len(truth)) if answers.weights is None else answers.weights
    yes, told = truth == answers.classes[-1], answers.answer.astype(str) == answers.classes[-1]
    right, wrong = (float(each[told & some].sum()) for some in (yes, ~yes))
    if not right + wrong:
        return None
    least = 1e-12
    return (
        float(answers.task.threshold), wrong / max(float(each[~yes].sum()), least),
        right / max(float(each[yes].sum()), least), right / (right + wrong),
    )  # fmt: skip


def _calibration(
    answers: Answers, likely: np.ndarray, truth: np.ndarray, words: Words
) -> Iterator[Figure]:
    """How often what is given a probability is true.

    Args:
        answers: Of a target.
        likely: The probabilities, (rows, answers, classes).
        truth: The class numbers, (rows, answers).
        words: The language.
    """
    if not len(truth):
        return
    sure, right = sure_and_right(likely, truth)
    mean, share, rows = reliability(sure, right, answers.weights)
    error = calibration_error(sure, right, answers.weights)
    across, up = words.say("probability"), words.say("share that is right")
    if len(answers.classes) == 2 and answers.task.stratified:
        name = cut(answers.classes[-1], 24)
        across = words.say("probability of {name}", name=name)
        up = words.say("share of {name}", name=name)

    def draw(axes: Any) -> None:
        line, bars = axes
        line.plot([0, 1], [0, 1], linestyle=":", color="#888888")
        line.plot(mean, share, marker="o")
        line.set(ylabel=up, ylim=(0, 1.02))
        line.set(title=words.say("calibration"))
        bars.bar(mean, rows, width=0.06)
        bars.set(ylabel=words.say("rows"))
        for panel in axes:
            panel.set(xlabel=across, xlim=(0, 1.02))

    caption = words.say(
        "Calibration: what has probability p should be true in a share of p. The expected "
        "calibration error is {error}.", error=f"{error:.4f}",
    )  # fmt: skip
    yield drawn(draw, caption, 2)


def _of_sets(answers: Answers, title: str, words: Words) -> Section:
    true, told = (sets_of(some) for some in (answers.truth, answers.answer))
    each = np.ones(len(true)) if answers.weights is None else answers.weights
    figures = {name: _of_label(name, true, told, each) for name in answers.classes}
    first = sorted(figures, key=lambda name: -figures[name][0])[: 2 * MOST]
    lines = _threshold(answers, words)
    if len(first) < len(figures):
        said = "The {shown} classes with most rows are shown, of {all}."
        lines.append(words.say(said, shown=len(first), all=len(figures)))
    head = [*map(words.say, ("label", "rows", "answered")), "precision", "recall", "f1"]
    rows = [[cut(name), *figures[name]] for name in first]
    table = Table(words.say("Figures of each label"), head, rows)
    has = np.array([[name in one for name in answers.classes] for one in true], dtype=int)
    likely = answers.probabilities
    assert likely is not None, "a task with labels has them"
    both = np.stack([1 - likely, likely], axis=-1)
    return Section(title, lines, [table], list(_calibration(answers, both, has, words)))


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
