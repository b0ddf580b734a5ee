"""Words of a text, and pairs of neighbours, counted and weighed by TF-IDF."""

from __future__ import annotations

from typing import Any

import numpy as np

FIRST_WORD = 2
"""The number of the first known word; 0 is padding, 1 any unknown word."""
SEEN = 2
"""Training texts that have a pair, at least; a pair of one text says nothing of others."""


class NGrams:
    """TF-IDF of the words of texts and of their pairs, of rows that are prepared.

    Args:
        tokens: The numbers of the words of the training texts, 0 behind the last. (rows, time)

    Source: Salton and Buckley 1988, doi:10.1016/0306-4573(88)90021-0.
    """

    def __init__(self, tokens: np.ndarray) -> None:
        from sklearn.feature_extraction.text import TfidfTransformer

        rows, keys = _ngrams(tokens)
        both = np.unique(np.stack([keys, rows]), axis=1)  # each once a text
        known, texts = np.unique(both[0], return_counts=True)
        self.known = known[(texts >= SEEN) | (known < 2**32)]
        self.weights: Any = TfidfTransformer(sublinear_tf=True).fit(self._counts(tokens))

    def __call__(self, tokens: np.ndarray) -> Any:
        """A sparse matrix, (rows, words and pairs) float32; the length of each row is 1, or 0."""
        return self.weights.transform(self._counts(tokens)).astype(np.float32)

    def _counts(self, tokens: np.ndarray) -> Any:
        from scipy import sparse

        rows, keys = _ngrams(tokens)
        places = np.searchsorted(self.known, keys)
        places[places == len(self.known)] = 0
        there = self.known[places] == keys if len(self.known) else np.zeros(len(keys), bool)
        shape = (len(tokens), max(1, len(self.known)))
        ones = np.ones(int(there.sum()), np.float32)
        return sparse.csr_matrix((ones, (rows[there], places[there])), shape)


def _ngrams(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row, and the number, of each word and each pair of two known words."""
    tokens = np.asarray(tokens, np.int64)
    known = tokens >= FIRST_WORD
    rows, places = np.nonzero(known)
    firsts, nexts = np.nonzero(known[:, :-1] & known[:, 1:])
    pairs = tokens[firsts, nexts] << 32 | tokens[firsts, nexts + 1]
    return np.concatenate([rows, firsts]), np.concatenate([tokens[rows, places], pairs])
