"""A column that says how much each row counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import evaluated, message

import kbuilder as kb
from kbuilder.columns import Columns, Target
from kbuilder.data import dataset, weights
from kbuilder.errors import CallError, DataError, RecipeError
from kbuilder.evaluation import evaluating
from kbuilder.evaluation.wording import verdict
from kbuilder.recipe import reading

ROWS = 240


def frame() -> pd.DataFrame:
    """Two numbers, a class, a number to predict, and a weight."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(ROWS, 2)), columns=["a", "b"])
    sums = table.a + table.b + random.normal(size=ROWS)
    answer = np.where(sums > 0.5, "yes", "no")
    return table.assign(answer=answer, price=sums, w=random.integers(0, 4, ROWS))


def recipe(table: pd.DataFrame, training: Any = None, **given: Any) -> kb.Recipe:
    """A recipe for both targets, weighted by `w`."""
    targets = {"target": ["answer", "price"], "weight": "w", **given}
    training = kb.Training(**{"epochs": 2, "batch_size": 50, **(training or {})})
    return kb.Recipe(data=kb.Frame(frame=table, **targets), training=training)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> kb.Run:
    folder = tmp_path_factory.mktemp("runs") / "weighted"
    return kb.fit(recipe(frame(), {"balance": "auto"}), run_dir=folder, verbose=False)


EXPECTED = "Expected a number of 0 or more in every row"
WRONG: list[tuple[Any, str]] = [
    (None, f"data.weight: row 7 of the frame: the weight 'w' has no value. {EXPECTED}."),
    (-0.5, f"data.weight: row 7 of the frame: the weight 'w' is -0.5. {EXPECTED}."),
    (np.inf, f"data.weight: row 7 of the frame: the weight 'w' is inf. {EXPECTED}."),
    ("much", f"data.weight: row 7 of the frame: the weight 'w' is 'much'. {EXPECTED}."),
]


@pytest.mark.parametrize(("value", "expected"), WRONG, ids=str)
def test_a_weight_that_is_none_is_refused_with_its_row(value: Any, expected: str) -> None:
    table = frame()
    table["w"] = table["w"].astype(object)
    table.loc[6, "w"] = value
    assert message(DataError, dataset.look, recipe(table)) == expected


def test_weights_that_are_written_otherwise_are_refused_with_the_line() -> None:
    table = frame().assign(w=[f"{n},5" for n in range(ROWS)])
    assert message(DataError, dataset.look, recipe(table)) == (
        f"data.weight: row 1 of the frame: the weight 'w' is '0,5'. {EXPECTED}; if they are "
        'written otherwise, write `data: {decimal: ","}`.'
    )
    assert dataset.look(recipe(table, decimal=",")).parts.train["w"].dtype == np.float64


def test_a_row_without_a_target_needs_no_weight() -> None:
    table = frame()
    table.loc[3, ["answer", "w"]] = None
    assert "w" in dataset.look(recipe(table)).parts.train.columns


def test_weights_that_are_all_0_are_refused_in_every_part() -> None:
    assert message(DataError, dataset.look, recipe(frame().assign(w=0))) == (
        "data.weight: the weight 'w' is 0 in all 240 rows of the frame. Expected some of more than "
        "0."
    )
    looked = dataset.look(recipe(frame()))
    none = looked.parts.validation
    assert none is not None
    none.columns["w"][:] = 0  # type: ignore[index]
    assert message(DataError, dataset.prepare, looked) == (
        "data.weight: the weight 'w' is 0 in all 21 rows of validation. Expected some of more than "
        "0."
    )


