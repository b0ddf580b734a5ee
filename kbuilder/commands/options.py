"""Options that several verbs share."""

from __future__ import annotations

from typing import Any

import click


def _named(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> Any:
    from kbuilder import catalog

    for folder in value:
        catalog.plugins(folder)
    return value


plugins = click.option(
    "--plugins",
    multiple=True,
    metavar="DIR",
    is_eager=True,
    expose_value=False,
    callback=_named,
    help="Let the recipe name plug-ins of this folder, which are programs. May be repeated.",
)
override = click.option(
    "-o",
    "--override",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a value of the recipe, such as training.epochs=3. May be repeated.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
recipe = click.argument("recipe", type=click.Path())
run = click.argument("run", type=click.Path())
