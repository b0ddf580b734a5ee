"""Why some rows were answered as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbuilder.reporting.page import Section, Table
from kbuilder.reporting.words import Words


def section(found: Mapping[str, Any], words: Words) -> Section:
    """What pushes the answers of a few rows.

    Args:
        found: `explanations` of `metrics.json`.
        words: The language.
    """
    title = words.say("Why some rows get their answers")
    if "reason" in found:
        return Section(title, [words.say("It is not known: {reason}.", **found)])
    line = words.say(
        "The rows that are furthest off, and usual ones. Contributions lead from the average "
        "training row to the row, by integrated gradients, and add up to what is explained: the "
        "log-odds of a class, or the number that is answered. What pushes need be no cause. "
        "Of other rows `kbuilder predict RUN DATA --explain` says the same."
    )
    head = [words.say("row"), words.say("which"), words.say("truth"), words.say("explained"),
            words.say("explained value"), words.say("of the average row"),
            words.say("what pushes most")]  # fmt: skip
    rows = [
        [str(one["row"]), words.say("furthest off" if one["kind"] == "furthest off" else "usual"),
         one["truth"], one["explained"], float(one["value"]), float(one["average"]),
         _pushes(one, words)]
        for one in found["rows"]
    ]  # fmt: skip
    pictures = [str(one.get("picture", "")) for one in found["rows"]]
    if any(pictures):
        line += " " + words.say("Pixels that push are red, those that push against are blue.")
    caption = words.say("What pushes the answers, of {name}", name=found["of"])
    return Section(title, [line], [
        Table(caption, head, rows, pictures=pictures if any(pictures) else ())
    ])  # fmt: skip


def _pushes(row: Mapping[str, Any], words: Words) -> str:
    """Columns with their values and contributions, and what is wrong with these."""
    told = []
    for one in row["contributions"]:
        value = f" = {one['value']}" if one["value"] and "words" not in one else ""
        inside = f" ({one['words'].replace('|', ', ')})" if one.get("words") else ""
        told.append(f"{one['column']}{value}: {one['contribution']:+.3g}{inside}")
    # earlier runs say neither
    if row.get("incomplete"):
        told.append(
            words.say("they do not add up: {left:+.3g} is left over", left=row["left_over"])
        )
    elif row.get("cancelling"):
        told.append(words.say("they cancel each other, so that their sum says little"))
    return "; ".join(told)
