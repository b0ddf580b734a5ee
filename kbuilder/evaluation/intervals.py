"""How sure metrics are: intervals of 95 % by a seeded bootstrap of the rows, or of groups of rows.

An interval goes by the spread of the resamples, on a scale on which they are about normal: shares
(accuracy, AUC …) have Wilson's interval, for as many rows as have that spread; of losses, squared
errors and what is missing to an R² of 1 the skewness of the resamples is taken out. Differences
have the quantiles of the resamples. Student's t makes both a little wider where rows are few.

Source: Wilson 1927, doi:10.1080/01621459.1927.10502953; Efron and Tibshirani 1993, An Introduction
to the Bootstrap; Hall 1992, On the Removal of Skewness by Transformation, JRSS B 54; Hesterberg
2015, doi:10.1080/00031305.2015.1089789.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kbuilder.columns import Arrays, Columns
from kbuilder.contracts import Resampling, Task, Teaching

RESAMPLES, FEWEST = 600, 300
"""Most and least resamples; in between, as the rows allow."""
WORK = 20_000_000
"""Rows of all resamples, at most: about a second. Times outputs they may be four times as many."""
MOST_ROWS = 50_000
"""Of more rows a sample is resampled, and its spread is brought down to that of all."""
CHUNK = 2_000_000
"""Rows of the resamples that are held at a time."""
FEWEST_UNITS = 4
"""Of fewer rows, or groups, resamples are too alike to say anything of others."""
FEW_UNITS = 30
"""Of fewer rows, or groups, the resamples of a difference are too alike for their quantiles."""
OF_ROWS = ("accuracy", "exact")
"""Ends of names of metrics that are shares of all rows; others may be of the rarest class."""
LEAST_SKEW = 1e-3
"""Below it a skewness is none."""
UNDEFINED = 0.5
"""The share of the resamples in which a metric that has an interval may not be defined."""
SAME = 1e-9
"""What values are apart, as a share of the largest, that are the same but for rounding."""
TAIL = 0.025
"""The chance of a value below an interval, and of one above it."""
SURE = 1.959964 + 0.841621
"""Deviations that a difference must have to be found with a chance of 80 %."""


class Resamples(NamedTuple):
    """Resamples of the rows that a model is judged by.

    Args:
        rows: Which rows are resampled, (rows,).
        units: The group of each of these rows, from 0; each row its own where there are none.
        weights: How much each of these rows counts, (rows,); None: all alike.
        share: The share of the units that they are.
        times: How many resamples there are.
        seed: Of what is drawn.
    """

    rows: np.ndarray
    units: np.ndarray
    weights: np.ndarray | None
    share: float
    times: int
    seed: int

    @property
    def size(self) -> int:
        """How many groups, or rows, are drawn."""
        return int(self.units.max()) + 1

    @property
    def even(self) -> float:
        """The share of the rows that would say as much if all counted alike (Kish 1965)."""
        own = self.weights
        return 1.0 if own is None else float(own.sum() ** 2 / (len(own) * (own @ own)))

    def chunks(self) -> Iterator[np.ndarray]:
        """How much each row counts in some of the resamples, (resamples, rows) float64."""
        random, size = np.random.default_rng(self.seed), self.size
        several = max(1, CHUNK // len(self.rows))
        for start in range(0, self.times, several):
            count = min(several, self.times - start)
            drawn = random.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
            times = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
            alone = size == len(self.rows)  # then a row is the unit of its number
            given = (times if alone else times[:, self.units]).astype(np.float64)
            yield given if self.weights is None else given * self.weights


class Drawing(NamedTuple):
    """How rows are resampled.

    Args:
        groups: The number of the group of each, (rows,); None: each stands alone.
        seed: Of what is drawn.
    """

    groups: np.ndarray | None = None
    seed: int = 0


ALONE = Drawing()


def resamples(
    encoded: Arrays, outputs: Arrays, weights: np.ndarray | None = None, drawing: Drawing = ALONE
) -> Resamples | None:
    """What is resampled; None: so few rows, or groups, say nothing of others.

    Args:
        encoded: The targets by output, each (rows, …).
        outputs: What was answered, by output, each (rows, units).
        weights: How much each counts, (rows,); None: all alike. Those of 0 are left out.
        drawing: How.
    """
    groups, seed = drawing
    rows = len(next(iter(encoded.values())))
    chosen = np.arange(rows) if weights is None else np.flatnonzero(weights > 0)
    owners = chosen if groups is None else groups[chosen]
    whole = len(np.unique(owners))
    if len(chosen) > MOST_ROWS:
        known = np.unique(owners)
        kept = max(2, len(known) * MOST_ROWS // len(chosen))
        known = np.random.default_rng((seed, 1)).choice(known, kept, replace=False)
        inside = np.isin(owners, known)
        chosen, owners = chosen[inside], owners[inside]
    units = np.unique(owners, return_inverse=True)[1]
    size = int(units.max()) + 1
    if size < FEWEST_UNITS:
        return None
    work = min(WORK, 4 * WORK // max(values.shape[1] for values in outputs.values()))
    count = min(RESAMPLES, max(FEWEST, work // len(chosen)))
    given = None if weights is None else weights[chosen].astype(np.float64)
    return Resamples(chosen, units, given, size / whole, count, seed)


def spread(
    columns: Columns, encoded: Arrays, outputs: Arrays, drawn: Resamples, only: str | None = None
) -> Arrays:
    """The metrics in each resample. Each (resamples,); NaN where one is not defined.

    Args:
        columns: Their tasks give the metrics.
        encoded: The targets by output.
        outputs: What was answered, by output.
        drawn: The resamples.
        only: The metric that is wanted; others may be left out then. None: all are.
    """
    if only is not None:
        quick = _spread(columns, encoded, outputs, drawn, whole=False)
        if only in quick:
            return quick
    return _spread(columns, encoded, outputs, drawn, whole=True)


def _spread(
    columns: Columns, encoded: Arrays, outputs: Arrays, drawn: Resamples, whole: bool
) -> Arrays:
    """As `spread`; `whole` says whether losses and what takes long are among them."""
    found: Arrays = {}
    total = np.zeros(drawn.times)
    for output, (_, task) in columns.outputs().items():
        own = (encoded[output][drawn.rows], np.asarray(outputs[output])[drawn.rows])
        figures = _figures(task, *own, losses(task, *own) if whole else None, drawn, whole)
        found |= {columns.titled(output, name): values for name, values in figures.items()}
        total = total + task.loss_weight * figures.get("loss", np.full(drawn.times, np.nan))
    if len(columns.targets) > 1:
        found = {"loss": total, **found}
    return {name: own for name, own in found.items() if np.isnan(own).mean() <= UNDEFINED}


def losses(task: Task, encoded: np.ndarray, outputs: np.ndarray) -> np.ndarray | None:
    """The loss of each row, (rows,); None: it is none of single rows."""
    import keras

    criterion, _ = task.objective()
    if not isinstance(criterion, keras.losses.Loss):
        return None
    found = keras.ops.convert_to_numpy(criterion.call(encoded, outputs))
    return found if found.shape == (len(encoded),) else None


def _figures(
    task: Task,
    encoded: np.ndarray,
    outputs: np.ndarray,
    losses: np.ndarray | None,
    drawn: Resamples,
    whole: bool,
) -> Arrays:
    """The loss and the metrics of one target in each resample. Each (resamples,)"""
    if not isinstance(task, Resampling):
        return {}
    ordered = whole and len(drawn.rows) * drawn.times * outputs.shape[1] <= 8 * WORK
    parts: list[Mapping[str, np.ndarray]] = []
    for given in drawn.chunks():
        own = {} if losses is None else {"loss": given @ losses / given.sum(axis=1)}
        parts.append({**own, **task.figures(encoded, outputs, given, ordered)})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def intervals(
    columns: Columns, encoded: Arrays, scores: Mapping[str, float], found: Arrays, drawn: Resamples
) -> dict[str, list[float]]:
    """The interval of each metric: its lower and upper end.

    Args:
        columns: Their tasks say which metrics are between 0 and 1.
        encoded: The targets by output.
        scores: The metrics on all rows.
        found: What `spread` gave.
        drawn: The resamples.
    """
    ends: dict[str, list[float]] = {}
    for output, (_, task) in columns.outputs().items():
        kind = task.teaches if isinstance(task, Teaching) else None
        groups = task.groups(encoded[output][drawn.rows]) if kind == "class" else None
        counts = np.bincount(groups) if groups is not None else np.array([drawn.size])
        rarest = min(drawn.size, int(counts[counts > 0].min()))
        for name in _of_target(columns, output, found):
            own = name.removeprefix(columns.titled(output, ""))
            score, values = scores[name], found[name]
            if own != "loss" and kind in ("class", "flags"):
                least = drawn.size if own.endswith(OF_ROWS) else rarest
                ends[name] = _share(score, values, least, drawn)
            else:
                best_is_1, power = own == task.headline, 2 if own == "rmse" else 1
                ends[name] = _number(score, values, best_is_1, drawn, power)
    if "loss" in found and "loss" not in ends:  # that of several targets
        ends["loss"] = _number(scores["loss"], found["loss"], False, drawn)
    return {name: ends[name] for name in found if name in ends}


def _of_target(columns: Columns, output: str, found: Mapping[str, Any]) -> list[str]:
    """The names of the metrics of a target."""
    if len(columns.targets) == 1:
        return list(found)
    longer = [name for name in columns.outputs() if name.startswith(output) and name != output]
    return [
        name
        for name in found
        if name.startswith(f"{output}_")
        and not any(name.startswith(f"{other}_") for other in longer)
    ]


def _deviate(count: int) -> float:
    """Student's t of so many values."""
    from scipy.special import stdtrit

    return float(-stdtrit(max(count - 1, 1), TAIL))


