"""Rows are divided into training, validation and test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import message

import kbuilder as kb
from kbuilder.columns import Target
from kbuilder.data.split import Parts, divide, groups
from kbuilder.errors import DataError
from kbuilder.tables.table import Table


def table(target: Any) -> Table:
    values = np.array(target, dtype=object if isinstance(target[0], str) else None)
    return Table({"row": np.arange(len(values)), "y": values}, "rows.csv")


def parts(target: Any, task: Any = None, own: Table | None = None, **split: Any) -> Parts:
    task = task or kb.Multiclass()
    return divide(table(target), own, kb.Random(**{"test": 0.0, **split}), [Target(("y",), task)])


def rows(found: Parts) -> dict[str, list[int]]:
    return {name: part["row"].tolist() for name, part in found}


BALANCED = ["a", "b"] * 100


@pytest.mark.parametrize(
    ("validation", "test", "sizes"),
    [
        (0.1, 0.2, (144, 16, 40)),
        (0.5, 0, (100, 100, 0)),
        (0, 0.25, (150, 0, 50)),
        (0, 0, (200, 0, 0)),
    ],
)
def test_parts_have_their_share(validation: float, test: float, sizes: tuple[int, ...]) -> None:
    """Validation is a share of the rows without those of the test."""
    found = parts(BALANCED, validation=validation, test=test)
    counted = tuple(
        len(part) if part else 0 for part in (found.train, found.validation, found.test)
    )
    assert counted == sizes
    assert [name for name, _ in found] == [
        name for name, size in zip(("train", "validation", "test"), sizes, strict=True) if size
    ]


def test_classes_keep_their_shares_in_every_part() -> None:
    target = ["a"] * 600 + ["b"] * 300 + ["c"] * 100
    found = parts(target, validation=0.1, test=0.2)
    for _, part in found:
        shares = [float(np.mean(part["y"] == label)) for label in "abc"]
        assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.015)


def test_numbers_keep_their_spread_in_every_part() -> None:
    target = np.random.default_rng(0).exponential(size=500)
    for _, part in parts(target, kb.Regression(), validation=0.2, test=0.2):
        quarters = np.quantile(part["y"], [0.25, 0.5, 0.75])
        assert quarters == pytest.approx(np.quantile(target, [0.25, 0.5, 0.75]), rel=0.2)


def test_a_class_of_one_row_stays_in_training() -> None:
    rare = {f"rare {n}" for n in range(10)}
    for seed in range(5):
        found = parts([*BALANCED, *rare], validation=0.4, test=0.4, seed=seed)
        assert set(found.train["y"]) >= rare


def test_few_rows_say_why_a_part_has_a_larger_share() -> None:
    assert parts(["a", "b"] * 3, test=0.1, validation=0.1).notes[0] == (
        "test has 2 of 6 rows (33%), where 10% were asked for: each class has one there, or more"
    )


def test_a_seed_gives_one_division_and_another_seed_another() -> None:
    one = rows(parts(BALANCED, validation=0.2, test=0.2, seed=1))
    assert one == rows(parts(BALANCED, validation=0.2, test=0.2, seed=1))
    assert one != rows(parts(BALANCED, validation=0.2, test=0.2, seed=2))


def test_training_rows_are_shuffled() -> None:
    train = rows(parts(BALANCED, validation=0.1))["train"]
    assert train != sorted(train)
    labels = [BALANCED[row] for row in train]
    assert len(set(labels[:20])) == 2


def test_rows_keep_their_names() -> None:
    found = parts(BALANCED, validation=0.1)
    assert [found.train.row(place) for place in range(3)] == [
        f"row {row + 1} of rows.csv" for row in found.train["row"][:3]
    ]


def test_test_rows_of_the_source_are_left_as_they_are() -> None:
    test = table(["a", "b", "b"])
    found = parts(BALANCED, own=test, validation=0.1)
    assert found.test is test
    assert len(found.train) == 180


def test_test_rows_of_the_source_and_a_share_for_the_test_contradict_each_other() -> None:
    both = (table(BALANCED), table(["a"]), kb.Random(test=0.2), [Target(("y",), kb.Multiclass())])
    said = message(DataError, divide, *both)
    assert said == (
        "data.split.test: the source has test rows of its own, and 20% of the others are to be "
        "held back for the test too. Expected one of the two."
    )


@pytest.mark.parametrize("part", ["validation", "test"])
def test_too_few_rows_say_which_part_would_be_empty(part: str) -> None:
    shares = {"validation": 0.0, "test": 0.0, part: 0.1}
    said = message(DataError, parts, ["a", "b", "a"], **shares)
    assert said == (
        f"data.split.{part}: 3 rows are too few to hold back 10% of them for {part}. "
        f"Expected more rows, or `data: {{split: {{{part}: 0}}}}`."
    )


@settings(deadline=None, max_examples=200)
@given(
    target=st.one_of(
        st.lists(st.sampled_from("abcde"), min_size=1, max_size=80),
        st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=80),
        st.lists(st.integers(0, 3), min_size=1, max_size=80),
    ),
    validation=st.floats(0, 0.6),
    test=st.floats(0, 0.39),
    seed=st.integers(0, 100),
)
def test_parts_are_disjoint_and_complete(
    target: list[Any], validation: float, test: float, seed: int
) -> None:
    task = kb.Regression() if isinstance(target[0], float) else kb.Multiclass()
    try:
        found = parts(target, task, validation=validation, test=test, seed=seed)
    except DataError as error:
        assert "too few to hold back" in str(error)  # noqa: PT017 (either is right)
        return
    divided = [row for part in rows(found).values() for row in part]
    assert sorted(divided) == list(range(len(target)))
    assert len(found.train)
    if isinstance(target[0], str):
        assert set(found.train["y"]) == set(target)
    sizes = {name: len(part) for name, part in found}
    classes = len(set(target))  # each of which gives one row, if it has three
    assert sizes.get("test", 0) <= test * len(target) + 1 + classes


def test_smoke_keeps_a_few_rows_of_every_part() -> None:
    found = parts(BALANCED * 10, validation=0.1, test=0.1).smoke()
    assert {name: len(part) for name, part in found} == {
        "train": 256, "validation": 64, "test": 64,
    }  # fmt: skip
    assert [name for name, _ in parts(BALANCED, validation=0.0).smoke()] == ["train"]


def test_what_is_saved_of_the_parts_tells_them_apart() -> None:
    found = parts(BALANCED, validation=0.1, test=0.2)
    said = found.describe(seed=7, smoke=False)
    assert said["rows"] == {"train": 144, "validation": 16, "test": 40}
    assert (said["seed"], said["smoke"]) == (7, False)
    assert len(set(said["fingerprint"].values())) == 3
    assert said == parts(BALANCED, validation=0.1, test=0.2).describe(seed=7, smoke=False)


def test_examples_are_of_the_part_that_is_furthest_from_training() -> None:
    found = parts(BALANCED, validation=0.1, test=0.2)
    assert found.examples()["row"].tolist() == found.test["row"][:16].tolist()
    found = parts(BALANCED, validation=0.0)
    assert found.examples()["row"].tolist() == found.train["row"][:16].tolist()


@settings(deadline=None)
@given(st.lists(st.integers(3, 40), min_size=2, max_size=12), st.integers(0, 5))
def test_a_class_with_three_rows_or_more_is_in_each_part(sizes: list[int], seed: int) -> None:
    labels = [f"c{n}" for n, size in enumerate(sizes) for _ in range(size)]
    found = parts(labels, validation=0.1, test=0.1, seed=seed)
    assert [set(part["y"]) for _, part in found] == [set(labels)] * 3
    assert sum(len(part) for _, part in found) == len(labels)


def test_rows_that_were_held_together_are_known_by_their_groups() -> None:
    owner = np.array(["b", None, "a", "b", None], dtype=object)
    table = Table({"who": owner, "y": np.arange(5.0)}, "t")
    assert groups(table, kb.Group(column="who")).tolist() == [2, 0, 1, 2, 0]
    assert groups(table, kb.Time(group="who")).tolist() == [2, 0, 1, 2, 0]
    assert groups(table, kb.Time()) is None
    assert groups(table, kb.Column(column="who")) is None
    assert groups(table.only(["y"]), kb.Group(column="who")) is None
