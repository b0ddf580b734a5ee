"""Categories."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, reason_of, strings

from kbuilder.contracts import Choice
from kbuilder.errors import DataError, RecipeError
from kbuilder.features.category import Category
from kbuilder.tables.profile import profile
from kbuilder.tables.values import MISSING_INTEGER

WORDS = np.array(["b", "a", None, "b", "c", ""], dtype=object)


def objects(*values: object) -> np.ndarray:
    return np.array(values, dtype=object)


def test_the_vocabulary_has_the_most_frequent_first_and_nothing_missing() -> None:
    learned = Category().learn("c", WORDS)
    assert learned["vocabulary"] == Choice(("b", "a", "c"), "the values of 4 training rows")
    assert learned["embedding"] == Choice(0, "3 different values, at most 64")


def test_rare_values_count_as_unknown() -> None:
    assert Category(rare_below=2).learn("c", WORDS)["vocabulary"] == Choice(
        ("b",), "the values of 4 training rows, 2 rarer ones count as unknown"
    )


def test_when_all_are_rare_the_bound_is_to_be_lowered() -> None:
    assert message(DataError, Category(rare_below=3).learn, "c", WORDS) == (
        "features.c.rare_below: column 'c' has no value with 3 training rows or more. "
        "Lower `rare_below`."
    )


def test_missing_unknown_and_known_have_slots_of_their_own() -> None:
    feature = Category(vocabulary=["b", "a"], embedding=0)
    raw = feature.raw("c", objects("a", None, "new", "b"))
    assert raw.tolist() == ["a", "", "new", "b"]
    rows = feature.layer()(strings(*raw)).numpy()
    assert rows.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def test_integers_with_missing_ones_have_the_same_slots() -> None:
    values = np.array([-1.0, np.nan, 7.0, 5.0])
    feature = Category(vocabulary=[7, -1], embedding=0)
    raw = feature.raw("c", values)
    assert raw.dtype == np.int64
    assert raw.tolist() == [-1, MISSING_INTEGER, 7, 5]
    assert feature.layer()(raw).numpy().argmax(axis=1).tolist() == [3, 0, 2, 1]
    assert feature.signature() == ((None,), "int64")


def test_the_vocabulary_of_whole_floats_is_of_integers() -> None:
    learned = Category().learn("c", np.array([2.0, np.nan, 2.0, 1.0]))
    assert learned["vocabulary"].value == (2, 1)
    assert {type(value) for value in learned["vocabulary"].value} == {int}


def test_words_that_keras_keeps_for_itself_are_words_like_others() -> None:
    feature = Category(vocabulary=["[UNK]", "a"], embedding=0)
    assert feature.layer()(strings("[UNK]", "a", "zz", "")).numpy().argmax(axis=1).tolist() == [
        2,
        3,
        1,
        0,
    ]


def test_whole_numbers_in_a_column_of_words_are_read_as_words() -> None:
    raw = Category(vocabulary=["1", "a"]).raw("c", objects(1, 1.0, "a", np.nan))
    assert raw.tolist() == ["1", "1", "a", ""]


@pytest.mark.parametrize(
    ("value", "shown"), [("high", "high"), (2.5, "2.5"), (10**30, str(10**30))]
)
def test_a_value_that_is_no_whole_number_is_named_with_its_row(value: object, shown: str) -> None:
    with pytest.raises(DataError) as caught:
        Category(vocabulary=[1, 2]).raw("c", objects(1, value))
    assert str(caught.value) == (
        f"features.c: column 'c' holds whole numbers, but here {shown!r}. Expected a whole number."
    )
    assert caught.value.row == 1


@pytest.mark.parametrize(("count", "length"), [(64, 0), (65, 17), (20_000, 50)])
def test_many_values_become_an_embedding(count: int, length: int) -> None:
    values = np.array([f"v{n}" for n in range(count)], dtype=object)
    bound = "at most 64" if count == 64 else "more than 64"
    assert Category().learn("c", values)["embedding"] == Choice(
        length, f"{count:,} different values, {bound}"
    )


def test_an_embedding_is_a_vector_of_its_length_per_row() -> None:
    import keras

    feature = Category(vocabulary=["a", "b"], embedding=3)
    assert not feature.packed
    assert feature.layer()(strings("b", "", "?")).numpy().tolist() == [[3], [0], [1]]
    signal = feature.embed(keras.Input((1,), dtype="int64"))
    assert (signal.form, signal.tensor.shape) == ("vector", (None, 3))


@pytest.mark.parametrize("vocabulary", [["a", "a"], ["a", 1], ["a", ""], [2, 2]])
def test_a_vocabulary_of_values_that_are_not_told_apart_is_refused(vocabulary: list) -> None:
    with pytest.raises(RecipeError) as caught:
        Category(vocabulary=vocabulary)
    [error] = caught.value.__context__.errors()
    assert (error["loc"], error["msg"]) == (
        ("vocabulary",),
        "Expected values that all differ, either all words, none of them empty, or all whole "
        "numbers",
    )


def test_an_empty_column_is_refused() -> None:
    assert message(DataError, Category().learn, "c", objects(None, "")) == (
        "features.c: column 'c' has no value at all in the training rows. "
        "Leave it out with `data: {ignore: [c]}`."
    )


def test_broken_numbers_are_no_categories() -> None:
    assert message(DataError, Category().learn, "c", np.array([1, 2.5])) == (
        "features.c: column 'c' holds broken numbers such as 2.5. "
        "Expected strings or whole numbers for a category; read it as a number."
    )


def test_mixed_kinds_are_no_categories() -> None:
    assert message(DataError, Category().learn, "c", objects("a", 1)) == (
        "features.c: column 'c' mixes kinds of values, or holds none that can name a kind. "
        "Expected all strings or all whole numbers."
    )


def test_short_strings_that_repeat_are_recognised() -> None:
    reason = reason_of(Category, profile(objects("a", "b", "a", None)))
    assert reason == "2 different strings in 3 values"
    assert Category.recognise(profile(np.array([1, 2]))) is None
    assert Category.recognise(profile(objects(*(f"name {n}" for n in range(50))))) is None


def test_a_whole_number_is_read_alike_whatever_stands_beside_it() -> None:
    feature = Category(vocabulary=[3, 2**53 + 1])
    texts = objects("3", "03", "3.0", "3e0", str(2**53 + 1), None)
    assert feature.raw("c", texts).tolist() == [3, 3, 3, 3, 2**53 + 1, MISSING_INTEGER]