def _variance(values: np.ndarray, drawn: Resamples) -> float:
    """The variance of a metric on as many rows as there are."""
    return float(np.nanvar(values)) * drawn.share * drawn.size / (drawn.size - 1)


def _share(score: float, values: np.ndarray, least: int, drawn: Resamples) -> list[float]:
    """The interval of a metric from 0 to 1, that is of `least` rows at least."""
    variance, inner, far = _variance(values, drawn), score * (1 - score), _deviate(least)
    # Where all are right nothing spreads: then so many rows have been right.
    rows = inner / variance if variance > 0 and inner > 0 else least * drawn.even / drawn.share
    rows = max(rows, 1.0)
    centre = (score + far**2 / (2 * rows)) / (1 + far**2 / rows)
    half = far / (1 + far**2 / rows) * np.sqrt(inner / rows + far**2 / (4 * rows**2))
    return [float(max(0.0, min(score, centre - half))), float(min(1.0, max(score, centre + half)))]


def _number(
    score: float, values: np.ndarray, best_is_1: bool, drawn: Resamples, power: int = 1
) -> list[float]:
    """The interval of a metric that is above 0, or, as an R², below 1; else its quantiles.

    Its `power` is about a mean over rows, of which few large ones decide. So the t statistic is
    skewed, which Hall's transformation undoes.
    """
    lack, lacks = (1 - score, 1 - values) if best_is_1 else (score, values)
    known = lacks[~np.isnan(lacks)]
    if not (lack > 0 and (known > 0).all()):
        return _quantiles(score, values, drawn)
    mean, means, far = lack**power, known**power, _deviate(drawn.size)
    low, high = _unskewed(mean, means, far, np.sqrt(_variance(means, drawn)), drawn)
    if low <= 0:  # of rows that are few, and far apart
        low = mean * float(np.exp(-far * np.sqrt(_variance(np.log(means), drawn))))
    low, high = low ** (1 / power), high ** (1 / power)
    return [1 - high, 1 - low] if best_is_1 else [low, high]


