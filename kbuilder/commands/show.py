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
    from kbuilder.console import brief
    from kbuilder.recipe.writing import to_yaml

    prepared = pipeline.prepare(read_recipe)
    click.echo("# decided, since the recipe leaves it open; to decide otherwise, write")
    for decision in prepared.decisions:
        click.echo(f"# {decision.path}: {brief(decision.value)}  ({decision.reason})")
        if decision.write:
            click.echo(f"#     {decision.write}")
    click.echo(f"\n{to_yaml(prepared.recipe)}")
    prepared.model.summary(print_fn=click.echo, line_length=88)