def test_a_column_of_weights_that_is_not_there_is_refused_by_line() -> None:
    Path("rows.csv").write_text(frame().to_csv(index=False), encoding="utf-8")
    read = reading.parse("data: {path: rows.csv, target: answer, weight: W}")
    assert message(DataError, dataset.look, read).startswith(
        "recipe:1:48: data.weight: rows.csv has no column 'W'. It has: a, b, answer, price, w."
    )
    test = frame().drop(columns="w")
    assert "the test frame has no column 'w'" in message(
        DataError, dataset.look, recipe(frame(), test_frame=test)
    )


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ("weight: answer", "the target"),
        ("weight: w, ignore: [w]", "ignored"),
        ("weight: w}\nfeatures: {w: number", "a feature"),
    ],
)
def test_a_weight_is_nothing_else(fields: str, what: str) -> None:
    text = f"data: {{path: rows.csv, target: answer, {fields}}}"
    name = fields[8:].partition(",")[0].partition("}")[0]
    assert message(RecipeError, reading.parse, text).startswith(
        f"recipe:1:48: data.weight: {name!r} is {what} and the weight of the rows. "
        f"Expected a column of its own. Got {name!r}."
    )


def test_a_source_without_columns_to_choose_from_has_no_weight() -> None:
    text = "data: {source: image_folder, path: pictures, weight: w}"
    assert "unknown key 'weight'" in message(RecipeError, reading.parse, text)


def test_rows_with_other_weights_are_other_rows() -> None:
    before, after = (dataset.look(recipe(t)).parts for t in (frame(), frame().assign(w=1.0)))
    prints = [parts.describe(0, False)["fingerprint"]["train"] for parts in (before, after)]
    assert prints[0] != prints[1]


@pytest.mark.slow
def test_the_weight_is_no_input_and_nobody_asks_for_it(run: kb.Run) -> None:
    columns = run.record.columns
    assert list(columns.features) == ["a", "b"]
    assert Columns.from_json(columns.to_json()).weight == columns.weight == "w"
    assert len(run.predict(frame()[["a", "b"]], verbose=False)) == ROWS
    assert columns.ignored == ("w",)  # rows may come with it to a server


def test_metrics_say_that_they_are_weighted(run: kb.Run) -> None:
    assert run.metrics["weight"] == "w"
    assert verdict(run.metrics).startswith("metrics are weighted by 'w'\nvalidation: ")
    assert kb.load(run.path).metrics == run.metrics


def test_the_predictions_of_a_run_have_the_weights_of_its_metrics(run: kb.Run) -> None:
    for split, figures in run.metrics["splits"].items():
        found = run.predictions(split)
        right = np.asarray(found["answer_truth"] == found["answer_label"], dtype=float)
        accuracy = np.average(right, weights=found["weight"])
        assert accuracy == pytest.approx(figures["answer_accuracy"])


def test_a_run_goes_on_with_the_weights_that_it_has(run: kb.Run) -> None:
    data = kb.Frame(frame=frame(), target=["answer", "price"], ignore="w")
    said = message(
        CallError, kb.resume, run.path, data=data, override=["training.epochs=3"], run_dir="more"
    )
    assert said == (
        "the run weighs its rows by 'w', and the given data by None. Expected the same."
    )


def test_a_row_of_weight_2_is_that_row_twice(run: kb.Run) -> None:
    table = frame()
    weighted = run.evaluate(table, verbose=False)["data"]
    twice = table.loc[table.index.repeat(table.w)].assign(w=0.1)
    assert weighted == pytest.approx(run.evaluate(twice, verbose=False)["data"], rel=1e-6)
    alike = run.evaluate(table.assign(w=1), verbose=False)["data"]
    assert weighted["price_mae"] != pytest.approx(alike["price_mae"], rel=1e-3)


