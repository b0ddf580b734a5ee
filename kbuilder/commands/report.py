"""`kbuilder report`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.option(
    "--open", "opened", is_flag=True, help="Open the report in the browser of this machine."
)
@click.option(
    "--lang", "language", type=click.Choice(["en", "ko"]), default="en", show_default=True,
    help="The language of the report.",
)  # fmt: skip
@options.output("The file to write; left out: report.html in the folder of the run.")
@options.plugins
def report(run: str, opened: bool, language: str, output: str | None) -> None:
    """Write the report of RUN (a folder, or "latest") as one page that opens offline.

    It has the verdict, the figures beside the baselines', what looks wrong in the rows, the curves
    of the fit, the answers on the rows that were held back and where they are wrong, each decision
    with its reason, the recipe, and the versions.

    \b
    kbuilder report latest --open
    kbuilder report latest --lang ko --output report.html
    """
    from kbuilder.reporting import writing
    from kbuilder.runs import naming, run_folder

    path = naming.find(run)
    record = run_folder.read(path)
    file = writing.write(path, record, language, None if output is None else Path(output))
    if opened:
        options.show(file)
    else:
        echo(f"report: {file}")
