"""A fitted recipe: what can be asked of it once the fit is done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kbuilder import files, preprocessing
from kbuilder.columns import Arrays, shares
from kbuilder.console import Console
from kbuilder.contracts import Decision, Discerning, Finding, Following, Owning
from kbuilder.data import deviations, infer, split, weights
from kbuilder.data.given import Given, Paths, paths_of
from kbuilder.data.quantizing import rows_to_quantize
from kbuilder.errors import CallError, DataError, ExportError, RunError, listed, nearest
from kbuilder.evaluation import evaluating, explained, explanations, in_graph, intervals
from kbuilder.evaluation.explained import Explained
from kbuilder.evaluation.explanations import Explanations
from kbuilder.evaluation.predictions import decode, plain, to_frame, to_rows
from kbuilder.evaluation.strangers import Strangers, Unknown
from kbuilder.export import exporting
from kbuilder.export.contract import Explaining, Fitted
from kbuilder.instances import from_instances
from kbuilder.recipe.recipe import Recipe
from kbuilder.reporting import card as cards
from kbuilder.reporting import writing as reporting
from kbuilder.runs import naming, predict_file, run_folder
from kbuilder.serving import exported as loading
from kbuilder.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


def load(path: str | Path = "latest") -> Run:
    """The run in a folder, each file checked against its hash.

    Raises:
        CallError: if there is no such folder.
        RunError: if it is incomplete or altered.
    """
    path = naming.find(path)
    record = run_folder.read(path)
    return Run(path, record, run_folder.read_model(path))


@contextmanager
def exported(path: Path) -> Iterator[Path]:
    """The export of a run, in a folder that is called like the run and lasts as long as this.

    Raises:
        RunError: if the run is incomplete or altered.
    """
    with TemporaryDirectory(prefix="kbuilder-") as folder:
        place = Path(folder) / naming.name_of(path)
        load(path).export(place)
        yield place


def served(folder: Path) -> None:
    """Check that a new export can be served: it is loaded and asked as the server does.

    Raises:
        ExportError: if it cannot.
    """
    try:
        loading.check(folder)
        export = loading.Exported(folder)
        export.verify()
        export.verify_explanation()
    except ExportError as error:
        raise ExportError(
            f"the export cannot be served: {error} Nothing was left behind."
        ) from None


@dataclass(frozen=True, repr=False)
class Run:
    """A fitted recipe. `fit` and `load` make it; of several workers only the first writes it."""

    path: Path
    record: run_folder.Record
    model: Any
    written: bool = True

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
    def findings(self) -> Sequence[Finding]:
        """What looked wrong in the rows, with the line to write."""
        return self.record.findings

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The content of `metrics.json`."""
        return self.record.metrics

    @property
    def history(self) -> pd.DataFrame:
        """Losses and metrics, a row per epoch; of several networks by network and epoch."""
        import pandas as pd

        frame = pd.DataFrame(self.record.history)
        keys = [name for name in ("network", "epoch") if name in frame]
        return frame.astype(dict.fromkeys(keys, int)).set_index(keys if keys[1:] else "epoch")

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of each split: `split`, and `row`, the number in its file from 1, or `file`."""
        known = self.record.rows
        return run_folder.frame(self.path / "splits.parquet") if known is None else plain(known)

    def predictions(self, split: str | None = None) -> pd.DataFrame:
        """What the fit answered for the rows that were held back, and what is true of them.

        Args:
            split: `validation` or `test`; left out: both.

        Returns:
            `split`, `row` (its number in the file, from 1) or `file`, `truth`, and the answers as
            `predict` gives them; with several targets each truth has its target in front. Metrics
            of it are those of `metrics`.

        Raises:
            CallError: if no rows were held back for it.
        """
        frame = self.record.predictions
        if frame is None:
            frame = run_folder.frame(self.path / "predictions.parquet")
        frame = plain(frame)
        if split is None:
            return frame
        held = [name for name in self.metrics["splits"] if name]
        if split not in held:
            raise CallError(
                f"{self.path} has no predictions of {split!r}. It has those of: "
                f"{listed(held) or 'none'}.",
                suggestion=nearest(split, held),
            )
        return frame[frame["split"] == split].reset_index(drop=True)

    def report(
        self, output: str | Path | None = None, *, language: Literal["en", "ko"] = "en"
    ) -> Path:
        """Write the report of the run as one page that opens offline.

        Args:
            output: The file; left out: `report.html` in the folder of the run.
            language: "en" or "ko".

        Returns:
            The file.
        """
        given = None if output is None else Path(output)
        return reporting.write(self.path, self.record, language, given)

    def card(self) -> str:
        """The model card: what was written into `card.md` of the run, and what the run says.

        Markdown with the front matter of Hugging Face. An export holds it as
        `assets.extra/card.md`.

        Raises:
            CallError: if `card.md` is no text.
        """
        return cards.text(self.path, self.record)

    def plot(self) -> Any:
        """The loss and the headline metric of each epoch, on training and validation rows.

        Returns:
            A `matplotlib.figure.Figure`, which a notebook shows; in a script `savefig` writes it.

        Raises:
            CallError: if the fit has no epoch.
        """
        if not self.record.history:
            raise CallError("no epoch of this run is done, so there is no curve.")
        return reporting.plot(self.record)

    def _repr_html_(self) -> str:
        """The verdict and the curves, as notebooks show them."""
        return reporting.short(self.path, self.record)

    @cached_property
    def _given(self) -> Given:
        return Given(self.recipe, self.record.columns)

    @cached_property
    def _layer(self) -> Any:
        return preprocessing.preprocessor(self.record.columns)

    def _raw(self, table: Table) -> Arrays:
        """The raw columns of which some values may be strange."""
        columns = self.record.columns
        known = columns.features.items()
        telling = {name: feature for name, feature in known if isinstance(feature, Discerning)}
        only = replace(columns, features=telling)
        return preprocessing.raw(only, table.only(list(columns.features)))

    def _outputs(self, table: Table) -> Any:
        arrays = preprocessing.apply(self._layer, self.record.columns, table)
        return evaluating.outputs(self.model, arrays)

    def evaluate(
        self,
        data: pd.DataFrame | Table | Paths | None = None,
        *,
        unknown: Unknown = "error",
        verbose: bool = True,
    ) -> dict[str, Any]:
        """The task's metrics on the rows with a target, as the fit takes them.

        Args:
            data: A data frame, or a file of the recipe's kind, or several; left out: what the fit
                found on validation and test.
            unknown: Whether a column of which all values are unknown to the model is an error, or
                a warning.
            verbose: Print to stderr what was left out, and what is unknown to the model.

        Returns:
            The metrics by split; of given rows as `data`, and beside them `intervals`, of 95 %.

        Raises:
            DataError: if a column is missing, or a label is none of the classes.
        """
        if data is None:
            return dict(self.metrics["splits"])
        console = Console(verbose)
        with console.following():
            scores, ends = self._evaluated(data, unknown, console)
        return {"data": scores, **({"intervals": {"data": ends}} if ends else {})}

    def _evaluated(
        self, data: Any, unknown: Unknown, console: Console
    ) -> tuple[dict[str, float], dict[str, list[float]]]:
        """The metrics on rows, and their intervals; none where the rows cannot give them."""
        columns, table = self.record.columns, self._given.table(data)
        lacking = [name for name in columns.target if name not in table.columns]
        if lacking and table.files:
            raise DataError(
                f"{table.origin} has files that lie in no class folder, so that nothing says what "
                f"is true of them. Expected folders that are called like the classes, with files."
            )
        gone = infer.without_target(table, columns.targets)
        if gone.all():
            raise DataError(f"{table.origin} has no row with {listed(columns.target)}.")
        _say_notes(table, console)
        if gone.any():
            console.say(f"{int(gone.sum()):,} rows left out: they have no {listed(columns.target)}")
            table = table.take(np.flatnonzero(~gone))
        strangers = Strangers(columns, unknown)
        strangers.see(table, self._raw(table))
        strangers.say(console.say)
        encoded = preprocessing.encode_targets(columns, table)
        if table.files:
            console.say(f"{table.count()} evaluated")
        counted, weight = None, columns.weight
        if weight is not None and weight in table.columns:
            counted = weights.read(table, weight)
        elif weight is not None:
            console.say(
                f"Warning: {table.origin} has no column {weight!r}, which weighs the rows of this "
                "run: here each row counts the same"
            )
        outputs, splitting = self._outputs(table), self.recipe.data.split
        scores = evaluating.score(columns, encoded, outputs, counted)
        owner = splitting.owner if isinstance(splitting, Owning) else None
        if owner is not None and owner not in table.columns:
            console.say(
                f"{table.origin} has no column {owner!r}, which says what rows belong together: "
                "the metrics have no intervals"
            )
            return scores, {}
        drawing = intervals.Drawing(split.groups(table, splitting), self.recipe.training.seed)
        if counted is not None and shares(counted) is None:
            counted = None  # they are all alike
        drawn = intervals.resamples(encoded, outputs, counted, drawing)
        found = intervals.judge(columns, encoded, outputs, {}, (scores, {}), (), drawn)
        return scores, found.get("intervals", {})

    def predict(
        self,
        data: pd.DataFrame | Table | Paths,
        *,
        keep: str | Sequence[str] = (),
        unknown: Unknown = "error",
        verbose: bool = True,
    ) -> pd.DataFrame:
        """Predictions, a row for each row of `data`, in the order of the rows.

        Args:
            data: A data frame, or a file of the recipe's kind, or several: a list of paths, or a
                pattern such as `new/*.png`. Where rows are files, such as pictures, a folder too,
                whose files are sorted by their names.
            keep: Columns of `data` that are carried over before the answers, as they are there;
                `"all"`: every one. `"row"` is the number of a row, from 1, where no column is
                called so.
            unknown, verbose: As `evaluate` takes them.

        Returns:
            `label` and `probability` with one column `probability of <class>` each, or `value`;
            with several targets each with its target in front: `species_label`. Of a series `value
            1` and so on for each of its windows, the stamp of its last step before them, and behind
            them `deviation 1` and so on: what came less what was forecast, in units of the mean
            absolute error of that step in the rows that the run was judged by. Where rows are
            files, `file` stands first, the path as it was given. A kept column that is called like
            an answer is called `given label`.

        Raises:
            DataError: if a column is missing.
        """
        carrying, console = self._given.carrying(keep), Console(verbose)
        with console.following():
            table = self._given.table(data, carrying.keep)
            _say_notes(table, console)
            strangers = Strangers(self.record.columns, unknown)
            strangers.see(table, self._raw(table))
            strangers.say(console.say)
            answers = to_frame(self.record.columns, self._outputs(table))
            frame = carrying.beside(table, self._deviating(table, answers))
        carrying.say(console.say)
        return frame

    def _deviating(self, table: Table, answers: pd.DataFrame) -> pd.DataFrame:
        """The answers for windows of series with what they are of, and what came."""
        by_step = self.metrics.get("by_step", {})
        return deviations.beside(answers, self.record.columns, self.recipe.data, table, by_step)

    def explain(
        self,
        data: pd.DataFrame | Table | Paths,
        *,
        of: str | None = None,
        unknown: Unknown = "error",
        verbose: bool = True,
    ) -> Explanations:
        """What pushes the answer for each row: contributions of columns, words, steps and pixels.

        Integrated gradients from the average training row to the row; of words, from none. What is
        explained is the log-odds of a class, or the number that is answered.

        Args:
            data: As `predict` takes it.
            of: The class that is explained, or the target, of several targets each class with its
                target before it: `species cat`; left out: the class that is answered, of two the
                second.
            unknown, verbose: As `evaluate` takes them.

        Returns:
            `frame`, a row for each row; `details`, by word or step; `pictures`, by pixel;
            `incomplete`, rows whose contributions do not add up to 1 %, which are warned of;
            `cancelling`, rows whose contributions cancel each other.

        Raises:
            CallError: if `of` is none of the classes or targets, one has to be named, the task has
                no explanations, or an earlier version wrote the run.
            DataError: if a column is missing.

        Source: Sundararajan et al. 2017, arXiv:1703.01365.
        """
        chosen = explanations.choose(self.record.columns, of)
        console = Console(verbose)
        with console.following():
            table = self._given.table(data)
            _say_notes(table, console)
            strangers = Strangers(self.record.columns, unknown)
            strangers.see(table, self._raw(table))
            strangers.say(console.say)
            arrays = preprocessing.apply(self._layer, self.record.columns, table)
            found = self._explained(arrays, chosen)
        counts = int(found.incomplete.sum()), int(found.cancelling.sum())
        for remark in explanations.remarks(*counts, len(found)):
            console.say(remark)
        return found

    def _explained(self, arrays: Arrays, of: Explained) -> Explanations:
        return explanations.explain(self.model, self.record.columns, self._average, arrays, of)

    @cached_property
    def _average(self) -> Arrays:
        """The average training row."""
        known = self.record.average
        return run_folder.average(self.path) if known is None else known

    def forecast(
        self,
        data: pd.DataFrame | Table | Paths | None = None,
        *,
        steps: int | None = None,
        verbose: bool = True,
    ) -> pd.DataFrame:
        """The steps after the last one of each series, a row for each step.

        Args:
            data: The history, and in rows without a target what is known ahead: a data frame, or a
                file of the recipe's kind, or several; left out: the rows of the recipe, read again.
            steps: How many; left out: the horizon that the run was fitted for.
            verbose: Print to stderr which series are too short, and left out.

        Returns:
            The series, where there are several, the stamp, `value`, and `quantile_0.1` and so on.

        Raises:
            CallError: if the run forecasts nothing, or not so far.
            DataError: if all series are too short, or one lacks what is to be known ahead.
        """
        import pandas as pd

        task = self.record.columns.targets[0].task
        if not isinstance(task, Following):
            raise CallError(
                f"{self.path} forecasts no series. Expected a run of the task forecasting; "
                "`predict` answers for rows."
            )
        steps = task.horizon if steps is None else steps
        if not 1 <= steps <= task.horizon:
            raise CallError(
                f"the run forecasts {task.horizon} steps. Expected from 1 to {task.horizon}, or a "
                f"run with `-o task.horizon={max(steps, 1)}`. Got {steps}."
            )
        given = self.recipe.data.load(self._given.words)[0] if data is None else data
        table, windows, origins = self._given.latest(given)
        _say_notes(table, Console(verbose))
        [output] = self.record.columns.outputs()
        answers = decode(task, self._outputs(table)[output])
        own = {name: values[:, :steps].reshape(-1) for name, values in answers.items()}
        return pd.DataFrame({**windows.answers(origins, steps), **own})

    def predict_parts(
        self,
        data: Paths,
        *,
        keep: str | Sequence[str] = (),
        unknown: Unknown = "error",
        verbose: bool = True,
        explain: bool | str = False,
        pictures: str | Path | None = None,
    ) -> Iterator[pd.DataFrame]:
        """The predictions of a file part by part, in the order of the rows.

        Args:
            data: A CSV or Parquet file, of which a part at a time is in memory; or what else
                `predict` takes by name, which is read whole.
            keep: As `predict` takes it.
            unknown, verbose: As `evaluate` takes them.
            explain: Whether each answer is followed by what pushes it, as `explain` has it in its
                `frame`; or what is explained, as it takes `of`.
            pictures: The folder in which each picture is written as a PNG, called like its row or
                its file: red where it pushes, blue where against; None: none are.
        """
        asking = _Asking(self, explain, pictures)
        strangers, carrying = Strangers(self.record.columns, unknown), self._given.carrying(keep)
        console = Console(verbose)
        for number, (table, _) in enumerate(self._given.parts(paths_of(data), 0, carrying.keep)):
            if not number:
                _say_notes(table, console)
            strangers.see(table, self._raw(table))
            yield carrying.beside(table, asking.answers(table))
        strangers.say(console.say)
        asking.say(console)
        carrying.say(console.say)

    def predict_file(
        self,
        data: Paths,
        output: str | Path,
        console: Console | None = None,
        safe_csv: bool = False,
        unknown: Unknown = "error",
        keep: str | Sequence[str] = (),
        encoding: str = "utf-8",
        explain: bool | str = False,
        pictures: str | Path | None = None,
    ) -> int:
        """Write the predictions of a file into another, which may be larger than the memory.

        After a kill the same call resumes where it stood.

        Args:
            data: As `predict_parts` takes it.
            output: The file to write, `.csv`, `.jsonl`, `.parquet` or `.xlsx`.
            console: Shows how far it has come; None: nobody looks.
            safe_csv: Put an apostrophe before words that a spreadsheet would take as a formula.
            unknown: As `evaluate` takes it.
            keep: As `predict` takes it.
            encoding: Of CSV, as Python names it; `utf-8-sig` is for Excel.
            explain, pictures: As `predict_parts` takes them.

        Returns:
            The number of rows.

        Raises:
            CallError: if the output cannot be written.
            DataError: if the rows cannot be predicted.
            Interrupted: by SIGINT or SIGTERM; what has been predicted is kept.
        """
        asking = _Asking(self, explain, pictures)
        paths, output = paths_of(data), Path(output)
        words = ["kbuilder", "predict", str(self.path), *map(str, paths), "--output", str(output)]
        words += ["--safe-csv"] if safe_csv else []
        words += ["--unknown", unknown] if unknown != "error" else []
        carrying, strangers = self._given.carrying(keep), Strangers(self.record.columns, unknown)
        console = console or Console(verbose=False)
        begun = False
        words += [word for name in carrying.keep for word in ("--keep", name)]
        words += ["--encoding", encoding] if encoding != "utf-8" else []
        words += ["--explain"] if explain else []
        words += ["--explain-of", explain] if isinstance(explain, str) else []
        words += [] if pictures is None else ["--explain-pictures", str(pictures)]

        def predict(table: Table) -> pd.DataFrame:
            nonlocal begun
            if not begun:
                _say_notes(table, console)
            begun = True
            strangers.see(table, self._raw(table))
            return carrying.beside(table, asking.answers(table))

        job = predict_file.Job(
            data=paths,
            output=output,
            run=files.sha256(self.path / naming.LOCK),
            parts=lambda start: self._given.parts(paths, start, carrying.keep),
            predict=predict,
            again=shlex.join(words),
            safe=safe_csv,
            keep=carrying.keep,
            encoding=encoding,
            explain=explain,
        )
        with console.following():
            count = predict_file.write(job, console)
        strangers.say(console.say)
        asking.say(console)
        carrying.say(console.say)
        return count

    def export(
        self,
        path: str | Path,
        *,
        format: str = "saved_model",
        quantize: str | None = None,
        explanations: bool = True,
        verbose: bool = True,
    ) -> Path:
        """Write the model into `path/1`, or the next number.

        It is asked in a fresh process, by the runtime of its format and without kbuilder, and
        compared with `predict` before it takes its name.

        Args:
            path: The folder of all versions, which are of one format.
            format: saved_model takes the raw columns and answers with names; onnx, litert and
                openvino take numbers, arrays and pixels, and answer with numbers; keras is the
                network alone. `kbuilder.json` beside it says what goes in and comes out.
            quantize: `int8` or `float16`, of litert: fewer bits for each number. What is lost is
                measured on rows that were held back, which are read again.
            explanations: Whether a saved_model brings along what explains its answers, as
                `explain` does: the signature `explain`, which the page of a server asks.
            verbose: Print to stderr what was measured, and which files were left alone.

        Raises:
            CallError: if the format cannot be written here, or the folder holds something else.
            ExportError: if the columns or the network are not for it, or it does not answer like
                the model.
            RunError: if the rows are needed, and not those of the fit.
        """
        columns, console, card = self.record.columns, Console(verbose), self.card()
        kind = exporting.check(Path(path), format, quantize, columns)
        quantizing = (
            None
            if quantize is None
            else rows_to_quantize(self.path, self.record, quantize, self._outputs)
        )
        table = from_instances(columns, self.record.examples, "the examples")
        prepared = preprocessing.apply(self._layer, columns, table)
        outputs = evaluating.outputs(self.model, prepared)
        fitted = Fitted(
            columns, self._layer, self.model, self.input_names(),
            preprocessing.raw(columns, table), prepared, outputs, to_rows(columns, outputs),
            cache(partial(self._explaining, prepared if explanations else None)),
        )  # fmt: skip
        return exporting.export(
            Path(path), kind, fitted, quantizing, console.say, served,
            {cards.NAME: partial(cards.of_export, card)},
        )  # fmt: skip

    def _explaining(self, prepared: Arrays | None) -> Explaining | str:
        """What explains the answers of an export, or why nothing does.

        Args:
            prepared: The examples, of which the first is explained; None: nothing is to be.
        """
        if prepared is None:
            return "it was exported without explanations"
        columns = self.record.columns
        try:
            of = explained.first_of(columns)
            first = self._explained({key: own[:1] for key, own in prepared.items()}, of)
        except (CallError, RunError) as error:
            return str(error)
        given = first.frame.iloc[0]
        example = {
            "explained": given["explained"], "value": given["explained value"],
            "contributions": [float(first.by_column[name][0]) for name in columns.features],
        }  # fmt: skip
        call = in_graph.function(self.model, columns, self._average, of, self.input_names())
        measure = "log-odds" if explained.is_odds(columns, of) else "number"
        return Explaining(of.output, measure, list(columns.features), call, example)

    def input_names(self) -> dict[str, str]:
        """The name of each column's input in an export; it differs where TensorFlow demands it."""
        return self.record.columns.export_names()


