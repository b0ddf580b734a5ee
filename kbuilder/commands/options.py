"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kbuilder.console import echo


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


def _short(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is not None:
        echo("Warning: -o sets a value of a recipe elsewhere. Write --output here.", err=True)
        context.params["output"] = value
    return value


def output(what: str) -> Any:
    """`--output FILE`; `-o` is taken for it with a warning, where it has no other meaning.

    Args:
        what: What is written, and where to without it.
    """
    long = click.option("--output", type=click.Path(), metavar="FILE", help=what)
    short = click.option(
        "-o", "short", type=click.Path(), hidden=True, expose_value=False, callback=_short
    )
    return lambda command: long(short(command))


def show(file: Path) -> None:
    """Open a page in the browser of this machine, or say where it is."""
    import webbrowser

    echo(str(file))
    if not webbrowser.open(file.absolute().as_uri()):
        echo("There is no browser here. Open the file in one.", err=True)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
recipe = click.argument("recipe", type=click.Path())
run = click.argument("run", type=click.Path())

unknown = click.option(
    "--unknown", type=click.Choice(["error", "warn"]), default="error", show_default=True,
    help="What a column is of which each value is unknown to the model.",
)  # fmt: skip
