"""How far off a forecast is at each step of its horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbuilder.reporting.page import Table
from kbuilder.reporting.words import Words

MODEL = ""
"""What the model is called among the baselines of `by_step`."""
MOST = 30
"""Steps that are shown, at most, at even distances."""


def left(metrics: Mapping[str, Any], words: Words) -> Table | None:
    """What the errors of steps some steps apart have in common; None: nobody knows.

    Args:
        metrics: The content of `metrics.json`.
        words: The language.
    """
    found = metrics.get("autocorrelation")
    if not found:
        return None
    caption = words.say(
        "Autocorrelation of the errors of the first step: beyond ±{bound} something is left to "
        "learn", bound=f"{found['bound']:.2f}",
    )  # fmt: skip
    heads = [words.say("steps apart"), words.say("correlation")]
    rows = [[lag, float(r)] for lag, r in zip(found["lags"], found["values"], strict=True)]
    return Table(caption, heads, rows)


def table(metrics: Mapping[str, Any], split: str, words: Words) -> Table | None:
    """The errors of the model and of each baseline by step; None: nothing is forecast.

    Args:
        metrics: The content of `metrics.json`.
        split: The split that they are of.
        words: The language.
    """
    found = metrics.get("by_step")
    if not found:
        return None
    metric = "mase" if "mase" in found[MODEL] else "mae"
    count = len(found[MODEL][metric])
    shown = [round(place * (count - 1) / (MOST - 1)) for place in range(MOST)]
    steps = range(count) if count <= MOST else shown
    heads = [name if name != MODEL else words.say("model") for name in found]
    rows = [[step + 1, *(float(own[metric][step]) for own in found.values())] for step in steps]
    caption = words.say("Errors by step of the forecast on {split} ({metric})", split=split,
                        metric=metric)  # fmt: skip
    return Table(caption, [words.say("step"), *heads], rows)
