"""How often words come, counted batch by batch."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from kbuilder.late import np

MOST = 2_000_000
"""Different words that are counted at a time: some 200 MB."""


class Tally:
    """How often each word comes, and in how many texts.

    It can be merged with the tally of other texts. Beyond `most` different words the rarest are
    forgotten, so that the memory is bounded; the frequent ones, of which a vocabulary is made, keep
    their counts (after Manku and Motwani 2002, VLDB, "Approximate Frequency Counts over Data
    Streams").

    Args:
        most: Different words that are kept; >= 2.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.counts: Counter[bytes] = Counter()
        self.texts: Counter[bytes] = Counter()
        self.lengths = array("i")  # words of each text: there may be many texts

    def add(self, texts: Iterable[Sequence[bytes]]) -> None:
        """Count the words of some texts."""
        texts = list(texts)
        self.counts.update(chain.from_iterable(texts))
        self.texts.update(chain.from_iterable(map(set, texts)))
        self.lengths.extend(map(len, texts))
        self._forget()

    def merge(self, other: Tally) -> None:
        """Count what another tally has counted, too."""
        self.counts.update(other.counts)
        self.texts.update(other.texts)
        self.lengths += other.lengths
        self._forget()

    def frequent(self, most: int) -> tuple[str, ...]:
        """The most frequent words, as Keras sorts them: of equal ones the last in order first."""
        found = sorted(self.counts, key=lambda word: (self.counts[word], word), reverse=True)
        return tuple(word.decode() for word in found[:most])

    def idf_weights(self, words: Sequence[str]) -> tuple[float, ...]:
        """The inverse document frequency of words, as Keras has it: log(1 + n / (1 + texts))."""
        among = np.array([self.texts[word.encode()] for word in words], np.float64)
        return tuple(np.log(1 + len(self.lengths) / (1 + among)).tolist())

    def _forget(self) -> None:
        """Keep the more frequent half of too many words."""
        if len(self.counts) > self.most:
            self.counts = Counter(dict(self.counts.most_common(self.most // 2)))
            self.texts = Counter({word: self.texts[word] for word in self.counts})
