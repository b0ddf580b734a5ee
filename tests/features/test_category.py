"""Categories."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


def hashed(values: np.ndarray, size: int, **given: Any) -> Category:
    feature = Category(hash=size, **given)
    choices = feature.learn("c", values)
    update = {n: c.value for n, c in choices.items() if getattr(feature, n) is None}
    return feature.model_copy(update=update)


def test_a_hash_is_that_of_keras_in_every_process() -> None:
    import keras

    words = objects("b", "", "日本", "a\nb", "True", "12", "b")
    feature = hashed(words, 1000, embedding=2)
    slots = feature.layer()(strings(*words)).numpy()[:, 0]
    expected = keras.layers.Hashing(1000)(strings(*words)).numpy() + 1
    assert slots.tolist() == np.where(words == "", 0, expected).tolist()
    assert slots.tolist() == [823, 0, 884, 68, 898, 889, 823]
    others = feature.layer()(strings("true", "TRUE")).numpy()[:, 0]
    assert others.tolist() == [slots[4], slots[4]]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=5), st.integers(-(2**63) + 1, 2**63 - 1))),
    st.integers(1, 200),
)
def test_any_value_has_a_slot_and_numbers_have_that_of_their_digits(
    given_: list[str | int | None], size: int
) -> None:
    words = objects("a", *(None if value is None else str(value) for value in given_))
    feature = hashed(words, size, embedding=3)
    assert feature.whole is False
    assert feature.signature() == ((None,), "string")
    slots = feature.layer()(strings(*feature.raw("c", words))).numpy()[:, 0]
    absent = np.array([not word for word in words])
    assert ((slots == 0) == absent).all()
    assert slots.max() <= size
    rows = feature.model_copy(update={"embedding": 0}).layer()(strings(*feature.raw("c", words)))
    np.testing.assert_array_equal(rows.numpy(), np.eye(size + 1, dtype=np.float32)[slots])
    whole = [value for value in given_ if isinstance(value, int)]
    if whole:
        numbers = hashed(np.array([*whole, None], dtype=object), size, embedding=3)
        raw = numbers.raw("c", np.array([*whole, None], dtype=object))
        assert (numbers.whole, raw.dtype) == (True, np.int64)
        places = [row for row, value in enumerate(given_, start=1) if isinstance(value, int)]
        assert numbers.layer()(raw).numpy()[:, 0].tolist() == [*slots[places].tolist(), 0]


@pytest.mark.parametrize("integers", ["int32", "int64"])
def test_slots_go_into_exports_that_take_numbers_alone(integers: str) -> None:
    for values in (objects("a", None, "é", "c"), np.array([3.0, np.nan, -4.0, 2.0**40])):
        for embedding in (0, 3):
            feature = hashed(values, 7, embedding=embedding)
            layer, way, raw = feature.layer(), feature.numeric(integers), feature.raw("c", values)
            taken = way.take(raw, layer)
            assert (taken.dtype, taken[1]) == (np.dtype(integers), 0)
            given = strings(*raw) if raw.dtype == object else raw
            np.testing.assert_array_equal(way.prepare(taken, layer), layer(given))
    assert way.entry == {
        "dtype": integers,
        "prepared": "1 + Fingerprint64 of FarmHash of the text, or of the digits, modulo hash; 0 "
        "if missing",
    }


def test_what_is_learned_of_a_hash_says_how_many_values_share_its_slots() -> None:
    values = objects(*(f"user {n}" for n in range(500)))
    assert Category(hash=100).learn("c", values) == {
        "whole": Choice(False, "the training values are not all whole numbers"),
        "embedding": Choice(21, "100 slots for 500 different values, more than 64"),
    }
    assert hashed(np.arange(9), 8).whole is True
    assert hashed(np.array([2**64, 1], dtype=object), 8).whole is False
    feature = hashed(values, 100)
    assert feature.strange(objects("new", ""))[1].tolist() == [False, False]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"whole": True}, "whole: Expected it with hash alone. Got true."),
        ({"hash": 4, "vocabulary": ["a"]}, "vocabulary: what is hashed has no vocabulary. Expected "
                                           "hash or vocabulary, not both. Got ['a']."),
        ({"hash": 4, "rare_below": 2}, "rare_below: what is hashed is not counted. Expected no "
                                       "rare_below with hash. Got 2."),
    ],
)  # fmt: skip
def test_a_hash_that_cannot_be_is_refused(given_: dict[str, Any], said: str) -> None:
    assert message(RecipeError, Category, **given_) == f"kb.Category: {said}\n1 problem."
