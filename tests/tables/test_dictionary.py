"""A column that remembers its different words is the same as one that does not."""

import pickle
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbuilder.tables import dictionary, dictionary_array
from kbuilder.tables.dictionary import codes_of, counted, different, each
from kbuilder.tables.dictionary_array import ArrowWords, DictionaryArray
from kbuilder.tables.profile import profile
from kbuilder.tables.table import Table
from kbuilder.tables.values import kind_of, missing, types

WORDS = ["b", "a", "c d", "e"]
COLUMNS = st.lists(st.sampled_from([None, *WORDS]), min_size=1, max_size=30)


HELD = {"arrow": False}
"""Whether words are held as Arrow's, as many are."""


@pytest.fixture(scope="module", params=["objects", "arrow"], autouse=True)
def held(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each rule is that of columns of few words, and of many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary_array, "MANY", -1)
        patch.setattr(dictionary, "AT_ONCE", 3)
        if request.param == "arrow":
            patch.setattr(dictionary, "MANY", 2)
        HELD["arrow"] = request.param == "arrow"
        yield


def of(codes: list[int], words: list[str]) -> DictionaryArray:
    known = pa.array(words, pa.large_string()) if HELD["arrow"] else words
    values = DictionaryArray.of(np.array(codes), known)
    assert isinstance(values._words, ArrowWords) == HELD["arrow"]
    return values


def column(words: list[str | None]) -> DictionaryArray:
    return of([-1 if word is None else WORDS.index(word) for word in words], WORDS)


def plain(words: list[str | None]) -> np.ndarray:
    values = np.empty(len(words), dtype=object)
    values[:] = words
    return values


@given(COLUMNS, st.data())
def test_whatever_is_asked_of_it_the_answer_is_that_of_the_plain_column(words, data) -> None:
    rows = data.draw(st.lists(st.integers(0, len(words) - 1), min_size=1, max_size=40))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words))))
    for chosen in (slice(None), slice(1, None, 2), np.array(rows), mask):
        ours, theirs = column(words)[chosen], plain(words)[chosen]
        assert codes_of(ours) is not None
        assert ours.tolist() == theirs.tolist() == list(ours)
        assert missing(ours).tolist() == missing(theirs).tolist()
        assert types(ours) == types(theirs)
        if len(theirs):
            assert kind_of(ours) == kind_of(theirs)
            assert profile(ours) == profile(theirs)
        there = [word for word in theirs.tolist() if word is not None]
        counts = counted(ours)
        assert list(counts.items()) == list(Counter(there).items())
        assert list(counts) == list(Counter(there))
        assert (len(counts), counts.total()) == (len(set(there)), len(there))
        assert Counter(counts) == Counter(there)
        sizes = each(ours, lambda some: [len(str(word)) for word in some])
        assert sizes.tolist() == [len(str(word)) for word in theirs]
        tables = [Table({"x": values}, "rows") for values in (ours, theirs)]
        assert tables[0].fingerprint() == tables[1].fingerprint()


@pytest.mark.parametrize("sparse", [0, 10**6])
@given(words=COLUMNS)
def test_different_values_come_in_the_order_of_the_rows(sparse, words) -> None:
    """Whether the rows are sorted, or the words are counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dictionary, "SPARSE", sparse)
        rows, places = different(column(words))
    assert [words[row] for row in rows] == list(dict.fromkeys(words))
    assert [words[rows[place]] for place in places] == words
    assert sorted(rows) == list(rows)


@given(COLUMNS)
def test_the_words_that_come_are_those_of_the_rows(words) -> None:
    places, come = column(words).compact()
    come = come.to_pylist() if HELD["arrow"] else come.tolist()
    assert sorted(come, key=WORDS.index) == come
    assert set(come) == set(words) - {None}
    assert [None if place < 0 else come[place] for place in places] == words


def test_a_function_is_called_with_each_word_once() -> None:
    seen = []
    each(column(["b", "a", "b", None, "b"]), lambda some: seen.extend(some) or some)
    assert seen == ["b", "a", None]


def test_it_cannot_be_written_to() -> None:
    values = column(["b", "a"])
    with pytest.raises(TypeError, match="item assignment"):
        values[0] = "x"
    with pytest.raises(TypeError, match="item assignment"):
        values[np.array([0])][0] = "x"
    own = values.copy()
    own[0] = "x"  # a copy is a plain column
    assert codes_of(own) is None
    assert values[0] == "b"


def test_what_numpy_makes_of_it_is_a_plain_array() -> None:
    values = column(["b", "a", None])
    assert type(values == "b") is np.ndarray
    assert (values == "b").tolist() == [True, False, False]
    assert codes_of(np.concatenate([values, values])) is None
    assert codes_of(np.where([True, False, True], "", values)) is None


def test_whatever_takes_an_array_takes_it() -> None:
    import pandas as pd

    words = ["b", None, "a", "b"]
    ours, theirs = column(words), plain(words)
    assert np.asarray(ours).tolist() == np.array([*ours]).tolist() == words
    assert (ours == "b").tolist() == (theirs == "b").tolist() == [True, False, False, True]
    assert np.concatenate([ours, theirs]).tolist() == [*words, *words]
    assert np.array_equal(ours, theirs)
    assert pd.Series(ours).equals(pd.Series(theirs))
    assert pd.DataFrame({"x": ours}).equals(pd.DataFrame({"x": theirs}))
    assert pa.array(ours).to_pylist() == words
    assert ours.astype(str).tolist() == theirs.astype(str).tolist()
    assert (len(ours), ours.shape, ours.size, ours.dtype) == (4, (4,), 4, theirs.dtype)
    assert ours[:, None].shape == theirs[:, None].shape
    assert ours[2] == "a"
    assert ours[1] is None
    assert pickle.loads(pickle.dumps(ours)).tolist() == words  # our own


@pytest.mark.parametrize("size", [126, 127, 128, 129, 32766, 32767, 32768, 32769])
def test_a_code_takes_as_few_bytes_as_tell_the_words(size: int) -> None:
    known = [f"w{number}" for number in range(size)]
    values = of([-1, size - 1, 0, *range(size)], known)
    assert codes_of(values).itemsize == (1 if size <= 127 else 2 if size <= 32767 else 4)
    assert values.tolist() == [None, known[-1], known[0], *known]
    rows, places = different(values)
    assert values[rows][places].tolist() == values.tolist()
    assert list(counted(values).items())[:2] == [(known[-1], 2), (known[0], 2)]
