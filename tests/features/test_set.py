"""Sets of labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import message, reason_of

from kbuilder.contracts import Choice, Explaining
from kbuilder.errors import DataError
from kbuilder.features.category import Category
from kbuilder.features.set import Set
from kbuilder.tables.profile import profile
from kbuilder.tables.sets import labels_in
from kbuilder.tasks.multilabel import Multilabel


def objects(*values: object) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        array[row] = value
    return array


def learned(values: np.ndarray, **given: Any) -> Set:
    feature = Set(**given)
    choices = feature.learn("x", values)
    update = {n: c.value for n, c in choices.items() if getattr(feature, n) is None}
    return feature.model_copy(update=update)


def prepared(feature: Set, values: np.ndarray) -> list[list[float]]:
    import tensorflow as tf

    return feature.layer()(tf.constant(feature.raw("x", values).tolist())).numpy().tolist()


WAYS = {
    "bars": ("a|b", " b | a |", "|", None, "a"),
    "semicolons": ("a;b", "b; a;", ";;", None, "a"),
    "commas": ("a,b", "b, a, b", ",", None, "a"),
    "JSON": ('["a","b"]', '["b", "a"]', "[]", None, '["\\u0061"]'),
    "Python": ("['a', 'b']", "[\"b\", 'a']", "[]", None, "['a',]"),
    "NumPy": ("['a' 'b']", "['b'\n 'a']", "[]", None, "['a']"),
    "lists": (["a", "b"], ("b", "a", "b"), [], None, {"a"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_cells_with_several_labels_are_read_in_each_way_of_writing(way: str) -> None:
    values = objects(*WAYS[way])
    feature = learned(values)
    assert (feature.vocabulary, feature.unknown, feature.indicator) == (("a", "b"), False, True)
    rows = prepared(feature, values)
    last = [0.0, 0, 0] if way == "JSON" else [1.0, 0, 0]  # nobody writes an a like that
    assert rows == [[1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1], last]
    assert Multilabel(classes=["a", "b"], separator=feature.separator).encode(
        "y", values
    ).tolist() == [[1, 1], [1, 1], [0, 0], [0, 0], [1, 0]]


LABELS = st.one_of(
    st.text(max_size=6),
    st.text("ab |;,[]\"'\\/\t\n\u00a0\u2028é日😀-0", max_size=8),
    st.sampled_from(["nan", "None", "null", "true", "True", "-1", "07", "a b", "\\u0061", "NA"]),
)
WRITERS = {
    "JSON": (json.dumps, "[]"),
    "JSON as it is": (lambda labels: json.dumps(labels, ensure_ascii=False), "|"),
    "Python": (repr, ","),
    "ASCII": (ascii, "[]"),
    "|": ("|".join, "|"),
    ", ": (", ".join, ", "),
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(LABELS, max_size=4), min_size=1, max_size=8), st.sampled_from([*WRITERS]))
def test_the_graph_reads_the_labels_that_were_learned(rows: list[list[str]], way: str) -> None:
    write, mark = WRITERS[way]
    values = objects(*map(write, rows), "", None)
    wanted = [set(labels_in(text, mark)) for text in values[:-2]]
    if way not in ("|", ", "):
        assert wanted == [{label.strip() for label in row} - {""} for row in rows] or any(
            label != label.strip() for row in rows for label in row
        )
    known = sorted(set().union(*wanted))
    if not known:
        with pytest.raises(DataError):
            Set(separator=mark).learn("x", values)
        return
    feature = learned(values, separator=mark, rare_below=1)
    assert sorted(feature.vocabulary or ()) == known
    flags = [[float(label in row) for label in feature.vocabulary or ()] for row in wanted]
    blank = [0.0] * len(known)
    expected = [*flags, blank, blank]
    gone = [[float(not text)] for text in values]
    blanks = [[float(not text.strip())] for text in values[:-2]] + gone[-2:]
    assert prepared(feature, values) == [
        row + end for row, end in zip(expected, blanks, strict=True)
    ]


def test_rare_labels_count_as_unknown_and_that_is_said() -> None:
    values = objects("a|b", "a|c", "b", "a|d")
    choices = Set(rare_below=2).learn("x", values)
    assert choices == {
        "vocabulary": Choice(
            ("a", "b"), "the labels of 4 training values, 2 rarer ones are unknown"
        ),
        "separator": Choice("|", "it stands between the labels of 3 training values"),
        "unknown": Choice(True, "2 training values have an unknown label"),
        "indicator": Choice(False, "0 training values missing"),
        "empty_is_missing": Choice(False, "0 training values are sets without labels"),
    }
    feature = learned(values, rare_below=2)
    assert prepared(feature, objects("a|b", "e|a", "")) == [[1, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert learned(values, max_labels=1).vocabulary == ("a",)
    ignoring = learned(objects("a|b", "b"))
    assert prepared(ignoring, objects("c|b", "c")) == [[1, 0], [0, 0]]


def test_a_set_without_labels_and_a_missing_one_are_one_where_training_has_one_of_both() -> None:
    asked = objects("a", "[]", [], "|", "", None, "c")
    both, missing, empty = ("a|b", "[]", ""), ("a|b", "b", None), ("a|b", [], "b")
    assert prepared(learned(objects(*both)), asked)[1:] == [
        [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0],
    ]  # fmt: skip
    feature = learned(objects(*missing))
    assert feature.empty_is_missing
    assert prepared(feature, asked)[1:] == [[0, 0, 1]] * 5 + [[0, 0, 0]]
    assert prepared(learned(objects(*empty)), asked)[1:] == [[0, 0]] * 6
    written = learned(objects(*missing), empty_is_missing=False)
    assert prepared(written, asked)[1:3] == [[0, 0, 0]] * 2


def test_a_set_is_recognised_by_how_sure_it_is() -> None:
    rows = objects(*(["red|big", "red|small", "blue|big", "blue", "small|blue"] * 4))
    assert reason_of(Set, profile(rows)) == "it holds names with '|' between them"
    assert Set.recognise(profile(rows)).strength > Category.recognise(profile(rows)).strength
    lists = objects(*([["red"], ["red", "big"], [], None] * 4))
    assert Set.recognise(profile(lists)).strength == 1.0
    assert reason_of(Set, profile(lists)) == "it holds lists of names"
    assert reason_of(Set, profile(objects("['a']", "[]", '["a", "b"]'))) == (
        "it holds lists of names"
    )
    for no in (["red", "blue"] * 9, [[1, 2], [3, 4]] * 9, ["[1, 2]", "[3, 4]"], ["[0.5]"] * 9,
               ["Smith, John", "Doe, Jane", "Poe, Ann"] * 9, [[0.5], [1.5, 2.5]]):  # fmt: skip
        assert Set.recognise(profile(objects(*no))) is None
    decimals = profile(objects(*(f"{n % 3},{n % 5}" for n in range(60))))
    assert Set.recognise(decimals) is None


def test_values_that_are_no_sets_are_refused() -> None:
    assert message(DataError, Set().learn, "x", np.ones((3, 2))) == (
        "features.x: column 'x' holds no sets of labels. Expected lists of names, or texts with a "
        "separator between names."
    )
    assert message(DataError, Set().learn, "x", objects("|", None, "[]")) == (
        "features.x: column 'x' has no label in the training rows. Leave it out with "
        "`data: {ignore: [x]}`."
    )
    assert message(DataError, Set(rare_below=3).learn, "x", objects("a|b")) == (
        "features.x.rare_below: column 'x' has no label with 3 training rows or more. "
        "Lower `rare_below`."
    )


def test_lists_of_numbers_are_read_alike_however_long_they_are() -> None:
    feature = learned(objects([1, 2], [3], [], None))
    assert feature.vocabulary == ("1", "2", "3")
    even = np.array([[1, 3], [2, 1]])  # as a part of the rows may come
    assert prepared(feature, even) == [[1, 0, 1, 0], [1, 1, 0, 0]]
    assert prepared(feature, objects(3.0, "[2.5]", 2)) == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert learned(even).vocabulary == ("1", "2", "3")


def test_cells_of_which_no_label_is_known_are_strange() -> None:
    feature = learned(objects("a|b", "b"))
    there, strange = feature.strange(feature.raw("x", objects("c", "a|c", "", "[]", '["c"]')))
    assert there.tolist() == [True, True, False, False, True]
    assert strange.tolist() == [True, False, False, False, True]
    assert isinstance(feature, Explaining)