def _unskewed(
    mean: float, means: np.ndarray, far: float, deviation: float, drawn: Resamples
) -> tuple[float, float]:
    """The interval of a mean of skewed values (Hall 1992)."""
    from scipy.stats import skew

    lean = 0.0  # that of one value, by the root of the rows
    if np.ptp(means) > SAME * np.abs(means).max():
        lean = float(skew(means)) * np.sqrt(drawn.share)
    ends = []
    for side in (far, -far):
        own = side
        if abs(lean) > LEAST_SKEW and deviation > 0:
            own = 3 / lean * (np.cbrt(1 + lean * side - lean**2 / 6) - 1)
        ends.append(float(mean - own * deviation))
    return ends[0], ends[1]


def _quantiles(score: float, values: np.ndarray, drawn: Resamples) -> list[float]:
    """The quantiles of the resamples; a little wider where rows are few."""
    from scipy.special import ndtr

    size = drawn.size
    tail = float(ndtr(-np.sqrt(size / (size - 1)) * _deviate(size)))
    low, high = np.nanquantile(values, [tail, 1 - tail])
    if drawn.share < 1:
        centre, less = np.nanmean(values), np.sqrt(drawn.share)
        low, high = score + (low - centre) * less, score + (high - centre) * less
    return [float(low), float(high)]


