"""The story: a recipe becomes a trained, evaluated, exported model. Read this file first.

It is the only one that knows the order of the stages; each of them takes values and returns values.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from kbuilder import engine, folds, judging, preprocessing
from kbuilder.console import TRAINING, Console
from kbuilder.contracts import Listener, Source
from kbuilder.data import examples, store
from kbuilder.data.dataset import Dataset
from kbuilder.ejecting import script
from kbuilder.errors import CallError
from kbuilder.evaluation import wording
from kbuilder.evaluation.average_row import average_row
from kbuilder.instances import to_instances
from kbuilder.networks import Fits, Prepared, build, with_seed
from kbuilder.recipe.reading import pointing, read
from kbuilder.recipe.recipe import Recipe, weight_of
from kbuilder.reporting import writing as reporting
from kbuilder.run import Run
from kbuilder.runs import naming, resuming, run_folder
from kbuilder.runs.predicted_csv import controls_warning
from kbuilder.training import fitting, phases, strategies
from kbuilder.training.listeners.callbacks import Callbacks
from kbuilder.training.strategies import Placement


def prepare(recipe: Recipe | str | Path, *, smoke: bool = False) -> Dataset:
    """Load, infer, divide, learn and prepare the rows of a recipe, for any number of fits.

    Args:
        recipe: A `Recipe`, or the path of a recipe file; its training does not matter,
            nor its model, but for `share`.
        smoke: Keep a few rows of each part.

    Raises:
        KBuilderError: with a message that says where and how to fix it.
    """
    looked = store.look(recipe if isinstance(recipe, Recipe) else read(recipe), smoke)
    engine.load_quietly()
    return store.prepare(looked, smoke)


def fit(
    recipe: Recipe | str | Path,
    *,
    data: Dataset | None = None,
    run_dir: str | Path | None = None,
    smoke: bool = False,
    devices: int | None = None,
    folds: int | None = None,
    listeners: Sequence[Listener] = (),
    callbacks: Sequence[Any] = (),
    report: bool = True,
    verbose: bool = True,
) -> Run:
    """Fit a recipe: from its rows to a run folder with a trained and evaluated model.

    Args:
        recipe: A `Recipe`, or the path of a recipe file.
        data: What `prepare` gave for the same data, features and task; left out: it is done now.
        run_dir: Folder of the run, new or empty; left out: `runs/<recipe>/<time>`.
        smoke: Run every stage, on a few rows for one epoch.
        devices: Share each step among so many GPUs, or logical CPU devices; left out: all GPUs.
        folds: Hold out the rows in so many folds, in turn; left out: as `data.split` has it.
        listeners: Called after each epoch; one that returns True ends the fit. See
            `kbuilder.contracts.Listener`.
        callbacks: Of Keras; those that a resumed fit may differ by are warned of.
        report: Leave `report.html` in the run; a smoke run has none.
        verbose: Print decisions and progress to stderr.

    Returns:
        The run, with `evaluate`, `predict`, `export`, `history` and `decisions`.

    Raises:
        KBuilderError: with a message that says where and how to fix it.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read(recipe)
    if folds is not None:
        known: Any = recipe.data
        written = {name: getattr(known.split, name) for name in known.split.model_fields_set}
        split = type(known.split)(**{**written, "folds": folds})
        recipe = recipe.model_copy(update={"data": known.model_copy(update={"split": split})})
    path = naming.place(recipe, run_dir)
    if data is not None and smoke:
        raise CallError("prepared data is as it is. Expected `kb.prepare(…, smoke=True)`.")
    console = Console(verbose)
    with console.following():
        looked = store.look(recipe, smoke) if data is None else None
        placement = _place(recipe, devices)
        console.verbose = verbose and placement.chief
        data = store.prepare(looked, smoke, console.say) if looked is not None else data
    assert data is not None, "it is one or the other"
    del looked  # the rows may be many, and are those of `data` now
    prepared = build(data, recipe, placement)
    console.found(data.findings)
    console.decided(prepared.decisions)
    caution = recipe.training.optimizer.caution(prepared.network.trained)
    for warning in filter(None, (controls_warning(prepared.data.columns), caution)):
        console.say(f"Warning: {warning}")
    listeners = [*listeners, *_called(callbacks, console)]
    return _run(prepared, placement, path, console, listeners, report=report)


