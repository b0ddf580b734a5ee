"""From which probability on the answer is yes: a number, or how it is chosen on validation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from kbuilder.late import np
from kbuilder.refusals import custom, refuse
from kbuilder.spec import Positive, Spec

USUAL = 0.5
AUTO: dict[str, Any] = {"metric": "f1"}
"""What `auto` stands for."""
METRICS = ("f1", "accuracy", "balanced_accuracy")
Metric = Literal["f1", "accuracy", "balanced_accuracy"]


def _share(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and 0 < value <= 1:  # type: ignore[operator]
        return value
    raise custom(
        "Expected a share greater than 0 and at most 1, such as `threshold: {recall: 0.9}` or "
        "`threshold: {precision: 0.9}`"
    )


def _both(value: object) -> object:
    if isinstance(value, Cost) or (isinstance(value, dict) and value.keys() >= SIDES):
        return value
    raise custom("Expected both costs: `threshold: {cost: {false_positive: 1, false_negative: 5}}`")


SIDES = {"false_positive", "false_negative"}
Share = Annotated[float, Field(gt=0, le=1), BeforeValidator(_share)]
RULES = (
    "{metric: f1}, {cost: {false_positive: 1, false_negative: 5}}, {recall: 0.9} or "
    "{precision: 0.9}"
)
EXPECTED = (
    "Expected a number between 0 and 1, such as `threshold: 0.3`, or how it is chosen on "
    f"validation: `threshold: auto`, which is {{metric: f1}}, or one of {RULES}"
)


class Cost(Spec):
    """What wrong answers cost; only their ratio matters."""

    false_positive: Positive
    """The cost of a yes that is wrong; > 0."""
    false_negative: Positive
    """The cost of a no that is wrong; > 0."""


class Rule(Spec):
    """How a threshold is chosen on the validation rows: by one of these."""

    metric: Metric | None = None
    """The metric that is to be highest: f1, accuracy or balanced_accuracy (the mean of the recall
    of both answers)."""
    cost: Annotated[Cost, BeforeValidator(_both)] | None = None
    """The costs of wrong answers, whose sum is to be least."""
    recall: Share | None = None
    """The least recall, 0 < recall <= 1; of the thresholds that have it, that of the highest
    precision."""
    precision: Share | None = None
    """The least precision, 0 < precision <= 1; of the thresholds that have it, that of the highest
    recall."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Any:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            said = f"it says {' and '.join(given) or 'nothing'}. Expected one of {RULES}"
            raise refuse((), said, self.plain() or None)
        return self

    def plain(self) -> dict[str, Any]:
        """What it says, as a recipe has it."""
        said: dict[str, Any] = self.model_dump(exclude_none=True)
        return said


def _known(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, dict | Rule) or value == "auto":
        return value
    if number and 0 < value < 1:  # type: ignore[operator]
        return value
    raise custom(EXPECTED)


def _written(value: Any) -> Any:
    return value.plain() if isinstance(value, Rule) else value


Limit = Annotated[float, Field(gt=0, lt=1)]
Threshold = Annotated[
    Limit | Literal["auto"] | Rule,
    BeforeValidator(_known, json_schema_input_type=Limit | Literal["auto"] | Rule),
    PlainSerializer(_written),
]
"""A number, or how it is chosen."""


def refuse_in(given: Any, name: str, why: str) -> None:
    """Refuse a field of tasks of yes and no in the fields of another task."""
    if not isinstance(given, dict) or name not in given:
        return
    others = {"threshold": "multilabel", "calibrate": "multiclass or multilabel"}
    values = {"threshold": "0.3", "calibrate": "true"}
    said = (
        f"{why}. Expected no {name}; it belongs to classes of yes and no, "
        f"`task: {{name: binary, {name}: {values[name]}}}`, or to {others[name]}"
    )
    raise refuse((name,), said, given[name])


def rule_of(threshold: Any) -> dict[str, Any] | None:
    """How a threshold is to be chosen, as a recipe says it; None: it is a number."""
    if isinstance(threshold, Rule):
        return threshold.plain()
    return AUTO if threshold == "auto" else None


