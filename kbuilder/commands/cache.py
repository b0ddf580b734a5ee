"""`kbuilder cache`."""

from __future__ import annotations

import click

from kbuilder.console import echo


@click.group(invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """List and clear the prepared rows that are kept, so that the next fit begins at once."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@cache.command("list")
def list_() -> None:
    """List what is kept, the last used first."""
    from kbuilder import cache as kept

    folder, found = kept.root(), kept.entries()
    for entry in found:
        echo(f"{entry.size / 1e6:>9,.1f} MB  {kept.age(entry):<15}  {entry.origin}")
    if folder is None:
        echo(f"{kept.FOLDER} is {kept.NONE}: nothing is kept.")
    else:
        total = sum(entry.size for entry in found) / 1e9
        echo(f"{total:.2f} of {kept.limit() / 1e9:g} GB, in {folder}")


@cache.command()
def clear() -> None:
    """Remove all that is kept; the next fit prepares its rows anew."""
    from kbuilder import cache as kept

    echo(f"{kept.clear() / 1e6:,.1f} MB removed.")
