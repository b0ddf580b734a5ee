"""Tables part by part, by the ending of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from shared import message, seen

from kbuilder.errors import DataError
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.cells import Cells
from kbuilder.tables.chunks import parquet_parts, parts_like, read_like, read_parquet

FILE = Path("rows.parquet")


def test_a_file_is_read_by_its_ending_whole_or_in_parts() -> None:
    Path("rows.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    np.savez("rows.npz", x=np.array([1, 2, 3]), y=np.array(["a", "b", "c"]))
    for file in (Path("rows.csv"), Path("rows.npz")):
        assert read_like(file)["x"].tolist() == [1, 2, 3]
        parts = list(parts_like(file, Cells(), ["x"], 2, 0))
        assert [part.table["x"].tolist() for part in parts] == [[1, 2], [3]]
        assert [list(part.table.labels) for part in parts] == [[1, 2], [3]]
        assert parts[-1].share == 1.0


@pytest.mark.parametrize("ending", ["csv", "npz", "parquet"])
def test_a_file_that_is_not_there_says_so(ending: str) -> None:
    read = read_parquet if ending == "parquet" else read_like
    said = f"there is no file rows.{ending}. Expected the file of the rows."
    assert message(DataError, read, Path(f"rows.{ending}")) == said


COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "whole": (pa.array([1, 2, 3]), [1, 2, 3]),
    "whole and large or missing": (pa.array([2**53 + 1, None, 3]), [2**53 + 1, None, 3]),
    "broken": (pa.array([1.5, None, 3]), [1.5, None, 3.0]),
    "strings": (pa.array(["a", None, ""]), ["a", None, None]),
    "truth": (pa.array([True, None, False]), ["True", None, "False"]),
    "bytes": (pa.array([b"a", None, b"c"]), [b"a", None, b"c"]),
    "categories": (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    "arrays": (pa.array([[1.0, 2.0]] * 3), [[1.0, 2.0]] * 3),
    "days": (pa.array(pd.to_datetime(["2020-01-01"] * 3).date), ["2020-01-01"] * 3),
    "nothing": (pa.nulls(3), [None, None, None]),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("size", [1, 2])
def test_a_column_of_a_parquet_file_is_a_column_whatever_rows_a_part_has(
    kind: str, size: int
) -> None:
    values, expected = COLUMNS[kind]
    parquet.write_table(pa.table({"x": values, "y": [1, 2, 3]}), FILE)
    assert seen(read_parquet(FILE)["x"]) == expected
    parts = list(parquet_parts(FILE, ["x"], size, 0))
    assert [value for part in parts for value in seen(part.table["x"])] == expected
    assert all(list(part.table.columns) == ["x"] for part in parts)


@pytest.mark.parametrize("group", [1, 3, 10, 100])
def test_parts_do_not_go_by_the_groups_of_the_file(group: int) -> None:
    parquet.write_table(pa.table({"x": list(range(30))}), FILE, row_group_size=group)
    for start in (0, 1, 9, 10, 29):
        parts = list(parquet_parts(FILE, ["x"], 7, start))
        found = [value for part in parts for value in part.table["x"].tolist()]
        assert found == list(range(30))[start:]
        assert [len(part.table) for part in parts[:-1]] == [7] * (len(parts) - 1)
        assert parts[0].table.row(0) == f"row {start + 1} of rows.parquet"
        assert [part.share for part in parts] == [part.table.labels[-1] / 30 for part in parts]
    assert list(parquet_parts(FILE, ["x"], 7, 30)) == []


def test_the_index_that_pandas_wrote_is_a_column_as_any() -> None:
    frame = pd.DataFrame({"id": [7, 5, 8], "x": [1, 2, 3]})
    frame.set_index("id").to_parquet(FILE)
    assert {n: v.tolist() for n, v in read_parquet(FILE).columns.items()} == {
        n: v.tolist() for n, v in from_frame(frame, "it").columns.items()
    }


def test_what_is_no_parquet_file_says_why() -> None:
    FILE.write_text("a,b\n1,2\n")
    said = message(DataError, read_parquet, FILE)
    assert said.startswith("rows.parquet cannot be read: Parquet ")
    assert said.endswith(". Expected a Parquet file.")
    parquet.write_table(pa.table({"x": pa.array([], pa.int64())}), FILE)
    assert message(DataError, read_parquet, FILE) == "rows.parquet has no rows. Expected rows."


def test_a_column_that_is_missing_is_named_before_any_row_is_read() -> None:
    parquet.write_table(pa.table({"size": [1], "colour": ["red"]}), FILE)
    assert message(DataError, list, parquet_parts(FILE, ["siez"], 1, 0)) == (
        "rows.parquet has no column 'siez'. It has: size, colour.\n    Did you mean 'size'?"
    )