class Compared(NamedTuple):
    """How a model compares with a baseline in one metric. An entry of `metrics.json`.

    Args:
        metric: Its name; higher is better.
        baseline: The best one in it.
        difference: How much higher the model's is.
        interval: The ends of the interval of the difference.
        verdict: better, worse, or no difference: what these rows can show.
        rows: How many rows it rests on.
        rows_needed: About how many could show such a difference; None: no number of them.
    """

    metric: str
    baseline: str
    difference: float
    interval: list[float] | None
    verdict: str
    rows: int
    rows_needed: int | None


def compare(
    metric: str,
    scores: tuple[float, float],
    own: np.ndarray,
    others: np.ndarray,
    baseline: str,
    rows: int,
    drawn: Resamples,
) -> Compared:
    """Compare a model with a baseline on the same resamples.

    Args:
        metric: In which metric.
        scores: That of the model, and of the baseline.
        own, others: The same in each resample, (resamples,).
        baseline: Its name.
        rows: How many rows were judged.
        drawn: The resamples.
    """
    difference = scores[0] - scores[1]
    apart = own - others
    low, high = _quantiles(difference, apart, drawn)
    if drawn.size < FEW_UNITS:
        far = _deviate(drawn.size) * np.sqrt(_variance(apart, drawn))
        low, high = float(difference - far), float(difference + far)
    verdict = "better" if low > 0 else "worse" if high < 0 else "no difference"
    needed = None
    deviation = float(np.nanstd(apart)) * np.sqrt(drawn.share)
    if verdict == "no difference" and abs(difference) > 1e-9 and deviation > 0:
        needed = _rounded(max(rows + 1, rows * (SURE * deviation / difference) ** 2))
    return Compared(metric, baseline, difference, [low, high], verdict, rows, needed)


def _rounded(count: float) -> int:
    """A count to two digits."""
    step = 10 ** max(0, int(np.log10(count)) - 1)
    return int(-(-count // step) * step)


def best(metric: str, baselines: Mapping[str, Mapping[str, float]]) -> str | None:
    """The name of the best baseline in a metric; None: none has it."""
    known = {name: own[metric] for name, own in baselines.items() if metric in own}
    return max(known, key=lambda name: known[name]) if known else None


def judge(
    columns: Columns,
    encoded: Arrays,
    outputs: Arrays,
    beside: Mapping[str, Arrays],
    scores: tuple[Mapping[str, float], Mapping[str, Mapping[str, float]]],
    judging: Sequence[str],
    drawn: Resamples | None,
) -> dict[str, Any]:
    """The intervals of a model's metrics, and how it compares with the best baseline.

    Args:
        columns: Their tasks give the metrics.
        encoded: The targets that it is judged by, by output.
        outputs: What it answers.
        beside: What the baselines answer, by name.
        scores: The metrics of the model, and of each baseline.
        judging: The metrics that are compared, one for each target.
        drawn: The resamples; None: the rows are too few.

    Returns:
        `intervals` by metric, and `comparisons`, each as `Compared`; without resamples neither,
        but `too_few`: how many rows there are.
    """
    if drawn is None:
        return {"too_few": len(next(iter(encoded.values())))}
    found = spread(columns, encoded, outputs, drawn)
    rows = len(next(iter(encoded.values())))
    others: dict[str, Arrays] = {}
    compared = []
    for metric in judging:
        name = best(metric, scores[1])
        if name is None or metric not in scores[0] or metric not in found:
            continue
        if metric not in others.get(name, {}):
            others[name] = spread(columns, encoded, beside[name], drawn, metric)
        if metric in others[name]:
            pair = (scores[0][metric], scores[1][name][metric])
            both = (found[metric], others[name][metric])
            compared.append(compare(metric, pair, *both, name, rows, drawn)._asdict())
    known = {name: values for name, values in found.items() if name in scores[0]}
    given = intervals(columns, encoded, scores[0], known, drawn)
    return {"intervals": given, "comparisons": compared}
