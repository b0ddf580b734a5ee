"""`kbuilder eject`."""

from __future__ import annotations

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.recipe
@options.override
@click.option("--output", type=click.Path(), metavar="FILE", help="File to write. [stdout]")
@options.plugins
def eject(recipe: str, override: tuple[str, ...], output: str | None) -> None:
    """Write RECIPE, or that of a run, as a plain Keras script, which needs no kbuilder.

    \b
    kbuilder eject adult.yaml --output model.py
    kbuilder eject latest -o training.epochs=3 --output model.py
    """
    from kbuilder.runs import run_folder

    read_recipe = run_folder.recipe(recipe, override)
    from pathlib import Path

    from kbuilder import files, pipeline

    folder = Path(output).absolute().parent if output is not None else None
    text = pipeline.eject(read_recipe, folder)
    if output is None:
        click.echo(text, nl=False)
        return
    with files.new_file(Path(output)) as temporary:
        temporary.write_text(text, encoding="utf-8")
    echo(output, err=True)
