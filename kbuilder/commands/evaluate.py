"""`kbuilder evaluate`."""

from __future__ import annotations

import json
from typing import Any

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.argument("data", type=click.Path(), nargs=-1)
@click.option("--data", "also", type=click.Path(), help="Rows with a target, as DATA.")
@options.as_json
@options.unknown
@options.plugins
def evaluate(
    run: str, data: tuple[str, ...], also: str | None, as_json: bool, unknown: Any
) -> None:
    """Evaluate RUN (a folder, or "latest") on validation and test, or on the rows of DATA.

    DATA is a file with a target, or several, or a pattern.

    \b
    kbuilder evaluate latest
    kbuilder evaluate latest adult-test.csv
    """
    from kbuilder.errors import listed
    from kbuilder.evaluation.wording import scores, verdict
    from kbuilder.runs import naming, run_folder

    path = naming.find(run)
    metrics = run_folder.read(path).metrics
    files = [*data, *filter(None, [also])]
    if not files:
        echo(json.dumps(metrics, indent=2) if as_json else verdict(metrics))
        return
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.run import load

    found = load(path).evaluate(files[0] if len(files) == 1 else files, unknown=unknown)
    if as_json:
        echo(json.dumps(found, indent=2))
        return
    ends = found.get("intervals", {}).get("data")
    echo(scores(listed(files), found["data"], metrics["headline"], ends))
