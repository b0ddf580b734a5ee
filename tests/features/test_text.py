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


WORDS = {
    "ÜBER “Gut”, film's — don’t!": ["über", "gut", "film's", "don't"],
    "¿Qué? 5$ 😀": ["qué", "5", "😀"],
    "him,but and/or well-known (3.5)": ["him", "but", "and", "or", "well", "known", "3", "5"],
    "great<br />film<!-- x -->": ["great", "film"],
    "a < b and c > d": ["a", "b", "and", "c", "d"],
    "'rock'n'roll'": ["rock'n'roll"],
    "这部电影很好。": list("这部电影很好"),
    "とてもコーヒー": list("とてもコーヒー"),
    "ดีครับ": ["ดี", "ค", "รั", "บ"],
    "한국어는 띄어 쓴다,그래서": ["한국어는", "띄어", "쓴다", "그래서"],
}


@pytest.mark.parametrize("text", WORDS)
def test_a_text_of_any_script_becomes_words(text: str) -> None:
    from kbuilder.layers.plain_words import plain_words

    assert plain_words([text]).numpy()[0].decode().split() == WORDS[text]


def test_of_a_script_without_blanks_each_character_is_a_word_and_that_is_said() -> None:
    texts = np.array([f"这部电影很{'好' if n % 2 else '差'}{n}" for n in range(40)], dtype=object)
    assert profile(texts).reads_as_text
    reason = Text().learn("x", texts)["vocabulary"].reason
    assert reason == (
        "the most frequent characters, since there are no blanks between words, of 40 training "
        "texts"
    )


def test_short_texts_are_texts_where_words_repeat() -> None:
    ways, places = (
        ["cheap", "buy", "near", "best", "old", "new"],
        ["flights", "shoes", "cats", "tea"],
    )
    queries = [f"{a} {b} {c}" for a in ways for b in places for c in ("", "now")]
    assert reason_of(Text, profile(np.array(queries, dtype=object)))
    codes = np.array([f"A{n} {n * 7919}" for n in range(60)], dtype=object)
    assert Text.recognise(profile(codes)) is None
