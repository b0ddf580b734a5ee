"""`kbuilder show`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder.commands import options


@click.command()
@options.recipe
@options.override
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Write a picture of a few training images, and how augmentation changes them.",
)
def show(recipe: str, override: tuple[str, ...], samples: Path | None) -> None:
    """Show what RECIPE comes to: what is decided and why, the resolved recipe, the network.

    Reads the data, but does not fit.

    \b
    kbuilder show adult.yaml
    kbuilder show cifar10.yaml --samples samples.png
    """
    from kbuilder.errors import CallError
    from kbuilder.recipe.reading import read

    if samples is not None and (samples.suffix.lower() != ".png" or samples.is_dir()):
        raise CallError(f"{samples} is no name for a picture. Expected a file that ends in .png.")
    read_recipe = read(recipe, override)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder import pipeline
    from kbuilder import samples as picture
    from kbuilder.console import grouped
    from kbuilder.recipe.writing import to_yaml

    prepared = pipeline.prepare(read_recipe)
    if samples is not None:
        seed = prepared.recipe.training.seed
        arrays, _ = prepared.rows["train"]
        picture.write(samples, prepared.columns, prepared.parts.train, arrays, seed)
    click.echo(
        "# decided, since the recipe leaves it open; under each, the line to write and change"
    )
    for text, write in grouped(prepared.decisions):
        click.echo(f"# {text}")
        if write:
            click.echo(f"#     {write}")
    click.echo(f"\n{to_yaml(prepared.recipe)}")
    prepared.network.model.summary(print_fn=click.echo, line_length=88)
    if samples is not None:
        click.echo(f"samples: {samples}", err=True)