def resume(
    run: str | Path = "latest",
    *,
    override: Sequence[str] = (),
    data: Source | None = None,
    run_dir: str | Path | None = None,
    devices: int | None = None,
    listeners: Sequence[Listener] = (),
    callbacks: Sequence[Any] = (),
    verbose: bool = True,
) -> Run:
    """Resume a fit: one that was interrupted, or more epochs of one that is finished.

    The weights become those that an undisturbed fit would have reached; with more epochs, if no
    schedule of the learning rate spans them. A finished run stays as it is; what comes of it is a
    new one.

    Args:
        run: The folder of the run, or `latest`.
        override: Changes of its recipe, such as `training.epochs=80`.
        data: The source, where the saved recipe does not hold it: a `Frame`.
        run_dir: Folder of the run that comes of a finished one.
        devices: As in `fit`; equal weights need as many as before.
        listeners, callbacks: As in `fit`; those that keep a state get it back.
        verbose: Print progress to stderr.

    Raises:
        KBuilderError: as `fit`; and if the rows are not those that the run began with.
    """
    console = Console(verbose)
    listeners = [*listeners, *_called(callbacks, console)]
    return go_on(
        resuming.start(run, override, run_dir, console.say), console, data, devices, listeners
    )


def go_on(
    start: resuming.Start,
    console: Console,
    data: Source | None = None,
    devices: int | None = None,
    listeners: Sequence[Listener] = (),
) -> Run:
    """Resume a fit from where `resuming.start` found it to stand."""
    recipe = start.recipe if data is None else start.recipe.model_copy(update={"data": data})
    if weight_of(recipe.data) != weight_of(start.recipe.data):
        raise CallError(
            f"the run weighs its rows by {weight_of(start.recipe.data)!r}, and the given data by "
            f"{weight_of(recipe.data)!r}. Expected the same."
        )
    with console.following():
        looked = store.look(recipe, start.splits["smoke"])
        placement = _place(recipe, devices)
        console.verbose = console.verbose and placement.chief
        rows = store.prepare(looked, start.splits["smoke"], console.say)
    del looked  # as in `fit`
    rows = replace(rows, findings=tuple(start.findings))
    prepared = replace(build(rows, recipe, placement), decisions=tuple(start.decisions))
    resuming.same_rows(start.origin, start.splits, rows.splits())
    console.lines[:0] = start.log
    if fitting.spans(recipe.training) and start.before.training.epochs != recipe.training.epochs:
        console.say(
            f"the schedule of the learning rate now spans {recipe.training.epochs} epochs, not "
            f"{start.before.training.epochs}: the weights are not those of a fit of as many from "
            "the start"
        )
    if start.checkpoint is not None:
        step = f", step {start.checkpoint.step}" if start.checkpoint.step else ""
        console.say(f"resuming {start.origin} after epoch {start.checkpoint.epoch}{step}")
    elif recipe.networks > 1:
        kept = "with" if recipe.training.checkpoints is None else "without"
        console.say(f"resuming {start.origin}, {kept} fitting networks again that are done")
    return _run(prepared, placement, start.path, console, listeners, start)


def _place(recipe: Recipe, devices: int | None) -> Placement:
    """The devices of the fit, with TensorFlow there from now on."""
    engine.load_quietly()
    with pointing(recipe):
        return strategies.place(recipe.training, devices, recipe.networks)


def _called(callbacks: Sequence[Any], console: Console) -> list[Listener]:
    """Callbacks of Keras as a listener."""
    return [Callbacks(callbacks, console.say)] if callbacks else []


