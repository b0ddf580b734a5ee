"""Named columns, and what can be seen of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import message

from kbuilder.errors import DataError
from kbuilder.tables import profile as profile_module
from kbuilder.tables import table as table_module
from kbuilder.tables.profile import Profile, profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import is_number, kind_of, missing


def objects(*values: Any) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


TABLE = Table({"age": np.array([3, 4]), "name": objects("a", None)}, "people.csv")


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    assert message(DataError, TABLE.__getitem__, "nam") == (
        "people.csv has no column 'nam'. It has: age, name.\n    Did you mean 'name'?"
    )
    assert message(DataError, TABLE.only, ["agee", "x"], ("data", "ignore")) == (
        "data.ignore: people.csv has no column 'agee', 'x'. It has: age, name.\n"
        "    Did you mean 'age'?"
    )


def test_rows_keep_their_names_when_some_are_taken() -> None:
    table = TABLE.take(np.array([1]))
    assert (len(table), table.row(0)) == (1, "row 2 of people.csv")
    assert Table({"x": np.zeros(1)}, "folder", ["a/b.png"]).row(0) == "a/b.png"
    assert len(TABLE.take(np.array([], dtype=int))) == 0


def test_rows_are_counted_by_what_they_are(tmp_path: Path) -> None:
    frames = [str(tmp_path / name) for name in "ab"]
    for name in frames:
        Path(name).mkdir()
        Path(name, "0.png").touch()
    videos = Table({"x": np.zeros(2)}, "videos", frames, files=True)
    pictures = Table({"x": np.zeros(1)}, "pictures", [f"{frames[0]}/0.png"], files=True)
    counted = [videos.count(), videos.take(slice(1)).count(), pictures.count(), TABLE.count()]
    assert counted == ["2 folders", "1 folder", "1 file", "2 rows"]


def test_the_parts_of_a_table_keep_the_names_of_its_rows() -> None:
    table = Table({"x": np.arange(5)}, "it", list("abcde"))
    parts = list(table.parts(2, start=1))
    assert [part.table["x"].tolist() for part in parts] == [[1, 2], [3, 4]]
    assert [part.table.labels for part in parts] == [["b", "c"], ["d", "e"]]
    assert [part.share for part in parts] == [0.6, 1.0]
    assert list(table.parts(2, start=5)) == []


def test_several_targets_are_side_by_side_and_all_numbers() -> None:
    table = Table({"a": np.array([1, 2]), "b": np.array([0.5, 1]), "c": objects("x", "y")}, "t")
    assert table.target(["b", "a"]).tolist() == [[0.5, 1], [1, 2]]
    assert table.target(["c"]).tolist() == ["x", "y"]
    assert message(DataError, table.target, ["a", "c"]) == (
        "data.target: several targets must all be numbers; c is not. "
        "Name one target, or turn the column into 0 and 1."
    )
    assert message(DataError, table.target, ["d"]) == (
        "data.target: t has no column 'd'. It has: a, b, c."
    )


DIFFERENT = [
    {"x": np.array([1, 2])},
    {"x": np.array([2, 1])},
    {"x": np.array([1.0, 2.0])},
    {"y": np.array([1, 2])},
    {"x": np.array([[1], [2]])},
    {"x": np.array([[1, 2]])},
    {"x": objects("ab", "c")},
    {"x": objects("a", "bc")},
    {"x": objects(b"ab", b"c")},
    {"x": objects(b"a", b"bc")},
    {"x": objects("1", "2")},
    {"x": objects("a", None)},
]


def test_a_fingerprint_is_that_of_the_values_alone() -> None:
    prints = [Table(columns, "here").fingerprint() for columns in DIFFERENT]
    assert len(set(prints)) == len(DIFFERENT)
    assert prints == [Table(columns, "there").fingerprint() for columns in DIFFERENT]
    both = {"a": np.zeros(2), "b": np.ones(2)}
    turned = {"b": np.ones(2), "a": np.zeros(2)}
    assert Table(both, "").fingerprint() == Table(turned, "").fingerprint()


KINDS = {
    "number": [np.array([1, 2]), np.array([1.0, np.nan]), objects(1, None, 2**70)],
    "string": [objects("a", None), objects(None, None), objects("a", float("nan"), "")],
    "bytes": [objects(b"a", None)],
    "array": [np.zeros((2, 3))],
    "list": [objects(["a"], []), objects(None, ("a",)), objects({"a"})],
    "mixed": [objects("a", 1), objects("a", b"a"), objects(np.zeros(2), np.zeros(3))],
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_column_is_that_of_its_values(kind: str) -> None:
    assert {kind_of(values) for values in KINDS[kind]} == {kind}


def test_missing_is_none_not_a_number_or_an_empty_text() -> None:
    values = objects(None, float("nan"), np.float32("nan"), "", " ", 0, [], b"", np.zeros(2))
    assert missing(values).tolist() == [True] * 4 + [False] * 5
    assert missing(np.array([1.0, np.nan])).tolist() == [False, True]
    assert missing(np.array([1, 2])).tolist() == [False, False]
    assert missing(np.full((2, 3), np.nan)).tolist() == [False, False]


@pytest.mark.parametrize(("text", "number"), [("1", True), ("-1e3", True), ("1,5", False)])
def test_a_number_reads_as_a_number(text: str, number: bool) -> None:
    assert is_number(text) is number


def test_a_profile_holds_what_can_be_seen() -> None:
    found = profile(np.array([1.0, np.nan, 3.0, 3.0]))
    assert (found.kind, found.rows, found.missing, found.present) == ("number", 4, 1, 3)
    assert (found.distinct, found.whole, found.low, found.high) == (2, True, 1.0, 3.0)
    found = profile(objects("1", "a b c", None, "a b c"))
    assert (found.kind, found.distinct, found.missing) == ("string", 2, 1)
    assert (found.words, found.numeric) == (pytest.approx(7 / 3), pytest.approx(1 / 3))
    found = profile(np.array([[0, 1], [1, 1]], np.uint8))
    assert (found.kind, found.shape, found.dtype) == ("array", (2,), "uint8")
    assert (found.whole, found.low, found.high) == (True, 0.0, 1.0)


@pytest.mark.parametrize(
    "values", [np.zeros(0), objects(None, None), np.zeros((0, 2)), np.array([[np.nan, 1.0]])]
)
def test_a_profile_of_nothing_is_no_fault(values: np.ndarray) -> None:
    assert profile(values).rows == len(values)


def test_different_words_are_counted_exactly_or_nearly(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"word {n % 5000}" for n in range(8000)]
    few, many = profile_module._Different(), profile_module._Different()
    few.add(words)
    assert few.count() == 5000
    monkeypatch.setattr(profile_module, "MOST", 500)
    for word in words:
        many.add([word])
    assert len(many.words) <= 500
    assert 4000 < many.count() < 6000


def test_texts_of_very_many_rows_are_no_names_though_most_come_again() -> None:
    seen = Profile("string", 4_000_000, distinct=1_500_000, words=5, repetition=900)
    assert seen.reads_as_text
    assert not replace(seen, rows=400_000, distinct=40_000).reads_as_text
    assert not replace(seen, words=3).reads_as_text
    assert replace(seen, words=3, distinct=2_500_000).reads_as_text


def test_the_fingerprint_and_the_labels_do_not_go_by_how_many_rows_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table({"age": np.arange(5), "name": objects("a", "b", None, "a", "c")}, "people.csv")
    rows, odd = np.array([4, -1, 0], np.int32), np.arange(5) % 2 == 1
    whole = table.fingerprint()
    labels = [list(table.take(some).labels) for some in (rows, odd)]
    assert labels == [[5, 5, 1], [2, 4]]
    monkeypatch.setattr(table_module, "MANY", 2)
    assert table.fingerprint() == whole
    assert [list(table.take(some).labels) for some in (rows, odd)] == labels
