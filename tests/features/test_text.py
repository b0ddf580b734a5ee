"""Text."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from shared import message, reason_of, strings

from kbuilder import room
from kbuilder.contracts import Choice
from kbuilder.errors import DataError, RecipeError
from kbuilder.features import text
from kbuilder.features._tally import Tally
from kbuilder.features.text import Text
from kbuilder.tables.dictionary_array import DictionaryArray
from kbuilder.tables.profile import profile

TEXTS = np.array(["A good, GOOD day!", None, "a bad day", ""], dtype=object)


def test_words_are_lowered_stripped_and_counted() -> None:
    learned = Text().learn("t", TEXTS)
    assert set(learned["vocabulary"].value[:3]) == {"good", "day", "a"}
    assert learned["vocabulary"].value[3:] == ("bad",)
    assert learned["vocabulary"].reason == "the most frequent words of 4 training texts"


@pytest.mark.parametrize(
    ("lengths", "length", "share"),
    [
        ([1] * 99 + [9], 1, "99%"),
        (
            [600] * 3, 512,
            "0%; of the others only the beginning is read. "
            "`features: {t: {kind: text, output_mode: tf_idf, ngrams: 2}}` counts all their words",
        ),
    ],
)  # fmt: skip
def test_the_length_holds_95_in_100_texts(lengths: list[int], length: int, share: str) -> None:
    texts = np.array([" ".join(["a"] * count) for count in lengths], dtype=object)
    learned = Text().learn("t", texts)["length"]
    share, _, rest = share.partition(";")
    assert learned.value == length
    assert learned.reason == f"holds {share} of the training texts whole{rest and ';' + rest}"


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
    "love😍😍it 👍🏽ok ❤\ufe0f": ["love", "😍", "😍", "it", "👍🏽", "ok", "❤"],
    "Tom &amp; Jerry&nbsp;don&#39;t": ["tom", "jerry", "don't"],
    "&lt;br /&gt;caf&eacute; &amp;lt;b&amp;gt;R&D;": ["cafe", "r", "d"],
    "co\u00adop c\u200bd\u0085e\u2028f \u200eg\u200f": ["coop", "c", "d", "e", "f", "g"],
    "\ufeffÀ L'ÉTÉ\r\nİstanbul": ["à", "l'été", "istanbul"],
}


@pytest.mark.parametrize("text", WORDS)
def test_a_text_of_any_script_becomes_words(text: str) -> None:
    import tensorflow as tf

    from kbuilder.layers.plain_words import plain_words

    [found] = tf.strings.split(plain_words([text])).to_list()
    assert [word.decode() for word in found] == WORDS[text]


def test_a_letter_and_its_accents_are_one_character_however_they_are_written() -> None:
    import tensorflow as tf

    from kbuilder.layers.plain_words import composed, plain_words

    texts = ["été ệ ǖ", "", "영화가 좋다", "がぎパ", "\u0301x", "й ΰ"]
    apart = [unicodedata.normalize("NFD", text) for text in texts]
    for made in (composed, tf.function(composed)):
        assert [text.decode() for text in made(strings(*apart)).numpy()] == texts
    plain = plain_words(strings(*texts)).numpy().tolist()
    assert plain_words(strings(*apart)).numpy().tolist() == plain


def test_of_a_script_without_blanks_each_character_is_a_word_and_that_is_said() -> None:
    texts = np.array([f"这部电影很{'好' if n % 2 else '差'}{n}" for n in range(40)], dtype=object)
    assert profile(texts).reads_as_text
    reason = Text().learn("x", texts)["vocabulary"].reason
    assert reason == (
        "the most frequent characters, since there are no blanks between words, of 40 training "
        "texts"
    )


def test_each_emoji_is_a_word_where_there_are_no_blanks() -> None:
    texts = ["".join("🙂🎉🔥🍕🐶🌧🚗"[n // 7**k % 7] for k in range(4)) for n in range(60)]
    assert profile(np.array(texts, dtype=object)).reads_as_text


def test_short_texts_are_texts_where_words_repeat() -> None:
    ways, places = (
        ["cheap", "buy", "near", "best", "old", "new"],
        ["flights", "shoes", "cats", "tea"],
    )
    queries = [f"{a} {b} {c}" for a in ways for b in places for c in ("", "now")]
    assert reason_of(Text, profile(np.array(queries, dtype=object)))
    codes = np.array([f"A{n} {n * 7919}" for n in range(60)], dtype=object)
    assert Text.recognise(profile(codes)) is None


def counted(**fields: object) -> dict[str, Choice]:
    return Text(**fields).learn("t", TEXTS)


@pytest.mark.parametrize("mode", ["count", "tf_idf", "multi_hot"])
def test_counts_are_those_of_keras_without_the_unknown(mode: str) -> None:
    import keras

    from kbuilder.layers.plain_words import plain_words

    found = counted(output_mode=mode, ngrams=2, max_tokens=7)
    feature = Text(output_mode=mode, ngrams=2, **{k: c.value for k, c in found.items()})
    texts = strings(*("" if text is None else text for text in TEXTS), "a good unheard")
    keras_own = keras.layers.TextVectorization(
        7, standardize=plain_words, ngrams=2, output_mode=mode
    )
    keras_own.adapt(texts[:4])
    assert list(found["vocabulary"].value) == keras_own.get_vocabulary()[1:]
    rows = feature.layer()(texts)
    assert (rows.dtype, rows.shape) == ("float32", (5, 6))
    np.testing.assert_allclose(rows, np.asarray(keras_own(texts))[:, 1:], rtol=1e-6)
    assert (feature.form, feature.width) == ("vector", 6)


def test_what_is_counted_is_said() -> None:
    of = " of 4 training texts"
    assert counted(output_mode="count", ngrams=2)["vocabulary"].reason == (
        "the most frequent words and groups of up to 2 of them" + of
    )
    found = counted(output_mode="tf_idf", subwords=(3, 5))
    assert found["vocabulary"].reason == (
        "the most frequent words and groups of 3 to 5 characters in them" + of
    )
    assert found["idf_weights"].reason == (
        "log(1 + n / (1 + m)), where m of n = 4 training texts have the word"
    )


def test_a_written_vocabulary_gets_its_weights_from_the_training_rows() -> None:
    found = counted(output_mode="tf_idf", vocabulary=["good", "unheard"])
    assert found["idf_weights"].value == pytest.approx(np.log([1 + 4 / 2, 1 + 4 / 1]))


def test_words_are_split_into_the_n_grams_of_their_characters() -> None:
    from kbuilder.layers.subwords import Subwords

    [row, empty] = Subwords(3, 4)(strings("where 못 영화를", "")).to_list()
    assert [token.decode() for token in row] == [
        "<where>", "<wh", "whe", "her", "ere", "re>", "<whe", "wher", "here", "ere>", "<못>",
        "<영화를>", "<영화", "영화를", "화를>", "<영화를", "영화를>",
    ]  # fmt: skip
    assert empty == []
    assert Subwords(4, 4)(strings("못")).to_list() == [["<못>".encode()]]


def test_forms_of_a_korean_word_share_their_beginning() -> None:
    texts = np.array(["영화를 봤다", "영화가 좋다"], dtype=object)
    feature = Text(output_mode="multi_hot", subwords=[2, 3])
    found = feature.learn("t", texts)
    feature = feature.model_copy(update={k: c.value for k, c in found.items()})
    row = np.asarray(feature.layer()(strings("영화는")))[0]
    known = {w for w, there in zip(feature.vocabulary or (), row, strict=True) if there}
    assert known == {"<영", "영화", "<영화"}
    [there, strange] = feature.strange(np.array(["영화는", "", "xyz"], dtype=object))
    assert (there.tolist(), strange.tolist()) == ([True, False, True], [False, False, True])


WRONG = {
    "ngrams": (
        {"ngrams": 2},
        "groups of words overlap, so they are no sequence. Expected `output_mode: tf_idf`, count "
        "or multi_hot beside them",
    ),
    "length": (
        {"output_mode": "count", "length": 3},
        "with count all words of a text are counted. Expected `output_mode: int` beside it, or "
        "none",
    ),
    "subwords": ({"subwords": [4, 3]}, "Expected the least length before the greatest"),
    "long subwords": ({"subwords": [3, 21]}, "Expected lengths of at most 20"),
    "both": (
        {"output_mode": "count", "ngrams": 2, "subwords": [3, 4]},
        "words are split, or grouped. Expected one of ngrams and subwords",
    ),
    "weights": (
        {"idf_weights": [1.0], "vocabulary": ["a"]},
        "Expected `output_mode: tf_idf` beside them",
    ),
    "too few weights": (
        {"output_mode": "tf_idf", "idf_weights": [1.0], "vocabulary": ["a", "b"]},
        "Expected a vocabulary, and a weight for each word of it",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_fields_that_do_not_go_together_are_refused(name: str) -> None:
    fields, said = WRONG[name]
    with pytest.raises(RecipeError) as caught:
        Text(**fields)
    [error] = caught.value.__context__.errors()
    assert error["msg"] == said


def test_vectors_without_room_are_refused_with_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: 180)
    assert message(DataError, counted, output_mode="count") == (
        "features.t: column 't': 4 training texts as vectors of 4 numbers take 0.0 GiB of memory, "
        "and 0.0 GiB are left. Expected fewer words: "
        "`features: {t: {kind: text, output_mode: count, max_tokens: 3}}`."
    )


def test_a_tally_is_merged_and_bounded() -> None:
    batches = [[[b"a", b"b", b"a"], []], [[b"b"], [b"a", b"c"]]]
    whole, first, second = Tally(), Tally(), Tally()
    for tally, batch in zip((first, second), batches, strict=True):
        tally.add(batch)
        whole.add(batch)
    first.merge(second)
    assert (first.counts, first.texts, first.lengths) == (
        whole.counts, whole.texts, whole.lengths,
    )  # fmt: skip
    assert first.frequent(2) == ("a", "b")
    assert first.idf_weights(["a", "z"]) == pytest.approx(np.log([1 + 4 / 3, 1 + 4 / 1]))
    small = Tally(most=4)
    for n in range(50):
        small.add([[b"often", b"too", b"%d" % n]])
        assert len(small.counts) <= 4
        assert small.counts.keys() == small.texts.keys()
    assert (small.frequent(2), small.counts[b"often"]) == (("too", "often"), 50)


def test_texts_are_learned_of_a_few_at_a_time_and_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Text().learn("t", TEXTS)
    monkeypatch.setattr(text, "AT_ONCE", 3)
    assert Text().learn("t", TEXTS) == whole
    with pytest.raises(DataError, match="of type bytes") as raised:
        Text().learn("t", np.array([*TEXTS, b"no"], dtype=object))
    assert raised.value.row == 4


def test_words_that_a_column_knows_are_texts_as_any_others() -> None:
    known = DictionaryArray.of(np.array([1, -1, 0, 1]), ["one", "two words"])
    texts = Text().raw("t", known)
    assert texts.dtype == object
    assert texts.tolist() == ["two words", "", "one", "two words"]
    assert known.tolist() == ["two words", None, "one", "two words"]
