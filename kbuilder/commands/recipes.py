"""`kbuilder recipes`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.console import echo


@click.group()
def recipes() -> None:
    """List, show and copy the recipes that come with kbuilder.

    \b
    kbuilder recipes list
    kbuilder recipes copy tabular/adult .
    """


@recipes.command("list")
def list_() -> None:
    """List all recipes by name, with what each is about."""
    from kbuilder.recipe import shipped

    names = shipped.names()
    width = max(len(name) for name in names)
    for name in names:
        echo(f"{name:<{width}}  {shipped.header(shipped.find(name))['about']}")


@recipes.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the recipe NAME."""
    from kbuilder.recipe import shipped

    click.echo(shipped.find(name).read_text(encoding="utf-8"), nl=False)


@recipes.command()
@click.argument("name")
@click.argument("folder", type=click.Path(), default=".")
def copy(name: str, folder: str) -> None:
    """Copy the recipe NAME into FOLDER, to be changed there, and the schema for your editor."""
    from kbuilder import files
    from kbuilder.errors import CallError
    from kbuilder.recipe import shipped

    source = shipped.find(name)
    target = Path(folder) / source.name
    if target.exists():
        raise CallError(f"{target} is there already. Expected a folder without it.")
    text = source.read_text(encoding="utf-8").replace(f"../{shipped.SCHEMA}", shipped.SCHEMA)
    with files.new_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    schema = target.with_name(shipped.SCHEMA)
    if not schema.exists():
        with files.new_file(schema) as temporary:
            temporary.write_bytes((shipped.folder() / shipped.SCHEMA).read_bytes())
    echo(str(target))
