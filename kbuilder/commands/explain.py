"""`kbuilder explain`."""

from __future__ import annotations

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("name", required=False)
@options.plugins
def explain(name: str | None) -> None:
    """Explain NAME: a plug-in such as a network, a section of a recipe, a field, or a layer.

    Prints what it is, and each of its fields with its type, bounds and default.

    \b
    kbuilder explain
    kbuilder explain mlp
    kbuilder explain training.schedule
    kbuilder explain conv2d
    """
    from kbuilder.describing.reference import explain

    echo(explain(name))
