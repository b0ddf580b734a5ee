"""`kbuilder schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.output("File to write. [stdout]")
@options.plugins
def schema(output: str | None) -> None:
    """Print the JSON Schema of a recipe, for an editor to complete and check it.

    \b
    kbuilder schema --output recipe.schema.json
    """
    from kbuilder import files
    from kbuilder.recipe.writing import to_json_schema

    text = json.dumps(to_json_schema(), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    with files.new_file(Path(output)) as temporary:
        temporary.write_text(text, encoding="utf-8")
    echo(output, err=True)
