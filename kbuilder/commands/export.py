"""`kbuilder export`."""

from __future__ import annotations

import click

from kbuilder.commands import options


@click.command()
@options.run
@click.argument("folder", type=click.Path())
def export(run: str, folder: str) -> None:
    """Export RUN (a folder, or "latest") as a SavedModel into FOLDER/1, or the next number.

    It takes the raw columns by name and answers with names. Before it takes its place it is loaded
    in a process without kbuilder, and compared with the model on real rows.

    \b
    kbuilder export latest exported/adult
    """
    from kbuilder import runs

    path = runs.find(run)
    runs.check(path)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.run import load

    fitted = load(path)
    version = fitted.export(folder)
    for column, name in fitted.input_names().items():
        if column != name:
            click.echo(
                f"The column {column!r} is called {name!r} in the export: TensorFlow allows "
                "letters, digits and _ . - / there, and no word of Python's own.",
                err=True,
            )
    click.echo(f"export: {version}")
