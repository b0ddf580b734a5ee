"""`kbuilder evaluate`."""

from __future__ import annotations

import json
from typing import Any

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.option("--data", type=click.Path(), help="Rows with a target. [what the fit held back]")
@options.as_json
@options.unknown
@options.plugins
def evaluate(run: str, data: str | None, as_json: bool, unknown: Any) -> None:
    """Evaluate RUN (a folder, or "latest") on validation and test, or on the rows of a file.

    \b
    kbuilder evaluate latest
    kbuilder evaluate latest --data adult-test.csv
    """
    from kbuilder.evaluation.wording import scores, verdict
    from kbuilder.runs import run_folder

    path = run_folder.find(run)
    metrics = run_folder.read(path).metrics
    if data is None:
        echo(json.dumps(metrics, indent=2) if as_json else verdict(metrics))
        return
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.run import load

    found = load(path).evaluate(data, unknown=unknown)
    if as_json:
        echo(json.dumps(found, indent=2))
        return
    echo(scores(str(data), found["data"], metrics["headline"]))
