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
        known, places = np.unique(keys, return_inverse=True)
        counts = _matrix(rows, places, (len(tokens), max(1, len(known))))
        kept = np.flatnonzero((counts.getnnz(axis=0)[: len(known)] >= SEEN) | (known < 2**32))
        self.known = known[kept]
        found = counts[:, kept] if len(kept) else counts
        self.weights: Any = TfidfTransformer(sublinear_tf=True).fit(found)

    def __call__(self, tokens: np.ndarray) -> Any:
        """A sparse matrix, (rows, words and pairs) float32; the length of each row is 1, or 0."""
        return self.weights.transform(self._counts(tokens)).astype(np.float32)

    def _counts(self, tokens: np.ndarray) -> Any:
        rows, keys = _ngrams(tokens)
        places = np.searchsorted(self.known, keys)
        places[places == len(self.known)] = 0
        there = self.known[places] == keys if len(self.known) else np.zeros(len(keys), bool)
        return _matrix(rows[there], places[there], (len(tokens), max(1, len(self.known))))


def _matrix(rows: np.ndarray, places: np.ndarray, shape: tuple[int, int]) -> Any:
    """How often each place comes in each row, as a sparse matrix."""
    from scipy import sparse

    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, places)), shape)


def _ngrams(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row, and the number, of each word and each pair of two known words."""
    tokens = np.asarray(tokens, np.int64)
    known = tokens >= FIRST_WORD
    rows, places = np.nonzero(known)
    firsts, nexts = np.nonzero(known[:, :-1] & known[:, 1:])
    pairs = tokens[firsts, nexts] << 32 | tokens[firsts, nexts + 1]
    return np.concatenate([rows, firsts]), np.concatenate([tokens[rows, places], pairs])
