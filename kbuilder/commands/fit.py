"""`kbuilder fit`."""

from __future__ import annotations

import json
import shlex

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@click.argument("recipe", type=click.Path(), required=False)
@options.override
@click.option("--run-dir", type=click.Path(), help="Folder of the run. [runs/RECIPE/TIME]")
@click.option("--smoke", is_flag=True, help="Run every stage on a few rows for one epoch.")
@click.option(
    "--resume",
    type=click.Path(),
    metavar="RUN",
    help='Resume a run (a folder, or "latest") that was interrupted, or give it more epochs.',
)
@click.option(
    "--devices",
    type=click.IntRange(1),
    metavar="N",
    help="Share each step among N GPUs, or among N logical CPU devices. [all GPUs]",
)
@click.option(
    "--folds",
    type=int,
    metavar="N",
    help="Hold out the rows in N folds, in turn: -o data.split.folds=N.",
)
@options.as_json
@options.plugins
def fit(
    recipe: str | None,
    override: tuple[str, ...],
    run_dir: str | None,
    smoke: bool,
    resume: str | None,
    devices: int | None,
    folds: int | None,
    as_json: bool,
) -> None:
    """Fit RECIPE: train, evaluate, and write a run folder.

    \b
    kbuilder fit adult.yaml
    kbuilder fit adult.yaml -o training.epochs=3 -o model.units=[64,64]
    kbuilder fit adult.yaml --folds 5
    kbuilder fit --resume latest
    kbuilder fit --resume latest -o training.epochs=80
    """
    if recipe is None and resume is None:
        raise click.UsageError("Expected the RECIPE of a new run, or --resume RUN.")
    if recipe is not None and resume is not None:
        raise click.UsageError(
            "Expected RECIPE or --resume RUN, not both: a run holds its recipe, and -o changes it."
        )
    if resume is not None and folds is not None:
        raise click.UsageError("Expected --resume without --folds, which is for new runs.")
    if folds is not None:
        override = (*override, f"data.split.folds={folds}")
    if resume is not None and smoke:
        raise click.UsageError("Expected --resume without --smoke, which is for new runs.")
    from kbuilder.console import Console
    from kbuilder.recipe.reading import read
    from kbuilder.runs import naming, resuming

    # All that can be wrong with the call is said before TensorFlow is loaded.
    console = Console()
    start = None if resume is None else resuming.start(resume, override, run_dir, console.say)
    read_recipe = None if recipe is None else read(recipe, override)
    from kbuilder import pipeline
    from kbuilder.evaluation.wording import verdict
    from kbuilder.reporting.writing import NAME

    if start is not None:
        run = pipeline.go_on(start, console, devices=devices)
    else:
        assert read_recipe is not None
        run = pipeline.fit(read_recipe, run_dir=run_dir, smoke=smoke, devices=devices)
    if not run.written:
        echo("This worker is done; the first one writes the run.", err=True)
        return
    if as_json:
        echo(json.dumps({"run": str(run.path), **run.metrics}, indent=2))
        return
    echo(verdict(run.metrics))
    echo(f"run: {run.path}")
    if (run.path / NAME).exists():
        echo(f"report: {run.path / NAME}", err=True)
    places = (run.path, run.path / "examples.json", f"exported/{naming.name_of(run.path)}")
    path, examples, exported = (shlex.quote(str(place)) for place in places)
    echo(
        f"Next:\n  kbuilder predict {path} {examples}\n  kbuilder export {path} {exported}",
        err=True,
    )
