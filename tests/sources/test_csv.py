"""Rows of a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad import plain, real, wrong
from shared import message

import kbuilder as kb
from kbuilder.errors import DataError


def source(**fields: object) -> kb.CSV:
    return kb.CSV(**{"path": "rows.csv", "target": "b", **fields})


def test_the_file_and_the_test_file_are_read_alike() -> None:
    Path("rows.csv").write_text("a;b\n1;?\n")
    Path("test.csv").write_text("a;b\n?;2\n3;4\n")
    train, test = source(test_path="test.csv", delimiter=";", missing="?").load()
    assert (len(train), len(test)) == (1, 2)
    assert (train.origin, test.origin) == ("rows.csv", "test.csv")
    assert test["b"].tolist() == [2, 4]
    assert source(delimiter=";").load()[1] is None
    assert len(source(delimiter=";").read(Path("test.csv"))) == 2


def test_the_parts_of_another_file_are_read_as_the_file() -> None:
    Path("more.csv").write_text("a;ö\n1;?\n2;ä\n3;7\n", "latin-1")
    given = source(delimiter=";", missing="?", encoding="latin-1")
    parts = list(given.parts(Path("more.csv"), {"ö": ()}, ["ö"], size=2, start=0))
    assert [part.table["ö"].tolist() for part in parts] == [[None, "ä"], ["7"]]
    assert [list(part.table.columns) for part in parts] == [["ö"], ["ö"]]


@pytest.mark.parametrize("field", ["path", "test_path"])
def test_a_file_that_is_not_there_says_where_it_can_be_had(field: str) -> None:
    Path("rows.csv").write_text("a,b\n1,2\n")
    said = message(DataError, source(**{field: "nowhere.csv"}, origin="https://a.b").load)
    assert said == (
        f"data.{field}: there is no nowhere.csv. Expected a table, such as a CSV file. "
        f"Get it from https://a.b and put it there, or give its path with `-o data.{field}=…`."
    )


def test_what_is_wrong_with_a_file_points_to_the_field_that_names_it() -> None:
    Path("rows.csv").write_text("a,b\n1,2\n")
    Path("test.csv").write_text("")
    said = message(DataError, source(test_path="test.csv").load)
    assert said == "data.test_path: test.csv is empty. Expected a header and rows."


WRONG = {
    "delimiter: ''":
        "data.delimiter: Expected one character, such as ';', or tab, or whitespace. Got ''.",
    "delimiter: ', '":
        "data.delimiter: Expected one character, such as ';', or tab, or whitespace. Got ', '.",
    "encoding: utf-17": "data.encoding: Expected an encoding such as utf-8. Got 'utf-17'.",
    "encoding: base64": "data.encoding: Expected an encoding such as utf-8. Got 'base64'.",
    "missing: [[999]]": "data.missing.0: Expected a text. Got [999].",
    "path: 3": "data.path: Expected a path. Got 3.",
    "path: ''": "data.path: Expected a path. Got ''.",
    "target: []": "data.target: Expected at least 1 of them. Got [].",
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_cannot_work_is_refused_before_the_file_is_read(field: str) -> None:
    fields = {"path: a": "", "target: b": ""} | {field: ""}
    names = {text.partition(":")[0]: text for text in fields}
    said = plain(wrong(f"data: {{source: csv, {', '.join(names.values())}}}"))
    assert said.partition(": ")[2] == f"{WRONG[field]}\n1 problem."


def test_adult_is_read_with_its_missing_marks() -> None:
    adult = source(path=real("adult-train.csv"), target="income", missing=["?"]).load()[0]
    assert len(adult) == 32_561
    assert sum(word is None for word in adult["workclass"]) == 1_836
    assert set(adult["income"]) == {"<=50K", ">50K"}
