"""`kbuilder report`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo
from kbuilder.errors import CallError


@click.command()
@options.run
@click.option(
    "--open", "opened", is_flag=True, help="Open the report in the browser of this machine."
)
@click.option(
    "--lang", "language", type=click.Choice(["en", "ko"]), default="en", show_default=True,
    help="The language of the report.",
)  # fmt: skip
@click.option("--card", is_flag=True, help="Write the model card, card.md, not the report.")
@options.output("The file to write; left out: report.html, or card.md, in the folder of the run.")
@options.plugins
def report(run: str, opened: bool, language: str, card: bool, output: str | None) -> None:
    """Write the report of RUN (a folder, or "latest") as one page that opens offline.

    It has the verdict, the figures beside the baselines', what looks wrong in the rows, the curves
    of the fit, the answers on the rows that were held back and where they are wrong, each decision
    with its reason, the recipe, and the versions.

    \b
    kbuilder report latest --open
    kbuilder report latest --lang ko --output report.html
    kbuilder report latest --card
    """
    from kbuilder.reporting import card as cards
    from kbuilder.reporting import writing
    from kbuilder.runs import naming, run_folder

    if card and (opened or language != "en"):
        raise CallError(
            "a card is Markdown, in English. Expected --card without --open and --lang."
        )
    path = naming.find(run)
    record = run_folder.read(path)
    given = None if output is None else Path(output)
    if card:
        echo(f"card: {cards.write(path, record, given)}")
        return
    file = writing.write(path, record, language, given)
    if opened:
        options.show(file)
    else:
        echo(f"report: {file}")
