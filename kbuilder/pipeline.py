"""The story: a recipe becomes a trained, evaluated, exported model. Read this file first.

It is the only one that knows the order of the stages; each of them takes values and returns values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kbuilder import building, preprocessing, room, runs
from kbuilder.checkpoints import Checkpoint
from kbuilder.columns import Columns, Rows, to_instances
from kbuilder.console import Console
from kbuilder.contracts import Decision, Source
from kbuilder.data import infer, split
from kbuilder.ejecting import script
from kbuilder.evaluation import evaluating
from kbuilder.predicted_csv import controls_warning
from kbuilder.recipe.reading import pointing, read
from kbuilder.recipe.recipe import Recipe
from kbuilder.run import Run
from kbuilder.training import fitting, sizing, strategies
from kbuilder.training.keeping import Keeper
from kbuilder.training.strategies import ALONE, Placement


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
        dropped: Whether rows without a target were left out.
    """

    recipe: Recipe
    decisions: tuple[Decision, ...]
    parts: split.Parts
    columns: Columns
    rows: Mapping[str, Rows]
    network: building.Network
    dropped: bool

    def splits(self, smoke: bool = False) -> dict[str, Any]:
        """The content of `splits.json`."""
        return self.parts.describe(self.recipe.data.split.seed, smoke)


def prepare(recipe: Recipe, smoke: bool = False, placement: Placement = ALONE) -> Prepared:
    """Load, infer, divide, preprocess and build: every stage before the fit.

    Args:
        recipe: The recipe.
        smoke: Keep a few rows of each part.
        placement: The devices of the network.
    """
    import keras

    from kbuilder.training.trainer import Trainer

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
        with placement.scope(), room.for_weights():
            inputs = building.inputs(columns, rows["train"][0])
            architectures, chosen = building.choose(columns, inputs, recipe.model)
            branched = isinstance(recipe.model, Mapping)
            network = building.network(columns, inputs, architectures, branched, Trainer)
            training, sized = sizing.choose(
                network.trained, network.compile, recipe.training, network.rows(rows["train"]),
                placement.workers,
            )  # fmt: skip
            placement.synchronize(network.trained, training)
            steps = fitting.steps_per_epoch(rows["train"], training)
            network.compile(training.create_optimizer(steps))
    recipe = resolved.recipe.model_copy(update={"model": architectures, "training": training})
    decisions = (*resolved.decisions, *learned, *chosen)
    decisions += tuple(one for one in (placement.decision, sized) if one is not None)
    return Prepared(recipe, decisions, parts, columns, rows, network, resolved.dropped)