def _run(
    prepared: Prepared,
    placement: Placement,
    path: Path,
    console: Console,
    listeners: Sequence[Listener],
    start: resuming.Start | None = None,
    report: bool = True,
) -> Run:
    """The second half of the story: fit, evaluate, write."""
    recipe, network, data = prepared.recipe, prepared.network, prepared.data
    smoke = data.smoke
    training = recipe.training.smoke() if smoke else recipe.training
    counts = {name: len(table) for name, table in data.parts}
    count = 0 if data.folds is None else len(data.folds.rows)
    console.fitting(network.trained.count_params(), counts, recipe.networks, count)

    splits = data.splits()
    with (
        pointing(recipe),
        closing(console),
        resuming.folder(path, recipe, prepared.decisions, data.findings, splits, console.say)
        if placement.chief
        else nullcontext() as folder,
    ):
        if folder is not None:
            console.keep(folder / "log.txt")
        console.lap()
        fits = Fits(path, folder, placement, console, listeners, start)
        held = None if data.folds is None else folds.hold_out(fits, prepared)
        if held is not None and held.networks.model is not None:
            fitted = held.networks
        else:  # with folds anew, so that nothing of them is in the network
            again = prepared if held is None else build(data, with_seed(prepared, 0), placement)
            fitted = fits.run(again)
        console.lap(TRAINING)
        report = report and not smoke and folder is not None and reporting.wanted()
        average = average_row(data.columns, data.rows["train"][0])
        judged = judging.judge(data, training, fitted, held, placement.chief, console)
        console.lap("metrics and baselines")
        metrics = judged.metrics
        if report:
            metrics |= judging.explained(data, training, fitted, judged, average)
            console.lap("explanations")
        console.concluded(wording.verdict(metrics))
        record = run_folder.Record(
            recipe=recipe,
            columns=judged.columns,
            decisions=fitted.decided(prepared.decisions, judged.chosen),
            findings=data.findings,
            splits=splits,
            history=fitted.history(),
            metrics=metrics,
            rows=data.parts.numbers(),
            predictions=judged.predictions,
            log=console.lines,
            examples=to_instances(preprocessing.raw(judged.columns, data.parts.examples())),
            average=average,
        )
        if folder is not None:
            run_folder.write(path, record, fitted.model, None if smoke else folder)
            console.lap()
            if report:
                reporting.leave(path, record, console.say)
                console.lap("the report")
                console.took()
    return Run(path, record, fitted.model, placement.chief)


def eject(recipe: Recipe, folder: Path | None = None) -> str:
    """The recipe as a plain Keras script: it reads, divides, prepares, builds, fits, evaluates.

    Args:
        recipe: The recipe.
        folder: Where the script will be, from which it finds the rows; left out: here.

    Raises:
        CallError: if the recipe has several networks, or no script could do the same.
    """
    if recipe.ensemble > 1:
        raise CallError(
            f"a script fits one network, and the recipe has {recipe.ensemble}. Expected "
            "`-o ensemble=1`, which gives the script of the first."
        )
    if recipe.networks > 1:
        none = "" if recipe.data.split.test is not None else " -o data.split.test=0"
        raise CallError(
            f"a script fits one network, and the recipe has {recipe.networks}, for folds. Expected "
            f"`-o data.split.folds=null{none}`, which gives the script of one that is fitted on "
            "the rows of all folds."
        )
    return written(build(prepare(recipe), recipe), folder)


def written(prepared: Prepared, folder: Path | None = None) -> str:
    """The script of what has been prepared."""
    network, training, data = prepared.network, prepared.recipe.training, prepared.data
    if examples.axes_of(prepared.recipe.data) is not None:
        raise CallError(
            "a script does not make rows of rows: the windows of a series, or sequences. Expected "
            "a run: `kbuilder fit`, and `kbuilder export` for what runs without kbuilder."
        )
    steps = fitting.steps_per_epoch(data.rows["train"], training)
    optimizers = [(p, phases.optimizer_of(p, training, steps)) for p in network.phases]
    return script.write(
        prepared.recipe, data.columns, network.trained, network.tasks, network.auxiliary,
        data.dropped, data.parts.train, optimizers, data.grouping,
        {part: len(rows) for part, rows in data.parts if part != "train"}, folder,
    )  # fmt: skip
