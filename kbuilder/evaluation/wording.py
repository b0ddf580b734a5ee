"""What `metrics.json` says, in lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def scores(name: str, values: Mapping[str, float], headline: str) -> str:
    """One line of figures, the headline first."""
    order = sorted(values, key=lambda metric: (metric != headline, metric == "loss"))
    return f"{name}: " + ", ".join(f"{metric} {values[metric]:.4f}" for metric in order)


def verdict(metrics: Mapping[str, Any]) -> str:
    """Figures of each part, the baselines' beside them, and which is better."""
    headline = metrics["headline"]
    lines = [scores(name, values, headline) for name, values in metrics["splits"].items()]
    if "weight" in metrics:
        lines.insert(0, f"metrics are weighted by {metrics['weight']!r}")
    if metrics["baselines"]:
        lines.append(baselines(metrics))
    if metrics["better_than_baseline"] is False:
        known = {name: own.get(headline) for name, own in metrics["baselines"].items()}
        best = max(known, key=lambda name: known[name] or 0) if len(known) > 1 else ""
        which = f"baseline {best!r}" if best else "baseline, which ignores the input"
        lines.append(f"This model is no better than the {which} ({headline}).")
    if not lines:
        lines.append("No rows were held back, so nothing is known of other rows.")
    return "\n".join(lines)


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
