"""`kbuilder export`."""

from __future__ import annotations

from pathlib import Path

import click

from kbuilder import catalog
from kbuilder.commands import options
from kbuilder.console import echo


@click.command()
@options.run
@click.argument("folder", type=click.Path())
@click.option(
    "--format", "name", type=click.Choice(catalog.names("export/formats")), default="saved_model",
    show_default=True, help="What to write.",
)  # fmt: skip
@click.option(
    "--quantize", type=click.Choice(["int8", "float16"]),
    help="With litert: fewer bits for each number.",
)  # fmt: skip
@click.option(
    "--explanations/--no-explanations", default=True, show_default=True,
    help="With saved_model: bring along what explains answers.",
)  # fmt: skip
@options.plugins
def export(run: str, folder: str, name: str, quantize: str | None, explanations: bool) -> None:
    """Export RUN (a folder, or "latest") into FOLDER/1, or the next number.

    A SavedModel takes the raw columns by name and answers with names. onnx, litert and openvino
    take numbers, arrays and pixels, and answer with numbers; keras is the network alone. Before an
    export takes its place it is asked by the format's own runtime, in a process without kbuilder,
    and compared with the model on real rows.

    \b
    kbuilder export latest exported/adult
    kbuilder export latest exported/digits-onnx --format onnx
    kbuilder export latest exported/digits-small --format litert --quantize int8
    """
    from kbuilder.errors import listed
    from kbuilder.export import exporting
    from kbuilder.runs import naming, run_folder

    path = naming.find(run)
    exporting.check(Path(folder), name, quantize, run_folder.read(path).columns)
    from kbuilder import engine

    engine.load_quietly()
    from kbuilder.run import load

    fitted = load(path)
    version = fitted.export(folder, format=name, quantize=quantize, explanations=explanations)
    renamed = [f"{c!r} is {n!r}" for c, n in fitted.input_names().items() if c != n]
    if renamed and name != "keras":
        echo(
            f"Some inputs have other names than their columns: {listed(renamed)}. TensorFlow "
            "allows letters, digits and _ . - / there, in any case the same name once. "
            "`kbuilder serve` takes the columns' own names too.",
            err=True,
        )
    echo(f"export: {version}")
