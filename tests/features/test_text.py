"""Text."""

from __future__ import annotations

import numpy as np
import pytest
from shared import message, reason_of, strings

from kbuilder.errors import DataError, RecipeError
from kbuilder.features.text import Text
from kbuilder.tables.profile import profile

TEXTS = np.array(["A good, GOOD day!", None, "a bad day", ""], dtype=object)


def test_words_are_lowered_stripped_and_counted() -> None:
    learned = Text().learn("t", TEXTS)
    assert set(learned["vocabulary"].value[:3]) == {"good", "day", "a"}
    assert learned["vocabulary"].value[3:] == ("bad",)
    assert learned["vocabulary"].reason == "the most frequent words of 4 training texts"


@pytest.mark.parametrize(
    ("lengths", "length", "share"), [([1] * 99 + [9], 1, "99%"), ([600] * 3, 512, "0%")]
)
def test_the_length_holds_95_in_100_texts(lengths: list[int], length: int, share: str) -> None:
    texts = np.array([" ".join(["a"] * count) for count in lengths], dtype=object)
    learned = Text().learn("t", texts)["length"]
    assert (learned.value, learned.reason) == (length, f"holds {share} of the training texts whole")


def test_padding_is_0_on_the_right_and_an_unknown_word_is_1() -> None:
    feature = Text(vocabulary=["good", "bad"], length=4)
    rows = feature.layer()(strings("BAD news, good", "", "good " * 9)).numpy()
    assert rows.tolist() == [[3, 1, 2, 0], [0, 0, 0, 0], [2, 2, 2, 2]]


def test_max_tokens_bounds_the_vocabulary_with_padding_and_the_unknown() -> None:
    assert len(Text(max_tokens=4).learn("t", TEXTS)["vocabulary"].value) == 2


def test_the_vocabulary_size_counts_padding_and_the_unknown() -> None:
    import keras

    signal = Text(vocabulary=["good", "bad"], length=4).embed(keras.Input((4,), dtype="int64"))
    assert (signal.form, signal.vocabulary_size) == ("text", 4)


def test_a_missing_text_is_an_empty_one() -> None:
    assert Text().raw("t", TEXTS)[1] == ""


@pytest.mark.parametrize("texts", [["", ""], [None, None], ["...", "!"]])
def test_texts_without_a_word_are_refused(texts: list[str | None]) -> None:
    assert message(DataError, Text().learn, "t", np.array(texts, dtype=object)) == (
        "features.t: column 't' has no word in the training rows. "
        "Leave it out with `data: {ignore: [t]}`."
    )


@pytest.mark.parametrize("vocabulary", [["a", "a"], ["a", ""], []])
def test_a_vocabulary_of_words_that_are_not_told_apart_is_refused(vocabulary: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        Text(vocabulary=vocabulary)
    [error] = caught.value.__context__.errors()
    assert error["msg"] == "Expected words that all differ, none of them empty"


def test_strings_of_several_words_are_recognised() -> None:
    texts = np.array([f"this is review {n}" for n in range(30)], dtype=object)
    assert reason_of(Text, profile(texts)) == "4 words in the mean, 30 different texts"
    assert Text.recognise(profile(np.array(["a", "b"], dtype=object))) is None


def test_words_of_any_script_lose_capitals_and_punctuation() -> None:
    from kbuilder.layers.plain_words import plain_words

    texts = ["ÜBER “Gut”, film's — don't!", "¿Qué? 5$ 😀"]
    plain = [text.decode().split() for text in plain_words(texts).numpy()]
    assert plain == [["über", "gut", "films", "dont"], ["qué", "5", "😀"]]
