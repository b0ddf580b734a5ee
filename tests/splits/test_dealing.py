"""Which rows are held out in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError, RecipeError
from kbuilder.recipe import reading

ROWS = 90


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    kinds = np.array(["a"] * 60 + ["b"] * 20 + ["c"] * 10, dtype=object)
    return pd.DataFrame({
        "x": random.normal(size=ROWS), "number": np.arange(ROWS),
        "owner": [f"p{n}" for n in random.integers(0, 25, ROWS)],
        "day": random.permutation(ROWS) // 3, "kind": random.permutation(kinds),
    })  # fmt: skip


def looked(split: Any, rows: pd.DataFrame | None = None, target: str = "kind") -> Any:
    table = frame() if rows is None else rows
    data = kb.Frame(frame=table, target=target, split=split)
    return dataset.look(kb.Recipe(data=data))


def folds(split: Any, rows: pd.DataFrame | None = None) -> list[dict[str, set[int]]]:
    return [
        {part: set(numbers.tolist()) for part, numbers in fold.items()}
        for fold in looked(split, rows).folds.rows
    ]


@pytest.mark.parametrize(
    "split",
    [
        kb.Random(folds=4), kb.Random(folds=4, test=0.2), kb.Random(folds=2, validation=0),
        kb.Group(column="owner", folds=4), kb.Group(column="owner", folds=4, test=0.2),
    ],
)  # fmt: skip
def test_each_row_is_held_out_once_and_never_learned_from_then(split: Any) -> None:
    found, seen = folds(split), looked(split)
    held = [row for fold in found for row in fold["test"]]
    apart = set() if seen.parts.test is None else set(seen.parts.test["number"].tolist())
    assert sorted([*held, *apart]) == list(range(ROWS))
    assert bool(apart) is bool(split.test)
    for fold in found:
        rest = set.union(*(rows for part, rows in fold.items() if part != "test"))
        assert not rest & fold["test"]
        assert rest | fold["test"] | apart == set(range(ROWS))
        assert ("validation" in fold) is bool(split.validation)
        if "validation" in fold:
            assert fold["validation"]
            assert not fold["validation"] & fold["train"]
    assert found == folds(split)
    other = split.model_copy(update={"seed": 1})
    assert found != folds(other)


def test_classes_keep_their_shares_in_every_fold() -> None:
    kinds = frame()["kind"].to_numpy()
    for fold in folds(kb.Random(folds=5)):
        names, counts = np.unique(kinds[sorted(fold["test"])], return_counts=True)
        assert dict(zip(names, counts.tolist(), strict=True)) == {"a": 12, "b": 4, "c": 2}


def test_no_group_is_in_two_parts_of_a_fold_and_classes_are_spread() -> None:
    owners, kinds = frame()["owner"].to_numpy(), frame()["kind"].to_numpy()
    found = folds(kb.Group(column="owner", folds=5))
    for fold in found:
        sets = [set(owners[sorted(rows)]) for rows in fold.values()]
        assert sum(map(len, sets)) == len(set.union(*sets))
    counts = [
        [int((kinds[sorted(fold["test"])] == kind).sum()) for kind in "abc"] for fold in found
    ]
    assert np.ptp(np.array(counts), axis=0).max() <= 8
    assert all(8 <= sum(own) <= 28 for own in counts)


def test_a_column_of_folds_is_a_group_with_as_many_folds() -> None:
    rows = frame().assign(fold=np.arange(ROWS) % 3)
    held = [sorted(fold["test"]) for fold in folds(kb.Group(column="fold", folds=3), rows)]
    assert sorted(rows["fold"].to_numpy()[own].tolist() for own in held) == [
        [number] * 30 for number in range(3)
    ]


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("test", [0.0, 0.2])
def test_folds_in_time_look_back_only(gap: int, test: float) -> None:
    days = frame()["day"].to_numpy()
    split = kb.Time(column="day", folds=4, gap=gap, test=test)
    found, seen = folds(split), looked(split)
    last = -1
    for fold in found:
        held = days[sorted(fold["test"])]
        assert held.min() > last
        assert days[sorted(fold["validation"])].max() < held.min() - gap
        assert days[sorted(fold["train"])].max() < days[sorted(fold["validation"])].min() - gap
        last = held.max()
        if test:
            assert last < seen.parts.test["day"].min() - gap
    assert found[0]["train"] < found[1]["train"] | found[1]["validation"] | found[0]["test"]
    first = 30 // 5 * 3 if not test else None
    if not test:
        assert [len(fold["test"]) for fold in found] == [18] * 4
        note = f"{first} rows, the first, are held out in no fold: "
        note += "the network of the first fold learns from them"
        assert note in seen.parts.notes
    without = folds(split.model_copy(update={"validation": 0.0}))
    assert all("validation" not in fold for fold in without)


def test_classes_are_those_of_all_folds_and_the_rest_of_each_fold() -> None:
    from kbuilder.data import folds as prepared

    rows = frame()
    rows["kind"] = np.where(rows.index == 5, "rare", rows["kind"])
    rows["words"] = [f"w{n % 45}" for n in range(ROWS)]
    data = kb.prepare(kb.Recipe(
        data=kb.Frame(frame=rows[["x", "words", "kind"]], target="kind", split=kb.Random(folds=3)),
        features={"words": kb.Category()},
    ))  # fmt: skip
    each = list(prepared.datasets(data))
    assert {one.columns.targets[0].task.classes for one in each} == {("a", "b", "c", "rare")}  # type: ignore[attr-defined]
    means = [one.columns.features["x"].mean for one in each]  # type: ignore[attr-defined]
    for mean, one in zip(means, each, strict=True):
        assert mean == pytest.approx(one.parts.train["x"].mean())
        known = set(one.columns.features["words"].vocabulary)  # type: ignore[attr-defined]
        assert known == set(one.parts.train["words"])
    assert len(set(means)) == 3
    assert any("learns nothing of 'rare'" in note for note in data.parts.notes)


def test_the_folds_of_an_average_share_what_was_learned_of_all_rows() -> None:
    from kbuilder.data import folds as prepared

    own = {"count": 3, "model": "average"}
    data = kb.prepare(kb.Recipe(
        data=kb.Frame(frame=frame()[["x", "kind"]], target="kind", split=kb.Random(folds=own)),
    ))  # fmt: skip
    assert len(data.parts.train) == ROWS
    assert data.parts.validation is None
    for one in prepared.datasets(data):
        assert one.columns is data.columns
        assert len(one.rows["validation"][1]["kind"]) == 6


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (kb.Random(folds=91),
         "90 rows are too few for 91 folds. Expected fewer folds, or more rows."),
        (kb.Group(column="owner", folds=40),
         "25 groups of 'owner' are too few for 40 folds. Expected fewer folds, or more rows."),
        (kb.Time(column="day", folds=30),
         "29 different times, of which the first are in no fold, are too few for 30 folds. "
         "Expected fewer folds, or more rows."),
        (kb.Time(column="day", folds=5, gap=9),
         "0 rows before a fold, with a gap of 9, are too few to hold back 10% of them for "
         "validation. Expected more rows, or `data: {split: {validation: 0}}`."),
        (kb.Time(column="day", folds=5, gap=9, validation=0),
         "0 rows before a fold, with a gap of 9, are too few to learn from. Expected fewer folds, "
         "more rows, or a smaller gap."),
    ],
)  # fmt: skip
def test_too_few_rows_for_the_folds_are_refused(split: Any, said: str) -> None:
    assert message(DataError, looked, split).endswith(said)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("{folds: 1}", "data.split.folds.count: Expected a number of at least 2"),
        ("{folds: 0}", "data.split.folds.count: Expected a number of at least 2"),
        ("{folds: true}", "data.split.folds"),
        ("{folds: five}", "data.split.folds"),
        ("{folds: {count: 3, model: best}}", "data.split.folds.model"),
        ("{by: column, column: part, folds: 5}",
         "the column says which rows are held back. Expected no folds; or, if its values are "
         "folds, `data: {split: {by: group, column: part, folds: 5}}`"),
        ("{by: time, column: day, group: owner, folds: 5}",
         "folds that follow one another in time have no whole groups. Expected `split` without "
         "`group`, or `data: {split: {by: group, column: owner, folds: 5}}`"),
    ],
)  # fmt: skip
def test_folds_that_cannot_be_are_refused_before_the_rows_are_read(split: str, said: str) -> None:
    text = f"data: {{source: csv, path: rows.csv, target: y, split: {split}}}"
    assert said in message(RecipeError, reading.parse, text)


def test_rows_that_come_twice_are_found_between_folds() -> None:
    once = frame()[["x", "kind"]].assign(y=np.random.default_rng(1).normal(size=ROWS))
    rows = pd.concat([once] * 2, ignore_index=True)
    found = {one.check: one.message for one in looked(kb.Random(folds=3), rows).findings}
    assert "rows of a fold stand in the training rows too" in found["repeated_rows"]
    assert not [one for one in found.values() if one.startswith("test has ")]
