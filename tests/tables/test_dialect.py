"""How a text file of rows is written, as it is recognised."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import message, seen

import kbuilder as kb
from kbuilder.errors import DataError

FILE = Path("rows.csv")
KOREAN = "이름,지역,값\n" + "".join(
    f"가게{n},{'서울' if n % 2 else '부산'},{n}\n" for n in range(30)
)
GERMAN = "größe;Straße;y\n" + "".join(f"{n};Müllerstraße {n};a\n" for n in range(30))
JAPANESE = "なまえ,ばしょ,y\n" + "".join(f"みせ{n},とうきょう,{n}\n" for n in range(30))
CHINESE = "名称,地区,y\n" + "".join(
    f"商店{n},{'北京' if n % 2 else '上海'},{n}\n" for n in range(30)
)
TAIWANESE = "名稱,地區,y\n" + "".join(f"商店{n},臺北市,{n}\n" for n in range(30))
RUSSIAN = "имя,город,y\n" + "".join(f"магазин{n},Москва,{n}\n" for n in range(30))


def data(**fields: object) -> kb.CSV:
    return kb.CSV(**{"path": FILE, "target": "y", **fields})


ENCODED = {
    "cp949": KOREAN, "euc_kr": KOREAN, "utf-16": KOREAN, "utf-8-sig": KOREAN,
    "utf-16-le": "a,b\n1,2\n", "gb18030": CHINESE, "big5": TAIWANESE,
    "latin-1": GERMAN, "cp1252": GERMAN, "shift_jis": JAPANESE, "utf-8": GERMAN,
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODED)
def test_the_encoding_of_a_file_is_recognised(encoding: str) -> None:
    text = ENCODED[encoding]
    FILE.write_bytes(text.encode(encoding))
    mark = ";" if text is GERMAN else ","
    table = data().load()[0]
    first, *rows = [line.split(mark) for line in text.splitlines()]
    assert list(table.columns) == first
    assert [str(v) for v in table[first[1]].tolist()] == [row[1] for row in rows]
    said = data().settle()
    assert ("encoding" in said) == (encoding not in ("utf-8", "utf-8-sig"))


def test_no_encoding_is_advised_that_would_give_garbage() -> None:
    FILE.write_bytes(RUSSIAN.encode("cp1251"))
    assert data(encoding="cp1251").load()[0]["город"][0] == "Москва"
    names = "a,city,y\n" + "".join(f"{n},{'東京大阪'[n % 2 * 2 :][:2]},{n}\n" for n in range(30))
    for text, encoding in ((names, "shift_jis"), (RUSSIAN, "cp1251")):  # the first is no Korean
        FILE.write_bytes(text.encode(encoding))
        message(DataError, data().load)
    assert message(DataError, data().load) == (
        "data.encoding: the encoding of rows.csv is not utf-8, and no other is certain. Name it: "
        "`data: {encoding: latin-1}`, or cp949, shift_jis, gb18030, big5, cp1251 … as whoever "
        "wrote the file says."
    )


MARKS = {
    ";": "a;b;y\n1,5;2,5;x\n3,5;4;z\n",
    "\t": "a\tb\ty\n1\tone, two\tx\n2\tthree\tz\n",
    "|": "a|b|y\n1|2|x\n",
    "whitespace": "a  b  y\n 1.5 2 7\n 3  4.5 8\n",
    ",": "a,b,y\n1;5,2,x\n3;5,4,z\n",
}


@pytest.mark.parametrize("mark", MARKS)
def test_what_stands_between_fields_is_recognised(mark: str) -> None:
    FILE.write_text(MARKS[mark])
    assert list(data().load()[0].columns) == ["a", "b", "y"]
    found = data().settle().get("delimiter")
    assert (found.value if found else ",") == mark


@pytest.mark.parametrize("written", ["\t", "\\t", "tab"])
def test_a_tab_is_written_as_people_write_it(written: str) -> None:
    FILE.write_text("a\ty\n1\t2\n")
    assert data(delimiter=written).load()[0]["a"].tolist() == [1]


def test_an_open_quote_swallows_no_rows() -> None:
    rows = [f"text number {n}\tham" for n in range(50)]
    rows[7], rows[30] = '"it begins\tspam', '"and again "here"\tspam'
    FILE.write_text("\n".join(["text\ty", *rows]) + "\n")
    table = data().load()[0]
    assert len(table) == 50
    assert table["text"][7] == '"it begins'
    assert data().settle()["quoting"].reason == "line 9 opens a quote that it does not close"
    assert len(data(quoting="none").load()[0]) == 50


def test_a_quoted_line_break_stays_one_field() -> None:
    FILE.write_text('a,b,y\n"x\ny",1,2\n"p, q",3,4\n')
    assert data().load()[0]["a"].tolist() == ["x\ny", "p, q"]
    assert data().settle() == {}


def test_a_first_line_that_is_a_row_is_refused_and_columns_name_it() -> None:
    FILE.write_text("7.4,0.70,a\n7.8,0.88,b\n")
    assert message(DataError, data().load) == (
        "data.columns: the first line of rows.csv holds values in place of names: '7.4', '0.70', "
        "'a'. If it is a row, name the 3 columns: `data: {columns: [name_1, name_2, name_3]}`, or "
        "have them called column_1 …: `data: {header: false}`."
    )
    table = data(columns=["p", "q", "y"]).load()[0]
    assert {name: seen(values) for name, values in table.columns.items()} == {
        "p": [7.4, 7.8], "q": [0.7, 0.88], "y": ["a", "b"],
    }  # fmt: skip
    assert list(data(header=False).load()[0].columns) == ["column_1", "column_2", "column_3"]
    said = message(DataError, data(columns=["p", "y"]).load)
    assert said == (
        "data.columns: rows.csv has 3 columns, and data.columns has 2 names: p, y. "
        "Expected a name for each."
    )


@pytest.mark.parametrize("names", ["country,2019,2020,2021", "0,1,2,y", "a1,b2,c,y"])
def test_years_and_numbers_in_order_are_names(names: str) -> None:
    FILE.write_text(f"{names}\n1,2,3,4\n5,6,7,8\n")
    assert list(data(target=names[-1]).load()[0].columns) == names.split(",")


def test_lines_before_the_header_and_comments_are_skipped_as_told() -> None:
    FILE.write_text("Report of May\n\n# a remark\na,y\n1,2\n# another\n3,4\n")
    table = data(skip=2, comment="#").load()[0]
    assert table["a"].tolist() == [1, 3]


NUMBERS = {
    "decimal comma": ({"decimal": ",", "thousands": "."}, ["1.234,5", "0,5"], [1234.5, 0.5]),
    "thousands": ({"thousands": ","}, ["$51,800", "1,234.5"], [51800, 1234.5]),
    "accounts": ({"thousands": ","}, ["(1,200)", "14%"], [-1200, 14]),
    "euros": ({"decimal": ","}, ["19,7 €", "-3"], [19.7, -3]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_read_as_they_are_said_to_be_written(kind: str) -> None:
    given, words, numbers = NUMBERS[kind]
    FILE.write_text("a;y\n" + "".join(f"{word};x\n" for word in words))
    assert data(**given).load()[0]["a"].tolist() == numbers


@pytest.mark.parametrize(
    ("given", "words"),
    [({"thousands": ","}, ["1,5", "1,234"]), ({"decimal": ",", "thousands": "."}, ["1.5", "2,5"]),
     ({"decimal": ","}, ["1.234", "2.345"])],
)  # fmt: skip
def test_digits_that_are_grouped_otherwise_are_not_read_as_another_number(
    given: dict[str, str], words: list[str]
) -> None:
    FILE.write_text("a;y\n" + "".join(f"{word};x\n" for word in words))
    assert data(**given).load()[0]["a"].tolist() == words


def test_another_file_may_be_written_otherwise() -> None:
    FILE.write_bytes(GERMAN.encode("latin-1"))
    settled = data().settle()
    fitted = data(**{name: choice.value for name, choice in settled.items()})
    Path("new.csv").write_text("größe,Straße\n1,Am Markt 1\n", encoding="utf-8")
    assert fitted.read(Path("new.csv"))["Straße"].tolist() == ["Am Markt 1"]