def limit_of(threshold: Any) -> float:
    """The threshold in use: 0.5 until it is chosen."""
    return USUAL if rule_of(threshold) is not None else float(threshold)


def is_yes(likely: Any, threshold: Any) -> Any:
    """Which answers are yes: those of the threshold, or more, in float32 as networks have them."""
    return np.asarray(likely, np.float32) >= np.float32(threshold)


def figure_of(rule: Any, found: Any, wrong: Any, yes: Any, no: Any) -> Any:
    """What a rule looks at, higher being better, and what it demands before: 1 where it has that.

    `found` is how many of the `yes` are answered by yes, `wrong` how many of the `no`.
    """
    precision = found / np.maximum(found + wrong, 1e-300)
    recall = found / yes
    if "recall" in rule:
        reached = recall >= rule["recall"] - 1e-12
        return (precision if reached.any() else recall), reached
    if "precision" in rule:
        reached = precision >= rule["precision"] - 1e-12
        return (recall if reached.any() else precision), reached
    always = np.ones(np.shape(found), bool)
    if "cost" in rule:
        cost = rule["cost"]
        lost = cost["false_positive"] * wrong + cost["false_negative"] * (yes - found)
        return -lost / (yes + no), always
    kinds = {
        "f1": 2 * found / (found + wrong + yes),
        "accuracy": (found + no - wrong) / (yes + no),
        "balanced_accuracy": (recall + 1 - wrong / no) / 2,
    }
    return kinds[rule["metric"]], always


def best_threshold(likely: Any, rule: Any, truth: Any, weights: Any = None) -> Any:
    """The threshold that a rule prefers, such as {"metric": "f1"}; of equals the nearest to 0.5.

    It lies between two probabilities that occur, at a short number; it is 0.5 where all are yes, or
    all no. `likely` and `truth` are (rows, answers), taken together; `weights` says how much each
    row counts.
    """
    each = np.ones(len(likely)) if weights is None else weights
    each = each.repeat(likely.size // len(likely))
    order = np.argsort(-likely.ravel(), kind="stable")
    order = order[each[order] > 0]
    values = likely.ravel()[order].astype(np.float32)
    flags, each = truth.ravel()[order] > 0.5, each[order]
    if flags.all() or not flags.any():
        return 0.5
    last = np.append(values[1:] != values[:-1], True)  # a threshold leaves equal ones together
    upper = np.append(np.float32(1), values[last])
    lower = np.append(values[last], np.float32(0))
    found = np.append(0, np.cumsum(each * flags)[last])
    wrong = np.append(0, np.cumsum(each * ~flags)[last])
    there = upper > lower
    upper, lower, found, wrong = upper[there], lower[there], found[there], wrong[there]
    figure, reached = figure_of(rule, found, wrong, (each * flags).sum(), (each * ~flags).sum())
    figure = np.where(reached | ~reached.any(), figure, -np.inf)
    middle = (upper.astype(np.float64) + lower) / 2
    best = np.flatnonzero(figure == figure.max())
    best = best[np.argmin(np.abs(middle[best] - 0.5))]
    for digits in range(2, 10):
        short = round(float(middle[best]), digits)
        if lower[best] < np.float32(short) <= upper[best] and 0 < short < 1:
            return short
    return float(upper[best])


def at_threshold(likely: Any, truth: Any, threshold: Any, weights: Any = None) -> Any:
    """Precision, recall and F1 of the answers, and the share of them that is right."""
    each = np.ones(len(likely)) if weights is None else weights
    each = np.repeat(each, likely.size // len(likely)).reshape(likely.shape)
    told, yes = is_yes(likely, threshold), truth > 0.5
    found, wrong, true = (float(each[some].sum()) for some in (told & yes, told & ~yes, yes))
    return {
        "accuracy": float(each[told == yes].sum() / each.sum()),
        "precision": found / max(found + wrong, 1e-300),
        "recall": found / max(true, 1e-300),
        "f1": 2 * found / max(found + wrong + true, 1e-300),
    }
