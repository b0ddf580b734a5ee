"""`kbuilder check`."""

from __future__ import annotations

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("recipes", nargs=-1, required=True, type=click.Path())
@options.override
@options.plugins
def check(recipes: tuple[str, ...], override: tuple[str, ...]) -> None:
    """Check RECIPES without their data: every problem at once, with its line and column.

    \b
    kbuilder check adult.yaml
    """
    from kbuilder.errors import KBuilderError
    from kbuilder.recipe.reading import read

    code = 0
    for recipe in recipes:
        try:
            read(recipe, override)
        except KBuilderError as error:
            echo(str(error), err=True)
            code = max(code, error.exit_code)
        else:
            echo(f"{recipe}: no problem found.")
    raise click.exceptions.Exit(code)
