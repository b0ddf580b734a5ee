"""`kbuilder show`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.recipe
@options.override
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the network into this file.",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Write a picture of a few training images, and how augmentation changes them.",
)
@options.as_json
@options.plugins
def show(
    recipe: str, override: tuple[str, ...], svg: Path | None, samples: Path | None, as_json: bool
) -> None:
    """Show what RECIPE comes to: what is decided and why, the resolved recipe, the network.

    RECIPE may be a run, too, whose recipe is meant. Reads the data, but does not fit. Of each layer
    it tells the output shape, the parameters, the multiply-adds for one example, and how much of
    the input one unit sees.

    \b
    kbuilder show adult.yaml
    kbuilder show digits-cnn.yaml --svg digits-cnn.svg
    kbuilder show cifar10-augmented.yaml --samples samples.png
    """
    from kbuilder.contracts import Decision
    from kbuilder.errors import CallError, on_one_line
    from kbuilder.runs import naming, run_folder

    if samples is not None and (samples.suffix.lower() != ".png" or samples.is_dir()):
        raise CallError(f"{samples} is no name for a picture. Expected a file that ends in .png.")
    read_recipe = run_folder.recipe(recipe, override)
    from kbuilder import files, networks, pipeline
    from kbuilder.describing import samples as picture
    from kbuilder.describing.diagram import as_svg
    from kbuilder.describing.listing import as_text
    from kbuilder.describing.network import describe
    from kbuilder.recipe.writing import to_yaml
    from kbuilder.summaries import grouped

    prepared = networks.build(pipeline.prepare(read_recipe), read_recipe)
    found, settled = prepared.data.findings, list[Decision]()
    if naming.is_run(recipe) and not override:
        folder, known = naming.find(recipe), {one.key for one in prepared.decisions}
        found = tuple(run_folder.findings(folder))
        # What the fit has chosen on its validation rows, such as a threshold.
        settled = [one for one in run_folder.decisions(folder)
                   if one.key[0] == "task" and one.key not in known]  # fmt: skip
    network = describe(prepared.network.model, prepared.recipe.training.rows_per_step)
    if samples is not None:
        seed = prepared.recipe.training.seed
        arrays, _ = prepared.data.rows["train"]
        picture.write(samples, prepared.data.columns, prepared.data.parts.train, arrays, seed)
    if svg is not None:
        with files.new_file(svg) as file:
            file.write_text(as_svg(network, Path(recipe).stem), encoding="utf-8")
    if as_json:
        told = {
            "findings": [finding.to_json() for finding in found],
            "decisions": [one.to_json() for one in (*prepared.decisions, *settled)],
            "recipe": prepared.recipe.model_dump(mode="json"),
            "network": asdict(network),
        }
        echo(json.dumps(told, indent=2))
        return
    for finding in found:
        echo(f"# Warning: {on_one_line(finding.message)}")
    echo("# decided, since the recipe leaves it open; under each, the line to write and change")
    for text, write in [*grouped(prepared.decisions), *grouped(settled)]:
        echo(f"# {on_one_line(text)}")
        if write:
            echo(f"#     {on_one_line(write)}")
    echo(f"\n{to_yaml(prepared.recipe)}")
    echo(as_text(network))
    for what, path in (("diagram", svg), ("samples", samples)):
        if path is not None:
            echo(f"{what}: {path}", err=True)
