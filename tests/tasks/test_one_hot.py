"""Targets with exactly one 1 in each row are classes, in arrays and in several columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message, reason_of

import kbuilder as kb
from kbuilder import pipeline
from kbuilder.contracts import Choice
from kbuilder.errors import DataError
from kbuilder.tables.profile import profile
from kbuilder.tasks.binary import Binary
from kbuilder.tasks.multiclass import Multiclass
from kbuilder.tasks.multilabel import Multilabel

NUMBERS = np.random.default_rng(0).integers(0, 3, 240)
ROWS = np.eye(3)[NUMBERS]
COLUMNS = ("is_cat", "is_dog", "is_cow")


def test_exactly_one_1_in_each_row_is_a_class_and_may_be_a_label() -> None:
    reason = "each row has exactly one 1 in 3 values"
    assert reason_of(Multiclass, profile(ROWS)) == reason
    gaps = np.where(np.arange(240)[:, None] == 7, np.nan, ROWS)
    assert reason_of(Multiclass, profile(gaps)) == reason
    near = (
        Multiclass.recognise(profile(ROWS)).strength - Multilabel.recognise(profile(ROWS)).strength
    )
    assert 0 < near < 0.1  # so that the other is said
    for other in (
        np.vstack([ROWS, [1, 1, 0]]),
        np.vstack([ROWS, [0, 0, 0]]),
        ROWS[:, :1],
        ROWS / 2,
    ):
        assert Multiclass.recognise(profile(other)) is None


def test_classes_are_the_names_of_the_columns_or_numbers() -> None:
    why = "3 columns, of which one is 1 in each row"
    learned = Multiclass().learn(", ".join(COLUMNS), ROWS)
    assert learned == {"classes": Choice(COLUMNS, why)}
    assert Multiclass().learn("y", ROWS) == {"classes": Choice((0, 1, 2), why)}
    assert Multiclass(classes=["a", "b", "c"]).encode("y", ROWS).tolist() == ROWS.tolist()
    sparse = Multiclass(classes=3, loss="sparse_categorical_crossentropy")
    assert sparse.encode("y", ROWS)[:, 0].tolist() == NUMBERS.tolist()


@pytest.mark.parametrize("row", [[1, 1, 0], [0, 0, 0], [0, 0.5, 0.5]])
def test_a_row_without_exactly_one_1_is_refused(row: list[float]) -> None:
    with pytest.raises(DataError) as caught:
        Multiclass(classes=3).encode("y", np.vstack([ROWS, row]))
    assert caught.value.row == 240
    assert caught.value.problem.message == (
        f"the target 'y' is {[float(v) for v in row]} here, and one of several classes is exactly "
        "one 1 among zeros. If a row may have several, write `task: multilabel`."
    )


def test_what_cannot_be_classes_is_refused() -> None:
    assert message(DataError, Multiclass(classes=4).encode, "y", ROWS) == (
        "data.target: the target 'y' has 3 values per row. Expected 4 columns, one for each class."
    )
    assert message(DataError, Multiclass().learn, "y", ROWS[NUMBERS == 1]) == (
        "data.target: the target 'y' has its 1 at the same index in all rows. "
        "Expected at least two classes, so that there is something to tell apart."
    )
    assert message(DataError, Binary().learn, "y", ROWS) == (
        "data.target: the target 'y' has 3 values per row. Expected one label per row. If exactly "
        "one of them is 1 in each row, write `task: multiclass`."
    )


def table(path: Path, columns: bool) -> Any:
    """The source of a file whose target is one-hot; its classes can be told from `x`."""
    x = NUMBERS + 0.1 * np.random.default_rng(1).normal(size=240)
    if not columns:
        np.savez(path, x=x, y=ROWS)
        return kb.Arrays(path=path, columns={"x": "x", "y": "y"}, target="y")
    frame = pd.DataFrame({"x": x, **dict(zip(COLUMNS, ROWS.astype(int).T, strict=True))})
    frame.astype("Int64", errors="ignore").to_csv(path, index=False)
    return kb.CSV(path=path, target=COLUMNS)


@pytest.mark.parametrize("columns", [True, False])
def test_parts_keep_the_shares_and_a_script_does_the_same(columns: bool, tmp_path: Path) -> None:
    file = tmp_path / ("rows.csv" if columns else "rows.npz")
    recipe = kb.Recipe(data=table(file, columns), model=kb.Linear())
    dataset = kb.prepare(recipe)
    assert (dataset.grouping, dataset.recipe.task) == ("class", Multiclass())
    held = dataset.rows["test"][1]
    [encoded] = held.values()
    assert np.abs(encoded.mean(axis=0) - ROWS.mean(axis=0)).max() < 0.05
    code: dict[str, Any] = {"__name__": "script", "__file__": str(tmp_path / "script.py")}
    prepared = pipeline.build(dataset, recipe)
    exec(pipeline.written(prepared, tmp_path), code)
    rows = code["read"](file) if columns else code["read"](file, {"x": "x", "y": "y"})
    for part, (_, targets) in zip(code["divide"](rows), dataset.rows.values(), strict=True):
        [ours], [known] = code["targets"](part).values(), targets.values()
        np.testing.assert_array_equal(ours, known)


def test_a_run_answers_classes_and_evaluates_other_rows(tmp_path: Path) -> None:
    source = table(tmp_path / "rows.csv", columns=True)
    training = kb.Training(epochs=8, batch_size=16)
    recipe = kb.Recipe(data=source, task=kb.Multiclass(), model=kb.MLP(), training=training)
    run = kb.fit(recipe, run_dir=tmp_path / "run", verbose=False)
    scores = run.evaluate(tmp_path / "rows.csv")["data"]
    assert scores["accuracy"] > 0.9
    assert set(run.predict(tmp_path / "rows.csv")["label"]) == set(COLUMNS)
    assert set(run.predictions("test")["truth"]) <= set(COLUMNS)
