"""`kbuilder predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.argument("data", type=click.Path())
@options.output("File to write, .csv or .parquet. [CSV to stdout]")
@click.option(
    "--safe-csv", is_flag=True,
    help="In CSV, put ' before words that a spreadsheet would take as a formula.",
)  # fmt: skip
@options.unknown
@options.plugins
def predict(run: str, data: str, output: str | None, safe_csv: bool, unknown: Any) -> None:
    """Predict the rows of DATA with RUN (a folder, or "latest"); a line per row, in their order.

    CSV and Parquet files may be larger than the memory. The same command resumes a file of
    predictions that was interrupted. In CSV control characters are written as escapes (\\x1b).

    \b
    kbuilder predict latest new.csv
    kbuilder predict latest new.csv --output predictions.csv
    kbuilder predict latest new.parquet --output predictions.parquet
    """
    from kbuilder.runs import predict_file, run_folder

    path = run_folder.find(run)
    if output is not None:
        predict_file.check(Path(output))
    run_folder.check(path)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.console import Console
    from kbuilder.run import load
    from kbuilder.runs.predicted_csv import controls_warning, to_csv

    fitted = load(path)
    warning = controls_warning(fitted.record.columns)
    if warning and (output is None or output.endswith(".csv")):
        echo(f"Warning: {warning}", err=True)
    if output is None:
        for number, frame in enumerate(fitted.predict_parts(data, unknown=unknown)):
            sys.stdout.buffer.write(to_csv(frame, not number, safe_csv))
        sys.stdout.buffer.flush()
        return
    count = fitted.predict_file(data, output, Console(), safe_csv, unknown)
    echo(f"{count:,} predictions: {output}", err=True)
