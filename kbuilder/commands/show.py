"""`kbuilder show`."""

from __future__ import annotations

import click

from kbuilder.commands import options


@click.command()
@options.recipe
@options.override
def show(recipe: str, override: tuple[str, ...]) -> None:
    """Show what RECIPE comes to: what is decided and why, the resolved recipe, the network.

    Reads the data, but does not fit.

    \b
    kbuilder show adult.yaml
    """
    from kbuilder.recipe.reading import read

    read_recipe = read(recipe, override)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder import pipeline
    from kbuilder.console import grouped
    from kbuilder.recipe.writing import to_yaml

    prepared = pipeline.prepare(read_recipe)
    click.echo(
        "# decided, since the recipe leaves it open; under each, the line to write and change"
    )
    for text, write in grouped(prepared.decisions):
        click.echo(f"# {text}")
        if write:
            click.echo(f"#     {write}")
    click.echo(f"\n{to_yaml(prepared.recipe)}")
    prepared.network.model.summary(print_fn=click.echo, line_length=88)
