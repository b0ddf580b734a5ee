"""Cells with several labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kbuilder as kb
from kbuilder.tables.profile import profile, separator_of
from kbuilder.tables.sets import labels_in, mark_of


@pytest.mark.parametrize(
    ("text", "mark", "labels"),
    [
        ("a| b |a||", "|", ["a", "b", "a"]),
        ("a, b", ",", ["a", "b"]),
        ('["a|b", "c"]', "|", ["a|b", "c"]),
        ("['a' 'b']", "|", ["a", "b"]),
        ('["\\u00e9", "\\ud83d\\ude00", " a "]', "[]", ["é", "😀", "a"]),
        ("['it\\'s', \"b\\\\c\", 'x\\x41']", "[]", ["it's", "b\\c", "xA"]),
        ("[1, -2, true, null, 'null']", "[]", ["1", "-2", "True", "null"]),
        ("[a, b]", ",", ["[a", "b]"]),  # it is no list
        ("[0.5, 1]", "[]", ["[0.5, 1]"]),
        ("\u3000a\u00a0;b", ";", ["a", "b"]),
        ("[]", "|", []),
        (" ", "|", []),
    ],
)
def test_the_labels_of_a_cell(text: str, mark: str, labels: list[str]) -> None:
    assert labels_in(text, mark) == labels


def test_a_list_that_never_ends_takes_no_longer_than_it_is_long() -> None:
    for text in ("[" + " " * 50_000, '["a"' + " " * 50_000, '["a",' * 10_000, "['a' " * 10_000):
        assert labels_in(text, "|") == [text.strip()]
    spaced = '["a' + " " * 50_000 + 'b"]'
    assert labels_in(spaced, "|") == [spaced[2:-2]]


def test_the_separator_is_what_most_have() -> None:
    assert mark_of(["a;b", "a", "a;b|c"]) == ";"
    assert mark_of(["[]", "['a']", "a;b"]) == "[]"
    assert mark_of([]) == "|"
    assert separator_of(np.array(["a, b", None, "c"], dtype=object)) == ","


def test_a_few_rare_labels_are_no_hindrance() -> None:
    rows = ["a;b", "b;c", "a;c", "a", "b;a;c"] * 20
    assert profile(np.array([*rows, "d;a", "e"], dtype=object)).separator == ";"


def test_lists_in_parquet_are_lists() -> None:
    rows = [["a", "b"], ["b", "c"], ["c", "a"], None] * 10
    even = [["a", "b"], ["b", "c"]] * 20
    numbers = [[1], [1, 2], [], None] * 10
    frame = pd.DataFrame({"tags": rows, "even": even, "ids": numbers, "y": [0.5, 1.5] * 20})
    frame.to_parquet("rows.parquet")
    table, _ = kb.CSV(path=Path("rows.parquet"), target="y").load()
    assert table["tags"].tolist() == rows
    assert table["even"].tolist() == even
    assert table["ids"].tolist() == numbers
    memory, _ = kb.Frame(frame=frame, target="y").load()
    assert all(memory[name].tolist() == table[name].tolist() for name in ("tags", "even", "ids"))
