"""The story: a recipe becomes a trained, evaluated, exported model. Read this file first.

It is the only one that knows the order of the stages; each of them takes values and returns values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbuilder import building, preprocessing, runs
from kbuilder.columns import Columns, Rows, from_instances, read_json, to_instances
from kbuilder.console import Console
from kbuilder.contracts import Decision
from kbuilder.data import infer, split
from kbuilder.evaluation import evaluating
from kbuilder.evaluation.predictions import to_frame, to_rows
from kbuilder.export import saved_model
from kbuilder.formats import from_frame
from kbuilder.recipe.reading import pointing, read
from kbuilder.recipe.recipe import Recipe
from kbuilder.table import Table
from kbuilder.training import fitting

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 16  # rows that a run keeps, to compare its exports on


@dataclass(frozen=True)
class Prepared:
    """All that is known before the fit: data, features, task and network.

    Args:
        recipe: The resolved recipe.
        decisions: What was inferred, with reasons.
        parts: The rows of training, validation and test.
        columns: Learned features and task.
        rows: The same parts, preprocessed.
        model: The network, compiled.
    """

    recipe: Recipe
    decisions: tuple[Decision, ...]
    parts: split.Parts
    columns: Columns
    rows: Mapping[str, Rows]
    model: Any


def prepare(recipe: Recipe, smoke: bool = False) -> Prepared:
    """Load, infer, divide, preprocess and build: every stage before the fit."""
    import keras

    keras.utils.set_random_seed(recipe.training.seed)
    with pointing(recipe):
        resolved = infer.resolve(recipe, *recipe.data.load())
        parts = split.divide(
            resolved.table, resolved.test, resolved.recipe.data.split, recipe.data.target,
            resolved.task,
        )  # fmt: skip
        columns, learned = preprocessing.learn(resolved.recipe, resolved.task, parts.train)
        targets = {name: preprocessing.encode_target(columns, table) for name, table in parts}
        if smoke:
            parts = parts.smoke()
        layer = preprocessing.preprocessor(columns)
        rows = {
            name: (preprocessing.apply(layer, columns, table), targets[name][: len(table)])
            for name, table in parts
        }
        architectures, chosen = building.choose(columns, recipe.model)
        branched = isinstance(recipe.model, Mapping)
        model = building.network(columns, architectures, rows["train"][0], branched)
        building.compile_(model, columns.task, recipe.training.optimizer.create())
    recipe = resolved.recipe.model_copy(update={"model": architectures})
    return Prepared(recipe, (*resolved.decisions, *learned, *chosen), parts, columns, rows, model)


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
    console.decided(prepared.decisions)
    task, rows, training = prepared.columns.task, prepared.rows, prepared.recipe.training
    if smoke:
        training = training.model_copy(update={"epochs": 1})
    sizes = {name: len(table) for name, table in prepared.parts}
    console.say(
        f"fitting {prepared.model.count_params():,} parameters on "
        + ", ".join(f"{count:,} {name} rows" for name, count in sizes.items())
    )
    with pointing(recipe), closing(console):
        history = fitting.fit(
            prepared.model, task, training, rows["train"], rows.get("validation"), console
        )
    held = {name: part for name, part in rows.items() if name != "train"}
    metrics = evaluating.evaluate(prepared.model, task, rows["train"][1], held)
    splits = {
        "rows": sizes,
        "seed": recipe.data.split.seed,
        "fingerprint": {name: table.fingerprint() for name, table in prepared.parts},
        "smoke": smoke,
    }
    examples = list(prepared.parts)[-1][1].take(slice(EXAMPLES))
    record = runs.Record(
        prepared.recipe, prepared.columns, prepared.decisions, splits, history, metrics,
        console.lines, to_instances(preprocessing.raw(prepared.columns, examples)),
    )  # fmt: skip
    runs.write(path, record, prepared.model)
    return Run(path, record, prepared.model)


def load(path: str | Path = "latest") -> Run:
    """The run in a folder, each file checked against its hash.

    Raises:
        CallError: if there is no such folder.
        RunError: if it is incomplete or altered.
    """
    path = runs.find(path)
    record = runs.read(path)
    return Run(path, record, runs.read_model(path))


@dataclass(frozen=True, repr=False)
class Run:
    """A fitted recipe. `fit` and `load` make it."""

    path: Path
    record: runs.Record
    model: Any

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe."""
        return self.record.recipe

    @property
    def decisions(self) -> Sequence[Decision]:
        """What was inferred, with the reason and the line that decides otherwise."""
        return self.record.decisions

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The content of `metrics.json`."""
        return self.record.metrics

    @property
    def history(self) -> pd.DataFrame:
        """Losses and metrics, a row per epoch."""
        import pandas as pd

        return pd.DataFrame(self.record.history).set_index("epoch")

    @cached_property
    def _layer(self) -> Any:
        return preprocessing.preprocessor(self.record.columns)

    def _outputs(self, table: Table) -> Any:
        arrays = preprocessing.apply(self._layer, self.record.columns, table)
        return evaluating.outputs(self.model, arrays)

    def evaluate(self, data: pd.DataFrame | Table | str | Path | None = None) -> dict[str, Any]:
        """The task's metrics on rows with a target.

        Args:
            data: A data frame, or a file of the recipe's kind; left out: what the fit found on
                validation and test.

        Raises:
            DataError: if a column is missing, or a label is none of the classes.
        """
        if data is None:
            return dict(self.metrics["splits"])
        columns, table = self.record.columns, self._table(data)
        encoded = preprocessing.encode_target(columns, table)
        return {"data": evaluating.score(columns.task, encoded, self._outputs(table))}

    def predict(self, data: pd.DataFrame | Table | str | Path) -> pd.DataFrame:
        """Predictions, a row for each row of `data`, in the order of the rows.

        Returns:
            `label` and `probability` with one column `probability of <class>` each, or `value`.
        """
        table = self._table(data)
        return to_frame(self.record.columns.task, self._outputs(table))

    def export(self, path: str | Path) -> Path:
        """Write a SavedModel from raw columns to names into `path/1`, or the next number.

        It is loaded in a fresh process without kbuilder and compared with `predict` before it
        takes its name.

        Raises:
            ExportError: if it does not answer like the model.
        """
        columns = self.record.columns
        outputs = self._outputs(from_instances(columns, self.record.examples, "the examples"))
        predictions = to_rows(columns.task, outputs)
        return saved_model.export(
            Path(path), columns, self._layer, self.model, self.record.examples, predictions
        )

    def input_names(self) -> dict[str, str]:
        """The name of each column's input in an export; it differs where TensorFlow demands it."""
        return saved_model.input_names(self.record.columns)

    def _table(self, data: Any) -> Table:
        if isinstance(data, Table):
            return data
        if not isinstance(data, str | Path):
            return from_frame(data, "the frame")
        if Path(data).suffix.lower() == ".json":
            return read_json(self.record.columns, Path(data))
        return self.recipe.data.read(Path(data))
