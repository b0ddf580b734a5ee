"""Tables from CSV files, whole or part by part."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import message, seen

from kbuilder.errors import DataError
from kbuilder.tables import arrow_csv, csv_file
from kbuilder.tables.cells import Cells
from kbuilder.tables.csv_file import csv_parts, read_csv
from kbuilder.tables.dialect import Dialect

FILE = Path("rows.csv")
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
    b"a,b\n9223372036854775808,1\n1,2\n": {"a": [2**63, 1], "b": [1, 2]},
    b"a,b\n9007199254740993,1\n,2\n": {"a": [2**53 + 1, None], "b": [1, 2]},
    b"a,b\n-1,1\n18446744073709551616,2\n": {"a": [-1, 2**64], "b": [1, 2]},
    b"a,b\nx ,1 \n x\t,2\n": {"a": ["x", "x"], "b": [1, 2]},
    b"a,b\ntrue,TRUE\nfalse,no\n": {"a": ["True", "False"], "b": ["TRUE", "no"]},
    b",a\n0,1\n": {"Unnamed: 0": [0], "a": [1]},
    "größe,模型\n1,ä\n".encode(): {"größe": [1], "模型": ["ä"]},
}


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
        f"rows.csv cannot be read as CSV: EOF inside string starting at row 1. {FIELDS} "
        "A quote is opened and not closed: if quotes are plain text, write "
        "`data: {quoting: none}`.",
    b"a,b, a\n1,2,3\n":
        "rows.csv has several columns called 'a'. Expected names that all differ: rename one.",
    b"a,b\n1,2\n1,\xe9\n": "rows.csv is not utf-8: line 3 cannot be read. "
        "Leave data.encoding out, or name the encoding that the file is in.",
    b"a;b\n1,5;2\n": "data.delimiter: rows.csv has a single column, called 'a;b'. "
        "Expected fields between ','; this looks like `data: {delimiter: \";\"}`.",
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED)
def test_what_cannot_be_read_as_csv_says_why(content: bytes) -> None:
    FILE.write_bytes(content)
    assert message(DataError, read_csv, FILE) == REFUSED[content]


def test_a_file_that_is_not_there_says_so() -> None:
    said = "there is no file rows.csv. Expected the file of the rows."
    assert message(DataError, read_csv, FILE) == said


def test_delimiter_encoding_and_missing_texts_are_as_given() -> None:
    FILE.write_bytes("größe;b\n?;1\n5;-9\n".encode("latin-1"))
    table = read_csv(FILE, (), Dialect(";", "latin-1"), cells=Cells(["?", "-9"]))
    assert {n: seen(v) for n, v in table.columns.items()} == {
        "größe": [None, 5.0],
        "b": [1.0, None],
    }


@pytest.mark.parametrize("delimiter", ["||", "\n", "é"])
def test_a_delimiter_of_several_bytes_or_a_line_break_is_refused(delimiter: str) -> None:
    FILE.write_text("a,b\n1,2\n")
    assert message(DataError, read_csv, FILE, (), Dialect(delimiter)) == (
        f"data.delimiter: rows.csv cannot be read with the delimiter {delimiter!r}. "
        "Expected one character that stands between two fields, such as ',' or ';'."
    )


def test_an_encoding_that_says_no_line_is_refused_all_the_same() -> None:
    FILE.write_text("a,b\n1,2\n")
    assert message(DataError, read_csv, FILE, (), Dialect(encoding="utf-16")) == (
        "rows.csv is not utf-16: line 1 cannot be read. "
        "Leave data.encoding out, or name the encoding that the file is in."
    )


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
    assert table["flag"].tolist() == ["True", "False"]
    assert table["size"].tolist() == [1.5, 2.0]
    assert read_csv(file, cells=Cells(words={"size": ()}))["size"].tolist() == ["1.5", "2"]


@pytest.mark.parametrize("ending", ["gz", "zip", "xz"])
def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows.csv.{ending}"
    file.write_text("a,b\n1,2\n")
    said = message(DataError, read_csv, file)
    assert said.startswith(f"{file} cannot be read: ")
    assert said.endswith(". Expected a CSV file.")


def long(file: Path, rows: int = 100) -> None:
    """Rows that are easily taken apart: quoted line breaks, empty fields, empty lines."""
    lines = [f'{n},"a ""{n}""\n\n,b",{"" if n % 7 else n / 3}' for n in range(rows)]
    lines[5] += "\n"  # and an empty line, which is no row
    file.write_text("\n".join(["n,text,size", *lines]))


PARTED: dict[str, tuple[bytes, dict[str, Any]]] = {
    **{str(content): (content, {}) for content in READ},
    "a single column": (b"a\nx y\n\nz\n   \n\n", {}),
    "no line break at the end": (b"a,b\n1,\n,2", {}),
    "latin-1 and semicolons": (
        "größe;b\n?;1\n5;ä\n7;ö\n".encode("latin-1"),
        {"dialect": Dialect(";", "latin-1")},
    ),
}


@pytest.mark.parametrize("content", PARTED)
@pytest.mark.parametrize("size", [1, 2])
def test_the_parts_of_a_file_are_the_whole(content: str, size: int) -> None:
    written, given = PARTED[content][0], dict(PARTED[content][1])
    FILE.write_bytes(written)
    names = list(read_csv(FILE, **given).columns)
    given["cells"] = Cells(["?", "x"], dict.fromkeys(names, ()))
    whole = read_csv(FILE, **given)
    for start in range(len(whole)):
        parts = list(csv_parts(FILE, size=size, start=start, **given))
        assert [len(part.table) for part in parts[:-1]] == [size] * (len(parts) - 1)
        labels = [label for part in parts for label in part.table.labels]
        assert labels == list(whole.labels)[start:]
        for name in names:
            found = [value for part in parts for value in part.table[name].tolist()]
            assert found == whole[name].tolist()[start:]


def test_a_small_file_is_read_at_once_and_a_large_one_in_its_parts_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [f"{n % 7},{n / 3},{'odd' if n % 2 else 'even'},{n}" for n in range(100)]
    FILE.write_text("\n".join(["a,b,c,d", *rows]) + "\n")
    read = []
    by_arrow = arrow_csv.read
    monkeypatch.setattr(arrow_csv, "read", lambda *given: read.append(given) or by_arrow(*given))
    small = list(csv_parts(FILE, size=30))
    assert (len(read), [part.share for part in small]) == (1, [0.3, 0.6, 0.9, 1.0])
    monkeypatch.setattr(csv_file, "SMALL", FILE.stat().st_size - 1)
    large = list(csv_parts(FILE, size=30))
    assert len(read) == 1
    for one, other in zip(small, large, strict=True):
        assert list(one.table.labels) == list(other.table.labels)
        for name, values in one.table.columns.items():
            own = other.table[name]
            assert (values.dtype, values.tolist()) == (own.dtype, own.tolist())


def test_a_long_file_is_read_on_from_any_row() -> None:
    long(FILE)
    whole = read_csv(FILE)
    assert len(whole) == 100
    for start in (1, 33, 64, 99):
        [part, *others] = csv_parts(FILE, size=64, start=start)
        assert part.table["n"].tolist() == list(range(100))[start : start + 64]
        assert part.table["text"].tolist() == whole["text"].tolist()[start : start + 64]
        np.testing.assert_array_equal(part.table["size"], whole["size"][start : start + 64])
        assert part.table.row(0) == f"row {start + 1} of rows.csv"
        assert len(others) == (start < 36)
    assert list(csv_parts(FILE, size=64, start=100)) == []


def test_only_the_columns_that_are_wanted_are_kept_and_all_are_named_where_one_is_missing() -> None:
    long(FILE)
    [part] = csv_parts(FILE, wanted=["size", "n"], size=100)
    assert list(part.table.columns) == ["size", "n"]
    said = message(DataError, list, csv_parts(FILE, wanted=["n", "siez"], size=100))
    assert said == (
        "rows.csv has no column 'siez'. It has: n, text, size.\n    Did you mean 'size'?"
    )


@pytest.mark.parametrize("content", REFUSED)
@pytest.mark.parametrize("size", [1, 2])
def test_what_cannot_be_read_in_parts_says_the_same(content: bytes, size: int) -> None:
    FILE.write_bytes(content)
    assert message(DataError, list, csv_parts(FILE, size=size)) == REFUSED[content]


def test_a_line_far_below_is_named_by_its_number() -> None:
    lines = ["a,b", *["1,2"] * 500_000, "1,\xe9"]
    FILE.write_bytes("\n".join(lines).encode("latin-1"))
    said = "rows.csv is not utf-8: line 500002 cannot be read. "
    assert message(DataError, list, csv_parts(FILE, size=200_000)).startswith(said)
    FILE.write_text("\n".join([*lines[:-1], "1,2,3"]))
    said = "rows.csv cannot be read as CSV: Expected 2 fields in line 500002, saw 3. "
    assert message(DataError, list, csv_parts(FILE, size=200_000)).startswith(said)


def test_a_part_says_how_much_of_the_file_has_been_read() -> None:
    FILE.write_text("a,b\n" + "1,2\n" * 500_000)
    shares = [part.share or 0 for part in csv_parts(FILE, size=100_000)]
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], abs=0.15)
    assert shares == sorted(shares)
    packed = Path("rows.csv.gz")
    packed.write_bytes(gzip.compress(FILE.read_bytes()))
    parts = list(csv_parts(packed, size=250_000))
    assert [(len(part.table), part.share) for part in parts] == [(250_000, None)] * 2
