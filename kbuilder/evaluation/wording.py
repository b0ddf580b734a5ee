"""What `metrics.json` says, in lines for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kbuilder.evaluation.symptoms import said

TOLD = 2
"""Symptoms of a diagnosis that are printed, at most; the report has all."""
MOST = 10
"""Networks or folds whose figures are printed one by one, at most."""


def scores(
    name: str,
    values: Mapping[str, float],
    headline: str,
    intervals: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """One line of figures, the headline first, with its interval where it is known."""
    order = sorted(values, key=lambda metric: (metric != headline, metric == "loss"))
    figures = {metric: f"{metric} {values[metric]:.4f}" for metric in order}
    if intervals and headline in intervals and headline in figures:
        low, high = intervals[headline]
        figures[headline] += f" (95 %: {low:.4f} to {high:.4f})"
    return f"{name}: {', '.join(figures.values())}"


def verdict(metrics: Mapping[str, Any]) -> str:
    """Figures of each part, the baselines' beside them, and which is better."""
    headline, intervals = metrics["headline"], metrics.get("intervals", {})
    lines = [
        scores(name, values, headline, intervals.get(name))
        for name, values in metrics["splits"].items()
    ]
    if "folds" in metrics:
        lines.append(alone(metrics["folds"], headline, "folds"))
    if "mean" in metrics.get("networks", {}):
        lines.append(alone(metrics["networks"], headline))
    if "weight" in metrics:
        lines.insert(0, f"metrics are weighted by {metrics['weight']!r}")
    if metrics["baselines"]:
        lines.append(baselines(metrics))
    lines += judgement(metrics)
    lines += [said(one) for one in metrics.get("diagnosis", {}).get("found", ())[:TOLD]]
    if not lines:
        lines.append("No rows were held back, so nothing is known of other rows.")
    return "\n".join(lines)


def alone(found: Mapping[str, Any], headline: str, what: str = "networks alone") -> str:
    """How several do one by one: the mean of the headline, the deviation, and all figures.

    Args:
        found: What `several.spread` gave, with their `count`.
        headline: The metric.
        what: What they are.
    """
    mean, deviation = (found[name].get(headline) for name in ("mean", "deviation"))
    if mean is None:
        return f"{found['count']} {what}"
    each = ", ".join(f"{one[headline]:.4f}" for one in found["scores"][:MOST])
    more = "" if len(found["scores"]) <= MOST else ", …"
    return f"{found['count']} {what}: {headline} {mean:.4f} ± {deviation:.4f} ({each}{more})"


def judgement(metrics: Mapping[str, Any]) -> list[str]:
    """What the rows can show of a model beside its best baseline; nothing where it is unknown."""
    if metrics.get("comparisons"):
        constant = next(iter(metrics["baselines"]))
        found = [compared(one, constant) for one in metrics["comparisons"]]
        if list(metrics["splits"])[-1] == "validation":
            found.append("These rows have chosen the epoch, so other rows may show less.")
        return [" ".join(found)]
    if "too_few" in metrics:
        rows = metrics["too_few"]
        are = "row is" if rows == 1 else "rows are"
        return [f"{rows:,} {are} too few to say how good the model is for others."]
    if metrics["better_than_baseline"] is not False:  # a run of a time before comparisons
        return []
    headline = metrics["headline"]
    known = {name: own.get(headline) for name, own in metrics["baselines"].items()}
    best = max(known, key=lambda name: known[name] or 0) if len(known) > 1 else ""
    which = f"baseline {best!r}" if best else "baseline, which ignores the input"
    return [f"This model is no better than the {which} ({headline})."]


def compared(one: Mapping[str, Any], constant: str) -> str:
    """What the rows can show of a model beside its best baseline.

    Args:
        one: An entry of `comparisons`.
        constant: The name of the baseline that ignores the input.
    """
    which = f"the best baseline, {one['baseline']}"
    which += ", which ignores the input" if one["baseline"] == constant else ""
    if one["verdict"] != "no difference":
        return f"{one['verdict'].capitalize()} than {which}: {difference(one)}."
    return f"{one['rows']:,} rows show no difference to {which}: {difference(one)}."


def difference(one: Mapping[str, Any]) -> str:
    """The difference of an entry of `comparisons`, and how many rows could show one."""
    low, high = one["interval"]
    by = f"{one['metric']} {one['difference']:+.4f} (95 %: {low:+.4f} to {high:+.4f})"
    needed = one["rows_needed"]
    return by if needed is None else f"{by}; about {needed:,} rows could"


def baselines(metrics: Mapping[str, Any]) -> str:
    """One line of the baselines' figures, and what is said of them."""
    headline, notes = metrics["headline"], metrics.get("baseline_notes", {})
    found = []
    for name, own in metrics["baselines"].items():
        figure = f" {own[headline]:.4f}" if headline in own else ""
        note = f" ({notes[name]})" if name in notes else ""
        found.append(f"{name}{figure}{note}")
    found += [f"{name} {note}" for name, note in notes.items() if name not in metrics["baselines"]]
    return f"baselines ({headline}): {', '.join(found)}"
