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
@click.argument("data", type=click.Path(), nargs=-1, required=True)
@options.output("File to write: .csv, .jsonl, .parquet or .xlsx. [CSV to stdout]")
@click.option(
    "--safe-csv", is_flag=True,
    help="In CSV, put ' before words that a spreadsheet would take as a formula.",
)  # fmt: skip
@click.option(
    "--encoding", default="utf-8", show_default=True,
    help="Encoding of CSV: utf-8-sig for Excel, cp949, cp1252 …",
)  # fmt: skip
@click.option(
    "--keep", multiple=True, metavar="COLUMN|all",
    help="Carry a column of DATA over beside the answers, as it is there. May be repeated.",
)  # fmt: skip
@click.option(
    "--explain",
    is_flag=True,
    help="Beside each answer, what pushes it: the contribution of each column, and of words.",
)
@click.option(
    "--explain-of",
    metavar="CLASS|TARGET",
    help="What is explained. [the class that is answered, of two the second; the number]",
)
@click.option(
    "--explain-pictures", type=click.Path(file_okay=False), metavar="FOLDER",
    help="Write each picture there as a PNG, red where it pushes, blue where against.",
)  # fmt: skip
@options.unknown
@options.plugins
def predict(
    run: str, data: tuple[str, ...], output: str | None, safe_csv: bool, encoding: str,
    keep: tuple[str, ...], explain: bool, explain_of: str | None, explain_pictures: str | None,
    unknown: Any,
) -> None:  # fmt: skip
    """Predict the rows of DATA with RUN (a folder, or "latest"); a line per row, in their order.

    DATA is a file, or several, or a pattern. Pictures and texts that are files come from folders
    too, sorted by name; each line begins with the file.

    CSV and Parquet files may be larger than the memory. The same command resumes a file of
    predictions that was interrupted. In CSV control characters are written as escapes (\\x1b).

    \b
    kbuilder predict latest new.csv
    kbuilder predict latest new.csv --keep customer --output predictions.csv
    kbuilder predict latest new.parquet --output predictions.parquet
    kbuilder predict latest new.csv --explain --output explained.jsonl
    kbuilder predict latest photo.jpg more-photos "others/*.png"
    """
    from kbuilder.runs import naming, predict_file, run_folder

    path = naming.find(run)
    predict_file.check(None if output is None else Path(output), encoding)
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
    why: Any = {"explain": explain_of or explain, "pictures": explain_pictures}
    if output is None:
        parts = fitted.predict_parts(data, keep=keep, unknown=unknown, **why)
        for number, frame in enumerate(parts):
            sys.stdout.buffer.write(to_csv(frame, not number, safe_csv, encoding))
        sys.stdout.buffer.flush()
        return
    count = fitted.predict_file(data, output, Console(), safe_csv, unknown, keep, encoding, **why)
    echo(f"{count:,} predictions: {output}", err=True)
