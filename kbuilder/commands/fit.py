"""`kbuilder fit`."""

from __future__ import annotations

import json

import click

from kbuilder.commands import options


@click.command()
@click.argument("recipe", type=click.Path(), required=False)
@options.override
@click.option("--run-dir", type=click.Path(), help="Folder of the run. [runs/RECIPE/TIME]")
@click.option("--smoke", is_flag=True, help="Run every stage on a few rows for one epoch.")
@click.option(
    "--resume",
    type=click.Path(),
    metavar="RUN",
    help='Go on with a run (a folder, or "latest") that was interrupted, or give it more epochs.',
)
@click.option(
    "--devices",
    type=click.IntRange(1),
    metavar="N",
    help="Share each step among N GPUs, or among N parts of the CPU. [all GPUs]",
)
@options.as_json
def fit(
    recipe: str | None,
    override: tuple[str, ...],
    run_dir: str | None,
    smoke: bool,
    resume: str | None,
    devices: int | None,
    as_json: bool,
) -> None:
    """Fit RECIPE: train, evaluate, and write a run folder.

    \b
    kbuilder fit adult.yaml
    kbuilder fit adult.yaml -o training.epochs=3 -o model.units=[64,64]
    kbuilder fit --resume latest
    kbuilder fit --resume latest -o training.epochs=80
    """
    if (recipe is None) == (resume is None) or (smoke and resume):
        raise click.UsageError("Expected either RECIPE, or --resume RUN without --smoke.")
    from kbuilder.recipe.reading import read

    read_recipe = read(recipe, override) if recipe is not None else None
    if resume is not None:
        from kbuilder import runs

        runs.find(resume, resume=True)  # before TensorFlow is loaded
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder import pipeline
    from kbuilder.evaluation.wording import verdict

    if read_recipe is not None:
        run = pipeline.fit(read_recipe, run_dir=run_dir, smoke=smoke, devices=devices)
    else:
        assert resume is not None
        run = pipeline.resume(resume, override=override, run_dir=run_dir, devices=devices)
    if not run.path.exists():
        click.echo("This worker is done; the first one writes the run.", err=True)
        return
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
