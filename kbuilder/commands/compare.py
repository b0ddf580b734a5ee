"""`kbuilder compare`."""

from __future__ import annotations

import json

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(), metavar="RUN...")
@options.as_json
@options.plugins
def compare(runs: tuple[str, ...], as_json: bool) -> None:
    """Compare RUNs: what differs in recipe, rows and versions, and whether one is better.

    Each is compared with the first. Where both answered the same rows, it is said whether these
    rows can show a difference at all, with an interval of 95 %.

    \b
    kbuilder compare runs/flowers/2026-01-31_12-00-00.000 latest
    """
    from kbuilder import engine

    engine.load_before_pandas()
    from kbuilder.reporting import comparing

    found = comparing.compare(runs)
    if as_json:
        echo(json.dumps(found.to_json(), indent=2))
        return
    for line in comparing.lines(found):
        echo(line)
