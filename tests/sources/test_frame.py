"""Rows of a pandas DataFrame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad import plain, wrong
from shared import message

import kbuilder as kb
from kbuilder.data import dataset
from kbuilder.errors import DataError, RecipeError, cut

FRAME = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})


def test_frames_are_the_rows() -> None:
    train, test = kb.Frame(frame=FRAME, test_frame=FRAME[:1], target="y").load()
    assert (len(train), len(test)) == (2, 1)
    assert (train.origin, test.origin) == ("the frame", "the test frame")
    assert kb.Frame(frame=FRAME, target="y").load()[1] is None


def test_a_frame_without_rows_is_refused() -> None:
    said = message(DataError, kb.Frame(frame=FRAME[:0], target="y").load)
    assert said == "data: the frame has no rows. Expected rows."


def test_a_recipe_file_can_hold_no_frame() -> None:
    assert message(DataError, kb.Frame(target="y").load) == (
        "data.source: a frame is given from Python: kb.Frame(frame=df, target=…). "
        "Expected another source, such as csv, in a recipe file."
    )
    said = plain(wrong("data: {source: frame, target: y, frame: rows.csv}"))
    assert said == (
        "recipe:1:41: data.frame: Expected a pandas DataFrame, which is given from Python. "
        "Got 'rows.csv'.\n1 problem."
    )


@pytest.mark.parametrize("other", ["rows.csv", [1, 2], FRAME["x"]])
def test_what_is_no_frame_is_refused(other: object) -> None:
    with pytest.raises(RecipeError, match="Expected a pandas DataFrame"):
        kb.Frame(frame=other, target="y")


def test_a_saved_recipe_does_not_hold_the_frame() -> None:
    saved = kb.Frame(frame=FRAME, target="y").model_dump()
    assert {"frame", "test_frame"} & set(saved) == set()


def test_rows_to_predict_come_from_csv_or_npz() -> None:
    Path("rows.csv").write_text("x\n1\n")
    np.savez("rows.npz", x=np.arange(3))
    source = kb.Frame(frame=FRAME, target="y")
    assert len(source.read(Path("rows.csv"))) == 1
    assert len(source.read(Path("rows.npz"))) == 3
    parts = list(source.parts(Path("rows.npz"), (), ["x"], size=2, start=0))
    assert [len(part.table) for part in parts] == [2, 1]


def odd(values: object) -> pd.DataFrame:
    x = np.arange(100)
    column = pd.Series(list(values))  # type: ignore[call-overload]
    return pd.DataFrame({"x": x % 7, "odd": column, "y": np.where(x % 3, "a", "b")})


def test_durations_periods_and_ranges_of_pandas_are_numbers_dates_and_names() -> None:
    hours = pd.to_timedelta([*range(98), None, 3], unit="h")
    for values in (hours, [None if pd.isna(one) else one.to_pytimedelta() for one in hours]):
        read = kb.Frame(frame=odd(values), target="y").load()[0]["odd"]
        np.testing.assert_array_equal(read, [*(3600.0 * n for n in range(98)), np.nan, 10_800.0])
    kinds = {
        "Datetime": pd.period_range("2020-01", periods=100, freq="M"),
        "Category": pd.cut(np.arange(100), 5),
    }
    for kind, values in kinds.items():
        found = dataset.look(kb.Recipe(data=kb.Frame(frame=odd(values), target="y")))
        assert type(found.resolved.recipe.features["odd"]).__name__ == kind


@pytest.mark.parametrize(("value", "others"), [
    (b"\x00\xff", 1.5), (b"ab", 7), ({"a": 1}, "red"), ([1], 2), (["a"], "blue"),
    ([[1, [2]], 3], 5), (pd.Series([1]), 3), (pd.DataFrame({"a": [1]}), "x"),
])  # fmt: skip
def test_an_object_among_others_is_refused_with_its_row(value: object, others: object) -> None:
    values = [value if row % 4 == 1 else others for row in range(100)]
    recipe = kb.Recipe(data=kb.Frame(frame=odd(values), target="y"))
    assert message(DataError, dataset.look, recipe).startswith(
        f"features.odd: column 'odd' holds values of {type(value).__name__}, such as "
        f"{cut(str(value))!r} (row 2 of the frame), which are neither numbers nor words. "
    )
    kinds = ("category",) if isinstance(value, list) else ("text", "set", "category")
    for kind in kinds:  # a list is a set, and its words are a text
        named = kb.Recipe(data=recipe.data, features={"odd": kind})
        assert " of the frame: column 'odd' " in message(DataError, kb.prepare, named)


@pytest.mark.parametrize("rows", [
    [[[1, 2], [3]], [[1], [2, 3, 4]]], [[[1, [2]], 3]], [[{"a": 1}]], [[["a", "b"], ["c"]]],
])  # fmt: skip
def test_lists_that_are_no_arrays_are_refused_in_a_line(rows: list[object]) -> None:
    given = kb.Frame(frame=odd(rows * (100 // len(rows))), target="y")
    for features in ({}, {"odd": "array"}, {"odd": "set"}):
        message(DataError, kb.prepare, kb.Recipe(data=given, features=features))


def test_bytes_that_are_words_are_words() -> None:
    words = [b"red", b" blue ", "green", b"\xc3\xa9", None] * 20
    read = kb.Frame(frame=odd(words), target="y").load()[0]["odd"]
    assert read[:5].tolist() == ["red", "blue", "green", "é", None]
    numbers = kb.Frame(frame=odd([b"1", b"2.5"] * 50), target="y").load()[0]["odd"]
    assert numbers[:2].tolist() == [1, 2.5]
    for files in ([b"\x89PNG\r\n", b"red"], [b"<svg/>"]):
        kept = kb.Frame(frame=odd(files * (100 // len(files))), target="y").load()[0]["odd"]
        assert kept[0] == files[0]


@pytest.mark.parametrize("value", [1j, {"a": 1}])
def test_objects_that_are_no_values_are_refused_in_a_line(value: object) -> None:
    recipe = kb.Recipe(data=kb.Frame(frame=odd([value] * 100), target="y"))
    assert message(DataError, dataset.look, recipe) == (
        f"features.odd: column 'odd' holds values of {type(value).__name__}, such as "
        f"{cut(str(value))!r} (row 1 of the frame), which are neither numbers nor words. Expected "
        "either: make it so, or leave the column out: `data: {ignore: [odd]}`."
    )
