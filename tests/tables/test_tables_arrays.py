"""Tables from files of arrays and from frames."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message, seen

from kbuilder.errors import DataError
from kbuilder.tables.arrays import from_frame, read_npz

ARRAYS = Path("rows.npz")
ARRAY_KINDS = {
    "words": (np.array(["a", ""]), ["a", None]),
    "truth": (np.array([True, False]), [1, 0]),
    "small": (np.array([1, 2], np.uint8), [1, 2]),
    "half": (np.array([1, np.nan], np.float16), [1.0, None]),
    "large": (np.array([2**63, 1], np.uint64), [2**63, 1]),
    "column": (np.array([[1], [2]]), [1, 2]),
    "image": (np.zeros((2, 1, 1), np.uint8), [[[0]], [[0]]]),
}


@pytest.mark.parametrize("kind", ARRAY_KINDS)
def test_an_array_is_a_column(kind: str) -> None:
    values, expected = ARRAY_KINDS[kind]
    np.savez(ARRAYS, x=values, other=np.zeros(5))
    column = read_npz(ARRAYS, (), {"renamed": "x"}, "columns")["renamed"]
    assert seen(column) == expected
    assert column.dtype in (np.dtype("uint8"),) if column.ndim > 1 else column.dtype.itemsize == 8


PLAIN = "Expected a .npz file of plain arrays, as numpy.savez writes it."
WRONG_ARRAYS = {
    "object": ({"x": np.array([{}])}, f"rows.npz cannot be read: it holds Python objects. {PLAIN}"),
    "scalar": ({"x": np.array(3)}, f"rows.npz cannot be read: the array x has no rows. {PLAIN}"),
    "complex": ({"x": np.array([1j])},
                f"rows.npz cannot be read: the array x has the dtype complex128. {PLAIN}"),
    "lengths": ({"x": np.zeros(3), "y": np.zeros(4)},
                "data.columns: the arrays of rows.npz have different numbers of rows: x 3, y 4. "
                "Expected equal numbers."),
    "no rows": ({"x": np.zeros(0)}, "data.path: rows.npz has no rows. Expected rows."),
    "no arrays": ({}, "data.path: rows.npz has no rows. Expected rows."),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG_ARRAYS)
def test_arrays_that_are_no_columns_are_refused(kind: str) -> None:
    arrays, said = WRONG_ARRAYS[kind]
    np.savez(ARRAYS, **arrays)
    found = message(DataError, read_npz, ARRAYS, ("data", "path"), None, "columns")
    assert found == (said if said.startswith("data.") else f"data.path: {said}")


def test_an_array_that_is_not_there_has_its_near_match_named() -> None:
    np.savez(ARRAYS, x_train=np.zeros(3))
    said = message(DataError, read_npz, ARRAYS, ("data", "path"), {"x": "x_trian"}, "columns")
    assert said == (
        "data.columns.x: rows.npz has no array 'x_trian'. It has: x_train (3, float64).\n"
        "    Did you mean 'x_train'?"
    )


def spoiled() -> dict[str, bytes]:
    np.savez("whole.npz", x=np.arange(1000))
    whole = Path("whole.npz").read_bytes()
    return {"empty": b"", "text": b"hello", "cut": whole[:300]}


@pytest.mark.parametrize("kind", ["empty", "text", "cut"])
def test_what_is_no_npz_file_is_refused_without_advice_to_unpickle_it(kind: str) -> None:
    ARRAYS.write_bytes(spoiled()[kind])
    assert message(DataError, read_npz, ARRAYS, (), None, "columns") == (
        "rows.npz is no whole .npz file. Expected named arrays, as numpy.savez writes them."
    )


def test_a_zip_file_of_other_things_is_refused() -> None:
    with zipfile.ZipFile(ARRAYS, "w") as file:
        file.writestr("x.txt", "hello")
    said = f"rows.npz cannot be read: x.txt is no array. {PLAIN}"
    assert message(DataError, read_npz, ARRAYS, (), None, "columns") == said


COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "whole": ([1, 2], [1, 2]),
    "whole or missing": (pd.array([1, None], dtype="Int64"), [1.0, None]),
    "truth": ([True, False], ["True", "False"]),
    "truth or missing": (pd.array([True, None], dtype="boolean"), ["True", None]),
    "strings": (pd.array(["a", None], dtype="string"), ["a", None]),
    "categories": (pd.Categorical(["a", "b"]), ["a", "b"]),
    "dates": (pd.to_datetime(["2020-01-01", None]), ["2020-01-01", None]),
    "lists": ([[1, 2], [3]], [[1, 2], [3]]),
    "mixed": ([1, "x"], ["1", "x"]),
    "bytes": ([b"\0a", None], [b"\0a", None]),
    "words that are bytes": ([b"a", None], ["a", None]),
    "large": (np.array([2**63, 1], np.uint64), [2**63, 1]),
    "arrays": ([np.zeros(2), np.ones(2)], [[0.0, 0.0], [1.0, 1.0]]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_of_a_frame_is_a_column(kind: str) -> None:
    values, expected = COLUMNS[kind]
    assert seen(from_frame(pd.DataFrame({"x": values}), "the frame")["x"]) == expected


def test_the_index_of_a_frame_is_not_used() -> None:
    frame = pd.DataFrame({1: [1, 2]}, index=["b", "a"])
    assert dict(from_frame(frame, "it").columns).keys() == {"1"}


@pytest.mark.parametrize("names", [["a", "a"], [1, "1"]])
def test_columns_of_one_name_are_refused(names: list[Any]) -> None:
    frame = pd.DataFrame([[1, 2]], columns=names)
    assert message(DataError, from_frame, frame, "the frame") == (
        f"the frame has several columns called '{names[0]}'. "
        "Expected names that all differ: rename one."
    )


@pytest.mark.parametrize("other", [pd.Series([1]), None, [1]])
def test_what_is_no_frame_is_refused(other: Any) -> None:
    said = f"the frame is no pandas DataFrame. Expected one. Got a {type(other).__name__}."
    assert message(DataError, from_frame, other, "the frame") == said
