"""Ways of dividing: what is never on both sides, whatever the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import message

import kbuilder as kb
from kbuilder.data.dataset import divided, look
from kbuilder.data.split import Parts
from kbuilder.errors import DataError
from kbuilder.recipe import reading, writing


def parts(frame: pd.DataFrame, split: Any, test: Any = None, target: str = "y") -> Parts:
    own = {} if test is None else {"test_frame": test}
    data = kb.Frame(frame=frame, target=target, split=split, **own)
    return divided(kb.Recipe(data=data))[1]


def notes(frame: pd.DataFrame, split: Any, test: Any = None) -> list[str]:
    own = {} if test is None else {"test_frame": test}
    data = kb.Frame(frame=frame, target="y", split=split, **own)
    found = look(kb.Recipe(data=data)).findings
    return [finding.message for finding in found if finding.check == "split"]


def ids(found: Parts) -> dict[str, set[int]]:
    return {part: set(table["id"].tolist()) for part, table in found}


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    """Rows of customers at times, both repeated, missing customers among them."""
    rows = draw(st.integers(20, 120))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    owner = random.integers(0, draw(st.integers(2, 30)), rows)
    kinds = random.choice(["red", "green", "blue"], rows, p=[0.7, 0.2, 0.1])
    kinds[:2] = "red", "green"
    return pd.DataFrame({
        "id": np.arange(rows), "x": random.normal(size=rows), "y": kinds,
        "customer": [None if n == 1 else f"c{n}" for n in owner],
        "day": [str(np.datetime64("2023-12-25") + int(n))
                for n in random.integers(0, draw(st.integers(2, 400)), rows)],
    })  # fmt: skip


SPLITS = [
    kb.Group(column="customer", test=0.2, validation=0.2),
    kb.Time(column="day", test=0.2, validation=0.2),
    kb.Time(column="day", group="customer", test=0.2, validation=0.2),
]


@pytest.mark.parametrize("split", SPLITS, ids=["group", "time", "both"])
@settings(deadline=None, max_examples=40)
@given(frame=frames(), seed=st.integers(0, 100))
@pytest.mark.slow
def test_no_group_is_on_both_sides_no_time_goes_back_and_no_order_matters(
    split: Any, frame: pd.DataFrame, seed: int
) -> None:
    shuffled = frame.sample(frac=1, random_state=seed)
    try:
        found = parts(frame, split)
    except DataError as error:
        assert "too few to hold back" in str(error)  # noqa: PT017 (either is right)
        with pytest.raises(DataError, match="too few to hold back"):
            parts(shuffled, split)
        return
    assert ids(parts(shuffled, split)) == ids(found)
    held = [row for part in ids(found).values() for row in part]
    assert len(held) == len(set(held))
    assert [name for name, _ in found] == ["train", "validation", "test"]
    if split.reads != ("day", "customer"):
        assert len(held) == len(frame)
    if "customer" in split.reads:
        owners = [{str(v) for v in part["customer"].tolist()} for _, part in found]
        assert not owners[0] & owners[1] | owners[0] & owners[2] | owners[1] & owners[2]
    if "day" in split.reads:
        ends = [(min(part["day"]), max(part["day"])) for _, part in found]
        assert ends[0][1] < ends[1][0] <= ends[1][1] < ends[2][0]


def visits(rows: int = 1000, customers: int = 50) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({
        "id": np.arange(rows), "x": random.normal(size=rows), "y": random.choice(["a", "b"], rows),
        "customer": random.integers(0, customers, rows),
        "day": [str(np.datetime64("2024-01-01") + int(n)) for n in random.integers(0, 365, rows)],
    })  # fmt: skip


def test_parts_have_about_their_share() -> None:
    for split, low, high in zip(SPLITS, (0.17, 0.19, 0.12), (0.23, 0.21, 0.25), strict=True):
        found = {name: len(part) / 1000 for name, part in parts(visits(), split)}
        assert low < found["test"] < high, split


def test_groups_keep_the_shares_of_the_classes() -> None:
    frame = visits(2000, 200).assign(y=lambda f: np.where(f["customer"] % 10 == 0, "a", "b"))
    for _, part in parts(frame, kb.Group(column="customer", test=0.2)):
        assert 0.07 < np.mean(part["y"] == "a") < 0.13


def test_the_column_of_a_group_is_no_input_unless_it_is_written() -> None:
    split = kb.Group(column="customer")
    data = kb.Frame(frame=visits(), target="y", split=split)
    assert "customer" in divided(kb.Recipe(data=data))[0].recipe.data.ignore
    written = {"customer": kb.Category()}
    recipe = kb.Recipe(data=data, features=written)
    assert "customer" in divided(recipe)[0].recipe.features


def test_rows_without_a_group_are_one_group_and_said() -> None:
    frame = visits().assign(customer=lambda f: f["customer"].where(f["customer"] > 3).astype(str))
    frame["customer"] = frame["customer"].replace("nan", None)
    [said] = notes(frame, kb.Group(column="customer"))
    lost = int(frame["customer"].isna().sum())
    assert said == f"{lost} rows have no customer: they are one group"


@pytest.mark.parametrize(
    ("column", "split"),
    [("shop", kb.Group(column="shop")), ("day", kb.Time(column="day"))],
)
def test_a_part_that_is_far_off_its_share_is_told(column: str, split: Any) -> None:
    days = np.array(["2024-01-01", "2024-01-02", "2024-01-03"])
    values = days if column == "day" else np.array(["north", "south", "east"])
    frame = pd.DataFrame({"x": np.arange(600.0) % 89, column: values.repeat(200)})
    frame["y"] = np.where(frame["x"] % 3, "a", "b")
    found = notes(frame, split)
    assert found[0] == (
        "test has 200 of 600 rows (33%), where 10% were asked for: rows that stay together are too "
        "many"
    )
    assert found[1].startswith("validation has 200 of 400 rows (50%)")
    assert notes(frame, kb.Random()) == []


@pytest.mark.parametrize("rows", [12, 20, 29, 45])
def test_a_small_table_of_numbers_is_divided(rows: int) -> None:
    frame = pd.DataFrame({"x": np.arange(rows) % 7.0, "y": np.random.default_rng(0).random(rows)})
    found = dict(parts(frame, kb.Random()))
    assert len(found) == 3
    assert sum(map(len, found.values())) == rows


def test_rows_of_one_part_by_time_and_of_another_by_group_are_said() -> None:
    frame = visits()
    split = kb.Time(column="day", group="customer")
    left = len(frame) - sum(len(part) for _, part in parts(frame, split))
    assert 100 < left < 600
    assert notes(frame, split) == [
        f"{left} rows are left out: by their time they are of one part, and by their customer of "
        "another"
    ]


def test_groups_that_come_one_after_the_other_lose_next_to_nothing() -> None:
    frame = visits().sort_values("day").assign(customer=np.arange(1000) // 10)
    found = parts(frame, kb.Time(column="day", group="customer"))
    assert sum(len(part) for _, part in found) > 950


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        (lambda d: d.strftime("%d.%m.%Y"), "dmy"), (lambda d: d.strftime("%m/%d/%y"), "mdy"),
        (lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ"), "ymd"),
        (lambda d: d.astype("int64"), None), (lambda d: d, "ymd"),
    ],
)  # fmt: skip
def test_times_are_read_as_they_are_written(days: Any, kind: str | None) -> None:
    dates = pd.date_range("2023-11-20", periods=300, freq="D")
    frame = pd.DataFrame(
        {"id": np.arange(300), "y": ["a", "b", "c"] * 100, "x": 1.0 / (1 + dates.day)}
    )
    frame["when"] = np.asarray(days(dates)) if kind != "ymd" else days(dates)
    found = parts(frame.sample(frac=1, random_state=0), kb.Time(column="when", test=0.1))
    assert ids(found)["test"] == set(range(270, 300))
    assert ids(found)["validation"] == set(range(243, 270))


def test_a_column_says_which_rows_are_held_back() -> None:
    frame = visits().assign(part=lambda f: np.where(f["id"] < 700, "Train", "TEST"))
    found = parts(frame, kb.Column(column="part"))
    assert ids(found)["test"] == set(range(700, 1000))
    assert len(found.validation) == 70
    frame.loc[:99, "part"] = "val"
    assert ids(parts(frame, kb.Column(column="part")))["validation"] == set(range(100))


def test_a_column_of_other_words_is_named() -> None:
    frame = visits().assign(year=lambda f: 2020 + f["id"] % 5)
    split = kb.Column(column="year", names={"validation": (2023,), "test": (2024,)})
    found = parts(frame, split)
    assert {row % 5 for row in ids(found)["test"]} == {4}
    assert {row % 5 for row in ids(found)["validation"]} == {3}


def test_a_word_that_names_no_part_is_refused() -> None:
    frame = visits().assign(part=["train", "holdout"] * 500)
    assert message(DataError, parts, frame, kb.Column(column="part")) == (
        "data.split.column: column 'part' is 'holdout' in row 2 of the frame, which names no part. "
        "Expected one of: train, training, validation, valid, val, dev, test, testing; or say "
        "which values mean what, such as `data: {split: {by: column, column: part, names: {test: "
        "[holdout]}}}`."
    )


def test_a_row_of_no_part_is_refused() -> None:
    frame = visits().assign(part=["train", "test"] * 500)
    frame.loc[2, "part"] = None
    assert message(DataError, parts, frame, kb.Column(column="part")) == (
        "data.split.column: column 'part' is empty in row 3 of the frame, which names no part. "
        "Expected one of: train, training, validation, valid, val, dev, test, testing."
    )


def test_a_row_without_a_time_is_refused() -> None:
    frame = visits()
    frame.loc[6, "day"] = None
    assert message(DataError, parts, frame, kb.Time(column="day")) == (
        "data.split.column: column 'day' is empty in row 7 of the frame, so that nobody knows "
        "whether the row comes before the others. Expected a time in each row; fill it in, or "
        "remove the row."
    )


def test_test_rows_of_the_sources_own_are_compared() -> None:
    frame = visits()
    train, test = frame[frame["id"] < 900], frame[frame["id"] >= 900]
    [said] = notes(train, kb.Group(column="customer"), test)
    trained = parts(train, kb.Group(column="customer"), test).train["customer"]
    both = len({*trained} & {*test["customer"]})
    assert said.startswith(f"{both} groups of customer are in training and in test: '0'")
    [said] = notes(train, kb.Time(column="day"), test)
    assert said.endswith("rows of test are not later than all rows of training")


def test_a_column_that_says_how_rows_are_divided_is_told() -> None:
    frame = visits().assign(part=["train", "train", "Val", "test"] * 250)
    [said] = notes(frame, kb.Random())
    assert said == (
        "column 'part' seems to say how the rows are divided, and is read as an input: its values "
        "are test, train, val. Write `data: {split: {by: column, column: part}}` to divide by "
        "it, or `data: {ignore: [part]}`"
    )


def halves(**split: Any) -> kb.Recipe:
    """Rows to learn from and to validate by in files of their own."""
    frame = visits(200, 20)
    frame.assign(y=frame["y"].where(frame["id"] != 150)).iloc[100:].to_csv("held.csv", index=False)
    frame.iloc[:100].to_csv("rows.csv", index=False)
    data = kb.CSV(path="rows.csv", validation_path="held.csv", target="y", **split)
    return kb.Recipe(data=data, model=kb.Linear(), training=kb.Training(epochs=1))


def test_rows_for_validation_may_have_a_file_of_their_own() -> None:
    resolved, found = divided(halves())
    assert ids(found)["validation"] == {*range(100, 200)} - {150}
    assert len(found.train) + len(found.test or ()) == 100
    assert resolved.recipe.data.split.validation == 0.0
    [reason] = [d.reason for d in resolved.decisions if d.path == "data.split.validation"]
    assert reason == "the source has rows for validation of its own"


def test_rows_for_validation_of_its_own_and_a_share_contradict_each_other() -> None:
    said = message(DataError, divided, halves(split=kb.Random(validation=0.2)))
    assert said == (
        "data.split.validation: the source has rows for validation of its own, and 20% of the "
        "others are to be held back for it too. Expected one of the two."
    )
    split = kb.Column(column="customer", names={"validation": ("3", "4")})
    said = message(DataError, divided, halves(split=split))
    assert said == (
        "data.split: the source has rows for validation of its own, and the split holds back "
        "others. Expected one of the two."
    )


def test_groups_in_training_and_in_the_file_for_validation_are_said() -> None:
    found = look(halves(split=kb.Group(column="customer"))).findings
    [said] = [finding.message for finding in found if " groups of customer " in finding.message]
    assert " are in training and in validation: '0'" in said


def test_a_schedule_that_looks_at_validation_takes_rows_of_its_own() -> None:
    recipe = halves().model_copy(
        update={"training": kb.Training(schedule=kb.Plateau(), early_stopping=None)}
    )
    resolved = divided(recipe)[0].recipe
    assert reading.parse(writing.to_yaml(resolved)).data.split.validation == 0.0


def test_a_column_beside_rows_for_validation_of_its_own_names_the_others() -> None:
    recipe = halves(split=kb.Column(column="part"))
    frame = pd.read_csv("rows.csv").assign(part=["train", "test"] * 50)
    frame.to_csv("rows.csv", index=False)
    pd.read_csv("held.csv").assign(part="train").to_csv("held.csv", index=False)
    found = divided(recipe)[1]
    assert [len(part) for _, part in found] == [50, 99, 50]


def test_a_name_that_stands_in_no_row_is_refused() -> None:
    frame = visits().assign(year=lambda f: 2020.0 + f["id"] % 5)
    split = kb.Column(column="year", names={"test": ("2024.0",)})
    assert message(DataError, parts, frame, split) == (
        "data.split.names.test: column 'year' is '2024.0' in no row of the frame. Expected values "
        "that it has: '2020', '2021', '2022', '2023', '2024'.\n    Did you mean '2024'?"
    )
    said = message(DataError, parts, frame, kb.Column(column="year"))
    assert 'names: {test: ["2020"]}' in said


@settings(max_examples=50, deadline=None)
@given(st.integers(20, 300), st.integers(0, 8))
def test_in_their_order_no_window_of_training_reaches_into_a_later_part(
    rows: int, gap: int
) -> None:
    split = kb.Time(test=0.2, validation=0.2, gap=gap)
    numbers = np.arange(rows)
    frame = pd.DataFrame({"id": numbers, "x": numbers % 5, "y": np.array(["a", "b"])[numbers % 2]})
    for table in (frame, frame.iloc[::-1]):
        try:
            found = parts(table.reset_index(drop=True), split)
        except DataError:
            assert gap * 2 > 0.5 * rows
            continue
        place = {number: n for n, number in enumerate(table["id"])}
        at = {part: sorted(place[n] for n in own) for part, own in ids(found).items()}
        assert at["train"][-1] + gap < at["validation"][0]
        assert at["validation"][-1] + gap < at["test"][0]
        assert sum(map(len, at.values())) == rows - 2 * gap


def test_rows_in_order_with_a_column_of_times_are_told_of_it() -> None:
    frame = pd.DataFrame({"id": np.arange(90), "y": ["a", "b", "b"] * 30,
                          "when": [f"2024-0{n % 9 + 1}-01" for n in range(90)]})  # fmt: skip
    said = notes(frame, kb.Time(test=0.4, gap=2))
    assert said == [
        "4 rows are left out: they are among the 2 rows before a part",
        "the rows are divided by their order in the frame, and column 'when' holds times. "
        "Write `data: {split: {by: time, column: when}}` to divide by it",
    ]