class _Asking:
    """Answers for tables one after the other, explained if one likes.

    Args:
        run: Which answers.
        explain, pictures: As `Run.predict_parts` takes them.

    Raises:
        CallError: if that cannot be explained, or there are no pictures.
    """

    def __init__(self, run: Run, explain: bool | str, pictures: str | Path | None) -> None:
        self.run = run
        self.explained = bool(explain) or pictures is not None
        self.pictures = None if pictures is None else Path(pictures)
        features = run.record.columns.features.values()
        if self.pictures is not None and all(each.form != "image" for each in features):
            raise CallError(
                "there are no pictures to explain: no column is one. Expected --explain alone."
            )
        self.rows = self.incomplete = self.cancelling = 0
        if self.explained:
            of = explain if isinstance(explain, str) else None
            self.of = explanations.choose(run.record.columns, of)
            _ = run._average  # which an earlier version has not written

    def answers(self, table: Table) -> pd.DataFrame:
        """The answers, and what pushes them."""
        import pandas as pd

        run, columns = self.run, self.run.record.columns
        arrays = preprocessing.apply(run._layer, columns, table)
        answers = to_frame(columns, evaluating.outputs(run.model, arrays))
        answers = run._deviating(table, answers)
        if not self.explained:
            return answers
        found = run._explained(arrays, self.of)
        self.rows += len(found)
        self.incomplete += int(found.incomplete.sum())
        self.cancelling += int(found.cancelling.sum())
        if self.pictures is not None:
            explanations.save_pictures(found, self.pictures, table.labels)
        return pd.concat([answers, found.frame], axis=1)

    def say(self, console: Console) -> None:
        """Warn of explanations that are not whole, or say little."""
        for remark in explanations.remarks(self.incomplete, self.cancelling, self.rows):
            console.say(remark)


def _say_notes(table: Table, console: Console) -> None:
    """Say what is no row."""
    for note in table.notes:
        console.say(f"Warning: {note}")
