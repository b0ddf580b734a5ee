"""`kbuilder predict`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.commands import options


@click.command()
@options.run
@click.argument("data", type=click.Path())
@click.option(
    "-o", "--output", type=click.Path(), help="File to write, .csv or .parquet. [CSV to stdout]"
)
def predict(run: str, data: str, output: str | None) -> None:
    """Predict the rows of DATA with RUN (a folder, or "latest"); a line per row, in their order.

    CSV and Parquet files may be larger than the memory. The same command goes on with a file of
    predictions that was interrupted.

    \b
    kbuilder predict latest new.csv
    kbuilder predict latest new.csv -o predictions.csv
    kbuilder predict latest new.parquet -o predictions.parquet
    """
    from kbuilder import predicting, runs

    path = runs.find(run)
    if output is not None:
        predicting.check(Path(output))
    runs.check(path)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.console import Console
    from kbuilder.run import load

    fitted = load(path)
    if output is None:
        for number, frame in enumerate(fitted.predict_parts(data)):
            click.echo(frame.to_csv(index=False, header=not number), nl=False)
        return
    count = fitted.predict_file(data, output, Console())
    click.echo(f"{count:,} predictions: {output}", err=True)
