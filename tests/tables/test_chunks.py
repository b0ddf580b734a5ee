"""Tables from files of every format, whole and part by part."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet
from shared import message, seen

import kbuilder as kb
from kbuilder.errors import CallError, DataError
from kbuilder.tables import dictionary_array, packing
from kbuilder.tables.arrays import from_frame
from kbuilder.tables.chunks import parts, read
from kbuilder.tables.dictionary import codes_of
from kbuilder.tables.formats import expect_scalars
from kbuilder.tables.parquet_file import parquet_parts, read_parquet

FILE = Path("rows.parquet")


def test_a_file_is_read_by_its_ending_whole_or_in_parts() -> None:
    Path("rows.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    np.savez("rows.npz", x=np.array([1, 2, 3]), y=np.array(["a", "b", "c"]))
    for file in (Path("rows.csv"), Path("rows.npz")):
        assert read(file)["x"].tolist() == [1, 2, 3]
        found = list(parts(file, (), None, ["x"], 2, 0))
        assert [part.table["x"].tolist() for part in found] == [[1, 2], [3]]
        assert [list(part.table.labels) for part in found] == [[1, 2], [3]]
        assert found[-1].share == 1.0


@pytest.mark.parametrize("ending", ["csv", "npz", "parquet"])
def test_a_file_that_is_not_there_says_so(ending: str) -> None:
    reading = read_parquet if ending == "parquet" else read
    said = f"there is no file rows.{ending}. Expected the file of the rows."
    assert message(DataError, reading, Path(f"rows.{ending}")) == said


COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "whole": (pa.array([1, 2, 3]), [1, 2, 3]),
    "whole and large or missing": (pa.array([2**53 + 1, None, 3]), [2**53 + 1, None, 3]),
    "broken": (pa.array([1.5, None, 3]), [1.5, None, 3.0]),
    "strings": (pa.array(["a", None, ""]), ["a", None, None]),
    "truth": (pa.array([True, None, False]), ["True", None, "False"]),
    "bytes": (pa.array([b"\0", None, b"\xff"]), [b"\0", None, b"\xff"]),
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


FRAME = pd.DataFrame({
    "n": [1, 2, 2**62 + 1], "x": [1.5, np.nan, -2.0], "word": ["a", "b ", None],
    "flag": [True, False, True],
})  # fmt: skip
FORMATS: dict[str, Any] = {
    "a.csv": lambda file: FRAME.to_csv(file, index=False),
    "b.csv": lambda file: FRAME.to_csv(file, index=False, sep=";"),
    "c.txt": lambda file: FRAME.to_csv(file, index=False, sep="\t", encoding="utf-16"),
    "d.csv.gz": lambda file: FRAME.to_csv(file, index=False),
    "e.parquet": lambda file: FRAME.to_parquet(file),
    "f.csv": lambda file: FRAME.to_parquet(file),  # whatever its ending
    "g.arrow": lambda file: feather.write_feather(pa.Table.from_pandas(FRAME), file),
    "h.jsonl": lambda file: FRAME.to_json(file, orient="records", lines=True),
    "i.json": lambda file: FRAME.to_json(file, orient="records"),
    "j.json": lambda file: FRAME.to_json(file, orient="split", index=False),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_is_the_same_in_every_format(name: str) -> None:
    if name == "j.json":
        Path(name).write_text(json.dumps({c: json.loads(FRAME[c].to_json(orient="values"))
                                          for c in FRAME}))  # fmt: skip
    else:
        FORMATS[name](Path(name))
    table = kb.CSV(path=name, target="flag").load()[0]
    assert {column: seen(values) for column, values in table.columns.items()} == {
        "n": [1, 2, 2**62 + 1], "x": [1.5, None, -2.0], "word": ["a", "b", None],
        "flag": ["True", "False", "True"],
    }  # fmt: skip
    assert table.fingerprint() == from_frame(FRAME, "it").fingerprint()


def test_a_sheet_of_excel_is_read_by_name_or_number(excel: Path) -> None:
    whole = kb.CSV(path=excel, target="y").load()[0]
    assert whole["x"].tolist() == [1, 2]
    assert kb.CSV(path=excel, sheet="more", target="y").load()[0]["x"].tolist() == [3.5]
    assert kb.CSV(path=excel, sheet=1, target="y").load()[0]["x"].tolist() == [3.5]
    said = message(DataError, kb.CSV(path=excel, sheet="moer", target="y").load)
    assert said == (
        "data.sheet: rows.xlsx has no sheet 'moer'. It has: 'rows', 'more'.\n"
        "    Did you mean 'more'?"
    )


@pytest.fixture
def excel() -> Path:
    """A workbook of two sheets."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "rows"
    for row in (["x", "y"], [1, "a"], [2, "b"]):
        book.active.append(row)
    for row in (["x", "y"], [3.5, "a"]):
        (book["more"] if "more" in book.sheetnames else book.create_sheet("more")).append(row)
    book.save("rows.xlsx")
    return Path("rows.xlsx")


