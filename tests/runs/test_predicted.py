"""Predictions as CSV in any encoding, as JSON lines, and as a sheet of Excel."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad import files_below
from shared import message

from kbuilder.console import Console
from kbuilder.errors import CallError, DataError
from kbuilder.runs import predict_file, predicted_excel, under_way
from kbuilder.runs.predict_file import Job, check
from kbuilder.runs.predicted_ways import WAYS, Way
from kbuilder.tables.csv_file import csv_parts
from kbuilder.tables.table import Part, Table

DATA = Path("rows.csv")
LONG = 9000000000000000001
FORMULA = "=HYPERLINK(1)"
NAMES = ["é", "김", FORMULA, "#N/A", "00123", "_x0041_", "a\x1bb\x00", "1"]
"""What a sheet, or an encoding, may take for something else."""


def predicted(table: Table) -> pd.DataFrame:
    """What is predicted of some rows here, beside what is kept of them."""
    rows = np.arange(len(table))
    return pd.DataFrame({
        "id": [LONG] * len(rows), "name": table["name"], "when": [datetime(2024, 2, 29, 1)] *
        len(rows), "day": [date(1899, 1, 2)] * len(rows), "ok": rows < 1,
        "score": np.where(rows < 1, np.nan, 0.1).astype(np.float32),
    })  # fmt: skip


def parts(start: int) -> Iterator[Part]:
    """Three rows at a time."""
    from kbuilder.tables.cells import Cells

    cells = Cells((), {"name": ()})
    return csv_parts(DATA, size=3, start=start, cells=cells)


def write(output: str, names: list[str], **other: Any) -> int:
    """Write the predictions of rows with such names."""
    pd.DataFrame({"name": names}).to_csv(DATA, index=False)
    given = {"data": (DATA,), "run": "r", "parts": parts, "predict": predicted, "again": "again"}
    return predict_file.write(Job(output=Path(output), **{**given, **other}), Console(False))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp949"])
def test_csv_is_in_the_encoding_asked_for_with_one_mark(encoding: str) -> None:
    names = [*(["가", "나,", 'c"'] * 3), "d"]
    write("out.csv", names, encoding=encoding)
    text = Path("out.csv").read_bytes().decode(encoding)
    assert not text.startswith("\ufeff")
    assert "\ufeff" not in text
    found = pd.read_csv("out.csv", encoding=encoding)
    assert found["name"].tolist() == names
    assert found["id"].tolist() == [LONG] * 10


def test_a_character_without_room_is_refused_and_nothing_is_left() -> None:
    Path("out.csv").write_text("old")
    names = ["a", "b", "c", "d", "ж"]
    assert message(DataError, write, "out.csv", names, encoding="cp1252") == (
        "the column 'name' holds 'ж', which cp1252 has no room for. Expected --encoding utf-8 or "
        "utf-8-sig, which have all characters."
    )
    assert Path("out.csv").read_text() == "old"
    assert files_below(Path()) == ["out.csv", "rows.csv"]


@pytest.mark.parametrize("encoding", ["utf-9", "base64", "rot13", ""])
def test_what_is_no_encoding_is_refused(encoding: str) -> None:
    assert message(CallError, check, Path("out.csv"), encoding) == (
        f"{encoding!r} is no encoding of text. Expected one such as utf-8, utf-8-sig (for Excel), "
        "cp1252, cp949, utf-16."
    )


def test_only_csv_has_an_encoding() -> None:
    assert message(CallError, check, Path("out.xlsx"), "utf-8-sig") == (
        "out.xlsx has no encoding to choose. Expected --encoding with CSV alone."
    )


def test_json_lines_have_an_object_for_each_row() -> None:
    assert write("out.jsonl", NAMES) == len(NAMES)
    lines = Path("out.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    rows = [json.loads(line) for line in lines]
    assert [row["name"] for row in rows] == NAMES
    assert lines[1] == (
        f'{{"id": {LONG}, "name": "김", "when": "2024-02-29 01:00:00", "day": "1899-01-02", '
        '"ok": false, "score": 0.1}'
    )
    assert rows[0]["score"] is None


def test_a_sheet_keeps_texts_digits_and_times() -> None:
    assert write("out.xlsx", NAMES) == len(NAMES)
    found = pd.read_excel("out.xlsx", engine="openpyxl", dtype=object, keep_default_na=False)
    assert list(found) == ["id", "name", "when", "day", "ok", "score"]
    shown = [*NAMES[:6], "a\\x1bb\\x00", "1"]
    assert [name.replace("_x005F_", "_") for name in found["name"]] == shown
    assert found["id"].tolist() == [str(LONG)] * len(NAMES)
    assert found["when"].tolist() == [datetime(2024, 2, 29, 1)] * len(NAMES)
    assert set(found["day"]) == {"1899-01-02"}  # sheets begin in 1900
    assert found["ok"].tolist()[:2] == [True, False]
    assert found["score"].tolist()[:2] == ["", 0.1]
    with zipfile.ZipFile("out.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet  # no cell is a formula
    assert 't="e"' not in sheet  # nor an error
    assert files_below(Path()) == ["out.xlsx", "rows.csv"]


def test_more_rows_than_a_sheet_has_are_refused_before_they_are_predicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert WAYS[".xlsx"].most == predicted_excel.MOST == 2**20 - 1
    way = Way(*vars(WAYS[".xlsx"]).values())
    monkeypatch.setitem(WAYS, ".xlsx", Way(way.encode, way.finish, most=4))
    assert write("few.xlsx", NAMES[:4]) == 4
    assert message(DataError, write, "out.xlsx", NAMES) == (
        "out.xlsx has room for 4 rows, and rows.csv has more. Expected an output in CSV or Parquet."
    )
    assert files_below(Path()) == ["few.xlsx", "rows.csv"]


def test_a_text_that_is_too_long_for_a_cell_is_refused() -> None:
    long = "x" * (predicted_excel.LONGEST + 1)
    assert message(DataError, write, "out.xlsx", ["a", long]) == (
        "the column 'name' holds a text of 32,768 characters, and a cell of Excel has room for "
        "32,767. Expected an output in CSV or Parquet."
    )
    assert not under_way.unfinished(Path("out.xlsx")).exists()


def test_bytes_have_no_room_in_a_sheet() -> None:
    def photos(table: Table) -> pd.DataFrame:
        return pd.DataFrame({"photo": [b"\x89"] * len(table)})

    assert message(DataError, write, "out.xlsx", ["a"], predict=photos) == (
        "a column that is kept holds bytes, which Excel has no room for. Expected Parquet, or "
        "other columns to keep."
    )
