"""Rows as JSON values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import message

import kbuilder as kb
from kbuilder.columns import Columns
from kbuilder.errors import DataError
from kbuilder.instances import from_instances, read_json, to_instances

TEXT = kb.Text(vocabulary=["a"], length=3)
NUMBER = kb.Number(mean=0.1 + 0.2, scale=1 / 3, indicator=True)
ARRAY = kb.Array(mean=0, scale=1, shape=(2,))
ROWS = {
    "number": np.float32([0.1, np.nan]),
    "word": np.array(["ü\u2028", ""], dtype=object),
    "file": np.array([b"\x00\xff", b""], dtype=object),
    "whole": np.array([-(2**63), 7]),
    "array": np.float32([[1, 2], [3, 4]]),
}


def test_raw_rows_become_json_values() -> None:
    rows = to_instances(ROWS)
    assert rows[0]["number"] == float(np.float32(0.1))
    assert rows[1]["number"] is None
    assert rows[0]["file"] == {"b64": "AP8="}
    assert rows[0]["array"] == [1.0, 2.0]
    assert json.loads(json.dumps(rows)) == rows


@pytest.mark.parametrize("bare", [True, False])
def test_a_file_of_rows_is_read_as_it_was_written(tmp_path: Path, bare: bool) -> None:
    rows = to_instances({"number": ROWS["number"], "array": ROWS["array"]})
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows if bare else {"instances": rows}), encoding="utf-8")
    table = read_json(Columns({"number": NUMBER, "array": ARRAY}, ()), file)
    assert table["number"].tolist() == [float(np.float32(0.1)), None]
    assert table["array"].tolist() == [[1, 2], [3, 4]]
    assert table.origin == "rows.json"


@pytest.mark.parametrize("content", [{}, [], {"instances": []}, [1], "rows", {"instances": {}}])
def test_what_holds_no_rows_is_refused(content: Any) -> None:
    assert message(DataError, from_instances, Columns({"a": NUMBER}, ()), content, "rows.json") == (
        'rows.json holds no rows. Expected {"instances": [{"column": value, …}, …]}.'
    )


def test_a_row_without_a_column_is_named() -> None:
    rows = [{"a": 1, "b": "x"}, {"b": "y"}]
    given = Columns({"a": NUMBER, "b": TEXT}, ())
    assert message(DataError, from_instances, given, rows, "rows.json") == (
        "row 2 of rows.json has no a. Expected all columns."
    )


def test_rows_of_an_array_and_of_its_columns_do_not_go_together() -> None:
    given = Columns({"a": ARRAY.model_copy(update={"members": ("p0", "p1")})}, ())
    apart, whole = {"p0": 1, "p1": 2}, {"a": [1, 2]}
    assert from_instances(given, [apart, apart], "rows.json")["p1"].tolist() == [2, 2]
    assert from_instances(given, [whole], "rows.json")["a"].tolist() == [[1, 2]]
    for rows, number in ([apart, whole], 1), ([whole, apart], 2):
        assert message(DataError, from_instances, given, rows, "rows.json") == (
            f"row {number} of rows.json has columns in place of 'a', which other rows have. "
            "Expected all rows alike."
        )


@pytest.mark.parametrize("value", [[[1, 2], [3]], [["a", "b"], [1, 2]], [None, [1, 2]]])
def test_arrays_of_several_shapes_are_refused(value: list[Any]) -> None:
    rows = [{"a": item} for item in value]
    assert message(DataError, from_instances, Columns({"a": ARRAY}, ()), rows, "rows.json") == (
        "column 'a' of rows.json holds no arrays of one shape. Expected [2] numbers per row."
    )


def test_a_file_that_is_no_json_or_not_there_is_named(tmp_path: Path) -> None:
    given, file = Columns({"a": NUMBER}, ()), tmp_path / "rows.json"
    said = f"there is no file {file}. Expected the file of the rows."
    assert message(DataError, read_json, given, file) == said
    file.write_text("[", encoding="utf-8")
    said = f"{file} is no JSON: Expecting value: line 1 column 2 (char 1)."
    assert message(DataError, read_json, given, file) == said
