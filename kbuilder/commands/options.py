"""Options that several verbs share."""

from __future__ import annotations

import click

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
