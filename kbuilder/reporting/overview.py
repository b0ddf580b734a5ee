"""All runs as a page: a table that is sorted by a click."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kbuilder import files
from kbuilder.reporting.page import template
from kbuilder.reporting.writing import NAME
from kbuilder.runs.listing import Listed

HEAD = ("run", "state", "model", "epochs", "train rows", "split", "metric", "value",
        "better than baselines")  # fmt: skip


def cells(run: Listed) -> list[str | int | float]:
    """A run as a row of the table."""
    better = {True: "yes", False: "no", None: ""}[run.better]
    value = "" if run.value is None else run.value
    return [str(run.path), run.state, run.model, run.epochs, run.rows, run.split, run.metric,
            value, better]  # fmt: skip


def write(runs: Sequence[Listed], output: Path) -> Path:
    """Write the page; each run has a link to its report, where it has one.

    Args:
        runs: The runs.
        output: The file.
    """
    there = output.absolute().parent
    rows = [{"cells": cells(run), "link": _link(run.path / NAME, there)} for run in runs]
    with files.new_file(output) as file:
        file.write_text(template("runs.html").render(rows=rows, head=HEAD), encoding="utf-8")
    return output


def _link(report: Path, folder: Path) -> str:
    """The way from a folder to a report, as part of a URL; empty where there is none."""
    import os
    from urllib.parse import quote

    return quote(os.path.relpath(report.absolute(), folder)) if report.is_file() else ""
