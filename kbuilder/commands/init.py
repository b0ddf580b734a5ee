"""`kbuilder init`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kbuilder.commands import options
from kbuilder.console import echo

if TYPE_CHECKING:
    from kbuilder.contracts import Choice


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--target",
    multiple=True,
    metavar="COLUMN",
    help="The column to predict. May be repeated. [asked for on a terminal, else proposed]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write. [stdout]",
)
@options.plugins
def init(data: Path, target: tuple[str, ...], output: Path | None) -> None:
    """Propose a recipe for DATA, a table or a folder, with the reason of each decision.

    \b
    kbuilder init houses.csv --target price -o houses.yaml
    """
    from kbuilder import files
    from kbuilder.data import proposal
    from kbuilder.errors import CallError

    if output is not None and output.exists():
        raise CallError(f"{output} is there already. Expected the name of a new file.")
    folder = Path.cwd() if output is None else output.absolute().parent
    asking = sys.stdin.isatty() and sys.stderr.isatty()
    text = proposal.propose(data, target, folder, _ask if asking else None)
    if output is None:
        click.echo(text, nl=False)
        return
    with files.new_file(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    echo(f"{output}\nNext:\n  kbuilder fit {output}", err=True)


def _ask(columns: Sequence[str], proposed: Choice) -> str:
    """Ask for the column to predict."""
    click.echo(f"columns: {', '.join(columns)}", err=True)
    answer: str = click.prompt("which one is to be predicted", default=proposed.value, err=True)
    return answer
