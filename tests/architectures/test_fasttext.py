"""Words and their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kbuilder as kb
from kbuilder.contracts import Signal

TEXTS = st.lists(st.lists(st.integers(1, 200_000), max_size=6), min_size=1, max_size=4)


def padded(texts: list[list[int]], time: int) -> np.ndarray:
    return np.array([[*text, *[0] * (time - len(text))] for text in texts], np.int64)


@settings(max_examples=30, deadline=None)
@given(texts=TEXTS, n=st.integers(2, 5), buckets=st.sampled_from([1, 7, 65_536]))
def test_groups_have_the_numbers_of_python(texts: list[list[int]], n: int, buckets: int) -> None:
    from kbuilder.layers.hashed_ngrams import FACTOR, HashedNGrams

    wanted = []
    for text in texts:
        row = []
        for size in range(2, n + 1):
            for at in range(6):
                group = text[at : at + size]
                number = group[0] % buckets if group else 0
                for word in group[1:]:
                    number = (number * FACTOR + word % buckets) % buckets
                row.append(number + 1 if len(group) == size else 0)
        wanted.append(row)
    found = np.asarray(HashedNGrams(n, buckets)(padded(texts, 6)))
    np.testing.assert_array_equal(found, wanted)


def network(time: int, **fields: Any) -> Any:
    """The same weights for texts of any length."""
    import keras

    keras.utils.set_random_seed(1)
    words = keras.Input((time,), dtype="int64")
    architecture = kb.FastText(embedding=3, ngram_embedding=2, buckets=50, **fields)
    return keras.Model(words, architecture.apply(Signal("text", words, vocabulary_size=20)))


def test_padding_changes_nothing() -> None:
    texts = [[3, 4, 5], [], [7], [3, 4, 5, 6]]
    answers = [network(time).predict(padded(texts, time), verbose=0) for time in (4, 5, 9)]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-6)
    assert not answers[0][1].any()


@pytest.mark.parametrize(("ngrams", "alike"), [(1, True), (2, False)])
def test_the_order_of_words_counts_by_their_groups(ngrams: int, alike: bool) -> None:
    good, bad = network(3, ngrams=ngrams).predict(np.array([[3, 4, 5], [4, 3, 5]]), verbose=0)
    assert good.shape == (3 if ngrams == 1 else 5,)
    assert np.allclose(good, bad, atol=1e-7) is alike


@pytest.mark.parametrize(("rows", "chosen"), [
    (0, {}), (1000, {}), (999, {"embedding": 16, "ngrams": 1, "dropout": 0.8}),
])  # fmt: skip
def test_few_rows_have_a_small_network_but_for_what_is_written(
    rows: int, chosen: dict[str, Any]
) -> None:
    signal = Signal("text", None, vocabulary_size=20, rows=rows)
    found = kb.FastText().decide(signal)
    assert {name: one.value for name, one in found.items()} == chosen
    written = kb.FastText(embedding=5, dropout=0.0).decide(signal)
    assert set(written) == set(chosen) - {"embedding", "dropout"}
