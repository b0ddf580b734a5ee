"""Tables from files and frames."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared import message

from kbuilder.csv_file import read_csv
from kbuilder.errors import DataError
from kbuilder.formats import from_frame, read_npz
from kbuilder.streams import read_like

FILE = Path("rows.csv")
ARRAYS = Path("rows.npz")
FIELDS = "Expected as many fields in each line as in the header, between ',' (data.delimiter)."

READ: dict[bytes, dict[str, list[Any]]] = {
    b"a,b\n1,x\n2,y\n": {"a": [1, 2], "b": ["x", "y"]},
    b"a,b\r\n1,x\r\n": {"a": [1], "b": ["x"]},
    b"\xef\xbb\xbfa,b\n1,2\n": {"a": [1], "b": [2]},
    b" a , b\n1, x\n": {"a": [1], "b": ["x"]},
    b'a,b\n"x\ny","1,5"\n': {"a": ["x\ny"], "b": ["1,5"]},
    b"a,b\n1,2\n\n3,4\n": {"a": [1, 3], "b": [2, 4]},
    b"a,b\n1,2,\n3,4,\n": {"a": [1, 3], "b": [2, 4]},
    b"a,b\nTrue,x\n,\n": {"a": ["True", None], "b": ["x", None]},
    b"a,b\nNA,x\nNaN,null\nnull,None\n": {"a": [None, None, None], "b": ["x", None, None]},
    b"a,b\n0x10,2020-01-01\n": {"a": ["0x10"], "b": ["2020-01-01"]},
    b"a,b\n9223372036854775808,1\n1,2\n": {"a": [2.0**63, 1.0], "b": [1, 2]},
    b",a\n0,1\n": {"Unnamed: 0": [0], "a": [1]},
    "größe,模型\n1,ä\n".encode(): {"größe": [1], "模型": ["ä"]},
}


def seen(values: np.ndarray) -> list[Any]:
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values.tolist()]


@pytest.mark.parametrize("content", READ)
def test_a_csv_file_is_read_as_a_person_reads_it(content: bytes) -> None:
    FILE.write_bytes(content)
    table = read_csv(FILE)
    assert {name: seen(values) for name, values in table.columns.items()} == READ[content]
    assert table.origin == "rows.csv"


REFUSED = {
    b"": "rows.csv is empty. Expected a header and rows.",
    b"\n\n": "rows.csv is empty. Expected a header and rows.",
    b"a,b\n": "rows.csv has a header, but no rows. Expected rows.",
    b"a,b\n1,2\n1,2,3\n":
        f"rows.csv cannot be read as CSV: Expected 2 fields in line 3, saw 3. {FIELDS}",
    b"a,b\n1,2,3\n4,5,6\n":
        f"rows.csv cannot be read as CSV: its lines have more fields than the header. {FIELDS}",
    b'a,b\n"1,2\n':
        f"rows.csv cannot be read as CSV: EOF inside string starting at row 1. {FIELDS}",
    b"a,b, a\n1,2,3\n":
        "rows.csv has several columns called 'a'. Expected names that all differ: rename one.",
    b"a,b\n1,2\n1,\xe9\n": "rows.csv is not utf-8: line 3 cannot be read. "
        "Name the file's encoding, such as `encoding: latin-1`.",
    b"a;b\n1,5;2\n": "data.delimiter: rows.csv has a single column, called 'a;b'. "
        "Expected fields between ','; this looks like `delimiter: ';'`.",
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED)
def test_what_cannot_be_read_as_csv_says_why(content: bytes) -> None:
    FILE.write_bytes(content)
    assert message(DataError, read_csv, FILE) == REFUSED[content]


def test_a_file_that_is_not_there_says_so() -> None:
    said = "there is no file rows.csv. Expected the file of the rows."
    assert message(DataError, read_csv, FILE) == said
    assert message(DataError, read_like, Path("rows.npz")) == said.replace("csv", "npz")


def test_delimiter_encoding_and_missing_texts_are_as_given() -> None:
    FILE.write_bytes("größe;b\n?;1\n5;-9\n".encode("latin-1"))
    table = read_csv(FILE, delimiter=";", encoding="latin-1", missing=["?", "-9"])
    assert {n: seen(v) for n, v in table.columns.items()} == {
        "größe": [None, 5.0],
        "b": [1.0, None],
    }


@pytest.mark.parametrize("delimiter", ["||", "\n", "é"])
def test_a_delimiter_of_several_bytes_or_a_line_break_is_refused(delimiter: str) -> None:
    FILE.write_text("a,b\n1,2\n")
    assert message(DataError, read_csv, FILE, delimiter=delimiter) == (
        f"data.delimiter: rows.csv cannot be read with the delimiter {delimiter!r}. "
        "Expected one character that stands between two fields, such as ',' or ';'."
    )


def test_an_encoding_that_says_no_line_is_refused_all_the_same() -> None:
    FILE.write_text("a,b\n1,2\n")
    assert message(DataError, read_csv, FILE, encoding="utf-16") == (
        "rows.csv is not utf-16: line 1 cannot be read. "
        "Name the file's encoding, such as `encoding: latin-1`."
    )


ARRAY_KINDS = {
    "words": (np.array(["a", ""]), ["a", None]),
    "truth": (np.array([True, False]), [1, 0]),
    "small": (np.array([1, 2], np.uint8), [1, 2]),
    "half": (np.array([1, np.nan], np.float16), [1.0, None]),
    "large": (np.array([2**63, 1], np.uint64), [2.0**63, 1.0]),
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
        "data.columns.x: rows.npz has no array 'x_trian'. It has: x_train.\n"
        "    Did you mean 'x_train'?"
    )


def spoiled() -> dict[str, bytes]:
    np.savez("whole.npz", x=np.arange(1000))
    whole = Path("whole.npz").read_bytes()
    return {"empty": b"", "text": b"hello", "pickle": pickle.dumps([1]), "cut": whole[:300]}


@pytest.mark.parametrize("kind", ["empty", "text", "pickle", "cut"])
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
    "dates": (pd.to_datetime(["2020-01-01", None]), ["2020-01-01 00:00:00", None]),
    "lists": ([[1, 2], [3]], [[1, 2], [3]]),
    "mixed": ([1, "x"], [1, "x"]),
    "bytes": ([b"a", None], [b"a", None]),
    "large": (np.array([2**63, 1], np.uint64), [2.0**63, 1.0]),
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


def test_an_empty_line_is_a_missing_value_of_a_single_column_and_no_row_of_several(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("a\nx y\n\nz\n   \n")
    two.write_text("a,b\n1,2\n\n3,4\n")
    assert read_csv(one)["a"].tolist() == ["x y", None, "z", None]
    assert read_csv(two)["a"].tolist() == [1, 3]


def test_a_value_is_read_alike_whatever_stands_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("code,flag,size\n01,TRUE,1.5\n02,FALSE,2\n")
    table = read_csv(file)
    assert table["code"].tolist() == ["01", "02"]
    assert table["flag"].tolist() == ["TRUE", "FALSE"]
    assert table["size"].tolist() == [1.5, 2.0]
    assert read_csv(file, words=["size"])["size"].tolist() == ["1.5", "2"]


@pytest.mark.parametrize("ending", ["gz", "zip", "xz"])
def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows.csv.{ending}"
    file.write_text("a,b\n1,2\n")
    said = message(DataError, read_csv, file)
    assert said.startswith(f"{file} cannot be read: ")
    assert said.endswith(". Expected a CSV file.")
