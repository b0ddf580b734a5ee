"""What the recipe leaves open is inferred, with a reason, or refused with one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import real
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shared import message

import kbuilder as kb
from kbuilder import catalog
from kbuilder.contracts import Decision, Match
from kbuilder.data import infer, kinds
from kbuilder.errors import DataError
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import read_csv
from kbuilder.tables.profile import profile

ROWS = 60
Y = ["a", "b"] * (ROWS // 2)
WORDS = np.array([f"word{n}" for n in range(ROWS)], dtype=object)


def resolve(columns: dict[str, Any], **parts: Any) -> infer.Resolved:
    frame = pd.DataFrame({"y": Y, **columns}) if "y" not in columns else pd.DataFrame(columns)
    data = {"target": "y", **parts.pop("data", {})}
    recipe = kb.Recipe(data=kb.Frame(frame=frame, **data), **parts)
    return infer.resolve(recipe, *recipe.data.load())


def decided(found: infer.Resolved, path: str) -> Decision:
    return next(decision for decision in found.decisions if decision.path == path)


SOME = {
    "numbers": (np.arange(ROWS) % 7 / 2, "number", "its 60 values are numbers"),
    "whole": (np.arange(ROWS) % 7, "number", "its 60 values are numbers"),
    "names": (["x", "y", "z"] * 20, "category", "3 different strings in 60 values"),
    "truth": ([True, False, False] * 20, "category", "2 different strings in 60 values"),
    "digits": (["1", "2", "?"] * 2 + ["x"] * 54, "category", "4 different strings in 60 values"),
    "text": ([f"a film of {n} words" for n in range(ROWS)], "text",
             "5 words in the mean, 60 different texts"),
    "image": ([np.zeros((8, 8), np.uint8)] * ROWS, "image", "arrays of 8 × 8 bytes"),
    "colour": ([np.zeros((8, 8, 3), np.uint8)] * ROWS, "image", "arrays of 8 × 8 × 3 bytes"),
    "file": ([b"\x89PNG"] * ROWS, "image", "each value is an image file"),
    "vector": ([np.zeros(4)] * ROWS, "array", "arrays of 4 numbers"),
    "sequence": ([np.zeros((8, 8))] * ROWS, "array", "arrays of 8 × 8 numbers"),
}  # fmt: skip


@pytest.mark.parametrize("column", SOME)
def test_the_kind_of_a_column_is_inferred_with_a_reason(column: str) -> None:
    values, kind, reason = SOME[column]
    found = resolve({column: values})
    assert found.recipe.features == {column: catalog.find("features", kind)()}
    assert decided(found, f"features.{column}") == Decision(
        ("features", column), kind, reason, f"features: {{{column}: {kind}}}"
    )


def test_what_is_nearly_as_likely_is_said() -> None:
    values = [f"blue and green {n // 3}" for n in range(ROWS)]
    found = resolve({"x": values, "n": np.arange(ROWS) % 7})
    assert decided(found, "features.x") == Decision(
        ("features", "x"),
        "category",
        "20 different strings in 60 values; nearly as likely: `features: {x: text}`",
        "features: {x: category}",
    )


def test_the_surest_kind_wins_over_what_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        kb.Text, "recognise", classmethod(lambda cls, found: Match(0.95, str(found.examples[:2])))
    )
    found = resolve({"x": WORDS, "one": ["x"] * ROWS})
    assert list(found.recipe.features) == ["x"]  # of one value nothing can be learned
    assert decided(found, "features.x").reason == str(tuple(WORDS[:2]))


USELESS = {
    "constant": (np.ones(ROWS), "it has one value only"),
    "constant text": (["x"] * ROWS, "it has one value only"),
    "names": (WORDS, "it names rows: 60 different values in 60"),
    "numbered": (np.arange(ROWS), "it counts the rows"),
    "numbered down": (np.arange(ROWS)[::-1], "it counts the rows"),
}


@pytest.mark.parametrize("column", USELESS)
def test_a_column_of_no_use_is_left_out_with_the_reason(column: str) -> None:
    values, reason = USELESS[column]
    found = resolve({column: values, "x": np.arange(ROWS) % 7})
    assert list(found.recipe.features) == ["x"]
    assert found.recipe.data.ignore == (column,)
    assert decided(found, f"features.{column}") == Decision(
        ("features", column),
        "ignored",
        f"{reason}; `features: {{{column}: category}}` reads it all the same",
        f"data: {{ignore: [{column}]}}",
    )


@pytest.mark.parametrize("column", USELESS)
def test_what_the_recipe_says_of_a_column_wins(column: str) -> None:
    found = resolve({column: USELESS[column][0]}, features={column: kb.Category(rare_below=2)})
    assert found.recipe.features == {column: kb.Category(rare_below=2)}
    assert [d for d in found.decisions if d.path.startswith("features")] == []


def test_whole_numbers_with_gaps_or_few_of_them_do_not_count_the_rows() -> None:
    assert list(resolve({"x": np.arange(ROWS) * 2}).recipe.features) == ["x"]
    few = {"x": np.arange(20), "y": ["a", "b"] * 10}
    assert list(resolve(few).recipe.features) == ["x"]


TASKS = {
    "two words": (Y, "binary", "the target has two different values"),
    "two numbers": ([0, 1] * 30, "binary", "the target has two different values"),
    "truth": ([True, False] * 30, "binary", "the target has two different values"),
    "words": (["a", "b", "c"] * 20, "multiclass", "the target has 3 different words"),
    "few numbers": ([1, 2, 3] * 20, "multiclass",
                    "the target has 3 different whole numbers, each many times"),
    "numbers": (np.arange(ROWS) / 2, "regression", "the target has 60 different numbers"),
    "many numbers": (np.arange(ROWS) % 20, "regression", "the target has 20 different numbers"),
    "lists": ([["a"], ["a", "b"]] * 30, "multilabel", "the target holds lists of names"),
    "flags": ([np.array([0, 1]), np.array([1, 1])] * 30, "multilabel",
              "the target has 2 values of 0 or 1 per row"),
    "vectors": ([np.array([0.5, 1]), np.array([1, 2])] * 30, "regression",
                "the target has 2 numbers per row"),
}  # fmt: skip


@pytest.mark.parametrize("target", TASKS)
def test_the_task_is_inferred_from_the_target_with_a_reason(target: str) -> None:
    values, task, reason = TASKS[target]
    found = resolve({"x": np.arange(ROWS) % 7, "y": values})
    assert found.targets[0].task == catalog.find("tasks", task)()
    assert decided(found, "task") == Decision(("task",), task, reason, f"task: {task}")


def test_the_task_of_the_recipe_wins() -> None:
    found = resolve({"x": np.arange(ROWS) % 7, "y": [1, 2, 3] * 20}, task=kb.Regression())
    assert found.targets[0].task == kb.Regression()
    assert [d for d in found.decisions if d.path == "task"] == []


def test_rows_without_a_target_are_left_out_and_told() -> None:
    found = resolve({"x": np.arange(ROWS) % 7, "y": [None, *Y[1:]]})
    assert len(found.table) == ROWS - 1
    assert found.table.row(0) == "row 2 of the frame"
    assert decided(found, "data.target") == Decision(
        ("data", "target"), "1 rows left out", "they have no y in the frame"
    )


def test_a_row_that_lacks_one_of_several_targets_is_left_out() -> None:
    columns = {
        "x": np.arange(ROWS) % 7,
        "y": np.arange(ROWS) / 2,
        "z": [np.nan] + [1.0, 2.0] * 29 + [3.0],
    }
    assert len(resolve(columns, data={"target": ["y", "z"]}).table) == ROWS - 1


def test_the_test_share_is_a_tenth_or_none_beside_test_rows() -> None:
    frame = pd.DataFrame({"y": Y, "x": np.arange(ROWS) % 7})
    found = resolve({"x": frame["x"]})
    assert found.recipe.data.split == kb.Random(test=0.1)
    found = resolve({"x": frame["x"]}, data={"test_frame": frame})
    assert found.recipe.data.split == kb.Random(test=0.0)
    assert decided(found, "data.split.test").reason == "the source has test rows of its own"
    found = resolve({"x": frame["x"]}, data={"split": kb.Random(test=0.5)})
    assert [d for d in found.decisions if d.path == "data.split.test"] == []


X = np.arange(ROWS) % 7
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "target that is not there": ({"x": X, "income": Y, "y": Y}, {"data": {"target": "incme"}},
        "data.target: the frame has no column 'incme'. It has: x, income, y.\n"
        "    Did you mean 'income'?"),
    "feature that is not there": ({"xs": X}, {"features": {"xx": kb.Number()}},
        "features.xx: the frame has no column 'xx'. It has: y, xs."),
    "ignored that is not there": ({"x": X}, {"data": {"ignore": ["xx"]}},
        "data.ignore: the frame has no column 'xx'. It has: y, x.\n    Did you mean 'x'?"),
    "constant target": ({"x": X, "y": ["a"] * ROWS}, {},
        "data.target: the target 'y' has one value only. "
        "Expected at least two, so that there is something to predict."),
    "constant but for a word that means missing": ({"x": X, "y": ["None", "yes"] * (ROWS // 2)}, {},
        "data.target: the target 'y' has one value only. Expected at least two, so that there is "
        "something to predict. 'None' (30 rows) counts as missing; if it is a class, write "
        '`data: {missing: [NA, "N/A", "n/a", "#N/A"]}`, which are all words that mean missing '
        "then."),
    "mixed target": ({"x": X, "y": [b"a", 1, 2] * 20}, {},
        "data.target: the task cannot be inferred from the target 'y': it mixes numbers and text. "
        "Expected something that repeats, or numbers. Name another target, or write the task: "
        "one of binary, forecasting, multiclass, multilabel, regression."),
    "target of names": ({"x": X, "y": WORDS}, {},
        "data.target: the task cannot be inferred from the target 'y': "
        "it holds 60 different values in 60 rows. "
        "Expected something that repeats, or numbers. Name another target, or write the task: "
        "one of binary, forecasting, multiclass, multilabel, regression."),
    "missing target": ({"x": X, "y": [None] * ROWS}, {},
        "data.target: the target y has no value in any row of the frame."),
    "no feature": ({}, {},
        "data: the frame has no column to predict from: beside the target there is none. "
        "Expected at least one feature."),
    "no useful feature": ({"x": np.ones(ROWS)}, {},
        "data: the frame has no column to predict from: beside the target there is x (of no use). "
        "Expected at least one feature."),
    "numbers with words": ({"x": ["1", "2", "n/k"] * 20}, {},
        "features.x: column 'x' mixes 40 numbers and 20 words: 'n/k' (first in row 3 of the frame)."
        ' If that means missing, write `data: {missing: ["n/k"]}`; '
        "if all are names, `features: {x: category}`."),
    "all that mixes": ({"x": ["1", "2", "n/k"] * 20, "z": ["1", "2", "?"] * 20}, {},
        "features.x: column 'x' mixes 40 numbers and 20 words: 'n/k' (first in row 3 of the frame)."
        ' If that means missing, write `data: {missing: ["n/k"]}`; '
        "if all are names, `features: {x: category}`.\n"
        "features.z: column 'z' mixes 40 numbers and 20 words: '?' (first in row 3 of the frame)."
        ' If that means missing, write `data: {missing: ["?"]}`; '
        "if all are names, `features: {z: category}`."),
    "prices with words": ({"x": X, "y": [*map(str, range(59)), "on request"]}, {},
        "data.target: column 'y' mixes 59 numbers and 1 words: 'on request' (first in row 60 of "
        "the frame). If that means missing, write `data: {missing: [on request]}`; "
        "if all are names, `task: multiclass`."),
    "decimal commas": ({"x": [f"{n},5" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers that are written as '0,5'. Say how: write "
        '`data: {decimal: ","}`; if they are names, `features: {x: category}`.'),
    "amounts": ({"x": [f"$1,{n:03}" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers that are written as '$1,000'. Say how: write "
        '`data: {thousands: ","}` or `data: {decimal: ","}`; '
        "if they are names, `features: {x: category}`."),
    "shares": ({"x": X, "y": [f"{n}%" for n in range(ROWS)]}, {},
        "data.target: column 'y' holds numbers that are written as '0%'. Say how: write "
        '`data: {decimal: "."}`; if they are names, `task: multiclass`.'),
    "European": ({"x": [f"{n}.000,50" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers that are written as '0.000,50'. Say how: write "
        '`data: {decimal: ",", thousands: "."}`; if they are names, `features: {x: category}`.'),
    "commas and points before decimals": ({"x": ["1,5", "2", "1.5"] * 20}, {},
        "features.x: column 'x' holds numbers with a comma before their decimals, such as '1,5' "
        "(row 1 of the frame), and others with a point, such as '1.5' (row 3 of the frame). "
        "Expected one of both: change the file; or leave the column out: "
        "`data: {ignore: [x]}`; if they are names, `features: {x: category}`."),
    "units": ({"x": [f"{n}.5 kg" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers with something around them, such as '0.5 kg' (row 1 "
        "of the frame). Expected plain numbers: change the file; or leave the column out: "
        "`data: {ignore: [x]}`; if they are names, `features: {x: category}`."),
    "numbers with a slash between": ({"x": [f"{n / 8}/-{n % 7}.5" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers with '/' between them, such as '0.0/-0.5' (row 1 "
        "of the frame). Expected blanks or , ; | between the numbers of a cell: change the file; "
        "or leave the column out: `data: {ignore: [x]}`; if they are names, "
        "`features: {x: category}`."),
    "numbers with a line between": ({"x": [f"{n / 8} - {n % 7}.5" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers with '-' between them, such as '0.0 - 0.5' (row 1 "
        "of the frame). Expected blanks or , ; | between the numbers of a cell: change the file; "
        "or leave the column out: `data: {ignore: [x]}`; if they are names, "
        "`features: {x: category}`."),
    "numbers and bounds": ({"x": [f"<{n}" if n % 9 == 8 else f"{n}" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers with something around them, such as '<8' (row 9 "
        "of the frame). Expected plain numbers: change the file; or leave the column out: "
        "`data: {ignore: [x]}`; if they are names, `features: {x: category}`."),
    "blanks between digits": ({"x": [f"1\u00a0{n:03}" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds '1\\xa0000', which may be one number, whose digits blanks "
        'group, or several. If one: `data: {thousands: " "}`; if several: `features: {x: array}`.'),
    "lines between digits": ({"x": [f"{n}_000" for n in range(ROWS)]}, {},
        "features.x: column 'x' holds numbers that are written as '0_000'. Say how: write "
        '`data: {thousands: "_"}`; if they are names, `features: {x: category}`.'),
    "points that may group": ({"x": ["1.250", "2.000", "12"] * 20}, {"data": {"decimal": ","}},
        "features.x: column 'x' holds '1.250', in which the point may group digits or come before "
        'decimals. If it groups: `data: {thousands: "."}`; if not, write a comma in the file, as '
        "`data.decimal` says; if they are names, `features: {x: category}`."),
    "another way than the recipe's": ({"x": ["1,5", "2,25"] * 30}, {"data": {"thousands": ","}},
        "features.x: column 'x' holds numbers that are written as '1,5', and not as "
        "`data.thousands: ','` says. Expected one way for all columns: change the file; or leave "
        "the column out: `data: {ignore: [x]}`; if they are names, `features: {x: category}`."),
    "kinds that mix": ({"x": [1, "a", b"b"] * 20}, {},
        "features.x: column 'x' holds values of bytes, such as \"b'b'\" (row 3 of the frame), "
        "which are neither numbers nor words. Expected either: make it so, or leave the column "
        "out: `data: {ignore: [x]}`."),
    "lists": ({"x": [[0.5], [1.5]] * 30}, {},
        "data.ignore: the kind of column 'x' cannot be inferred: it holds list values. "
        "Name it, or leave it out: `data: {ignore: [x]}`. "
        "Kinds: array, category, datetime, image, number, set, text, tokens, video."),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_inferred_says_what_to_write(kind: str) -> None:
    columns, parts, said = REFUSED[kind]
    assert message(DataError, resolve, columns, **parts) == said


def test_digits_and_signs_of_other_scripts_are_numbers() -> None:
    ours = [-1.5, 20.0, 317.25]
    arabic = str.maketrans("0123456789-", "٠١٢٣٤٥٦٧٨٩\u2212")
    wide = str.maketrans("0123456789-.", "０１２３４５６７８９－．")
    written = {n: [str(x).translate(to) for x in ours] for n, to in (("a", arabic), ("w", wide))}
    table = from_frame(pd.DataFrame({**written, "z": ["１", "ｘ", "２"]}), "it")
    assert table["a"].tolist() == table["w"].tolist() == ours
    assert table["z"].tolist() == ["１", "ｘ", "２"]


def test_names_of_rows_with_digits_are_no_numbers_with_units() -> None:
    names = {"a": [f"PC {n}" for n in range(ROWS)], "b": [f"{n:04} m" for n in range(ROWS)],
             "c": [f"{n}/{n + 1}" for n in range(ROWS)]}  # fmt: skip
    assert set(resolve({"x": X, **names}).recipe.data.ignore) == {"a", "b", "c"}


@pytest.mark.parametrize("decimal", [".", ","])
def test_decimals_behind_a_point_are_read_in_a_file_of_decimal_commas(decimal: str) -> None:
    written = {"x": ["0.125", "-12.5", "1.250"] * 20, "z": ["1,5", "2"] * 30}
    cells = Cells.of(None, None, decimal)
    table = from_frame(pd.DataFrame(written), "it", cells)
    assert table["x"][:3].tolist() == [0.125, -12.5, 1.25]
    assert table["z"][:2].tolist() == ([1.5, 2.0] if decimal == "," else ["1,5", "2"])
    grouping = from_frame(pd.DataFrame(written), "it", Cells.of(None, None, ",", "."))
    assert grouping["x"][:3].tolist() == ["0.125", "-12.5", "1.250"]


TRAPS = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True))),
    st.lists(st.one_of(st.none(), st.integers(-3, 30))),
    st.lists(st.booleans()),
    st.lists(st.one_of(st.none(), st.text(max_size=5))),
    st.lists(st.text("ab ", min_size=8)),
    st.lists(st.sampled_from(["1", "2.5", "x", "a b c d e"])),
    st.lists(st.lists(st.sampled_from("ab"))),
    st.lists(st.binary()),
    st.lists(st.one_of(st.integers(), st.text(), st.none())),
)
SHAPES = arrays.array_shapes(min_dims=2, max_dims=4, max_side=4)


def recognised(folder: str, values: Any) -> list[str]:
    """The kinds or tasks that a column may be, most surely."""
    known = kinds.matches(folder, profile(values))
    return [name for name, match in known if match.strength == known[0][1].strength]


@settings(deadline=None, max_examples=300)
@given(values=TRAPS, times=st.integers(1, 12))
def test_no_column_is_as_surely_of_two_kinds_or_two_tasks(values: list[Any], times: int) -> None:
    column = from_frame(pd.DataFrame({"x": pd.Series(values * times)}), "it")["x"]
    assert len(recognised("features", column)) <= 1
    assert len(recognised("tasks", column)) <= 1


@settings(deadline=None, max_examples=100)
@given(arrays.arrays(st.sampled_from(["uint8", "int64", "float32"]), SHAPES))
def test_no_array_is_of_two_kinds_or_two_tasks(values: np.ndarray) -> None:
    assert len(recognised("features", values)) <= 1
    assert len(recognised("tasks", values)) <= 1


@pytest.mark.parametrize(
    "name", ["adult-train.csv", "movie-reviews.csv", "titanic.csv", "penguins.csv", "mpg.csv",
             "daily-min-temperatures.csv", "airline-passengers.csv"],
)  # fmt: skip
def test_every_real_column_is_most_surely_of_one_kind(name: str) -> None:
    table = read_csv(real(name), cells=Cells(["?"]))
    kinds = {column: recognised("features", values) for column, values in table.columns.items()}
    assert {column: found for column, found in kinds.items() if len(found) > 1} == {}
    tasks = {column: recognised("tasks", values) for column, values in table.columns.items()}
    assert {column: found for column, found in tasks.items() if len(found) > 1} == {}


REAL = {
    "adult-train.csv": ("income", "binary", {"age": "number", "sex": "category"}),
    "movie-reviews.csv": ("sentiment", "binary", {"review": "text"}),
    "penguins.csv": ("species", "multiclass", {"sex": "category", "body_mass_g": "number"}),
    "mpg.csv": ("mpg", "regression", {"origin": "category", "horsepower": "number"}),
    "titanic.csv": ("survived", "binary", {"age": "number", "deck": "category"}),
}


@pytest.mark.parametrize("name", REAL)
def test_real_data_is_understood(name: str) -> None:
    target, task, kinds = REAL[name]
    recipe = kb.Recipe(data=kb.CSV(path=real(name), target=target, missing=["?"]))
    found = infer.resolve(recipe, *recipe.data.load())
    assert catalog.name_of(found.targets[0].task) == task
    features = {column: catalog.name_of(f) for column, f in found.recipe.features.items()}
    assert features.items() >= kinds.items()


def test_balance_is_refused_for_a_task_that_was_inferred_too() -> None:
    training = kb.Training(balance="auto")
    said = message(DataError, resolve, {"y": np.arange(ROWS) / 7, "x": WORDS}, training=training)
    assert said == (
        "training.balance: regression has no single class per row to balance. Expected none."
    )


def test_targets_of_several_kinds_have_each_a_task_of_its_own() -> None:
    values = {"kind": [*"abc"] * 20, "size": np.arange(ROWS) / 2}
    recipe = kb.Recipe(data=kb.Frame(frame=pd.DataFrame({"x": np.arange(ROWS) % 7, **values}),
                                     target=["kind", "size"]))  # fmt: skip
    found = infer.resolve(recipe, *recipe.data.load())
    assert found.targets == ((("kind",), kb.Multiclass()), (("size",), kb.Regression()))
    assert found.recipe.task == {"kind": kb.Multiclass(), "size": kb.Regression()}
    assert decided(found, "task.size") == Decision(
        ("task", "size"),
        "regression",
        "the target has 60 different numbers",
        "task: {size: regression}",
    )


def test_targets_of_one_kind_have_one_task_together() -> None:
    n = np.arange(ROWS)
    known = [(n / 2, n, "regression"), (n % 2, n % 3 % 2, "multilabel")]
    known.append((n % 2, 1 - n % 2, "multiclass"))
    for values, others, task in known:
        frame = pd.DataFrame({"x": n % 7, "a": values, "b": others})
        recipe = kb.Recipe(data=kb.Frame(frame=frame, target=["a", "b"]))
        found = infer.resolve(recipe, *recipe.data.load())
        assert [(names, catalog.name_of(its)) for names, its in found.targets] == [
            (("a", "b"), task)
        ]


def test_a_row_without_one_of_its_targets_is_left_out() -> None:
    values = {"x": np.arange(6) % 4, "a": [*"ababa", None], "b": [np.nan, 1, 2, 3, 4, 5]}
    data = kb.Frame(frame=pd.DataFrame(values), target=["a", "b"])
    recipe = kb.Recipe(data=data, task={"a": kb.Binary(), "b": kb.Regression()})
    assert len(infer.resolve(recipe, *data.load()).table) == 4


def test_tickets_are_names_and_codes_that_repeat_are_a_category() -> None:
    tickets = [str(n) if n % 4 else f"A/{n}" for n in range(ROWS)]
    codes = ["007", "012", "107"] * 20
    found = resolve(
        {"x": X, "ticket": tickets, "code": codes, "id": [f"0{n}" for n in range(ROWS)]}
    )
    assert found.recipe.data.ignore == ("ticket", "id")
    assert catalog.name_of(found.recipe.features["code"]) == "category"
    reasons = {decision.key[-1]: decision.reason for decision in found.decisions}
    assert reasons["ticket"].startswith("it names rows: 60 different values in 60; ")
    assert reasons["id"].startswith(
        "it names rows: 60 different values in 60, numbers written as text; "
    )


def test_useless_columns_are_left_out_all_at_once() -> None:
    order = np.random.default_rng(0).permutation(ROWS)
    note = ["a", "b", *[None] * (ROWS - 2)]
    found = resolve({"x": X % 7, "empty": [None] * ROWS, "one": 1, "number": order, "note": note})
    assert found.recipe.data.ignore == ("empty", "one", "number", "note")
    reasons = {decision.key[-1]: decision.reason for decision in found.decisions}
    assert reasons["note"].startswith("it has a value in 2 of 60 rows; ")
    assert reasons["empty"].startswith("it has no value in any row of the frame; ")
    assert reasons["number"].startswith("it counts the rows; ")


def test_row_numbers_are_judged_before_rows_are_left_out() -> None:
    y = np.where(np.arange(ROWS) == 5, None, np.where(X % 2, "a", "b"))
    found = resolve({"x": X % 7, "number": np.arange(ROWS), "y": y})
    assert found.recipe.data.ignore == ("number",)
    assert found.dropped


SETS = {
    "bars": ["a|b", "b", "a|c", "c"],
    "JSON": ['["a", "b"]', '["b"]', '["a", "c"]', '["c"]', "[]"],
    "Python": ["['a', 'b']", "['b']", "['a', 'c']", "['c']", "[]"],
    "semicolons": ["a; b", "b", "a; c", "c"],
}


@pytest.mark.parametrize("kind", SETS)
def test_sets_of_names_are_labels_and_none_is_a_value(kind: str) -> None:
    sets = [*SETS[kind], *SETS[kind], None] * 12
    found = resolve({"x": np.arange(len(sets)) % 7, "y": sets})
    assert catalog.name_of(found.targets[0].task) == "multilabel"
    assert not found.dropped
    task = found.targets[0].task
    learned = task.learn("y", found.table["y"])
    assert learned["classes"].value == ("a", "b", "c")
    task = task.model_copy(update={name: choice.value for name, choice in learned.items()})
    assert task.encode("y", found.table["y"])[:4].tolist() == [
        [1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1],
    ]  # fmt: skip
    assert not task.encode("y", np.array([None, ""], dtype=object)).any()
    assert "no label is a value" in [decision.value for decision in found.decisions]


def test_places_with_a_comma_are_no_sets() -> None:
    places = ["Paris, France", "Lyon, France", "Rome, Italy"] * 20
    found = resolve({"x": X, "y": places})
    assert catalog.name_of(found.targets[0].task) == "multiclass"


def test_the_line_for_more_missing_words_keeps_those_that_the_recipe_has() -> None:
    frame = {"q": [-999, 1, 2, 3] * 15, "p": ["5", "7", "9", "on request"] * 15}
    said = message(DataError, resolve, frame, data={"missing": ["-999"]})
    assert '`data: {missing: ["-999", on request]}`' in said
