"""`kbuilder forecast`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.argument("data", type=click.Path(), nargs=-1)
@click.option(
    "--steps", type=click.IntRange(min=1), default=None,
    help="How many steps. [the horizon of the run]",
)  # fmt: skip
@options.output("File to write: .csv, .jsonl, .parquet or .xlsx. [CSV to stdout]")
@options.plugins
def forecast(run: str, data: tuple[str, ...], steps: int | None, output: str | None) -> None:
    """Forecast the steps after the last one of each series with RUN (a folder, or "latest").

    DATA is the history, a file or several; left out: the rows of the recipe, read again. Columns
    that are known ahead need a row for each step to come, in which the target is empty.

    \b
    kbuilder forecast latest
    kbuilder forecast latest sales.csv --steps 3 --output forecast.csv
    """
    from kbuilder.runs import naming, predict_file, run_folder

    path = naming.find(run)
    predict_file.check(None if output is None else Path(output))
    run_folder.check(path)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.run import load
    from kbuilder.runs.predicted_csv import to_csv

    frame = load(path).forecast(list(data) or None, steps=steps)
    if output is None:
        sys.stdout.buffer.write(to_csv(frame, True))
        sys.stdout.buffer.flush()
        return
    predict_file.save(frame, Path(output))
    echo(f"{len(frame):,} rows: {output}", err=True)
