"""`kbuilder check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kbuilder.commands import options
from kbuilder.console import echo

if TYPE_CHECKING:
    from kbuilder.contracts import Finding
    from kbuilder.recipe.recipe import Recipe


@click.command()
@click.argument("recipes", nargs=-1, required=True, type=click.Path())
@options.override
@click.option(
    "--data",
    "with_data",
    is_flag=True,
    help="Read the data too, and print what looks wrong in it; nothing is fitted.",
)
@options.plugins
def check(recipes: tuple[str, ...], override: tuple[str, ...], with_data: bool) -> None:
    """Check RECIPES without their data: every problem at once, with its line and column.

    \b
    kbuilder check adult.yaml
    kbuilder check adult.yaml --data
    """
    from kbuilder.errors import KBuilderError, on_one_line
    from kbuilder.recipe.reading import read

    code = 0
    for recipe in recipes:
        try:
            known = read(recipe, override)
            found = _findings(known) if with_data else ()
        except KBuilderError as error:
            echo(str(error), err=True)
            code = max(code, error.exit_code)
        else:
            for finding in found:
                echo(f"{recipe}: Warning: {on_one_line(finding.message.removesuffix('.'))}.")
            if not found:
                echo(f"{recipe}: no problem found.")
    raise click.exceptions.Exit(code)


def _findings(recipe: Recipe) -> tuple[Finding, ...]:
    """What looks wrong in the rows."""
    from kbuilder import pipeline

    return pipeline.prepare(recipe).findings
