"""The story: a recipe becomes a trained, evaluated, exported model. Read this file first.

It is the only one that knows the order of the stages; each of them takes values and returns values.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kbuilder import building, preprocessing, runs
from kbuilder.columns import Columns, Rows, to_instances
from kbuilder.console import Console
from kbuilder.contracts import Decision
from kbuilder.data import infer, split
from kbuilder.ejecting import script
from kbuilder.evaluation import evaluating
from kbuilder.recipe.reading import pointing, read
from kbuilder.recipe.recipe import Recipe
from kbuilder.run import Run
from kbuilder.training import fitting


@dataclass(frozen=True)
class Prepared:
    """All that is known before the fit: data, features, task and network.

    Args:
        recipe: The resolved recipe.
        decisions: What was inferred, with reasons.
        parts: The rows of training, validation and test.
        columns: Learned features and task.
        rows: The same parts, preprocessed.
        network: The network, compiled.
    """

    recipe: Recipe
    decisions: tuple[Decision, ...]
    parts: split.Parts
    columns: Columns
    rows: Mapping[str, Rows]
    network: building.Network


def prepare(recipe: Recipe, smoke: bool = False) -> Prepared:
    """Load, infer, divide, preprocess and build: every stage before the fit."""
    import keras

    keras.utils.set_random_seed(recipe.training.seed)
    with pointing(recipe):
        resolved = infer.resolve(recipe, *recipe.data.load())
        parts = split.divide(
            resolved.table, resolved.test, resolved.recipe.data.split, resolved.targets
        )
        columns, learned = preprocessing.learn(resolved.recipe, resolved.targets, parts.train)
        targets = {name: preprocessing.encode_targets(columns, table) for name, table in parts}
        if smoke:
            parts = parts.smoke()
        layer = preprocessing.preprocessor(columns)
        rows = {
            name: (
                preprocessing.apply(layer, columns, table),
                {output: values[: len(table)] for output, values in targets[name].items()},
            )
            for name, table in parts
        }
        inputs = building.inputs(columns, rows["train"][0])
        architectures, chosen = building.choose(columns, inputs, recipe.model)
        branched = isinstance(recipe.model, Mapping)
        network = building.network(columns, inputs, architectures, branched)
        steps = fitting.steps_per_epoch(rows["train"], recipe.training)
        network.compile(recipe.training.create_optimizer(steps))
    recipe = resolved.recipe.model_copy(update={"model": architectures})
    return Prepared(recipe, (*resolved.decisions, *learned, *chosen), parts, columns, rows, network)


def fit(
    recipe: Recipe | str | Path,
    *,
    run_dir: str | Path | None = None,
    smoke: bool = False,
    verbose: bool = True,
) -> Run:
    """Fit a recipe: from its rows to a run folder with a trained and evaluated model.

    Args:
        recipe: A `Recipe`, or the path of a recipe file.
        run_dir: Folder of the run, new or empty; left out: `runs/<recipe>/<time>`.
        smoke: Run every stage, on a few rows for one epoch.
        verbose: Print decisions and progress to stderr.

    Returns:
        The run, with `evaluate`, `predict`, `export`, `history` and `decisions`.

    Raises:
        KBuilderError: with a message that says where and how to mend it.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read(recipe)
    path = runs.place(recipe, run_dir)
    console = Console(verbose)

    prepared = prepare(recipe, smoke)
    network, columns, rows = prepared.network, prepared.columns, prepared.rows
    console.decided(prepared.decisions)
    counts = {name: len(table) for name, table in prepared.parts}
    console.fitting(network.trained.count_params(), counts)

    training = recipe.training.smoke() if smoke else recipe.training
    with pointing(recipe), closing(console):
        fitted = {name: network.rows(part) for name, part in rows.items() if name != "test"}
        history = fitting.fit(
            network.trained, network.tasks, training, fitted["train"], fitted.get("validation"),
            console, network.phases, network.compile,
        )  # fmt: skip
    metrics = evaluating.evaluate(network.model, columns, rows)

    record = runs.Record(
        recipe=prepared.recipe,
        columns=prepared.columns,
        decisions=prepared.decisions,
        splits=prepared.parts.describe(recipe.data.split.seed, smoke),
        history=history,
        metrics=metrics,
        log=console.lines,
        examples=to_instances(preprocessing.raw(prepared.columns, prepared.parts.examples())),
    )
    runs.write(path, record, network.model)
    return Run(path, record, network.model)


def eject(recipe: Recipe) -> str:
    """The recipe as a plain Keras script: it reads, divides, prepares, builds, fits, evaluates."""
    return written(prepare(recipe))


def written(prepared: Prepared) -> str:
    """The script of what has been prepared."""
    network, training = prepared.network, prepared.recipe.training
    steps = fitting.steps_per_epoch(prepared.rows["train"], training)
    phases = [(p, fitting.optimizer_of(p, training, steps)) for p in network.phases]
    dropped = any(decision.path == "data.target" for decision in prepared.decisions)
    return script.write(
        prepared.recipe, prepared.columns, network.trained, network.tasks, network.auxiliary,
        dropped, phases,
    )  # fmt: skip
