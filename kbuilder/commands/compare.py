"""`kbuilder compare`."""

from __future__ import annotations

import json

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(), metavar="RUN...|RECIPE")
@click.option(
    "--models", metavar="NAME,NAME...", help="Fit RECIPE with each of these architectures."
)
@click.option("--seeds", type=int, metavar="N", help="Fit RECIPE with so many seeds.")
@options.override
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print the table of the fits as CSV.")
@click.option("--latex", "as_latex", is_flag=True, help="Print the table of the fits as LaTeX.")
@options.plugins
@click.pass_context
def compare(
    context: click.Context,
    runs: tuple[str, ...],
    models: str | None,
    seeds: int | None,
    override: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    as_latex: bool,
) -> None:
    """Compare RUNs, or fit RECIPE with several networks or seeds and compare these.

    Of RUNs it is said what differs in recipe, rows and versions. Each is compared with the first:
    where both answered the same rows, it is said whether these rows can show a difference at all,
    with an interval of 95 %.

    Of RECIPE the rows are prepared once; each fit is a run of its own. The table has the mean of
    each metric over the seeds, and its standard deviation.

    \b
    kbuilder compare runs/flowers/2026-01-31_12-00-00.000 latest
    kbuilder compare digits.yaml --models cnn,lenet5,resnet18 --seeds 5
    """
    if models is None and seeds is None:
        if override or as_csv or as_latex:
            raise click.UsageError("-o, --csv and --latex are for --models and --seeds.")
        _runs(runs, as_json)
        return
    if len(runs) != 1 or as_json + as_csv + as_latex > 1:
        raise click.UsageError(
            "Expected one recipe with --models or --seeds, and one of --json, --csv and --latex."
        )
    from kbuilder.runs import naming

    if naming.is_run(runs[0]):
        raise click.UsageError("--models and --seeds fit a recipe, and this is a run.")
    names = [name.strip() for name in (models or "").split(",") if name.strip()]
    from kbuilder import trials

    plan = trials.plan(runs[0], names, 1 if seeds is None else seeds, override)
    done = list(trials.run(plan, lambda line: echo(line, err=True)))
    table = trials.table(done)
    if as_json:
        echo(table.to_json(orient="records", indent=2))
    elif as_csv:
        echo(table.to_csv(index=False).removesuffix("\n"))
    elif as_latex:
        echo(trials.to_latex(table))
    else:
        echo(trials.brief(table).to_string(index=False))
    context.exit(1 if any(one.error for one in done) else 0)


def _runs(runs: tuple[str, ...], as_json: bool) -> None:
    """Runs side by side."""
    from kbuilder import engine

    engine.load_before_pandas()
    from kbuilder.reporting import comparing

    found = comparing.compare(runs)
    if as_json:
        echo(json.dumps(found.to_json(), indent=2))
        return
    for line in comparing.lines(found):
        echo(line)
