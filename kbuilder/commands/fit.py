"""`kbuilder fit`."""

from __future__ import annotations

import json

import click

from kbuilder.commands import options


@click.command()
@options.recipe
@options.override
@click.option("--run-dir", type=click.Path(), help="Folder of the run. [runs/RECIPE/TIME]")
@click.option("--smoke", is_flag=True, help="Run every stage on a few rows for one epoch.")
@options.as_json
def fit(
    recipe: str, override: tuple[str, ...], run_dir: str | None, smoke: bool, as_json: bool
) -> None:
    """Fit RECIPE: train, evaluate, and write a run folder.

    \b
    kbuilder fit adult.yaml
    kbuilder fit adult.yaml -o training.epochs=3 -o model.units=[64,64]
    """
    from kbuilder.recipe.reading import read

    read_recipe = read(recipe, override)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder import pipeline
    from kbuilder.evaluation.wording import verdict

    run = pipeline.fit(read_recipe, run_dir=run_dir, smoke=smoke)
    if as_json:
        click.echo(json.dumps({"run": str(run.path), **run.metrics}, indent=2))
        return
    click.echo(verdict(run.metrics))
    click.echo(f"run: {run.path}")
    name = run.path.name if run_dir else run.path.parent.name
    click.echo(
        f"Go on with:\n"
        f"  kbuilder predict {run.path} {run.path}/examples.json\n"
        f"  kbuilder export {run.path} exported/{name}",
        err=True,
    )