def test_rows_without_weights_are_evaluated_alike_and_that_is_said(
    run: kb.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    table = frame()
    alike = run.evaluate(table.assign(w=3), verbose=False)
    assert run.evaluate(table.drop(columns="w")) == alike
    assert (
        "Warning: the frame has no column 'w', which weighs the rows of this run: here each row "
        "counts the same"
    ) in capsys.readouterr().err
    rows = [*table.drop(columns=["w"]).to_dict("records")]
    weighted = [{**row, "w": int(w)} for row, w in zip(rows, table.w, strict=True)]
    Path("rows.json").write_text(json.dumps({"instances": weighted}), encoding="utf-8")
    assert run.evaluate("rows.json", verbose=False) == run.evaluate(table, verbose=False)


@pytest.mark.slow
def test_equal_weights_are_no_weights_bit_for_bit() -> None:
    table = frame().assign(w=0.1)
    runs = [
        kb.fit(recipe(table, {"epochs": 1}, **given), run_dir=name, verbose=False)
        for name, given in (("with", {}), ("without", {"weight": None, "ignore": ["w"]}))
    ]
    for mine, its in zip(*(run.model.get_weights() for run in runs), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert runs[0].metrics["splits"] == runs[1].metrics["splits"]
    histories = [run.history.drop(columns="seconds") for run in runs]
    pd.testing.assert_frame_equal(*histories, check_exact=True)


@pytest.mark.parametrize("balance", ["none", "auto"])
@pytest.mark.slow
def test_a_step_on_weighted_rows_is_that_on_rows_that_come_as_often(balance: Any) -> None:
    import keras

    from kbuilder.building.network import compile_model
    from kbuilder.training import fitting
    from kbuilder.training.trainer import Trainer

    def fitted(table: pd.DataFrame, counts: Any) -> tuple[list[np.ndarray], dict[str, float]]:
        keras.utils.set_random_seed(3)
        given = keras.Input((2,), name="x")
        body = keras.layers.Dense(4, "relu")(given)
        tasks: dict[str, Any] = {
            "answer": kb.Binary(classes=("no", "yes")),
            "price": kb.Regression(outputs=1, mean=0.0, scale=1.0),
        }
        model = Trainer(
            {"x": given}, {name: task.head(body, name=name) for name, task in tasks.items()}
        )
        size = len(table)  # of several targets: one step of all rows, then none that is smaller
        training = kb.Training(
            epochs=2, batch_size=size, balance=balance, early_stopping=None, plan="keras",
            optimizer={"name": "sgd", "learning_rate": 0.1},
        )  # fmt: skip
        compile_model(model, tasks, {}, training.create_optimizer(1), "weighted_metrics")
        rows = (
            {"x": table[["a", "b"]].to_numpy(np.float32)},
            {name: task.encode(name, table[name].to_numpy()) for name, task in tasks.items()},
        )
        held = {"train": counts, "validation": counts} if counts is not None else None
        last = fitting.fit(model, tasks, training, rows, rows, weights=held).history[-1]
        return model.get_weights(), {k: v for k, v in last.items() if k != "seconds"}

    table = frame()
    often = table.loc[table.index.repeat(table.w)]
    mine, its = fitted(table, table.w.to_numpy(np.float64)), fitted(often, None)
    for one, other in zip(mine[0], its[0], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    # In training the metrics count the rows, and never the classes.
    assert mine[1] == pytest.approx(its[1], abs=1e-5)


def test_the_baseline_and_the_headline_are_weighted() -> None:
    task = Target(("y",), kb.Binary(classes=("no", "yes")))
    columns = Columns({}, (task,), weight="w")
    train = {"y": np.array([[0.0], [1.0], [1.0], [1.0]], np.float32)}
    counts = np.array([30.0, 1, 1, 1])
    rows = {"train": ({}, train), "test": ({}, train)}
    found = evaluated(columns, rows, {"test": train}, {"train": counts, "test": counts})
    assert found["baselines"]["majority"]["accuracy"] == pytest.approx(30 / 33)
    assert evaluating.headlines(columns, train) == ["accuracy"]
    assert evaluating.headlines(columns, train, counts) == ["auc"]


def test_a_task_of_others_that_cannot_weigh_is_refused() -> None:
    class Plain:
        def score(self, encoded: Any, outputs: Any) -> Any: ...

        baseline = score

    task: Any = Plain()
    with pytest.raises(CallError, match=r"cannot weigh rows: `score` takes no `weights`\."):
        weights.check_tasks([task])


def test_a_smoke_test_keeps_the_weights_of_its_rows() -> None:
    many = frame().loc[np.arange(ROWS).repeat(4)].reset_index(drop=True)
    given = recipe(many, checks={"repeated_rows": "ignore"})
    data = dataset.prepare(dataset.look(given), smoke=True)
    for name, part in data.parts:
        np.testing.assert_array_equal(data.weights[name], part["w"])
    assert len(data.weights["train"]) == 256
