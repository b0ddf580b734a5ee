"""`kbuilder runs`."""

from __future__ import annotations

import json

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.group(invoke_without_command=True)
@options.as_json
@click.option("--open", "opened", is_flag=True, help="Show them as a page that can be sorted.")
@click.pass_context
def runs(context: click.Context, as_json: bool, opened: bool) -> None:
    """List the runs below runs/, the newest first, with what each came to.

    \b
    kbuilder runs
    kbuilder runs --open
    kbuilder runs rm runs/flowers/2026-01-31_12-00-00.000
    """
    if context.invoked_subcommand is not None:
        return
    from kbuilder.runs import listing

    found = listing.runs()
    if as_json:
        echo(json.dumps([run.to_json() for run in found], indent=2))
    elif opened:
        from kbuilder.reporting import overview

        listing.RUNS.mkdir(exist_ok=True)
        options.show(overview.write(found, listing.RUNS / "index.html"))
    elif not found:
        echo("There is no run below runs/. `kbuilder fit RECIPE` makes one.")
    else:
        for run in found:
            value = "" if run.value is None else f"{run.split} {run.metric} {run.value:.4f}"
            state = "" if run.state == "whole" else f"  ({run.state})"
            better = "  no better than a baseline" if run.better is False else ""
            echo(f"{run.path}  {value or '-'}  {run.model}{better}{state}")


@runs.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only named.")
def rm(names: tuple[str, ...], yes: bool) -> None:
    """Remove RUNs; without --yes it is only said what would go."""
    from kbuilder.runs import listing

    found = listing.expect(names)
    for path in found:
        size = listing.size(path) / 1e6
        if yes:
            listing.remove(path)
        echo(f"{'removed' if yes else 'would remove'} {path} ({size:,.1f} MB)")
    if not yes:
        echo("Nothing was removed. Add --yes to remove them.", err=True)
