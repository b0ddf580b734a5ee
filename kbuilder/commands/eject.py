"""`kbuilder eject`."""

from __future__ import annotations

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.recipe
@click.option("--override", multiple=True, metavar="KEY=VALUE", help="Set a value of the recipe.")
@click.option("-o", "--output", type=click.Path(), help="File to write. [stdout]")
@options.plugins
def eject(recipe: str, override: tuple[str, ...], output: str | None) -> None:
    """Write RECIPE as a plain Keras script, which needs no kbuilder.

    \b
    kbuilder eject adult.yaml -o model.py
    """
    from kbuilder.recipe.reading import read

    read_recipe = read(recipe, override)
    from kbuilder import engine

    engine.load_quietly()
    from pathlib import Path

    from kbuilder import files, pipeline

    text = pipeline.eject(read_recipe)
    if output is None:
        click.echo(text, nl=False)
        return
    with files.new_file(Path(output)) as temporary:
        temporary.write_text(text, encoding="utf-8")
    echo(output, err=True)