def fit(
    recipe: Recipe | str | Path,
    *,
    run_dir: str | Path | None = None,
    smoke: bool = False,
    devices: int | None = None,
    verbose: bool = True,
) -> Run:
    """Fit a recipe: from its rows to a run folder with a trained and evaluated model.

    Args:
        recipe: A `Recipe`, or the path of a recipe file.
        run_dir: Folder of the run, new or empty; left out: `runs/<recipe>/<time>`.
        smoke: Run every stage, on a few rows for one epoch.
        devices: Share each step among so many GPUs, or parts of the CPU; left out: all GPUs.
        verbose: Print decisions and progress to stderr.

    Returns:
        The run, with `evaluate`, `predict`, `export`, `history` and `decisions`.

    Raises:
        KBuilderError: with a message that says where and how to mend it.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read(recipe)
    path = runs.place(recipe, run_dir)
    with pointing(recipe):
        placement = strategies.place(recipe.training, devices)
    console = Console(verbose and placement.chief)
    prepared = prepare(recipe, smoke, placement)
    console.decided(prepared.decisions)
    warning = controls_warning(prepared.columns)
    if warning:
        console.say(f"Warning: {warning}")
    return _run(prepared, placement, path, console, smoke)


def resume(
    run: str | Path = "latest",
    *,
    override: Sequence[str] = (),
    data: Source | None = None,
    run_dir: str | Path | None = None,
    devices: int | None = None,
    verbose: bool = True,
) -> Run:
    """Go on with a fit: one that was interrupted, or more epochs of one that is finished.

    The weights become those that an undisturbed fit would have reached; with more epochs, if no
    schedule of the learning rate spans them. A finished run stays as it is; what comes of it is a
    new one.

    Args:
        run: The folder of the run, or `latest`.
        override: Changes of its recipe, such as `training.epochs=80`.
        data: The source, where the saved recipe does not hold it: a `Frame`.
        run_dir: Folder of the run that comes of a finished one.
        devices: As in `fit`; equal weights need as many as before.
        verbose: Print progress to stderr.

    Raises:
        KBuilderError: as `fit`; and if the rows are not those that the run began with.
    """
    console = Console(verbose)
    return go_on(runs.start(run, override, run_dir, console.say), console, data, devices)


def go_on(
    start: runs.Start, console: Console, data: Source | None = None, devices: int | None = None
) -> Run:
    """Go on with a fit from where `runs.start` found it to stand."""
    recipe = start.recipe if data is None else start.recipe.model_copy(update={"data": data})
    with pointing(recipe):
        placement = strategies.place(recipe.training, devices)
    console.verbose = console.verbose and placement.chief
    smoke = start.splits["smoke"]
    prepared = replace(prepare(recipe, smoke, placement), decisions=tuple(start.decisions))
    runs.same_rows(start.origin, start.splits, prepared.splits(smoke))
    console.lines[:0] = start.log
    if fitting.spans(recipe.training) and start.before.training.epochs != recipe.training.epochs:
        console.say(
            f"the schedule of the learning rate now spans {recipe.training.epochs} epochs, not "
            f"{start.before.training.epochs}: the weights are not those of a fit of as many from "
            "the start"
        )
    if start.checkpoint is not None:
        step = f", step {start.checkpoint.step}" if start.checkpoint.step else ""
        console.say(f"going on with {start.origin} after epoch {start.checkpoint.epoch}{step}")
    return _run(prepared, placement, start.path, console, smoke, start.checkpoint)


def _run(
    prepared: Prepared,
    placement: Placement,
    path: Path,
    console: Console,
    smoke: bool = False,
    start: Checkpoint | None = None,
) -> Run:
    """The second half of the story: fit, evaluate, write."""
    recipe, network, columns = prepared.recipe, prepared.network, prepared.columns
    counts = {name: len(table) for name, table in prepared.parts}
    console.fitting(network.trained.count_params(), counts)

    training = recipe.training.smoke() if smoke else recipe.training
    fitted = {name: network.rows(part) for name, part in prepared.rows.items() if name != "test"}
    splits = prepared.splits(smoke)
    with (
        pointing(recipe),
        closing(console),
        runs.under_way(path, recipe, prepared.decisions, splits, console.say)
        if placement.chief
        else nullcontext() as folder,
    ):
        if folder is not None:
            console.keep(folder / "log.txt")
        keeper = Keeper(
            folder, training.checkpoints, console.say, start, runs.resuming(path),
            midway=placement.workers == 1,
        )  # fmt: skip
        with keeper.listening():
            done = fitting.fit(
                network.trained, network.tasks, training, fitted["train"],
                fitted.get("validation"), console, network.phases, network.compile, keeper,
            )  # fmt: skip
        model = building.on_one_device(network.model)
        metrics = evaluating.evaluate(model, columns, prepared.rows)
        record = runs.Record(
            recipe=recipe,
            columns=columns,
            decisions=(*prepared.decisions, *done.decisions),
            splits=splits,
            history=done.history,
            metrics=metrics,
            log=console.lines,
            examples=to_instances(preprocessing.raw(columns, prepared.parts.examples())),
        )
        if folder is not None:
            runs.write(path, record, model, None if smoke else folder)
    return Run(path, record, model, placement.chief)


def eject(recipe: Recipe) -> str:
    """The recipe as a plain Keras script: it reads, divides, prepares, builds, fits, evaluates."""
    return written(prepare(recipe))


def written(prepared: Prepared) -> str:
    """The script of what has been prepared."""
    network, training = prepared.network, prepared.recipe.training
    steps = fitting.steps_per_epoch(prepared.rows["train"], training)
    phases = [(p, fitting.optimizer_of(p, training, steps)) for p in network.phases]
    return script.write(
        prepared.recipe, prepared.columns, network.trained, network.tasks, network.auxiliary,
        prepared.dropped, phases,
    )  # fmt: skip