def test_a_workbook_that_swells_or_is_damaged_is_refused(
    excel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = excel.read_bytes()
    with zipfile.ZipFile(excel, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/more.xml", bytes(2**22))
    monkeypatch.setattr(packing, "SMALL", 2**20)
    assert message(DataError, kb.CSV(path=excel, target="y").load) == (
        "data.path: rows.xlsx unpacks to more than 100 times its size, as no table of people does: "
        "4 MiB. If it is meant, save it as CSV."
    )
    # What claims to unpack to little, and does not.
    size, little = (2**22).to_bytes(4, "little"), (100).to_bytes(4, "little")
    excel.write_bytes(excel.read_bytes().replace(size, little))
    assert message(DataError, kb.CSV(path=excel, target="y").load) == (
        "data.path: rows.xlsx cannot be read: xl/more.xml in it is damaged. Expected an Excel file."
    )
    excel.write_bytes(sound[: len(sound) // 2])
    assert message(DataError, kb.CSV(path=excel, target="y").load) == (
        "data.path: rows.xlsx begins as an Excel or zip file does, and its end is lost. Expected "
        "the whole file."
    )


def test_an_archive_is_called_by_its_name() -> None:
    with zipfile.ZipFile("rows.csv", "w") as archive:
        archive.writestr("a.csv", "x,y\n1,a\n")
    said = message(DataError, kb.CSV(path="rows.csv", target="y").load)
    assert said.startswith(
        "data.path: rows.csv is a zip archive, which is read if its name ends in .zip. Expected a "
    )
    Path("rows.csv").rename("rows.zip")
    assert kb.CSV(path="rows.zip", target="y").load()[0]["x"].tolist() == [1]


def test_a_truth_value_that_is_missing_leaves_the_others_what_they_are() -> None:
    frame = pd.DataFrame({"flag": [True, None, False], "n": [1, None, 3], "y": ["a", "b", "c"]})
    frame.to_excel("rows.xlsx", index=False)
    table = kb.CSV(path="rows.xlsx", target="y").load()[0]
    assert seen(table["flag"]) == ["True", None, "False"]
    assert seen(table["n"]) == [1, None, 3]


def test_a_sqlite_file_is_read_by_a_query() -> None:
    with sqlite3.connect("shop.db") as base:
        base.execute("CREATE TABLE sold (x INTEGER)")
    base.close()
    file = Path("shop.db").absolute()
    assert message(DataError, kb.CSV(path="shop.db", target="y").load) == (
        "data.path: shop.db is a SQLite database. Expected a table: CSV, Parquet, Arrow, JSON, "
        f'JSON lines or Excel. A query reads it: `data: {{sql: {{url: "sqlite:///{file}", query: '
        '"SELECT * FROM …"}}`.'
    )


REFUSED = {
    b"\x93NUMPY\x01": "one NumPy array (.npy)", b"\x89HDF\r\n": "HDF5",
    b"<!DOCTYPE html><html>": "a web page, or other XML, such as an error page in its place",
    b"\x80\x04\x95": "a pickle, which is a program", b"%PDF-1.7": "PDF",
    b"version https://git-lfs.github.com/spec/v1\n": "a pointer of Git LFS, not the file itself",
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED)
def test_what_is_no_table_is_called_by_its_name(content: bytes) -> None:
    Path("rows.csv").write_bytes(content)
    assert message(DataError, kb.CSV(path="rows.csv", target="y").load) == (
        f"data.path: rows.csv is {REFUSED[content]}. Expected a table: CSV, Parquet, Arrow, JSON, "
        "JSON lines or Excel."
    )


@pytest.mark.parametrize(("name", "cut"), [("e.parquet", 300), ("g.arrow", 300), ("i.json", 40)])
def test_a_file_that_was_cut_short_says_so(name: str, cut: int) -> None:
    FORMATS[name](Path(name))
    Path(name).write_bytes(Path(name).read_bytes()[:cut])
    said = message(DataError, kb.CSV(path=name, target="flag").load)
    assert said.startswith(f"data.path: {name} cannot be read: ")


@pytest.mark.parametrize("values", [[[1, 2]], [b"x"]])
def test_what_a_script_does_not_read_of_a_parquet_file_is_named(tmp_path: Path, values) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"n": [1], "word": ["a"]}), path)
    expect_scalars(path)
    parquet.write_table(pa.table({"n": [1], "odd": values}), path)
    assert message(CallError, expect_scalars, path).startswith(
        "a script reads numbers, words and dates of Parquet files, and column 'odd' of rows.parquet"
    )


def test_many_words_are_held_as_arrow_has_them_and_are_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [None if n % 7 == 3 else f" word {n % 400} " for n in range(1000)]
    frame = pd.DataFrame({"x": words, "y": range(1000)})
    frame.to_parquet(tmp_path / "rows.parquet")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    few = [read(tmp_path / name) for name in ("rows.parquet", "rows.csv")]
    monkeypatch.setattr(dictionary_array, "MANY", 100)
    many = [read(tmp_path / name) for name in ("rows.parquet", "rows.csv")]
    for one, other in zip(few, many, strict=True):
        assert isinstance(other["x"]._words, dictionary_array.ArrowWords)
        assert not isinstance(one["x"]._words, dictionary_array.ArrowWords)
        assert other["x"].tolist() == one["x"].tolist()
        assert codes_of(other["x"]).tolist() == codes_of(one["x"]).tolist()
        assert other.fingerprint() == one.fingerprint()
