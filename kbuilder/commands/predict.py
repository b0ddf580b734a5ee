"""`kbuilder predict`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.commands import options


@click.command()
@options.run
@click.argument("data", type=click.Path())
@click.option("-o", "--output", type=click.Path(), help="CSV file to write. [stdout]")
def predict(run: str, data: str, output: str | None) -> None:
    """Predict the rows of DATA with RUN (a folder, or "latest"); a line per row, in their order.

    \b
    kbuilder predict latest new.csv
    kbuilder predict latest new.csv -o predictions.csv
    """
    from kbuilder import runs

    path = runs.find(run)
    runs.check(path)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder import files
    from kbuilder.run import load

    frame = load(path).predict(data)
    if output is None:
        click.echo(frame.to_csv(index=False), nl=False)
        return
    with files.new_file(Path(output)) as temporary:
        frame.to_csv(temporary, index=False)
    click.echo(f"{len(frame):,} predictions: {output}", err=True)
